/** Where the WASM engine loads its models: moved by what was measured, and off the way of requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WasmEngine } from '../../page/src/engine/wasm.js';
import { onnx } from './support/models.mjs';

globalThis.self = { location: { origin: 'http://127.0.0.1', href: 'http://127.0.0.1/' } };

/** Stands in for one instance of onnxruntime-web: `ms` is what its next run takes. */
class Instance {
    name = 'ort';
    platform = 'wasm';
    version = '0';
    credential = 'c';
    models = new Set();
    opened = 0;
    ms = 0.4;

    configure({ threads }) { this.threads = threads; }
    has(key) { return this.models.has(key); }
    get loadedCount() { return this.models.size; }
    async open(key, { bytes, spec }) {
        if (this.broken) throw new Error('no memory');
        this.isOpening = true;
        await this.gate;
        assert.ok(bytes.byteLength > 0 && spec);
        this.opened++;
        this.models.add(key);
    }
    async unload(key) { this.models.delete(key); }
    async run(task) {
        assert.ok(this.models.has(task.key));
        return { inferenceMs: this.ms, by: this };
    }
}

const task = (bytes) => ({ key: 'm@1', model: onnx('m', bytes, { url: '/models/m/1/model.onnx' }) });

/** An engine that has loaded a model of `bytes` bytes, and means to look at it. */
async function withModel(t, { bytes = 1000, threads = 4 } = {}) {
    t.mock.method(globalThis, 'fetch', async (url) => new Response(new Uint8Array(String(url).includes('n@') ? 4500 : bytes)));
    const [all, one] = [new Instance(), new Instance()];
    const engine = new WasmEngine(all, one, 5000);
    engine.configure({ credential: 'c', threads });
    const what = task(bytes);
    await engine.load(what, () => {}, new AbortController().signal);
    const run = async (count = 1, which = what) => {
        let outcome;
        for (let i = 0; i < count; i++) {
            outcome = await engine.run(which);
            await engine.rest();
        }
        return outcome.by;
    };
    return { engine, all, one, run, what };
}

/** A block of runs of less than 12 ms, with the first, which is not counted. */
const BLOCK = 9;
/** After so many a model is wanted on the other side. */
const ALONE = BLOCK;
/** So many measure both sides then. */
const MEASURED = 3 * BLOCK;

test('every model begins on all threads, and only the other instance has but one', async (t) => {
    const { engine, all, one, run } = await withModel(t);
    assert.deepEqual([all.threads, one.threads], [4, 1]);
    assert.equal(await run(), all);
    assert.ok(engine.has('m@1'));
    assert.equal(engine.loadedCount, 1);
});

test('a model that one thread does as well for stays on one, and was never out of reach', async (t) => {
    const { engine, all, one, run, what } = await withModel(t);
    one.ms = 0.6;
    for (let i = 0; i < ALONE; i++) await engine.run(what);
    assert.equal(one.opened, 0, 'nothing is loaded while requests may wait');
    await engine.rest();
    assert.ok(all.has('m@1') && one.has('m@1'));
    assert.equal(await run(MEASURED), one);
    assert.equal(await run(20), one);
    assert.deepEqual([all.opened, one.opened], [1, 1]);
});

