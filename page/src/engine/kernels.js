/**
 * The engine `kernels`: our own kernels, which need no download, and the built-in models over them (kernel_model.js). A
 * task that names a kernel is for builtin/kernels, which represents all of them. kernel_rules.js has the inputs of each
 * kernel, and kernel_call.js checks calls against it. Each platform has a backend that computes (kernels_wasm.js,
 * kernels_gpu.js, kernels_gl.js). programs.js runs a client's own kernel.
 */
import { KERNELS } from '../shared/messages.js';
import { runtime } from './engine.js';
import { Failure } from './failure.js';
import { callOf, product, useOf } from './kernel_call.js';
import { KernelModel, modelOf } from './kernel_model.js';
import { floatsOfHalves, halvesOfFloats } from '../shared/halves.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { profileOfCalls } from './profile.js';
import { bytesOf } from './tensors.js';

/** @import { RunMessage, TensorEntry } from '../shared/messages.js' */
/** @import { Run } from './run.js' */
/** @typedef {typeof import('./programs.js').runProgram} RunProgram */
/** A number, a flag, one of some words, or 64 bits in hexadecimal, which are two sizes.
 * @typedef {{name: string, otherwise?: number | boolean | string, words?: readonly string[], is?: 'bits'}} KernelOption */
/** @typedef {{inputs: ReadonlyArray<readonly [name: string, shape: string]>, output: readonly [name: string, shape: string],
 *   halves: boolean, options: readonly KernelOption[]}} KernelRule a dimension of the output that no input has is an option;
 *   `halves`: whether its tensors may be FP16 */

/**
 * Bytes, or the output of an earlier call of the run, by its index, which stays where it is computed. With `isKept`
 * later runs use the same bytes again, until they are forgotten.
 * @typedef {{bytes: Uint8Array<ArrayBuffer>, isKept?: boolean} | {from: number}} KernelInput
 */
/**
 * The arguments of a backend, all in the rules' order. `sizes` are the dimensions by name, in the order in which shapes
 * first name them, then those that no input has. The dimensions that "*" represents come first, as a product with the name
 * LEAD. Options of 64 bits follow, each as two halves.
 * @typedef {{kernel: string, inputs: readonly KernelInput[], halves: boolean, sizes: ReadonlyMap<string, number>,
 *   options: readonly number[], elements: number}} KernelCall `elements`: of the output, which is FP32 always; `halves`: the
 *   inputs are FP16
 */
/** @typedef {{bytes: Uint8Array, gpuMs?: number | null, dispose?: () => void}} KernelOutput `dispose` is called when the bytes have been copied */
/** Receives the ms of each call, in their order: by the GPU's clock on a platform that has one, and nothing where there is none that tells them apart.
 * @typedef {number[]} Took */
/** `isOver`: a task waits, and tuning must end between two dispatches; `tries` is told of each candidate before it runs.
 * @typedef {{now: () => number, isOver: () => boolean, tries: (choice: import('./kernel_variants.js').Choice) => void}} Waiting */
/** The fastest candidate that is right, and the medians of it and the default; null: there was nothing to be chosen from.
 * `wrong`: candidates that are not. @typedef {{choice: import('./kernel_variants.js').Choice, ms: number | null, defaultMs: number | null,
 *   wrong: import('./kernel_variants.js').Choice[]}} Tuning */
