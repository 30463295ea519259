/**
 * The engine `kernels`: our own kernels, which need no download. It has one model, of all kernels; a task names the one
 * that it wants. What a kernel takes is in kernel_rules.js. Here a task's tensors, sizes and options are held against
 * that; what computes is a backend, of which each platform has one (kernels_wasm.js, kernels_gpu.js,
 * kernels_gl.js).
 */
import { KERNELS } from '../shared/messages.js';
import { runtime } from './engine.js';
import { Failure } from './failure.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { floatsOfHalves, halvesOfFloats } from './halves.js';
import { bytesOf } from './tensors.js';

/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('../shared/messages.js').TensorEntry} TensorEntry */
/** A number, a flag, or one of some words. @typedef {{name: string, otherwise: number | boolean | string, words?: readonly string[]}} KernelOption */
/** @typedef {{inputs: ReadonlyArray<readonly [name: string, shape: string]>, output: readonly [name: string, shape: string],
 *   sizes: ReadonlyArray<readonly [name: string, of: string]>, halves: boolean, options: readonly KernelOption[]}} KernelRule
 *   `sizes`: those that no input has, of an option or a quotient; `halves`: whether its tensors may be FP16 */

/**
 * What a backend gets: all in the rules' order. `sizes` are the dimensions by their names, in the order in which shapes
 * name them first, then those that no input has; what "*" stands for is the first of them, as a product, by the name LEAD.
 * @typedef {{kernel: string, inputs: ReadonlyArray<{name: string, bytes: Uint8Array}>, halves: boolean, sizes: ReadonlyMap<string, number>,
 *   options: readonly number[], elements: number}} KernelCall `elements`: of the output, which is FP32 always; `halves`: the inputs are FP16
 */
/** @typedef {{bytes: Uint8Array, dispose?: () => void}} KernelOutput `dispose` is called when the bytes have been copied */
/**
 * @typedef {object} Backend
 * @property {number | null} threads that it computes with; null where they say nothing of its speed
 * @property {boolean} takesHalves whether it takes inputs of FP16 as they are
 * @property {boolean} isLoaded
 * @property {() => Promise<void>} load
 * @property {() => void} unload
 * @property {() => number} memory bytes that it holds
 * @property {(call: KernelCall) => Promise<KernelOutput>} run
 */

export const LEAD = 'lead';

/** The sizes that a kernel is called with, in their order. @param {KernelRule} rule @returns {string[]} */
export const sizeNames = ({ inputs, sizes }) =>
    [...new Set([...inputs.flatMap(([, shape]) => shape.replace('*', LEAD).split(',')), ...sizes.map(([name]) => name)])];
/** The options that it is called with: those that are no sizes. @param {KernelRule} rule */
export const numberOptions = ({ options, sizes }) => options.filter(({ name }) => sizes.every(([size]) => size !== name));

export class KernelsEngine {
    /** @param {Backend} backend */
    constructor(backend) {
        this.name = 'kernels';
        this.version = KERNELS.version;
        this.info = KERNELS.info;
        this.steps = false;
        this._backend = backend;
    }

    get loadedCount() {
        return this._backend.isLoaded ? 1 : 0;
    }

    configure() {}

    has() {
        return this._backend.isLoaded;
    }

    async start() {}

    async load() {
        await runtime(() => this._backend.load());
    }

    async unload() {
        this._backend.unload();
    }

    memory() {
        return this._backend.memory();
    }

