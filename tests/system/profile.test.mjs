// tier: full
/**
 * Profiles of models in real browsers, over POST /v1/benchmark and by `webinfer profile`: their sums, where operators ran, and why;
 * and of simulated nodes, what the client prints, writes and compares.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer as runClient } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { ggufBytes } from '../lib/gguf-hostile.mjs';
import { string, u32 } from '../lib/gguf.mjs';
import * as onnx from '../lib/onnx.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';

/** Debian's libonnx-testdata. */
const DATA = '/usr/share/libonnx-testdata/data/node';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['digits', 'twice', 'finch'], config: {
        pool: { max_connections: 2 }, 'browser.firefox': { max_connections: 1 },
    } }).start();
    fs.cpSync(path.join(ownModels, 'digits-vit'), path.join(daemon.store, 'digits-vit'), { recursive: true });
    fs.mkdirSync(path.join(daemon.store, 'det'));
    fs.copyFileSync(path.join(DATA, 'test_det_2d/model.onnx'), path.join(daemon.store, 'det/model.onnx'));
    put('matmuls', layers('MatMul', [512, 512], [512, 512]));
    put('gemms', layers('Gemm', [256, 768], [768, 768]));
    put('convs', layers('Conv', [1, 64, 64, 64], [64, 64, 3, 3], [onnx.integersAttribute('pads', [1, 1, 1, 1])]));
});
after(() => daemon.stop());

const webinfer = (words, options) => runClient(daemon, words, options);
const file = (name) => path.join(daemon.folder, name);
const images = (rows) => [{ name: 'image', datatype: 'FP32', shape: [rows, 1, 28, 28],
    data: Array.from({ length: rows * 784 }, (_, i) => ((i * 7) % 11) / 11) }];
const sum = (rows) => rows.reduce((all, { ms }) => all + ms, 0);

/** A graph of eight layers of one operator, with weights of its own each. */
function layers(operator, shape, weights, attributes = []) {
    const names = Array.from({ length: 8 }, (_, i) => i), size = weights.reduce((all, one) => all * one, 4);
    return onnx.model(onnx.graph('layers', {
        nodes: names.map((i) => onnx.node(operator, [i ? `x${i}` : 'x', `w${i}`], [i < 7 ? `x${i + 1}` : 'y'], { attributes })),
        inputs: [onnx.value('x', onnx.FLOAT, shape)], outputs: [onnx.value('y', onnx.FLOAT, shape)],
        initializers: names.map((i) => onnx.tensor(`w${i}`, onnx.FLOAT, weights, Buffer.alloc(size))),
    }));
}
function put(name, content) {
    fs.mkdirSync(path.join(daemon.store, name));
    fs.writeFileSync(path.join(daemon.store, `${name}/model.onnx`), content);
}

/** The profile of a benchmark, whose sums are those of its runs. */
async function profiled(body, runs = body.runs ?? 5) {
    const { status, json, text } = await daemon.post('/v1/benchmark', { profile: true, ...body });
    assert.equal(status, 200, `${JSON.stringify(body).slice(0, 200)}: ${text.slice(0, 500)}`);
    const { result, executed_on: ran } = json, { profile } = result;
    assert.deepEqual([result.repeats, result.run_ms.length, profile.runs, profile.platform], [1, runs, runs, ran.platform]);
    const run = result.run_ms.reduce((all, ms) => all + ms, 0);
    assert.ok(Math.abs(profile.run_ms - run) < 1e-6 * run, text.slice(0, 2000));
    const known = sum(profile.operators), rest = profile.left_out.ms + profile.other.ms;
    assert.ok(Math.abs(known - sum(profile.nodes)) < 1e-6 + 1e-6 * known);
    assert.ok(known + rest >= 0.999999 * run, `${known} and ${rest} are not ${run}`);
    const calls = profile.nodes.reduce((all, one) => all + one.calls, 0); // 0.1 ms is what a clock tells apart
    assert.ok(known + profile.left_out.ms <= 1.15 * run + 0.1 * calls, `${known} is more than ${run}`);
    if (known + profile.left_out.ms < 0.85 * run) assert.match(profile.other.what, /^(?:inputs, outputs and the page|tokenizing|the CPU's work|the device's work)/, 'the rest is named');
    assert.ok(profile.operators.every(({ ms }, i, all) => i === 0 || ms <= all[i - 1].ms), 'the longest come first');
    assert.ok(profile.left_out.events === 0, 'all events could be read');
    return { json, profile };
}

