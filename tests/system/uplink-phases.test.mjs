// tier: full
/**
 * SIGKILL and SIGSTOP of each of the three processes in each phase of webinfer uplink, from its first question to its end.
 * The two daemons are scripted: one that is killed closes its sockets and listens no more, and one that is stopped answers
 * nothing until it goes on.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { patience } from '../lib/daemon.mjs';
import { ScriptedBorrower, ScriptedLender, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

const HASH = 'a'.repeat(64);
const soon = 60_000 * patience;
/** Bytes of the answer in whose middle the phase "tensor" is. */
const LARGE = 1 << 19;

/** Who meets each phase, and how it knows it. */
const phases = {
    question: ['lender', (what, body) => /infer/.test(what) && /builtin\/none/.test(body)],
    list: ['lender', (what) => /\/v1\/nodes/.test(what)],
    models: ['lender', (what) => /\/v1\/models/.test(what)],
    welcome: ['borrower', (type) => type === 'node_announcement'],
    relay_models: ['borrower', (type) => type === 'relay_models'],
    tensor: ['lender', (what) => what === 'tensor'],
    leave: ['borrower', (type) => type === 'bye'],
};

/** Where a side waits: once at its phase, until it may go; and while it is stopped. */
class Gate {
    isReached = false;
    isIn = () => false;
    stopped = Promise.resolve();
    going = new Promise((resolve) => (this.go = resolve));

    pass = async (...what) => {
        if (!this.isReached && this.isIn(...what)) {
            this.isReached = true;
            await this.going;
        }
        await this.stopped;
    };

    stop() { this.stopped = new Promise((resolve) => (this.continue = resolve)); }
    continue() {}
}

class Scene {
    gates = { lender: new Gate(), borrower: new Gate() };
    asked = 0;

    async start() {
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-uplink-phases-'));
        this.lender = await new ScriptedLender((...request) => this.#answer(...request), { models: [{ name: 'm', hash: HASH }] }).start();
        this.borrower = await new ScriptedBorrower(this.folder, { beatMs: 500, forgets: true }).start();
        for (const side of ['lender', 'borrower']) this[side].gate = this.gates[side].pass;
        this.uplink = new Uplink(this.lender, this.borrower);
        return this;
    }

    async #answer({ id }, answer, json) {
        const size = id === 'large' ? LARGE : 0, head = { id, performance: {}, executed_on: { platform: 'simulated', engine: 'x', fallbacks: [] },
            outputs: size ? [{ name: 'x', datatype: 'UINT8', shape: [size], parameters: { binary_data_size: size } }] : [] };
        if (!size) return json(200, head);
        const text = JSON.stringify(head), bytes = Buffer.alloc(size, 7);
        answer.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': text.length });
        answer.write(Buffer.concat([Buffer.from(text), bytes.subarray(size / 2)]));
        answer.on('close', () => (this.isLargeOver = true));
        await this.gates.lender.pass('tensor');
        return answer.end(bytes.subarray(size / 2));
    }

    send(id) {
        this.borrower.send('task_request', { attempt_id: id, deadline_ms: 60_000, platforms: ['simulated'], outputs: [], model: { name: 'builtin/echo' } });
    }

    /** What came since the newest connection was announced. */
    get heard() {
        const { received } = this.borrower;
        return received.slice(received.findLastIndex(({ type }) => type === 'node_announcement'));
    }

    get isUp() { return this.heard.some(({ type, data }) => type === 'relay_models' && data.add.includes(HASH)); }

    async reach(phase) {
        const [side, isIn] = phases[phase], gate = this.gates[side];
        gate.isIn = isIn;
        if (phase === 'tensor' || phase === 'leave') await until(() => this.isUp, { what: `the connection (${this.uplink.problems})`, timeout: soon });
        if (phase === 'tensor') this.send('large');
        if (phase === 'leave') this.uplink.signal('SIGTERM');
        await until(() => gate.isReached, { what: `the phase (${this.uplink.problems})`, timeout: soon });
        return gate;
    }

    async hurt(who, signal) {
        if (who === 'uplink') this.uplink.signal(signal);
        else if (signal === 'SIGSTOP') this.gates[who].stop();
        else await this[who].stop();
    }

