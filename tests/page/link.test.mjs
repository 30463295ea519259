// tier: quick
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS } from '../../page/src/link/backoff.js';
import { Connection } from '../../page/src/link/connection.js';
import { encode } from '../../page/src/shared/frame.js';
import { Outbox } from '../../page/src/link/outbox.js';
import { Passes } from '../../page/src/link/passes.js';
import { Residents } from '../../page/src/link/residents.js';
import { Services } from '../../page/src/link/services.js';
import { Times } from '../../page/src/link/limits.js';
import { onnx } from './support/models.mjs';

test('backoff doubles to its cap, with full jitter, and starts again', () => {
    const longest = new Backoff(() => 1);
    const waits = Array.from({ length: 8 }, () => longest.next());
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    longest.reset();
    assert.equal(longest.next(), BACKOFF_BASE_MS);
    assert.equal(new Backoff(() => 0).next(), 0);
    const many = new Backoff(() => 0.5);
    for (let i = 0; i < 2000; i++) assert.ok(many.next() <= BACKOFF_CAP_MS / 2);
});

test('answers stay until they are acknowledged', () => {
    const outbox = new Outbox();
    outbox.keep('a', 'A');
    outbox.keep('b', 'B');
    outbox.acknowledge(undefined);
    outbox.acknowledge('a');
    outbox.acknowledge([null, 'a', 'unknown']);
    assert.deepEqual(outbox.ids(), ['b']);
    assert.deepEqual(outbox.entries(), [['b', 'B']]);
    assert.equal(outbox.has('b'), true);
    outbox.clear();
    assert.deepEqual(outbox.ids(), []);
});

test('parts stay until they are acknowledged, each stream\'s in order', () => {
    const outbox = new Outbox();
    for (const seq of [3, 4, 5]) outbox.keepPart('a', seq, `a${seq}`);
    outbox.keepPart('b', 0, 'b0');
    outbox.acknowledgeParts(null);
    outbox.acknowledgeParts({ a: 5, unknown: 7, b: 'x' });
    assert.deepEqual(outbox.parts(), ['a5', 'b0']);
    outbox.acknowledgeParts({ a: 5 }); // once more, as after a reconnection
    assert.deepEqual(outbox.parts(), ['a5', 'b0']);
    outbox.acknowledgeParts({ a: 6 });
    assert.deepEqual([outbox.parts(), outbox.next()], [['b0'], { a: 6, b: 1 }]);
    outbox.keepPart('a', 6, 'a6');
    outbox.dropParts('b');
    assert.deepEqual([outbox.parts(), outbox.next()], [['a6'], { a: 7 }]);
    outbox.keep('a', 'A');
    outbox.acknowledge(['a']);
    assert.deepEqual([outbox.parts(), outbox.next(), outbox.ids()], [[], {}, []]);
});

const idle = () => false;
function loaded(residents, name, bytes, platform = 'wasm') {
    residents.use(onnx(name, bytes), platform);
    residents.loaded(Residents.key(onnx(name, bytes)), platform, 10, 0);
}

test('the least recently used models go when the budget is passed', () => {
    const residents = new Residents();
    residents.budget = 100;
    for (const name of ['a', 'b', 'c']) loaded(residents, name, 30);
    residents.use(onnx('a', 30), 'wasm');
    assert.equal(residents.use(onnx('d', 40), 'wasm'), true);
    assert.deepEqual(residents.victims(idle).map(({ name }) => name), ['b']);
    assert.deepEqual(residents.victims(({ name }) => name === 'b').map(({ name }) => name), ['c']);
    assert.equal(residents.bytes(), 130);
});

test('a folder that does not fit is to spare memory, where it has parts that read and parts that write', () => {
    const file = (path, bytes) => ({ path, url: '/f', bytes, hash: path });
    const folder = (name, ...files) => ({ name, hash: 'h', engine: 'pipeline', files });
    const two = folder('two', file('config.json', 1), file('onnx/encoder_model_q4.onnx', 40), file('onnx/decoder_model_merged.onnx', 30));
    const one = folder('one', file('onnx/model.onnx', 100));
    const residents = new Residents();
    residents.budget = 75;
    residents.use(two, 'wasm');
    assert.equal(residents.spare(two, 'wasm'), false, 'it fits');
    residents.budget = 70;
    assert.deepEqual([residents.spare(two, 'wasm'), residents.bytes()], [true, 40]);
    assert.equal(residents.spare(two, 'wasm'), false, 'it fits now');
    residents.loaded(Residents.key(two), 'wasm', 1, 55);
    assert.equal(residents.bytes(), 55);
    for (const [model, platform] of [[one, 'wasm'], [onnx('big', 100), 'wasm'], [two, 'webnn']]) {
        residents.use(model, platform);
        assert.equal(residents.spare(model, platform), false, `${model.name} on ${platform}`);
    }
    residents.use(two, 'webgpu');
    assert.equal(residents.spare(two, 'webgpu'), true);
});

