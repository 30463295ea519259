// tier: quick
/** Which attempts run where, and when: platforms, hangs, cancelling, models, workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMORY_FLOOR } from '../../page/src/link/workers.js';
import { COUNT, ECHO, model, setUp } from './support/dispatcher.mjs';
import { onnx } from './support/models.mjs';

test('models run one at a time, in order; echoes are handed over together', () => {
    const { world } = setUp();
    world.request('a');
    world.request('b');
    assert.deepEqual(world.runs('wasm'), ['a']);
    world.answer('wasm', 'a');
    assert.deepEqual(world.runs('wasm'), ['a', 'b']);
    world.request('e1', { model: ECHO });
    assert.deepEqual(world.runs('wasm'), ['a', 'b']);
    world.request('e2', { model: ECHO });
    world.answer('wasm', 'b');
    assert.deepEqual(world.runs('wasm'), ['a', 'b', 'e1', 'e2']);
    assert.deepEqual(world.answers, ['a', 'b']);
});

test('a node that is forgotten has ended when nothing runs any more, so that ids may come again', async () => {
    const { world, dispatcher } = setUp();
    world.request('a', { deadline_ms: 60000 });
    world.request('b', { deadline_ms: 60000 });
    let isOver = false;
    dispatcher.reset();
    const ended = dispatcher.attempts.ended().then(() => { isOver = true; });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([isOver, dispatcher.attempts.unanswered()], [false, []]);
    world.answer('wasm', 'a');
    await ended;
    await dispatcher.attempts.ended();
    world.request('a');
    assert.deepEqual([world.runs('wasm'), world.answers], [['a', 'a'], []]);
    world.answer('wasm', 'a');
    assert.deepEqual(world.answers, ['a']);
});

test('task_accepted goes out only where there is no answer for 100 ms', () => {
    const { world } = setUp();
    const accepted = () => world.sent.filter(([type]) => type === 'task_accepted').map(([, d]) => d.attempt_id);
    world.request('quick');
    world.answer('wasm', 'quick');
    world.request('slow');
    world.advance(99);
    assert.deepEqual(accepted(), []);
    world.advance(1);
    world.advance(1000);
    assert.deepEqual(accepted(), ['slow']);
});

test('a failed platform falls back with its reason; its inputs are still there', () => {
    const { world } = setUp();
    world.request('a', { platforms: ['webgpu', 'wasm'] }, new ArrayBuffer(16));
    const first = world.ports.webgpu.posted.at(-1);
    assert.equal(first.frame.byteLength, 16);
    world.fail('webgpu', 'a', 'inference_failed', true);
    assert.deepEqual(world.replaced, ['webgpu']);
    const second = world.ports.wasm.posted.at(-1);
    assert.equal(second.frame.byteLength, 16);
    assert.notEqual(second.frame, first.frame);
    assert.deepEqual(second.fallbacks, [{ platform: 'webgpu', code: 'inference_failed', reason: 'why' }]);
    world.answer('wasm', 'a');
    assert.deepEqual(world.answers, ['a']);
});

test('what waits for an engine that does not come up gets another worker, once, with its frame', () => {
    const { world } = setUp();
    world.request('a', { deadline_ms: 60_000, fallback: false }, new ArrayBuffer(16));
    world.request('b', { deadline_ms: 60_000 });
    const [first] = world.ports.wasm.posted.filter(({ type }) => type === 'run');
    world.tell('wasm', { type: 'start', up: false });
    world.advance(19_000);
    assert.deepEqual(world.replaced, []);
    world.advance(1500);
    assert.deepEqual([world.replaced, world.failures], [['wasm'], []]);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['b']); // it waited all the time
    world.tell('wasm', { type: 'start', up: false });
    world.tell('wasm', { type: 'start', up: true });
    world.advance(25_000); // up, it may take its time
    world.answer('wasm', 'b');
    const again = world.ports.wasm.posted.find(({ attempt }) => attempt === 'a');
    assert.notEqual(again.frame, first.frame);
    assert.equal(again.frame.byteLength, 16);
    world.answer('wasm', 'a');
    assert.deepEqual(world.answers, ['b', 'a']);

    const twice = setUp().world;
    twice.request('c', { deadline_ms: 60_000 });
    for (const attach of [() => {}, () => twice.attach('wasm')]) {
        attach();
        twice.tell('wasm', { type: 'start', up: false });
        twice.advance(20_500);
    }
    assert.deepEqual(twice.failures.map(([id, code, retryable]) => [id, code, retryable]), [['c', 'engine_hung', true]]);
});

test('fallback: false, and failures that no platform can mend, are errors', () => {
    const { world } = setUp();
    world.request('a', { platforms: ['webgpu', 'wasm'], fallback: false });
    world.fail('webgpu', 'a', 'operator_unsupported');
    world.request('b', { platforms: ['webgpu', 'wasm'] });
    world.fail('webgpu', 'b', 'input_shape');
    world.request('c', { platforms: ['webgpu'] });
    world.fail('webgpu', 'c', 'device_lost', true);
    world.request('d', { platforms: ['webnn', 'constructor'] });
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]), [
        ['a', 'operator_unsupported', false], ['b', 'input_shape', false], ['c', 'device_lost', true],
        ['d', 'platform_unsupported', false],
    ]);
});

test('a platform that is not there is passed over; its queue moves when that turns out', () => {
    const { world } = setUp([]);
    assert.equal(world.failures.length, 0);
    const later = setUp(['wasm', 'webgpu']);
    later.dispatcher.workers.died('webgpu', 1, 'crash');
    later.world.request('a', { platforms: ['webgpu', 'wasm'] });
    assert.deepEqual(later.world.runs('wasm'), []);
    later.world.attach('webgpu', { available: false, reason: 'no adapter' });
    assert.deepEqual(later.world.runs('wasm'), ['a']);
    later.world.request('b', { platforms: ['webgpu'] });
    assert.deepEqual(later.world.failures[0].slice(0, 2), ['b', 'platform_unsupported']);
});

test('a platform that the browser cannot have is passed over with what the document knows', () => {
    const { world } = setUp(['wasm'], { webnn: { available: false, reason: 'navigator.ml is missing' } });
    world.request('a', { platforms: ['webnn', 'wasm'] });
    assert.deepEqual(world.ports.wasm.posted.at(-1).fallbacks,
        [{ platform: 'webnn', code: 'platform_unsupported', reason: 'webnn is not available: navigator.ml is missing' }]);
});

test('a hang costs the worker and falls back in time; what waits behind it may go elsewhere', () => {
    const { world, dispatcher } = setUp();
    world.request('hung', { platforms: ['webgpu', 'wasm'] });
    world.request('next', { platforms: ['webgpu'], deadline_ms: 5000 });
    world.advance(499);
    assert.deepEqual(world.replaced, []);
    world.advance(1);
    assert.deepEqual(world.replaced, ['webgpu']);
    assert.deepEqual(world.runs('wasm'), ['hung']);
    // The GPU may be busy with what was ended, so the platform is gone for a minute.
    assert.deepEqual(world.failures[0].slice(0, 3), ['next', 'engine_hung', true]);
    assert.equal(dispatcher.workers.platforms().webgpu.available, false);
    world.attach('webgpu');
    assert.equal(dispatcher.workers.platforms().webgpu.available, false);
    world.advance(500);
    assert.deepEqual(world.failures[1].slice(0, 3), ['hung', 'engine_hung', true]);
    assert.equal(world.failures[1][3][0].code, 'engine_hung');
    world.advance(60000);
    assert.equal(dispatcher.workers.platforms().webgpu.available, true);
    world.request('after', { platforms: ['webgpu'] });
    assert.deepEqual(world.runs('webgpu'), ['after']);
});

test('a loaded model that takes far longer than ever is a hang, long before the deadline', () => {
    const { world } = setUp();
    const head = { platforms: ['webgpu', 'wasm'], deadline_ms: 600_000 };
    world.request('cold', head);
    world.tell('webgpu', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 100 });
    world.answer('webgpu', 'cold', 0, 100);
    world.request('first', head); // a cold run has measured nothing yet
    world.advance(60_000);
    assert.deepEqual(world.runs('webgpu'), ['cold', 'first']);
    assert.deepEqual(world.replaced, []);
    world.answer('webgpu', 'first');
    world.request('hung', head); // half of the deadline is sooner than 30 minutes
    world.advance(290_000);
    assert.deepEqual(world.replaced, []);
    world.answer('webgpu', 'hung');

    const { world: quick } = setUp();
    quick.request('cold', head);
    quick.tell('webgpu', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 100 });
    quick.answer('webgpu', 'cold', 0, 100);
    quick.request('first', head);
    quick.advance(20);
    quick.answer('webgpu', 'first');
    quick.request('hung', head);
    quick.advance(9_000);
    assert.deepEqual(quick.replaced, []);
    quick.advance(2_000);
    assert.deepEqual(quick.replaced, ['webgpu']);
    assert.deepEqual(quick.runs('wasm'), ['hung']);
});

test('a first run that gives no sign for far longer than others take elsewhere is a hang', () => {
    const { world } = setUp();
    const head = { platforms: ['webgpu', 'wasm'], deadline_ms: 600_000, usual_ms: 2000 };
    const setsUp = { ...head, model: model('other') };
    world.request('sets up', setsUp);
    world.advance(200_000);
    assert.deepEqual(world.replaced, [], 'the engine has to be set up, which nobody has measured');
    world.answer('webgpu', 'sets up', 0, 190_000);
    world.request('slow', head);
    world.advance(59_000);
    world.tell('webgpu', { type: 'progress', attempt: 'slow', phase: 'loading', loaded_bytes: 5, total_bytes: 10 });
    world.advance(59_000);
    assert.deepEqual(world.replaced, [], 'it goes on');
    world.advance(1_000);
    assert.deepEqual(world.replaced, ['webgpu']);
    assert.deepEqual(world.runs('wasm'), ['slow'], 'and nothing is said of the next platform');
    world.advance(200_000);
    assert.deepEqual(world.replaced, ['webgpu']);

    const { world: quick } = setUp();
    quick.request('sets up', setsUp);
    quick.answer('webgpu', 'sets up');
    quick.request('hung', { ...head, usual_ms: 1 });
    quick.advance(29_000);
    assert.deepEqual(quick.replaced, [], 'it has to be loaded and compiled');
    quick.advance(1_000);
    assert.deepEqual(quick.replaced, ['webgpu']);
});

test('who comes after a hang falls back, with the reason', () => {
    const { world } = setUp();
    world.request('hung', { platforms: ['webgpu'], deadline_ms: 100 });
    world.request('waits', { platforms: ['webgpu', 'wasm'], deadline_ms: 1000 });
    world.advance(99);
    assert.deepEqual(world.runs('wasm'), []);
    world.advance(1);
    assert.deepEqual(world.runs('wasm'), ['waits']);
    assert.equal(world.ports.wasm.posted.at(-1).fallbacks[0].code, 'engine_hung');
    world.answer('wasm', 'waits');
    world.request('later', { platforms: ['webgpu', 'wasm'], deadline_ms: 1000 });
    assert.deepEqual(world.runs('wasm'), ['waits', 'later']);
    assert.equal(world.ports.wasm.posted.at(-1).fallbacks[0].code, 'engine_hung');
});

const GONE = { available: false, reason: 'requestAdapter() gave no adapter' };

test('a GPU that is lost is looked for again before it is said to be gone', () => {
    const { world, dispatcher } = setUp();
    const isThere = () => dispatcher.workers.platforms().webgpu.available;
    world.request('a', { platforms: ['webgpu'], deadline_ms: 60_000 });
    world.tell('webgpu', { type: 'device_lost', reason: 'the GPU process has ended' });
    assert.deepEqual(world.failures[0].slice(0, 3), ['a', 'device_lost', true]);
    world.request('b', { platforms: ['webgpu'], deadline_ms: 60_000 });
    world.attach('webgpu', GONE);
    world.advance(249);
    assert.deepEqual(world.replaced, ['webgpu']);
    world.advance(1);
    assert.deepEqual(world.replaced, ['webgpu', 'webgpu']);
    world.attach('webgpu');
    assert.deepEqual([isThere(), world.runs('webgpu'), world.failures.length], [true, ['b'], 1]);
    world.answer('webgpu', 'b');
    world.tell('webgpu', { type: 'device_lost', reason: 'the GPU process has ended' });
    for (let i = 0; i < 6; i++) {
        assert.equal(isThere(), true);
        world.attach('webgpu', GONE);
        world.advance(8_000);
    }
    assert.equal(isThere(), false, 'it is gone');
});

test('a GPU whose process has ended after a hang is used again at once', () => {
    const { world, dispatcher } = setUp();
    world.request('hung', { platforms: ['webgpu', 'wasm'] });
    world.advance(500);
    assert.deepEqual([world.replaced, dispatcher.workers.platforms().webgpu.available], [['webgpu'], false]);
    world.attach('webgpu');
    world.attach('webgpu');
    assert.equal(dispatcher.workers.platforms().webgpu.available, false, 'a probe may get through in between');
    world.attach('webgpu', GONE);
    world.advance(250);
    world.attach('webgpu');
    assert.equal(dispatcher.workers.platforms().webgpu.available, true);
});

test('a GPU whose process the service has ended is used again, whether a worker came before that or after it', () => {
    for (const isLate of [false, true]) {
        const { world, dispatcher } = setUp(), isThere = () => dispatcher.workers.platforms().webgpu.available;
        world.request('hung', { platforms: ['webgpu', 'wasm'] });
        world.advance(500);
        if (!isLate) world.attach('webgpu');
        dispatcher.workers.revive();
        assert.deepEqual([world.replaced, isThere()], [['webgpu', 'webgpu'], false]);
        world.attach('webgpu', GONE);
        world.advance(250);
        world.attach('webgpu');
        assert.equal(isThere(), true);
    }
});

test('a GPU that a worker found gone and there again is used again at once, and nobody else is told', () => {
    const { world, dispatcher } = setUp();
    world.request('hung', { platforms: ['webgpu', 'wasm'] });
    world.advance(500);
    world.attach('webgpu', { available: true, was_gone: true });
    assert.deepEqual(dispatcher.workers.platforms().webgpu, { available: true });
});

test('a GPU that hangs for a kernel on WebGL is reported as lost, and used again five seconds later by another worker', () => {
    const { world, dispatcher } = setUp(['wasm'], { webgl: { available: true } }), lane = 'model builtin/kernels@ on webgl';
    const isThere = () => dispatcher.workers.platforms().webgl.available;
    const ask = (id, platforms = ['webgl']) => world.request(id, { kernel: 'relu', platforms, deadline_ms: 60_000,
        model: { name: 'builtin/kernels', hash: '', engine: 'kernels', files: [] } });
    ask('hangs');
    world.attach(lane, { available: true }, 'webgl');
    ask('behind');
    assert.deepEqual(world.runs(lane), ['hangs']);
    world.fail(lane, 'hangs', 'engine_hung', true);
    assert.deepEqual([isThere(), world.sent.filter(([type]) => type === 'lost').length, world.closed], [false, 1, [lane]]);
    ask('early');
    ask('elsewhere', ['webgl', 'wasm']);
    assert.deepEqual(world.failures.map(([id, code, isRetryable]) => [id, code, isRetryable]),
        ['behind', 'hangs', 'early'].map((id) => [id, 'engine_hung', true]));
    assert.deepEqual(world.replaced, [lane, 'model builtin/kernels@ on wasm']);
    world.advance(4999);
    assert.equal(isThere(), false);
    world.advance(1);
    assert.equal(isThere(), true);
    ask('next');
    assert.equal(world.replaced.at(-1), lane);
    world.attach(lane, { available: true }, 'webgl');
    world.fail(lane, 'next', 'engine_hung', true);
    assert.equal(isThere(), false);
    dispatcher.workers.revive(); // the service has ended the process
    assert.equal(isThere(), true);
});

test('a deadline that passes in the queue is no hang', () => {
    const { world } = setUp();
    world.request('a', { deadline_ms: 10000 });
    world.request('b', { deadline_ms: 50 });
    world.advance(60);
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]), [['b', 'deadline_exceeded']]);
    assert.deepEqual(world.replaced, []);
});

test('cancel: queued is dropped, running is awaited as long as ending it would cost', () => {
    const { world, dispatcher } = setUp();
    world.request('a', { deadline_ms: 10000 });
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 700 });
    world.request('b', { deadline_ms: 10000 });
    dispatcher.cancel('b');
    dispatcher.cancel('a');
    dispatcher.cancel('unknown');
    assert.deepEqual(dispatcher.attempts.unanswered(), []);
    world.advance(600);
    assert.deepEqual(world.replaced, []);
    world.advance(100);
    assert.deepEqual(world.replaced, ['wasm']);
    assert.deepEqual([world.answers, world.failures], [[], []]);
    world.attach('wasm');
    world.request('c');
    dispatcher.cancel('c');
    world.answer('wasm', 'c');
    assert.deepEqual(world.answers, []);
});

test('a cancelled run is ended at once if it has more left than its models cost, and else let be', () => {
    const { world, dispatcher } = setUp();
    const cancels = () => world.ports.wasm.posted.filter(({ type }) => type === 'cancel').map((m) => m.attempt);
    const run = (id, ms, loadMs = 0) => {
        world.request(id, { deadline_ms: 1e6 });
        if (loadMs) world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: loadMs });
        world.advance(ms);
        world.answer('wasm', id, 0, loadMs);
    };
    run('first', 9000, 400); // a first run says little: the next one counts instead
    run('second', 1000);
    world.request('near its end', { deadline_ms: 1e6 });
    world.advance(700);
    dispatcher.cancel('near its end');
    assert.deepEqual([world.replaced, cancels()], [[], ['near its end']]);
    world.advance(300);
    world.answer('wasm', 'near its end');
    assert.deepEqual(world.replaced, []);
    world.request('just begun', { deadline_ms: 1e6 });
    world.request('waits', { deadline_ms: 1e6 });
    world.advance(100);
    dispatcher.cancel('just begun');
    assert.deepEqual(world.replaced, ['wasm']);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['waits']);
    assert.deepEqual([world.answers, world.failures], [['first', 'second'], []]);
});

test('a cancelled load may stop between its steps, and leaves no failed model', () => {
    const { world, dispatcher } = setUp();
    world.request('a', { deadline_ms: 1e6 });
    dispatcher.cancel('a');
    world.advance(50);
    world.fail('wasm', 'a', 'cancelled');
    world.advance(1e5);
    assert.deepEqual([world.replaced, world.failures, dispatcher.models.residents.states()], [[], [], []]);
    world.request('b', { deadline_ms: 1e6 });
    dispatcher.cancel('b');
    world.advance(100);
    assert.deepEqual(world.replaced, ['wasm']);
});

test('ending a run on the GPU costs a browser, and is worth it only for long ones', () => {
    const { world, dispatcher } = setUp();
    const request = (id) => world.request(id, { platforms: ['webgpu'], deadline_ms: 1e6 });
    for (const id of ['first', 'second']) {
        request(id);
        world.advance(1500);
        world.answer('webgpu', id);
    }
    request('short');
    dispatcher.cancel('short');
    assert.deepEqual(world.replaced, []);
    world.advance(1500);
    world.answer('webgpu', 'short');
    for (const id of ['third', 'fourth', 'fifth', 'sixth']) {
        request(id);
        world.advance(9000);
        world.answer('webgpu', id);
    }
    request('long');
    dispatcher.cancel('long');
    assert.deepEqual(world.replaced, ['webgpu']);
});

test('models are evicted within the budget, but none that is needed', () => {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1 }, 25);
    for (const name of ['m1', 'm2', 'm3']) {
        world.request(name, { model: model(name) });
        world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1 });
        world.answer('wasm', name);
    }
    const unloads = world.ports.wasm.posted.filter(({ type }) => type === 'unload').map(({ key }) => key);
    assert.deepEqual(unloads, ['m1@h']);
    assert.deepEqual(dispatcher.models.residents.states().map(({ name, state }) => [name, state]),
        [['m2', 'loaded'], ['m3', 'loaded'], ['m1', 'evicted']]);
});

test('a lower budget unloads at once what is idle, and the rest when its run has ended', () => {
    const { world, dispatcher } = setUp();
    const allow = (bytes) => dispatcher.configure({ credential: '', threads: 1 }, bytes);
    const run = (name) => {
        world.request(name, { model: model(name) });
        world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1 });
    };
    const states = () => dispatcher.models.residents.states().map(({ name, state }) => `${name} ${state}`);
    const told = () => world.sent.filter(([type]) => type === 'model_status').at(-1)[1].models.map(({ name, state }) => `${name} ${state}`);
    allow(1000);
    for (const name of ['m1', 'm2', 'm3']) {
        run(name);
        if (name !== 'm3') world.answer('wasm', name);
    }
    allow(15); // for one of them
    assert.deepEqual([states(), told()], [['m3 loaded', 'm1 evicted', 'm2 evicted'], states()]);
    allow(5); // for none: the one that runs ends first
    assert.deepEqual(states(), ['m3 loaded', 'm1 evicted', 'm2 evicted']);
    world.answer('wasm', 'm3');
    assert.deepEqual([states(), told()], [['m1 evicted', 'm2 evicted', 'm3 evicted'], states()]);
    assert.deepEqual(world.ports.wasm.posted.filter(({ type }) => type === 'unload').map(({ key }) => key), ['m1@h', 'm2@h', 'm3@h']);
    // A budget that stays as it is leaves a model that is larger than all of it, alone.
    run('m4');
    world.answer('wasm', 'm4');
    allow(5);
    assert.deepEqual(states().slice(0, 1), ['m4 loaded']);
});

test('what a page has loaded is its workers, and engines of shared ones from their first model on', () => {
    const { world, dispatcher } = setUp(['wasm']), loaded = () => [...dispatcher.workers.loaded];
    const load = (name, engine) => {
        world.request(name, { model: { ...model(name), engine } });
        assert.ok(!loaded().includes(engine));
        world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1 });
        world.answer('wasm', name);
    };
    assert.deepEqual(loaded(), ['wasm']);
    load('m1', 'pipeline');
    assert.deepEqual(loaded(), ['wasm', 'pipeline']);
    load('m2', 'ort');
    assert.deepEqual(loaded(), ['wasm', 'pipeline', 'ort']);
});

test('a lower budget ends the idle workers of models that have their own', () => {
    const { world, dispatcher } = setUp(['wasm']);
    const own = { ...model('g'), engine: 'llama' };
    dispatcher.configure({ credential: '', threads: 1 }, 1000);
    world.request('first', { model: own });
    const [name] = world.replaced;
    world.attach(name, { available: true }, 'wasm');
    world.tell(name, { type: 'model', key: `${own.name}@${own.hash}`, state: 'loaded', load_ms: 1 });
    world.answer(name, 'first');
    assert.deepEqual(world.closed, []);
    dispatcher.configure({ credential: '', threads: 1 }, 5);
    assert.deepEqual(world.closed, [name]);
});

test('a worker with much garbage is replaced once it is idle', () => {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1 }, 15);
    const run = (name, memory) => {
        world.request(name, { model: model(name) });
        world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1 });
        world.answer('wasm', name, memory);
    };
    run('m1', MEMORY_FLOOR + 1);
    assert.deepEqual(world.replaced, []);
    run('m2', MEMORY_FLOOR + 1);
    assert.deepEqual(world.replaced, ['wasm']);
});

/** A session that came up with two threads and has work to do. */
function withThreads(build = 'wasm') {
    const { world, dispatcher } = setUp();
    const allow = (threads) => dispatcher.configure({ credential: '', threads }, Infinity);
    allow(2);
    world.request('first', { platforms: [build] });
    world.tell(build, { type: 'start', up: false, threads: 2 });
    world.tell(build, { type: 'start', up: true, threads: 2 });
    return { world, allow };
}

