/** On how many threads a language model runs: what is measured, kept and given up, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/turn.mjs';
import { LlamaEngine } from '../../page/src/engine/llama.js';
import { Threads } from '../../page/src/engine/llama_threads.js';
import { ggufBytes } from './support/gguf.mjs';

/** Slots whose tokens take so long; `during` is called with each. */
const timedSlots = (times, during = () => {}) => ({ async run({ signal, onResult }) {
    signal.throwIfAborted();
    during();
    onResult({ timings: { prompt_per_token_ms: 1, predicted_per_token_ms: times.length > 1 ? times.shift() : times[0] } });
} });

test('several threads are worth it where they are clearly faster', async () => {
    const threads = new Threads();
    const { signal } = new AbortController();
    threads.configure(0, 12);
    assert.deepEqual([threads.first, threads.tried], [1, 8]);
    assert.equal(await threads.areWorth(timedSlots([10]), timedSlots([90, 6]), signal), true, 'the first counts for nothing');
    assert.equal(await threads.areWorth(timedSlots([10]), timedSlots([9]), signal), false);
    assert.equal(await threads.areWorth(timedSlots([10, 60]), timedSlots([5, 5, 55]), signal), false, 'a load that comes meets both');
    const trial = new AbortController();
    await assert.rejects(threads.areWorth(timedSlots([10], () => trial.abort()), timedSlots([5]), trial.signal), { code: 'cancelled' });
    threads.configure(3, 12);
    assert.deepEqual([threads.first, threads.tried, threads.areTooMany(3)], [3, 1, false]);
});

test('several threads are given up when they may not be used, or have become much slower', async () => {
    const threads = new Threads();
    threads.configure(0, 4);
    await threads.areWorth(timedSlots([10]), timedSlots([5]), new AbortController().signal);
    assert.deepEqual([threads.areTooMany(4), threads.areTooMany(1)], [false, false]);
    for (const [count, ms] of [[100, 30_000], [100, 600], [3, 30_000], [100, 9000]]) threads.note(count, ms);
    assert.equal(threads.areTooMany(4), false, 'a run in between was as it should be');
    threads.note(100, 9000);
    assert.equal(threads.areTooMany(4), true);
    threads.configure(0, 2);
    assert.deepEqual([threads.areTooMany(3), threads.areTooMany(1)], [true, false]);
});

/** The engine with modules of llama.cpp that write nothing, and take so long for each token. */
function fakeEngine(t, msOfToken) {
    const bytes = ggufBytes({ embd: 32, layers: 1 });
    t.mock.method(globalThis, 'fetch', async (url, { headers: { Range: range } }) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range);
        return new Response(bytes.subarray(Number(from), Number(to) + 1), { status: 206 });
    });
    globalThis.self = { location: { href: 'http://test/' } };
    t.after(() => delete globalThis.self);
    const modules = [];
    const engine = new LlamaEngine('test', (files, threads) => {
        const module = {
            threads, build: { name: 'test', wide: true }, ended: false, end: () => { module.ended = true; },
            async start() {}, paths: () => [],
            async action(name) {
                if (name === 'load') return { success: true, n_vocab: 1, add_bos_token: false, add_eos_token: false };
                if (name !== 'get_result') return { req_id: 1 };
                const timings = {
                    prompt_per_token_ms: 1, predicted_per_token_ms: msOfToken(threads), predicted_n: 10, predicted_ms: 10 * msOfToken(threads),
                };
                const choices = [{ text: '', finish_reason: 'stop' }];
                return { data_json: JSON.stringify({ choices, timings, usage: {} }), is_error: false, has_more: false };
            },
        };
        modules.push(module);
        return module;
    }, { grammarOf: () => null });
    t.after(() => engine.unload());
    const configure = (threads) => engine.configure({
        credential: '', threads, max_frame: 1 << 20, models: { context: 0, slots: 1, warmup: true, threads: 0 },
    });
    const task = {
        key: 'a', model: { name: 'a', files: [{ path: 'a.gguf', url: 'http://test/a', bytes: bytes.length, hash: 'a' }] }, load_only: true,
        task: 'complete', input: { prompt: 'a' },
    };
    const settled = async (isSo, what) => {
        for (let turns = 0; !isSo(); turns++) {
            assert.ok(turns < 10_000, what);
            await new Promise((resolve) => setImmediate(resolve));
        }
    };
    return { engine, modules, configure, task, settled };
}