test('a model larger than the budget is alone, not refused', () => {
    const residents = new Residents();
    residents.budget = 10;
    loaded(residents, 'a', 5);
    residents.use(onnx('big', 1000), 'wasm');
    assert.deepEqual(residents.victims(idle).map(({ name }) => name), ['a']);
});

test('what is loading is no victim, and what is gone is not listed unless it says why', () => {
    const residents = new Residents();
    residents.budget = 1;
    residents.use(onnx('a', 5), 'webgpu');
    assert.deepEqual(residents.victims(idle), []);
    loaded(residents, 'b', 5, 'wasm');
    residents.remove('a@h', 'webgpu', null);
    assert.deepEqual(residents.states().map(({ name, state }) => [name, state]), [['b', 'loaded']]);
    residents.remove('b@h', 'wasm', 'evicted');
    assert.deepEqual(residents.states().map(({ name, state }) => [name, state]), [['b', 'evicted']]);
});

test('what has gone of a model is not listed beside what came in its place', () => {
    const residents = new Residents();
    const version = (hash) => ({ ...onnx('a', 5), hash });
    for (const platform of ['wasm', 'webgpu']) {
        residents.use(version('old'), platform);
        residents.remove('a@old', platform, 'evicted');
    }
    residents.use(onnx('b', 5), 'wasm');
    residents.remove('b@h', 'wasm', 'evicted');
    residents.use(version('new'), 'wasm');
    assert.deepEqual(residents.states().map(({ name, hash, platform, state }) => [name, hash, platform, state]),
        [['a', 'new', 'wasm', 'loading'], ['a', 'old', 'webgpu', 'evicted'], ['b', 'h', 'wasm', 'evicted']]);
});

test('the list of what is gone is bounded', () => {
    const residents = new Residents();
    for (let i = 0; i < 100; i++) {
        loaded(residents, `m${i}`, 1);
        residents.remove(`m${i}@h`, 'wasm', 'failed', 'why');
    }
    assert.equal(residents.states().length, 32);
    assert.equal(residents.states().at(-1).name, 'm99');
});

test('run times are averaged for each model and platform, a first run counting little', () => {
    const times = new Times(), m = { key: 'm', platform: 'wasm' };
    const known = () => [times.usual(m), times.usual(m, false)];
    assert.deepEqual(known(), [Infinity, Infinity]);
    times.note(m, 900, false);
    assert.deepEqual(known(), [Infinity, 900], 'that was the first');
    times.note(m, 100, true);
    times.note(m, 200, true);
    times.note(m, 900, false); // loaded once more
    assert.deepEqual(known(), [130, 130]);
    assert.equal(times.usual({ ...m, platform: 'webgpu' }), Infinity);
    for (let i = 0; i < 256; i++) {
        assert.deepEqual(known(), [130, 130]);
        times.note({ key: `other ${i}`, platform: 'wasm' }, 1, true);
    }
    assert.deepEqual(known(), [Infinity, Infinity], 'others ran since');
});

/** A connection over sockets that only take notes, with a clock and a timer of the test's. */
function setUp(t) {
    const world = { now: 1000, due: () => {}, sockets: [], unwanted: [], forgotten: 0, ended: Promise.resolve() };
    t.mock.method(performance, 'now', () => world.now);
    t.mock.method(globalThis, 'setTimeout', (run) => { world.due = run; });
    t.mock.method(globalThis, 'clearTimeout', () => {});
    const { WebSocket } = globalThis;
    t.after(() => { globalThis.WebSocket = WebSocket; });
    globalThis.WebSocket = /** @type {any} */ (class {
        static OPEN = 1;
        readyState = 1;
        sent = [];
        constructor() { world.sockets.push(this); }
        send(frame) { this.sent.push(frame); }
        close() { this.closed = true; }
    });
    const nothing = () => {};
    const connection = new Connection(new Services(['http://x'], true, () => performance.now()), new Passes('token'), '1', /** @type {any} */ ({ capabilities: () => ({}),
        unanswered: () => [], wanted: () => ({}), rewind: nothing, pulse: () => ({}), onWelcome: nothing,
        onForgotten: () => { world.forgotten++; }, onAnew: () => world.ended, onState: (state) => { world.state = state; },
        onUnwanted: (list) => world.unwanted.push(...list), onFigures: (figures) => { world.figures = figures; }, onMessage: nothing }));
    connection.open();
    const hear = (type, data) => world.sockets.at(-1).onmessage(
        { data: JSON.stringify({ id: 's1', type, from: 'service', timestamp: 0, data }) });
    return { world, connection, hear };
}

