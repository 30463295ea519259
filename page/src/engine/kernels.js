/**
 * The engine `kernels` on WASM: our own kernels, compiled of the C in shaders/. It has one model, of all kernels; a
 * task names the one that it wants. What a kernel takes is in kernel_rules.js, and how it is called in shaders/kernel.h.
 */
import { KERNELS } from '../shared/messages.js';
import { runtime } from './engine.js';
import { Failure } from './failure.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { bytesOf } from './tensors.js';

/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('../shared/messages.js').TensorEntry} TensorEntry */
/** A number, a flag, or one of some words. @typedef {{name: string, otherwise: number | boolean | string, words?: readonly string[]}} KernelOption */
/** @typedef {{inputs: ReadonlyArray<readonly [name: string, shape: string]>, output: readonly [name: string, shape: string],
 *   options: readonly KernelOption[]}} KernelRule */
/** The sizes of a run's dimensions: of each name, and of what "*" stands for. @typedef {{named: Map<string, number>, leading: number[] | null}} Sizes */

/** struct kernel_call of shaders/kernel.h, in words of four bytes. */
const CALL = Object.freeze({ inputs: 0, output: 4, sizes: 5, options: 13, words: 21 });
/** Where tensors begin: what a vector of 16 bytes wants. */
const ALIGNED = 16;
const PAGE = 65536;
/** A memory that is larger is given back after the run. */
const KEPT_BYTES = 64 << 20;

export class KernelsEngine {
    /** @param {() => Promise<ArrayBuffer>} fetchBinary the module's bytes */
    constructor(fetchBinary) {
        this.name = 'kernels';
        this.version = KERNELS.version;
        this.info = KERNELS.info;
        this.steps = false;
        this._fetchBinary = fetchBinary;
        /** @type {WebAssembly.Module | null} */
        this._module = null;
        /** Its memory only grows, so that it is made anew after a large run. @type {WebAssembly.Instance | null} */
        this._instance = null;
    }

    get loadedCount() {
        return this._module ? 1 : 0;
    }

    configure() {}

    has() {
        return this._module !== null;
    }

    async start() {}

    async load() {
        this._module = await runtime(async () => WebAssembly.compile(await this._fetchBinary()));
    }

    async unload() {
        this._module = this._instance = null;
    }

    memory() {
        return this._instance ? memoryOf(this._instance).buffer.byteLength : 0;
    }

    /** @param {RunMessage} task */
    async run(task) {
        const rule = KERNEL_RULES[task.kernel ?? ''];
        if (!rule) throw new Failure('model_invalid', `this page has no kernel ${task.kernel}`);
        const inputs = rule.inputs.map(([name, shape]) => inputOf(task, name, shape));
        const sizes = sizesOf(inputs);
        const shape = shapeOf(rule.output[1], sizes);
        const instance = this._instance ??= await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (this._module));
        const { call, output, bytes } = place(instance, inputs, sizes, shape, numbersOf(rule, task.options ?? {}));
        const began = performance.now();
        await runtime(async () => /** @type {Function} */ (instance.exports[task.kernel ?? ''])(call));
        const inferenceMs = performance.now() - began;
        if (this.memory() > KEPT_BYTES) this._instance = null;
        return {
            tensors: [{ name: rule.output[0], datatype: 'FP32', shape, bytes: new Uint8Array(memoryOf(instance).buffer, output, bytes) }],
            precision: 'fp32', threads: 1, inferenceMs,
        };
    }
}

/** @param {WebAssembly.Instance} instance */
const memoryOf = ({ exports }) => /** @type {WebAssembly.Memory} */ (exports.memory);

/** @param {RunMessage} task @param {string} name @param {string} form as the rules have shapes */
function inputOf({ tensors, frame, section }, name, form) {
    const entry = tensors.find((one) => one.name === name);
    if (!entry) throw new Failure('input_missing', `the input ${name} is missing`, { field: 'inputs', expected: name });
    const count = entry.shape.reduce((product, size) => product * size, 1);
    if (entry.datatype !== 'FP32' || count * 4 !== entry.byte_length) {
        throw new Failure('input_datatype', `the input ${name} is ${entry.datatype} with ${entry.byte_length} bytes`,
            { field: name, expected: `${count * 4} bytes of FP32` });
    }
    return { name, form, shape: entry.shape, bytes: bytesOf(entry, frame, section) };
}

/** @typedef {ReturnType<typeof inputOf>} Input */

/** @param {readonly Input[]} inputs in the rules' order @returns {Sizes} in the order in which shapes name them first */
function sizesOf(inputs) {
    /** @type {Sizes} */
    const sizes = { named: new Map(), leading: null };
    for (const { name, form, shape } of inputs) {
        const words = form.split(','), leads = words[0] === '*';
        const last = leads ? words.slice(1) : words, at = shape.length - last.length;
        const fits = at >= 0 && (leads || at === 0)
            && last.every((word, i) => (sizes.named.get(word) ?? shape[at + i]) === shape[at + i])
            && (!leads || sizes.leading === null || String(sizes.leading) === String(shape.slice(0, at)));
        if (!fits) {
            throw new Failure('input_shape', `the input ${name} has shape [${shape}], which does not fit the others`,
                { field: name, expected: `[${form}]` });
        }
        if (leads) sizes.leading = shape.slice(0, at);
        for (const [i, word] of last.entries()) sizes.named.set(word, shape[at + i]);
    }
    return sizes;
}

/** @param {string} form @param {Sizes} sizes @returns {number[]} */
const shapeOf = (form, { named, leading }) =>
    form.split(',').flatMap((word) => (word === '*' ? leading ?? [] : [named.get(word) ?? 0]));

/** The options as a kernel gets them. @param {KernelRule} rule @param {Record<string, any>} given */
const numbersOf = ({ options }, given) => options.map(({ name, otherwise, words }) => {
    const value = given[name] ?? otherwise;
    return words ? Math.max(0, words.indexOf(value)) : Number(value);
});

/** Lays a call out in the module's memory, behind what is the module's own.
 * @param {WebAssembly.Instance} instance @param {readonly Input[]} inputs @param {Sizes} sizes
 * @param {readonly number[]} shape of the output @param {readonly number[]} options
 * @returns {{call: number, output: number, bytes: number}} where the call is, and the output */
function place(instance, inputs, { named, leading }, shape, options) {
    const memory = memoryOf(instance), bytes = 4 * product(shape);
    let end = up(/** @type {WebAssembly.Global} */ (instance.exports.__heap_base).value);
    const take = (/** @type {number} */ size) => {
        const at = end;
        end = up(end + size);
        return at;
    };
    const call = take(4 * CALL.words), output = take(bytes);
    const at = inputs.map((input) => take(input.bytes.length));
    const more = end - memory.buffer.byteLength;
    if (more > 0 && grow(memory, Math.ceil(more / PAGE)) < 0) {
        throw new Failure('out_of_memory', `the tensors take ${end} bytes, for which there is no memory`);
    }
    for (const [i, input] of inputs.entries()) new Uint8Array(memory.buffer).set(input.bytes, at[i]);
    const words = new Uint32Array(memory.buffer, call, CALL.words);
    words.set(at, CALL.inputs);
    words[CALL.output] = output;
    words.set([...leading ? [product(leading)] : [], ...named.values()], CALL.sizes);
    new Float32Array(memory.buffer, call, CALL.words).set(options, CALL.options);
    return { call, output, bytes };
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

/** @param {readonly number[]} shape */
const product = (shape) => shape.reduce((all, size) => all * size, 1);
