// tier: quick
/** Engines in their worker, and the parts that they make: credit, cancelling, and what a failure costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { EngineFault } from '../../page/src/engine/engine.js';
import { Failure } from '../../page/src/engine/failure.js';
import { Run } from '../../page/src/engine/run.js';
import { yieldOnce } from '../../page/src/shared/yield.js';
import { engineOf, task, withServer } from './support/server.mjs';

const PLENTY = { parts: 1e9, bytes: 1e12 };
const stream = (credit = PLENTY, from = null) => ({ stream: { from, credit: { ...credit } } });
const count = (attempt, options, more = {}) => task(attempt, 'builtin/count', { options, ...more });

test('a worker says what its engines are', () => withServer(async ({ until, said }) => {
    await until(() => said.length > 0);
    assert.deepEqual(said[0], {
        type: 'capabilities', platforms: { webnn: { available: true } }, engines: { ort: '1', builtin: '1' },
        engine_info: { ort: { slots: 1, queue: 1, can: [] }, builtin: { slots: 16, queue: 1, can: ['continue'] } },
        steps: ['builtin'], overlaps: [],
    });
}, engineOf(), 'webnn'));

test('a count makes parts, and says how many', () => withServer(async ({ post, parts, answer }) => {
    post(count('a', { count: 3, bytes: 5 }, stream()));
    const data = await answer('a');
    assert.deepEqual([data.ok, data.parts, data.result, data.tensors], [true, 3, { count: 3 }, []]);
    assert.equal(data.executed_on.engine, 'builtin');
    assert.equal(data.performance.waited_for_client_ms, 0);
    assert.ok(data.performance.inference_ms >= 0);
    const made = parts('a');
    assert.deepEqual(made.map((part) => part.data), [0, 1, 2].map((k) =>
        ({ attempt_id: 'a', seq: k, index: 0, text: `${k}    `, tokens: [k] })));
    assert.deepEqual(made.map(({ type, from, bytes }) => [type, from, bytes]), Array(3).fill(['task_part', 'n', 5]));
    assert.equal(new Set(made.map(({ id }) => id)).size, 3);
}));

test('who asks for no parts gets none; who goes on begins there', () => withServer(async ({ post, parts, answer }) => {
    post(count('whole', { count: 1000 }));
    const whole = await answer('whole');
    assert.deepEqual([whole.result, whole.parts, parts('whole')], [{ count: 1000 }, undefined, []]);
    post(count('on', { count: 6 }, stream(PLENTY, { seq: 4, text: '0 1 2 3 ', tokens: [0, 1, 2, 3] })));
    assert.equal((await answer('on')).parts, 6);
    assert.deepEqual(parts('on').map(({ data }) => [data.seq, data.text]), [[4, '4 '], [5, '5 ']]);
    post(count('done', { count: 2 }, stream(PLENTY, { seq: 2 })));
    assert.equal((await answer('done')).parts, 2);
    post(task('echo', 'builtin/echo', stream()));
    assert.equal((await answer('echo')).parts, 0);
}));

test('no part exceeds the credit, and the wait for it is the client\'s', () => withServer(async ({ post, parts, until, answer, said }) => {
    post(count('a', { count: 10, bytes: 100 }, stream({ parts: 2, bytes: 300 })));
    await until(() => parts('a').length === 2);
    post(task('e', 'builtin/echo')); // what came before it has had its turn
    await until(() => said.some(({ attempt }) => attempt === 'e'));
    assert.equal(parts('a').length, 2);
    post({ type: 'credit', attempt: 'a', credit: { parts: 100, bytes: 401 } });
    await until(() => parts('a').length === 5); // one of any size while the total is not reached
    post({ type: 'credit', attempt: 'a', credit: { parts: 1, bytes: 1 } });
    post({ type: 'credit', attempt: 'a', credit: { parts: 6, bytes: 501 } });
    await until(() => parts('a').length === 6);
    post({ type: 'credit', attempt: 'a', credit: PLENTY });
    const data = await answer('a');
    assert.equal(data.parts, 10);
    assert.ok(data.performance.waited_for_client_ms > 0);
    assert.deepEqual(parts('a').map(({ seq }) => seq), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}));

test('a cancel is heard in every state, and leaves no timer', () => withServer(async ({ post, until, parts, end }) => {
    post(count('no credit', { count: 10 }, stream({ parts: 1, bytes: 1 })));
    post(count('pauses', { count: 10, interval_ms: 60000 }, stream()));
    post(count('busy', { count: 1000000 }));
    for (const attempt of ['no credit', 'pauses']) await until(() => parts(attempt).length === 1);
    for (const attempt of ['no credit', 'pauses', 'busy', 'unknown']) post({ type: 'cancel', attempt });
    for (const attempt of ['no credit', 'pauses', 'busy']) {
        const { type, error, poisoned } = await end(attempt);
        assert.deepEqual([type, error.code, poisoned], ['failure', 'cancelled', false], attempt);
    }
}));

test('options that are none are named', () => withServer(async ({ post, end }) => {
    const wrong = [[{}, 'count'], [{ count: 0 }, 'count'], [{ count: 1000001 }, 'count'], [{ count: '3' }, 'count'], [undefined, 'count'],
        [{ count: 1, interval_ms: 60001 }, 'interval_ms'], [{ count: 1, bytes: 1.5 }, 'bytes']];
    for (const [index, [options, field]] of wrong.entries()) {
        post(count(`a${index}`, options));
        const { error } = await end(`a${index}`);
        assert.deepEqual([error.code, error.field], ['input_invalid', `options.${field}`]);
    }
    post(task('other', 'builtin/other'));
    assert.equal((await end('other')).error.code, 'model_invalid');
}));

test('a thousand counts, and echoes, go beside a model that runs; the next model waits', async () => {
    const running = [];
    const engine = engineOf(({ attempt }) => new Promise((resolve) => {
        running.push([attempt, () => resolve({ tensors: [], inferenceMs: 1 })]);
    }));
    await withServer(async ({ post, end, answer }) => {
        post(task('m1', 'm'));
        post(task('m2', 'm'));
        for (let i = 0; i < 1024; i++) post(count(`c${i}`, { count: 2, interval_ms: 1 }, stream()));
        post(task('e', 'builtin/echo'));
        for (let i = 0; i < 1024; i++) assert.equal((await answer(`c${i}`)).parts, 2);
        await answer('e');
        assert.deepEqual(running.map(([attempt]) => attempt), ['m1']);
        running[0][1]();
        assert.equal((await end('m1')).memory, 7);
        await yieldOnce();
        assert.deepEqual(running.map(([attempt]) => attempt), ['m1', 'm2']);
        running[1][1]();
        await end('m2');
    }, engine);
});

/** An engine whose device works for a run until it is told to end it; `ran` has the runs that have begun. */
function overlapping() {
    const ran = [], ends = {};
    const engine = engineOf(async ({ attempt }, run) => {
        ran.push(attempt);
        const ended = new Promise((resolve, reject) => { ends[attempt] = { resolve, reject }; });
        run.submitted();
        await ended;
        return { tensors: [], inferenceMs: 1 };
    }, { overlaps: true });
    return { engine, ran, ends };
}

