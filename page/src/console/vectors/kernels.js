/** Computes the map by the page's kernels som_distance and som_update, on WebGPU or WebGL 2 of a real GPU, or else by the reference. */
import { describe } from '../../engine/gpu.js';
import { callOf } from '../../engine/kernel_call.js';
import { GlKernels } from '../../engine/kernels_gl.js';
import { GpuKernels } from '../../engine/kernels_gpu.js';
import { hardwareAdapter } from './cloud.js';
import { Reference } from './reference.js';

/** `buffers`: those that it has, if it counts them. @typedef {import('../../engine/kernels.js').Backend & {buffers?: number}} Backend */
/** @import { Adapter } from '../../shared/messages.js' */
/** @import { Computing } from './learning.js' */
/** The kernels' shaders, as kernels.mjs reads them. @typedef {{wgsl: Record<string, any>, glsl: Record<string, any>}} Shaders */

/** Multiplications of one call: a call is cut into slices by the backend itself. */
const MOST = 2 ** 36;
/** What may be asked for, in the order in which it is tried. @type {readonly (string | null)[]} */
const WAYS = Object.freeze(['webgpu', 'webgl', 'javascript']);
const ASKED = 'the address asks for it';

/** @implements {Computing} */
export class Kernels {
    most = MOST;

    /** @param {string} name for people @param {Backend} backend that is loaded @param {string} [why] it computes */
    constructor(name, backend, why = '') {
        this.name = name;
        this.why = why;
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

/**
 * By the person's GPU, where there is a real one. On an adapter that is software the kernels take longer than JavaScript: by WebGL on
 * SwiftShader, about 12 times as long.
 * @param {string | null} asked one of WAYS: by that alone, if it starts, whatever the adapter is; anything else: by choice
 * @param {Shaders} shaders @param {() => Promise<void>} breathe @returns {Promise<Computing>}
 */
export async function computingBy(asked, { wgsl, glsl }, breathe) {
    const isAsked = WAYS.includes(asked), may = (/** @type {string} */ way) => !isAsked || way === asked;
    /** What computes, or why nothing on a GPU does. @type {Kernels | string} */
    let found = ASKED;
    if (may('webgpu')) found = await byGpu(wgsl, isAsked);
    if (may('webgl') && typeof found === 'string') found = await byGl(glsl, isAsked);
    return typeof found === 'string' ? new Reference(breathe, found) : found;
}

/** @param {Shaders['wgsl']} wgsl @param {boolean} isAsked also of software @returns {Promise<Kernels | string>} or why not */
async function byGpu(wgsl, isAsked) {
    const adapter = await hardwareAdapter(), backend = new GpuKernels(wgsl);
    if (isAsked) return opened('WebGPU', backend, ASKED);
    return adapter ? opened('WebGPU', backend, isGpu(describe(adapter))) : ''; // WebGL is tried next
}

/** @param {Shaders['glsl']} glsl @param {boolean} isAsked also of software @returns {Promise<Kernels | string>} or why not */
async function byGl(glsl, isAsked) {
    /** @type {Adapter[]} */
    const adapters = [];
    const backend = new GlKernels(() => new OffscreenCanvas(1, 1), glsl, { made: (adapter) => adapters.push(adapter), lost() {} });
    const found = await opened('WebGL', backend, ASKED), [adapter] = adapters;
    if (isAsked || typeof found === 'string') return found;
    if (adapter.is_fallback) {
        found.stop();
        return `${nameOf(adapter)} is software`;
    }
    found.why = isGpu(adapter);
    return found;
}

/** @param {string} name @param {Backend} backend @param {string} why @returns {Promise<Kernels | string>} or why not */
const opened = (name, backend, why) => backend.load().then(() => new Kernels(name, backend, why), (/** @type {Error} */ { message }) => `${name} does not start: ${message}`);

/** @param {Adapter} adapter */
const nameOf = ({ vendor, architecture, description }) => description || `${vendor} ${architecture}`.trim() || 'the adapter';
/** @param {Adapter} adapter */
const isGpu = (adapter) => `${nameOf(adapter)} is a GPU`;