test('a worker that may use another number of threads is replaced between two tasks', () => {
    const { world, allow } = withThreads();
    world.request('second');
    allow(1);
    assert.deepEqual(world.replaced, [], 'something runs in it');
    world.answer('wasm', 'first');
    assert.deepEqual(world.replaced, ['wasm']);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['second']);
    world.tell('wasm', { type: 'start', up: true, threads: 1 });
    world.answer('wasm', 'second');
    allow(1);
    assert.deepEqual(world.replaced, ['wasm']);
    allow(2);
    assert.deepEqual(world.replaced, ['wasm', 'wasm'], 'at once, where nothing runs');
    assert.deepEqual([world.answers, world.failures], [['first', 'second'], []]);
});

test('one that holds a model is kept for one thread more or less until nobody has asked for long', () => {
    const { world, dispatcher } = setUp();
    const allow = (threads) => dispatcher.configure({ credential: '', threads }, Infinity, undefined, 60_000);
    allow(3);
    world.request('first', { model: model('m') });
    world.tell('wasm', { type: 'start', up: true, threads: 3 });
    world.tell('wasm', { type: 'model', key: 'm@h', state: 'loaded', load_ms: 1 });
    allow(2);
    world.answer('wasm', 'first');
    allow(2);
    assert.deepEqual(world.replaced, []);
    world.request('second', { model: model('m') });
    assert.deepEqual(world.runs('wasm'), ['first', 'second']);
    world.answer('wasm', 'second');
    world.advance(59_999);
    assert.deepEqual(world.replaced, []);
    world.advance(1);
    assert.deepEqual(world.replaced, ['wasm']);
});

