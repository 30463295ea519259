// tier: full
/** Profiles in the page: what onnxruntime's lines say, what of it goes into an answer, and what other engines tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { asHeld, EngineFault, keysBeside, runtime } from '../../page/src/engine/engine.js';
import { Marks } from '../../page/src/engine/gpu_timer.js';
import { captureOf, sizesOf, TRIED_MOST_BYTES } from '../../page/src/engine/graph_capture.js';
import { OrtEngine } from '../../page/src/engine/ort.js';
import { Events, nodesOf, Reasons, whileLeaving } from '../../page/src/engine/ort_profile.js';
import { Printing, printing } from '../../page/src/engine/printing.js';
import { MOST, profileOf, profileOfCalls, profileOfTimings } from '../../page/src/engine/profile.js';
import { Run } from '../../page/src/engine/run.js';
import { setUp } from './support/dispatcher.mjs';
import { engineOf, task, withServer } from './support/server.mjs';

const session = (ts, dur) => ({ cat: 'Session', name: 'model_run', ts, dur });
const node = (name, op, provider, ts, dur, more = {}) => ({ cat: 'Node', name: `${name}_kernel_time`, ts, dur, args: {
    op_name: op, provider: `${provider}ExecutionProvider`, input_type_shape: [{ float: [1, 3] }, { int64: [] }],
    output_type_shape: [{ float: [3] }], output_size: '12', ...more } });
const dispatch = (name, op, dur, ts = 0) => ({ cat: 'Api', name: `${name}&${op}&Program`, ts, dur, args: { shapes: 'x' } });
/** A line as the profiler of onnxruntime writes it. */
const line = ({ cat, name, ts, dur, args = {} }) => `{"cat" : "${cat}","pid" :1,"tid" :2,"dur" :${dur},"ts" :${ts},"ph" : "X","name" :"${name}","args" : ${
    JSON.stringify(args)}},`;

const profiled = (events, { runs = 1, platform = 'wasm', reasons = new Reasons(), within } = {}) =>
    nodesOf(events, { lastOf: () => runs, platform, reasons, within });

test('the lines of a profile become its events, and others are left to the console', () => {
    const events = new Events();
    for (const text of ['[', line(session(0, 5)), line(node('a', 'Conv', 'CPU', 1, 2)).replace(/,$/, ''), ']']) assert.equal(events.take(text), true);
    assert.equal(events.take('an error of somebody else'), false);
    assert.deepEqual(events.all.map(({ name }) => name), ['model_run', 'a_kernel_time']);
    assert.equal(events.take(line(node('with " in it', 'Conv', 'CPU', 1, 2))), true);
    assert.equal(events.take('{"cat" : "Node","dur" :"much","ts" :1,"name" :"n"}'), true);
    assert.deepEqual([events.all.length, events.lost], [2, 2]);
});

test('an event that a name has made another one is none, and there is an end of them', () => {
    const events = new Events(), named = (name) => events.take(line({ ...node('a', 'Conv', 'CPU', 1, 2), name }));
    for (const name of ['a","name":7,"x":"', 'a","cat":{},"x":"', 'a","dur":-1,"x":"', 'a","dur":1e300,"x":"', 'a","ts":1e999,"x":"']) assert.equal(named(name), true, name);
    assert.deepEqual([events.all.length, events.lost], [0, 5]);
    assert.equal(events.take('{"cat" : "Node","ts" :1,"dur" :2,"name" :"n_kernel_time","args" : null}'), true);
    assert.equal(named('b_kernel_time","ts":1e15,"x":"'), true);
    const { nodes } = profiled([session(0, 9), ...events.all]);
    assert.deepEqual(nodes.map(({ name, operator, began_ms: began }) => [name, operator, began]), [['n', 'unnamed', 0.001], ['b', 'Conv', undefined]]);
    for (const [most, kept] of [[{ count: 2, characters: 1e6 }, 2], [{ count: 9, characters: 400 }, 1]]) {
        const few = new Events(most);
        for (let i = 0; i < 4; i++) few.take(line(node(`n${i}`, 'Conv', 'CPU', i, 2)));
        assert.deepEqual([few.all.length, few.lost], [kept, 4 - kept]);
    }
});

