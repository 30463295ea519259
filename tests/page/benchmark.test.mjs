// tier: full
/** Benchmarks in the page: how runs become samples, over a clock of the test's own; and what goes between two runs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Benchmark, hashOf, resolutionOf } from '../../page/src/engine/benchmark.js';
import { WasmEngine } from '../../page/src/engine/wasm.js';
import { setUp } from './support/dispatcher.mjs';
import { engineOf, task, withServer } from './support/server.mjs';

/** A benchmark of runs that take so long; `clockMs` is what the clock goes on by. */
function play({ runs = 5, warmup = 1, tookMs = () => 100, clockMs = 0.01, gpuMs = () => undefined, others = () => 0, between = async () => {} }) {
    const world = { now: 0, runs: 0, open: 0, done: [] };
    const benchmark = new Benchmark({ runs, warmup }, {
        clockMs,
        now: () => Math.floor(world.now / clockMs) * clockMs,
        once: async () => {
            world.now += tookMs(world.runs);
            world.open++;
            return { tensors: [], threads: 3, gpuMs: gpuMs(world.runs++), dispose: () => world.open-- };
        },
        between: async (...done) => {
            world.done.push(done);
            await between(world);
        },
        others: () => others(world),
    });
    return { world, benchmark };
}

const near = (values, right) => values.forEach((value, i) => assert.ok(Math.abs(value - right[i]) < 0.02, `${values} is not ${right}`));

test('each run that is asked for is measured, after those that are not', async () => {
    const { world, benchmark } = play({ runs: 3, warmup: 2, tookMs: (run) => [50, 40, 6, 7, 5][run] });
    const { measured, outcome } = await benchmark.run();
    near(measured.run_ms, [6, 7, 5]);
    near([measured.first_ms, measured.clock_ms], [50, 0.01]);
    assert.deepEqual([world.runs, measured.repeats, measured.gpu_ms, measured.threads, measured.disturbed], [5, 1, null, 3, []]);
    assert.deepEqual(world.done, [[0, 5], [1, 5], [2, 5], [3, 5], [4, 5]]);
    assert.equal(world.open, 1, 'all but the last are disposed of');
    outcome.dispose();
    assert.equal(world.open, 0);
});

test('without a warm-up the first run is one of them', async () => {
    const { world, benchmark } = play({ runs: 2, warmup: 0, tookMs: (run) => [50, 4][run] });
    const { measured } = await benchmark.run();
    near(measured.run_ms, [50, 4]);
    near([measured.first_ms], [50]);
    assert.equal(world.runs, 2);
});

test('a sample lasts twenty times what the clock can tell, the first 4 ms at least, and says of how many runs it is', async () => {
    for (const [clockMs, least] of [[1, 20], [0.01, 4]]) {
        const { world, benchmark } = play({ runs: 4, warmup: 1, tookMs: () => 0.3, clockMs });
        const { measured } = await benchmark.run();
        assert.ok(measured.repeats * 0.3 >= least && measured.repeats * 0.3 < 3 * least, `${measured.repeats} runs by ${clockMs} ms`);
        assert.equal(measured.run_ms.length, 4);
        for (const ms of measured.run_ms) assert.ok(Math.abs(ms - 0.3) < clockMs / measured.repeats + 1e-9, `${ms}`);
        assert.equal(world.runs % measured.repeats, (1 + 1) % measured.repeats, 'the warm-up and one too short');
    }
});

test('runs that take no time at all come to an end', async () => {
    const { benchmark } = play({ runs: 1, warmup: 0, tookMs: () => 0, clockMs: 1 });
    assert.deepEqual((await benchmark.run()).measured.run_ms, [0]);
});

test('the run after another\'s task is disturbed', async () => {
    let tasks = 0;
    const { benchmark } = play({ runs: 5, warmup: 0, others: () => tasks, between: async ({ runs }) => { tasks += runs === 1 || runs === 4 ? 1 : 0; } });
    assert.deepEqual((await benchmark.run()).measured.disturbed, [1, 4]);
});

test('times of the GPU are there for all runs or for none', async () => {
    const all = await play({ runs: 3, gpuMs: (run) => run * 2 }).benchmark.run();
    assert.deepEqual(all.measured.gpu_ms, [2, 4, 6]);
    const some = await play({ runs: 3, gpuMs: (run) => (run === 2 ? null : 1) }).benchmark.run();
    assert.equal(some.measured.gpu_ms, null);
});

