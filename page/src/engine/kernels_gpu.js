/**
 * Kernels on WebGPU, from the WGSL in shaders/, on a device of its own. Each kernel has the bindings that its rule says:
 * the inputs, the output, one uniform struct, `scratch` where stages have something for each other.
 */
import { aligned } from '../shared/aligned.js';
import { Failure } from './failure.js';
import { describe, isHardware } from './gpu.js';
import { GpuBuffers, MAP_READ, inWords } from './gpu_buffers.js';
import { bindGroup, compilePipelines } from './gpu_pipelines.js';
import { GpuTimer, isFine, Marks, TIMESTAMPS } from './gpu_timer.js';
import { KernelChoices } from './kernel_choices.js';
import { numberOptions, sizeNames, useOf } from './kernel_call.js';
import { dispatchesOf, entriesOf, sumOf } from './kernel_plan.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { tune } from './kernel_tuning.js';
import { choiceOf, declaredOf, sizesAt, SUBGROUPS, WORKGROUP_LIMITS } from './kernel_variants.js';

/** @import { KernelCall, KernelOutput, KernelRule, Took } from './kernels.js' */
/** @import { Dispatch } from './kernel_plan.js' */
/** @import { Candidate, Variants } from './kernel_variants.js' */
/** A buffer of exactly so many bytes. @typedef {{buffer: any, size: number}} Binding */
/** Its WGSL, without the declarations from the rule; `subgroups`: for variants with these. @typedef {{wgsl: string, subgroups?: string, plan: Variants}} Shader */
/** @typedef {import('./gpu_pipelines.js').Compiled & {candidate: Candidate}} Compiled */
/** A call with what is bound to it. @typedef {{call: KernelCall, inputs: Binding[], output: Binding, scratch: Binding[]}} Bound */
/** Bytes that come with this run alone, where they are to lie. @typedef {Map<Uint8Array, Binding>} Given */
/** @typedef {{call: KernelCall, group: any, compiled: Compiled}} Step a call that is ready for its dispatches */
/** `isOver` is asked between two submissions, with the GPU's time so far: whether it is to throw ENDED; `took` receives what each call took.
 * @typedef {{isOver?: (gpuMs: number | null) => boolean, took?: Took}} Between */

/** One struct of a dispatch after the other, as uniforms may be bound. */
const STRUCT_BYTES = 256;
/** So many dispatches at most are submitted at a time. */
const BATCH = 64;
/** The target time of the work submitted at once: after ending a run, the GPU is free again after that time. */
const SLICE_MS = 50;
/** In rounds of a workgroup; at first, on what is no software, and within limits. */
const WORK = Object.freeze({ first: 2 ** 18, hardware: 2 ** 22, least: 2 ** 12, most: 2 ** 34 });
/** So many workgroups a large GPU runs at once. */
const AT_ONCE = 1024;
const HALVES = 'shader-f16';
/** Thrown by what was ended. */
const ENDED = Symbol('ended');
/** The result of a candidate that does not compile. */
const NOTHING = Object.freeze({ ms: 0, output: new Float32Array(0) });
const LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', ...WORKGROUP_LIMITS];
const SCOPES = ['validation', 'out-of-memory', 'internal'];

/** @implements {Backend} @typedef {import('./kernels.js').Backend} Backend */
export class GpuKernels {
    /** @param {Readonly<Record<string, Shader>>} shaders */
    constructor(shaders) {
        /** @type {number | null} */
        this.threads = null;
        this.takesHalves = true;
        /** Which adapter is preferred. @type {import('../shared/webgl.js').Power} */
        this.power = 'high-performance';
        this._shaders = shaders;
        this._choices = new KernelChoices(shaders);
        /** @type {any} */
        this._device = null;
        /** @type {GpuBuffers | null} */
        this._buffers = null;
        /** @type {Map<string, Promise<Compiled>>} */
        this._compiled = new Map();
        /** Kept bytes, and their buffers. @type {Map<Uint8Array, Binding>} */
        this._kept = new Map();
        this._work = WORK.first;
        this._atOnce = 1;
    }

    get isLoaded() {
        return this._device !== null;
    }