test('what is printed is read while something is read, and printed otherwise', async () => {
    const printed = [], target = Object.fromEntries(['log', 'info', 'debug', 'warn', 'error'].map((name) => [name, (...words) => printed.push([name, ...words])]));
    const one = new Printing(target), bound = target.log.bind(target), read = [];
    bound('before');
    await one.during((text) => text === 'mine' && read.push(text) > 0, async () => {
        bound('mine');
        target.warn('other', 1);
        target.error(7);
    });
    bound('mine');
    assert.deepEqual([read, printed], [['mine'], [['log', 'before'], ['warn', 'other', 1], ['error', 7], ['log', 'mine']]]);
    await assert.rejects(one.during(() => true, async () => { throw new Error('broken'); }), /broken/);
    bound('again');
    assert.equal(printed.length, 5);
    const seen = [], inner = () => one.during((text) => seen.push(`inner ${text}`) > 0, async () => bound('event'));
    await one.during((text) => seen.push(`outer ${text}`) > 0, inner);
    assert.deepEqual(seen, ['inner event'], 'the last one is asked first');
});

test('nodes of the runs that are measured are added up, and the warm-up is not', () => {
    const events = [session(0, 10_000), node('a', 'Conv', 'CPU', 100, 9000), session(20_000, 3000), node('a', 'Conv', 'CPU', 20_100, 1000),
        node('b', 'Relu', 'CPU', 21_200, 500), session(30_000, 3000), node('a', 'Conv', 'CPU', 30_200, 2000)];
    const { clock, nodes } = profiled(events, { runs: 2 });
    assert.equal(clock, 'cpu');
    assert.deepEqual(nodes, [
        { name: 'a', operator: 'Conv', platform: 'wasm', calls: 2, ms: 3, shapes: 'float[1,3] int64[] → float[3]', began_ms: 0.2 },
        { name: 'b', operator: 'Relu', platform: 'wasm', calls: 1, ms: 0.5, shapes: 'float[1,3] int64[] → float[3]' }]);
    assert.deepEqual(profiled([node('a', 'Conv', 'CPU', 1, 2)]), { clock: 'cpu', nodes: [] }, 'no run was seen');
});

test('the time of a loop is its own, without that of its nodes', () => {
    const { nodes } = profiled([session(0, 100), node('loop', 'Loop', 'CPU', 0, 90), node('x', 'Add', 'CPU', 10, 20), node('y', 'If', 'CPU', 40, 40),
        node('z', 'Mul', 'CPU', 50, 10), node('after', 'Add', 'CPU', 90, 5)]);
    assert.deepEqual(nodes.map(({ name, ms }) => [name, Math.round(ms * 1e6) / 1e6]), [['loop', 0.03], ['x', 0.02], ['y', 0.03], ['z', 0.01], ['after', 0.005]]);
});

test('what ran elsewhere says why, as far as onnxruntime has said it, and copies count their bytes', () => {
    const reasons = new Reasons();
    const note = (text) => `\u001b[0;93m2026-11-30 10:00:00.1 [I:onnxruntime:, webgpu_execution_provider.cc:900 GetCapability] ${text}\u001b[m`;
    assert.equal(reasons.take(note('webgpu kernel not found in registries for Op type: Multinomial node name: draw it')), true);
    assert.equal(reasons.take(note('ORT optimization- Force fallback to CPU execution for node: shape because the CPU execution path is deemed faster')), true);
    assert.equal(reasons.take(note('webgpu kernel not found in registries for Op type: Det node name: ')), true);
    assert.equal(reasons.take(note('something else')), true);
    assert.equal(reasons.take('something else'), false);
    const { nodes } = profiled([session(0, 100), node('draw it', 'Multinomial', 'CPU', 1, 1), node('shape', 'Gather', 'CPU', 2, 1),
        node('Det_3', 'Det', 'CPU', 3, 1), node('other', 'Gather', 'CPU', 3, 1), node('there', 'Conv', 'WebGpu', 4, 1), node('m', 'MemcpyToHost', 'WebGpu', 5, 1, { output_size: '4096' })],
    { platform: 'webgpu', reasons });
    const [draw, shape, det, other, there, copy] = nodes;
    assert.deepEqual([draw.platform, there.platform, copy.platform], ['wasm', 'webgpu', 'webgpu']);
    assert.match(draw.reason, /no kernel of Multinomial/);
    assert.match(shape.reason, /computes a shape/);
    assert.match(det.reason, /no kernel of Det/);
    assert.match(other.reason, /does not say why/);
    assert.deepEqual([there.reason, there.copied_bytes, copy.copied_bytes], [undefined, undefined, 4096]);
});

