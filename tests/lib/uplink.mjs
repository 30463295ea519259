/** webinfer uplink as tests run it, between two daemons that know the same tokens. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { Counting } from './counting.mjs';
import { Daemon, patience } from './daemon.mjs';
import { openEvents } from './events.mjs';
import * as frames from './frames.mjs';
import { cliPath } from './paths.mjs';
import { tokensOf, writeTokens } from './tokens.mjs';
import { until } from './wait.mjs';

export const people = { root: 'admin', attic: 'relay', ada: 'user', farm: 'node' };
export const tokens = tokensOf(people);
export const headersOf = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });

export const ada = headersOf('ada');
export const echo = (data, more = {}) => ({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }], ...more });
export const assertEchoed = (answer, data) => {
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.outputs[0].data, data);
};

/** A client that holds each part of a count against what it must be. */
export class Count extends Counting {
    constructor(daemon, options, head = { platform: 'simulated' }) {
        super(daemon, options, { ...head, stream: true });
    }

    async run(daemon) {
        this.stream = await openEvents(`${daemon.url}/v1/infer`, { body: this.body, ...ada });
        assert.equal(this.stream.status, 200);
        await this.read();
        assert.deepEqual([this.wrong, this.gaps, this.error ?? null], [[], 0, null]);
        return this;
    }
}

