// tier: quick
/** What the console's view of vectors hears: the frames of GET /v1/channels, cut anywhere, and a feed that goes on after a loss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { batchOf, Feed, FrameReader } from '../../page/src/console/vectors/feed.js';
import { encode } from '../../page/src/shared/frame.js';

const until = async (holds) => { while (!holds()) await turn(); };
const values = Float32Array.of(1, -2.5, NaN, 4, 5, 6);
const frameOf = (type, data, tensors = []) => new Uint8Array(encode({ id: 'm-1', type, from: 'service', timestamp: 1, data }, tensors));
/** As the daemon sends it: with zeros up to a multiple of 8 bytes. */
const sent = (frame) => Uint8Array.from([...frame, ...new Uint8Array(-frame.length & 7)]);
const tensor = (name = 'vectors', datatype = 'FP32') => ({ name, datatype, shape: [2, 3], bytes: new Uint8Array(values.slice().buffer) });
const batch = () => frameOf('vector_batch', { count: 2, dimensions: 3, model_name: 'finch', jobs: ['job-1', 'job-2'], labels: ['ä', null], timestamp: 2 }, [tensor()]);

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
    assert.throws(() => new FrameReader().push(Uint8Array.of(4, 0, 0, 0, 110, 117, 108, 108)));
    const far = new TextEncoder().encode('{"data":{"tensors":[{"offset":0,"byte_length":1e9}]}}'), long = new Uint8Array(4 + far.length + 8);
    new DataView(long.buffer).setUint32(0, far.length, true);
    long.set(far, 4);
    assert.throws(() => new FrameReader().push(long), /a tensor that does not end/);
});

test('a feed asks for what was kept once, goes on after a loss, and ends when it is left', async () => {
    const asked = [], heard = [], states = [];
    let cut = () => {};
    const open = async (path, { headers, signal }) => {
        asked.push([path, headers.Accept]);
        if (asked.length === 2) throw new Error('it is away');
        return { body: new ReadableStream({ start(controller) {
            controller.enqueue(sent(batch()));
            controller.enqueue(sent(frameOf('missed', { channel: 'vector_updates', count: 5 })));
            cut = () => controller.close();
            signal.addEventListener('abort', () => controller.error(new Error('left')));
        } }) };
    };
    const feed = new Feed(open, { batch: (one) => heard.push(one.model), missed: (rows) => heard.push(rows), changed: () => states.push(feed?.state ?? 'begun') });
    await until(() => heard.length === 2);
    cut();
    await until(() => feed.state === 'lost');
    feed.hurry();
    await until(() => feed.problem === 'it is away');
    feed.hurry();
    await until(() => heard.length === 4);
    assert.equal(feed.state, 'open');
    feed.stop();
    await turn();
    assert.deepEqual(asked.map(([path]) => path), ['/v1/channels?names=vector_updates&recent=4096', ...Array(2).fill('/v1/channels?names=vector_updates')]);
    assert.deepEqual([new Set(asked.map(([, accept]) => accept)), heard], [new Set(['application/octet-stream']), ['finch', 5, 'finch', 5]]);
});