test('it stays where it may use as many after all, and goes on', () => {
    const { world, allow } = withThreads();
    world.request('echo', { model: ECHO });
    allow(1);
    allow(2);
    world.answer('wasm', 'first');
    assert.deepEqual(world.runs('wasm'), ['first', 'echo']);
    assert.deepEqual(world.replaced, []);
});

test('what takes as long as it likes keeps no task waiting for other threads', () => {
    const { world, allow } = withThreads();
    world.request('count', { model: COUNT });
    world.answer('wasm', 'first');
    allow(1);
    world.request('second');
    assert.deepEqual(world.runs('wasm'), ['first', 'count', 'second']);
    world.answer('wasm', 'second');
    assert.deepEqual(world.replaced, []);
    world.answer('wasm', 'count');
    assert.deepEqual(world.replaced, ['wasm']);
});

test('a worker that has used no threads yet, or has a GPU, is kept', () => {
    const { world, allow } = withThreads('webgpu');
    world.answer('webgpu', 'first');
    allow(1);
    assert.deepEqual(world.replaced, []);
});

test('a worker that dies loses only what ran, and messages of the dead are ignored', () => {
    const { world, dispatcher } = setUp();
    world.request('a');
    world.request('b');
    dispatcher.workers.died('wasm', 1, 'boom');
    world.answer('wasm', 'a');
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]), [['a', 'engine_crashed', true]]);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['b']);
});

