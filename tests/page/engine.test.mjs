// tier: quick
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { DATATYPES, elements, readStrings, viewElements, writeStrings } from '../../page/src/shared/datatypes.js';
import { classify, isPoisoned } from '../../page/src/engine/errors.js';
import { Failure } from '../../page/src/engine/failure.js';
import { OrtEngine } from '../../page/src/engine/ort.js';
import { Run } from '../../page/src/engine/run.js';
import { Turns } from '../../page/src/engine/turns.js';
import { pixelsToTensor, softmax, toLabels } from '../../page/src/engine/picture.js';
import { SMALLEST } from '../../page/src/engine/smallest.js';
import { fromOrt, precisionOf, toOrt } from '../../page/src/engine/tensors.js';
import { smallest } from '../lib/onnx.mjs';

test('onnxruntime-web 1.30 messages get their codes', () => {
    const rows = [
        ['load', "Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.", 'model_invalid'],
        ['load', "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Gemm(6) node with name ''", 'operator_unsupported'],
        ['load', "Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: Fatal error: com.example:NoSuchOp(-1) is not a registered function/op", 'operator_unsupported'],
        ['load', "ERROR_CODE: 1, ERROR_MESSAGE: x.cc:254 was false. Provider type for EyeLike node with name '' is not set.\n", 'operator_unsupported'],
        ['run', 'Status Message: shader_helper.cc:416 GenerateSourceCode Program Cast requires f16 but the device does not support it.', 'operator_unsupported'],
        ['run', "input 'x' is missing in 'feeds'.", 'input_missing'],
        ['run', 'ERROR_CODE: 2, ERROR_MESSAGE: Got invalid dimensions for input: x for the following indices', 'input_shape'],
        ['run', 'ERROR_CODE: 2, ERROR_MESSAGE: Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))', 'input_datatype'],
        ['run', 'std::bad_alloc', 'out_of_memory'],
        ['load', '126543216', 'out_of_memory'],
        ['load', 'no available backend found. ERR: [webgpu] Error: x', 'platform_unsupported'],
        ['run', 'The GPU device is lost', 'device_lost'],
        ['run', "Failed to execute 'mapAsync' on 'GPUBuffer': Buffer was unmapped before mapping was resolved.", 'device_lost'],
        ['load', "Failed to execute 'build' on 'MLGraphBuilder': Buffer size is over inline limit.", 'operator_unsupported'],
        ['run', 'failed to call OrtRun(). ERROR_CODE: 2, ERROR_MESSAGE: Non-zero status code returned while running Gather node. Name:\'\' Status Message: indices element out of data bounds, idx=1000 must be within the inclusive range [-4,3]', 'input_invalid'],
        ['run', 'failed to call OrtRun(). ERROR_CODE: 2, ERROR_MESSAGE: invalid index found, index = 9', 'input_invalid'],
        ['run', 'gather_elements.cc:150 GatherElements op: Out of range value in index tensor', 'input_invalid'],
        ['load', 'something that nobody has seen', 'model_invalid'],
        ['run', 'something that nobody has seen', 'inference_failed'],
    ];
    for (const [phase, message, code] of rows) assert.equal(classify(new Error(message), phase).code, code, message);
    assert.equal(classify(new Error("input 'x' is missing in 'feeds'."), 'run').field, 'x');
    assert.deepEqual(classify(new Failure('input_size', 'm', { field: 'f', expected: 'e' }), 'run'),
        { code: 'input_size', message: 'm', field: 'f', expected: 'e' });
});

test('which failures cost the engine worker', () => {
    const poisoned = (platform, thrown, phase = 'run') => isPoisoned(platform, classify(thrown, phase), thrown, phase);
    assert.equal(poisoned('webgpu', new Error('anything at all')), true);
    assert.equal(poisoned('webnn', new Error('anything at all')), true);
    assert.equal(poisoned('webgpu', new Error("input 'x' is missing in 'feeds'.")), false);
    assert.equal(poisoned('webgpu', new Failure('model_fetch_failed', 'm')), false);
    assert.equal(poisoned('webgpu', new Error('indices element out of data bounds, idx=1000 must be within')), false);
    for (const shapes of [
        "ERROR_CODE: 1, ERROR_MESSAGE: Non-zero status code returned while running Add node. Name:'' Status Message: : left operand cannot broadcast on dim 0",
        "Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:61 Compute MatMul dimension mismatch",
        "Non-zero status code returned while running Concat node. Name:'' Status Message: Non concat axis dimensions must match: Axis 1",
        "Non-zero status code returned while running Gemm node. Name:'' Status Message: Inner dimensions of A and B must match.",
        'element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 was false',
        'reshape_helper.h:93 onnxruntime::ReshapeHelper::ReshapeHelper(const TensorShape &) input_shape_size == requested',
    ]) {
        assert.deepEqual(['webgpu', 'webnn', 'wasm'].map((platform) => poisoned(platform, new Error(shapes))), [false, false, false], shapes);
        assert.equal(poisoned('webgpu', new Error(`${shapes}; the device was lost`)), true);
        assert.equal(poisoned('webgpu', new Error(shapes), 'load'), true);
    }
    assert.equal(poisoned('webgpu', new Error('Non-zero status code returned while running Add node')), true);
    assert.equal(poisoned('wasm', new Error('Non-zero status code returned while running Add node')), false);
    assert.equal(poisoned('wasm', new Error('Aborted(). Build with -sASSERTIONS for more info.')), true);
    assert.equal(poisoned('wasm', new WebAssembly.RuntimeError('unreachable')), true);
    for (const refused of [
        "Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.",
        'ERROR_CODE: 1, ERROR_MESSAGE: Fatal error: com.example:NoSuchOp(-1) is not a registered function/op',
        "ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Gemm(6) node with name ''",
    ]) {
        assert.deepEqual(['load', 'run'].map((phase) => poisoned('webgpu', new Error(refused), phase)), [false, true], refused);
    }
    assert.equal(poisoned('webgpu', new Error('anything at all'), 'load'), true);
    assert.equal(poisoned('webgpu', new Error('no graph was found; Aborted()'), 'load'), true);
    assert.equal(poisoned('webgpu', new Error('ERROR_CODE: 9, device was lost'), 'load'), true);
});