test('times of the GPU take the place of those of the CPU that prepares the work', () => {
    const run = (at) => [session(at, 100), node('a', 'Conv', 'WebGpu', at + 1, 20), node('b', 'Gather', 'CPU', at + 30, 10)];
    const events = [...run(0), ...run(1000), ...run(2000), ...[900, 300, 500].map((dur) => dispatch('a', 'Conv', dur)),
        ...[90, 30, 50].map((dur) => dispatch('', 'Transpose', dur))];
    const { clock, nodes } = profiled(events, { runs: 2, platform: 'webgpu', within: 'g/' });
    assert.equal(clock, 'gpu');
    assert.deepEqual(nodes.map(({ name, operator, calls, ms, cpu_ms: cpu }) => [name, operator, calls, ms, cpu]),
        [['g/a', 'Conv', 2, 0.8, 0.04], ['g/b', 'Gather', 2, 0.02, undefined], ['g/', 'Transpose', 2, 0.08, undefined]]);
    const single = profiled([session(0, 100), node('Conv_0', 'Conv', 'WebGpu', 1, 20), dispatch('', 'Conv', 500), dispatch('', 'Conv', 100)], { platform: 'webgpu' });
    assert.deepEqual(single.nodes.map(({ name, calls, ms }) => [name, calls, ms]), [['Conv_0', 1, 0.6]]);
    const odd = profiled([session(0, 100), node('a&b', 'Conv', 'WebGpu', 1, 20), dispatch('a&b', 'Conv', 500)], { platform: 'webgpu' });
    assert.deepEqual(odd.nodes.map(({ name, ms }) => [name, ms]), [['a&b', 0.5]], 'a name may have the sign that parts it from the operator');
    const coarse = profiled([...run(0), dispatch('a', 'Conv', 0)], { platform: 'webgpu' });
    assert.deepEqual([coarse.clock, coarse.nodes[0].ms], ['cpu', 0.02], 'a clock that tells nothing is none');
});

test('an answer has as much as there is room for, and says what it leaves out', () => {
    const many = Array.from({ length: MOST.nodes + 500 }, (_, i) => ({ name: `node ${i}`, operator: 'Conv', calls: 1, ms: i % 7 === 0 ? 5 : 1 }));
    const { nodes, left_out: left } = profileOf({ source: 'onnxruntime', clock: 'cpu', nodes: many, lost: 3 }, 'wasm', 5);
    assert.ok(JSON.stringify(nodes).length <= MOST.bytes + 2 && nodes.length <= MOST.nodes);
    assert.deepEqual([left.nodes, left.events], [many.length - nodes.length, 3]);
    const all = many.reduce((sum, { ms }) => sum + ms, 0), kept = nodes.reduce((sum, { ms }) => sum + ms, 0);
    assert.ok(Math.abs(kept + left.ms - all) < 1e-6);
    assert.equal(nodes.filter(({ ms }) => ms === 5).length, many.filter(({ ms }) => ms === 5).length, 'the longest are there');
    assert.deepEqual(nodes.map(({ name }) => Number(name.slice(5))), nodes.map(({ name }) => Number(name.slice(5))).sort((a, b) => a - b), 'in their order');
});

test('texts are cut to what the service takes, and between characters', () => {
    const wide = { name: 'ü'.repeat(200), operator: 'x'.repeat(300), calls: 1, ms: 1 / 3, shapes: `\0\ud800${'€'.repeat(200)}` };
    const [{ name, operator, ms, shapes }] = profileOf({ source: 'kernels', clock: 'cpu', nodes: [wide] }, 'wasm', 1).nodes;
    for (const [text, most] of [[name, 128], [operator, 64], [shapes, 240]]) {
        assert.ok(Buffer.byteLength(text) <= most && text.endsWith('…') && !/[\ud800-\udfff\0]/u.test(text), text);
    }
    assert.ok(!shapes.slice(0, -1).includes('\0') && !/\ufffd./.test(shapes.slice(2)));
    assert.equal(ms, 0.333333);
});