test('a task that makes no sense is answered, one without an id is not', () => {
    const { world } = setUp();
    world.request('a', { model: null });
    world.request('b', { platforms: 'wasm' });
    world.request('c', { deadline_ms: 'soon' });
    world.request(undefined);
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]),
        [['a', 'invalid_field'], ['b', 'invalid_field'], ['c', 'invalid_field']]);
});

test('model_load tries the platforms in turn and answers no task', () => {
    const { world, dispatcher } = setUp();
    dispatcher.load({ id: 'x', type: 'model_load', from: '', timestamp: 0, data: { model: model('m'), platforms: ['webgpu', 'wasm'] } });
    const [run] = world.ports.webgpu.posted.filter(({ type }) => type === 'run');
    assert.equal(run.load_only, true);
    world.fail('webgpu', run.attempt, 'model_invalid', true);
    assert.equal(world.runs('wasm').length, 1);
    world.fail('wasm', run.attempt, 'model_invalid');
    assert.deepEqual(world.failures, []);
    assert.deepEqual(dispatcher.attempts.unanswered(), []);
    assert.equal(dispatcher.models.residents.states()[0].state, 'failed');
});

test('a worker that does not come back is given up: what waits fails for a retry, and it is said', () => {
    const { world, dispatcher } = setUp();
    world.request('stuck', { platforms: ['webgpu'], fallback: false, deadline_ms: 1000 });
    dispatcher.workers.died('webgpu', 1, 'boom');
    assert.deepEqual(world.replaced, ['webgpu']);
    dispatcher.workers.attach('webgpu', { post() {}, close() {} }, 2);
    world.request('waits', { platforms: ['webgpu'], fallback: false, deadline_ms: 60000 });
    world.request('falls', { platforms: ['webgpu', 'wasm'], deadline_ms: 60000 });
    world.advance(9999);
    assert.equal(world.failures.length, 1); // only the one that it died with
    world.advance(1);
    assert.deepEqual(world.failures[1].slice(0, 3), ['waits', 'engine_hung', true]);
    assert.deepEqual(world.runs('wasm'), ['falls']);
    assert.equal(dispatcher.workers.platforms().webgpu.available, false);
    dispatcher.onEngine('webgpu', 2, { type: 'capabilities', platforms: { webgpu: { available: true } }, engines: {}, engine_info: {}, steps: [] });
    assert.equal(dispatcher.workers.platforms().webgpu.available, true);
});

