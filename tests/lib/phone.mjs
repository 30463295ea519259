/**
 * A phone, as far as one can be had here: Chromium with the screen, the user agent and the touch of one. What a phone does to a
 * page can be done to it: the page is slow, is frozen, or loses its process. It is driven over Chromium's own protocol, since
 * Playwright has each page take itself for one that is looked at, and such a page is never frozen.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { clear, guard } from './cleanup.mjs';
import { until } from './wait.mjs';

const PROGRAM = process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium';
/** It asks nobody for updates. */
const QUIET = ['--no-first-run', '--no-default-browser-check', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const SCREEN = { width: 412, height: 839, deviceScaleFactor: 2.625, mobile: true };
const MODEL = { platform: 'Android', platformVersion: '14.0.0', architecture: '', model: 'Pixel 7', mobile: true };
const agentOf = (version) => `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Mobile Safari/537.36`;
/** Whether its page is connected, and as which node. */
export const CONNECTED = "document.documentElement.dataset.state === 'connected'", NODE = 'document.documentElement.dataset.node';
/** What a busy machine may need for anything. */
const SOON_MS = 120_000;

/** Chromium's protocol, over one connection for the browser and its page. */
class Devtools {
    #last = 0;
    #waiting = new Map();

    /** @param {string} url */
    static async connect(url) {
        const devtools = new Devtools();
        devtools.socket = new WebSocket(url, { perMessageDeflate: false });
        await once(devtools.socket, 'open');
        devtools.socket.on('message', (text) => devtools.#take(JSON.parse(String(text))));
        devtools.socket.on('error', () => {}); // it closes, then
        devtools.socket.on('close', () => devtools.#fail(new Error('the browser closed the connection')));
        return devtools;
    }

    /** What the browser, or its page in `sessionId`, answers. A page that is frozen or gone answers nothing.
     * @param {string} method @param {object} [params] @param {string} [sessionId] @returns {Promise<any>} */
    send(method, params = {}, sessionId) {
        const id = ++this.#last;
        this.socket.send(JSON.stringify({ id, method, params, sessionId }));
        return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }));
    }

    #take({ id, result, error }) {
        const asked = this.#waiting.get(id);
        if (!asked) return; // an event
        this.#waiting.delete(id);
        if (error) asked.reject(new Error(`${asked.method}: ${error.message}`));
        else asked.resolve(result);
    }

    #fail(error) {
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
    }
}

export class Phone {
    /** @param {{group?: import('./control-group.mjs').ControlGroup | null}} [options] `group`: what it runs in */
    static async start({ group } = {}) {
        const phone = new Phone();
        phone.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-phone-')));
        phone.child = spawn('/bin/sh', ['-c', `${group?.enter ?? ''}exec "$0" "$@"`, PROGRAM, '--headless=new', '--remote-debugging-port=0',
            `--user-data-dir=${phone.folder}`, ...QUIET, ...process.getuid?.() === 0 ? ['--no-sandbox'] : [], 'about:blank'],
        { stdio: 'ignore', env: { ...process.env, HOME: phone.folder, TMPDIR: phone.folder, XDG_CONFIG_HOME: phone.folder,
            XDG_CACHE_HOME: phone.folder } });
        phone.ended = once(phone.child, 'close');
        try {
            await phone.#connect();
        } catch (error) {
            await phone.close();
            throw error;
        }
        return phone;
    }

    async #connect() {
        const [port, where] = await until(() => {
            const lines = fs.readFileSync(path.join(this.folder, 'DevToolsActivePort'), 'utf8').split('\n');
            return lines[1] && lines;
        }, { what: 'the port for debugging', timeout: SOON_MS });
        this.devtools = await Devtools.connect(`ws://127.0.0.1:${port}${where}`);
        const { targetId } = await until(async () => (await this.devtools.send('Target.getTargets')).targetInfos
            .find(({ type }) => type === 'page'), { what: 'a page', timeout: SOON_MS });
        ({ sessionId: this.session } = await this.devtools.send('Target.attachToTarget', { targetId, flatten: true }));
        const { product } = await this.devtools.send('Browser.getVersion');
        await this.#page('Emulation.setDeviceMetricsOverride', SCREEN);
        await this.#page('Emulation.setTouchEmulationEnabled', { enabled: true });
        await this.#page('Emulation.setUserAgentOverride', { userAgent: agentOf(product.split('/')[1]), userAgentMetadata: MODEL });
    }

    /** @param {string} method @param {object} [params] */
    #page(method, params) {
        return this.devtools.send(method, params, this.session);
    }

    /** @param {string} url */
    async open(url) {
        const { errorText } = await this.#page('Page.navigate', { url });
        if (errorText) throw new Error(`${url}: ${errorText}`);
    }

    /** The page that was open before this one, loaded anew. */
    async back() {
        const { currentIndex, entries } = await this.#page('Page.getNavigationHistory');
        await this.#page('Page.navigateToHistoryEntry', { entryId: entries[currentIndex - 1].id });
    }

    /** @param {string} expression */
    async evaluate(expression) {
        const { result, exceptionDetails } = await this.#page('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }

    /** @param {string} expression */
    waitFor(expression) {
        return until(() => this.evaluate(expression), { what: expression, timeout: SOON_MS });
    }

    /** A finger in the middle of what the selector finds, which is brought on the screen. @param {string} selector */
    async tap(selector) {
        const [x, y] = await this.evaluate(`{
            const found = document.querySelector(${JSON.stringify(selector)});
            found.scrollIntoView({ block: 'center' });
            const { x, y, width, height } = found.getBoundingClientRect();
            [x + width / 2, y + height / 2];
        }`);
        await this.#page('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
        await this.#page('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    }

    /** So many times slower. It slows the document's thread, not workers. @param {number} rate */
    slow(rate) {
        return this.#page('Emulation.setCPUThrottlingRate', { rate });
    }

    /** Nothing of the page runs from now on, until it wakes. */
    freeze() {
        return this.#page('Page.setWebLifecycleState', { state: 'frozen' });
    }

    async wake() {
        await this.#page('Page.setWebLifecycleState', { state: 'active' });
        await this.#page('Page.bringToFront');
    }

    /** Another tab is in front of it from now on. */
    async hide() {
        await this.devtools.send('Target.createTarget', { url: 'about:blank' });
        await this.waitFor("document.visibilityState === 'hidden'");
    }

    /** The processes that pages run in. @returns {Promise<number[]>} */
    async renderers() {
        const { processInfo } = await this.devtools.send('SystemInfo.getProcessInfo');
        return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    }

    /** The page loses its process, as one that is discarded. It says no goodbye. */
    async discard() {
        for (const pid of await this.renderers()) process.kill(pid, 'SIGKILL');
    }

    /** Memory that a page of its own takes, until the system ends it: the answer never comes. */
    hog() {
        this.evaluate('for (const held = [];;) held.push(new Uint8Array(64 << 20).fill(1))').catch(() => {});
    }

    /** Somebody looks at the page again that was discarded. An answer to this may have been lost with its process. */
    reload() {
        this.#page('Page.reload').catch(() => {});
    }

    async close() {
        this.devtools?.socket.close();
        this.child.kill('SIGKILL');
        await this.ended;
        clear(this.folder);
    }
}