test('what is said of graph capture goes into the answer, cut like the rest', () => {
    const capture = { possible: false, fixed_sizes: false, node: 'ü'.repeat(200), operator: 'Det', reason: 'r'.repeat(500) };
    const profile = profileOf({ source: 'onnxruntime', clock: 'cpu', nodes: [], capture }, 'webgpu', 1);
    const { node: name, reason, ...rest } = profile.capture;
    assert.deepEqual(rest, { possible: false, fixed_sizes: false, operator: 'Det' });
    assert.ok(Buffer.byteLength(name) <= 128 && name.endsWith('…') && Buffer.byteLength(reason) <= 240 && reason.endsWith('…'));
    assert.ok(!('capture' in profileOf({ source: 'onnxruntime', clock: 'cpu', nodes: [] }, 'webgpu', 1)));
});

test('llama.cpp tells of reading and writing, and kernels of each call', () => {
    const told = [{ timings: { prompt_n: 4, prompt_ms: 8, predicted_n: 2, predicted_ms: 30 } }, { timings: { prompt_n: 4, prompt_ms: 10, predicted_n: 2, predicted_ms: 32 } }, {}];
    assert.deepEqual(profileOfTimings({ runs: 3, all: 4, told }).nodes, [
        { name: 'read the prompt', operator: 'read the prompt', calls: 8, ms: 18 }, { name: 'write tokens', operator: 'write tokens', calls: 4, ms: 62 }]);
    const call = (ms, more) => ({ name: '0 relu', operator: 'relu', calls: 1, ms, shapes: 'n=3', ...more });
    assert.deepEqual(profileOfCalls({ runs: 2, all: 2, told: [{ calls: [call(1)] }, { calls: [call(3)] }] }),
        { source: 'kernels', clock: 'cpu', nodes: [{ ...call(4), calls: 2 }] });
    assert.equal(profileOfCalls({ runs: 1, all: 1, told: [{ calls: [call(1, { cpu_ms: 0 })] }] }).clock, 'gpu');
});

test('a timer that is read after each pass tells steps apart', () => {
    const timer = { ms: 5 }, [a, b] = [{}, {}], marks = new Marks([a, b], timer);
    assert.deepEqual([marks.isApart([], [a]), marks.isApart([[a, 1]], [a, 2]), marks.isApart([[a, 1]], [b, 1])], [false, false, true]);
    timer.ms = 7;
    marks.note(a);
    timer.ms = 8;
    marks.note(a);
    timer.ms = 12;
    assert.deepEqual(marks.end(), [3, 4]);
});

// --- graph capture ---------------------------------------------------------------------------------

const kernelNote = (operator, name) => console.warn(`2026-11-30 [I:onnxruntime:, x.cc] webgpu kernel not found in registries for Op type: ${operator} node name: ${name}`);
const shapeNote = (name) => console.warn(`[I:onnxruntime:, x.cc] ORT optimization- Force fallback to CPU execution for node: ${name} because the CPU execution path is deemed faster`);
const refusal = (why) => new Error(`Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: This session cannot use the graph capture feature as requested by the user ${why}`);
const ON_GPU = [{ name: 'c', operator: 'Conv', platform: 'webgpu', calls: 1, ms: 1 }];

/** What a trial tells. `steps`: what onnxruntime does when a session is made, for each time. */
async function tried(steps, { sizes = {}, nodes = ON_GPU } = {}) {
    const asked = [], left = [];
    const making = {
        take: (work) => runtime(work),
        make: async (options) => {
            asked.push(options);
            steps[asked.length - 1]?.();
            return { release: async () => void left.push(options) };
        },
    };
    return { capture: await captureOf(making, sizes, nodes), asked, left };
}

