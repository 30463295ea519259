/**
 * WebGPU as this worker finds it: the probe that decides whether the platform is real, and the
 * watch over every device that anybody requests here.
 */
import { namesSoftware } from '../shared/adapters.js';
import { mapsSlowly, nudgeMaps, Nudger, workerClock } from './nudge.js';

/** @import { Adapter, PageOptions, PlatformReport } from '../shared/messages.js' */

/** How often an adapter is requested before a GPU that is expected counts as missing, and the time between requests. */
const ASKED = 3;
const AGAIN_MS = 200;

/** Limits that routing or people care for. */
export const LIMITS = [
    'maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupsPerDimension',
];

/**
 * Calls back when a device that was requested in this worker is lost, or reports an uncaught error: after
 * one, the device's results cannot be trusted.
 * @param {{deviceLost(reason: string, message: string, madeAt: number): void, deviceError(message: string): void, deviceMade(adapter: Adapter): void}} told
 *   `madeAt`: when the device was made, by performance.now(), be it the probe's or the engine's
 */
export function watchDevices(told) {
    const prototype = globalThis.GPUAdapter?.prototype;
    if (!prototype) return;
    const request = prototype.requestDevice;
    prototype.requestDevice = async function (...options) {
        const device = await request.apply(this, options), madeAt = performance.now();
        told.deviceMade(describe(this));
        device.lost.then(({ reason, message }) => {
            if (!passing.has(device)) told.deviceLost(reason, message, madeAt);
        });
        device.addEventListener('uncapturederror', ({ error }) => {
            if (!passing.has(device)) told.deviceError(error.message);
        });
        return device;
    };
}

/** Devices that their makers watch and destroy. @type {WeakSet<object>} */
const passing = new WeakSet();

/** Excludes a device from the watch: the code that made it watches it. @param {object} device */
export const letGo = (device) => void passing.add(device);

/** @param {any} adapter @returns {Adapter} */
export function describe(adapter) {
    const info = adapter.info ?? {};
    const [vendor, architecture] = [info.vendor ?? '', info.architecture ?? ''];
    const description = [info.description, info.device].filter(Boolean).join(' ');
    const flagged = info.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
    return {
        vendor, architecture, description,
        is_fallback: Boolean(flagged) || namesSoftware(vendor, architecture, description),
    };
}

/** Firefox names no adapter, but marks all that are software. */
const MARKS_SOFTWARE = /\bFirefox\//;

/** Whether it is surely no software: another browser that names no adapter names no software either.
 * @param {Adapter} adapter @param {string} [userAgent] */
export const isHardware = (
    { vendor, architecture, description, is_fallback: isFallback }, userAgent = globalThis.navigator?.userAgent ?? '',
) => !isFallback && (MARKS_SOFTWARE.test(userAgent) || [vendor, architecture, description].some(Boolean));

export class Webgpu {
    constructor() {
        /** Whether it computes in 16-bit floats, once it was probed. */
        this.hasHalf = false;
    }

    /** @param {PageOptions} options @returns {Promise<PlatformReport>} */
    async probe(options) {
        const report = await probe(options);
        this.hasHalf = report.features?.includes('shader-f16') === true;
        return report;
    }
}

/** Adapter, device and one dispatch whose result is checked. @param {PageOptions} options @returns {Promise<PlatformReport>} */
async function probe({ nudge, gpu: isExpected, power }) {
    const gpu = /** @type {any} */ (navigator).gpu;
    if (!gpu) return { available: false, reason: 'navigator.gpu is missing in this browser or context' };
    try {
        const { adapter, device, wasGone } = await firstDevice(gpu, isExpected ? ASKED : 1, power);
        if (!device) return { available: false, reason: 'requestAdapter() gave no adapter' };
        letGo(device);
        const right = await dispatchOnce(device);
        if (right && nudge && await mapsSlowly(device)) nudgeMaps(new Nudger(workerClock()));
        device.destroy();
        if (!right) return { available: false, reason: 'a test dispatch gave a wrong result', adapter: describe(adapter) };
        return {
            available: true,
            ...wasGone && { was_gone: true },
            adapter: describe(adapter),
            features: [...adapter.features].map(String).sort(),
            limits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
        };
    } catch (error) {
        return { available: false, reason: `WebGPU does not work here: ${error}`.slice(0, 160) };
    }
}

/** Has everybody in this worker get the adapter that saves energy, if there are two. This is for onnxruntime-web and llama.cpp,
 * which have no option that reaches their request for an adapter: env.webgpu.powerPreference, of onnxruntime-web, only counts
 * where it looks whether there is an adapter at all (1.30), and wllama passes on nothing. Our own engines ask for what they want.
 * @param {PageOptions['power']} power */
export function prefer(power) {
    const prototype = globalThis.GPU?.prototype;
    if (power !== 'low-power' || !prototype) return;
    const request = prototype.requestAdapter;
    prototype.requestAdapter = function (options) {
        return request.call(this, { ...options, powerPreference: power });
    };
}

/** While a browser's GPU process starts or restarts, there is no adapter, or one that gives no device, so a failure only counts if it
 * persists. @param {any} gpu @param {number} most requests @param {PageOptions['power']} [power] which adapter is preferred
 * @returns {Promise<{adapter: any, device: any, wasGone: boolean}>} null: there is none */
async function firstDevice(gpu, most, power = 'high-performance') {
    for (let asked = 1; ; asked++) {
        try {
            const adapter = await gpu.requestAdapter({ powerPreference: power });
            const device = await adapter?.requestDevice();
            if (device || asked === most) return { adapter, device, wasGone: asked > 1 };
        } catch (error) {
            if (asked === most) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
}

/** Doubles four numbers on the device. @param {any} device */
async function dispatchOnce(device) {
    const input = new Uint32Array([1, 2, 3, 0x7fffffff]);
    const output = new Uint32Array(await computeOnce(device, 'v[i] = v[i] * 2u;', input));
    return input.every((value, i) => output[i] === value * 2);
}

/** One workgroup, with an invocation for each of the numbers that it computes in place.
 * @param {any} device @param {string} body of the shader's function, which has the numbers in `v` and its own index in `i`
 * @param {Uint32Array | Float32Array} input
 * @param {{head?: string, type?: 'u32' | 'f32', timer?: import('./gpu_timer.js').GpuTimer}} [more] the text before the shader's
 * declarations, the numbers' type, and a timer for the pass @returns {Promise<ArrayBuffer>} */
export async function computeOnce(device, body, input, { head = '', type = 'u32', timer } = {}) {
    const usage = { storage: 128, copySource: 4, copyTarget: 8, mapRead: 1 }; // GPUBufferUsage
    const size = input.byteLength;
    const storage = device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    const result = device.createBuffer({ size, usage: usage.copyTarget | usage.mapRead });
    device.queue.writeBuffer(storage, 0, input);
    const module = device.createShaderModule({
        code: `${head} @group(0) @binding(0) var<storage, read_write> v: array<${type}>;`
            + `@compute @workgroup_size(${input.length}) fn main(@builtin(local_invocation_index) i: u32) { ${body} }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: storage } }],
    });
    const commands = device.createCommandEncoder();
    const pass = commands.beginComputePass(timer?.pass);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    timer?.resolve(commands);
    commands.copyBufferToBuffer(storage, 0, result, 0, size);
    device.queue.submit([commands.finish()]);
    await result.mapAsync(1); // GPUMapMode.READ
    return result.getMappedRange().slice(0);
}
