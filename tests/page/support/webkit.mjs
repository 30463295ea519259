/** WebKitGTK's MiniBrowser for the page's tests, on an X server of its own, driven over WebDriver. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { clear } from '../../lib/cleanup.mjs';
import { PATIENCE_MS, pollTab } from './tabs.mjs';

const DRIVER = '/usr/bin/WebKitWebDriver';
const BROWSERS = ['4.1', '4.0', '6.0'].map((api) => `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/webkit2gtk-${api}/MiniBrowser`);

/** The MiniBrowser to test with, or null. */
export function findWebkit() {
    const all = process.env.WEBINFER_WEBKIT ? [process.env.WEBINFER_WEBKIT] : BROWSERS;
    const needed = [DRIVER, '/usr/bin/Xvfb'].every((file) => fs.existsSync(file));
    return needed ? all.find((file) => fs.existsSync(file)) ?? null : null;
}

/** @param {string} program the MiniBrowser */
export async function launchWebkit(program) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-webkit-'));
    const screen = await startScreen();
    const { driver, url } = await startDriver({
        ...process.env, HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home,
        XDG_DATA_HOME: home, JSC_useSharedArrayBuffer: 'true', // off by default, though isolated
        XDG_RUNTIME_DIR: home, DISPLAY: screen.display, GDK_BACKEND: 'x11',
    });
    const { sessionId } = await command(url, 'POST', '/session', { capabilities: { alwaysMatch: {
        'webkitgtk:browserOptions': { binary: program, args: ['--automation'] } } } });
    const session = `/session/${sessionId}`;
    const tab = pollTab({
        goto: (to) => command(url, 'POST', `${session}/url`, { url: to }),
        evaluate: (expression) => command(url, 'POST', `${session}/execute/sync`,
            { script: `return (${expression});`, args: [] }),
    });
    return {
        // The one window of a session, from a fresh start each time.
        openTab: async () => ({ tab, close: () => tab.goto('about:blank') }),
        async close() {
            await command(url, 'DELETE', session).catch(() => {});
            driver.kill();
            screen.stop();
            clear(home); // with what still writes there
        },
    };
}

/** An X server on a display that it chooses. */
async function startScreen() {
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'],
        { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const display = await new Promise((resolve, reject) => {
        server.stdio[3].on('data', (text) => resolve(`:${String(text).trim()}`));
        server.on('exit', () => reject(new Error('Xvfb ended')));
    });
    return { display, stop: () => server.kill() };
}

/** A WebKitWebDriver that answers. It ends when somebody else has taken its port: then once more. */
async function startDriver(env) {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
        const port = await freePort();
        const driver = spawn(DRIVER, [`--port=${port}`], { env, stdio: 'ignore' });
        const url = `http://127.0.0.1:${port}`;
        while (driver.exitCode === null && performance.now() < end) {
            const said = await command(url, 'GET', '/status').catch(() => null);
            if (said && driver.exitCode === null) return { driver, url };
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        driver.kill();
    }
    throw new Error('WebKitWebDriver does not answer');
}

/** WebKitWebDriver does not say which port it chose, so one is chosen for it. */
async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

async function command(url, method, where, body) {
    const response = await fetch(url + where, {
        method, signal: AbortSignal.timeout(PATIENCE_MS), ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((error) => { throw new Error(`${method} ${where}: ${error.message}`, { cause: error }); });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${where}: ${value.error}: ${value.message}`);
    return value;
}