test('graph capture is possible if onnxruntime makes such a session, which goes at once', async () => {
    const { capture, asked, left } = await tried([]);
    assert.deepEqual(capture, { possible: true, fixed_sizes: false });
    assert.deepEqual(asked, [{ enableGraphCapture: true, logSeverityLevel: 1, freeDimensionOverrides: {} }]);
    assert.deepEqual(left, asked);
    const { capture: none } = await tried([() => kernelNote('Det', 'd')], { nodes: [{ name: 'd', operator: 'Det', platform: 'wasm', calls: 1, ms: 1 }], sizes: { n: 1 } });
    assert.deepEqual([none.possible, none.node, none.operator], [false, 'd', 'Det'], 'there is nothing on the GPU to be recorded');
});

test('a refusal names the first node without a kernel, else the first that is kept on the CPU', async () => {
    const refuse = (...notes) => () => {
        for (const note of notes) note();
        throw refusal('as all compute graph nodes have not been partitioned to the WebGpuExecutionProvider');
    };
    const { capture, left } = await tried([refuse(() => shapeNote('shape'), () => kernelNote('Det', 'first'), () => kernelNote('Foo', 'second'))]);
    assert.deepEqual([capture.possible, capture.node, capture.operator, left.length], [false, 'first', 'Det', 0]);
    assert.match(capture.reason, /no kernel of Det/);
    const kept = (await tried([refuse(() => shapeNote('shape'), () => shapeNote('other'))])).capture;
    assert.deepEqual([kept.node, 'operator' in kept], ['shape', false]);
    const nameless = (await tried([refuse(() => kernelNote('Det', ''))])).capture;
    assert.deepEqual(['node' in nameless, nameless.operator], [false, 'Det']);
    assert.match((await tried([refuse()])).capture.reason, /^onnxruntime says: this session cannot use the graph capture feature .* partitioned/);
});

test('a refusal for a node with a graph of its own names that node', async () => {
    const refuse = () => { throw refusal("as the model has control flow nodes which can't be supported by WebGpuExecutionProvider"); };
    const { capture } = await tried([refuse], { nodes: [...ON_GPU, { name: 'choose', operator: 'If', platform: 'webgpu', calls: 1, ms: 1 }] });
    assert.deepEqual([capture.possible, capture.node, capture.operator], [false, 'choose', 'If']);
    assert.match(capture.reason, /a graph of its own/);
});

test('what is refused with free sizes is tried with those of the inputs', async () => {
    const refuse = () => {
        shapeNote('shape');
        throw refusal('as all compute graph nodes have not been partitioned to the WebGpuExecutionProvider');
    };
    const { capture, asked, left } = await tried([refuse], { sizes: { batch: 3 } });
    assert.deepEqual([capture.possible, capture.fixed_sizes, capture.node], [true, true, 'shape']);
    assert.deepEqual([asked.map(({ freeDimensionOverrides: sizes }) => sizes), left.length], [[{}, { batch: 3 }], 1]);
    assert.deepEqual((await tried([refuse, refuse], { sizes: { batch: 3 } })).capture.possible, false);
    assert.deepEqual(sizesOf([{ name: 'a', shape: ['batch', 4, 'n'] }, { name: 'b', shape: ['batch', 'm'] }, { name: 'c' }],
        [{ name: 'a', shape: [2, 4, 0] }]), { batch: 2, n: 0 });
});

test('another failure than a refusal is the engine\'s', async () => {
    await assert.rejects(tried([() => { throw new Error('device is lost'); }]), EngineFault);
});

// --- in a worker -----------------------------------------------------------------------------------

test('a session that is profiled has a key of its own, which goes with the model', () => {
    const of = (engine, more) => asHeld({ key: 'm@h', model: { engine }, benchmark: { runs: 1, warmup: 0, ...more } }).key;
    const keys = [of('ort', { profile: true }), of('ort', { optimization: 'none' }), of('pipeline', { profile: true, optimization: 'none' })];
    assert.deepEqual(keys.sort(), keysBeside('m@h').sort());
    assert.deepEqual([of('ort', {}), of('llama', { profile: true }), of('kernels', { profile: true })], ['m@h', 'm@h', 'm@h']);
});