// The memory of its outputs goes with its sessions: no other one of the page has any yet.
test('the first model of a page is profiled on WebGPU, and its answer is right', async () => {
    const { json } = await profiled({ model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1.5, 4] }],
        runs: 2, browser: 'chrome', platform: 'webgpu' });
    assert.deepEqual(json.outputs[0].data, [3, 8]);
});

for (const where of [{ browser: 'chrome', platform: 'wasm' }, { browser: 'firefox', platform: 'wasm' }, { browser: 'chrome', platform: 'webgpu' }]) {
    test(`a graph is profiled in ${where.browser} on ${where.platform}, and its model stays as it was`, async () => {
        const inputs = images(64), ask = async () => (await daemon.infer({ model_name: 'digits', inputs: images(1), fallback: false, ...where })).json;
        await ask();
        const { json, profile } = await profiled({ model_name: 'digits', inputs, runs: 4, ...where });
        assert.deepEqual([profile.source, json.executed_on.engine], ['onnxruntime', 'ort']);
        const heavy = profile.operators.filter(({ operator }) => /Conv|Gemm|MatMul/.test(operator));
        assert.ok(heavy.length > 0, JSON.stringify(profile.operators));
        for (const { operator, calls, nodes, platform, fell_back: fell } of heavy) {
            assert.deepEqual([platform, fell], [where.platform, false], operator);
            if (where.platform === 'wasm') assert.equal(calls, 4 * nodes, operator); // nodes without names share their times on a GPU
        }
        const shaped = profile.nodes.filter(({ operator, shapes }) => /Conv|Gemm|MatMul/.test(operator) && shapes !== undefined);
        assert.ok(shaped.length > 0 && shaped.every(({ shapes }) => /float\[.*→ .*\[/.test(shapes)), JSON.stringify(profile.nodes));
        // By the CPU's clock, on WASM, most of the time is that of operators.
        if (where.platform === 'wasm') assert.ok(sum(profile.operators) > 0.5 * profile.run_ms && sum(profile.operators) < 1.05 * profile.run_ms, JSON.stringify(profile));
        assert.deepEqual([(await ask()).performance.warm, json.outputs[0].shape], [true, [64, 10]]);
        const plain = (await daemon.post('/v1/benchmark', { model_name: 'digits', inputs, runs: 1, ...where })).json;
        assert.equal(plain.result.output_hash, json.result.output_hash, 'the answer is that of any other run');
        assert.ok(!('profile' in plain.result));
        // Graph capture is tried on WebGPU, by a profile; until then the tables tell.
        const { graph_capture: known } = (await daemon.get('/v1/models/digits')).json, isTried = where.platform === 'webgpu';
        assert.deepEqual([known.possible, known.known_by, known.browser, known.at > 0], [true, ...(isTried ? ['trial', 'chrome', true] : ['tables', null, false])], JSON.stringify(known));
        assert.equal(profile.capture?.possible, isTried ? true : undefined, JSON.stringify(profile.capture));
    });
}

// The page's clock tells how long runs take, and onnxruntime's each operator.
for (const [name, shape] of /** @type {[string, number[]][]} */ ([
    ['matmuls', [512, 512]], ['gemms', [256, 768]], ['convs', [1, 64, 64, 64]],
]))
    test(`the operators of ${name} take the time of its runs`, async () => {
        const inputs = [{ name: 'x', datatype: 'FP32', shape, data: Array(shape.reduce((all, one) => all * one)).fill(0.5) }];
        const { profile } = await profiled({ model_name: name, inputs, runs: 4, browser: 'chrome', platform: 'wasm' });
        const known = sum(profile.operators);
        assert.ok(Math.abs(known - profile.run_ms) <= 0.15 * profile.run_ms, `${known} of ${profile.run_ms} ms`);
    });

test('a graph as it is has its own operators, and a second profile is as good as the first', async () => {
    const where = { model_name: 'digits', inputs: images(8), browser: 'chrome', platform: 'wasm' };
    const nodes = async (more) => (await profiled({ ...where, ...more })).profile.nodes.map(({ name }) => name);
    const [all, again, none] = [await nodes({}), await nodes({}), await nodes({ optimization: 'none' })];
    assert.deepEqual(again, all);
    assert.ok(none.length >= all.length, `${none} has less than ${all}`);
    assert.deepEqual((await profiled({ ...where, threads: 1 })).json.result.threads, 1);
});

test('an operator without a kernel on WebGPU falls back, and says why', async () => {
    const { profile } = await profiled({ model_name: 'det', browser: 'chrome', platform: 'webgpu' });
    const det = profile.operators.find(({ operator }) => operator === 'Det');
    assert.deepEqual([det.platform, det.fell_back], ['wasm', true]);
    assert.match(det.reason, /no kernel of Det/);
    assert.deepEqual([profile.capture.possible, profile.capture.operator], [false, 'Det'], JSON.stringify(profile.capture));
});

test('what is copied between platforms is counted in bytes', async () => {
    // Four numbers go from WebGPU to the CPU in each run, because no kernel of Det is there.
    put('copies', onnx.model(onnx.graph('copies', { nodes: [onnx.node('Relu', ['x'], ['above']), onnx.node('Det', ['above'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, [2, 2])], outputs: [onnx.value('y', onnx.FLOAT, [])] })));
    const { json, profile } = await profiled({ model_name: 'copies', inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 5] }],
        runs: 2, browser: 'chrome', platform: 'webgpu' });
    assert.ok(Math.abs(json.outputs[0].data[0] + 1) < 1e-3, JSON.stringify(json.outputs));
    const copies = profile.operators.filter(({ operator }) => /^Memcpy/.test(operator));
    assert.deepEqual(copies.map(({ operator, copied_bytes: bytes }) => [operator, bytes]), [['MemcpyToHost', 2 * 16]], JSON.stringify(profile.operators));
    assert.ok(profile.operators.every(({ operator, copied_bytes: bytes }) => /^Memcpy/.test(operator) || bytes === 0));
});