    async load() {
        const adapter = await /** @type {any} */ (navigator).gpu.requestAdapter({ powerPreference: this.power });
        if (!adapter) throw new Failure('platform_unsupported', 'requestAdapter() gave no adapter');
        this._device = await adapter.requestDevice({
            requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
            requiredFeatures: [TIMESTAMPS, HALVES, SUBGROUPS].filter((feature) => adapter.features.has(feature)),
        });
        this._buffers = new GpuBuffers(this._device);
        this._choices.has = this._device;
        this._choices.isHardware = isHardware(describe(adapter));
        if (this._choices.isHardware) [this._atOnce, this._work] = [AT_ONCE, WORK.hardware];
    }

    unload() {
        this._device?.destroy();
        this._device = this._buffers = null;
        this._compiled.clear();
        this._kept.clear();
    }

    /** @param {readonly string[]} kernels @param {readonly Uint8Array<ArrayBuffer>[]} kept */
    async prepare(kernels, kept) {
        await watched(this._device, async () => {
            for (const bytes of kept) this._keep(bytes);
            const uses = kernels.map(useOf).filter(({ halves }) => !halves || this._device.features.has(HALVES));
            await Promise.all(uses.flatMap(({ kernel, halves }) =>
                this._choices.usedOf(kernel, halves).map((candidate) => this._compile(kernel, candidate, halves))));
        });
    }

    /** @param {readonly Uint8Array[]} kept */
    forget(kept) {
        for (const bytes of kept) {
            const binding = this._kept.get(bytes);
            if (binding) this._give([binding]);
            this._kept.delete(bytes);
        }
    }

    memory() {
        return this._buffers?.bytes ?? 0;
    }

    get buffers() {
        return this._buffers?.count ?? 0;
    }

    /** @param {readonly KernelCall[]} calls @param {boolean} isTimed @param {Took} [took] @returns {Promise<KernelOutput>} */
    async run(calls, isTimed, took) {
        if (calls[calls.length - 1].elements === 0) return { bytes: new Uint8Array(0) };
        return watched(this._device, async () => {
            const compiled = await Promise.all(calls.map((call) => this._compile(call.kernel, this._choices.of(call), call.halves)));
            return this._compute(calls, compiled, isTimed, { took });
        });
    }

    /** @param {readonly any[]} choices */
    choose(choices) {
        this._choices.choose(choices);
    }

    /** @param {string} kernel @param {string} sizeClass @param {import('./kernels.js').Waiting} waiting @returns {Promise<import('./kernels.js').Tuning | null>} */
    async tune(kernel, sizeClass, { now, isOver, tries }) {
        const { call, candidates } = this._choices.trial(kernel, sizeClass);
        if (!call) return { choice: choiceOf(candidates[0]), ms: null, defaultMs: null, wrong: [] };
        /** @type {boolean | undefined} whether times are the GPU's own: said by the first run */
        let isOwn;
        const once = async (/** @type {number} */ index, /** @type {number} */ limitMs) => {
            tries(choiceOf(candidates[index]));
            const compiled = await this._compile(kernel, candidates[index], false), began = now();
            const msOf = (/** @type {number | null} */ gpuMs) => (isOwn && gpuMs !== null ? gpuMs : now() - began);
            const made = await this._computeUntil(call, compiled, (gpuMs) => isOver() || msOf(gpuMs) > limitMs);
            if (!made) return null;
            isOwn ??= isFine(made.gpuMs);
            return { ms: msOf(made.gpuMs), output: made.output };
        };
        const tuned = await tune({ count: candidates.length, now, isOver,
            once: (index, limitMs) => (isOver() ? Promise.resolve(null) : watched(this._device, () => once(index, limitMs))
                .catch((thrown) => (index > 0 ? NOTHING : Promise.reject(thrown)))) });
        return tuned && { choice: choiceOf(candidates[tuned.index]), ms: tuned.ms, defaultMs: tuned.defaultMs,
            wrong: tuned.wrong.map((index) => choiceOf(candidates[index])) };
    }