    /** As soon as it was noticed. */
    async cure(who, signal) {
        const noticed = { lender: /does not answer: .*; nothing is lent until it does/, borrower: /is not connected for the kind simulated: .*trying again/ }[who];
        const stat = () => fs.readFileSync(`/proc/${this.uplink.child.pid}/stat`, 'utf8');
        await until(() => (noticed ? noticed.test(this.uplink.problems) : /\) T /.test(stat())),
            { what: `it to be noticed (${this.uplink.problems})`, timeout: soon });
        if (who === 'uplink') this.uplink.signal('SIGCONT');
        else if (signal === 'SIGSTOP') this.gates[who].continue();
        else await this[who].start(this[who].port);
    }

    /** The relay knows its models, and takes tasks. */
    async works() {
        await until(async () => {
            assert.equal(this.uplink.ended, null, this.uplink.problems);
            const id = `task-${++this.asked}`;
            this.send(id);
            const { data } = await until(() => this.borrower.received.find(({ type, data: { attempt_id: of } }) => type === 'task_response' && of === id),
                { what: 'an answer', timeout: 2000 * patience });
            return data.ok;
        }, { what: `a task to be done (${this.uplink.problems})`, timeout: soon });
        await until(() => this.isUp, { what: 'the models to be told', timeout: soon });
        await this.uplink.stop();
    }

    async ends(code, said) {
        assert.deepEqual(await this.uplink.end, { code, signal: null }, this.uplink.problems);
        assert.match(this.uplink.problems, said);
    }

    async isGone() {
        assert.deepEqual(await this.uplink.end, { code: null, signal: 'SIGKILL' });
        const count = promisify(this.lender.server.getConnections.bind(this.lender.server));
        await until(async () => this.borrower.server.clients.size === 0 && await count() === 0, { what: 'its connections to end' });
    }

    /** What came of the large answer. */
    async large(who) {
        if (who === 'borrower') return until(() => this.isLargeOver, { what: 'its request to be cancelled', timeout: soon });
        const { data, tensors } = await this.borrower.answered('large');
        if (who === 'uplink') return assert.deepEqual([data.ok, tensors[0].bytes.equals(Buffer.alloc(LARGE, 7))], [true, true]);
        return assert.deepEqual([data.ok, data.retryable, data.error.code], [false, true, 'unavailable']);
    }

    async close() {
        this.uplink.signal('SIGKILL');
        await this.uplink.end;
        for (const gate of Object.values(this.gates)) {
            gate.go();
            gate.continue();
        }
        this.lender.stop();
        await this.borrower.stop();
        fs.rmSync(this.folder, { recursive: true });
    }
}

/** Which processes matter in each phase, and what comes of it where that is not that all goes on: the status, and what is said. */
const noLender = [3, /no webinfer daemon answers at/], noBorrower = [3, /no webinfer daemon that takes nodes at/], left = [0, /lends its browsers/];
const table = [
    ['question', 'lender', noLender], ['question', 'uplink'],
    ['list', 'lender', noLender], ['list', 'uplink'],
    ['models', 'lender'], ['models', 'uplink'],
    ['welcome', 'lender'], ['welcome', 'borrower', noBorrower], ['welcome', 'uplink'],
    ['relay_models', 'lender'], ['relay_models', 'borrower'], ['relay_models', 'uplink'],
    ['tensor', 'lender'], ['tensor', 'borrower'], ['tensor', 'uplink'],
    ['leave', 'lender', left], ['leave', 'borrower', left], ['leave', 'uplink', left],
];

describe('in each phase', { concurrency: 6 }, () => {
    for (const [phase, who, end] of table)
        for (const signal of ['SIGKILL', 'SIGSTOP'])
            test(`${phase}: ${signal} of the ${who}`, async () => {
                const scene = await new Scene().start();
                try {
                    const gate = await scene.reach(phase);
                    await scene.hurt(who, signal);
                    if (phase !== 'tensor' || who !== 'borrower') gate.go(); // else its answer would end by itself
                    if (who === 'uplink' && signal === 'SIGKILL') return await scene.isGone();
                    if (who === 'uplink' || !end) await scene.cure(who, signal);
                    if (phase === 'tensor') await scene.large(who);
                    return await (end ? scene.ends(...end) : scene.works());
                } finally {
                    await scene.close();
                }
            });
});