test('webinfer show names the node that prevents graph capture, as foretold and as tried', async () => {
    fs.mkdirSync(path.join(daemon.store, 'foretold'));
    fs.copyFileSync(path.join(DATA, 'test_det_nd/model.onnx'), path.join(daemon.store, 'foretold/model.onnx'));
    const shown = async (name) => (await webinfer(['show', name])).out;
    assert.match(await shown('foretold'), /\ngraph capture  not possible.* \(Det\): by the tables of onnxruntime-web .* no kernel of Det.* \(by tables, not tried\)\n/);
    await profiled({ model_name: 'det', browser: 'chrome', platform: 'webgpu' });
    assert.match(await shown('det'), /\ngraph capture  not possible.* \(Det\): .* no kernel of Det .* \(tried in chrome [\d.]+\)\n/);
    const { json } = await webinfer(['show', 'det', '--json']);
    assert.deepEqual([json.graph_capture.possible, json.graph_capture.operator, json.graph_capture.known_by], [false, 'Det', 'trial']);
    const plain = await webinfer(['profile', 'det', '--browser', 'chrome', '--platform', 'webgpu', '--runs', '1']);
    assert.match(plain.out, /\ngraph capture: not possible.* \(Det\): /, plain.problems);
    assert.ok(!('graph_capture' in (await daemon.get('/v1/models/digits-vit')).json), 'of a folder nothing is told');
});

