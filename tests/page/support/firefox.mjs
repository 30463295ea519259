/** Firefox for the page's tests, started directly and driven over WebDriver BiDi. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear } from '../../lib/cleanup.mjs';
import { Bidi, BidiTab } from './bidi.mjs';
import { pollTab } from './tabs.mjs';

/** WebGPU is off on Linux unless these say otherwise. */
const PREFERENCES = {
    'dom.webgpu.enabled': true,
    'gfx.webgpu.ignore-blocklist': true,
};

/** In each document before its own scripts. */
const NOTE = `(tell) => document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => tell(violatedDirective))`;

/** What closing it may take before it is killed. */
const CLOSE_MS = 30000;

/** The Firefox to test with, or null. */
export function findFirefox() {
    const found = process.env.WEBINFER_FIREFOX ?? '/usr/bin/firefox-esr';
    return fs.existsSync(found) ? found : null;
}

/** @param {string} program @param {Record<string, unknown>} [preferences] beside ours
 * @param {{under?: string[], reach?: (url: string) => Promise<string>}} [place] on another machine of a room: the words that run a command
 * there, and where from here its protocol is reached */
export async function launchFirefox(program, preferences = {}, { under = [], reach = async (url) => url } = {}) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-firefox-'));
    const profile = path.join(home, 'profile');
    fs.mkdirSync(profile);
    fs.writeFileSync(path.join(profile, 'user.js'), Object.entries({ ...PREFERENCES, ...preferences })
        .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    const [first, ...words] = [...under, program];
    const child = spawn(first, [...words, '--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'], {
        env: { ...process.env, HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
        stdio: ['ignore', 'ignore', 'pipe'], detached: true,
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const url = await listening(child), bidi = await Bidi.connect(await reach(url), new URL(url).host);
    return {
        /** From now on, has what a page's policy keeps from it added to `problems`. @param {string[]} problems */
        async noteViolations(problems) {
            await bidi.listen('script.message', ({ data }) => problems.push(`violation of ${data.value}`));
            await bidi.send('script.addPreloadScript', { functionDeclaration: NOTE, arguments: [{ type: 'channel', value: { channel: 'violations' } }] });
        },
        async openTab() {
            const tab = pollTab(await BidiTab.open(bidi));
            return { tab, close: () => tab.close() };
        },
        async close() {
            const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), CLOSE_MS);
            await bidi.send('browser.close', {}).catch(() => {});
            await ended;
            clearTimeout(late);
            bidi.close();
            clear(home);
        },
    };
}

/** Where it says that it listens. @returns {Promise<string>} */
function listening(child) {
    return new Promise((resolve, reject) => {
        let said = '';
        child.stderr.on('data', (text) => {
            said += text;
            const url = /WebDriver BiDi listening on (\S+)/.exec(said)?.[1];
            if (url) resolve(url);
        });
        child.on('exit', () => reject(new Error(`Firefox ended: ${said}`)));
    });
}
