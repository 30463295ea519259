/**
 * Inputs and outputs of onnxruntime-web's sessions in buffers of the device that later runs use again. By itself,
 * onnxruntime-web makes a buffer for each input of a run. For each output, it makes another one and waits until that is
 * mapped, one output after the other. Here inputs are written into buffers that exist, and all outputs are read in one
 * mapping. What a session reads or writes on the CPU stays there.
 */
import { aligned } from '../shared/aligned.js';
import { DATATYPES, datatypeOfOrt, elements, viewElements } from '../shared/datatypes.js';
import { GpuBuffers, MAP_READ, inWords } from './gpu_buffers.js';

const STORAGE = 0x80; // GPUBufferUsage.STORAGE
/** onnxruntime copies so many bytes at a time. */
const UNIT = 16;
/** The types of a tensor that onnxruntime-web takes in a buffer. */
const TYPES = new Set(['float32', 'float16', 'int32', 'int64', 'uint32', 'uint8', 'bool']);
/** onnxruntime's errors if an output has another shape than the tensor that was given for it, on the device and on the CPU. */
const OTHER_SHAPE = /pre-allocated output OrtValues|Tensor size mismatch/;
const THERE = 'gpu-buffer'; // onnxruntime-web's name of the location
/** For so many shapes of the inputs, the shapes of outputs are remembered. */
const REMEMBERED = 64;

/** The type and the shape of a tensor. @typedef {{type: string, dims: readonly number[]}} Form */
/** By name. @typedef {Record<string, any>} Tensors */

/** The same onnxruntime-web, whose sessions have their tensors on the device. A run resolves when the device has got all of
 * its work; `getData` waits for an output, as onnxruntime-web documents.
 * @template {Record<string, any>} Ort @param {Ort} ort @returns {Ort} */
export function onDevice(ort) {
    /** @type {WeakMap<object, GpuBuffers>} */
    const ofDevices = new WeakMap();
    const buffersOf = (/** @type {any} */ device) => {
        const buffers = ofDevices.get(device) ?? new GpuBuffers(device);
        ofDevices.set(device, buffers);
        return buffers;
    };
    const create = async (/** @type {any[]} */ ...given) => {
        const session = await ort.InferenceSession.create(...given), { device } = ort.env.webgpu;
        if (!device) return session; // of another provider
        const runs = new DeviceRuns(session, ort.Tensor, device, buffersOf(device));
        return Object.create(session, { run: { value: runs.run.bind(runs) } });
    };
    return { ...ort, InferenceSession: { create } };
}

/** The runs of one session. */
export class DeviceRuns {
    /** @param {any} session @param {any} Tensor onnxruntime-web's @param {any} device @param {GpuBuffers} buffers the device's */
    constructor(session, Tensor, device, buffers) {
        this._session = session;
        this._Tensor = Tensor;
        this._device = device;
        this._buffers = buffers;
        /** Outputs that have had the shape that was expected. @type {Set<string>} */
        this._asExpected = new Set();
        /** The shapes of outputs of which the model does not declare all sizes, by the shapes of the inputs, in order of last
         * use. @type {Map<string, Map<string, readonly number[]>>} */
        this._seen = new Map();
        /** Tensors that onnxruntime was seen to use where they are. @type {Set<string>} */
        this._there = new Set();
        /** Tensors that are not on the device. An output that is an input as well is never written.
         * @type {Set<string>} */
        this._elsewhere = new Set(session.outputNames.filter((/** @type {string} */ name) => session.inputNames.includes(name)));
    }

    /** @param {Tensors} feeds @param {readonly string[]} names of the outputs @returns {Promise<Tensors>} in that order */
    async run(feeds, names) {
        // onnxruntime-web says which name is wrong.
        if (!names.every((name) => this._session.outputNames.includes(name))) return this._session.run(feeds, names);
        const seen = this._seenWith(feeds), expected = this._expected(feeds, names, seen);
        const outputs = await this._runThere(feeds, names, expected) ?? await this._session.run(feeds, names);
        this._compare(outputs, expected, seen);
        return outputs;
    }

    /** @param {Tensors} feeds @param {readonly string[]} names @param {Map<string, Form>} expected
     * @returns {Promise<Tensors | null>} null: an output has another shape than was expected */
    async _runThere(feeds, names, expected) {
        const tensors = new RunTensors(this._Tensor, this._device, this._buffers);
        try {
            const outputs = await this._compute(this._inputs(tensors, feeds), this._places(tensors, names, expected));
            tensors.submit();
            return Object.fromEntries(names.map((name) => [name, outputs[name]]));
        } catch (thrown) {
            tensors.abandon();
            if (OTHER_SHAPE.test(String(thrown))) return null;
            throw thrown;
        }
    }