test('a folder is profiled with the graphs that it has, a GGUF model by what llama.cpp tells, and kernels call by call', async () => {
    const where = { browser: 'chrome', platform: 'wasm' };
    const folder = await profiled({ model_name: 'digits-vit', runs: 3, ...where });
    assert.equal(folder.json.executed_on.engine, 'pipeline');
    assert.ok(folder.profile.operators.some(({ operator }) => /MatMul|Gemm|Attention/.test(operator)), JSON.stringify(folder.profile.operators));
    const finch = await profiled({ model_name: 'finch', options: { max_tokens: 4 }, runs: 2, ...where });
    assert.deepEqual([finch.profile.source, finch.profile.nodes.map(({ name }) => name)], ['llama.cpp', ['read the prompt', 'write tokens']]);
    for (const platform of ['wasm', 'webgpu']) {
        const { profile } = await profiled({ model_name: 'builtin/mlp', ...where, platform });
        assert.deepEqual([profile.source, profile.clock], ['kernels', platform === 'webgpu' ? 'gpu' : 'cpu']);
        assert.ok(profile.nodes.length > 1 && profile.nodes.every(({ calls }) => calls === 5), JSON.stringify(profile.nodes));
        assert.ok(profile.nodes.every(({ shapes }) => /^\w+=\d+/.test(shapes)), JSON.stringify(profile.nodes));
    }
    const { profile } = await profiled({ kernel: 'matmul', ...where });
    assert.deepEqual(profile.operators.map(({ operator }) => operator), ['matmul']);
});

/** Each with its code, field, and what is expected there. */
const BAD = [
    [{ model_name: 'digits', profile: true, runs: 51 }, 'invalid_field', 'runs', /^1 to 50/],
    [{ model_name: 'digits', profile: 'yes' }, 'invalid_field', 'profile', /true or false/],
    [{ model_name: 'builtin/echo', inputs: images(1), profile: true }, 'invalid_field', 'profile', /a model that computes/],
];
for (const [body, code, field, expected] of BAD) {
    test(`${JSON.stringify(body).slice(0, 60)} is told what is wrong`, async () => {
        const { status, json } = await daemon.post('/v1/benchmark', body);
        assert.deepEqual([status, json.code, json.field], [400, code, field]);
        assert.match(json.expected, expected);
    });
}

test('a deadline ends a profile between two runs, and the next one is whole', async () => {
    const body = { model_name: 'digits', inputs: images(64), runs: 50, warmup: 100, browser: 'chrome', platform: 'wasm', profile: true, timeout_ms: 300 };
    assert.equal((await daemon.post('/v1/benchmark', body)).json.code, 'deadline_exceeded');
    await profiled({ ...body, runs: 2, warmup: 1, timeout_ms: 60_000 });
});

// --- the client --------------------------------------------------------------------------------------

