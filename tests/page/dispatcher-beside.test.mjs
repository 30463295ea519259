// tier: quick
/** What runs beside others: counts, streams, language models with workers of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNT, ECHO, model, setUp } from './support/dispatcher.mjs';

const streams = { stream: true, deadline_ms: 600_000 };
const counts = { ...streams, model: COUNT, options: { count: 9 } };
const part = (seq) => ({ seq, bytes: 1, json: `part ${seq}` });

test('counts run beside a model, a thousand at a time; echoes and models wait for each other', () => {
    const { world } = setUp();
    world.request('m1');
    world.request('m2');
    world.request('e', { model: ECHO });
    for (let i = 0; i < 1100; i++) world.request(`c${i}`, counts);
    const runs = world.runs('wasm');
    assert.equal(runs.length, 1025);
    assert.deepEqual([runs[0], runs[1], runs[1024]], ['m1', 'c0', 'c1023']);
    world.answer('wasm', 'c5');
    assert.equal(world.runs('wasm').at(-1), 'c1024');
    world.answer('wasm', 'm1');
    assert.equal(world.runs('wasm').at(-1), 'm2');
    world.answer('wasm', 'm2');
    assert.equal(world.runs('wasm').at(-1), 'e');
});

test('an engine is told where to begin and what it may send, then and later', () => {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1 }, Infinity, { parts: 4, bytes: 400 });
    world.request('m');
    world.request('q', streams);
    dispatcher.credit('q', { parts: 5, bytes: 500 });
    world.answer('wasm', 'm');
    const [run] = world.ports.wasm.posted.filter(({ attempt }) => attempt === 'q');
    assert.deepEqual([run.stream, run.options], [{ from: null, credit: { parts: 5, bytes: 500 } }, undefined]);
    world.request('on', { ...counts, continue: { seq: 3, text: 'abc' } });
    const on = world.ports.wasm.posted.at(-1);
    assert.deepEqual([on.stream, on.options], [{ from: { seq: 3, text: 'abc' }, credit: { parts: 4, bytes: 400 } }, { count: 9 }]);
    dispatcher.credit('on', { parts: 3, bytes: 900 });
    assert.deepEqual(world.ports.wasm.posted.at(-1), { type: 'credit', attempt: 'on', credit: { parts: 4, bytes: 900 } });
    const { length } = world.ports.wasm.posted;
    dispatcher.credit('unknown', { parts: 1, bytes: 1 });
    assert.equal(world.ports.wasm.posted.length, length);
    for (const from of [[], { seq: -1 }, { seq: 0, tokens: ['x'] }]) world.request(`bad ${JSON.stringify(from)}`, { ...counts, continue: from });
    world.request('bad', { ...counts, options: [] });
    assert.deepEqual(world.failures.map(([, code]) => code), Array(4).fill('invalid_field'));
});

test('after its first part an attempt neither falls back nor begins again', () => {
    const { world } = setUp();
    const both = { ...streams, platforms: ['webgpu', 'wasm'], deadline_ms: 10_000 };
    world.request('none yet', both);
    world.fail('webgpu', 'none yet', 'inference_failed');
    assert.deepEqual(world.runs('wasm'), ['none yet']);
    world.request('a', both);
    world.tell('webgpu', { type: 'parts', attempt: 'a', parts: [part(0), part(1)], step_ms: 5 });
    world.advance(6000); // what it would have had before the next platform
    world.tell('webgpu', { type: 'parts', attempt: 'a', parts: [part(2)], step_ms: 5 });
    assert.deepEqual(world.replaced, []);
    world.fail('webgpu', 'a', 'inference_failed', true);
    assert.deepEqual(world.parts, [['a', 0], ['a', 1], ['a', 2]]);
    assert.deepEqual(world.failures, [['a', 'inference_failed', true, []]]);
    assert.deepEqual(world.runs('wasm'), ['none yet']);
    world.answer('wasm', 'none yet');

    world.request('bad input', { ...streams, model: model('other') });
    world.tell('wasm', { type: 'parts', attempt: 'bad input', parts: [part(0)], step_ms: 0 });
    world.fail('wasm', 'bad input', 'input_shape');
    assert.deepEqual(world.failures[1].slice(0, 3), ['bad input', 'input_shape', false]);
});

test('a run that can stop is given three of its steps or what ending it would cost, five seconds at the most', () => {
    const stops = (step, ms, { on = 'wasm', loadMs = 0 } = {}) => {
        const { world, dispatcher } = setUp();
        world.request('m', { platforms: [on] });
        world.tell(on, { type: 'model', key: 'm@h', state: 'loaded', load_ms: loadMs });
        world.answer(on, 'm');
        world.request('a', { ...counts, platforms: [on] });
        world.tell(on, { type: 'parts', attempt: 'a', parts: [part(0)], step_ms: step });
        dispatcher.cancel('a');
        world.tell(on, { type: 'parts', attempt: 'a', parts: [part(1)], step_ms: step });
        assert.equal(world.parts.length, 1);
        world.advance(ms - 1);
        assert.deepEqual(world.replaced, [], `${step}`);
        world.advance(1);
        assert.deepEqual(world.replaced, [on], `${step}`);
        assert.deepEqual(world.failures, []);
    };
    stops(1, 100);
    stops(200, 600);
    stops(9000, 5000);
    stops(0, 5000); // nobody knows
    stops(1, 700, { loadMs: 700 });
    stops(300, 900, { loadMs: 700 });
    stops(1, 2000, { on: 'webgpu' });
    stops(1, 2700, { on: 'webgpu', loadMs: 700 });
    stops(1, 5000, { on: 'webgpu', loadMs: 7000 });

    const { world } = setUp();
    world.request('late', { ...counts, deadline_ms: 1000, platforms: ['wasm', 'webgpu'] });
    world.advance(999);
    assert.equal(world.ports.wasm.posted.at(-1).type, 'run');
    world.advance(1);
    assert.deepEqual(world.ports.wasm.posted.at(-1), { type: 'cancel', attempt: 'late' });
    world.fail('wasm', 'late', 'cancelled');
    assert.deepEqual([world.failures, world.replaced], [[['late', 'deadline_exceeded', false, []]], []]);
});

test('a task that could stop is stopped when its share of the time is over, and falls back', () => {
    const { world } = setUp();
    const request = (id, ms = 10_000) => world.request(id, { model: folder('t'), task: 'embed', platforms: ['webgpu', 'wasm'], deadline_ms: ms });
    const why = { platform: 'webgpu', code: 'engine_hung', reason: 'the engine gave no answer on webgpu within 5000 ms' };
    request('stops');
    world.advance(4999);
    assert.deepEqual(world.ports.webgpu.posted.at(-1).type, 'run');
    world.advance(1);
    assert.deepEqual(world.ports.webgpu.posted.at(-1), { type: 'cancel', attempt: 'stops' });
    world.fail('webgpu', 'stops', 'cancelled');
    assert.deepEqual(world.ports.wasm.posted.at(-1).fallbacks, [why]);
    world.advance(4999);
    assert.deepEqual(world.ports.wasm.posted.at(-1).type, 'run', 'it has all the rest');
    world.advance(1);
    world.fail('wasm', 'stops', 'cancelled');
    assert.deepEqual([world.failures, world.replaced], [[['stops', 'deadline_exceeded', false, [why]]], []]);

    request('is nearly done');
    world.advance(5000);
    world.answer('webgpu', 'is nearly done');
    assert.deepEqual(world.answers, ['is nearly done']);
    request('does not', 30_000);
    world.advance(15_000);
    world.advance(5000); // what a run has to stop of which nobody knows how long its steps are
    assert.deepEqual(world.replaced, ['webgpu']);
    assert.equal(world.ports.wasm.posted.at(-1).attempt, 'does not');
});

test('a run that could stop, and never comes to its next step, is ended with its worker', () => {
    const { world } = setUp();
    world.request('hung', { ...counts, deadline_ms: 1000 });
    world.advance(1000);
    world.advance(4999);
    assert.deepEqual([world.ports.wasm.posted.at(-1).type, world.replaced], ['cancel', []]);
    world.advance(1);
    assert.deepEqual([world.failures.map(([id]) => id), world.replaced], [['hung'], ['wasm']]);
});

test('a worker that is replaced costs what ran beside only what was begun', () => {
    const { world, dispatcher } = setUp();
    world.request('m', { deadline_ms: 600_000 });
    world.request('begun', counts);
    world.request('not begun', counts);
    world.tell('wasm', { type: 'parts', attempt: 'begun', parts: [part(0)], step_ms: 1 });
    world.fail('wasm', 'm', 'inference_failed', true);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]),
        [['begun', 'engine_crashed', true], ['m', 'inference_failed', false]]);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['not begun']);
    dispatcher.workers.died('wasm', 2, 'boom');
    assert.deepEqual(world.failures[2].slice(0, 3), ['not begun', 'engine_crashed', true]);
});

test('the budget reckons with what loading has added', () => {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1 }, 300);
    const run = (name, memory) => {
        world.request(name, { model: model(name) });
        if (memory !== undefined) world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1, memory });
        world.answer('wasm', name);
    };
    const bytes = () => dispatcher.models.residents.states().map(({ name, state, bytes }) => [name, state, bytes]);
    run('m1', 200);
    run('m2', 0); // it found enough that was free
    assert.deepEqual(bytes(), [['m1', 'loaded', 200], ['m2', 'loaded', 10]]);
    run('m3', 150);
    assert.deepEqual(bytes(), [['m2', 'loaded', 10], ['m3', 'loaded', 150], ['m1', 'evicted', 200]]);
    run('m1', 0); // what it took is remembered, and known before it is loaded
    assert.deepEqual(bytes(), [['m1', 'loaded', 200], ['m2', 'evicted', 10], ['m3', 'evicted', 150]]);
});

const gguf = (name) => ({ name, hash: 'h', engine: 'llama', files: [{ path: 'm.gguf', url: '/m.gguf', bytes: 10, hash: 'x' }] });
/** The own worker of a model comes up. */
function bringUp(world, name) {
    world.attach(`model ${name}@h on wasm`, { available: true }, 'wasm');
}