    /** The shapes of outputs that were seen with inputs of these shapes. @param {Tensors} feeds */
    _seenWith(feeds) {
        const shapes = JSON.stringify(this._session.inputNames.map((/** @type {string} */ name) => feeds[name]?.dims));
        const seen = this._seen.get(shapes) ?? new Map(), [oldest] = this._seen.keys();
        this._seen.delete(shapes);
        if (this._seen.size === REMEMBERED) this._seen.delete(oldest);
        this._seen.set(shapes, seen);
        return seen;
    }

    /** The outputs of which the model declares all sizes, with the sizes that the inputs give to names, or that were seen.
     * @param {Tensors} feeds @param {readonly string[]} names @param {Map<string, readonly number[]>} seen
     * @returns {Map<string, Form>} */
    _expected(feeds, names, seen) {
        const { outputNames, outputMetadata } = this._session, sizes = sizesOf(this._session, feeds);
        return new Map(names.flatMap((name) => {
            const { type, shape } = outputMetadata[outputNames.indexOf(name)];
            const dims = shape && (shapeOf(shape, sizes) ?? seen.get(name));
            return dims ? [[name, { type, dims }]] : [];
        }));
    }

    /** @param {RunTensors} tensors @param {Tensors} feeds @returns {Tensors} */
    _inputs(tensors, feeds) {
        return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) =>
            [name, this._fits(name, tensor) ? tensors.input(tensor) : tensor]));
    }

    /** Null for an output that onnxruntime makes. @param {RunTensors} tensors @param {readonly string[]} names
     * @param {Map<string, Form>} expected @returns {Tensors} */
    _places(tensors, names, expected) {
        return Object.fromEntries([...new Set(names)].map((name) => {
            const output = this._asExpected.has(name) ? expected.get(name) : undefined;
            return [name, output && this._fits(name, output) ? tensors.output(output) : null];
        }));
    }

    /** @param {string} name @param {Form} tensor */
    _fits(name, { type, dims }) {
        return TYPES.has(type) && elements(dims) > 0 && !this._elsewhere.has(name);
    }

    /** Notes which outputs of onnxruntime's own have the expected shapes. @param {Tensors} outputs
     * @param {Map<string, Form>} expected @param {Map<string, readonly number[]>} seen */
    _compare(outputs, expected, seen) {
        for (const [name, output] of Object.entries(outputs)) {
            if (!output || output.location === THERE) continue;
            const dims = expected.get(name)?.dims;
            if (!dims) seen.set(name, [...output.dims]);
            else (String(dims) === String(output.dims) ? this._asExpected : this._elsewhere).add(name);
        }
    }

    /** The first run with a tensor on the device shows whether onnxruntime moves it to the CPU or from there.
     * @param {Tensors} inputs @param {Tensors} places @returns {Promise<Tensors>} */
    async _compute(inputs, places) {
        const fresh = [...Object.entries(inputs), ...Object.entries(places)]
            .filter(([name, tensor]) => tensor?.location === THERE && !this._there.has(name));
        if (fresh.length === 0) return this._session.run(inputs, places);
        const moved = new Set();
        const outputs = await noting(moved, () => this._session.run(inputs, places));
        for (const [name, { gpuBuffer }] of fresh) (moved.has(gpuBuffer) ? this._elsewhere : this._there).add(name);
        return outputs;
    }
}

/** The tensors of one run. */
class RunTensors {
    /** @param {any} Tensor @param {any} device @param {GpuBuffers} buffers */
    constructor(Tensor, device, buffers) {
        this._Tensor = Tensor;
        this._device = device;
        this._buffers = buffers;
        /** Those of the tensors. @type {any[]} */
        this._taken = [];
        /** @type {{from: any, at: number, size: number}[]} */
        this._outputs = [];
        this._bytes = 0; /* of all outputs */
        this._left = 0; /* outputs that are in use */
        /** The buffer that all outputs are read from. @type {any} */
        this._answer = null;
        /** @type {Promise<Uint8Array> | undefined} */
        this._reading = undefined;
    }