const answerFrame = (attempt, size) => encode({ id: 'p9', type: 'task_response', from: 'n', timestamp: 0,
    data: { attempt_id: attempt, reply_to: 's7', ok: true } },
[{ name: 'y', datatype: 'UINT8', shape: [size], bytes: new Uint8Array(size) }]);

/** What the page said in its last announcement. */
const announced = (world) => {
    world.sockets.at(-1).onopen();
    return JSON.parse(world.sockets.at(-1).sent[0]).data;
};

for (const [how, end] of [
    ['says so', ({ hear }) => hear('bye', { code: 'resume_unknown' })], ['closes with 4001', () => {}],
]) {
    test(`a service that knows nothing of a node and ${how} has it anew, with its token, when all is over`, async (t) => {
        const { world, connection, hear } = setUp(t);
        assert.deepEqual([announced(world).token, world.forgotten], ['token', 0]);
        hear('welcome', { node: 'n', resume_token: 'r', max_frame_bytes: 5000 });
        connection.answerText('before', { ok: true });
        connection.part('begun', 0, '{}');
        world.sockets[0].onclose({ code: 1006, reason: '' });
        await world.due();
        assert.equal(announced(world).resume.node, 'n');
        let settle;
        world.ended = new Promise((resolve) => { settle = resolve; });
        end({ hear });
        world.sockets[1].onclose({ code: 4001, reason: 'unknown node' });
        assert.deepEqual([world.forgotten, connection.node, world.state], [1, '', 'connecting']);
        const opened = world.due();
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(world.sockets.length, 2, 'what it began before has not ended');
        settle();
        await opened;
        const { token, resume } = announced(world);
        assert.deepEqual([token, resume], ['token', undefined]);
        hear('welcome', { node: 'm', resume_token: 's', max_frame_bytes: 5000 });
        const [, ...said] = world.sockets[2].sent;
        assert.deepEqual([connection.node, said], ['m', []], 'nothing of before is answered');
        world.sockets[2].onclose({ code: 1008, reason: 'spent' });
        assert.equal(world.state, 'refused');
    });
}

test('who comes back lists what an announcement may have, answers first, and gives up the rest', (t) => {
    const { world, connection, hear } = setUp(t);
    const id = (kind, i) => `${kind}-${String(i).padStart(16, '0')}`;
    hear('welcome', { node: 'n', resume_token: 'r', max_frame_bytes: 5000 });
    for (let i = 0; i < 300; i++) connection.answerText(id('answer', i), { ok: true });
    for (let i = 0; i < 500; i++) connection.part(id('stream', i), 7, '{}');
    const streams = Array.from({ length: 500 }, (_, i) => id('stream', i));
    const others = Array.from({ length: 500 }, (_, i) => id('other', i));
    connection._handlers.unanswered = () => [...others, ...streams];
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.open();
    world.sockets.at(-1).onopen();
    const { resume } = JSON.parse(world.sockets.at(-1).sent[0]).data;
    assert.deepEqual(resume.unacknowledged, Array.from({ length: 300 }, (_, i) => id('answer', i)));
    assert.deepEqual(resume.running, [...streams, ...others.slice(0, 224)]);
    assert.equal(Object.keys(resume.next).length, 500);
    hear('welcome', { node: 'n', resume_token: 'r', resumed: true });
    assert.deepEqual(world.unwanted, others.slice(224));
});

test('an announcement is at most 64 KiB, whatever is held', (t) => {
    const { world, connection, hear } = setUp(t);
    connection._handlers.capabilities = () => ({ adapter: '\u00e9'.repeat(5000) });
    hear('welcome', { node: 'n', resume_token: 'r', max_frame_bytes: 5000 });
    const ids = Array.from({ length: 1000 }, (_, i) => `stream-${String(i).padStart(40, '0')}`);
    for (const id of ids) connection.part(id, 1e6, '{}');
    connection._handlers.unanswered = () => ids;
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.open();
    world.sockets.at(-1).onopen();
    const frame = world.sockets.at(-1).sent[0], size = Buffer.byteLength(frame);
    assert.ok(size > 65_000 && size <= 65_536, `${size} bytes`);
    const { running, next } = JSON.parse(frame).data.resume;
    assert.deepEqual(Object.keys(next), running);
    hear('welcome', { node: 'n', resume_token: 'r', resumed: true, max_frame_bytes: 5000 });
    assert.deepEqual([...running, ...world.unwanted], ids);
    connection._handlers.unanswered = () => running;
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.open();
    world.sockets.at(-1).onopen(); // what was given up is forgotten here, too
    assert.deepEqual(Object.keys(JSON.parse(world.sockets.at(-1).sent[0]).data.resume.next), running);
});