test('a model that nobody waits for is tried on several threads, and goes back to one', async (t) => {
    const { engine, modules, configure, task, settled } = fakeEngine(t, (threads) => 20 / threads);
    const inUse = () => modules.filter(({ ended }) => !ended).map(({ threads }) => threads);
    configure(4);
    await engine.load(task, () => {}, new AbortController().signal);
    await settled(() => modules.length === 2 && inUse().length === 1, 'the trial has ended');
    assert.deepEqual(inUse(), [4]);
    const run = { signal: new AbortController().signal, stepTook() {}, progress() {}, part() {} };
    assert.equal((await engine.run(task, run)).threads, 4);
    configure(2);
    await settled(() => modules.length === 3 && inUse().length === 1, 'others have its cores');
    assert.deepEqual(inUse(), [1]);
    assert.equal((await engine.run(task, run)).threads, 1);
});

test('a request ends the trial of several threads', async (t) => {
    const { engine, modules, configure, task, settled } = fakeEngine(t, (threads) => {
        if (threads > 1 && !asked) asked = engine.run(task, { signal: new AbortController().signal, stepTook() {} });
        return 20 / threads;
    });
    let asked;
    configure(4);
    await engine.load(task, () => {}, new AbortController().signal);
    await settled(() => asked && modules[1].ended, 'the trial has ended');
    assert.equal((await asked).threads, 1);
    assert.equal(modules[0].ended, false);
});

test('several threads that were given up are tried again when nobody asks for anything, more and more rarely', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let msOfSeveral = 5;
    const { engine, modules, configure, task, settled } = fakeEngine(t, (threads) => (threads > 1 ? msOfSeveral : 20));
    const inUse = () => modules.filter(({ ended }) => !ended).map(({ threads }) => threads);
    const ask = () => engine.run(task, { signal: new AbortController().signal, stepTook() {}, progress() {} });
    /** So many seconds without a request, at whose end a trial begins or not. */
    const rest = async (seconds, tries) => {
        const before = modules.length;
        t.mock.timers.tick(seconds * 1000 - 1);
        assert.equal(modules.length, before, 'not before its time');
        t.mock.timers.tick(1);
        await settled(() => modules.length === before + Number(tries) && inUse().length === 1, `the end of ${seconds} s`);
    };
    configure(4);
    await engine.load(task, () => {}, new AbortController().signal);
    await settled(() => modules.length === 2 && inUse().length === 1, 'the first trial');
    assert.deepEqual(inUse(), [4]);

    msOfSeveral = 400; // others need the cores
    for (let runs = 0; runs < 2; runs++) assert.equal((await ask()).threads, 4);
    await settled(() => modules.length === 3 && inUse().length === 1, 'they are given up');
    assert.deepEqual(inUse(), [1]);
    t.mock.timers.tick(9_000);
    assert.equal((await ask()).threads, 1);
    await rest(10, true); // since the last request
    assert.deepEqual(inUse(), [1], 'they are still needed');
    msOfSeveral = 5;
    await rest(20, true);
    assert.deepEqual(inUse(), [4]);
    assert.equal((await ask()).threads, 4);
    await rest(3600, false);
});

test('what was loaded without a warm-up is not tried on several threads', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { engine, modules, configure, task } = fakeEngine(t, (threads) => 20 / threads);
    configure(4);
    await engine.load({ ...task, load_only: false }, () => {}, new AbortController().signal);
    await engine.run(task, { signal: new AbortController().signal, stepTook() {}, progress() {} });
    t.mock.timers.tick(3600_000);
    assert.equal(modules.length, 1);
});

test('the engine says when it begins to come up, when it has, and that it comes on', async (t) => {
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const { engine, modules, configure, task } = fakeEngine(t, () => 20);
    const told = [];
    engine.onStart = (up) => told.push([up, modules.length]);
    engine.onLife = (ms) => told.push(ms >= 0 && 'lives');
    configure(1);
    await engine.load({ ...task, load_only: false }, () => {}, new AbortController().signal);
    assert.deepEqual(told, ['lives', [false, 1], [true, 1]]);
    now += 2100; // it says so no more often
    const run = { signal: new AbortController().signal, stepTook() {}, progress() {}, part() {} };
    await engine.run(task, run);
    assert.equal(told.at(-1), 'lives');
    assert.equal(told.length, 4);
});
