/**
 * A client's own kernel: WGSL, run once, on a device of its own that goes with it. So it has nothing of what other runs
 * have left, and what it breaks is its own. The adapter's limits are checked here, before the browser gets it.
 */
import { Failure } from './failure.js';
import { letGo } from './gpu.js';
import { MAP_READ, USAGE } from './gpu_buffers.js';
import { bindGroup, compilePipelines } from './gpu_pipelines.js';
import { GpuTimer, TIMESTAMPS } from './gpu_timer.js';
import { watched } from './kernels_gpu.js';
import { Wgsl } from './wgsl.js';

/** @import { Program } from '../shared/messages.js' */
/** @import { Place } from './wgsl.js' */
/** @typedef {{name: string, datatype: string, bytes: Uint8Array}} Input */
/** @typedef {{name: string, datatype: string, shape: number[], bytes: Uint8Array}} Output */
/** The bound tensors, in the order of the bindings. @typedef {{name: string, datatype: string, field: string, bytes: number}} Bound */

const ERRORS_MAX = 20;
const FEATURES = ['shader-f16', 'subgroups', TIMESTAMPS];
const LIMITS = [
    'maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY', 'maxComputeWorkgroupSizeZ', 'maxComputeWorkgroupsPerDimension',
];
const BYTES = Object.freeze({ FP32: 4, INT32: 4, UINT32: 4, FP16: 2 });

/**
 * @param {Program} program @param {readonly Input[]} inputs in the order of their bindings
 * @param {() => void} begins called before compilation and the run, which may be impossible to stop
 * @returns {Promise<{outputs: Output[], gpuMs: number | null, dispose: () => void}>} `dispose` is called when the bytes have been copied
 */
export async function runProgram(program, inputs, begins) {
    const adapter = await /** @type {any} */ (navigator).gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Failure('platform_unsupported', 'requestAdapter() gave no adapter');
    const bound = [
        ...inputs.map(({ name, datatype, bytes }) => ({ name, datatype, field: 'inputs', bytes: bytes.length })),
        ...program.outputs.map(({ name, datatype, shape }) => ({ name, datatype, field: 'outputs', bytes: bytesOf(datatype, shape) })),
    ];
    checkAdapter(adapter, bound, program.workgroups);
    const device = await adapter.requestDevice({
        requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
        requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
    letGo(device);
    const dispose = () => device.destroy();
    try {
        begins();
        const lost = device.lost.then((/** @type {any} */ { reason, message }) => {
            throw new Failure('device_lost', `the device was lost (${reason}): ${message}`.slice(0, 500));
        });
        return { ...await Promise.race([compute(device, program, inputs, bound), lost]), dispose };
    } catch (thrown) {
        dispose();
        throw thrown;
    }
}

/** @param {any} device @param {Program} program @param {readonly Input[]} inputs @param {readonly Bound[]} bound */
async function compute(device, program, inputs, bound) {
    const { pipeline, layout, own, place } = await compile(device, program, inputs.length, bound);
    return watched(device, async () => {
        const tensors = bound.map(({ bytes }) => ({ buffer: device.createBuffer({ size: bytes, usage: USAGE.tensor }) }));
        await checkBindings(device, own, tensors, place);
        const answers = bound.slice(inputs.length).map(({ bytes }) => device.createBuffer({ size: bytes, usage: USAGE.answer }));
        for (const [i, { bytes }] of inputs.entries()) device.queue.writeBuffer(tensors[i].buffer, 0, bytes);
        const commands = device.createCommandEncoder(), timer = GpuTimer.of(device);
        const pass = commands.beginComputePass(timer?.pass);
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup(device, layout, tensors));
        pass.dispatchWorkgroups(...program.workgroups);
        pass.end();
        timer?.resolve(commands);
        for (const [i, answer] of answers.entries()) {
            commands.copyBufferToBuffer(tensors[inputs.length + i].buffer, 0, answer, 0, answer.size);
        }
        device.queue.submit([commands.finish()]);
        await Promise.all([...answers.map((answer) => answer.mapAsync(MAP_READ)), timer?.read()]);
        const outputs = program.outputs.map(({ name, datatype, shape }, i) =>
            ({ name, datatype, shape, bytes: new Uint8Array(answers[i].getMappedRange()) }));
        return { outputs, gpuMs: timer?.ms ?? null };
    });
}

// --- before it runs ------------------------------------------------------------------------------------

/** @param {any} adapter @param {readonly Bound[]} bound @param {readonly number[]} workgroups */
function checkAdapter({ limits, features }, bound, workgroups) {
    const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    for (const { name, datatype, field, bytes } of bound) {
        if (datatype === 'FP16' && !features.has('shader-f16')) {
            throw new Failure('platform_unsupported', `${name} is FP16, and this adapter has no shader-f16`,
                { field, expected: 'another datatype' });
        }
        if (bytes > most) {
            throw new Failure('platform_unsupported', `${name} has ${bytes} bytes, more than the adapter binds`,
                { field, expected: `at most ${most} bytes` });
        }
    }
    if (workgroups.some((count) => count > limits.maxComputeWorkgroupsPerDimension)) {
        throw new Failure('kernel_invalid', `[${workgroups}] are more workgroups than the adapter dispatches`,
            { field: 'workgroups', expected: `at most ${limits.maxComputeWorkgroupsPerDimension} in each dimension` });
    }
}

/** @typedef {{pipeline: any, layout: any, own: any, place: Place}} Compiled `own`: the same with the layout that its source says;
 *   `place`: where its entry is */
/** @param {any} device @param {Program} program @param {number} inputs how many there are @param {readonly Bound[]} bound
 * @returns {Promise<Compiled>} */
async function compile(device, { source, entry, constants = {} }, inputs, bound) {
    device.pushErrorScope('validation'); // its errors are in the compilation's messages, too
    const module = device.createShaderModule({ code: source });
    const refused = await device.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((/** @type {any} */ { type }) => type === 'error');
    if (errors.length > 0) throw notCompiled(errors);
    if (refused) throw invalid({ line: 1, column: 1 }, refused.message);
    const place = checkEntry(device, source, entry, constants);
    const buffers = bound.map((_, i) => ({ type: i < inputs ? 'read-only-storage' : 'storage' }));
    try {
        const { layout, pipelines: { [entry]: pipeline } } = await compilePipelines(device, module, buffers, [entry], constants);
        const own = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: entry, constants } });
        return { pipeline, layout, own, place };
    } catch (thrown) {
        throw invalid(place, thrown instanceof Error ? thrown.message : String(thrown));
    }
}