test('an answer that does not fit a message goes in pieces, also when the next connection takes less', (t) => {
    const { world, connection, hear } = setUp(t);
    hear('welcome', { node: 'n', resume_token: 'r', max_frame_bytes: 5000 });
    const said = () => world.sockets.at(-1).sent.map((frame) => (typeof frame === 'string' ? JSON.parse(frame) : frame));
    connection.answer('a', answerFrame('a', 6000));
    const fits = answerFrame('b', 3000);
    connection.answer('b', fits);
    const [outline, frame] = said().slice(-2);
    assert.deepEqual([outline.type, outline.data.attempt_id], ['task_outline', 'a']);
    assert.equal(frame, fits);
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.open();
    world.sockets.at(-1).onopen();
    hear('welcome', { node: 'n', resume_token: 'r', resumed: true, max_frame_bytes: 2000, cancel: ['a'] });
    assert.deepEqual(world.unwanted, ['a']);
    assert.deepEqual(said().slice(1).map(({ type, data }) => [type, data.attempt_id]), [['task_outline', 'b']]);
    hear('task_ack', { attempt_ids: ['b'] });
    assert.equal(connection.hasAnswered('b'), false);
});

test('after a reconnect parts are sent from where the service wants them, before the answers', (t) => {
    const { world, connection, hear } = setUp(t);
    const said = () => world.sockets.at(-1).sent.map((frame) => JSON.parse(frame));
    const part = (seq) => JSON.stringify({ type: 'task_part', data: { attempt_id: 'a', seq } });
    hear('welcome', { node: 'n', resume_token: 'r' });
    for (const seq of [0, 1, 2]) connection.part('a', seq, part(seq));
    assert.deepEqual(said().slice(-3).map(({ data }) => data.seq), [0, 1, 2]);
    hear('task_ack', { attempt_ids: [], parts: { a: 1 } });
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.part('a', 3, part(3));
    connection.answerText('a', { attempt_id: 'a', ok: true, parts: 4 });
    connection.part('b', 0, JSON.stringify({ type: 'task_part', data: { attempt_id: 'b', seq: 0 } }));
    connection._handlers.unanswered = () => ['b'];
    connection.open();
    world.sockets.at(-1).onopen();
    assert.deepEqual(said()[0].data.resume.next, { a: 4, b: 1 });
    hear('welcome', { node: 'n', resume_token: 'r', resumed: true, next: { a: 2 }, cancel: ['b'] });
    assert.deepEqual(said().slice(1).map(({ type, data }) => [type, data.attempt_id, data.seq]),
        [['task_part', 'a', 2], ['task_part', 'a', 3], ['task_response', 'a', undefined]]);
    hear('task_ack', { attempt_ids: ['a'] });
    connection.part('c', 0, part(0));
    hear('task_cancel', { attempt_id: 'c' });
    world.sockets.at(-1).onclose({ code: 1006, reason: '' });
    connection.open();
    world.sockets.at(-1).onopen();
    assert.deepEqual(said()[0].data.resume.next, {});
});

test('silence is counted in intervals: one who could not run for a while has heard nothing, that is all', (t) => {
    const { world, hear } = setUp(t);
    const [first] = world.sockets;
    hear('welcome', { node: 'n', resume_token: 'r', heartbeat_interval_ms: 100, heartbeat_misses: 3 });
    const wait = (ms) => {
        world.now += ms;
        world.due();
    };
    wait(100);
    wait(5000); // what has come meanwhile is still to be read
    assert.equal(first.closed, undefined);
    hear('heartbeat', { seq: 1 });
    for (let i = 0; i < 3; i++) wait(100);
    assert.equal(first.closed, undefined);
    wait(100);
    assert.equal(first.closed, true);
});

test('figures of this node come with the heartbeats of the service, which may know some only later, or lie', (t) => {
    const { world, hear } = setUp(t);
    hear('welcome', { node: 'n', resume_token: 'r' });
    hear('heartbeat', { seq: 1 });
    assert.deepEqual(world.figures, { answered: 0, failed: 0, heartbeats_lost: 0 });
    hear('heartbeat', { seq: 2, answered: 3, failed: 1, heartbeats_lost: 2, task_ms_p50: 7.5, rtt_ms: 1.25 });
    assert.deepEqual(world.figures, { answered: 3, failed: 1, heartbeats_lost: 2, task_ms_p50: 7.5, rtt_ms: 1.25 });
    hear('heartbeat', { seq: 3, answered: -3, failed: 'many', heartbeats_lost: null, task_ms_p50: {}, rtt_ms: '<b>' });
    assert.deepEqual(world.figures, { answered: 0, failed: 0, heartbeats_lost: 0 });
});