/** An engine on a onnxruntime-web that takes notes; `binary()` is what its file is answered with. */
function startable(t, binary) {
    const said = [];
    t.mock.method(globalThis, 'fetch', async (address) => {
        said.push(address);
        return binary();
    });
    const env = { versions: {}, wasm: {} };
    const engine = new OrtEngine({ env, InferenceSession: { create: async () => {
        said.push(`compiles ${env.wasm.wasmBinary.byteLength}`);
        return { release: async () => {} };
    } } }, 'wasm', { mjs: 'mjs', wasm: 'the binary', bytes: 1000 });
    engine.tell = ({ type, up }) => said.push(type === 'start' && up ? 'up' : 'comes up');
    return { engine, env, said };
}

test('an engine begins to come up when its binary is there, which it tells of', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now += 300);
    const { engine, env, said } = startable(t, () => new Response(new Uint8Array(1000), { headers: { 'Content-Length': '240', 'Content-Encoding': 'gzip' } }));
    const far = [];
    await Promise.all([engine.start((...how) => far.push(how)), engine.start((...how) => far.push(how))]);
    await engine.start(() => assert.fail('it is up'));
    assert.deepEqual(said, ['the binary', 'comes up', 'compiles 1000', 'up']);
    assert.deepEqual(far.slice(-2), [[1000, 1000], [1000, 1000]]);
    assert.equal(env.wasm.wasmBinary.byteLength, 0, 'nobody holds it any more');
});

test('an engine whose binary does not come says so, and gets it another time', async (t) => {
    const answers = [new Response('no', { status: 404 }), new Response(new Uint8Array(10))];
    const { engine, said } = startable(t, () => answers.shift());
    await assert.rejects(engine.start(), { code: 'engine_crashed', message: /the binary could not be fetched: .*404/ });
    await engine.start();
    assert.deepEqual(said, ['the binary', 'the binary', 'comes up', 'compiles 10', 'up']);
});

test('a GPU does the work of one run after the other, and the time of each is its own', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const ort = { env: { versions: {}, wasm: {} }, Tensor: class {} }, turns = new Turns();
    const engine = new OrtEngine(ort, 'webgpu', { mjs: '', wasm: '', bytes: 0 }, turns), reads = {}, disposed = [];
    const session = (name) => ({ inputNames: [], outputNames: ['y'], run: async () => {
        now += 2;
        const data = new Promise((resolve) => { reads[name] = () => resolve(Float32Array.of(1)); });
        const tensor = { type: 'float32', dims: [1], location: 'gpu-buffer', dispose: () => disposed.push(name),
            getData: async () => { tensor.data = await data; } };
        return { y: tensor };
    } });
    const task = (name) => ({ attempt: name, key: name, outputs: [], tensors: [] });
    const begin = (name) => {
        engine._models.set(name, { session: session(name), spec: {}, precision: 'fp32' });
        const run = new Run(task(name), () => {}, turns);
        const submitted = new Promise((resolve) => { run.onSubmitted = resolve; });
        return { submitted, outcome: engine.run(task(name), run) };
    };
    const a = begin('a');
    await a.submitted; // at 2
    const b = begin('b');
    await b.submitted; // at 4
    now = 10;
    reads.a();
    const { inferenceMs, tensors, dispose } = await a.outcome;
    assert.deepEqual([inferenceMs, tensors[0].bytes.length], [10, 4]);
    dispose();
    now = 15;
    reads.b();
    assert.equal((await b.outcome).inferenceMs, 5, 'from the end of the first');
    now = 20;
    const c = begin('c');
    await c.submitted;
    now = 30;
    reads.c();
    assert.equal((await c.outcome).inferenceMs, 10);
    assert.deepEqual(disposed, ['a']);
});