test('the next run begins when only the device works for the present one; what becomes of that is its own affair', async () => {
    const { engine, ran, ends } = overlapping();
    await withServer(async ({ post, said, until, answer, end }) => {
        await until(() => said.length > 0);
        assert.deepEqual(said[0].overlaps, ['ort']);
        for (const attempt of ['a', 'b', 'c', 'd']) post(task(attempt, 'm'));
        post(task('e', 'builtin/echo'));
        assert.equal((await answer('e')).ok, true);
        assert.deepEqual(ran, ['a', 'b', 'c', 'd']);
        post({ type: 'cancel', attempt: 'a' });
        post({ type: 'unload', key: 'm@h' });
        post(task('heard', 'builtin/echo'));
        await end('heard');
        ends.b.reject(new Failure('input_invalid', 'm'));
        ends.c.resolve();
        ends.a.resolve();
        assert.equal((await answer('c')).ok, true);
        assert.deepEqual([(await end('a')).error.code, (await end('b')).error.code], ['cancelled', 'input_invalid']);
        assert.ok(!said.some(({ state }) => state === 'unloaded'), 'it is in use');
        ends.d.resolve();
        assert.equal((await answer('d')).ok, true);
        await until(() => said.some(({ state }) => state === 'unloaded'));
    }, engine, 'webgpu');
});

