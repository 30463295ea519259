/** Computes the map by the page's kernels som_distance and som_update: on WebGPU, on WebGL 2, or else by the reference. */
import { callOf } from '../../engine/kernel_call.js';
import { GlKernels } from '../../engine/kernels_gl.js';
import { GpuKernels } from '../../engine/kernels_gpu.js';
import { hardwareAdapter } from './cloud.js';
import { Reference } from './reference.js';

/** `buffers`: those that it has, if it counts them. @typedef {import('../../engine/kernels.js').Backend & {buffers?: number}} Backend */
/** @import { Computing } from './learning.js' */
/** The kernels' shaders, as kernels.mjs reads them. @typedef {{wgsl: Record<string, any>, glsl: Record<string, any>}} Shaders */

/** Multiplications of one call: a call is cut into slices by the backend itself. */
const MOST = 2 ** 36;

/** @implements {Computing} */
export class Kernels {
    most = MOST;

    /** @param {string} name for people @param {Backend} backend that is loaded */
    constructor(name, backend) {
        this.name = name;
        this._backend = backend;
    }

    get buffers() {
        return this._backend.buffers ?? 0;
    }

    get bytes() {
        return this._backend.memory();
    }

    /** @param {Float32Array<ArrayBuffer>} data @param {Float32Array<ArrayBuffer>} weights @param {number} dimensions */
    distances(data, weights, dimensions) {
        return this.#run('som_distance', [tensor(data, dimensions), tensor(weights, dimensions)]);
    }

    /** @param {Float32Array<ArrayBuffer>} weights @param {Float32Array<ArrayBuffer>} data @param {Float32Array<ArrayBuffer>} influence
     * @param {number} dimensions */
    update(weights, data, influence, dimensions) {
        return this.#run('som_update', [tensor(weights, dimensions), tensor(data, dimensions), tensor(influence, weights.length / dimensions)]);
    }

    stop() {
        this._backend.unload();
    }

    /** @param {string} kernel @param {{shape: number[], bytes: Uint8Array<ArrayBuffer>}[]} inputs @returns {Promise<Float32Array<ArrayBuffer>>} */
    async #run(kernel, inputs) {
        const { bytes, dispose } = await this._backend.run([callOf(kernel, inputs, {}).call], false);
        const numbers = new Float32Array(bytes.slice().buffer);
        dispose?.();
        return numbers;
    }
}

/** @param {Float32Array<ArrayBuffer>} values @param {number} columns */
const tensor = (values, columns) => ({ shape: [values.length / columns, columns], bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });

/** @param {readonly import('./cloud.js').Means[]} means @param {Shaders} shaders @param {() => Promise<void>} breathe @returns {Promise<Computing>} */
export async function computingBy(means, { wgsl, glsl }, breathe) {
    const silent = { made() {}, lost() {} };
    for (const one of means) {
        if (one === '2d' || (one === 'webgpu' && !await hardwareAdapter())) continue;
        const backend = one === 'webgpu' ? new GpuKernels(wgsl) : new GlKernels(() => new OffscreenCanvas(1, 1), glsl, silent);
        if (await backend.load().then(() => true, () => false)) return new Kernels(one === 'webgpu' ? 'WebGPU' : 'WebGL', backend);
    }
    return new Reference(breathe);
}