    /** Computes it, unless it is ended between two submissions. @param {KernelCall} call @param {Compiled} compiled
     * @param {(gpuMs: number | null) => boolean} isOver @returns {Promise<{gpuMs: number | null, output: Float32Array} | null>} */
    async _computeUntil(call, compiled, isOver) {
        const made = await this._compute([call], [compiled], true, { isOver }).catch((thrown) => {
            if (thrown === ENDED) return null;
            throw thrown;
        });
        if (!made) return null;
        const output = new Float32Array(made.bytes.slice().buffer);
        made.dispose?.();
        return { gpuMs: made.gpuMs ?? null, output };
    }

    /** @param {string} kernel @param {Candidate} candidate @param {boolean} halves @returns {Promise<Compiled>} */
    _compile(kernel, candidate, halves) {
        if (halves && !this._device.features.has(HALVES)) {
            throw new Failure('platform_unsupported', `the adapter does not compute in 16-bit floats: it has no ${HALVES}`,
                { field: 'inputs', expected: 'inputs of FP32' });
        }
        const name = `${kernel} ${candidate.variant} ${candidate.workgroup}${halves ? ' of halves' : ''}`, known = this._compiled.get(name);
        if (known) return known;
        const compiled = compile(this._device, KERNEL_RULES[kernel], this._shaders[kernel], candidate, halves);
        this._compiled.set(name, compiled);
        compiled.catch(() => this._compiled.delete(name)); // the next one may have the memory
        return compiled;
    }

    /** @param {readonly KernelCall[]} calls @param {readonly Compiled[]} compiled @param {boolean} isTimed
     * @param {Between} [between] @returns {Promise<KernelOutput>} */
    async _compute(calls, compiled, isTimed, { isOver = () => false, took } = {}) {
        for (const call of calls) this._checkBytes(call);
        const structs = { ...this._take('call', BATCH * STRUCT_BYTES), size: STRUCT_BYTES };
        const given = this._given(calls), bound = this._bind(calls, given);
        const { output } = bound[bound.length - 1], answer = this._take('answer', output.size);
        const taken = [structs, ...given.values(), ...bound.flatMap((one) => [one.output, ...one.scratch])];
        const timer = isTimed ? GpuTimer.of(this._device) : null;
        let isMade = false;
        try {
            const steps = bound.map((one, i) => this._stepOf(one, compiled[i], structs)), marks = took && timer ? new Marks(steps, timer) : null;
            await this._submit(steps, this._fill(given, bound), structs.buffer, [output, answer], timer, { isOver, marks });
            await Promise.all([answer.buffer.mapAsync(MAP_READ, 0, output.size), timer?.read()]);
            if (marks) took?.push(...marks.end());
            isMade = true;
        } finally {
            this._give(isMade ? taken : [...taken, answer]);
            timer?.destroy();
        }
        const dispose = () => {
            answer.buffer.unmap();
            this._give([answer]);
        };
        return { bytes: new Uint8Array(answer.buffer.getMappedRange(0, output.size)), gpuMs: timer?.ms ?? null, dispose };
    }

    /** @param {KernelCall} call */
    _checkBytes({ inputs, elements }) {
        const bytes = [...inputs.map((input) => ('bytes' in input ? input.bytes.length : 0)), 4 * elements];
        const { maxBufferSize, maxStorageBufferBindingSize } = this._device.limits;
        const most = Math.min(maxBufferSize, maxStorageBufferBindingSize), too = bytes.find((one) => one > most);
        if (too) {
            throw new Failure('platform_unsupported', `a tensor has ${too} bytes, more than the adapter binds`,
                { field: 'inputs', expected: `at most ${most} bytes` });
        }
    }

    /** @param {readonly KernelCall[]} calls @returns {Given} */
    _given(calls) {
        /** @type {Given} */
        const given = new Map();
        for (const input of calls.flatMap(({ inputs }) => inputs)) {
            if ('from' in input || input.isKept || given.has(input.bytes)) continue;
            given.set(input.bytes, this._take('tensor', input.bytes.length));
        }
        return given;
    }

    /** Takes what each is to be bound to. @param {readonly KernelCall[]} calls @param {Given} given @returns {Bound[]} */
    _bind(calls, given) {
        /** @type {Bound[]} */
        const bound = [];
        for (const call of calls) {
            const { scratch } = this._shaders[call.kernel].plan;
            const inputs = call.inputs.map((input) => ('from' in input ? bound[input.from].output
                : given.get(input.bytes) ?? this._keep(input.bytes)));
            bound.push({
                call, inputs, output: this._take('tensor', 4 * call.elements),
                scratch: scratch ? [this._take('tensor', 4 * sumOf(scratch, call.sizes))] : [],
            });
        }
        return bound;
    }

