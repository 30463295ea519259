// tier: quick
/** What the console's view of vectors hears: the frames of GET /v1/channels, cut anywhere, and a feed that goes on after a loss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { readPieces } from '../../page/src/console/pieces.js';
import { batchOf, Feed, FrameReader } from '../../page/src/console/vectors/feed.js';
import { encode } from '../../page/src/shared/frame.js';

const until = async (holds) => { while (!holds()) await turn(); };
const values = Float32Array.of(1, -2.5, NaN, 4, 5, 6);
const frameOf = (type, data, tensors = []) => new Uint8Array(encode({ id: 'm-1', type, from: 'service', timestamp: 1, data }, tensors));
/** As the daemon sends it: with zeros up to a multiple of 8 bytes. */
const sent = (frame) => Uint8Array.from([...frame, ...new Uint8Array(-frame.length & 7)]);
const tensor = (name = 'vectors', datatype = 'FP32') => ({ name, datatype, shape: [2, 3], bytes: new Uint8Array(values.slice().buffer) });
const batch = (timestamp = 2, jobs = ['job-1', 'job-2']) => frameOf('vector_batch', { count: 2, dimensions: 3, model_name: 'finch', jobs, labels: ['ä', null], timestamp }, [tensor()]);

test('frames are read however their bytes are cut', () => {
    const frames = [batch(), frameOf('missed', { channel: 'vector_updates', count: 3 }), batch()], stream = Buffer.concat(frames.map(sent));
    for (const size of [1, 2, 3, 5, 7, 64, 100, stream.length]) {
        const reader = new FrameReader(), found = [];
        for (let at = 0; at < stream.length; at += size) found.push(...reader.push(new Uint8Array(stream.subarray(at, at + size))));
        assert.deepEqual(found.map(({ type }) => type), ['vector_batch', 'missed', 'vector_batch'], `pieces of ${size}`);
        for (const at of [0, 2]) assert.deepEqual(batchOf(found[at]), { model: 'finch', dimensions: 3, vectors: values, labels: ['ä', null], jobs: ['job-1', 'job-2'] });
        assert.deepEqual([found[1].data.count, batchOf(found[1])], [3, null]);
    }
});

test('messages of other kinds and shapes are no rows, and a stream of garbage ends', () => {
    const read = (frame) => new FrameReader().push(sent(frame)).map(batchOf);
    const rows = (more) => frameOf('vector_batch', {}, [{ ...tensor(), ...more }]);
    for (const other of [frameOf('job_completed', { jobs: [] }), rows({ datatype: 'INT32' }), rows({ name: 'other' }), rows({ shape: [3, 0] }), rows({ shape: [2, 4] }), rows({ shape: [6] }),
        rows({ bytes: new Uint8Array(20) }), frameOf('vector_batch', {})])
        assert.deepEqual(read(other), [null]);
    assert.deepEqual(read(frameOf('vector_batch', { model_name: 'm', labels: 'x', jobs: 7 }, [tensor()]))[0].labels, []);
    assert.throws(() => new FrameReader().push(Uint8Array.of(255, 255, 255, 255)), /too long a head/);
    for (const head of ['null', '{"a"']) assert.throws(() => new FrameReader().push(Uint8Array.of(4, 0, 0, 0, ...Buffer.from(head))), /a head that is no message/);
    const far = new TextEncoder().encode('{"data":{"tensors":[{"offset":0,"byte_length":1e9}]}}'), long = new Uint8Array(4 + far.length + 8);
    new DataView(long.buffer).setUint32(0, far.length, true);
    long.set(far, 4);
    assert.throws(() => new FrameReader().push(long), /a tensor that does not end/);
});

/** What a feed has of the console: answers to `GET /v1/channels` are what `answers` has, one after the other. */
function kitOf(answers, asked) {
    return {
        sentenceOf: (error) => error.message,
        async readPieces(path, { headers, signal }, take, begun) {
            asked.push([path, headers.Accept]);
            const pieces = answers.shift();
            await turn();
            if (pieces instanceof Error) throw pieces;
            begun();
            for (const piece of pieces) take(piece);
            await new Promise((resolve, reject) => {
                asked.cut = resolve;
                signal.addEventListener('abort', () => reject(new Error('left')));
            });
        },
    };
}

