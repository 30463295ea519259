/** Features of WebGPU in this browser, each tested by a dispatch whose result is checked. */
import { computeOnce, describe, LIMITS } from '../engine/gpu.js';
import { GpuTimer, TIMESTAMPS } from '../engine/gpu_timer.js';
import { mustBeRight, nameOf, no, onAdapter } from './finding.js';

/** @import { Finding } from './finding.js' */

/** @param {string[]} features of the adapter that it takes
 * @param {(device: any, adapter: any) => Promise<string>} compute throws, or says what there is to say
 * @param {(adapter: any) => Record<string, number>} [limits] that the device is to have @returns {Promise<Finding>} */
async function onDevice(features, compute, limits = () => ({})) {
    const gpu = /** @type {any} */ (navigator).gpu;
    if (!gpu) return no('navigator.gpu is missing in a worker of this browser');
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return no('requestAdapter() gave no adapter');
    const lacking = features.filter((name) => !adapter.features.has(name));
    if (lacking.length > 0) return no(`the adapter has no ${lacking.join(', ')}`);
    const device = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: limits(adapter) });
    try {
        device.pushErrorScope('validation');
        const detail = await compute(device, adapter).catch(async (thrown) => {
            const invalid = await device.popErrorScope().catch(() => null); // which is why, where there is one
            throw invalid ? new Error(invalid.message) : thrown;
        });
        return onAdapter(describe(adapter), detail);
    } finally {
        device.destroy();
    }
}

export const findWebgpu = () => onDevice([], async (device, adapter) => {
    const input = Uint32Array.of(1, 2, 3, 0x7fffffff);
    const output = new Uint32Array(await computeOnce(device, 'v[i] = v[i] * 2u;', input));
    mustBeRight(input.every((value, i) => output[i] === value * 2));
    return nameOf(describe(adapter));
});

/** A device with all that the adapter grants, and a workgroup of the largest size, whose invocations read what others have written.
 * Not in as much memory as it may have: SwiftShader compiles for 13 s what begins with 32 KiB of zeros. */
export const findWebgpuLimits = () => onDevice([], async (device) => {
    const {
        maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize: memory,
        maxBufferSize: buffer, maxStorageBufferBindingSize: binding, maxComputeWorkgroupsPerDimension: groups,
    } = device.limits;
    const count = Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX);
    const output = new Uint32Array(await computeOnce(device,
        `words[i] = i * 3u;
        workgroupBarrier();
        v[i] = words[${count - 1}u - i];`, new Uint32Array(count), { head: `var<workgroup> words: array<u32, ${count}>;` }));
    mustBeRight(output.every((value, i) => value === (count - 1 - i) * 3));
    return `buffers of ${buffer} bytes, bindings of ${binding}; workgroups of ${count} with ${memory} bytes, ${groups} in a row`;
}, (adapter) => Object.fromEntries([...LIMITS, 'maxComputeWorkgroupSizeX'].map((name) => [name, adapter.limits[name]])));

/** 2,049 is no number of 16 bits: it becomes one of its neighbours. */
export const findWebgpuF16 = () => onDevice(['shader-f16'], async (device) => {
    const output = new Float32Array(await computeOnce(device, 'v[i] = f32(f16(v[i]) * f16(1.5));', Float32Array.of(2, -0.5, 1366, 8),
        { head: 'enable f16;', type: 'f32' }));
    mustBeRight(output[0] === 3 && output[1] === -0.75 && (output[2] === 2048 || output[2] === 2050) && output[3] === 12);
    return '';
});

/** Each invocation counts those of its subgroup: whole subgroups have counted the same. */
export const findWebgpuSubgroups = () => onDevice(['subgroups'], async (device) => {
    const output = [...new Uint32Array(await computeOnce(device, 'v[i] = subgroupAdd(v[i]);', new Uint32Array(64).fill(1),
        { head: 'enable subgroups;' }))];
    mustBeRight(output.every((value) => value > 0 && output.filter((other) => other === value).length % value === 0));
    return `of ${Math.max(...output)}`;
});

/** A pass that adds much takes more than no time. */
export const findWebgpuTimestamps = () => onDevice([TIMESTAMPS], async (device) => {
    const timer = new GpuTimer(device), count = 1 << 14; // some drivers end a loop after 65,535 rounds
    const [sum] = new Uint32Array(await computeOnce(device, `for (var k = 0u; k < ${count}u; k++) { v[i] = v[i] * 3u + k; }`,
        new Uint32Array(1), { timer }));
    await timer.read();
    let wanted = 0;
    for (let k = 0; k < count; k++) wanted = (Math.imul(wanted, 3) + k) >>> 0;
    mustBeRight(sum === wanted);
    if (!(timer.ms > 0)) throw new Error('its clock does not move');
    timer.destroy();
    return `${timer.ms.toPrecision(3)} ms for ${count} rounds`;
});