    /** @param {Uint8Array} bytes @returns {Binding} */
    _keep(bytes) {
        const known = this._kept.get(bytes);
        if (known) return known;
        const binding = this._take('tensor', bytes.length);
        this._device.queue.writeBuffer(binding.buffer, 0, bytes);
        this._kept.set(bytes, binding);
        return binding;
    }

    /** @param {Bound} bound @param {Compiled} compiled @param {Binding} structs @returns {Step} */
    _stepOf({ call, inputs, output, scratch }, compiled, structs) {
        return { call, compiled, group: bindGroup(this._device, compiled.layout, [...inputs, output, structs, ...scratch]) };
    }

    /** A binding of exactly its bytes, in whole words; one of none has a number that nothing reads.
     * @param {import('./gpu_buffers.js').Use} use @param {number} bytes @returns {Binding} */
    _take(use, bytes) {
        const size = Math.max(4, aligned(bytes, 4));
        return { buffer: /** @type {GpuBuffers} */ (this._buffers).take(use, size), size };
    }

    /** @param {readonly Binding[]} bindings */
    _give(bindings) {
        for (const { buffer } of bindings) this._buffers?.give(buffer);
    }

    /** Writes what comes with the run; what else is bound is 0, by the commands that the first dispatches follow. @param {Given} given @param {readonly Bound[]} bound */
    _fill(given, bound) {
        const commands = this._device.createCommandEncoder();
        for (const { buffer, size } of bound.flatMap(({ output, scratch }) => [output, ...scratch])) commands.clearBuffer(buffer, 0, size);
        for (const [bytes, { buffer, size }] of given) {
            if (bytes.length > 0) this._device.queue.writeBuffer(buffer, 0, inWords(bytes));
            else commands.clearBuffer(buffer, 0, size);
        }
        return commands;
    }

    /** Submits all dispatches, as much at a time as takes SLICE_MS, and the copy of the output with the last of them.
     * @param {readonly Step[]} steps @param {any} first commands before all of them @param {any} structs
     * @param {[output: Binding, answer: Binding]} copied @param {GpuTimer | null} timer
     * @param {{isOver: (gpuMs: number | null) => boolean, marks: Marks<Step> | null}} between `marks`: no two steps are in one submission */
    async _submit(steps, first, structs, [output, answer], timer, { isOver, marks }) {
        const dispatches = this._dispatchesOf(steps);
        let next = dispatches.next(), commands = first;
        while (!next.done) {
            /** @type {Array<[Step, Dispatch]>} */
            const some = [];
            for (let work = 0; !next.done && some.length < BATCH && work < this._work && !marks?.isApart(some, next.value); next = dispatches.next()) {
                some.push(next.value);
                work += next.value[1].work;
            }
            this._encode(commands, some, structs, timer);
            if (next.done) commands.copyBufferToBuffer(output.buffer, 0, answer.buffer, 0, output.size);
            const began = performance.now();
            this._device.queue.submit([commands.finish()]);
            if (next.done) return;
            await this._device.queue.onSubmittedWorkDone();
            if (!marks) this._pace(performance.now() - began);
            await timer?.read();
            marks?.note(some[0][0]);
            if (isOver(timer?.ms ?? null)) throw ENDED;
            commands = this._device.createCommandEncoder();
        }
    }

    /** @param {readonly Step[]} steps @returns {Generator<[Step, Dispatch], void, void>} */
    * _dispatchesOf(steps) {
        for (const step of steps) {
            const { candidate } = step.compiled, sizes = sizesAt(step.call.sizes, candidate);
            for (const dispatch of dispatchesOf(candidate.plan, sizes, () => this._work, this._atOnce)) yield [step, dispatch];
        }
    }