/** Its function is there, and its workgroups are not too large. @param {any} device @param {string} source @param {string} entry
 * @param {Readonly<Record<string, number>>} constants @returns {Place} where it is */
function checkEntry({ limits }, source, entry, constants) {
    const wgsl = new Wgsl(source), found = wgsl.entries.get(entry);
    if (!found) {
        const names = [...wgsl.entries.keys()].slice(0, 8).join(', ');
        throw invalid({ line: 1, column: 1 }, `there is no function ${entry} with @compute`,
            { field: 'entry', expected: names ? `one of ${names}` : 'the name of a function with @compute @workgroup_size' });
    }
    const place = wgsl.placeOf(found.at), size = wgsl.sizeOf(found, constants);
    if (!size) {
        throw invalid(place, `the size of a workgroup of ${entry} cannot be determined`,
            { expected: '@workgroup_size of numbers, overrides and constants, and of + - * / of these' });
    }
    const most = ['X', 'Y', 'Z'].map((axis) => limits[`maxComputeWorkgroupSize${axis}`]);
    const all = size.reduce((product, one) => product * one, 1);
    if (all > limits.maxComputeInvocationsPerWorkgroup || size.some((one, i) => one > most[i])) {
        throw invalid(place, `a workgroup of ${entry} has ${size.join('×')} invocations, more than the adapter runs`,
            { expected: `at most ${most.join('×')}, and ${limits.maxComputeInvocationsPerWorkgroup} in all` });
    }
    return place;
}

/** Each tensor has a binding that the entry uses, and no binding is without one.
 * @param {any} device @param {any} own the pipeline whose layout is the source's
 * @param {readonly {buffer: any}[]} tensors @param {Place} place */
async function checkBindings(device, own, tensors, place) {
    device.pushErrorScope('validation');
    bindGroup(device, own.getBindGroupLayout(0), tensors);
    const error = await device.popErrorScope();
    if (error) throw invalid(place, `the ${tensors.length} tensors are not the bindings that the entry uses: ${error.message}`);
}

/** @param {Place} place @param {string} message @param {{field?: string, expected?: string}} [more] */
function invalid(place, message, more = {}) {
    const text = firstLine(message);
    return new Failure('kernel_invalid', text, { field: 'source', ...more, errors: [{ ...place, message: text }] });
}

/** @param {readonly any[]} messages of a compilation */
function notCompiled(messages) {
    const errors = messages.slice(0, ERRORS_MAX).map(({ lineNum, linePos, message }) =>
        ({ line: Math.max(1, lineNum), column: Math.max(1, linePos), message: firstLine(message) }));
    const [{ line, column, message }] = errors;
    return new Failure('kernel_invalid', `line ${line}, column ${column}: ${message}`, { field: 'source', errors });
}

/** Browsers draw what they mean below it. @param {string} message */
const firstLine = (message) => message.trim().split('\n')[0].slice(0, 300);

/** @param {string} datatype @param {readonly number[]} shape */
const bytesOf = (datatype, shape) => shape.reduce((product, size) => product * size, BYTES[/** @type {keyof typeof BYTES} */ (datatype)] ?? 4);