test('webinfer profile shows operators and nodes, writes a trace, and compares', async () => {
    const words = ['profile', 'digits', '--browser', 'chrome', '--platform', 'wasm', '--runs', '3'];
    const plain = await webinfer([...words, '--nodes']);
    assert.equal(plain.code, 0, plain.problems);
    assert.match(plain.out, /^digits in chrome on wasm, ort: 3 runs of [\d.]+ ms; .*by the clock of the CPU\n/);
    assert.match(plain.out, /\nOPERATOR +RAN ON +NODES +CALLS +TIME +SHARE +COPIED +WHY\n/);
    assert.match(plain.out, /\n\(other\) +- .*between the operators\n/);
    assert.match(plain.out, /\nNODE +OPERATOR +RAN ON +CALLS +TIME +SHARE +COPIED +SHAPES +WHY\n/);
    const json = await webinfer([...words, '--json', '--chrome-trace', file('trace.json')]);
    assert.deepEqual([json.code, json.json.result.profile.runs], [0, 3], json.problems);
    const { traceEvents: events } = JSON.parse(fs.readFileSync(file('trace.json'), 'utf8'));
    const complete = events.filter(({ ph }) => ph === 'X');
    assert.equal(complete.length, json.json.result.profile.nodes.length);
    assert.ok(complete.every(({ ts, dur, name, pid, tid }) => ts >= 0 && dur >= 0 && name && pid === 1 && Number.isInteger(tid)));
    fs.writeFileSync(file('before.json'), json.out);
    const compared = await webinfer([...words, '--against', file('before.json')]);
    assert.equal(compared.code, 0, compared.problems);
    assert.match(compared.out, /\nOPERATOR +RAN ON +BEFORE +NOW +MORE +CHANGE\n.* ms +(slower|faster|alike)\n/);
    const both = await webinfer([...words, '--against', file('before.json'), '--json']);
    assert.deepEqual(Object.keys(both.json), ['answer', 'comparison']);
    fs.writeFileSync(file('both.json'), both.out);
    assert.equal((await webinfer([...words, '--against', file('both.json')])).code, 0, 'its own form is read, too');
});

test('webinfer profile takes inputs from a file', async () => {
    fs.writeFileSync(file('inputs.json'), JSON.stringify(images(2)));
    const { json, problems } = await webinfer(['profile', 'digits', '--input', file('inputs.json'), '--platform', 'wasm', '--json']);
    assert.deepEqual(json.outputs[0].shape, [2, 10], problems);
});

test('webinfer profile says what is wrong with its arguments', async () => {
    fs.writeFileSync(file('list.json'), '[]');
    fs.writeFileSync(file('text.json'), 'no JSON');
    fs.writeFileSync(file('half.json'), '{"result":{"profile":{"source":"onnxruntime"}}}');
    for (const [words, why] of [[['--runs', '0'], /--runs is a whole number from 1 to 50/], [['--runs', 'many'], /--runs is a whole number/],
        [['--against', file('list.json')], /is not a profile; webinfer profile MODEL --json/], [['--against', file('half.json')], /result\.profile\.clock/],
        [['--against', file('none.json')], /none\.json/], [['--input', file('text.json')], /--input needs a JSON file/]]) {
        const { code, out, problems } = await webinfer(['profile', 'digits', ...words]);
        assert.deepEqual([code, out], [2, ''], problems);
        assert.match(problems, why);
    }
    const unknown = await webinfer(['profile', 'nothing-of-that-name']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.problems, /nothing-of-that-name/);
});

test('simulated nodes have a profile, too, which says so', async () => {
    const simulation = await new Simulation(daemon, { nodes: 1, models: daemon.store, latencyMs: 2 }).up();
    try {
        const { profile } = await profiled({ model_name: 'twice', platform: 'simulated', runs: 2 });
        assert.deepEqual([profile.source, profile.operators[0].operator], ['simulated', 'Simulated']);
        assert.ok(Math.abs(profile.other.share - 0.1) < 1e-6);
    } finally {
        await simulation.stop();
    }
});