test('the smallest model is what the tests write', () => assert.deepEqual([...SMALLEST], [...smallest()]));

const entry = (datatype, shape, name = 'x') => ({ name, datatype, shape, offset: 0, byte_length: 0 });

test('every datatype goes to the engine and back unchanged', () => {
    for (const [datatype, { ort, size }] of DATATYPES) {
        if (!ort || ort === 'string') continue;
        const bytes = Uint8Array.from({ length: 6 * size }, (_, i) => i * 37 % 251);
        const tensor = toOrt(entry(datatype, [2, 3]), bytes);
        assert.equal(tensor.data.length, 6, datatype);
        const back = fromOrt('x', tensor);
        assert.deepEqual([back.datatype, back.shape, [...back.bytes]], [datatype, [2, 3], [...bytes]]);
    }
});

test('scalars, empty tensors and odd alignments', () => {
    assert.equal(elements([]), 1);
    assert.equal(elements([4, 0, 2]), 0);
    assert.equal(elements([2 ** 30, 2 ** 30]), -1);
    assert.equal(toOrt(entry('FP32', []), new Uint8Array(4)).data.length, 1);
    assert.equal(toOrt(entry('INT64', [2, 0]), new Uint8Array(0)).data.length, 0);
    const shifted = new Uint8Array([9, 0, 0, 128, 63]).subarray(1);
    assert.deepEqual([...viewElements('float32', shifted)], [1]);
});

test('what the engine cannot take is named', () => {
    assert.throws(() => toOrt(entry('BF16', [1]), new Uint8Array(2)), { code: 'input_datatype', field: 'x' });
    assert.throws(() => toOrt(entry('FP32', [2]), new Uint8Array(4)), { code: 'input_size', expected: '8 bytes for FP32 [2]' });
    assert.throws(() => fromOrt('y', { type: 'int4', data: new Uint8Array(1), dims: [2] }), { code: 'operator_unsupported' });
});

test('strings', () => {
    const strings = ['', 'ä', '\u{1f600} x'];
    const bytes = writeStrings(strings);
    assert.deepEqual(readStrings(bytes, 3), strings);
    assert.equal(readStrings(bytes, 2), null);
    assert.equal(readStrings(bytes, 4), null);
    assert.equal(readStrings(bytes.subarray(0, -1), 3), null);
    assert.equal(readStrings(Uint8Array.of(1, 0, 0, 0, 0xff), 1), null);
    assert.deepEqual(readStrings(new Uint8Array(0), 0), []);
    assert.throws(() => toOrt(entry('BYTES', [2]), bytes), { code: 'input_size' });
    assert.throws(() => toOrt(entry('BYTES', [2]), writeStrings(['a', 'a\0b'])), { code: 'input_invalid', field: 'x', expected: 'texts without U+0000' });
});

test('precision is told from the types of outputs, then inputs', () => {
    assert.equal(precisionOf(['int64', 'float16'], ['float32']), 'fp16');
    assert.equal(precisionOf(['int64'], ['float32']), 'fp32');
    assert.equal(precisionOf(['uint8'], ['uint8']), 'uint8');
    assert.equal(precisionOf([], []), null);
});

const RGB = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255);
const spec = { input: 'x', width: 2, height: 2 };

test('pixels become the tensor that model.json describes', () => {
    const plain = pixelsToTensor(RGB, spec);
    assert.deepEqual([plain.type, plain.dims], ['float32', [1, 3, 2, 2]]);
    assert.deepEqual([...plain.data], [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
    const bgr = pixelsToTensor(RGB, { ...spec, order: 'BGR', layout: 'NHWC', datatype: 'UINT8' });
    assert.deepEqual([bgr.type, bgr.dims], ['uint8', [1, 2, 2, 3]]);
    assert.deepEqual([...bgr.data], [0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255]);
    const scaled = pixelsToTensor(RGB, { ...spec, scale: 1 / 255, mean: [0.5, 0, 0], std: [0.5, 1, 2] });
    assert.deepEqual([...scaled.data].map((v) => Math.round(v * 10) / 10), [1, -1, -1, 1, 0, 1, 0, 1, 0, 0, 0.5, 0.5]);
    const gray = pixelsToTensor(RGB, { ...spec, channels: 1, invert: true });
    assert.deepEqual([...gray.data].map(Math.round), [179, 105, 226, 0]);
});

test('labels are sorted and cut', () => {
    const found = toLabels(Float32Array.of(0, 2, 1, 2), { output: 'y', activation: 'softmax', top: 3 }, ['a', 'b', 'c']);
    assert.deepEqual(found.map(({ label, index }) => [label, index]), [['b', 1], ['3', 3], ['c', 2]]);
    assert.ok(Math.abs(softmax([1000, 1001]).reduce((a, b) => a + b) - 1) < 1e-12);
});