test('a model is unloaded before the next run with it, also if that was handed over before', async () => {
    let isLoaded = false, submit = () => {}, end = () => {};
    const done = [], submitted = new Promise((resolve) => { submit = resolve; }), ended = new Promise((resolve) => { end = resolve; });
    const engine = engineOf(async ({ attempt }, run) => {
        done.push(attempt);
        if (attempt === 'a') await submitted;
        run.submitted();
        if (attempt === 'a') await ended;
        return { tensors: [], inferenceMs: 1 };
    }, {
        overlaps: true, has: () => isLoaded,
        async load() { isLoaded = Boolean(done.push('load')); },
        async unload() { if (isLoaded) isLoaded = !done.push('unload'); },
    });
    await withServer(async ({ post, answer, end: over }) => {
        post(task('a', 'm'));
        post(task('b', 'm'));
        post({ type: 'unload', key: 'm@h' });
        post(task('e', 'builtin/echo'));
        await over('e');
        submit();
        post(task('f', 'builtin/echo'));
        await over('f');
        assert.deepEqual(done, ['load', 'a']);
        end();
        assert.equal((await answer('b')).performance.warm, false);
        assert.deepEqual(done, ['load', 'a', 'unload', 'load', 'b']);
    }, engine, 'webgpu');
});

test('a benchmark has the device for itself, and so has what runs between two of its runs', async () => {
    const { engine, ran, ends } = overlapping();
    const begun = async (count) => {
        while (ran.length < count) await yieldOnce();
        await yieldOnce();
        return ran;
    };
    await withServer(async ({ post, answer, end }) => {
        post(task('a', 'm'));
        post(task('b', 'm', { benchmark: { runs: 1, warmup: 1 } }));
        post(task('e', 'builtin/echo'));
        await end('e');
        assert.deepEqual(ran, ['a']);
        ends.a.resolve();
        assert.deepEqual(await begun(2), ['a', 'b']);
        post(task('c', 'm'));
        setTimeout(ends.b.resolve, 6); // long enough for a sample
        assert.deepEqual(await begun(3), ['a', 'b', 'c']);
        ends.c.resolve();
        assert.deepEqual(await begun(4), ['a', 'b', 'c', 'b']);
        setTimeout(ends.b.resolve, 6);
        assert.equal((await answer('b')).result.run_ms.length, 1);
        assert.equal((await answer('c')).ok, true);
    }, engine, 'webgpu');
});

test('only what the engine\'s runtime throws costs the worker', async () => {
    const throws = {
        input: () => new Failure('input_size', 'm'), bug: () => new TypeError('x is undefined'),
        runtime: () => new EngineFault(new Error('anything at all')),
        'the request\'s': () => new EngineFault(new Error("input 'x' is missing in 'feeds'.")),
    };
    const engine = engineOf(async ({ attempt }) => { throw throws[attempt](); },
        { configure() { throw new Error('no such setting'); }, async unload() { throw new Error('not there'); } });
    await withServer(async ({ post, said, until, end, answer }) => {
        post({ type: 'settings', settings: { credential: '', threads: 1, max_frame: 1e9 } });
        post({ type: 'unload', key: 'm@h' });
        await until(() => said.filter(({ type }) => type === 'log').length === 2);
        const ends = {};
        for (const attempt of Object.keys(throws)) {
            post(task(attempt, 'm'));
            const { error, poisoned } = await end(attempt);
            ends[attempt] = [error.code, poisoned];
        }
        assert.deepEqual(ends, {
            input: ['input_size', false], bug: ['inference_failed', false], runtime: ['inference_failed', true],
            'the request\'s': ['input_missing', false],
        });
        post(task('e', 'builtin/echo'));
        assert.equal((await answer('e')).ok, true);
    }, engine, 'webgpu');
    await withServer(async ({ post, end }) => {
        post(task('m', 'm'));
        assert.equal((await end('m')).error.code, 'platform_unsupported');
    });
});

