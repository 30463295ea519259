// tier: full
/**
 * What computes the built-in models over kernels: the WebAssembly itself, and a GPU's device of the test's own, which
 * computes nothing and notes what it is told to do.
 */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { kernelsBinary, kernelShaders } from '../../page/kernels.mjs';
import { callOf } from '../../page/src/engine/kernel_call.js';
import { modelOf } from '../../page/src/engine/kernel_model.js';
import { prefer, Webgpu } from '../../page/src/engine/gpu.js';
import { GpuKernels } from '../../page/src/engine/kernels_gpu.js';
import { WasmKernels } from '../../page/src/engine/kernels_wasm.js';
import { rightModel } from '../lib/kernel-models.mjs';
import { inputsOf } from '../lib/kernels.mjs';

const MIB = 1 << 20;
const given = (shape) => {
    const [input] = inputsOf({ shapes: { x: shape } });
    return { ...input, bytes: new Uint8Array(new Float32Array(input.values).buffer) };
};

// --- WebAssembly -------------------------------------------------------------------------------------

const binary = kernelsBinary();
const wasm = async () => {
    const backend = new WasmKernels(async () => binary);
    await backend.load();
    return backend;
};

async function isRight(backend, name, shape) {
    const input = given(shape), { bytes } = await backend.run(modelOf(`builtin/${name}`).callsOf(input).calls);
    const is = new Float32Array(bytes.slice().buffer), { values } = rightModel[name](input);
    assert.equal(is.length, values.length);
    for (const [i, value] of values.entries()) assert.ok(Math.abs(is[i] - value) < 1e-3, `${name}: element ${i} is ${is[i]}, not ${value}`);
}

test('WebAssembly computes one kernel after the other, of models in any order', async () => {
    const backend = await wasm();
    for (const [name, shape] of [['mlp', [3, 784]], ['transformer', [2, 5, 64]], ['vector', [17]], ['mlp', [1, 784]], ['vector', [0]]]) {
        await isRight(backend, name, shape);
    }
});

test('weights lie in the memory of WebAssembly once, also behind a run that made it large', async () => {
    const backend = await wasm(), model = modelOf('builtin/mlp'), { calls } = model.callsOf(given([3, 784]));
    await backend.prepare(model.kernels, model.kept);
    const floor = backend._floor;
    const first = (await backend.run(calls)).bytes.slice();
    await backend.run(calls);
    assert.equal(backend._floor, floor);
    const large = { shape: [4 * MIB], bytes: new Uint8Array(16 * MIB) };
    await backend.run(modelOf('builtin/vector').callsOf(large).calls);
    assert.equal(backend.memory(), 0, 'a large memory is given back');
    assert.deepEqual((await backend.run(calls)).bytes.slice(), first);
    backend.forget();
    assert.deepEqual((await backend.run(calls)).bytes.slice(), first);
});

// --- a GPU -------------------------------------------------------------------------------------------

/** A device that counts. */
class Device {
    limits = { maxBufferSize: 256 * MIB, maxStorageBufferBindingSize: 128 * MIB,
        maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
    features = new Set();
    submits = 0;
    dispatches = 0;
    buffers = 0;
    /** Bytes that were written into buffers, by their label. */
    written = { tensor: 0, call: 0 };
    /** The functions that were compiled. @type {string[]} */
    compiled = [];
    /** The buffers that are bound for each dispatch. */
    groups = [];

    queue = {
        submit: () => void this.submits++,
        writeBuffer: ({ label }, _at, bytes) => void (this.written[label] += bytes.byteLength),
        onSubmittedWorkDone: async () => {},
    };

    createBuffer({ size, label }) {
        this.buffers++;
        const bytes = new ArrayBuffer(size);
        return { size, label, destroy() {}, unmap() {}, mapAsync: async () => {}, getMappedRange: () => bytes };
    }

    createCommandEncoder() {
        const pass = { setPipeline() {}, setBindGroup: (_index, group) => this.groups.push(group),
            dispatchWorkgroups: () => void this.dispatches++, end() {} };
        return { clearBuffer() {}, copyBufferToBuffer() {}, beginComputePass: () => pass, finish() {} };
    }

    createBindGroup = ({ entries }) => entries.map(({ resource }) => resource.buffer);
    createShaderModule = ({ code }) => ({ code });
    createBindGroupLayout = () => ({});
    createPipelineLayout = () => ({});
    createComputePipelineAsync = async ({ compute: { module: { code }, entryPoint } }) =>
        void this.compiled.push(`${entryPoint}${code.startsWith('enable f16;') ? ' of halves' : ''}`);
    pushErrorScope() {}
    popErrorScope = async () => null;
    destroy() {}
}

const had = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
/** @type {Device} */
let device;
/** What the adapter gives. */
let make = () => new Device();
before(() => {
    const gpu = { requestAdapter: async () => ({ limits: new Device().limits, features: new Set(),
        requestDevice: async () => (device = make()) }) };
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
});
after(() => {
    delete globalThis.navigator;
    if (had) Object.defineProperty(globalThis, 'navigator', had);
});

/** One with a clock: the function that ran last takes so many ns. */
class TimedDevice extends Device {
    features = new Set(['timestamp-query']);
    entry = '';

