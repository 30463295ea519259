/** Kernels on WASM, compiled of the C in shaders/. How one is called is in shaders/kernel.h. */
import { aligned } from '../shared/aligned.js';
import { Failure } from './failure.js';

/** @import { KernelCall, KernelInput } from './kernels.js' */
/** Where a call is, and its tensors, by their addresses. @typedef {{at: number, inputs: number[], output: number}} Placed */

/** struct kernel_call of shaders/kernel.h, in words of four bytes. */
const CALL = Object.freeze({ inputs: 0, output: 4, sizes: 5, options: 13, words: 21 });
/** Tensors begin at its multiples: what a vector of 16 bytes wants. */
const VECTOR = 16;
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
        /** Its memory only grows, so a new one is made after a large run. @type {WebAssembly.Instance | null} */
        this._instance = null;
        /** The positions of kept bytes in the memory. @type {Map<Uint8Array, number>} */
        this._kept = new Map();
        this._floor = 0; /* where what is of one run alone begins */
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

    /** @param {readonly string[]} kernels @param {readonly Uint8Array<ArrayBuffer>[]} kept */
    async prepare(kernels, kept) {
        this._keep(memoryOf(this._instance ?? await this._begin()), kept);
    }

    /** Other kept bytes are passed again, too. */
    forget() {
        this._instance = null;
    }

    memory() {
        return this._instance ? memoryOf(this._instance).buffer.byteLength : 0;
    }

    /** @param {readonly KernelCall[]} calls @param {boolean} [_isTimed] @param {import('./kernels.js').Took} [took] */
    async run(calls, _isTimed, took) {
        const instance = this._instance ?? await this._begin(), memory = memoryOf(instance);
        this._keep(memory, keptOf(calls));
        const placed = place(memory, calls, this._kept, this._floor);
        for (const [i, { kernel }] of calls.entries()) {
            const began = took ? performance.now() : 0;
            /** @type {Function} */ (instance.exports[kernel])(placed[i].at);
            took?.push(performance.now() - began);
        }
        if (this.memory() > KEPT_BYTES) this._instance = null;
        const last = calls.length - 1;
        return { bytes: new Uint8Array(memory.buffer, placed[last].output, 4 * calls[last].elements) };
    }

    async _begin() {
        this._instance = await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (this._module));
        this._kept.clear();
        this._floor = aligned(/** @type {WebAssembly.Global} */ (this._instance.exports.__heap_base).value, VECTOR);
        return this._instance;
    }

    /** Puts what is kept, and not there yet, behind what is. @param {WebAssembly.Memory} memory @param {readonly Uint8Array[]} kept */
    _keep(memory, kept) {
        for (const bytes of kept) {
            if (this._kept.has(bytes)) continue;
            reach(memory, this._floor + bytes.length);
            new Uint8Array(memory.buffer).set(bytes, this._floor);
            this._kept.set(bytes, this._floor);
            this._floor = aligned(this._floor + bytes.length, VECTOR);
        }
    }
}

/** @param {WebAssembly.Instance} instance */
const memoryOf = ({ exports }) => /** @type {WebAssembly.Memory} */ (exports.memory);

/** @param {readonly KernelCall[]} calls @returns {Uint8Array[]} */
const keptOf = (calls) => calls.flatMap(({ inputs }) => inputs.flatMap((input) => ('bytes' in input && input.isKept ? [input.bytes] : [])));

/** Lays calls out in the module's memory, behind what is kept.
 * @param {WebAssembly.Memory} memory @param {readonly KernelCall[]} calls @param {ReadonlyMap<Uint8Array, number>} kept
 * @param {number} floor @returns {Placed[]} */
function place(memory, calls, kept, floor) {
    let end = floor;
    const take = (/** @type {number} */ size) => {
        const begin = end;
        end = aligned(end + size, VECTOR);
        return begin;
    };
    /** @type {Placed[]} */
    const placed = [];
    /** Each once. @type {Map<Uint8Array, number>} */
    const given = new Map();
    const addressOf = (/** @type {KernelInput} */ input) => {
        if ('from' in input) return placed[input.from].output;
        const known = kept.get(input.bytes) ?? given.get(input.bytes) ?? take(input.bytes.length);
        if (!kept.has(input.bytes)) given.set(input.bytes, known);
        return known;
    };
    for (const { inputs, elements } of calls) {
        placed.push({ at: take(4 * CALL.words), inputs: inputs.map(addressOf), output: take(4 * elements) });
    }
    reach(memory, end);
    for (const [bytes, address] of given) new Uint8Array(memory.buffer).set(bytes, address);
    for (const [i, call] of calls.entries()) writeCall(memory, placed[i], call);
    return placed;
}

/** @param {WebAssembly.Memory} memory @param {Placed} placed @param {KernelCall} call */
function writeCall(memory, { at, inputs, output }, { sizes, options }) {
    const words = new Uint32Array(memory.buffer, at, CALL.words);
    words.set(inputs, CALL.inputs);
    words[CALL.output] = output;
    words.set([...sizes.values()], CALL.sizes);
    new Float32Array(memory.buffer, at, CALL.words).set(options, CALL.options);
}

/** Lets the memory have so many bytes. @param {WebAssembly.Memory} memory @param {number} bytes */
function reach(memory, bytes) {
    const more = bytes - memory.buffer.byteLength;
    if (more > 0 && grow(memory, Math.ceil(more / PAGE)) < 0) {
        throw new Failure('out_of_memory', `the tensors take ${bytes} bytes, for which there is no memory`);
    }
}

/** @param {WebAssembly.Memory} memory @param {number} pages @returns {number} negative: there are none */
function grow(memory, pages) {
    try {
        return memory.grow(pages);
    } catch {
        return -1;
    }
}