    /** @param {Form & {data: any}} tensor @returns {any} the same on the device */
    input({ type, dims, data }) {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength), buffer = this._take(bytes.length);
        this._device.queue.writeBuffer(buffer, 0, inWords(bytes));
        return this._Tensor.fromGpuBuffer(buffer, { dataType: type, dims });
    }

    /** @param {Form} output @returns {any} a tensor for it on the device */
    output({ type, dims }) {
        const length = elements(dims) * sizeOf(type), at = this._bytes, from = this._take(length);
        this._outputs.push({ from, at, size: aligned(length, UNIT) });
        this._bytes += aligned(length, UNIT);
        this._left++;
        return this._Tensor.fromGpuBuffer(from, {
            dataType: type, dims, dispose: () => this._letGo(),
            download: async () => viewElements(type, (await this._read()).subarray(at, at + length)),
        });
    }

    /** The run's commands are submitted: the outputs are copied behind them. Later commands may use the buffers again. */
    submit() {
        if (this._left > 0) {
            const commands = this._device.createCommandEncoder();
            this._answer = this._buffers.take('answer', this._bytes);
            for (const { from, at, size } of this._outputs) commands.copyBufferToBuffer(from, 0, this._answer, at, size);
            this._device.queue.submit([commands.finish()]);
        }
        for (const buffer of this._taken) this._buffers.give(buffer);
    }

    /** The run has failed: commands that onnxruntime has not submitted may still use the buffers. */
    abandon() {
        for (const buffer of this._taken) this._buffers.forget(buffer);
    }

    /** @param {number} bytes */
    _take(bytes) {
        const buffer = this._buffers.take('tensor', aligned(bytes, UNIT));
        this._taken.push(buffer);
        return buffer;
    }

    /** @returns {Promise<Uint8Array>} the bytes of all outputs, until the last one is disposed of */
    _read() {
        return this._reading ??= this._answer.mapAsync(MAP_READ, 0, this._bytes)
            .then(() => new Uint8Array(this._answer.getMappedRange(0, this._bytes)));
    }

    _letGo() {
        this._left--;
        if (this._left > 0) return;
        this._answer.unmap();
        this._buffers.give(this._answer);
    }
}

/** Does the work, and notes the buffers that are copied to memory of the CPU or from there: shaders cannot use the other
 * buffer. @template T @param {Set<any>} moved @param {() => Promise<T>} work @returns {Promise<T>} */
async function noting(moved, work) {
    const { GPUCommandEncoder, GPUQueue } = /** @type {any} */ (globalThis);
    const { copyBufferToBuffer } = GPUCommandEncoder.prototype, { writeBuffer } = GPUQueue.prototype;
    GPUCommandEncoder.prototype.copyBufferToBuffer = function (/** @type {any[]} */ ...given) {
        const [from, to] = given.filter((one) => typeof one === 'object');
        if (!(to.usage & STORAGE)) moved.add(from);
        if (!(from.usage & STORAGE)) moved.add(to);
        return copyBufferToBuffer.apply(this, given);
    };
    GPUQueue.prototype.writeBuffer = function (/** @type {any[]} */ ...given) {
        moved.add(given[0]);
        return writeBuffer.apply(this, given);
    };
    try {
        return await work();
    } finally {
        Object.assign(GPUCommandEncoder.prototype, { copyBufferToBuffer });
        Object.assign(GPUQueue.prototype, { writeBuffer });
    }
}

/** The sizes that the inputs give to the names of dimensions. @param {any} session @param {Tensors} feeds
 * @returns {Map<string, number>} */
function sizesOf({ inputMetadata }, feeds) {
    const sizes = new Map();
    for (const { name, shape = [] } of inputMetadata) {
        for (const [axis, size] of shape.entries()) if (typeof size === 'string') sizes.set(size, feeds[name]?.dims[axis]);
    }
    return sizes;
}

/** The shape of an output as its model declares it; null: it does not say all sizes. A size without a name is −1, read as
 * 32 bits without a sign. @param {readonly (number | string)[]} shape @param {Map<string, number>} sizes */
function shapeOf(shape, sizes) {
    const dims = shape.map((size) => (typeof size === 'string' ? sizes.get(size) ?? -1 : size | 0));
    return dims.every((size) => size >= 0) ? dims : null;
}

/** @param {string} type @returns {number} bytes of an element */
const sizeOf = (type) => DATATYPES.get(datatypeOfOrt(type) ?? '')?.size ?? 0;