test('engines are given other pages, of which the document tells by a port of its own', async () => {
    /** @type {any} */
    let given;
    const engine = engineOf(async () => ({ tensors: [] }), { configure: (settings, others) => { given = others; } });
    await withServer(async ({ post, pages }) => {
        post({ type: 'settings', settings: { credential: '', threads: 1, max_frame: 1e9 } });
        while (!given) await yieldOnce();
        assert.equal(given.id, '');
        pages.postMessage({ id: 'me' });
        while (given.id !== 'me') await yieldOnce();
    }, engine);
});

test('a run says what loading its model has added', async () => {
    let memory = 100;
    const engine = engineOf(async () => ({ tensors: [] }), {
        has: () => false, memory: () => memory,
        async start() { memory = 1000; },
        async load() { memory = 4000; },
    });
    await withServer(async ({ post, said, end }) => {
        post(task('m', 'm'));
        assert.equal((await end('m')).memory, 4000);
        assert.equal(said.find(({ type }) => type === 'model').memory, 3000);
    }, engine);
});

test('steps turn the event loop; what exceeds the credit is kept in order; what is too large is refused', async () => {
    const seen = [];
    const engine = engineOf(async ({ attempt }, run) => {
        run.phase = 'run';
        if (attempt === 'large') run.emit({ text: 'x'.repeat(30000), result: { text: 'ü'.repeat(17000) } });
        if (attempt === 'busy') for (;;) await run.step();
        // Of one piece there is nothing to say.
        run.progress('audio', 0, 1);
        run.progress('prompt', 3, 3);
        run.progress('prompt', 1, 4);
        run.progress('prompt', 2, 4);
        run.progress('prompt', 4, 4);
        for (let i = 0; i < 3; i++) {
            await run.step();
            seen.push(run.hasCredit);
            for (const index of [0, 1]) run.emit({ index, text: `ä\ud83d\0`, result: { i } });
            seen.push(run.hasCredit);
        }
        return { tensors: [] };
    }, { steps: true });
    await withServer(async ({ post, until, said, parts, answer, end }) => {
        post(task('a', 'm', stream({ parts: 1, bytes: 1e6 })));
        await until(() => parts('a').length === 1);
        post({ type: 'credit', attempt: 'a', credit: { parts: 5, bytes: 1e6 } });
        await until(() => parts('a').length === 5);
        post({ type: 'credit', attempt: 'a', credit: PLENTY });
        assert.equal((await answer('a')).parts, 6);
        assert.deepEqual(parts('a').map(({ data }) => [data.seq, data.index, data.result.i]),
            [[0, 0, 0], [1, 1, 0], [2, 0, 1], [3, 1, 1], [4, 0, 2], [5, 1, 2]]);
        assert.deepEqual([parts('a')[0].data.text, parts('a')[0].bytes], ['ä\ufffd\ufffd', 8 + 7]);
        assert.deepEqual(seen, [true, false, true, true, true, false]);
        const steps = said.filter(({ type }) => type === 'progress').map(({ phase, done, total }) => [phase, done, total]);
        assert.deepEqual(steps, [['prompt', 1, 4], ['prompt', 4, 4]]);
        post(task('busy', 'm'));
        post({ type: 'cancel', attempt: 'busy' });
        assert.equal((await end('busy')).error.code, 'cancelled');
        post(task('large', 'm', stream()));
        const { error, poisoned } = await end('large');
        assert.deepEqual([error.code, poisoned], ['answer_too_large', false]);
    }, engine);
});

