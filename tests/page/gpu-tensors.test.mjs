// tier: quick
/** A session's tensors on a device: which of them are there, how often something is moved, and which buffers are used again. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Tensor } from 'onnxruntime-common';
import { onDevice } from '../../page/src/engine/gpu_tensors.js';
import { Device, GLOBALS } from './support/device.mjs';

before(() => Object.assign(globalThis, GLOBALS));
after(() => Object.keys(GLOBALS).forEach((name) => delete globalThis[name]));

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
const float = (name, shape) => ({ name, isTensor: true, type: 'float32', shape });
const floats = (values, dims = [values.length]) => new Tensor('float32', Float32Array.from(values), dims);

/** A session that computes as onnxruntime-web does. `compute` gives all outputs from all inputs; tensors named in `onCpu` are used there. */
class Session {
    constructor(device, { inputs, outputs, compute, onCpu = [] }) {
        Object.assign(this, { device, compute, onCpu, inputMetadata: inputs, outputMetadata: outputs, runs: [] });
        this.inputNames = inputs.map(({ name }) => name);
        this.outputNames = outputs.map(({ name }) => name);
    }

    async run(feeds, wanted) {
        const names = Array.isArray(wanted) ? wanted : Object.keys(wanted), places = Array.isArray(wanted) ? {} : wanted;
        this.runs.push({ inputs: this._where(feeds), outputs: this._where(places) });
        const unknown = names.find((name) => !this.outputNames.includes(name));
        if (unknown) throw new RangeError(`'fetches' contains invalid output name: ${unknown}.`);
        const values = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, this._read(name, tensor)]));
        const made = this.compute(values);
        return Object.fromEntries(this.outputNames.filter((name) => names.includes(name))
            .map((name) => [name, this._give(name, made[name], places[name])]));
    }

    _where(tensors) {
        return Object.entries(tensors).filter(([, tensor]) => tensor?.location === 'gpu-buffer').map(([name]) => name);
    }

    _read(name, tensor) {
        if (tensor.location === 'cpu') return tensor.data;
        const length = tensor.size * { float32: 4, int64: 8, bool: 1 }[tensor.type];
        const bytes = this.onCpu.includes(name) ? this.device.fetch(tensor.gpuBuffer, length) : tensor.gpuBuffer.bytes.slice(0, length);
        return tensor.type === 'float32' ? new Float32Array(bytes.slice().buffer) : bytes;
    }

    _give(name, tensor, place) {
        if (!place) return tensor;
        if (String(place.dims) !== String(tensor.dims)) {
            throw new Error(this.onCpu.includes(name) ? 'Tensor size mismatch. src: 1'
                : 'OrtValue. When calling Run() with pre-allocated output OrtValues on a model with dynamic output shapes, do not');
        }
        const bytes = bytesOf(tensor.data);
        if (this.onCpu.includes(name)) this.device.move(bytes, place.gpuBuffer);
        else this.device.dispatch(() => place.gpuBuffer.bytes.set(bytes));
        return place;
    }
}

/** A session on a device, and what runs it as the engine does: the outputs' values, once they are read. */
async function setUp(what) {
    const device = new Device(), session = new Session(device, what);
    const ort = onDevice({ Tensor, env: { webgpu: { device } }, InferenceSession: { create: async () => session } });
    const there = await ort.InferenceSession.create();
    const run = async (feeds, names = session.outputNames) => {
        device.count();
        const outputs = await there.run(feeds, names), values = {};
        for (const [name, tensor] of Object.entries(outputs)) values[name] = Array.from(await tensor.getData());
        for (const tensor of Object.values(outputs)) tensor.dispose();
        return values;
    };
    return { device, session, there, run, where: () => session.runs.at(-1) };
}

const SUM = {
    inputs: [float('a', ['n']), float('b', ['n'])],
    outputs: [float('sum', ['n']), float('twice', ['n']), float('first', [])],
    compute: ({ a, b }) => ({
        sum: floats(a.map((value, i) => value + b[i])), twice: floats(a.map((value) => 2 * value)), first: floats([a[0]], []),
    }),
};

test('outputs are read in one mapping, and a later run makes no buffer', async () => {
    const { device, run, where } = await setUp(SUM);
    const feeds = { a: floats([1, 2, 3]), b: floats([10, 20, 30]) };
    const want = { sum: [11, 22, 33], twice: [2, 4, 6], first: [1] };
    assert.deepEqual(await run(feeds), want);
    assert.deepEqual(where(), { inputs: ['a', 'b'], outputs: [] }, 'first the shapes are compared with the declared ones');
    assert.deepEqual(await run(feeds), want);
    assert.deepEqual(where(), { inputs: ['a', 'b'], outputs: ['sum', 'twice', 'first'] });
    for (const factor of [2, 3]) {
        const other = { a: floats([1, 2, 3].map((value) => factor * value)), b: floats([0, 0, 0]) };
        assert.deepEqual(await run(other), { sum: [factor, 2 * factor, 3 * factor], twice: [2 * factor, 4 * factor, 6 * factor], first: [factor] });
        const { buffers, writes, maps } = device.counts;
        assert.deepEqual({ buffers, writes, maps }, { buffers: 0, writes: 2, maps: 1 });
    }
});

