// tier: quick
/** On which threads models run on WASM, over instances that only take notes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WasmEngine } from '../../page/src/engine/wasm.js';

const MIB = 1 << 20;
const model = (bytes) => ({ name: 'm', hash: 'h', engine: 'ort', files: [{ path: 'model.onnx', url: '/m', bytes, hash: 'h' }] });
const task = (key, bytes = 100) => ({ key, model: model(bytes) });

/** An instance whose runs take `took.ms`. */
const instance = (name, took) => ({
    name: 'ort', models: new Set(), started: 0, settings: null,
    configure(settings) { this.settings = settings; },
    async start() { this.started++; },
    has(key) { return this.models.has(key); },
    get loadedCount() { return this.models.size; },
    async load({ key }) { this.models.add(key); },
    async unload(key) { this.models.delete(key); },
    async run() { return { tensors: [], threads: name, inferenceMs: took.ms }; },
});

function setUp(settings = {}) {
    const took = { ms: 0.3 };
    const all = instance('all', took), one = instance('one', took);
    const engine = new WasmEngine(all, one);
    const configure = (more) => engine.configure({ credential: '', max_frame: 1e9, threads: 4, ...more });
    configure(settings);
    /** As a worker has it: what is not there is loaded. @returns {Promise<[string, boolean]>} where it ran, and whether it was there */
    const run = async (what, ms = 0.3) => {
        took.ms = ms;
        const isWarm = engine.has(what.key, what);
        if (!isWarm) {
            await engine.start(() => {}, what);
            await engine.load(what, () => {}, new AbortController().signal);
        }
        const { threads } = await engine.run(what, {});
        return [threads, isWarm];
    };
    return { all, one, engine, run, configure };
}

test('a model of few bytes begins on one thread, and of its instances only that comes up', async () => {
    const { all, one, run } = setUp();
    assert.deepEqual([all, one].map(({ settings: { threads } }) => threads), [4, 1]);
    assert.deepEqual(await run(task('small', 4 * MIB)), ['one', false]);
    assert.deepEqual(await run(task('small', 4 * MIB)), ['one', true]);
    assert.deepEqual([all.started, one.started], [0, 1]);
});

test('one of more begins on all threads, however short its runs are', async () => {
    const { one, run } = setUp();
    for (const isWarm of [false, true, true]) assert.deepEqual(await run(task('large', 4 * MIB + 1)), ['all', isWarm]);
    assert.equal(one.started, 0);
});

test('another session of a model, for a profile, computes where the model does', async () => {
    const { run } = setUp(), other = { ...task('m profiled'), of: 'm' };
    assert.deepEqual(await run(other), ['one', false]);
    for (let i = 0; i < 4; i++) await run(task('n'), 6);
    assert.deepEqual(await run({ ...task('n profiled'), of: 'n' }, 6), ['all', false]);
});

test('three long runs in a row move a model to all threads, where it stays, loaded once', async () => {
    const { all, one, run, engine } = setUp();
    for (const ms of [5.1, 5.1, 5, 5.1, 5.1]) assert.equal((await run(task('m'), ms))[0], 'one', 'three, but not in a row');
    assert.deepEqual(await run(task('m'), 5.1), ['one', true]);
    assert.deepEqual(await run(task('m'), 5.1), ['all', false]);
    assert.deepEqual(await run(task('m'), 0.3), ['all', true]);
    assert.deepEqual([all.has('m'), one.has('m'), engine.loadedCount], [true, false, 1]);
    assert.deepEqual(await run(task('other')), ['one', false], 'it says nothing of others');
});

test('a model that was unloaded begins anew', async () => {
    const { run, engine } = setUp();
    for (let i = 0; i < 4; i++) await run(task('m'), 100);
    await engine.unload('m');
    assert.equal(engine.loadedCount, 0);
    assert.deepEqual(await run(task('m'), 100), ['one', false]);
});

test('with one thread there is one instance', async () => {
    const { one, run } = setUp({ threads: 1 });
    for (let i = 0; i < 5; i++) assert.equal((await run(task('m'), 100))[0], 'all');
    assert.equal(one.started, 0);
});

test('what is said of models counts for all of them, and at once', async () => {
    const { one, run, configure } = setUp();
    await run(task('m'));
    configure({ models: { threads: 4 } });
    assert.deepEqual(await run(task('m')), ['all', false]);
    assert.deepEqual(await run(task('new')), ['all', false]);
    assert.equal(one.has('m'), false);
    configure({ models: { threads: 0 } });
    assert.deepEqual(await run(task('m')), ['all', true], 'what is loaded stays');
});
