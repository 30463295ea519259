/** Browsers on machines of their own (machines.mjs), and walls between these. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { clear, guard } from './cleanup.mjs';
import { until } from './wait.mjs';

const PROGRAM = process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium';
const SOON_MS = 90_000;

/** @param {import('./machines.mjs').Machine} machine @param {...string} words @returns {string} what the command prints */
export function run(machine, ...words) {
    const [program, ...rest] = machine.command(...words);
    return execFileSync(program, rest, { encoding: 'utf8' });
}

/** Rules of a machine's own. @param {import('./machines.mjs').Machine} machine @param {string} rules */
export function nft(machine, rules) {
    const [program, ...words] = machine.command('nft', '-f', '-');
    execFileSync(program, words, { input: rules });
}

/** Without it, a browser there gathers no candidates. @param {import('./machines.mjs').Machine} machine */
export const addRoute = (machine) => run(machine, 'ip', 'route', 'add', 'default', 'dev', 'eth0');

/** A tab of a Chromium on that machine, with a profile of its own and its own settings of WebRTC. It is driven from here.
 * @param {import('./machines.mjs').Machine} machine @param {string} origin that counts as secure; several, with commas between them
 * @param {...string} flags more of Chromium's own */
export async function openChromium(machine, origin, ...flags) {
    const profile = guard(fs.mkdtempSync(path.join(machine.folder, 'chromium-')));
    const child = machine.spawn([PROGRAM, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run', ...flags,
        `--unsafely-treat-insecure-origin-as-secure=${origin}`, '--disable-background-networking', ...process.getuid() === 0 ? ['--no-sandbox'] : [], 'about:blank'],
    { stdio: 'ignore', env: { ...process.env, HOME: profile, TMPDIR: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile } });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const port = await until(() => Number(fs.readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]), { what: 'the browser', timeout: SOON_MS });
    const door = await machine.door(port), browser = await chromium.connectOverCDP(door.url), [context] = browser.contexts();
    return {
        tab: await context.newPage(),
        async close() {
            await browser.close(); // which leaves the program as it is
            child.kill('SIGKILL');
            await ended;
            door.close();
            clear(profile);
        },
    };
}

/** @param {any} tab of a page */
export const isConnected = (tab) => until(() => tab.evaluate("document.documentElement.dataset.state === 'connected'"), { what: 'the page to connect', timeout: SOON_MS });
