/** A node without a browser: speaks webinfer.v1, does what it is told, and misbehaves on order. */
import { once } from 'node:events';
import WebSocket from 'ws';
import * as frames from './frames.mjs';
import { until } from './wait.mjs';

let serial = 0;

export const capabilities = {
    browser: { name: 'chromium', version: '156.0.0.0', user_agent: 'fake node' },
    os: 'Linux', cores: 2, memory_gib: 4, cross_origin_isolated: true,
    platforms: {
        webgpu: { available: false, reason: 'a fake has none' },
        webnn: { available: false, reason: 'a fake has none' },
        webgl: { available: false, reason: 'a fake has none' },
        wasm: { available: true, threads: 2 },
    },
    engines: { ort: '1.30.0' },
};

/** Where a task goes on, with the text and the tokens that came as tensors. @param {any} task */
export function continuationOf({ message: { data: { continue: from } }, tensors }) {
    if (!from) return undefined;
    const { text, tokens, ...rest } = from;
    const { bytes } = tokens ? tensors[tokens.tensor] : { bytes: Buffer.alloc(0) };
    return { ...rest, ...text && { text: tensors[text.tensor].bytes.toString() },
        ...tokens && { tokens: Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigInt64LE(8 * i))) } };
}

export class FakeNode {
    /** Every message that came, oldest first: {message, tensors}. */
    received = [];
    /** {code, reason} once closed. */
    closed = null;
    id = '';
    /** Called with a task_request; by default echoes. */
    onTask = (task) => this.respond(task);
    /** Called with what is none of the above: credit, acknowledgements, cancels. */
    onOther = () => {};
    answersHeartbeats = true;
    capabilities = capabilities;

    /** @param {string} pageUrl with its #token=… */
    constructor(pageUrl) {
        const url = new URL(pageUrl);
        this.token = new URLSearchParams(url.hash.slice(1)).get('token');
        this.origin = url.origin;
        this.address = `ws://${url.host}/node`;
    }

    /** Opens the socket; says nothing yet. */
    async open({ protocol = 'webinfer.v1', headers = {} } = {}) {
        this.closed = null;
        this.socket = new WebSocket(this.address, protocol ? [protocol] : [],
            { origin: this.origin, perMessageDeflate: false, maxPayload: 256 << 20, headers });
        this.socket.binaryType = 'nodebuffer';
        this.socket.on('error', () => {});
        this.socket.on('close', (code, reason) =>
            (this.closed = { code, reason: reason.toString() }));
        this.socket.on('message', (bytes, binary) =>
            this.#take(binary ? bytes : bytes.toString()));
        await once(this.socket, 'open');
        return this;
    }

    #take(frame) {
        const got = frames.decode(frame);
        this.received.push(got);
        const { type, id, data } = got.message;
        if (type === 'welcome') {
            this.id = data.node;
            this.resumeToken = data.resume_token;
            this.welcome = data;
        } else if (type === 'heartbeat' && this.answersHeartbeats) {
            this.send('heartbeat', { seq: ++serial, reply_to: id, running: [], busy_since_ms: 0 });
        } else if (type === 'task_request') {
            this.onTask(got);
        } else {
            this.onOther(got);
        }
    }

    send(type, data, tensors = [], more = {}) {
        this.raw(frames.encode({ id: `m${++serial}`, type, from: this.id, timestamp: Date.now(),
            data, ...more }, tensors));
    }

    raw(bytes) {
        this.socket.send(bytes);
    }

    announce(more = {}) {
        this.send('node_announcement', { protocol: 1, page_version: '0.1.0', token: this.token,
            capabilities: this.capabilities, ...more });
    }

    async join() {
        await this.open();
        this.announce();
        await this.got('welcome');
        return this;
    }

    /** Comes back with its resume token. */
    async resume({ running = [], unacknowledged = [], token = this.resumeToken, ...more } = {}) {
        const from = this.received.length;
        await this.open();
        this.send('node_announcement', { protocol: 1, page_version: '0.1.0',
            capabilities: this.capabilities,
            resume: { node: this.id, token, running, unacknowledged, ...more } });
        await until(() => this.closed || this.received.slice(from)
            .some(({ message }) => ['welcome', 'bye'].includes(message.type)),
        { what: 'an answer to the resume' });
        return this.received.slice(from).map(({ message }) => message)[0];
    }

    /** The bytes of each tensor of a task that comes in pieces, when all of them are there. @param {any} data of its request */
    arrived({ attempt_id: id, outline }) {
        const bytes = () => outline.map((_, at) => Buffer.concat(this.received
            .filter(({ message: { type, data } }) => type === 'task_data' && data.attempt_id === id && data.tensor === at)
            .map(({ tensors }) => tensors[0].bytes)));
        return until(() => bytes().every(({ length }, at) => length === outline[at].byte_length) && bytes(),
            { what: 'all pieces' });
    }

    respond({ message, tensors }, { outputs = tensors, data = {} } = {}) {
        const pure = outputs.map(({ name, datatype, shape, bytes }) =>
            ({ name, datatype, shape, bytes }));
        this.send('task_response', {
            attempt_id: message.data.attempt_id, reply_to: message.id, ok: true,
            executed_on: { platform: 'wasm', engine: 'ort', precision: null, adapter: null,
                fallbacks: [], simulated: false },
            performance: { load_ms: 0, inference_ms: 1, warm: true },
            tensors: [], ...data,
        }, pure);
    }

    fail({ message }, error, retryable = false) {
        this.send('task_response', { attempt_id: message.data.attempt_id, reply_to: message.id,
            ok: false, error, retryable });
    }

    /** The `index`th message of that type, waited for. */
    got(type, index = 0, timeout = 20_000) {
        const find = () => this.received.filter(({ message }) => message.type === type)[index];
        return until(() => find() ?? (this.closed && { gone: this.closed }),
            { what: `a ${type}`, timeout }).then((found) => {
            if (found.gone && !find())
                throw new Error(`closed (${JSON.stringify(found.gone)}) before a ${type}`);
            return find();
        });
    }

    async gone(timeout = 20_000) {
        return until(() => this.closed, { what: 'the socket to close', timeout });
    }

    /** Cuts without a goodbye. */
    cut() {
        this.socket.terminate();
        return this.gone();
    }

    async close() {
        this.socket?.close();
        if (this.socket && !this.closed) await this.gone().catch(() => this.socket.terminate());
    }
}