const measure = (more = {}) => task('b', 'm', { benchmark: { runs: 3, warmup: 1, profile: true }, ...more });

test('a profile is of the measured runs alone, none of which is repeated', async () => {
    let runs = 0, given;
    const engine = engineOf(async () => ({ tensors: [], result: { timings: { prompt_n: ++runs } } }), {
        profile: async (_task, profiling) => {
            given = profiling;
            return { source: 'onnxruntime', clock: 'cpu', nodes: [{ name: 'n', operator: 'Add', calls: 3, ms: 1 }] };
        },
    });
    await withServer(async ({ post, answer }) => {
        post(measure());
        const { result } = await answer('b');
        assert.deepEqual([result.repeats, runs], [1, 4]);
        assert.deepEqual(given.told.map(({ timings }) => timings.prompt_n), [2, 3, 4]);
        assert.deepEqual([given.runs, given.all], [3, 4]);
        assert.deepEqual(result.profile, { source: 'onnxruntime', platform: 'wasm', clock: 'cpu', runs: 3,
            nodes: [{ name: 'n', operator: 'Add', calls: 3, ms: 1 }], left_out: { nodes: 0, ms: 0, events: 0 } });
    }, engine);
});

test('a model that was loaded for a profile alone is told of as gone', async () => {
    for (const isHeld of [true, false]) {
        const gone = [], engine = engineOf(async () => ({ tensors: [] }), {
            has: (key) => isHeld && key === 'm@h', unload: async (key) => void gone.push(key),
            profile: async () => ({ source: 'onnxruntime', clock: 'cpu', nodes: [] }),
        });
        await withServer(async ({ post, answer, said }) => {
            post(measure());
            assert.equal((await answer('b')).ok, true);
            post(task('next', 'm'));
            await answer('next');
            assert.deepEqual(gone, ['m@h profiled']);
            assert.equal(said.some(({ type, key, state }) => type === 'model' && key === 'm@h' && state === 'left'), !isHeld);
        }, engine);
    }
    const { world, dispatcher } = setUp(), order = { task_type: 'benchmark', benchmark: { runs: 1, warmup: 0, profile: true }, deadline_ms: 600_000 };
    world.request('b', order);
    const { key } = world.ports.wasm.posted.find(({ attempt }) => attempt === 'b'), left = () => world.tell('wasm', { type: 'model', key, state: 'left' });
    world.tell('wasm', { type: 'model', key, state: 'loaded', load_ms: 1, memory: 1 });
    left();
    assert.equal(dispatcher.models.residents.isLoaded(key, 'wasm'), true, 'something runs with it');
    world.answer('wasm', 'b');
    left();
    assert.equal(dispatcher.models.residents.isLoaded(key, 'wasm'), false);
});

test('two profiles of a model come one after the other, and one that only waits ends nothing', async () => {
    const told = [];
    let isLoaded = false;
    const engine = engineOf(async () => ({ tensors: [] }), {
        info: { slots: 4, queue: 1, can: [] }, steps: true, has: () => isLoaded,
        load: async () => void (isLoaded = told.push('load') > 0),
        unload: async () => void (isLoaded = told.push('unload') < 0),
        profile: async () => (told.push('profile'), { source: 'onnxruntime', clock: 'cpu', nodes: [] }),
    });
    await withServer(async ({ post, answer, end, until }) => {
        for (const attempt of ['b', 'c', 'd']) post(measure({ attempt }));
        post({ type: 'cancel', attempt: 'd' });
        assert.equal((await end('d')).error.code, 'cancelled');
        for (const attempt of ['b', 'c']) assert.equal((await answer(attempt)).ok, true);
        await until(() => told.length === 6);
        assert.deepEqual(told, ['load', 'profile', 'unload', 'load', 'profile', 'unload']);
    }, engine);
});

test('an engine that has none says so, and a profile that fails leaves nothing', async () => {
    let open = 0;
    const run = async () => {
        open++;
        return { tensors: [], dispose: () => open-- };
    };
    await withServer(async ({ post, end }) => {
        post(measure());
        const { error } = await end('b');
        assert.deepEqual([error.code, error.field, open], ['input_invalid', 'profile', 0]);
    }, engineOf(run));
    await withServer(async ({ post, end }) => {
        post(measure());
        assert.equal((await end('b')).type, 'failure');
        assert.equal(open, 0);
    }, engineOf(run, { profile: async () => { throw new Error('broken'); } }));
});