test('a language model has a worker of its own, which comes with it and ends with it', () => {
    const { world, dispatcher } = setUp();
    world.request('a', { model: gguf('x') });
    world.request('b', { model: gguf('y') });
    assert.deepEqual(world.replaced, ['model x@h on wasm', 'model y@h on wasm']);
    assert.deepEqual(Object.keys(dispatcher.workers.platforms()), ['wasm', 'webgpu']);
    bringUp(world, 'x');
    for (const id of ['c', 'd', 'e', 'f']) world.request(id, { model: gguf('x'), task: 'complete', owner: 'o' });
    const x = 'model x@h on wasm';
    assert.deepEqual(world.runs(x), ['a', 'c', 'd', 'e'], 'as many as it has slots');
    assert.deepEqual(world.ports[x].posted.filter(({ type }) => type === 'run').map(({ task, owner }) => [task, owner]).slice(0, 2),
        [[undefined, undefined], ['complete', 'o']]);
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    dispatcher.models.unload('x');
    assert.deepEqual(world.closed, [], 'not while it is at work');
    const told = () => world.sent.filter(([type]) => type === 'model_status').at(-1)[1].models.map(({ name, state }) => [name, state]);
    for (const id of ['a', 'c', 'd']) world.answer(x, id);
    assert.deepEqual(world.runs(x), ['a', 'c', 'd', 'e'], 'what is asked meanwhile waits until it was unloaded');
    assert.deepEqual(told(), [['x', 'loaded']]);
    world.answer(x, 'e');
    assert.deepEqual(told(), [], 'so that it is told of, however often others ask for it');
    assert.equal(world.replaced.at(-1), x);
    bringUp(world, 'x');
    assert.deepEqual(world.runs(x), ['f']);
    assert.deepEqual(told(), [['x', 'loading']]);
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    dispatcher.models.unload('x');
    world.answer(x, 'f');
    assert.deepEqual(world.closed, [x]);
    assert.deepEqual(dispatcher.models.residents.states().map(({ name, state }) => [name, state]), []);
    world.request('g', { model: gguf('x') });
    assert.equal(world.replaced.at(-1), x);
});

