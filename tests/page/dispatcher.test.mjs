import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dispatcher } from '../../page/src/link/dispatcher.js';
import { MEMORY_FLOOR } from '../../page/src/link/workers.js';

/** A dispatcher with a clock of its own and ports that only take notes. */
function setUp(builds = ['wasm', 'webgpu'], absent = {}) {
    const world = { now: 1000, timers: new Map(), answers: [], parts: [], failures: [], sent: [], replaced: [], closed: [], ids: 0, ports: {} };
    const dispatcher = new Dispatcher({
        now: () => world.now,
        setTimer: (run, ms) => {
            world.timers.set(++world.ids, { run, at: world.now + ms });
            return world.ids;
        },
        clearTimer: (timer) => world.timers.delete(timer),
        nextId: () => `p${++world.ids}`,
        nodeId: () => 'n',
        answer: (attempt) => world.answers.push(attempt),
        part: (attempt, seq) => world.parts.push([attempt, seq]),
        fail: (attempt, data) => world.failures.push([attempt, data.error.code, data.retryable, data.executed_on?.fallbacks]),
        send: (type, data) => world.sent.push([type, data]),
        begin: (worker) => world.replaced.push(worker),
        close: (worker) => world.closed.push(worker),
        changed: () => {},
        lost: () => world.sent.push(['lost']),
    }, builds, absent);
    const generations = {};
    world.attach = (build, report = { available: true }, platform = build) => {
        const generation = generations[build] = (generations[build] ?? 0) + 1;
        world.ports[build] = {
            posted: [], asked: [],
            post(message) { this.posted.push(message); },
            ask(message) {
                this.asked.push(message.attempt);
                this.post(message);
            },
            close() {},
        };
        dispatcher.attach(build, world.ports[build], generation);
        world.tell(build, {
            type: 'capabilities', platforms: { [platform]: report }, engines: { ort: '1', builtin: '1' }, engine_info: ENGINES,
            steps: ['builtin', 'llama'],
        });
    };
    world.tell = (build, message) => dispatcher.onEngine(build, generations[build], message);
    world.runs = (build) => world.ports[build].posted.filter(({ type }) => type === 'run').map((m) => m.attempt);
    world.advance = (ms) => {
        world.now += ms;
        for (const [id, { run, at }] of [...world.timers]) {
            if (at <= world.now && world.timers.delete(id)) run();
        }
    };
    world.request = (id, { options = {}, ...more } = {}, buffer = null) => dispatcher.request({
        id: `r-${id}`, type: 'task_request', from: 'service', timestamp: 0, options,
        data: { attempt_id: id, model: model('m'), platforms: ['wasm'], deadline_ms: 1000, ...more },
    }, buffer, 0);
    world.answer = (build, attempt, memory = 0, loadMs = 0) =>
        world.tell(build, { type: 'answer', attempt, frame: new ArrayBuffer(8), load_ms: loadMs, memory });
    world.fail = (build, attempt, code, poisoned = false) =>
        world.tell(build, { type: 'failure', attempt, error: { code, message: 'why' }, poisoned, memory: 0 });
    for (const build of builds) world.attach(build);
    return { world, dispatcher };
}
const model = (name, bytes = 10) => ({ name, hash: 'h', url: '/m', bytes });
const ECHO = { name: 'builtin/echo' };
const COUNT = { name: 'builtin/count' };
const ENGINES = {
    ort: { slots: 1, queue: 1, can: [] }, builtin: { slots: 16, queue: 1, can: ['continue'] }, llama: { slots: 4, queue: 4, can: [] },
};

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

test('only what is quick, and alone, is waited for on the spot', () => {
    const { world } = setUp();
    const { asked } = world.ports.wasm;
    const take = (id, ms, model = 'm') => {
        world.advance(1);
        world.request(id, { model: { name: model, hash: 'h', url: '/m', bytes: 10 } });
        world.advance(ms);
        world.answer('wasm', id);
    };
    world.request('echo', { model: ECHO });
    world.answer('wasm', 'echo');
    take('unknown', 0.5);
    take('known to be quick', 0.5);
    take('slow of another', 50, 'slow');
    take('slow again', 50, 'slow');
    world.request('first', { model: ECHO });
    world.request('second', { model: ECHO });
    world.answer('wasm', 'first');
    world.answer('wasm', 'second');
    take('quick again', 0.5);
    assert.deepEqual(asked, ['echo', 'known to be quick', 'first', 'quick again']);
    assert.equal(world.answers.length, 8);
});