test('it stays loaded on both sides, and is not loaded again to be measured again', async (t) => {
    const { all, one, run } = await withModel(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    one.ms = 1.5;
    assert.equal(await run(ALONE + MEASURED + 1), all);
    now += 10_000;
    one.ms = 0.6;
    assert.equal(await run(100), one);
    assert.deepEqual([all.opened, one.opened], [1, 1]);
    assert.ok(all.has('m@1') && one.has('m@1'));
});

test('others leave the side on which they do not run when there is no room to load so much twice', async (t) => {
    const { engine, all, one, run } = await withModel(t);
    one.ms = 1.5;
    await run(ALONE + MEASURED);
    assert.ok(all.has('m@1') && one.has('m@1'));
    const more = { key: 'n@1', model: onnx('n', 4500, { url: '/models/n@1/model.onnx' }) };
    await engine.load(more, () => {}, new AbortController().signal);
    assert.equal(await run(ALONE + MEASURED + 1, more), all);
    assert.ok(all.has('m@1') && !one.has('m@1'));
    assert.ok(all.has('n@1') && one.has('n@1'));
    assert.equal(await run(), all);
});

test('others leave it, too, that nobody asks for any more while they are measured', async (t) => {
    const { engine, all, one, run } = await withModel(t);
    await run(ALONE + 1);
    assert.ok(all.has('m@1') && one.has('m@1'));
    const more = { key: 'n@1', model: onnx('n', 4500, { url: '/models/n@1/model.onnx' }) };
    await engine.load(more, () => {}, new AbortController().signal);
    await run(ALONE + 1, more);
    assert.ok(all.has('n@1') && one.has('n@1'));
    assert.ok(all.has('m@1') && !one.has('m@1'));
    assert.equal(await run(), all);
});

/** An engine whose copy of the model on `side` is being created, until `open` is called. */
async function whileCopied(engine, side, runs) {
    let open;
    side.gate = new Promise((resolve) => { open = resolve; });
    side.isOpening = false;
    await runs();
    const step = engine.rest();
    while (!side.isOpening) await new Promise(setImmediate);
    return { open, step };
}

test('what is loaded twice is told, and loaded once when its memory is wanted', async (t) => {
    const { engine, all, one, run } = await withModel(t);
    const told = [];
    engine.tell = ({ key, bytes }) => told.push([key, bytes]);
    await run(ALONE);
    assert.deepEqual(told, [['m@1', 1000]]);
    assert.equal(await run(), one, 'it is measured');
    await engine.once('m@1');
    assert.deepEqual(told, [['m@1', 1000], ['m@1', 0]]);
    assert.ok(all.has('m@1') && !one.has('m@1'));
    assert.equal(await run(3 * MEASURED), all);
    await engine.once('m@1');
    await engine.once('unknown@1');
    assert.equal(told.length, 2);
    assert.equal(one.opened, 1);
});

test('a second copy that comes when its memory is wanted goes at once, and comes again later', async (t) => {
    const { engine, all, one, run, what } = await withModel(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const told = [];
    engine.tell = ({ key, bytes }) => told.push([key, bytes]);
    const { open, step } = await whileCopied(engine, one, async () => {
        for (let i = 0; i < ALONE; i++) await engine.run(what);
    });
    assert.deepEqual(told.splice(0), [['m@1', 1000]], 'it counts before it has come');
    await engine.once('m@1');
    open();
    await step;
    assert.ok(all.has('m@1') && !one.has('m@1'));
    assert.deepEqual(told.splice(0), [['m@1', 0]]);
    now += 20_000;
    assert.equal(await run(3 * MEASURED), one);
    await engine.unload('m@1');
    assert.deepEqual(told, [['m@1', 1000], ['m@1', 0]]);
});

test('a model that comes again waits for its second copy, which is not wanted any more, to go', async (t) => {
    const { engine, all, one, run, what } = await withModel(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    assert.equal(await run(ALONE + MEASURED), one);
    await engine.once('m@1');
    assert.ok(!all.has('m@1'));
    one.ms = 2;
    now += 20_000;
    const { open, step } = await whileCopied(engine, all, async () => {
        for (let i = 0; i < 20; i++) await engine.run(what);
    });
    await engine.unload('m@1');
    const load = engine.load(what, () => {}, new AbortController().signal);
    open();
    await Promise.all([step, load]);
    assert.deepEqual([all.has('m@1'), one.has('m@1')], [true, false]);
    assert.equal(await run(), all);
});

test('a model that threads make faster goes back to them', async (t) => {
    const { all, one, run } = await withModel(t);
    one.ms = 1.5;
    await run(ALONE + MEASURED);
    assert.equal(await run(100), all);
    assert.deepEqual([all.opened, one.opened], [1, 1]);
});

test('slow models are measured as well; only what is large, or has but one thread, is not', async (t) => {
    const slow = await withModel(t);
    Object.assign(slow.all, { ms: 600 });
    Object.assign(slow.one, { ms: 400 });
    assert.equal(await slow.run(4 * 2), slow.one);
    const large = await withModel(t, { bytes: 5001 });
    assert.equal(await large.run(200), large.all);
    const alone = await withModel(t, { threads: 1 });
    assert.equal(await alone.run(200), alone.all);
    for (const { one } of [large, alone]) assert.equal(one.opened, 0);
});

test('where the other instance cannot have it, it stays where it is', async (t) => {
    const { all, one, run } = await withModel(t);
    one.broken = true;
    assert.equal(await run(200), all);
    assert.deepEqual([all.opened, one.opened], [1, 0]);
});

test('where its file does not come for once, it is loaded there another time', async (t) => {
    const { one, run } = await withModel(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    globalThis.fetch.mock.mockImplementationOnce(async () => new Response('', { status: 503 }));
    await run(ALONE);
    assert.equal(one.opened, 0);
    now += 20_000;
    assert.equal(await run(3 * MEASURED), one);
});

test('requests are answered while it is loaded elsewhere, and what is unloaded meanwhile stays so', async (t) => {
    const { engine, all, one, run, what } = await withModel(t);
    let open;
    one.gate = new Promise((resolve) => { open = resolve; });
    for (let i = 0; i < ALONE; i++) await engine.run(what);
    const step = engine.rest();
    assert.equal((await engine.run(what)).by, all);
    await engine.rest(); // one step at a time
    await engine.unload('m@1');
    open();
    await step;
    assert.ok(!engine.has('m@1'));
    await engine.load(what, () => {}, new AbortController().signal);
    assert.equal(await run(ALONE), all);
});

test('unloaded is unloaded, wherever it is, and what was measured of it too', async (t) => {
    const { engine, all, one, run, what } = await withModel(t);
    await run(ALONE);
    assert.ok(all.has('m@1') && one.has('m@1'));
    await engine.unload('m@1');
    assert.ok(!engine.has('m@1'));
    await engine.rest();
    await engine.load(what, () => {}, new AbortController().signal);
    assert.equal(await run(), all);
});