/** A daemon without browsers of its own, whose nodes join. @param {object} [more] of its options; `prepare`: before it starts */
export async function newDaemon({ config = {}, prepare = (/** @type {Daemon} */ _) => {}, ...more } = {}) {
    const daemon = new Daemon({ ...more, config: {
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 3, resume_grace: '2s' },
        'browser.chrome': { max_connections: 0 }, ...config,
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', max_retries: 3, ...config.pool } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    prepare(daemon);
    return daemon.start({ ready: false });
}

export class Uplink {
    problems = '';
    /** {code, signal} once it has ended. */
    ended = null;

    /** @param {{url: string, folder?: string}} lender @param {{bridgeUrl?: string, folder: string}} borrower without a bridge, all
     * other members of the lender's cluster borrow; the folder is for the token
     * @param {{own?: string, token?: string, name?: string, under?: string[], words?: string[]}} options the tokens at the lender and
     * at the borrower, the lender's name, and the words that run a command where it is to run */
    constructor(lender, borrower, { own = tokens.attic, token = tokens.attic, name = 'attic', under = [], words = [] } = {}) {
        const file = path.join(borrower.folder, 'uplink-token');
        fs.writeFileSync(file, `${token}\n`, { mode: 0o600 });
        const [program, ...first] = [...under, path.join(path.dirname(cliPath), 'webinfer-uplink')];
        const to = borrower.bridgeUrl ? ['--to', borrower.bridgeUrl, '--name', name] : ['--cluster'];
        this.child = spawn(program, [...first, ...to, '--node-token-file', file, ...words],
            { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: borrower.folder,
                ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: lender.url, WEBINFER_TOKEN: own } });
        this.child.stderr.on('data', (text) => (this.problems += text));
        this.end = new Promise((resolve) =>
            this.child.on('close', (code, signal) => resolve(this.ended = { code, signal })));
    }

    /** Waits until the borrowing daemon has that many relays that take work. */
    async up(borrower, count = 1) {
        await until(async () => {
            if (this.ended) throw new Error(`it ended: ${this.problems}`);
            return (await relaysOf(borrower)).filter(({ away, paused }) => !away && !paused).length === count;
        }, { what: `${count} relays (${this.problems})`, timeout: 20_000 * patience });
        return this;
    }

    signal(signal) { this.child.kill(signal); }

    async stop() {
        this.signal('SIGTERM');
        const { code } = await this.end;
        if (code !== 0 || /Sanitizer|runtime error:/.test(this.problems))
            throw new Error(`webinfer-uplink ended with ${code}: ${this.problems}`);
    }
}

export const relaysOf = async (borrower) =>
    (await borrower.get('/v1/nodes', headersOf('root'))).json.nodes.filter(({ via }) => via);

/** A lending daemon that is scripted: it has one node, and answers each POST /v1/infer as a test says. */
export class ScriptedLender {
    /** The JSON of each request, oldest first. */
    asked = [];
    /** Its answer to GET /v1/cluster: a status, and a value or a text. */
    cluster = [404, { code: 'not_found' }];
    /** How often that was asked for. */
    looks = 0;
    /** Its node has gone. */
    isBare = false;
    /** What each request waits for. @type {(what: string, body: string) => Promise<unknown>} */
    gate = async () => {};

    /** @param {(body: any, answer: http.ServerResponse, json: (status: number, value: object) => void) => void} answerTo
     * @param {{models?: any[], node?: object}} options rows of its list, and members of its node */
    constructor(answerTo, { models = [{ name: 'x', hash: 'false' }, 7], node = {} } = {}) {
        this.answerTo = answerTo;
        this.models = models;
        this.node = { id: 'n', browser: 'simulated', browser_version: '1', platforms: { simulated: { available: true } },
            engines: { builtin: { version: null, slots: 4, short_slots: 0, queue: 1, can: ['continue'] } }, ...node };
        this.server = http.createServer((request, answer) => this.#answer(request, answer));
    }

    /** @param {number} [port] where it was before */
    async start(port = 0) {
        this.server.listen(port, '127.0.0.1');
        await once(this.server, 'listening');
        this.port = this.server.address().port;
        this.url = `http://127.0.0.1:${this.port}`;
        return this;
    }

    async #answer(request, answer) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        await this.gate(`${request.method} ${request.url}`, String(Buffer.concat(chunks)));
        const json = (status, value) => answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
        const bytes = Buffer.concat(chunks), size = Number(request.headers['inference-header-content-length'] ?? bytes.length);
        if (request.url.startsWith('/v1/nodes')) json(200, { nodes: this.isBare ? [] : [this.node], next: null });
        else if (request.url.startsWith('/v1/status')) json(200, { kinds: {} });
        else if (request.url === '/v1/cluster') this.#look(answer, json);
        else if (request.url.startsWith('/v1/models')) json(200, { models: this.models, next: 9 });
        else if (request.url.startsWith('/v1/events')) answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
        else this.#infer(JSON.parse(String(bytes.subarray(0, size))), answer, json);
    }

    #look(answer, json) {
        const [status, value] = this.cluster;
        this.looks++;
        if (typeof value === 'string') answer.writeHead(status).end(value);
        else json(status, value);
    }

    #infer(body, answer, json) {
        if (body.model_name === 'builtin/none') return json(404, { code: 'model_not_found' });
        this.asked.push(body);
        return this.answerTo(body, answer, json);
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

/** A borrowing daemon that is scripted: it welcomes each relay, and sends what a test says. */
export class ScriptedBorrower {
    /** Every message that came, oldest first, and how often a relay has announced itself. */
    received = [];
    announced = 0;
    /** The newest connection. */
    socket = null;
    /** What each message waits for before it is acted on. @type {(type: string) => Promise<unknown>} */
    gate = async () => {};

    /** @param {string} folder where the uplink's token is written @param {{beatMs?: number, forgets?: boolean}} [options] a relay that
     * hears nothing for three times as long gives up; it knows no node that comes back */
    constructor(folder, { beatMs = 60_000, forgets = false } = {}) {
        Object.assign(this, { folder, beatMs, forgets });
        this.server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
        this.server.on('connection', (socket) => {
            this.socket = socket;
            socket.on('error', () => {});
            socket.on('message', (bytes, binary) => this.#take(frames.decode(binary ? bytes : bytes.toString()), socket));
        });
    }

    /** @param {number} [port] where it was before */
    async start(port = 0) {
        this.http = http.createServer().on('upgrade', (request, socket, head) => this.server.handleUpgrade(request, socket, head,
            (client) => this.server.emit('connection', client, request)));
        this.http.listen(port, '127.0.0.1');
        await once(this.http, 'listening');
        this.port = this.http.address().port;
        this.bridgeUrl = `http://127.0.0.1:${this.port}`;
        return this;
    }

    async #take({ message, tensors }, socket) {
        this.received.push({ ...message, tensors });
        await this.gate(message.type);
        if (message.type === 'bye') socket.close();
        if (message.type === 'heartbeat' && !message.data.reply_to) this.#say(socket, 'heartbeat', { seq: 1 });
        if (message.type !== 'node_announcement') return;
        if (this.forgets && message.data.resume) {
            this.#say(socket, 'bye', { code: 'resume_unknown', reason: 'it is not known' });
            socket.close();
            return;
        }
        this.announced++;
        this.#say(socket, 'welcome', { node: 'n1', resume_token: 'r'.repeat(43), resumed: false, relay: true, heartbeat_interval_ms: this.beatMs,
            heartbeat_misses: 3, max_frame_bytes: 8 << 20, max_answer_bytes: 1 << 20, initial_credit: { parts: 16, bytes: 1 << 20 } });
    }

    #say(socket, type, data, more = {}) {
        socket.send(JSON.stringify({ id: `m${type}`, type, from: 'service', timestamp: Date.now(), data, ...more }));
    }

    send(type, data, more = {}) { this.#say(this.socket, type, data, more); }

    /** The answer to that attempt. */
    answered(attempt) {
        return until(() => this.received.find(({ type, data }) => type === 'task_response' && data.attempt_id === attempt),
            { what: `an answer to ${attempt}` });
    }

    async stop() {
        for (const socket of this.server.clients) socket.terminate();
        await new Promise((closed) => this.http.close(closed));
    }
}