test('quick steps send their parts together, and none is left behind', async () => {
    const messages = [];
    const run = new Run(count('a', {}, stream()), (message) => messages.push(message));
    for (let i = 0; i < 1000; i++) {
        await run.step();
        run.emit({ text: 'x' });
    }
    await run.end();
    assert.deepEqual(messages.flatMap(({ parts }) => parts.map(({ seq }) => seq)), Array.from({ length: 1000 }, (_, i) => i));
    assert.ok(messages.length < 500, `${messages.length}`);
    assert.ok(messages.at(-1).step_ms > 0);
});

test('of a run of steps without parts the link worker hears every five seconds', async (t) => {
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const said = [];
    const run = new Run(count('a', {}), (message) => said.push(message));
    for (const ms of [0, 4999, 1, 4999, 1]) {
        now += ms;
        await run.step();
    }
    assert.deepEqual(said, [{ type: 'lives', step_ms: 0 }, { type: 'lives', step_ms: 0 }]);
});

test('of a stream that goes on without parts the service hears, four times a second at the most', (t) => {
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const said = [];
    const runOf = (more) => new Run(count('a', {}, more), ({ type, phase }) => said.push(phase ?? type));
    const goesOn = (run, ms) => {
        now += ms;
        run.goesOn();
        return said.splice(0);
    };
    const behind = runOf(stream(PLENTY, { seq: 2, text: 'ab' }));
    const soon = () => [goesOn(behind, 249), goesOn(behind, 1)];
    assert.deepEqual([soon(), soon()], [[[], ['writing']], [[], ['writing']]]);
    behind.progress('prompt', 1, 4);
    assert.deepEqual(soon(), [['prompt'], ['writing']]);
    behind.emit({ text: 'c' });
    assert.deepEqual(soon(), [['parts'], ['writing']]);
    const first = runOf(stream());
    assert.deepEqual(goesOn(first, 1000), [], 'its client has nothing yet');
    first.emit({ text: 'a' });
    assert.deepEqual(goesOn(first, 1000), ['parts', 'writing']);
    assert.deepEqual(goesOn(runOf(stream({ parts: 0, bytes: 0 }, { seq: 2 })), 1000), [], 'it waits for its client');
    assert.deepEqual(goesOn(runOf({}), 1000), [], 'it is no stream');
});

/** An engine whose tasks run beside each other. */
const tasksOf = (run, more = {}) => engineOf(run, { name: 'pipeline', info: { slots: 4, queue: 1, can: [] }, steps: true, ...more });
const ofTasks = { model: { name: 'm', hash: 'h', engine: 'pipeline', files: [] } };
const settled = async (holds) => {
    while (!holds()) await new Promise(setImmediate);
};

test('a model is unloaded when nothing runs with it any more, and what comes meanwhile waits for that', async () => {
    const ends = {}, unloaded = [], models = new Set();
    const engine = tasksOf(({ attempt }) => new Promise((resolve) => { ends[attempt] = () => resolve({ tensors: [], inferenceMs: 1 }); }), {
        has: (key) => models.has(key), load: async ({ key }) => { models.add(key); },
        async unload(key) { models.delete(key); unloaded.push(key); },
    });
    await withServer(async ({ post, said, until, end }) => {
        post(task('a', 'm', ofTasks));
        await settled(() => ends.a);
        post({ type: 'unload', key: 'm@h' });
        post(task('e', 'builtin/echo'));
        await end('e');
        assert.deepEqual(unloaded, []);
        for (const attempt of ['b', 'c']) post(task(attempt, 'm', ofTasks));
        post({ type: 'cancel', attempt: 'c' });
        await end('c');
        post(task('e2', 'builtin/echo'));
        await end('e2');
        assert.deepEqual([Object.keys(ends), unloaded], [['a'], []]);
        ends.a();
        await settled(() => ends.b);
        assert.deepEqual(unloaded, ['m@h', 'm@h as it is', 'm@h profiled', 'm@h as it is profiled']); // as benchmarks have it
        const states = () => said.filter(({ type }) => type === 'model').map(({ state }) => state);
        assert.deepEqual(states().sort(), ['loaded', 'loaded', 'unloaded']);
        assert.ok(said.findIndex(({ attempt }) => attempt === 'a') < said.findIndex(({ state }) => state === 'unloaded'));
        post({ type: 'unload', key: 'm@h' });
        ends.b();
        await until(() => states().length === 4);
    }, engine);
});