test('what ends between two runs leaves nothing', async () => {
    const { world, benchmark } = play({ between: async ({ runs }) => { if (runs === 3) throw new Error('cancelled'); } });
    await assert.rejects(benchmark.run(), /cancelled/);
    assert.deepEqual([world.runs, world.open], [3, 0]);
});

test('the resolution of a clock is its least step', () => {
    let looks = 0;
    assert.equal(resolutionOf(() => Math.floor(looks++ / 1000) * 0.5), 0.5);
    assert.equal(resolutionOf(() => 7), 0, 'of one that stands still it is not known');
});

test('the hash is of outputs and result, and of no times', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const outcome = (ms) => ({ tensors: [{ name: 'y', datatype: 'UINT8', shape: [1, 3], bytes }], result: { text: 'a', timings: { ms }, usage: {} } });
    const right = createHash('sha256').update('y\0UINT8\0' + '1,3\0').update(bytes).update('{"text":"a"}').digest('hex');
    assert.equal(hashOf(outcome(1)), right);
    assert.equal(hashOf(outcome(2)), right);
    assert.equal(hashOf({ tensors: [] }), createHash('sha256').digest('hex'));
});

// --- in a worker -----------------------------------------------------------------------------------

const measure = (attempt, runs, more = {}) => task(attempt, 'm', { benchmark: { runs, warmup: 1 }, ...more });

test('what others ask for goes before the next run, and that is told', async () => {
    const ran = [];
    let begun = () => {};
    const third = new Promise((resolve) => { begun = resolve; });
    let go = () => {};
    const held = new Promise((resolve) => { go = resolve; });
    const engine = engineOf(async ({ attempt }) => {
        ran.push(attempt);
        if (ran.length === 3) {
            begun();
            await held;
        }
        await new Promise((resolve) => { setTimeout(resolve, 6); }); // long enough for a sample
        return { tensors: [], threads: 1 };
    });
    await withServer(async ({ post, answer, end }) => {
        post(measure('b', 4));
        await third;
        post(task('x', 'm'));
        post(task('gone', 'm'));
        post({ type: 'cancel', attempt: 'gone' });
        post(task('e', 'builtin/echo'));
        await end('e'); // it waits for nobody
        go();
        const { result, executed_on: where } = await answer('b');
        assert.equal((await answer('x')).ok, true);
        assert.equal((await end('gone')).error.code, 'cancelled');
        assert.deepEqual(ran.slice(0, 4), ['b', 'b', 'b', 'x']);
        assert.deepEqual([result.repeats, ran.filter((one) => one === 'b').length], [1, 1 + 4]);
        assert.ok(result.disturbed.length > 0);
        assert.deepEqual([result.load_ms, result.threads, where.platform], [0, 1, 'wasm']);
    }, engine);
});

test('a cancel is heard between two runs', async () => {
    let runs = 0, begun = () => {};
    const second = new Promise((resolve) => { begun = resolve; });
    const engine = engineOf(async () => {
        if (++runs === 2) begun();
        await new Promise((resolve) => { setTimeout(resolve, 2); });
        return { tensors: [] };
    });
    await withServer(async ({ post, end, answer }) => {
        post(measure('b', 1000));
        await second;
        post({ type: 'cancel', attempt: 'b' });
        assert.equal((await end('b')).error.code, 'cancelled');
        const before = runs;
        post(task('x', 'm'));
        assert.equal((await answer('x')).ok, true);
        assert.equal(runs, before + 1);
    }, engine);
});

test('an echo is measured as well', () => withServer(async ({ post, answer }) => {
    post(task('e', 'builtin/echo', { benchmark: { runs: 2, warmup: 0 } }));
    const { result } = await answer('e');
    assert.equal(result.run_ms.length, 2);
}));

// --- in the link worker ----------------------------------------------------------------------------

const benchmark = { task_type: 'benchmark', benchmark: { runs: 9, warmup: 1 }, deadline_ms: 600_000 };

