/**
 * The engine `kernels`: our own kernels, which need no download, and the built-in models over them (kernel_model.js). A
 * task that names a kernel is for builtin/kernels, which stands for all of them. What a kernel takes is in
 * kernel_rules.js, what is held against that in kernel_call.js; what computes is a backend, of which each platform has
 * one (kernels_wasm.js, kernels_gpu.js). A client's own kernel is run by programs.js.
 */
import { KERNELS } from '../shared/messages.js';
import { runtime } from './engine.js';
import { Failure } from './failure.js';
import { callOf, product } from './kernel_call.js';
import { KernelModel, modelOf } from './kernel_model.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { bytesOf } from './tensors.js';

/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('../shared/messages.js').TensorEntry} TensorEntry */
/** @typedef {import('./run.js').Run} Run */
/** @typedef {typeof import('./programs.js').runProgram} RunProgram */
/** A number, a flag, or one of some words; or one that `is` among the sizes: a whole number, or 64 bits in hexadecimal.
 * @typedef {{name: string, otherwise?: number | boolean | string, words?: readonly string[], is?: 'size' | 'bits'}} KernelOption */
/** @typedef {{inputs: ReadonlyArray<readonly [name: string, shape: string]>, output: readonly [name: string, shape: string],
 *   options: readonly KernelOption[]}} KernelRule */

/**
 * Bytes, or what an earlier call of the run, by its index, has put out, which stays where it is computed. With `isKept`
 * the same bytes come again with later runs, until they are forgotten.
 * @typedef {{bytes: Uint8Array<ArrayBuffer>, isKept?: boolean} | {from: number}} KernelInput
 */
/**
 * What a backend gets: all in the rules' order. `sizes` are the dimensions by their names, in the order in which shapes
 * name them first; what "*" stands for is the first of them, as a product, by the name LEAD. Options that are sizes
 * follow, 64 bits as two halves.
 * @typedef {{kernel: string, inputs: readonly KernelInput[], sizes: ReadonlyMap<string, number>, options: readonly number[],
 *   elements: number}} KernelCall `elements`: of the output
 */
/** @typedef {{bytes: Uint8Array, gpuMs?: number | null, dispose?: () => void}} KernelOutput `dispose` is called when the bytes have been copied */
/**
 * @typedef {object} Backend
 * @property {number | null} threads that it computes with; null where they say nothing of its speed
 * @property {boolean} isLoaded
 * @property {() => Promise<void>} load
 * @property {() => void} unload
 * @property {() => number} memory bytes that it holds
 * @property {(calls: readonly KernelCall[], isTimed: boolean) => Promise<KernelOutput>} run one after the other; the output
 *   is that of the last. `isTimed`: by the GPU's clock as well, if it has one
 * @property {(kernels: readonly string[], kept: readonly Uint8Array<ArrayBuffer>[]) => Promise<void>} prepare these come
 *   with many runs: what can be done before is done
 * @property {(kept: readonly Uint8Array[]) => void} forget they do not come again
 */

export class KernelsEngine {
    /** @param {Backend} backend @param {RunProgram | null} [runProgram] null: clients' own have no platform here */
    constructor(backend, runProgram = null) {
        this.name = 'kernels';
        this.version = KERNELS.version;
        this.info = KERNELS.info;
        this.steps = false;
        this._backend = backend;
        this._runProgram = runProgram;
        /** By key; null for builtin/kernels. @type {Map<string, KernelModel | null>} */
        this._models = new Map();
    }

    get loadedCount() {
        return this._models.size;
    }

    configure() {}

    /** @param {string} key */
    has(key) {
        return this._models.has(key);
    }

    async start() {}

    /** @param {RunMessage} task */
    async load({ key, model, kernels = [] }) {
        const made = modelOf(model.name);
        if (!this._backend.isLoaded) await runtime(() => this._backend.load());
        if (made) await runtime(() => this._backend.prepare(made.kernels, made.kept));
        // What is wrong with one of them its first task is told.
        else if (kernels.length > 0) await this._backend.prepare(kernels.filter((name) => KERNEL_RULES[name]), []).catch(() => {});
        this._models.set(key, made);
    }

    /** @param {string} key */
    async unload(key) {
        const model = this._models.get(key);
        if (!this._models.delete(key)) return;
        if (this._models.size === 0) this._backend.unload();
        else if (model) this._backend.forget(model.kept);
    }

    memory() {
        return this._backend.memory();
    }

    /** @param {RunMessage} task @param {Run} run */
    async run(task, run) {
        if (task.program) return this._compute(task, task.program, run);
        const { calls, output } = this._callsOf(task), isTimed = task.benchmark !== undefined;
        const began = performance.now();
        const { bytes, gpuMs, dispose } = await run.take(() => runtime(() => this._backend.run(calls, isTimed)));
        return {
            tensors: [{ ...output, datatype: 'FP32', bytes }],
            precision: 'fp32', threads: this._backend.threads, inferenceMs: performance.now() - began, gpuMs, dispose,
        };
    }

    /** @param {RunMessage} task @returns {{calls: KernelCall[], output: {name: string, shape: number[]}}} */
    _callsOf(task) {
        const model = this._models.get(task.key);
        if (model) return model.callsOf(inputOf(task, model.inputName));
        const kernel = task.kernel ?? '', rule = KERNEL_RULES[kernel];
        if (!rule) throw new Failure('model_invalid', `this page has no kernel ${task.kernel}`);
        const { call, output } = callOf(kernel, rule.inputs.map(([name]) => inputOf(task, name)), task.options ?? {});
        return { calls: [call], output };
    }

    /** A client's own. @param {RunMessage} task @param {import('../shared/messages.js').Program} program @param {Run} run */
    async _compute({ tensors, frame, section }, program, run) {
        const runProgram = this._runProgram;
        if (!runProgram) throw new Failure('platform_unsupported', 'a client\'s own kernel runs on webgpu alone');
        const inputs = tensors.map((entry) => ({ ...entry, bytes: bytesOf(entry, frame, section) }));
        const began = performance.now();
        const { outputs, dispose } = await run.take(() => runtime(() => runProgram(program, inputs, () => run.marks('computing'))));
        run.marks('computed');
        return { tensors: outputs, precision: null, threads: null, inferenceMs: performance.now() - began, dispose };
    }
}

/** @param {RunMessage} task @param {string} name */
function inputOf({ tensors, frame, section }, name) {
    const entry = tensors.find((one) => one.name === name);
    if (!entry) throw new Failure('input_missing', `the input ${name} is missing`, { field: 'inputs', expected: name });
    const count = product(entry.shape);
    if (entry.datatype !== 'FP32' || count * 4 !== entry.byte_length) {
        throw new Failure('input_datatype', `the input ${name} is ${entry.datatype} with ${entry.byte_length} bytes`,
            { field: name, expected: `${count * 4} bytes of FP32` });
    }
    return { shape: entry.shape, bytes: bytesOf(entry, frame, section) };
}