test('a language model on more threads than are its share ends when it is idle, unless they were said', () => {
    const { world, dispatcher } = setUp();
    const allow = (threads, said = 0) => dispatcher.configure({ credential: '', threads, models: { threads: said } }, Infinity);
    const x = 'model x@h on wasm';
    allow(2);
    world.request('a', { model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'start', up: true, threads: 2 });
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    for (const [threads, said] of [[1, 0], [1, 2]]) allow(threads, said);
    world.answer(x, 'a');
    allow(4);
    assert.deepEqual(world.closed, []);
    allow(1);
    assert.deepEqual(world.closed, [x]);
});

test('a language model on more threads than are said ends when it is idle: a page that is to be slow says one', () => {
    const { world, dispatcher } = setUp();
    const say = (threads, said) => dispatcher.configure({ credential: '', threads, models: { threads: said } }, Infinity);
    const x = 'model x@h on wasm';
    say(4, 0);
    world.request('a', { model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'start', up: true, threads: 4 });
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    say(1, 1);
    assert.deepEqual(world.closed, [], 'it has a task');
    world.answer(x, 'a');
    assert.deepEqual(world.closed, [x]);
});

test('a grammar that keeps the worker of a language model fails by name, and what was beside it has another', () => {
    const grammar = { grammar: 'root ::= "a"' };
    const begin = (asked, loads = true) => {
        const { world } = setUp();
        for (const [id, options] of Object.entries(asked)) world.request(id, { model: gguf('x'), task: 'chat', deadline_ms: 600_000, options });
        bringUp(world, 'x');
        if (loads) world.tell('model x@h on wasm', { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
        return world;
    };
    const silent = (world, seconds) => {
        for (let i = 0; i < seconds; i++) world.advance(1000);
    };
    const failures = ({ failures: all }) => all.map(([id, code, retryable]) => [id, code, retryable]);
    const world = begin({ bad: grammar, plain: {} });
    silent(world, 4);
    world.tell('model x@h on wasm', { type: 'lives', step_ms: 100 });
    silent(world, 4);
    assert.deepEqual(failures(world), []);
    silent(world, 3);
    assert.deepEqual(failures(world), [['bad', 'grammar_too_costly', false]]);
    bringUp(world, 'x');
    assert.deepEqual(world.runs('model x@h on wasm'), ['plain']);
    // A worker that answers is kept by no grammar: its GPU may have stopped. It is asked to stop, and ended if it does not.
    const awaiting = begin({ waits: grammar });
    silent(awaiting, 5);
    assert.equal(awaiting.ports['model x@h on wasm'].posted.filter(({ type }) => type === 'sign').length, 1);
    awaiting.tell('model x@h on wasm', { type: 'sign' });
    silent(awaiting, 15);
    assert.deepEqual(failures(awaiting), [['waits', 'engine_hung', true]]);
    // A browser that was stopped wakes: the worker answers, and has its whole limit to go on.
    const woken = begin({ waits: grammar });
    woken.advance(16_000);
    woken.tell('model x@h on wasm', { type: 'sign' });
    silent(woken, 4);
    assert.deepEqual(woken.ports['model x@h on wasm'].posted.filter(({ type }) => type === 'cancel'), []);
    woken.tell('model x@h on wasm', { type: 'lives', step_ms: 100 });
    silent(woken, 4);
    assert.deepEqual(failures(woken), []);
    // It could be each of several, which the service tries alone; and a load may take longer.
    const several = begin({ one: { response_format: { type: 'json_object' } }, other: { tools: [], tool_choice: 'required' }, plain: {} });
    silent(several, 12);
    assert.deepEqual(failures(several).map(([, code, retryable]) => [code, retryable]), Array(3).fill(['engine_hung', true]));
    const loading = begin({ bad: grammar }, false);
    silent(loading, 30);
    assert.deepEqual(failures(loading), []);
    for (const options of [{}, { response_format: { type: 'text' } }, { tools: [], tool_choice: 'auto' }]) {
        const calm = begin({ calm: options });
        silent(calm, 30);
        assert.deepEqual(failures(calm), []);
    }
});

test('a language model that nobody asks for is unloaded', () => {
    const { world, dispatcher } = setUp();
    const allow = (ms) => dispatcher.configure({ credential: '', threads: 1 }, Infinity, undefined, ms);
    const x = 'model x@h on wasm';
    allow(1000);
    world.request('a', { model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    world.advance(2000);
    assert.deepEqual(world.closed, [], 'not while it is at work');
    world.answer(x, 'a');
    world.advance(900);
    world.request('b', { model: gguf('x') });
    world.answer(x, 'b');
    world.advance(900);
    assert.deepEqual(world.closed, []);
    world.advance(200);
    assert.deepEqual(world.closed, [x]);
    assert.deepEqual(dispatcher.models.residents.states().map(({ name, state }) => [name, state]), [['x', 'evicted']]);
    world.request('c', { model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    world.answer(x, 'c');
    allow(Infinity);
    world.advance(1e6);
    assert.deepEqual(world.closed, [x], 'the service wants none unloaded any more');
    allow(1000);
    assert.deepEqual(world.closed, [x, x]);
});

test('a language model that is not loaded keeps no worker, and one that crashes fails all to be tried again', () => {
    const { world, dispatcher } = setUp();
    world.request('a', { model: gguf('x') });
    bringUp(world, 'x');
    world.fail('model x@h on wasm', 'a', 'model_invalid');
    assert.deepEqual(world.closed, ['model x@h on wasm']);
    for (const id of ['b', 'c']) world.request(id, { model: gguf('y') });
    bringUp(world, 'y');
    world.tell('model y@h on wasm', { type: 'model', key: 'y@h', state: 'loaded', load_ms: 5, memory: 100 });
    world.fail('model y@h on wasm', 'b', 'engine_crashed', true);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]).sort(),
        [['a', 'model_invalid', false], ['b', 'engine_crashed', true], ['c', 'engine_crashed', true]]);
    assert.equal(world.closed.at(-1), 'model y@h on wasm');
    assert.deepEqual(dispatcher.models.residents.states().filter(({ state }) => state === 'loaded'), []);
});

test('a language model has a worker for each platform, and goes on where one is not for it', () => {
    const { world, dispatcher } = setUp();
    const both = { model: gguf('x'), platforms: ['webgpu', 'wasm'], deadline_ms: 600_000 }, x = 'model x@h on webgpu';
    world.request('a', both);
    world.request('b', { model: gguf('x') });
    assert.deepEqual(world.replaced, [x, 'model x@h on wasm']);
    world.attach(x, { available: true }, 'webgpu');
    bringUp(world, 'x');
    assert.deepEqual([world.runs(x), world.runs('model x@h on wasm')], [['a'], ['b']]);
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    assert.deepEqual(dispatcher.models.residents.states().map(({ platform, state }) => [platform, state]), [['webgpu', 'loaded'], ['wasm', 'loading']]);
    world.request('c', { ...both, model: gguf('y') });
    world.attach('model y@h on webgpu', { available: false, reason: 'no shader-f16' }, 'webgpu');
    assert.deepEqual(world.closed, ['model y@h on webgpu']);
    bringUp(world, 'y');
    const [run] = world.ports['model y@h on wasm'].posted.filter(({ type }) => type === 'run');
    assert.deepEqual(run.fallbacks,
        [{ platform: 'webgpu', code: 'platform_unsupported', reason: 'webgpu is not available: no shader-f16' }]);
    assert.equal(dispatcher.workers.platforms().webgpu.available, true, 'for others it is');
});

test('a language model that hangs on the GPU takes it from all for a while', () => {
    const { world, dispatcher } = setUp();
    const both = { model: gguf('x'), platforms: ['webgpu', 'wasm'], deadline_ms: 600_000 }, x = 'model x@h on webgpu';
    world.request('a', both);
    world.attach(x, { available: true }, 'webgpu');
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    for (let seconds = 0; world.closed.length === 0; seconds++) {
        assert.ok(seconds < 300, 'it is never ended');
        world.advance(1000);
    }
    assert.equal(world.replaced.at(-1), 'model x@h on wasm', 'it falls back');
    assert.deepEqual(world.sent.filter(([type]) => type === 'lost').length, 1);
    assert.match(dispatcher.workers.platforms().webgpu.reason, /may still be busy/);
    const begun = world.replaced.length;
    world.request('b', { ...both, model: gguf('y'), platforms: ['webgpu'] });
    assert.deepEqual(world.failures.at(-1).slice(0, 3), ['b', 'engine_hung', true]);
    assert.equal(world.replaced.length, begun, 'no worker comes for it');
    world.advance(60_000);
    assert.equal(dispatcher.workers.platforms().webgpu.available, true);
    world.request('c', { ...both, model: gguf('y') });
    assert.equal(world.replaced.at(-1), 'model y@h on webgpu');
});

test('a language model whose worker does not start, or on a platform that is none of its engine, fails', () => {
    const { world, dispatcher } = setUp(['wasm', 'webgpu', 'webnn']);
    world.request('gpu', { model: gguf('x'), platforms: ['webnn'], fallback: false });
    world.request('a', { model: gguf('x') });
    const port = { post() {}, close() {} };
    dispatcher.workers.attach('model x@h on wasm', port, 1);
    dispatcher.workers.died('model x@h on wasm', 1, 'no script');
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]), [['gpu', 'platform_unsupported'], ['a', 'platform_unsupported']]);
    assert.deepEqual(world.closed, ['model x@h on wasm']);
});

