/** A Chromium on a machine of a room, with a profile of its own and its own settings of WebRTC. It is driven from here. */
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { clear, guard } from './cleanup.mjs';
import { until } from './wait.mjs';

const PROGRAM = process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium';
const SOON_MS = 90_000;

/** That it takes these origins of plain http for secure. @param {...string} origins */
export const takeForSecure = (...origins) => `--unsafely-treat-insecure-origin-as-secure=${origins.join()}`;

/** @param {import('./machines.mjs').Machine} machine @param {...string} flags more of Chromium's own */
export async function openChromium(machine, ...flags) {
    const profile = guard(fs.mkdtempSync(path.join(machine.folder, 'chromium-')));
    const child = machine.spawn([PROGRAM, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run',
        ...flags, '--disable-background-networking', ...process.getuid() === 0 ? ['--no-sandbox'] : [], 'about:blank'],
    { stdio: 'ignore', env: { ...process.env, HOME: profile, TMPDIR: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile } });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const port = await until(() => Number(fs.readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]), { what: 'the browser', timeout: SOON_MS });
    const door = await machine.door(port), browser = await chromium.connectOverCDP(door.url), [context] = browser.contexts();
    return {
        tab: await context.newPage(),
        /** It has nothing of its time after this. */
        async close() {
            await browser.close(); // which leaves the program as it is
            child.kill('SIGKILL');
            await ended;
            door.close();
            clear(profile);
        },
    };
}