/** A kernel and a size class that are compiled differently from the default. @typedef {{kernel: string, size_class: string, choice: import('./kernel_variants.js').Choice}} Chosen */
/**
 * @typedef {object} Backend
 * @property {number | null} threads that it computes with; null where they say nothing of its speed
 * @property {boolean} takesHalves whether it takes inputs of FP16 as they are
 * @property {boolean} isLoaded
 * @property {() => Promise<void>} load
 * @property {() => void} unload
 * @property {() => number} memory bytes that it holds
 * @property {(calls: readonly KernelCall[], isTimed: boolean, took?: Took) => Promise<KernelOutput>} run one after the other; the output
 *   is that of the last. `isTimed`: by the GPU's clock as well, if it has one
 * @property {(kernels: readonly string[], kept: readonly Uint8Array<ArrayBuffer>[]) => Promise<void>} prepare does work
 *   in advance for kernels and bytes that many runs use; kernels' names as `useOf` reads them
 * @property {(kept: readonly Uint8Array[]) => void} forget they are not used again
 * @property {(choices: readonly Chosen[]) => void} [choose] selects variants, if there are any; unknown choices are ignored
 * @property {(kernel: string, sizeClass: string, waiting: Waiting) => Promise<Tuning | null>} [tune] measures the variants; null:
 *   it was ended
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

    /** @param {import('../shared/messages.js').EngineSettings} settings */
    configure({ tuning = [] }) {
        this._backend.choose?.(tuning);
    }

    /** Null: it was ended, or this platform does not tune. @param {string} kernel @param {string} sizeClass @param {Waiting} waiting
     * @returns {Promise<Tuning | null>} */
    async tune(kernel, sizeClass, waiting) {
        if (!this._backend.isLoaded || !this._backend.tune || !KERNEL_RULES[kernel]) return null;
        return this._backend.tune(kernel, sizeClass, waiting);
    }

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
        // If one of them is invalid, its first task gets the error.
        else if (kernels.length > 0) await this._backend.prepare(kernels.filter((name) => KERNEL_RULES[useOf(name).kernel]), []).catch(() => {});
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
        const { calls, output, isHalf } = this._callsOf(task), isTimed = Boolean(task.kernel ?? task.benchmark);
        /** @type {Took | undefined} */
        const took = task.benchmark?.profile ? [] : undefined;
        const began = performance.now();
        const { bytes, gpuMs, dispose } = await run.take(() => runtime(() => this._backend.run(calls, isTimed, took)));
        return {
            ...(took && { calls: calls.map((call, i) => callNode(call, i, took[i], typeof gpuMs === 'number')) }),
            tensors: [isHalf ? { ...output, datatype: 'FP16', bytes: halvesOfFloats(bytes) } : { ...output, datatype: 'FP32', bytes }],
            precision: isHalf ? 'fp16' : 'fp32', threads: this._backend.threads, inferenceMs: performance.now() - began, gpuMs, dispose,
        };
    }

    /** @type {NonNullable<import('./engine.js').Engine['profile']>} */
    async profile(_task, profiling) {
        return profileOfCalls(profiling);
    }

    /** @param {RunMessage} task @returns {{calls: KernelCall[], output: {name: string, shape: number[]}, isHalf: boolean}} */
    _callsOf(task) {
        const model = this._models.get(task.key);
        if (model) return { ...model.callsOf(inputOf(task, model.inputName, 'FP32')), isHalf: false };
        const kernel = task.kernel ?? '', rule = KERNEL_RULES[kernel];
        if (!rule) throw new Failure('operator_unsupported', `this page has no kernel ${task.kernel}`);
        const isHalf = rule.halves && task.tensors[0]?.datatype === 'FP16', halves = isHalf && this._backend.takesHalves;
        const inputs = rule.inputs.map(([name]) => inputOf(task, name, isHalf ? 'FP16' : 'FP32'));
        const given = isHalf && !halves ? inputs.map((one) => ({ ...one, bytes: floatsOfHalves(one.bytes) })) : inputs;
        const { call, output } = callOf(kernel, given, task.options ?? {}, halves);
        return { calls: [call], output, isHalf };
    }

    /** A client's own. @param {RunMessage} task @param {import('../shared/messages.js').Program} program @param {Run} run */
    async _compute({ tensors, frame, section }, program, run) {
        const runProgram = this._runProgram;
        if (!runProgram) throw new Failure('platform_unsupported', 'a client\'s own kernel runs only on webgpu');
        const inputs = tensors.map((entry) => ({ ...entry, bytes: bytesOf(entry, frame, section) }));
        const began = performance.now();
        const { outputs, gpuMs, dispose } = await run.take(() => runtime(() => runProgram(program, inputs, () => run.marks('computing'))));
        run.marks('computed');
        return { tensors: outputs, precision: null, threads: null, inferenceMs: performance.now() - began, gpuMs, dispose };
    }
}

/** A call of a run, for a profile. @param {KernelCall} call @param {number} index @param {number | undefined} ms undefined: nothing tells it
 * @param {boolean} isOfGpu whether that is by the GPU's clock @returns {import('./profile.js').ProfileNode} */
const callNode = ({ kernel, sizes }, index, ms = 0, isOfGpu) => ({
    name: `${index} ${kernel}`, operator: kernel, calls: 1, ms, ...(isOfGpu && { cpu_ms: 0 }),
    shapes: [...sizes].map(([name, size]) => `${name}=${size}`).join(' '),
});

/** @param {RunMessage} task @param {string} name @param {'FP32' | 'FP16'} datatype */
function inputOf({ tensors, frame, section }, name, datatype) {
    const entry = tensors.find((one) => one.name === name);
    if (!entry) throw new Failure('input_missing', `the input ${name} is missing`, { field: 'inputs', expected: name });
    const bytes = product(entry.shape) * (datatype === 'FP16' ? 2 : 4);
    if (entry.datatype !== datatype || bytes !== entry.byte_length) {
        throw new Failure('input_datatype', `the input ${name} is ${entry.datatype} with ${entry.byte_length} bytes`,
            { field: name, expected: `${bytes} bytes of ${datatype}` });
    }
    return { shape: entry.shape, bytes: bytesOf(entry, frame, section) };
}