    /** @param {any} commands @param {ReadonlyArray<[Step, Dispatch]>} some @param {any} structs @param {GpuTimer | null} timer */
    _encode(commands, some, structs, timer) {
        const written = new ArrayBuffer(some.length * STRUCT_BYTES);
        const pass = commands.beginComputePass(timer?.pass);
        for (const [i, [{ call, group, compiled: { pipelines } }, dispatch]] of some.entries()) {
            writeStruct(written, i * STRUCT_BYTES, call, dispatch);
            pass.setPipeline(pipelines[dispatch.entry]);
            pass.setBindGroup(0, group, [i * STRUCT_BYTES]);
            pass.dispatchWorkgroups(dispatch.groups);
        }
        pass.end();
        timer?.resolve(commands);
        this._device.queue.writeBuffer(structs, 0, written);
    }

    /** @param {number} ms that a slice took */
    _pace(ms) {
        if (ms < SLICE_MS / 2) this._work = Math.min(WORK.most, this._work * 2);
        else if (ms > SLICE_MS * 2) this._work = Math.max(WORK.least, this._work / 2);
    }
}

/** Sizes, options, then what is of the dispatch alone: as `declared` says it.
 * @param {ArrayBuffer} structs @param {number} at @param {KernelCall} call @param {Dispatch} dispatch */
function writeStruct(structs, at, { sizes, options }, { first, begin, end }) {
    const whole = [...sizes.values()];
    new Uint32Array(structs, at).set(whole);
    new Float32Array(structs, at).set(options, whole.length);
    new Uint32Array(structs, at).set([first, begin, end], whole.length + options.length);
}

/** The declarations of a rule and a candidate in WGSL: each tensor as numbers, and by another name as vectors of four. An entry uses one of the two.
 * @param {KernelRule} rule @param {Candidate} candidate @param {boolean} halves */
function declared(rule, candidate, halves) {
    const { inputs, output } = rule, number = halves ? 'f16' : 'f32';
    const members = [...sizeNames(rule).map((name) => `${name}: u32`), ...numberOptions(rule).map(({ name }) => `${name}: f32`),
        'first: u32', 'begin: u32', 'end: u32'];
    const tensors = [...inputs.map(([name]) => ({ access: 'read', name, number })), { access: 'read_write', name: output[0], number: 'f32' }];
    const bindings = [...tensors.map((one) => `<storage, ${one.access}> ${one.name}: array<${one.number}>`), '<uniform> call: Call',
        ...candidate.plan.scratch ? ['<storage, read_write> scratch: array<f32>'] : []];
    const fours = tensors.map((one) => `<storage, ${one.access}> ${one.name}_fours: array<vec4<${one.number}>>`);
    return `${halves ? 'enable f16;\n' : ''}${candidate.subgroups ? 'enable subgroups;\n' : ''}${declaredOf(candidate)}struct Call { ${members.join(', ')} }\n${[...bindings.entries(), ...fours.entries()]
        .map(([i, text]) => `@group(0) @binding(${i}) var${text};\n`).join('')}`;
}

/** @param {any} device @param {KernelRule} rule @param {Shader} shader @param {Candidate} candidate @param {boolean} halves
 * @returns {Promise<Compiled>} */
async function compile(device, rule, { wgsl, subgroups }, candidate, halves) {
    const { plan } = candidate, code = declared(rule, candidate, halves) + (candidate.subgroups ? subgroups : wgsl);
    const buffers = [...rule.inputs.map(() => ({ type: 'read-only-storage' })), { type: 'storage' },
        { type: 'uniform', hasDynamicOffset: true }, ...plan.scratch ? [{ type: 'storage' }] : []];
    return { ...await compilePipelines(device, device.createShaderModule({ code }), buffers, entriesOf(plan)), candidate };
}

/** Does the work, and throws what the device says of it. @template T @param {any} device @param {() => Promise<T>} work
 * @returns {Promise<T>} */
export async function watched(device, work) {
    for (const scope of SCOPES) device.pushErrorScope(scope);
    const made = await work().then((value) => ({ value }), (thrown) => ({ thrown }));
    const errors = await Promise.all(SCOPES.map(() => device.popErrorScope().catch(() => null)));
    const [, memory] = errors, error = memory ?? errors.find(Boolean); // the last one pushed comes first
    if (error) throw new Error(`${memory ? 'out of memory: ' : ''}${error.message}`);
    if ('thrown' in made) throw made.thrown;
    return made.value;
}
