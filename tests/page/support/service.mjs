/**
 * A small stand-in for the daemon's bridge: serves the built page with the headers that the
 * daemon sends, model files, and the node protocol on /node. Tests drive it and wait on it by
 * condition.
 */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { decode, encode } from '../../../page/src/shared/frame.js';
import { LEAF, leafList } from './leaf_lists.mjs';
import { PATIENCE_MS } from './tabs.mjs';

const TYPES = {
    '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript',
    '.wasm': 'application/wasm', '.css': 'text/css', '.json': 'application/json', '.png': 'image/png',
};
const HEADERS = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
};
const CREDENTIAL = 'model-credential';
export const TOKEN = 'one-time-token';
/** What a device has to sign. */
export const NONCE = Buffer.alloc(32, 7).toString('base64url');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export class Service extends EventEmitter {
    /** @param {string} page the built page's folder @param {{welcome?: object, alter?: (name: string, text: Buffer) => Buffer | string}} [options] */
    static async start(page, options = {}) {
        const service = new Service(page, options);
        await new Promise((resolve) => service.http.listen(0, '127.0.0.1', resolve));
        return service;
    }

    constructor(page, { welcome = {}, alter = (name, content) => content }) {
        super();
        this.setMaxListeners(0);
        this.page = page;
        this.alter = alter;
        this.welcome = welcome;
        this.models = new Map(); // "name/hash/file" → Buffer
        this.messages = []; // everything that pages sent
        this.fetched = [];
        this.served = []; // files of the page
        this.words = []; // what a page asks that a person opened
        this.answers = new Map();
        this.requested = new Map(); // attempt → its frame, until it is answered
        this.parts = new Map(); // attempt → its task_parts, in the order in which they came
        this.autoAck = true;
        this.refuse = false;
        this.silent = false; // no heartbeats
        this.work = 'tensors'; // that it says it sends to pages of others
        this.devices = 'no'; // whether it says that it remembers them
        this.socket = null;
        this.ids = 0;
        this.http = http.createServer((request, response) => this.serve(request, response));
        this.ws = new WebSocketServer({
            server: this.http, path: '/node', maxPayload: 1 << 28,
            handleProtocols: (set) => (set.has('webinfer.v1') ? 'webinfer.v1' : false),
        });
        this.ws.on('connection', (socket) => this.accept(socket));
    }

    get url() {
        return `http://127.0.0.1:${this.http.address().port}`;
    }

    async stop() {
        for (const client of this.ws.clients) client.terminate();
        this.http.closeAllConnections();
        await new Promise((resolve) => this.http.close(resolve));
    }

    // --- files -----------------------------------------------------------------------------------

    serve(request, response) {
        const address = new URL(request.url, 'http://x'), pathname = decodeURIComponent(address.pathname);
        const csp = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; `
            + `connect-src 'self' ws://${request.headers.host}; manifest-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'`;
        const headers = { ...HEADERS, 'Content-Security-Policy': csp };
        const send = (status, content, type) => {
            response.writeHead(status, { ...headers, 'Content-Type': type ?? 'text/plain', 'Content-Length': content.length });
            response.end(content);
        };
        if (pathname.startsWith('/models/')) {
            this.fetched.push(pathname + address.search);
            const content = this.models.get(pathname.slice('/models/'.length));
            if (request.headers.authorization !== `Bearer ${CREDENTIAL}`) return send(401, Buffer.from('no'));
            const isListed = address.search === '?blocks';
            if (!content || (isListed && content.length < 8 * LEAF)) return send(404, Buffer.from('no'));
            if (isListed) return send(200, leafList(content));
            const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
            return from === undefined ? send(200, content)
                : send(206, content.subarray(Number(from), to === '' ? undefined : Number(to) + 1));
        }
        if (pathname === '/favicon.ico') return send(204, Buffer.alloc(0)); // Chromium asks for it where a page can be installed
        if (pathname === '/work' || pathname === '/devices') {
            this.words.push(pathname);
            return send(200, Buffer.from(pathname === '/work' ? this.work : this.devices), 'text/plain');
        }
        this.served.push(pathname);
        const name = pathname === '/' ? 'index.html' : path.basename(pathname);
        const file = path.join(this.page, name);
        if (!fs.existsSync(file)) return send(404, Buffer.from('no'));
        return send(200, Buffer.from(this.alter(name, fs.readFileSync(file))), TYPES[path.extname(name)]);
    }

    /** Puts a model into the store; returns what a task says of it. */
    addModel(name, content, spec, external = {}) {
        const hash = `h${this.models.size}`;
        this.models.set(`${name}/${hash}/model.onnx`, content);
        if (spec) this.models.set(`${name}/${hash}/model.json`, Buffer.from(JSON.stringify(spec)));
        const files = Object.entries({ 'model.onnx': content, ...external }).map(([file, bytes]) =>
            ({ path: file, url: `/models/${name}/${hash}/${file}`, bytes: bytes.length, hash: sha256(bytes) }));
        for (const [file, bytes] of Object.entries(external)) this.models.set(`${name}/${hash}/${file}`, bytes);
        return {
            name, hash, engine: 'ort', files,
            spec_url: spec ? `/models/${name}/${hash}/model.json` : null,
        };
    }

    /** Puts a language model into the store; returns what a task says of it. @param {Record<string, Buffer>} files */
    addGguf(name, files) {
        return { type: 'text_generation', engine: 'llama', ...this.addFiles(name, files) };
    }

    /** Puts a folder in the Hugging Face layout into the store; returns what a task says of it. */
    addFolder(name, files) {
        return { type: null, engine: 'pipeline', ...this.addFiles(name, files) };
    }

    addFiles(name, files) {
        const hash = `h${this.models.size}`;
        const listed = Object.entries(files).map(([file, bytes]) => {
            this.models.set(`${name}/${hash}/${file}`, Buffer.from(bytes));
            return { path: file, url: `/models/${name}/${hash}/${file}`, bytes: bytes.length, hash: sha256(bytes) };
        });
        return { name, hash, files: listed };
    }

    // --- the protocol ----------------------------------------------------------------------------

    accept(socket) {
        if (this.refuse) return socket.terminate();
        this.socket = socket;
        socket.on('message', (data, isBinary) => {
            const frame = isBinary ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : data.toString();
            const { message, section } = decode(frame);
            message.bytes = (message.data.tensors ?? []).map(({ offset, byte_length: length }) =>
                new Uint8Array(frame, section + offset, length));
            message.at = performance.now();
            this.messages.push(message);
            this.handle(socket, message);
            this.emit('message');
        });
        const beat = setInterval(() => {
            if (!this.silent && socket === this.socket && socket.readyState === socket.OPEN) this.send('heartbeat', { seq: ++this.ids });
        }, 500);
        socket.on('close', (code, reason) => {
            clearInterval(beat);
            this.lastClose = { code, reason: reason.toString() };
            this.messages.push({ type: 'close', code, data: {} });
            this.emit('message');
        });
    }

    handle(socket, message) {
        if (message.type === 'node_announcement' && message.data.device) {
            this.send('device_challenge', { nonce: NONCE });
        } else if (message.type === 'node_announcement' || message.type === 'device_proof') {
            const { resume } = message.data;
            this.send('welcome', {
                node: 'node-1', resume_token: 'resume-1', resumed: Boolean(resume), heartbeat_interval_ms: 5000,
                heartbeat_misses: 3, resume_grace_ms: 15000, max_frame_bytes: 1 << 27, max_answer_bytes: 1 << 27,
                model_credential: CREDENTIAL, threads: 2, model_budget_bytes: 1 << 30, cancel: [], next: this.next(), ...this.welcome,
            });
            if (resume) this.resume(resume);
        } else if (message.type === 'task_part') {
            const { attempt_id: id, seq } = message.data;
            this.parts.set(id, [...(this.parts.get(id) ?? []), message]);
            if (this.autoAck) this.send('task_ack', { attempt_ids: [], parts: { [id]: seq + 1 } });
        } else if (message.type === 'task_response') {
            const id = message.data.attempt_id;
            this.requested.delete(id);
            this.answers.set(id, [...(this.answers.get(id) ?? []), message]);
            if (this.autoAck) this.send('task_ack', { attempt_ids: [id] });
        }
    }

    /** The seq that is wanted next of each stream that has begun. */
    next() {
        return Object.fromEntries([...this.parts].map(([id, parts]) => [id, parts.at(-1).data.seq + 1]));
    }

    /** The seqs of an attempt's parts so far. */
    seqs(attempt) {
        return (this.parts.get(attempt) ?? []).map(({ data }) => data.seq);
    }

    /** Sends again what got lost with a socket before the page had read it. */
    resume({ running, unacknowledged }) {
        const known = new Set([...running, ...unacknowledged]);
        for (const [attempt, frame] of this.requested) if (!known.has(attempt)) this.socket.send(frame);
    }

    send(type, data, tensors = [], top = {}) {
        const message = { id: `s${++this.ids}`, type, from: 'service', timestamp: Date.now(), ...top, data };
        const frame = tensors.length > 0 ? encode(message, tensors) : JSON.stringify(message);
        if (type === 'task_request') this.requested.set(data.attempt_id, frame);
        if (type === 'task_cancel') this.requested.delete(data.attempt_id);
        this.socket.send(frame);
        return message.id;
    }

    /** Sends a task and returns its attempt id. */
    request(model, tensors, { options = {}, ...more } = {}) {
        const attempt = more.attempt_id ?? `a${++this.ids}`;
        this.send('task_request', {
            attempt_id: attempt, job_id: `j-${attempt}`, model, platforms: ['wasm'], fallback: false,
            precision: null, outputs: [], deadline_ms: PATIENCE_MS / 2, input: null, ...more,
        }, tensors, { options });
        return attempt;
    }

    /** The (first) answer to an attempt. */
    async answer(attempt, timeout) {
        await this.until(() => this.answers.has(attempt), `an answer to ${attempt}`, timeout);
        return this.answers.get(attempt)[0];
    }

    async run(model, tensors, more, timeout) {
        return this.answer(this.request(model, tensors, more), timeout);
    }

    /** What the page said last about itself. */
    get capabilities() {
        return this.messages.findLast(({ data }) => data.capabilities).data.capabilities;
    }

    /** Waits until it has said of each platform whether it is to be had; late on a busy machine. */
    probed() {
        return this.until(() => Object.values(this.capabilities.platforms)
            .every(({ reason }) => reason !== 'still being probed'), 'the probes');
    }

    /** Waits until the page has read what was sent to it before; returns its heartbeat. */
    async caughtUp() {
        const id = this.send('heartbeat', { seq: ++this.ids });
        return this.seen('heartbeat', ({ data }) => data.reply_to === id);
    }

    /** Forgets what has come and was asked for until now, but not what the page is. */
    forget() {
        this.messages = [this.messages.findLast(({ data }) => data.capabilities)];
        for (const one of [this.parts, this.answers, this.requested]) one.clear();
        this.fetched.length = 0;
        this.served.length = 0;
    }

    /** Waits for a message that fits, an old one included, from index `since` on. */
    async seen(type, fits = () => true, since = 0, timeout = undefined) {
        const find = () => this.messages.slice(since).find((m) => m.type === type && fits(m));
        await this.until(find, type, timeout);
        return find();
    }

    /** Waits until something that a message brings about holds. */
    until(holds, what, timeout = PATIENCE_MS) {
        return new Promise((resolve, reject) => {
            const done = (settle, value) => {
                clearTimeout(timer);
                this.off('message', check);
                settle(value);
            };
            const check = () => {
                const value = holds();
                if (value) done(resolve, value);
            };
            const timer = setTimeout(() => done(reject, new Error(`waited ${timeout} ms for ${what}; last: ${
                JSON.stringify(this.messages.slice(-4), (key, value) => (key === 'bytes' ? undefined : value))}`)), timeout);
            this.on('message', check);
            check();
        });
    }
}
