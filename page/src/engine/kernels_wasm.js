/** Kernels on WASM, compiled of the C in shaders/. How one is called is in shaders/kernel.h. */
import { Failure } from './failure.js';

/** @typedef {import('./kernels.js').KernelCall} KernelCall */

/** struct kernel_call of shaders/kernel.h, in words of four bytes. */
const CALL = Object.freeze({ inputs: 0, output: 4, sizes: 5, options: 13, words: 21 });
/** Where tensors begin: what a vector of 16 bytes wants. */
const ALIGNED = 16;
const PAGE = 65536;
/** A memory that is larger is given back after the run. */
const KEPT_BYTES = 64 << 20;

/** @implements {Backend} @typedef {import('./kernels.js').Backend} Backend */
export class WasmKernels {
    /** @param {() => Promise<ArrayBuffer>} fetchBinary the module's bytes */
    constructor(fetchBinary) {
        this.threads = 1;
        this.takesHalves = false;
        this._fetchBinary = fetchBinary;
        /** @type {WebAssembly.Module | null} */
        this._module = null;
        /** Its memory only grows, so that it is made anew after a large run. @type {WebAssembly.Instance | null} */
        this._instance = null;
    }

    get isLoaded() {
        return this._module !== null;
    }

    async load() {
        this._module = await WebAssembly.compile(await this._fetchBinary());
    }

    unload() {
        this._module = this._instance = null;
    }

    memory() {
        return this._instance ? memoryOf(this._instance).buffer.byteLength : 0;
    }

    /** @param {KernelCall} call */
    async run(call) {
        const instance = this._instance ??= await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (this._module));
        const { at, output, bytes } = place(instance, call);
        /** @type {Function} */ (instance.exports[call.kernel])(at);
        if (this.memory() > KEPT_BYTES) this._instance = null;
        return { bytes: new Uint8Array(memoryOf(instance).buffer, output, bytes) };
    }
}

/** @param {WebAssembly.Instance} instance */
const memoryOf = ({ exports }) => /** @type {WebAssembly.Memory} */ (exports.memory);

/** Lays a call out in the module's memory, behind what is the module's own.
 * @param {WebAssembly.Instance} instance @param {KernelCall} call
 * @returns {{at: number, output: number, bytes: number}} where the call is, and the output */
function place(instance, { inputs, sizes, options, elements }) {
    const memory = memoryOf(instance), bytes = 4 * elements;
    let end = up(/** @type {WebAssembly.Global} */ (instance.exports.__heap_base).value);
    const take = (/** @type {number} */ size) => {
        const begin = end;
        end = up(end + size);
        return begin;
    };
    const at = take(4 * CALL.words), output = take(bytes);
    const places = inputs.map((input) => take(input.bytes.length));
    const more = end - memory.buffer.byteLength;
    if (more > 0 && grow(memory, Math.ceil(more / PAGE)) < 0) {
        throw new Failure('out_of_memory', `the tensors take ${end} bytes, for which there is no memory`);
    }
    for (const [i, input] of inputs.entries()) new Uint8Array(memory.buffer).set(input.bytes, places[i]);
    const words = new Uint32Array(memory.buffer, at, CALL.words);
    words.set(places, CALL.inputs);
    words[CALL.output] = output;
    words.set([...sizes.values()], CALL.sizes);
    new Float32Array(memory.buffer, at, CALL.words).set(options, CALL.options);
    return { at, output, bytes };
}

/** @param {WebAssembly.Memory} memory @param {number} pages @returns {number} negative: there are none */
function grow(memory, pages) {
    try {
        return memory.grow(pages);
    } catch {
        return -1;
    }
}

/** @param {number} at */
const up = (at) => Math.ceil(at / ALIGNED) * ALIGNED;
