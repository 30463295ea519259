/** What the bench compares with: plain WebDriver, Playwright, and pages of its own. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { clear, guard } from '../lib/cleanup.mjs';
import { request } from '../lib/http.mjs';
import { build, findProgram, root } from '../lib/paths.mjs';
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

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/**
 * Serves tests/bench/page, the engines' files under /ort/, /litert/, /transformers/ and /llama/ (the
 * package that the page was built with), and models under /models/.
 */
export async function serve(modelFolders) {
    const packages = process.env.WEBINFER_NODE_MODULES ?? path.join(root, 'tests/node_modules');
    const ort = path.join(packages, 'onnxruntime-web/dist');
    const find = (where) => {
        const [, first, ...rest] = path.posix.normalize(where).split('/');
        if (first === 'ort') return path.join(ort, ...rest);
        if (first === 'litert') return path.join(packages, '@litertjs', ...rest);
        if (first === 'transformers') return path.join(packages, '@huggingface/transformers', ...rest);
        if (first === 'llama') return path.join(build, 'node/page/node_modules/@wllama/wllama', ...rest);
        if (first !== 'models') return path.join(root, 'tests/bench/page', first, ...rest);
        return modelFolders.map((one) => path.join(one, ...rest))
            .find((one) => fs.existsSync(one)) ?? '';
    };
    const server = http.createServer((call, answer) => {
        const file = find(new URL(call.url, 'http://x').pathname);
        const head = {
            'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
        };
        fs.readFile(file, (error, bytes) => {
            answer.writeHead(error ? 404 : 200, head);
            answer.end(bytes);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
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