    /** @param {(entry: string) => number} nsOf */
    constructor(nsOf) {
        super();
        this.nsOf = nsOf;
    }

    createBuffer(how) {
        const buffer = super.createBuffer(how), times = () => BigUint64Array.of(0n, BigInt(this.nsOf(this.entry))).buffer;
        return how.label ? buffer : { ...buffer, getMappedRange: times };
    }

    createCommandEncoder() {
        const pass = { setPipeline: ({ entry }) => { this.entry = entry; }, setBindGroup() {}, dispatchWorkgroups() {}, end() {} };
        return { ...super.createCommandEncoder(), beginComputePass: () => pass, resolveQuerySet() {} };
    }

    createQuerySet = () => ({ destroy() {} });
    createComputePipelineAsync = async ({ compute: { entryPoint: entry } }) => ({ entry });
}

const shaders = kernelShaders();
const gpu = async () => {
    const backend = new GpuKernels(shaders);
    await backend.load();
    return backend;
};
const run = async (backend, calls) => (await backend.run(calls, false)).dispose?.();
const halvesCall = callOf('matmul', [[2, 8], [8, 4]].map((shape) => ({ shape, bytes: new Uint8Array(2 * shape[0] * shape[1]) })), {}, true).call;
const bytesOf = (list) => list.reduce((sum, { length }) => sum + length, 0);

test('all kernels of a model are submitted to a GPU at once', async () => {
    const backend = await gpu(), { calls } = modelOf('builtin/transformer').callsOf(given([1, 17, 64]));
    await run(backend, calls);
    const stages = calls.reduce((sum, { kernel }) => sum + shaders[kernel].plan.stages.length, 0);
    assert.deepEqual([device.submits, device.dispatches], [1, stages]);
    const groups = [...new Set(device.groups)]; // the stages of a kernel have the same
    assert.equal(groups.length, calls.length);
    for (const [i, { kernel, inputs }] of calls.entries()) {
        assert.ok(!groups[i].slice(0, inputs.length).includes(groups[i][inputs.length]), `${kernel} reads what it writes`);
        for (const [at, { from }] of inputs.entries())
            if (from !== undefined) assert.equal(groups[i][at], groups[from][calls[from].inputs.length]);
    }
});

test('weights are written to a GPU once, and its buffers are used again', async () => {
    const backend = await gpu(), model = modelOf('builtin/mlp'), weights = bytesOf(model.kept);
    await backend.prepare(model.kernels, model.kept);
    assert.equal(device.written.tensor, weights);
    const { calls } = model.callsOf(given([1, 784]));
    await run(backend, calls);
    const { buffers } = device, held = backend.memory();
    assert.equal(device.written.tensor, weights + 4 * 784 + 4, 'the input, and a column of ones');
    for (let i = 0; i < 5; i++) await run(backend, calls);
    assert.equal(device.written.tensor, weights + 6 * (4 * 784 + 4));
    assert.deepEqual([device.buffers, backend.memory()], [buffers, held]);
    backend.forget(model.kept);
    await backend.prepare(model.kernels, model.kept);
    assert.deepEqual([device.written.tensor, device.buffers], [2 * weights + 6 * (4 * 784 + 4), buffers]);
});

test('what was used of halves is compiled for them beforehand, where the adapter has them', async () => {
    for (const [features, compiled] of [[['shader-f16'], ['main of halves', 'fours of halves', 'main', 'main_short']], [[], ['main', 'main_short']]]) {
        const backend = await gpu();
        device.features = new Set(features);
        await backend.prepare(['matmul FP16', 'reduce'], []);
        assert.deepEqual(device.compiled, compiled);
        if (features.length > 0) await run(backend, [halvesCall]);
        assert.deepEqual(device.compiled, compiled, 'nothing is compiled when it comes');
    }
});

test('a tensor larger than the adapter binds is refused before anything is taken', async () => {
    const backend = await gpu(), shape = [33 * MIB], bytes = new Uint8Array(4 * shape[0]);
    await assert.rejects(backend.run(modelOf('builtin/vector').callsOf({ shape, bytes }).calls, false),
        { code: 'platform_unsupported', field: 'inputs' });
    assert.deepEqual([device.submits, device.buffers], [0, 0]);
});

test('what is fastest is told by the GPU\'s own clock, unless that is rounded', async () => {
    const tuned = async (nsOf) => {
        make = () => new TimedDevice(nsOf);
        const backend = await gpu().finally(() => { make = () => new Device(); });
        return backend.tune('matmul', '1x64x64x64', { now: () => performance.now(), isOver: () => false, tries() {} });
    };
    const { choice, ms, defaultMs, wrong } = await tuned((entry) => (entry === 'narrow' ? 20_001 : 80_001));
    assert.deepEqual([choice.variant, ms, defaultMs, wrong], ['registers_4x4', 0.020001, 0.080001, []]);
    const { ms: rounded } = await tuned(() => 100_000);
    assert.notEqual(rounded, 0.1);
});

test('the adapter is requested that is preferred, by the engines of others as well', async () => {
    const before = navigator.gpu, had = globalThis.GPU, asked = [];
    globalThis.GPU = class {
        async requestAdapter({ powerPreference }) {
            asked.push(powerPreference);
            return null;
        }
    };
    navigator.gpu = new globalThis.GPU();
    try {
        const backend = new GpuKernels(shaders);
        for (const power of ['high-performance', 'low-power']) {
            backend.power = power;
            await assert.rejects(backend.load());
            await new Webgpu().probe({ nudge: false, gpu: false, power });
        }
        await new Webgpu().probe({ nudge: false, gpu: false });
        prefer('high-performance');
        await navigator.gpu.requestAdapter({});
        prefer('low-power');
        await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    } finally {
        navigator.gpu = before;
        globalThis.GPU = had;
    }
    assert.deepEqual(asked, ['high-performance', 'high-performance', 'low-power', 'low-power', 'high-performance', undefined, 'low-power']);
});

test('an adapter is requested once; where one is expected, again, since a GPU process may be restarting', async () => {
    const answers = (/** @type {boolean} */ isExpected, /** @type {any[]} */ ...list) => {
        let asked = 0;
        const before = navigator.gpu;
        navigator.gpu = { requestAdapter: async () => list[Math.min(asked++, list.length - 1)] };
        return new Webgpu().probe({ nudge: false, gpu: isExpected }).then((report) => [report.available, report.reason, asked]).finally(() => { navigator.gpu = before; });
    };
    const early = { requestDevice: async () => { throw new Error('its process has ended'); } };
    const works = { requestDevice: async () => { throw new TypeError('asked'); } };
    assert.deepEqual(await answers(false, null), [false, 'requestAdapter() gave no adapter', 1]);
    assert.deepEqual(await answers(true, null), [false, 'requestAdapter() gave no adapter', 3]);
    const [available, reason, asked] = await answers(true, null, early, works);
    assert.deepEqual([available, asked], [false, 3]);
    assert.match(reason, /asked/);
});