test('where each task has others right behind it none is waited for on the spot, until that is over', () => {
    const { world } = setUp();
    const { asked } = world.ports.wasm;
    const echoes = (count, gapMs) => {
        asked.length = 0;
        for (let i = 0; i < count; i++) {
            world.advance(gapMs);
            world.request(`${gapMs}-${i}`, { model: ECHO });
            world.answer('wasm', `${gapMs}-${i}`);
        }
        return asked.length;
    };
    assert.equal(echoes(20, 0.3), 20);
    const crowded = echoes(60, 0.02);
    assert.ok(crowded > 0 && crowded < 40, String(crowded));
    const alone = echoes(60, 0.31);
    assert.ok(alone > 40, String(alone));
});

test('task_accepted goes out only after 20 ms', () => {
    const { world } = setUp();
    const accepted = () => world.sent.filter(([type]) => type === 'task_accepted').map(([, d]) => d.attempt_id);
    world.request('quick');
    world.answer('wasm', 'quick');
    world.request('slow');
    world.advance(25);
    world.advance(100);
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
    later.dispatcher.died('webgpu', 1, 'crash');
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
    assert.equal(dispatcher.platforms().webgpu.available, false);
    world.attach('webgpu');
    assert.equal(dispatcher.platforms().webgpu.available, false);
    world.advance(500);
    assert.deepEqual(world.failures[1].slice(0, 3), ['hung', 'engine_hung', true]);
    assert.equal(world.failures[1][3][0].code, 'engine_hung');
    world.advance(60000);
    assert.equal(dispatcher.platforms().webgpu.available, true);
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
    assert.deepEqual(dispatcher.unanswered(), []);
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
    assert.deepEqual([world.replaced, world.failures, dispatcher.models()], [[], [], []]);
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
    assert.deepEqual(dispatcher.models().map(({ name, state }) => [name, state]),
        [['m2', 'loaded'], ['m3', 'loaded'], ['m1', 'evicted']]);
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
    dispatcher.died('wasm', 1, 'boom');
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
    assert.deepEqual(dispatcher.unanswered(), []);
    assert.equal(dispatcher.models()[0].state, 'failed');
});

test('a worker that does not come back is given up: what waits fails for a retry, and it is said', () => {
    const { world, dispatcher } = setUp();
    world.request('stuck', { platforms: ['webgpu'], fallback: false, deadline_ms: 1000 });
    dispatcher.died('webgpu', 1, 'boom');
    assert.deepEqual(world.replaced, ['webgpu']);
    dispatcher.attach('webgpu', { post() {}, ask() {}, close() {} }, 2);
    world.request('waits', { platforms: ['webgpu'], fallback: false, deadline_ms: 60000 });
    world.request('falls', { platforms: ['webgpu', 'wasm'], deadline_ms: 60000 });
    world.advance(9999);
    assert.equal(world.failures.length, 1); // only the one that it died with
    world.advance(1);
    assert.deepEqual(world.failures[1].slice(0, 3), ['waits', 'engine_hung', true]);
    assert.deepEqual(world.runs('wasm'), ['falls']);
    assert.equal(dispatcher.platforms().webgpu.available, false);
    dispatcher.onEngine('webgpu', 2, { type: 'capabilities', platforms: { webgpu: { available: true } }, engines: {}, engine_info: {}, steps: [] });
    assert.equal(dispatcher.platforms().webgpu.available, true);
});

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
    assert.equal(world.ports.wasm.asked.length, 0);
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

test('a run that can stop is given three of its steps, five seconds at the most', () => {
    const stops = (step, ms) => {
        const { world, dispatcher } = setUp();
        world.request('a', counts);
        world.tell('wasm', { type: 'parts', attempt: 'a', parts: [part(0)], step_ms: step });
        dispatcher.cancel('a');
        world.tell('wasm', { type: 'parts', attempt: 'a', parts: [part(1)], step_ms: step });
        assert.equal(world.parts.length, 1);
        world.advance(ms - 1);
        assert.deepEqual(world.replaced, [], `${step}`);
        world.advance(1);
        assert.deepEqual(world.replaced, ['wasm'], `${step}`);
        assert.deepEqual(world.failures, []);
    };
    stops(1, 100);
    stops(200, 600);
    stops(9000, 5000);
    stops(0, 5000); // nobody knows

    const { world } = setUp();
    world.request('late', { ...counts, deadline_ms: 1000, platforms: ['wasm', 'webgpu'] });
    world.advance(999);
    assert.equal(world.ports.wasm.posted.at(-1).type, 'run');
    world.advance(1);
    assert.deepEqual(world.ports.wasm.posted.at(-1), { type: 'cancel', attempt: 'late' });
    world.fail('wasm', 'late', 'cancelled');
    assert.deepEqual([world.failures, world.replaced], [[['late', 'deadline_exceeded', false, []]], []]);
});