test('while a model is measured others are handed over, one at a time, and a second benchmark waits', () => {
    const { world } = setUp();
    world.request('b', benchmark);
    world.request('b2', benchmark);
    world.request('m1');
    world.request('m2');
    assert.deepEqual(world.runs('wasm'), ['b', 'm1']);
    assert.deepEqual(world.ports.wasm.posted.find(({ attempt }) => attempt === 'b').benchmark, benchmark.benchmark);
    world.answer('wasm', 'm1');
    assert.deepEqual(world.runs('wasm'), ['b', 'm1', 'm2']);
    world.answer('wasm', 'b');
    assert.deepEqual(world.runs('wasm').slice(3), ['b2']);
});

test('a benchmark may take as long as it likes, stops when it is cancelled, and says nothing of how long runs take', () => {
    const { world, dispatcher } = setUp();
    world.request('m');
    world.advance(20);
    world.answer('wasm', 'm');
    world.request('b', benchmark);
    for (let i = 0; i < 20; i++) {
        world.advance(20_000);
        world.tell('wasm', { type: 'progress', attempt: 'b', phase: 'measuring', done: i, total: 20 });
    }
    assert.deepEqual(world.replaced, []);
    assert.ok(world.sent.some(([type, { phase }]) => type === 'task_progress' && phase === 'measuring'));
    world.answer('wasm', 'b');
    assert.deepEqual(world.answers, ['m', 'b']);
    world.request('c', benchmark);
    dispatcher.cancel('c');
    assert.deepEqual(world.ports.wasm.posted.at(-1), { type: 'cancel', attempt: 'c' });
    assert.deepEqual(world.replaced, []);
});

test('an order that is none is refused', () => {
    const { world } = setUp();
    for (const order of [{}, { runs: 0, warmup: 0 }, { runs: 1 }, { runs: 1, warmup: -1 }, { runs: 1, warmup: 0, threads: 2 }, { runs: 1, warmup: 0, profile: 1 }, 'all'])
        world.request(JSON.stringify(order), { ...benchmark, benchmark: order });
    assert.deepEqual(world.failures.map(([, code]) => code), Array(7).fill('invalid_field'));
});

// --- on how many threads ---------------------------------------------------------------------------

const model = { name: 'm', hash: 'h', engine: 'ort', files: [{ path: 'model.onnx', url: '/m', bytes: 100, hash: 'h' }] };

/** Both instances, and who runs what. */
function threads() {
    const instance = (name) => ({
        name: 'ort', models: new Set(), configure() {}, async start() {},
        has(key) { return this.models.has(key); },
        async load({ key }) { this.models.add(key); },
        async unload(key) { this.models.delete(key); },
        async run() { return { tensors: [], threads: name, inferenceMs: 100 }; },
    });
    const all = instance('all'), one = instance('one'), engine = new WasmEngine(all, one);
    engine.configure({ credential: '', max_frame: 1e9, threads: 4 });
    const run = async (number) => {
        const what = { key: 'm', model, ...(number === null ? {} : { benchmark: { runs: 1, warmup: 0, threads: number } }) };
        const isWarm = engine.has('m', what);
        if (!isWarm) await engine.load(what, () => {}, new AbortController().signal);
        return [(await engine.run(what, {})).threads, isWarm];
    };
    return { all, one, engine, run };
}

test('a benchmark names the threads, and leaves the model where it was', async () => {
    const { all, one, engine, run } = threads();
    assert.deepEqual(await run(null), ['one', false]);
    assert.deepEqual(await run('all'), ['all', false]);
    assert.deepEqual(await run(null), ['one', true], 'it is on all threads for benchmarks alone');
    assert.deepEqual(await run(1), ['one', true]);
    assert.deepEqual(await run('all'), ['all', true]);
    await engine.unload('m');
    assert.deepEqual([all.has('m'), one.has('m')], [false, false]);
    assert.deepEqual(await run('all'), ['all', false]);
    assert.deepEqual(await run(null), ['one', false]);
    assert.deepEqual([all.has('m'), one.has('m')], [false, true], 'what only a benchmark needed has gone');
});

test('how long a benchmark\'s runs take moves no model; and one that moves where it is a guest is not loaded twice', async () => {
    const { all, one, run } = threads();
    for (let i = 0; i < 9; i++) assert.equal((await run(1))[0], 'one');
    assert.equal((await run('all'))[0], 'all');
    for (let i = 0; i < 3; i++) assert.equal((await run(null))[0], 'one');
    assert.deepEqual(await run(null), ['all', false]);
    assert.deepEqual([all.has('m'), one.has('m')], [true, false]);
    assert.deepEqual(await run(null), ['all', true]);
});