test('a pause gives back what was not begun and takes nothing; what was goes on, also on another platform', () => {
    const { world, dispatcher } = setUp();
    const load = () => dispatcher.load({ id: 's1', type: 'model_load', data: { model: model('l'), platforms: ['wasm'] } });
    world.request('runs');
    world.request('moves', { platforms: ['webgpu', 'wasm'], deadline_ms: 60000 });
    world.request('waits', { model: model('other') });
    load();
    world.request('behind', { platforms: ['webgpu'] });
    const named = (name, platform, more) => ({ name, platform, running: 0, waiting: 0, loading: false, ...more });
    assert.deepEqual(dispatcher.attempts.doing(), [named('m', 'wasm', { running: 1 }), named('m', 'webgpu', { running: 1, waiting: 1 }),
        named('other', 'wasm', { waiting: 1 }), named('l', 'wasm', { loading: true })]);
    dispatcher.pause(true);
    const returned = (attempt) => [attempt, 'node_paused', true, undefined];
    assert.deepEqual(world.failures, ['waits', 'behind'].map(returned));
    assert.equal(dispatcher.counts.failed, 0);
    world.fail('webgpu', 'moves', 'inference_failed');
    dispatcher.pause(true); // that one has begun, although it waits now
    world.request('late');
    load();
    assert.deepEqual(world.failures, ['waits', 'behind', 'late'].map(returned));
    world.answer('wasm', 'runs');
    world.answer('wasm', 'moves');
    assert.deepEqual(world.answers, ['runs', 'moves']);
    assert.deepEqual([dispatcher.attempts.unanswered(), dispatcher.attempts.doing()], [[], []]);
    dispatcher.pause(false);
    world.request('late');
    world.answer('wasm', 'late');
    assert.deepEqual(world.answers, ['runs', 'moves', 'late']);
});