test('a model whose worker does not come has another, once', () => {
    const { world, dispatcher } = setUp();
    const x = 'model x@h on wasm';
    world.request('a', { model: gguf('x'), deadline_ms: 600_000 });
    world.advance(29_000);
    assert.deepEqual([world.replaced, world.closed], [[x], []]);
    world.advance(2000);
    assert.deepEqual([world.replaced, world.closed, world.failures], [[x, x], [x], []]);
    dispatcher.workers.attach(x, { post() {}, close() {} }, 1); // and says nothing
    world.advance(31_000);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]), [['a', 'engine_hung', true]]);
    world.request('b', { model: gguf('x'), deadline_ms: 600_000 });
    bringUp(world, 'x');
    assert.deepEqual(world.runs(x), ['b'], 'who comes next has a fresh one');
});

test('a model whose engine does not come up has another worker, unless parts of an answer went out', () => {
    const { world } = setUp();
    const x = 'model x@h on wasm';
    for (const id of ['a', 'b']) world.request(id, { ...streams, model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'parts', attempt: 'b', parts: [part(0)], step_ms: 5 });
    world.tell(x, { type: 'start', up: false });
    world.advance(20_500);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]), [['b', 'engine_hung', true]]);
    bringUp(world, 'x');
    assert.deepEqual(world.runs(x), ['a']);
    world.tell(x, { type: 'start', up: false });
    world.tell(x, { type: 'start', up: true });
    world.advance(30_000);
    world.answer(x, 'a');
    assert.deepEqual(world.answers, ['a']);
});

