// tier: quick
/** The link worker of a page that stands still, over a socket, an engine and a clock that the test moves. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { onnx } from './support/models.mjs';
import './support/yield.mjs';

/** The service's. */
const BEAT_MS = 1000;
/** For longer than a run in one piece may go without an answer. */
const LONG_MS = 15_000;

const world = { now: 1000, ids: 0, timers: new Map(), said: [], /** @type {any} */ socket: null };

/** Time passes in one step, and then runs what is due: as for a page that was frozen meanwhile. @param {number} ms */
function stand(ms) {
    world.now += ms;
    for (const [id, { run, at }] of [...world.timers]) if (at <= world.now && world.timers.delete(id)) run();
}

/** Time passes for a page that runs, and hears of its service. @param {number} ms */
function pass(ms) {
    for (const end = world.now + ms; world.now < end;) {
        stand(BEAT_MS / 2);
        hear('heartbeat', {});
    }
}

const hear = (type, data) => world.socket.onmessage({ data: JSON.stringify({ id: `s${++world.ids}`, type, from: 'service', timestamp: 0, data }) });

/** The engine workers that the document was asked for. */
const begun = () => world.said.filter(({ type }) => type === 'begin');
/** The tasks that have failed, and why. */
const failed = () => world.socket.sent.filter((frame) => typeof frame === 'string').map((frame) => JSON.parse(frame))
    .filter(({ type }) => type === 'task_response').map(({ data }) => [data.attempt_id, data.error.code]);

const port = { runs: [], onmessage: null, close() {}, postMessage({ type, attempt }) {
    if (type === 'run') this.runs.push(attempt);
} };
const say = (message) => port.onmessage({ data: message });

function run(attempt) {
    hear('task_request', { attempt_id: attempt, model: onnx('m'), platforms: ['wasm'], deadline_ms: 600_000, tensors: [] });
    assert.equal(port.runs.at(-1), attempt);
}

const answer = (attempt) => say({ type: 'answer', attempt, frame: new ArrayBuffer(8), load_ms: 0, memory: 0, own_ms: 1 });

before(async () => {
    performance.now = () => world.now;
    Object.assign(globalThis, {
        self: { location: { origin: 'http://x' }, postMessage: (message) => world.said.push(message), close() {} },
        setTimeout: (run, ms) => {
            world.timers.set(++world.ids, { run, at: world.now + ms });
            return world.ids;
        },
        clearTimeout: (timer) => world.timers.delete(timer),
        WebSocket: class {
            static OPEN = 1;
            readyState = 1;
            sent = [];
            constructor() { world.socket = this; }
            send(frame) { this.sent.push(frame); }
            close() {}
        },
    });
    await import('../../page/src/link/worker.js');
    const { onmessage } = /** @type {any} */ (globalThis).self;
    onmessage({ data: { type: 'start', capabilities: { platforms: {}, engines: {}, engine_info: {} }, script: '', paused: false,
        limits: { memory: 0, storage: 0, slow: false }, services: ['http://x'], isChosen: false, token: 't', page_version: '1', builds: ['wasm'] } });
    onmessage({ data: { type: 'engine', worker: 'wasm', generation: 1, port, memory: null } });
    say({ type: 'capabilities', platforms: { wasm: { available: true } }, engines: { ort: '1' },
        engine_info: { ort: { slots: 1, queue: 1, can: [] } }, steps: [], overlaps: [] });
    stand(BEAT_MS);
    world.socket.onopen();
    hear('welcome', { node: 'n', resume_token: 'r', heartbeat_interval_ms: BEAT_MS, heartbeat_misses: 10 });
    run('first');
    say({ type: 'model', key: 'm@h', state: 'loaded', load_ms: 5, memory: 10 });
    answer('first');
});

test('a run is not taken for hung when the page wakes, however often it was frozen', () => {
    run('frozen');
    for (let i = 0; i < 3; i++) {
        stand(LONG_MS);
        pass(BEAT_MS);
    }
    assert.deepEqual([begun(), failed()], [[], []], 'its engine goes on');
    answer('frozen');
});

test('a run is taken for hung by the time that the page was awake', () => {
    run('hung');
    stand(LONG_MS);
    pass(LONG_MS);
    assert.equal(begun().length, 1, 'its engine is replaced');
    assert.deepEqual(failed(), [['hung', 'engine_hung']]);
});
