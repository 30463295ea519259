/** Browsers on machines of their own (machines.mjs), and walls between these. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { until } from './wait.mjs';

const SOON_MS = 90_000;

/** @param {import('./machines.mjs').Machine} machine @param {...string} words */
const run = (machine, ...words) => {
    const [program, ...rest] = machine.command(...words);
    execFileSync(program, rest);
};

/** Rules of a machine's own. @param {import('./machines.mjs').Machine} machine @param {string} rules */
export function nft(machine, rules) {
    const [program, ...words] = machine.command('nft', '-f', '-');
    execFileSync(program, words, { input: rules });
}

/** Without it, a browser there gathers no candidates. @param {import('./machines.mjs').Machine} machine */
export const addRoute = (machine) => run(machine, 'ip', 'route', 'add', 'default', 'dev', 'eth0');

/** A tab of a Chromium on that machine. @param {import('./machines.mjs').Machine} machine @param {string} origin that counts as secure */
export async function openChromium(machine, origin) {
    const profile = fs.mkdtempSync(path.join(machine.folder, 'chromium-'));
    machine.spawn([process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium', '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run',
        `--unsafely-treat-insecure-origin-as-secure=${origin}`, '--disable-background-networking', ...process.getuid() === 0 ? ['--no-sandbox'] : [], 'about:blank'],
    { stdio: 'ignore', env: { ...process.env, HOME: machine.folder, TMPDIR: machine.folder, XDG_CONFIG_HOME: machine.folder, XDG_CACHE_HOME: machine.folder } });
    const port = await until(() => Number(fs.readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]), { what: 'the browser', timeout: SOON_MS });
    const browser = await chromium.connectOverCDP((await machine.door(port)).url), [context] = browser.contexts();
    return { tab: await context.newPage(), close: () => browser.close() };
}

/** @param {any} tab of a page */
export const isConnected = (tab) => until(() => tab.evaluate("document.documentElement.dataset.state === 'connected'"), { what: 'the page to connect', timeout: SOON_MS });