test('a language model that gives no sign is not waited for until the deadline', () => {
    const { world } = setUp();
    const x = 'model x@h on wasm';
    const failures = () => world.failures.map(([id, code, retryable]) => [id, code, retryable]);
    const cancels = () => world.ports[x].posted.filter(({ type }) => type === 'cancel').map(({ attempt }) => attempt);
    const lives = (ms) => world.tell(x, { type: 'lives', step_ms: ms });
    for (const id of ['written', 'a', 'b']) world.request(id, { ...streams, model: gguf('x') });
    bringUp(world, 'x');
    world.tell(x, { type: 'parts', attempt: 'written', parts: Array.from({ length: 32 }, (_, seq) => part(seq)), step_ms: 5 });
    for (let i = 0; i < 3; i++) {
        world.advance(59_000);
        lives(0);
    }
    assert.deepEqual(cancels(), []);
    world.advance(61_000);
    assert.deepEqual(cancels(), ['a', 'b'], 'what waits for its client need give none');
    world.fail(x, 'a', 'cancelled');
    assert.deepEqual(failures(), [['a', 'engine_hung', true]]);
    lives(0);
    world.advance(31_000); // 'b' is not heard of
    assert.deepEqual(failures(), [['a', 'engine_hung', true], ['written', 'engine_hung', true], ['b', 'engine_hung', true]]);
    assert.deepEqual(world.closed, [x]);

    world.request('slow', { model: gguf('x'), deadline_ms: 600_000 });
    bringUp(world, 'x');
    for (let i = 0; i < 30; i++) lives(8000);
    world.advance(120_000);
    assert.deepEqual(cancels(), [], 'thirty of its steps');
    world.advance(130_000);
    assert.deepEqual(cancels(), ['slow']);
});

test('a language model that falls silent in mid-answer is ended before the service calls its stream stalled', () => {
    const { world, dispatcher } = setUp();
    const x = 'model x@h on wasm';
    const cancelled = () => world.ports[x].posted.filter(({ type }) => type === 'cancel').map(({ attempt }) => attempt);
    const begin = (...ids) => {
        for (const id of ids) world.request(id, { ...streams, model: gguf('x') });
        bringUp(world, 'x');
    };
    const send = (id, seq) => world.tell(x, { type: 'parts', attempt: id, parts: [part(seq)], step_ms: 5 });
    begin('written', 'read');
    send('written', 0);
    world.advance(14_000);
    send('written', 1);
    world.advance(14_000);
    world.tell(x, { type: 'lives', step_ms: 5 }); // a call is held back until it is whole
    world.advance(14_999);
    assert.deepEqual(cancelled(), []);
    world.advance(1);
    assert.deepEqual(cancelled(), ['written']);
    world.advance(5000);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]),
        [['written', 'engine_hung', true], ['read', 'engine_hung', true]]);

    begin('slow');
    world.tell(x, { type: 'lives', step_ms: 6000 });
    world.tell(x, { type: 'lives', step_ms: 20 });
    send('slow', 0);
    world.advance(17_999);
    assert.deepEqual(cancelled(), [], 'three of its longest steps');
    world.advance(1);
    assert.deepEqual(cancelled(), ['slow']);
    world.fail(x, 'slow', 'cancelled');

    dispatcher.configure({ credential: '', threads: 1 }, Infinity, { parts: 9, bytes: 2 });
    begin('taken slowly');
    send('taken slowly', 0);
    send('taken slowly', 1);
    world.advance(60_000);
    dispatcher.credit('taken slowly', { parts: 9, bytes: 3 });
    world.advance(14_999);
    assert.deepEqual(cancelled(), []);
    world.advance(1);
    assert.deepEqual(cancelled(), ['taken slowly']);
});