test('a worker that is replaced costs what ran beside only what was begun', () => {
    const { world, dispatcher } = setUp();
    world.request('m', { deadline_ms: 600_000 });
    world.request('begun', counts);
    world.request('not begun', counts);
    world.tell('wasm', { type: 'parts', attempt: 'begun', parts: [part(0)], step_ms: 1 });
    world.fail('wasm', 'm', 'inference_failed', true);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]),
        [['begun', 'inference_failed', true], ['m', 'inference_failed', false]]);
    world.attach('wasm');
    assert.deepEqual(world.runs('wasm'), ['not begun']);
    dispatcher.died('wasm', 2, 'boom');
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
    const bytes = () => dispatcher.models().map(({ name, state, bytes }) => [name, state, bytes]);
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
    world.attach(`model ${name}@h`, { available: true }, 'wasm');
}

test('a language model has a worker of its own, which comes with it and ends with it', () => {
    const { world, dispatcher } = setUp();
    world.request('a', { model: gguf('x') });
    world.request('b', { model: gguf('y') });
    assert.deepEqual(world.replaced, ['model x@h', 'model y@h']);
    assert.deepEqual(Object.keys(dispatcher.platforms()), ['wasm', 'webgpu']);
    bringUp(world, 'x');
    for (const id of ['c', 'd', 'e', 'f']) world.request(id, { model: gguf('x'), task: 'complete', owner: 'o' });
    const x = 'model x@h';
    assert.deepEqual(world.runs(x), ['a', 'c', 'd', 'e'], 'as many as it has slots');
    assert.deepEqual(world.ports[x].posted.filter(({ type }) => type === 'run').map(({ task, owner }) => [task, owner]).slice(0, 2),
        [[undefined, undefined], ['complete', 'o']]);
    world.tell(x, { type: 'model', key: 'x@h', state: 'loaded', load_ms: 5, memory: 100 });
    dispatcher.unload('x');
    assert.deepEqual(world.closed, [], 'not while it is at work');
    for (const id of ['a', 'c', 'd', 'e', 'f']) world.answer(x, id);
    assert.deepEqual(world.closed, [x]);
    assert.deepEqual(dispatcher.models().map(({ name, state }) => [name, state]), []);
    world.request('g', { model: gguf('x') });
    assert.equal(world.replaced.at(-1), x);
});

test('a language model that nobody asks for is unloaded', () => {
    const { world, dispatcher } = setUp();
    const allow = (ms) => dispatcher.configure({ credential: '', threads: 1 }, Infinity, undefined, ms);
    const x = 'model x@h';
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
    assert.deepEqual(dispatcher.models().map(({ name, state }) => [name, state]), [['x', 'evicted']]);
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
    world.fail('model x@h', 'a', 'model_invalid');
    assert.deepEqual(world.closed, ['model x@h']);
    for (const id of ['b', 'c']) world.request(id, { model: gguf('y') });
    bringUp(world, 'y');
    world.tell('model y@h', { type: 'model', key: 'y@h', state: 'loaded', load_ms: 5, memory: 100 });
    world.fail('model y@h', 'b', 'engine_crashed', true);
    assert.deepEqual(world.failures.map(([id, code, retryable]) => [id, code, retryable]).sort(),
        [['a', 'model_invalid', false], ['b', 'engine_crashed', true], ['c', 'engine_crashed', true]]);
    assert.equal(world.closed.at(-1), 'model y@h');
    assert.deepEqual(dispatcher.models().filter(({ state }) => state === 'loaded'), []);
});

test('a language model whose worker does not start, or on another platform, fails', () => {
    const { world, dispatcher } = setUp();
    world.request('gpu', { model: gguf('x'), platforms: ['webgpu'], fallback: false });
    world.request('a', { model: gguf('x') });
    const port = { post() {}, ask() {}, close() {} };
    dispatcher.attach('model x@h', port, 1);
    dispatcher.died('model x@h', 1, 'no script');
    assert.deepEqual(world.failures.map(([id, code]) => [id, code]), [['gpu', 'platform_unsupported'], ['a', 'platform_unsupported']]);
    assert.deepEqual(world.closed, ['model x@h']);
});