test('outputs come in the order in which they are wanted, and an unknown one is named', async () => {
    const { run } = await setUp(SUM);
    const feeds = { a: floats([1]), b: floats([2]) };
    for (let i = 0; i < 3; i++) {
        assert.deepEqual(Object.entries(await run(feeds, ['first', 'sum'])), [['first', [1]], ['sum', [3]]]);
    }
    assert.deepEqual(await run(feeds, ['sum', 'sum']), { sum: [3] });
    await assert.rejects(run(feeds, ['sum', 'none']), /invalid output name: none/);
});

test('what onnxruntime uses on the CPU is left there', async () => {
    const { device, run, where } = await setUp({ ...SUM, onCpu: ['b', 'twice'] });
    const feeds = { a: floats([1, 2]), b: floats([3, 4]) }, want = { sum: [4, 6], twice: [2, 4], first: [1] };
    for (let i = 0; i < 3; i++) assert.deepEqual(await run(feeds), want);
    assert.deepEqual(where(), { inputs: ['a'], outputs: ['sum', 'first'] });
    assert.deepEqual([device.counts.buffers, device.counts.maps], [0, 1]);
    const { copyBufferToBuffer } = GLOBALS.GPUCommandEncoder.prototype, { writeBuffer } = GLOBALS.GPUQueue.prototype;
    assert.deepEqual([copyBufferToBuffer.name, writeBuffer.name], ['copyBufferToBuffer', 'writeBuffer'], 'nothing is watched any more');
});

test('a session on the CPU alone moves nothing', async () => {
    const { device, run } = await setUp({ ...SUM, onCpu: ['a', 'b', 'sum', 'twice', 'first'] });
    for (let i = 0; i < 3; i++) assert.deepEqual(await run({ a: floats([1]), b: floats([2]) }), { sum: [3], twice: [2], first: [1] });
    assert.deepEqual(device.counts, { buffers: 0, writes: 0, submits: 0, maps: 0 });
});

test('empty tensors, texts and types that no buffer holds stay where they are; the sizes of others are whole words', async () => {
    const typed = (name, type, shape) => ({ name, isTensor: true, type, shape });
    const { run, where } = await setUp({
        inputs: [typed('flags', 'bool', [3]), typed('none', 'float32', ['m']), typed('text', 'string', [1]), typed('real', 'float64', [1])],
        outputs: [typed('flags_out', 'bool', [3]), typed('none_out', 'float32', ['m']), typed('long', 'int64', [1]), typed('real_out', 'float64', [1]),
            { name: 'list', isTensor: false }],
        compute: ({ flags, real }) => ({
            flags_out: new Tensor('bool', Uint8Array.from(flags, (flag) => 1 - flag), [3]), none_out: floats([], [0]),
            long: new Tensor('int64', BigInt64Array.of(-5n), [1]), real_out: new Tensor('float64', Float64Array.of(real[0] / 2), [1]),
        }),
    });
    const feeds = { flags: new Tensor('bool', Uint8Array.of(1, 0, 1), [3]), none: floats([], [0]),
        text: new Tensor('string', ['x'], [1]), real: new Tensor('float64', Float64Array.of(3), [1]) };
    const names = ['flags_out', 'none_out', 'long', 'real_out'];
    for (let i = 0; i < 3; i++) {
        assert.deepEqual(await run(feeds, names), { flags_out: [0, 1, 0], none_out: [], long: [-5n], real_out: [1.5] });
    }
    assert.deepEqual(where(), { inputs: ['flags'], outputs: ['flags_out', 'long'] });
});

test('an output that is an input is made by onnxruntime', async () => {
    const { run, where } = await setUp({
        inputs: [float('x', ['n']), float('y', ['n'])], outputs: [float('x', ['n']), float('z', ['n'])], compute: ({ x, y }) => ({ x: floats(x), z: floats(y) }),
    });
    for (let i = 0; i < 3; i++) assert.deepEqual(await run({ x: floats([1, i]), y: floats([3, i]) }), { x: [1, i], z: [3, i] });
    assert.deepEqual(where(), { inputs: ['y'], outputs: ['z'] });
});