test('a language model that reads a whole text at once may take until the deadline for it, once it is loaded', () => {
    const { world } = setUp();
    const x = 'model x@h on wasm';
    const cancels = () => world.ports[x].posted.filter(({ type }) => type === 'cancel').map(({ attempt }) => attempt);
    const embeds = { model: gguf('x'), task: 'embed', deadline_ms: 600_000 };
    for (const id of ['a', 'b']) world.request(id, embeds);
    bringUp(world, 'x');
    world.advance(59_000);
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    world.advance(200_000);
    world.tell(x, { type: 'lives', step_ms: 200_000 });
    world.answer(x, 'a');
    world.advance(300_000);
    assert.deepEqual(cancels(), []);
    world.advance(50_000);
    assert.deepEqual(cancels(), ['b']);
    assert.deepEqual(world.failures, []);

    const y = 'model y@h on wasm';
    world.request('c', { ...embeds, model: gguf('y') });
    bringUp(world, 'y');
    world.advance(61_000);
    assert.deepEqual(world.ports[y].posted.filter(({ type }) => type === 'cancel').length, 1, 'its model does not come');
});

const folder = (name) => ({ name, hash: 'h', engine: 'pipeline', files: [{ path: 'onnx/model.onnx', url: '/m.onnx', bytes: 10, hash: 'x' }] });
const writes = { ...streams, model: folder('t'), task: 'complete' };

test('tasks run beside models, echoes and counts, as many as there are slots, and each waits behind its own kind', () => {
    const { world } = setUp();
    world.request('m1');
    for (let i = 0; i < 6; i++) world.request(`t${i}`, writes);
    world.request('m2');
    world.request('c', counts);
    assert.deepEqual(world.runs('wasm'), ['m1', 't0', 't1', 't2', 't3', 'c']);
    world.answer('wasm', 'm1');
    assert.equal(world.runs('wasm').at(-1), 'm2', 'not behind tasks');
    world.request('e', { model: ECHO });
    world.answer('wasm', 't2');
    assert.equal(world.runs('wasm').at(-1), 't4', 'not behind models');
    world.answer('wasm', 'm2');
    assert.equal(world.runs('wasm').at(-1), 'e');
});

test('short tasks and loads wait for no generation, and for each other', () => {
    const { world, dispatcher } = setUp();
    for (let i = 0; i < 6; i++) world.request(`t${i}`, writes);
    const short = { model: folder('t'), task: 'embed', short: true };
    for (let i = 0; i < 3; i++) world.request(`s${i}`, short);
    assert.deepEqual(world.runs('wasm'), ['t0', 't1', 't2', 't3', 's0', 's1']);
    world.answer('wasm', 's0');
    assert.equal(world.runs('wasm').at(-1), 's2');
    world.answer('wasm', 't0');
    assert.equal(world.runs('wasm').at(-1), 't4');
    dispatcher.load({ id: 'r', type: 'model_load', from: 'service', timestamp: 0, data: { model: folder('u'), platforms: ['wasm'] } });
    assert.equal(world.runs('wasm').at(-1), 't4');
    world.answer('wasm', 's1');
    assert.equal(world.runs('wasm').at(-1), 'load-1');
    // A service that does not say what is short, or an engine without slots for it, has one line.
    world.request('unsaid', { ...short, short: undefined });
    world.request('s of another', { ...short, model: gguf('x') });
    assert.equal(world.runs('wasm').at(-1), 'load-1');
    world.request('bad', { ...short, short: 1 });
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]), [['bad', 'invalid_field']]);
});

test('a run that waits for the turns of others gives no sign of life, and need not', () => {
    const { world } = setUp();
    const run = (id) => world.request(id, { deadline_ms: 600_000 });
    run('first');
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1, memory: 0 });
    world.advance(5000);
    world.answer('wasm', 'first', 0, 1);
    run('second');
    world.advance(5000);
    world.answer('wasm', 'second', 0, 0, 4900); // of which it took 100 ms
    world.request('t', writes);
    run('waits');
    world.tell('wasm', { type: 'turn', attempt: 'waits', waits: true });
    world.advance(60_000);
    assert.deepEqual(world.replaced, []);
    world.tell('wasm', { type: 'turn', attempt: 'waits', waits: false });
    world.advance(9_000);
    assert.deepEqual(world.replaced, []);
    world.advance(1_001); // a hang, since 30 times 100 ms are less than the least limit
    assert.deepEqual(world.replaced, ['wasm']);
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]), [['waits', 'engine_hung']]);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['t'], 'what ran beside it has another worker');
});

