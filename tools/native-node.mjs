#!/usr/bin/env node
// A node of the platform `native`: ONNX models under onnxruntime-node on this machine's CPU, as the figure that browsers
// are compared with. It joins as a page does, by the page's own link worker (page/src/link), so that it speaks the node
// protocol whole; what it has of its own is the engine (native/engine.mjs). This file is the document between the two.
//
//     node tools/native-node.mjs [--threads N] JOIN_LINK
//
// JOIN_LINK is what `webinfer token join` prints; "-" is the first line of standard input, with which the node ends then.
// SIGTERM and SIGINT end it. It says on standard output when it is connected, and ends with 1 when the service refuses it. Packages: those of tests/ (scripts/node/modules.mjs).
import os from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const PLATFORM = 'native';
const VERSION = '0.1.0';

/** The first line of standard input, of which the rest is read as well: its end is noticed by that. */
function readLine() {
    return new Promise((resolve) => {
        process.stdin.once('end', () => resolve(''));
        createInterface({ input: process.stdin }).once('line', resolve);
    });
}

/** The npm packages that its workers import. */
const PACKAGES = ['ws', 'onnxruntime-node'];

/** Whether a package can be imported here, which does not import it. @param {string} name */
function isInstalled(name) {
    try {
        return Boolean(import.meta.resolve(name));
    } catch {
        return false;
    }
}

/** A worker that misses a package would end with a stack trace. */
function checkPackages() {
    const missing = PACKAGES.filter((name) => !isInstalled(name));
    if (missing.length) throw new Error(`not installed: ${missing.join(', ')}; ./dev setup installs what is missing, in build/node/tests/node_modules, ` +
        'to which WEBINFER_NODE_MODULES has to be set, with NODE_OPTIONS=--import=./scripts/node/modules.mjs');
}

/** What was asked for, or the reason why that is nothing. @returns {Promise<{link: URL, token: string, threads: number}>} */
async function readArguments() {
    const { values, positionals } = parseArgs({ options: { threads: { type: 'string' } }, allowPositionals: true });
    const [given] = positionals[0] === '-' ? [await readLine()] : positionals;
    const threads = Number(values.threads ?? os.availableParallelism());
    if (positionals.length !== 1 || !URL.canParse(given)) throw new Error('one JOIN_LINK is wanted: http://…/#token=…');
    if (!Number.isSafeInteger(threads) || threads < 1 || threads > 4096) throw new Error('--threads is a number from 1 to 4096');
    const link = new URL(given), token = new URLSearchParams(link.hash.slice(1)).get('token');
    if (!token) throw new Error('the link has no #token=');
    return { link, token, threads };
}

/** @param {number} threads that its engine may use at most */
const capabilities = (threads) => ({
    browser: { name: 'node', version: process.versions.node, user_agent: `Node.js ${process.versions.node}` },
    os: os.type(), cores: threads, memory_gib: Math.round(os.totalmem() / 2 ** 30), cross_origin_isolated: true,
    platforms: {}, engines: {}, engine_info: {}, task_types: ['inference', 'benchmark'],
});

class NativeNode {
    /** @param {{link: URL, token: string, threads: number}} asked */
    constructor({ link, token, threads }) {
        this._origin = link.origin;
        this._generation = 0;
        /** @type {Map<string, Worker>} */
        this._engines = new Map();
        this._said = '';
        this._link = this._worker('link');
        this._link.on('message', (message) => this._hear(message));
        this._link.on('exit', () => this._end(process.exitCode ?? 0));
        this._link.postMessage({ type: 'start', services: [link.origin], isChosen: true, token, page_version: VERSION, script: '', builds: [PLATFORM],
            capabilities: capabilities(threads), limits: { memory: 0, storage: 0, slow: false }, paused: false });
        this._begin(PLATFORM);
    }

    /** @param {'link' | 'engine'} which */
    _worker(which) {
        return new Worker(new URL(`native/${which}.mjs`, import.meta.url), { workerData: { origin: this._origin } });
    }

    /** @param {any} message the link worker's */
    _hear(message) {
        if (message.type === 'begin') this._begin(message.worker);
        else if (message.type === 'close') this._close(message.worker);
        else if (message.type === 'state') this._show(message);
    }

    /** Says what has changed for whoever started it. @param {{state: string, detail: string, node: string}} seen */
    _show({ state, detail, node }) {
        const said = [state, node, detail].filter(Boolean).join(' ');
        if (said === this._said || state === 'connecting' || state === 'probing') return;
        this._said = said;
        (state === 'refused' ? process.stderr : process.stdout).write(`${said}\n`);
        if (state === 'refused') this._end(1);
        if (state === 'stopped') this._end(0);
    }

    /** Ends the engine worker of that name, if there is one, and starts another. @param {string} name */
    _begin(name) {
        this._close(name);
        const generation = ++this._generation, worker = this._worker('engine');
        this._engines.set(name, worker);
        worker.on('error', (error) => this._link.postMessage({ type: 'engine_died', worker: name, generation, reason: String(error) }));
        const { port1, port2 } = new MessageChannel();
        this._link.postMessage({ type: 'engine', worker: name, generation, port: port1, memory: null }, [port1]);
        worker.postMessage({ type: 'start', port: port2, memory: null, options: {} }, [port2]);
    }

    /** @param {string} name */
    _close(name) {
        this._engines.get(name)?.terminate();
        this._engines.delete(name);
    }

    /** Says goodbye, as far as there is somebody to say it to. @param {string} reason */
    leave(reason) {
        this._link.postMessage({ type: 'leave', reason });
    }

    /** @param {number} code */
    _end(code) {
        process.exit(code);
    }
}

try {
    const asked = await readArguments();
    checkPackages();
    const node = new NativeNode(asked);
    process.stdin.once('end', () => node.leave('its standard input has ended'));
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => node.leave('it was ended'));
} catch (error) {
    process.stderr.write(`native-node: ${/** @type {Error} */ (error).message}\n`);
    process.exit(2);
}