test('onnxruntime-web is asked for a profile, and its session goes', async () => {
    const made = [];
    const ort = { env: { versions: { web: '1' }, wasm: {} }, InferenceSession: { create: async (_bytes, options) => {
        made.push(options);
        console.warn('2026-11-30 [I:onnxruntime:, x.cc] webgpu kernel not found in registries for Op type: Foo node name: a');
        return { inputNames: [], outputNames: [], inputMetadata: [], outputMetadata: [], run: async () => ({}), released: false,
            release() { this.released = true; },
            endProfiling() {
                for (const event of [session(0, 9), node('a', 'Foo', 'CPU', 1, 4)]) console.log(line(event));
            } };
    } } };
    const engine = new OrtEngine(/** @type {any} */ (ort), 'webgpu', { mjs: '', wasm: '', bytes: 0 });
    engine.start = async () => {};
    const one = { ...task('b', 'm'), load_only: true, frame: new ArrayBuffer(1), benchmark: { runs: 1, warmup: 0, profile: true } };
    const run = new Run(/** @type {any} */ (one), () => {});
    await engine.load(/** @type {any} */ (one), () => {}, run.signal, (work) => work());
    assert.deepEqual([made[0].enableProfiling, made[0].logSeverityLevel], [true, 1]);
    const { source, nodes, capture } = await engine.profile(/** @type {any} */ (one), { runs: 1, all: 1, told: [] }, run);
    assert.deepEqual([source, nodes[0].name, nodes[0].platform, engine.loadedCount], ['onnxruntime', 'a', 'wasm', 0]);
    assert.match(nodes[0].reason, /no kernel of Foo/);
    assert.deepEqual([capture.possible, capture.node, capture.operator], [false, 'a', 'Foo']);
    assert.deepEqual(made.map(({ enableProfiling, enableGraphCapture }) => [enableProfiling, enableGraphCapture]), [[true, undefined], [false, true]]);
    assert.ok(printing instanceof Printing);
});

test('graph capture is not tried elsewhere, of large models, or of a graph as it is', async () => {
    const session = () => ({ inputNames: [], outputNames: [], inputMetadata: [], outputMetadata: [], release() {}, endProfiling() {} });
    for (const [platform, bytes, benchmark] of [['wasm', 1, {}], ['webgpu', 1, { optimization: 'none' }], ['webgpu', TRIED_MOST_BYTES + 1, {}]]) {
        let made = 0;
        const ort = { env: { versions: { web: '1' }, wasm: {} }, InferenceSession: { create: async () => (made++, session()) } };
        const engine = new OrtEngine(/** @type {any} */ (ort), /** @type {any} */ (platform), { mjs: '', wasm: '', bytes: 0 });
        engine.start = async () => {};
        const one = /** @type {any} */ ({ ...task('b', 'm'), load_only: true, frame: new ArrayBuffer(bytes), benchmark: { runs: 1, warmup: 0, profile: true, ...benchmark } });
        const run = new Run(one, () => {});
        await engine.load(one, () => {}, run.signal, (work) => work());
        const { capture } = await engine.profile(one, { runs: 1, all: 1, told: [] }, run);
        assert.deepEqual([made, capture], [1, undefined], platform);
    }
});

test('a profile that nobody ends, as after a run that failed, is not printed', async () => {
    const taken = async () => ['[', line(session(0, 9)), 'something else', ']'].map((text) => printing._isTaken(text));
    assert.deepEqual([await whileLeaving(taken), await taken()], [[true, true, false, true], [false, false, false, false]]);
    const engine = new OrtEngine(/** @type {any} */ ({ env: { versions: { web: '1' }, wasm: {} } }), 'wasm', { mjs: '', wasm: '', bytes: 0 });
    let isTaken;
    engine._models.set('m', /** @type {any} */ ({ session: { release: async () => { [, isTaken] = await taken(); } } }));
    await engine.unload('m');
    assert.equal(isTaken, true);
});