test('how long a run takes does not count from when it was handed over', () => {
    const { world } = setUp();
    const run = (id) => world.request(id, { deadline_ms: 600_000 });
    run('first');
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1, memory: 0 });
    world.answer('wasm', 'first', 0, 1);
    run('behind a step of another');
    world.advance(60_000);
    world.answer('wasm', 'behind a step of another', 0, 0, 59_900);
    run('hangs');
    world.advance(9999);
    assert.deepEqual(world.replaced, []);
    world.advance(1);
    assert.deepEqual(world.replaced, ['wasm'], 'taken for a hang as one of 100 ms');
});

test('a shared worker that says nothing at all is ended, long before the deadline of what runs there', () => {
    const task = { model: folder('f'), deadline_ms: 3_600_000 };
    const { world } = setUp();
    world.request('folder', task);
    world.advance(179_000);
    world.tell('wasm', { type: 'lives', step_ms: 0 });
    world.advance(179_000);
    assert.deepEqual(world.replaced, [], 'it goes on');
    world.advance(1_000);
    assert.deepEqual(world.replaced, ['wasm']);

    const { world: streaming, dispatcher } = setUp();
    streaming.request('s', { ...task, stream: true });
    streaming.tell('wasm', { type: 'parts', attempt: 's', parts: [{ seq: 0, bytes: 1 << 20, json: '{}' }], step_ms: 10 });
    streaming.advance(1_000_000);
    assert.deepEqual(streaming.replaced, [], 'its client takes nothing');
    dispatcher.credit('s', { parts: 100, bytes: 1 << 30 });
    streaming.advance(60_000);
    assert.deepEqual(streaming.replaced, ['wasm'], 'a step of it took 10 ms');

    const { world: whole } = setUp();
    whole.request('graph', { deadline_ms: 3_600_000 });
    whole.request('folder', task);
    whole.advance(599_000);
    assert.deepEqual(whole.replaced, [], 'what is computed in one piece can say nothing');
    whole.advance(1_000);
    assert.deepEqual(whole.replaced, ['wasm']);
});

test('a worker that others compute in is not ended at once for one that is cancelled', () => {
    const { world, dispatcher } = setUp();
    const ended = (ms) => {
        world.advance(ms - 1);
        assert.deepEqual(world.replaced, []);
        world.advance(1);
        assert.deepEqual(world.replaced.splice(0), ['wasm']);
        world.attach('wasm');
    };
    const begin = (name, step, begun = true) => {
        world.request('t', { ...writes, model: folder(name) });
        world.tell('wasm', { type: 'progress', attempt: 't', phase: 'prompt', done: 1, total: 2, step_ms: step });
        world.request('m', { deadline_ms: 600_000 });
        if (begun) world.tell('wasm', { type: 'turn', attempt: 'm', waits: false });
    };
    begin('quick', 10);
    dispatcher.cancel('m');
    ended(5000);
    assert.deepEqual(world.runs('wasm'), ['t']);
    world.answer('wasm', 't');
    begin('slow', 4000);
    dispatcher.cancel('t');
    ended(12_000); // three of its steps
    world.answer('wasm', 'm');
    begin('slowest', 20_000);
    dispatcher.cancel('m');
    ended(30_000);
    world.answer('wasm', 't');
    begin('unheard', 10, false); // while the worker computes for the other
    dispatcher.cancel('m');
    ended(30_000);
});

test('a run that a worker has not heard of, since it computes for another, does not hang', () => {
    const { world } = setUp();
    const run = (id, more = {}) => world.request(id, { deadline_ms: 600_000, ...more });
    const waits = (id) => world.ports.wasm.posted.find(({ attempt }) => attempt === id).waits;
    run('known');
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1, memory: 0 });
    world.answer('wasm', 'known');
    world.request('t', writes);
    run('m');
    assert.deepEqual(['known', 't', 'm'].map(waits), [undefined, undefined, true]);
    world.advance(60_000); // one step
    world.tell('wasm', { type: 'progress', attempt: 'm', phase: 'loading' });
    world.advance(60_000);
    assert.deepEqual(world.replaced, []);
    world.tell('wasm', { type: 'turn', attempt: 'm', waits: false });
    world.answer('wasm', 'm', 0, 0, 120_000);

    run('late', { deadline_ms: 1000 });
    world.advance(1000);
    assert.deepEqual([world.ports.wasm.posted.at(-1), world.replaced], [{ type: 'cancel', attempt: 'late' }, []]);
    world.fail('wasm', 'late', 'cancelled');
    assert.deepEqual([world.failures, world.replaced], [[['late', 'deadline_exceeded', false, []]], []]);

    // What it waits is not of its platform's share.
    run('patient', { platforms: ['wasm', 'webgpu'], deadline_ms: 8000 });
    world.advance(5000);
    world.tell('wasm', { type: 'turn', attempt: 'patient', waits: false });
    world.advance(1499);
    assert.deepEqual([world.replaced, world.runs('webgpu')], [[], []]);
    world.answer('wasm', 'patient', 0, 0, 6499);

    run('hangs');
    world.tell('wasm', { type: 'turn', attempt: 'hangs', waits: false });
    world.advance(10_001);
    assert.deepEqual(world.replaced, ['wasm']);
});