test('webinfer check tells by tables what has no kernel, without a daemon', async () => {
    const check = (...words) => webinfer(['check', ...words], { env: { WEBINFER_URL: 'http://127.0.0.1:9' } });
    const model = (name) => path.join(DATA, `test_${name}/model.onnx`);
    const plain = await check(model('det_2d'));
    assert.equal(plain.code, 0, plain.problems);
    assert.match(plain.out, /^OPERATOR +DOMAIN +NODES +WASM +WEBGPU +WEBNN +LIMITS\nDet +- +1 +yes +cpu +cpu +-\n/);
    assert.match(plain.out, /\nby the tables of onnxruntime-web [\d.]+, for opset 11:\nwasm: there is a kernel for all nodes\nwebgpu: 1 of 1 nodes run on the CPU/);
    const add = await check(model('add'), '--json');
    const { operators, opset, source } = add.json;
    assert.deepEqual(operators, [{ operator: 'Add', domain: '', opset, nodes: 1, wasm: 'yes', webgpu: 'yes', webnn: 'yes' }]);
    assert.match(source, /^onnxruntime-web /);
    const pool = await check(model('averagepool_1d_default'), '--json');
    assert.match(pool.json.operators[0].notes, /^webnn: only supports 4-D input/);
    const adam = await check(model('adam'));
    assert.equal(adam.code, 0);
    assert.match(adam.out, /\nAdam +ai\.onnx\.preview\.training +1 +unknown +unknown +unknown/);
    assert.match(adam.out, /of 1 nodes, no table tells/);
});

test('webinfer check tells of a GGUF file whether llama.cpp knows it and it fits', async () => {
    const check = (...words) => webinfer(['check', ...words], { env: { WEBINFER_URL: 'http://127.0.0.1:9' } });
    fs.writeFileSync(file('small.gguf'), ggufBytes({ type: 'q4_0' }));
    const plain = await check(file('small.gguf'));
    assert.equal(plain.code, 0, plain.problems);
    assert.match(plain.out, /^architecture +llama \(text_generation\)\nquantization +Q4_0\nparameters +\d+\nmemory +[\d.]+ MB of 4\.3 GB, with \d+ tokens\nslow +Q4_0 weights are slow in WebAssembly/);
    assert.match(plain.out, /\nllama\.cpp b\d+ computes the model as a whole.*\nwasm: the model loads\nwebgpu: the model loads, where the adapter has shader-f16[^\n]*\nwebnn: llama\.cpp does not compute there\n$/);
    const { json } = await check(file('small.gguf'), '--json');
    assert.deepEqual([json.wasm, json.webgpu, json.webnn, json.memory.fits], ['yes', 'yes', 'no', true]);
    // A file with a hole, larger than the 4 GiB that WebAssembly can address.
    fs.copyFileSync(file('small.gguf'), file('large.gguf'));
    fs.truncateSync(file('large.gguf'), 5 * 2 ** 30);
    const large = await check(file('large.gguf'));
    assert.equal(large.code, 1, large.problems);
    assert.match(large.out, /\nwasm: the model does not load, because WebAssembly's memory is too small\nwebgpu: the model does not load/);
    fs.writeFileSync(file('part.gguf'), ggufBytes({ metadata: { 'split.no': u32(0), 'split.count': u32(3) } }));
    const part = await check(file('part.gguf'));
    assert.equal(part.code, 0, part.problems);
    assert.match(part.out, /\nwasm: the model loads if all files of its set fit/);
    fs.writeFileSync(file('strange.gguf'), ggufBytes({ metadata: { 'general.architecture': string('strange') } }));
    const strange = await check(file('strange.gguf'));
    assert.deepEqual([strange.code, strange.out], [2, '']);
    assert.match(strange.problems, /has the architecture "strange", which llama\.cpp b\d+, the engine here, does not know/);
});

test('webinfer check says what is wrong with a file', async () => {
    fs.writeFileSync(file('model.gguf'), 'GGUF and so on');
    fs.writeFileSync(file('empty.onnx'), '');
    fs.writeFileSync(file('page.onnx'), '<!doctype html>');
    for (const [name, why] of [['model.gguf', /model\.gguf is no whole GGUF file/], ['empty.onnx', /there is no graph in it/],
        ['page.onnx', /is no whole ONNX model/], ['none.onnx', /none\.onnx cannot be read/], ['.', /is no file/]]) {
        const { code, out, problems } = await webinfer(['check', file(name)]);
        assert.deepEqual([code, out], [2, ''], problems);
        assert.match(problems, why);
    }
});