test('sizes that the model does not declare are those that were seen with inputs of the same shapes', async () => {
    const { run, where } = await setUp({
        inputs: [float('x', [-1 >>> 0])], outputs: [float('y', [-1 >>> 0]), float('z', ['of nothing', 2])],
        compute: ({ x }) => ({ y: floats(x), z: floats([...x, ...x], [x.length, 2]) }),
    });
    const places = async (values) => {
        assert.deepEqual(await run({ x: floats(values) }), { y: values, z: [...values, ...values] });
        return where().outputs;
    };
    const all = [[], [], ['y', 'z']];
    for (const outputs of all) assert.deepEqual(await places([1, 2]), outputs);
    for (const outputs of [[], ['y', 'z']]) assert.deepEqual(await places([3, 4, 5]), outputs);
    assert.deepEqual(await places([6, 7]), ['y', 'z']);
    for (let length = 10; length < 74; length++) await places(Array(length).fill(1));
    assert.deepEqual(await places([8, 9]), [], 'it was long ago');
});

test('a shape that is not the declared one costs no answer, at the first run or later', async () => {
    const shapes = {
        inputs: [float('x', ['n'])], outputs: [float('wrong', [1, 2]), float('late', ['n']), float('elsewhere', ['n'])],
        compute: ({ x }) => {
            const some = floats(x.filter((value) => value !== 0));
            return { wrong: floats([1, 2], [2, 1]), late: some, elsewhere: some };
        },
        onCpu: ['elsewhere'],
    };
    const { run, session, where } = await setUp(shapes);
    const right = { wrong: [1, 2], late: [7, 8], elsewhere: [7, 8] };
    for (let i = 0; i < 2; i++) assert.deepEqual(await run({ x: floats([7, 8]) }), right);
    assert.deepEqual(where().outputs, ['late', 'elsewhere']);
    assert.deepEqual(await run({ x: floats([7, 0]) }), { wrong: [1, 2], late: [7], elsewhere: [7] });
    const before = session.runs.length;
    assert.deepEqual(await run({ x: floats([0, 8]) }), { wrong: [1, 2], late: [8], elsewhere: [8] });
    assert.deepEqual([session.runs.length - before, where().outputs], [1, []]);
    const early = await setUp({ ...shapes, outputs: shapes.outputs.slice(2), compute: ({ x }) => ({ elsewhere: floats(x.filter(Boolean)) }) });
    await early.run({ x: floats([7, 8]) });
    assert.deepEqual(await early.run({ x: floats([7, 0]) }), { elsewhere: [7] }, 'the second run moves it, and its size does not fit');
});

test('the buffers of a failed run are not used again; those of others are, up to a limit', async () => {
    let fails = false;
    const { device, there, run } = await setUp({ ...SUM, compute: (values) => {
        if (fails) throw new Error('left operand cannot broadcast');
        return SUM.compute(values);
    } });
    const feeds = { a: floats([1]), b: floats([2]) };
    for (let i = 0; i < 3; i++) await run(feeds);
    fails = true;
    await assert.rejects(run(feeds), /cannot broadcast/);
    assert.equal(device.counts.buffers, 0);
    fails = false;
    await run(feeds);
    assert.equal(device.counts.buffers, 5, 'two inputs and three outputs');
    const made = [], create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
        made.push(create(descriptor));
        return made.at(-1);
    };
    const large = floats({ length: 6 << 20 }, [6 << 20]); // 24 MiB each, in 32
    const outputs = await there.run({ a: large, b: large }, ['sum', 'twice']);
    for (const tensor of Object.values(outputs)) await tensor.getData();
    for (const tensor of Object.values(outputs)) tensor.dispose();
    const kept = made.filter(({ isDestroyed }) => !isDestroyed).reduce((sum, { size }) => sum + size, 0);
    assert.ok(kept <= 64 << 20, `${kept} bytes are kept`);
});

test('outputs are there until the last of them is disposed of, whatever runs meanwhile', async () => {
    const { there, run } = await setUp(SUM);
    const feeds = (value) => ({ a: floats([value]), b: floats([value]) });
    for (let i = 0; i < 2; i++) await run(feeds(1));
    const [one, two] = [await there.run(feeds(3), ['sum', 'twice']), await there.run(feeds(4), ['sum', 'twice'])];
    const values = async ({ sum, twice }) => [...await sum.getData(), ...await twice.getData()];
    assert.deepEqual([await values(two), await values(one)], [[8, 8], [6, 6]]);
    one.sum.dispose();
    assert.deepEqual([...one.twice.data], [6]);
    for (const tensor of [one.twice, two.sum, two.twice]) tensor.dispose();
    assert.deepEqual(await run(feeds(5)), { sum: [10], twice: [10], first: [5] });
});

test('a device that is lost fails the reading of the outputs', async () => {
    const { device, there, run } = await setUp(SUM);
    const feeds = { a: floats([1]), b: floats([2]) };
    for (let i = 0; i < 2; i++) await run(feeds);
    device.isLost = true;
    const { sum } = await there.run(feeds, ['sum']);
    await assert.rejects(sum.getData(), /lost/);
    sum.dispose();
});

test('a session of another provider is as it was', async () => {
    const session = { run: () => {} };
    const ort = onDevice({ Tensor, env: { webgpu: {} }, InferenceSession: { create: async () => session } });
    assert.equal(await ort.InferenceSession.create(), session);
});