test('what a task breaks its worker by says nothing of those beside it', () => {
    for (const [code, told] of [['operator_unsupported', 'engine_crashed'], ['inference_failed', 'engine_crashed'], ['device_lost', 'device_lost']]) {
        const { world } = setUp();
        world.request('t', writes);
        world.request('m', { deadline_ms: 600_000 });
        world.tell('wasm', { type: 'turn', attempt: 'm', waits: false });
        world.fail('wasm', 't', code, true);
        assert.deepEqual(world.failures.map(([id, failed, retryable]) => [id, failed, retryable]),
            [['m', told, true], ['t', code, code === 'device_lost']]);
    }
});

/** A page whose GPU works for a run while the next one is prepared, with one loaded model. */
function overlapping() {
    const { world, dispatcher } = setUp();
    const more = { platforms: ['webgpu'], deadline_ms: 600_000, tensors: [{}] };
    const attach = () => world.attach('webgpu', { available: true }, 'webgpu', ['ort']);
    attach();
    world.request('first', more, new ArrayBuffer(8));
    world.tell('webgpu', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1, memory: 1 });
    world.answer('webgpu', 'first');
    const ask = (id, other = {}) => world.request(id, { ...more, ...other }, new ArrayBuffer(8));
    return { world, dispatcher, ask, attach, runs: () => world.runs('webgpu') };
}

test('while a GPU works for a run the next one of a loaded model is handed over; it counts from its turn', () => {
    const { world, ask, runs } = overlapping();
    ask('a');
    ask('b');
    ask('c');
    assert.deepEqual(runs(), ['first', 'a', 'b']);
    assert.deepEqual(world.ports.webgpu.posted.filter(({ type }) => type === 'run').map(({ waits }) => waits), [undefined, undefined, true]);
    world.answer('webgpu', 'a');
    assert.deepEqual(runs().slice(3), ['c']);
    world.advance(40_000);
    assert.deepEqual(world.replaced, [], 'neither has had its turn');
    world.tell('webgpu', { type: 'turn', attempt: 'b', waits: false });
    world.advance(10_001);
    assert.deepEqual(world.replaced, ['webgpu']);
});

test('a model is loaded alone, and on WASM one runs after the other', () => {
    const { world, ask, runs } = overlapping();
    ask('cold', { model: model('other') });
    ask('warm');
    assert.deepEqual(runs(), ['first', 'cold']);
    world.answer('webgpu', 'cold');
    ask('cold again', { model: model('another') });
    assert.deepEqual(runs().slice(2), ['warm']);
    for (const id of ['w1', 'w2']) ask(id, { platforms: ['wasm'] });
    assert.deepEqual(world.runs('wasm'), ['w1']);
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1, memory: 1 });
    world.answer('wasm', 'w1');
    for (const id of ['w3', 'w4']) ask(id, { platforms: ['wasm'] });
    assert.deepEqual(world.runs('wasm'), ['w1', 'w2']);
});

test('a run that breaks the worker costs none that has had no turn', () => {
    const { world, ask, attach, runs } = overlapping();
    ask('a');
    ask('b');
    world.fail('webgpu', 'a', 'inference_failed', true);
    assert.deepEqual(world.failures.map(([id]) => id), ['a']);
    assert.deepEqual(runs(), ['first', 'a', 'b']);
    attach();
    assert.deepEqual(runs(), ['b']);
    assert.equal(world.ports.webgpu.posted.find(({ attempt }) => attempt === 'b').frame.byteLength, 8);
    world.answer('webgpu', 'b');
    assert.deepEqual(world.answers, ['first', 'b']);
});

/** A page with a budget of 1000 bytes for models, each of which takes 300. */
function withBudget() {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1 }, 1000);
    const load = (id, more = { model: model(id) }) => {
        world.request(id, more);
        world.tell('wasm', { type: 'model', key: `${more.model.name}@h`, state: 'loaded', load_ms: 1, memory: 300 });
        world.answer('wasm', id);
    };
    const states = () => dispatcher.models.residents.states().map(({ name, state, bytes }) => [name, state, bytes]);
    return { world, load, states };
}

test('what models keep of what was computed counts for the budget', () => {
    const { world, load, states } = withBudget();
    load('m');
    load('t', writes);
    world.tell('wasm', { type: 'cache', key: 't@h', bytes: 300 });
    assert.deepEqual(states(), [['m', 'loaded', 300], ['t', 'loaded', 600]]);
    world.tell('wasm', { type: 'cache', key: 't@h', bytes: 500 });
    assert.deepEqual(states(), [['t', 'loaded', 800], ['m', 'evicted', 300]]);
    world.tell('wasm', { type: 'cache', key: 'gone@h', bytes: 500 });
    load('m');
    assert.deepEqual(states(), [['m', 'loaded', 300], ['t', 'evicted', 300]], 'with what it kept');
    world.request('t', writes);
    assert.equal(states().find(([name]) => name === 't')[2], 300, 'a model begins with nothing kept');
});

test('a load that one no longer waits for goes on for another', () => {
    const { world, dispatcher } = setUp();
    for (const id of ['a', 'b']) world.request(id, writes);
    dispatcher.cancel('a');
    world.fail('wasm', 'a', 'cancelled');
    assert.deepEqual(dispatcher.models.residents.states().map(({ state }) => state), ['loading']);
    world.tell('wasm', { type: 'model', key: 't@h', state: 'loaded', load_ms: 5, memory: 100 });
    assert.deepEqual(dispatcher.models.residents.states().map(({ state }) => state), ['loaded']);
});