    /** @param {RunMessage} task */
    async run(task) {
        const kernel = task.kernel ?? '', rule = KERNEL_RULES[kernel];
        if (!rule) throw new Failure('model_invalid', `this page has no kernel ${task.kernel}`);
        const datatype = rule.halves && task.tensors[0]?.datatype === 'FP16' ? 'FP16' : 'FP32', isHalf = datatype === 'FP16';
        const inputs = rule.inputs.map(([name, shape]) => inputOf(task, name, shape, datatype));
        const { sizes, leading } = sizesOf(inputs), [name, form] = rule.output, options = task.options ?? {};
        for (const [size, of] of rule.sizes) sizes.set(size, derived(of, sizes, rule, options));
        const shape = shapeOf(form, sizes, leading), halves = isHalf && this._backend.takesHalves;
        const began = performance.now();
        const { bytes, dispose } = await runtime(() => this._backend.run({
            kernel, inputs: isHalf && !halves ? inputs.map((one) => ({ ...one, bytes: floatsOfHalves(one.bytes) })) : inputs,
            halves, sizes, options: numberOptions(rule).map((option) => numberOf(option, options)), elements: product(shape),
        }));
        return {
            tensors: [{ name, datatype, shape, bytes: isHalf ? halvesOfFloats(bytes) : bytes }],
            precision: isHalf ? 'fp16' : 'fp32', threads: this._backend.threads, inferenceMs: performance.now() - began, dispose,
        };
    }
}

/** @param {RunMessage} task @param {string} name @param {string} form as the rules have shapes @param {'FP32' | 'FP16'} datatype */
function inputOf({ tensors, frame, section }, name, form, datatype) {
    const entry = tensors.find((one) => one.name === name);
    if (!entry) throw new Failure('input_missing', `the input ${name} is missing`, { field: 'inputs', expected: name });
    const bytes = product(entry.shape) * (datatype === 'FP16' ? 2 : 4);
    if (entry.datatype !== datatype || bytes !== entry.byte_length) {
        throw new Failure('input_datatype', `the input ${name} is ${entry.datatype} with ${entry.byte_length} bytes`,
            { field: name, expected: `${bytes} bytes of ${datatype}` });
    }
    return { name, form, shape: entry.shape, bytes: bytesOf(entry, frame, section) };
}

/** @typedef {ReturnType<typeof inputOf>} Input */

/** @param {readonly Input[]} inputs @returns {{sizes: Map<string, number>, leading: number[]}} `leading`: what "*" stands for */
function sizesOf(inputs) {
    /** @type {Map<string, number>} */
    const sizes = new Map();
    /** @type {number[] | null} */
    let leading = null;
    for (const { name, form, shape } of inputs) {
        const words = form.split(','), leads = words[0] === '*';
        const last = leads ? words.slice(1) : words, at = shape.length - last.length;
        const fits = at >= 0 && (leads || at === 0)
            && last.every((word, i) => (sizes.get(word) ?? shape[at + i]) === shape[at + i])
            && (!leads || leading === null || String(leading) === String(shape.slice(0, at)));
        if (!fits) {
            throw new Failure('input_shape', `the input ${name} has shape [${shape}], which does not fit the others`,
                { field: name, expected: `[${form}]` });
        }
        if (leads) {
            leading = shape.slice(0, at);
            sizes.set(LEAD, product(leading));
        }
        for (const [i, word] of last.entries()) sizes.set(word, shape[at + i]);
    }
    return { sizes, leading: leading ?? [] };
}

/** @param {string} form @param {Map<string, number>} sizes @param {number[]} leading @returns {number[]} */
const shapeOf = (form, sizes, leading) => form.split(',').flatMap((word) => (word === '*' ? leading : [sizes.get(word) ?? 0]));

/** An option as a kernel gets it. @param {KernelOption} option @param {Record<string, any>} given */
function numberOf({ name, otherwise, words }, given) {
    const value = given[name] ?? otherwise;
    return words ? Math.max(0, words.indexOf(value)) : Number(value);
}

/** A size that no input has: "A", or "A/B" rounded down, of sizes and options.
 * @param {string} of @param {ReadonlyMap<string, number>} sizes @param {KernelRule} rule @param {Record<string, any>} given */
function derived(of, sizes, { options }, given) {
    const [all, by = 1] = of.split('/').map((name) => {
        const option = options.find((one) => one.name === name);
        return option ? numberOf(option, given) : sizes.get(name) ?? 0;
    });
    return Math.floor(all / by);
}

/** @param {readonly number[]} shape */
const product = (shape) => shape.reduce((all, size) => all * size, 1);
