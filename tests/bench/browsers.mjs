/** What the bench compares with: plain WebDriver and Playwright; its pages are in served.mjs. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { clear, guard } from '../lib/cleanup.mjs';
import { request } from '../lib/http.mjs';
import { findProgram } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';

export const browserPath = findProgram('chromium', 'google-chrome', 'chrome');
export const driverPath = findProgram('chromedriver');

/**
 * The flags that the daemon's own browser runs with, so that every browser of the bench is the
 * same: only the places of its files are left out.
 */
export function flagsOf(daemon) {
    const [browser] = daemon.processes('browser');
    if (!browser) throw new Error('the daemon has no browser');
    // Chromium writes its title over its arguments, as one text.
    return browser.command.join(' ').split(' ').filter((word) => word.startsWith('--') &&
        !/^--(user-data-dir|remote-debugging|log-file|crash-dumps-dir|disk-cache-dir)/.test(word));
}

/** chromedriver alone: what a WebDriver user has. Everything it makes lies in `folder`. */
export class PlainDriver {
    async start(flags) {
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
        const began = performance.now();
        this.child = spawn(driverPath, ['--port=0'], {
            env: { PATH: process.env.PATH, HOME: this.folder, TMPDIR: this.folder },
            stdio: ['ignore', 'pipe', 'ignore'],
        });
        let said = '';
        this.child.stdout.on('data', (text) => (said += text));
        const port = await until(() => said.match(/started successfully on port (\d+)/)?.[1],
            { what: 'chromedriver to start', every: 1 });
        this.url = `http://127.0.0.1:${port}`;
        const made = await this.#verb('POST', '/session', { capabilities: { alwaysMatch: {
            browserName: 'chrome', 'goog:chromeOptions': { binary: browserPath,
                args: [...flags, `--user-data-dir=${this.folder}/profile`] } } } });
        this.session = `/session/${made.sessionId}`;
        this.sessionMs = performance.now() - began;
        return this;
    }

    async #verb(method, where, body) {
        const answer = await request(this.url + where, { method, body });
        const { value } = answer.json;
        if (answer.status !== 200) throw new Error(`${where}: ${value.error}: ${value.message}`);
        return value;
    }

    navigate(url) { return this.#verb('POST', `${this.session}/url`, { url }); }

    executeAsync(script, ...args) {
        return this.#verb('POST', `${this.session}/execute/async`, { script, args });
    }

    async stop() {
        await this.#verb('DELETE', this.session).catch(() => {});
        this.child.kill();
        await until(() => !processes.mentioning(this.folder).length,
            { what: 'chromedriver and its browser to end', timeout: 10_000 }).catch(() => {});
        clear(this.folder);
    }
}

/** A Playwright browser with the daemon's flags. */
export function playwright(flags) {
    return chromium.launch({ executablePath: browserPath, args: flags, ignoreDefaultArgs: [
        '--disable-gpu', '--headless'], headless: false });
}