test('a feed goes on after a loss, draws nothing twice, and ends when it is left', async () => {
    const asked = [], heard = [], states = [], job = ['job-3', 'job-3'], missed = sent(frameOf('missed', { channel: 'vector_updates', count: 5 }));
    const first = [sent(batch()), missed, sent(batch(3, job)), sent(batch(3, job))]; // the last two are of one answer
    const kit = kitOf([first, new Error('it is away'), [sent(batch()), sent(batch(3, job)), sent(batch(3, job)), sent(batch(4, ['job-1', 'job-2']))]], asked);
    const feed = new Feed(kit, { batch: ({ jobs }) => heard.push(jobs.at(-1)), missed: (rows) => heard.push(rows), changed: () => states.push(feed.state) });
    await until(() => heard.length === 4);
    asked.cut();
    await until(() => feed.state === 'lost');
    feed.hurry();
    await until(() => feed.problem === 'it is away');
    feed.hurry();
    await until(() => heard.length === 5);
    assert.equal(feed.state, 'open');
    feed.stop();
    for (let i = 0; i < 9; i++) await turn();
    assert.deepEqual(asked.map(([path]) => path), Array(3).fill('/v1/channels?names=vector_updates&recent=4096'));
    assert.deepEqual(new Set(asked.map(([, accept]) => accept)), new Set(['application/octet-stream']));
    assert.deepEqual([heard, states], [['job-2', 5, 'job-3', 'job-3', 'job-2'], ['open', 'lost', 'lost', 'open']]);
});

test('after a loss within one answer its other messages are drawn', async () => {
    const asked = [], heard = [], whole = [batch(3), batch(3), batch(3)].map(sent), kit = kitOf([whole.slice(0, 2), whole], asked);
    const feed = new Feed(kit, { batch: ({ jobs }) => heard.push(jobs.length), missed() {}, changed() {} });
    await until(() => heard.length === 2);
    asked.cut();
    await until(() => feed.state === 'lost');
    feed.hurry();
    await until(() => heard.length === 3);
    feed.stop();
});

test('a feed asks again no sooner than the daemon says', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const asked = [], full = Object.assign(new Error('64 watch already'), { retryAfter: '7' });
    const feed = new Feed(kitOf([full, full], asked), { batch() {}, missed() {}, changed() {} });
    await until(() => feed.state === 'lost');
    context.mock.timers.tick(6999);
    for (let i = 0; i < 9; i++) await turn();
    assert.equal(asked.length, 1);
    context.mock.timers.tick(1);
    await until(() => asked.length === 2);
    feed.stop();
});

/** An answer of the daemon whose body has these pieces, and does not end by itself. */
const answering = (...pieces) => async (_, { signal }) => new Response(new ReadableStream({ start(controller) {
    for (const piece of pieces) controller.enqueue(piece);
    signal.addEventListener('abort', () => controller.error(signal.reason));
} }));

test('an answer that says nothing is given up, and what is not read on is let go', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { fetch } = globalThis, { signal } = new AbortController(), pieces = [];
    context.after(() => { globalThis.fetch = fetch; });
    globalThis.fetch = answering(Uint8Array.of(1));
    const silent = assert.rejects(readPieces('/v1/channels', { signal }, (piece) => pieces.push(...piece)), /the daemon has said nothing for 25 s/);
    await until(() => pieces.length === 1);
    context.mock.timers.tick(25_000);
    await silent;
    let left;
    globalThis.fetch = (path, options) => (left = options.signal, answering(Uint8Array.of(1))(path, options));
    await assert.rejects(readPieces('/v1/channels', { signal }, () => { throw new Error('garbage'); }), /garbage/);
    assert.equal(left.aborted, true);
});