test('a model that is asked for while it is unloaded is loaded anew', async () => {
    const models = new Set(['x@h']), yieldOnce = () => new Promise((resolve) => { setImmediate(resolve); });
    const slow = engineOf(async () => ({ tensors: [] }), { name: 'slow', unload: yieldOnce });
    const engine = engineOf(async ({ key }) => {
        for (let i = 0; i < 5; i++) await yieldOnce();
        assert.ok(models.has(key), 'it was unloaded while it ran');
        return { tensors: [] };
    }, { has: (key) => models.has(key), load: async ({ key }) => { models.add(key); }, unload: async (key) => { models.delete(key); } });
    await withServer(async ({ post, answer }) => {
        post({ type: 'unload', key: 'x@h' });
        post(task('a', 'x'));
        const { ok, performance: { warm } } = await answer('a');
        assert.deepEqual([ok, warm], [true, false]);
    }, [slow, engine]);
});

test('loads beside each other each say what they have added, and only when they have', async () => {
    const loads = [];
    let memory = 7;
    const engine = tasksOf(async () => ({ tensors: [], inferenceMs: 1 }), {
        has: () => false, memory: () => memory,
        load: () => new Promise((resolve) => {
            loads.push((bytes) => {
                memory += bytes;
                resolve();
            });
        }),
    });
    await withServer(async ({ post, said, end }) => {
        const begin = (attempt, key) => post(task(attempt, 'm', { ...ofTasks, key }));
        const told = () => said.filter(({ type, state }) => type === 'model' && state === 'loaded').map(({ key, memory: bytes }) => [key, bytes]);
        begin('a', 'first');
        begin('b', 'second');
        await settled(() => loads.length === 2);
        loads[0](100);
        await end('a');
        loads[1](30);
        await end('b');
        assert.deepEqual(told(), [['first', 100], ['second', 30]]);

        begin('c', 'third');
        post({ type: 'unload', key: 'third' });
        begin('d', 'third'); // it is wanted again, once it was unloaded
        await settled(() => loads.length === 3);
        loads[2](1);
        await end('c');
        await settled(() => loads.length === 4);
        loads[3](1);
        await end('d');
        assert.deepEqual(told().slice(2).map(([key]) => key), ['third', 'third']);
        assert.equal(said.filter(({ state }) => state === 'unloaded').length, 1);
    }, engine);
});

test('what nothing caught is the failure of the one whose turn it is', async () => {
    const begun = [];
    const engine = tasksOf((one, run) => {
        begun.push(one.attempt);
        return run.take(() => new Promise(() => {}));
    });
    await withServer(async ({ server, post, end, said }) => {
        assert.equal(server.uncaught(new Error('nobody\'s')), false);
        for (const attempt of ['a', 'b']) post(task(attempt, 'm', ofTasks));
        await settled(() => begun.length === 2);
        assert.equal(server.uncaught(new Error('boom')), true);
        const { error, poisoned } = await end('a');
        assert.deepEqual([error.message, poisoned], ['boom', true]);
        assert.equal(said.some(({ attempt }) => attempt === 'b'), false);
    }, engine, 'webnn');
});
