// tier: quick
/** On how many threads a language model runs, and what is computed of it for nobody, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { LlamaEngine } from '../../page/src/engine/llama.js';
import { ggufBytes } from './support/gguf.mjs';

/** The engine with modules of llama.cpp that write nothing, and take so long for each token; `loaded`: the request to load. */
function fakeEngine(t, msOfToken, onGpu = false) {
    const bytes = ggufBytes({ embd: 32, layers: 1 });
    t.mock.method(globalThis, 'fetch', async (url, { headers: { Range: range } }) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range);
        return new Response(bytes.subarray(Number(from), Number(to) + 1), { status: 206 });
    });
    globalThis.self = { location: { href: 'http://test/', origin: 'http://test' } };
    t.after(() => delete globalThis.self);
    const modules = [];
    const engine = new LlamaEngine('test', (files, threads) => {
        const module = {
            threads, build: { name: 'test', wide: true }, ended: false, end: () => { module.ended = true; },
            async fetch() {}, async start() {}, paths: () => [], readBy() {},
            async action(name, request) {
                if (name === 'load') {
                    module.loaded = request;
                    return { success: true, n_vocab: 1, add_bos_token: false, add_eos_token: false };
                }
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
    }, { grammarOf: () => null }, onGpu);
    t.after(() => engine.unload());
    const configure = (share, models = {}) => engine.configure({
        credential: '', threads: share, max_frame: 1 << 20, models: { context: 0, slots: 1, warmup: true, threads: 0, ...models },
    });
    const task = {
        key: 'a', model: { name: 'a', files: [{ path: 'a.gguf', url: 'http://test/models/a', bytes: bytes.length, hash: 'a' }] }, load_only: true,
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

test('a model is loaded once, on the threads that were said or on its share of the cores but one, at most four', async (t) => {
    const { engine, modules, configure, task, settled } = fakeEngine(t, () => 20);
    const speeds = [];
    engine.tell = ({ type, key, speed }) => type === 'speed' && speeds.push([key, speed]);
    for (const [share, said] of [[1, 0], [3, 0], [12, 0], [1, 8]]) {
        configure(share, { threads: said });
        await engine.load(task, () => {}, new AbortController().signal);
        await settled(() => speeds.length === modules.length, 'its speed');
        await engine.unload();
    }
    assert.deepEqual(modules.map(({ threads }) => threads), [1, 2, 4, 8]);
    assert.deepEqual(speeds[0], ['a', { prompt_ms: 1, token_ms: 20 }]);
});

test('flash attention is asked for on a GPU alone, where it was said', async (t) => {
    for (const [onGpu, said, asked] of [[true, true, true], [true, false, false], [false, true, false]]) {
        const { engine, modules, configure, task } = fakeEngine(t, () => 20, onGpu);
        configure(2, { warmup: false, flash: said });
        await engine.load(task, () => {}, new AbortController().signal);
        assert.equal(modules[0].loaded.flash_attn, asked, `on a GPU: ${onGpu}, said: ${said}`);
        await engine.unload();
    }
});

test('what is computed for nobody ends when somebody asks, and is not begun where somebody waits', async (t) => {
    const { engine, modules, configure, task, settled } = fakeEngine(t, () => {
        asked ??= engine.run(task, { signal: new AbortController().signal, stepTook() {}, progress() {} });
        return 20;
    });
    let asked, told = 0;
    engine.tell = ({ type }) => told += type === 'speed';
    configure(1);
    await engine.load(task, () => {}, new AbortController().signal);
    await settled(() => asked, 'the request');
    await asked;
    await engine.unload();
    await engine.load({ ...task, load_only: false }, () => {}, new AbortController().signal);
    await engine.run(task, { signal: new AbortController().signal, stepTook() {}, progress() {} });
    assert.deepEqual([modules.length, told], [2, 0]);
});

test('the engine says when it begins to come up, when it has, and that it comes on', async (t) => {
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const { engine, modules, configure, task } = fakeEngine(t, () => 20);
    const told = [];
    engine.tell = ({ type, up, step_ms: ms }) => told.push(type === 'start' ? [up, modules.length] : ms >= 0 && type);
    configure(1);
    await engine.load({ ...task, load_only: false }, () => {}, new AbortController().signal);
    assert.deepEqual(told, ['lives', [false, 1], [true, 1]]);
    now += 2100; // it says so no more often
    const run = { signal: new AbortController().signal, stepTook() {}, progress() {}, part() {} };
    await engine.run(task, run);
    assert.equal(told.at(-1), 'lives');
    assert.equal(told.length, 4);
});
