/** Chromium for the page's tests: built page, temporary home, always closed again. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumWithWebnn } from '../../lib/browsers.mjs';
import { clear } from '../../lib/cleanup.mjs';
import { Service, TOKEN } from './service.mjs';
import { PATIENCE_MS } from './tabs.mjs';

const root = path.resolve(import.meta.dirname, '../../..');
const FLAGS = [
    '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
];

/** The folder with the built page: WEBINFER_PAGE, or built now. */
export function builtPage() {
    if (process.env.WEBINFER_PAGE) return { folder: process.env.WEBINFER_PAGE, remove() {} };
    const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-page-'));
    const folder = path.join(parent, 'page'); // the console comes beside it
    execFileSync(process.execPath, [path.join(root, 'page/build.mjs'), folder], { stdio: 'inherit' });
    return { folder, remove: () => fs.rmSync(parent, { recursive: true, force: true }) };
}

/** A Chromium that has WebNN: WEBINFER_WEBNN_CHROMIUM, or the one of the npm package. */
export function findWebnnChromium() {
    return process.env.WEBINFER_WEBNN_CHROMIUM ?? path.join(path.dirname(chromiumWithWebnn()), 'chromium');
}

/** Has the tab's pages say what their policy kept from them, as an error. @param {any} tab before it opens one */
export const noteViolations = (tab) => tab.addInitScript(() => document.addEventListener('securitypolicyviolation',
    ({ violatedDirective }) => console.error(`violation of ${violatedDirective}`)));

/** A window of tabs, each of which takes a third of the processor that one in a context of its own takes to open. The first
 * of them stays, and with it the window. @param {any} browser Playwright's */
async function openWindow(browser) {
    const context = await browser.newContext(), first = await context.newPage();
    const devtools = await context.newCDPSession(first);
    return {
        /** A tab; when it is closed, what its pages have stored goes, since another service may get their port. */
        async openTab() {
            const tab = await context.newPage(), origins = new Set();
            tab.on('framenavigated', (frame) => origins.add(new URL(frame.url()).origin));
            const clear = (origin) => devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
            return { tab, close: () => tab.close().then(() => Promise.all([...origins].filter((one) => one !== 'null').map(clear))) };
        },
    };
}

/** A tab in a context of its own. @param {any} browser Playwright's @param {object} options of the context */
async function openApart(browser, options) {
    const context = await browser.newContext(options);
    return { tab: await context.newPage(), close: () => context.close() };
}

/** A program that starts that one behind all others: it gets little of a processor that another wants. */
function behindOthers(folder, program) {
    const starter = path.join(folder, 'start');
    fs.writeFileSync(starter, `#!/bin/sh\nexec nice -n 19 '${program}' "$@"\n`, { mode: 0o755 });
    return starter;
}

/** @param {{webnn?: string, flags?: string[], isBehind?: boolean}} [options] `webnn`: the path of a Chromium to start with WebNN;
 * `flags`: more of Chromium's own; `isBehind`: others come first, by nice 19 */
export async function launch({ webnn, flags = [], isBehind = false } = {}) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-chromium-'));
    const program = webnn ?? process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium';
    const isRoot = process.getuid?.() === 0;
    const more = webnn ? ['--headless=shell', '--enable-features=WebMachineLearningNeuralNetwork'] : [];
    const browser = await chromium.launch({
        executablePath: isBehind ? behindOthers(home, program) : program,
        args: [...FLAGS, ...flags, ...more, ...(isRoot ? ['--no-sandbox'] : [])],
        ignoreDefaultArgs: ['--disable-gpu'],
        timeout: PATIENCE_MS,
        env: { ...process.env, HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    });
    let window;
    return {
        /** @param {string[]} problems gets what goes wrong in it @param {object} [options] of Playwright's context, which is its own then */
        async openTab(problems, options) {
            const { tab, close } = options ? await openApart(browser, options) : await (await (window ??= openWindow(browser))).openTab();
            tab.setDefaultTimeout(PATIENCE_MS);
            tab.on('console', (message) => {
                if (message.type() === 'error') problems.push(message.text());
            });
            tab.on('pageerror', (error) => problems.push(String(error)));
            return { tab, close };
        },
        async close() {
            await browser.close();
            clear(home);
        },
    };
}

/**
 * A service of its own and one page that has been welcomed and has probed all of its platforms.
 * @param {object} options `faults`: script text that runs first in one engine worker, the one for
 * `faulty`; `welcome`: what the service's welcome says otherwise; `fragment`: what the page's address
 * has behind the token
 */
export async function openNode(browser, page, { faults, faulty = 'webgpu', alter, welcome, fragment = '' } = {}) {
    const service = await Service.start(page, {
        welcome,
        alter: alter ?? ((name, content) => (faults && name.startsWith(`engine-${faulty}-`) ? `${faults}\n${content}` : content)),
    });
    const problems = [];
    const { tab, close } = await browser.openTab(problems);
    /** Opens the page, anew where it is open. */
    const open = async (isOpen = true) => {
        const since = service.messages.length;
        if (isOpen) await tab.goto('about:blank');
        await tab.goto(`${service.url}/#token=${TOKEN}&start${fragment}`);
        await tab.waitForSelector('html[data-state=connected]', { state: 'attached' });
        await service.seen('node_announcement', () => true, since);
        await service.probed();
    };
    // Whoever does not get the node cannot close it, and what listens would keep the file's process for ever.
    await open(false).catch((error) => service.stop().then(() => { throw error; }));
    return {
        service, tab, problems, open,
        async close() {
            await close();
            await service.stop();
        },
    };
}
