/** Chooses what draws the cloud: WebGPU on an adapter that is no software, else WebGL 2, else a canvas of two dimensions. */
import { describe, isHardware } from '../../engine/gpu.js';
import { GlCloud } from './cloud_gl.js';
import { GpuCloud } from './cloud_gpu.js';
import { PlainCloud } from './cloud_plain.js';

/** `buffers`: vertex buffers that were made; `bytes` of the one that there is; `held`: bytes on the GPU, with those of the picture.
 * @typedef {object} Drawing
 * @property {string} name for people
 * @property {number} buffers
 * @property {number} bytes
 * @property {number} held
 * @property {(points: import('./points.js').Points, look: import('./camera.js').Look) => void} draw
 * @property {(points: import('./points.js').Points, look: import('./camera.js').Look) => Promise<Uint8ClampedArray>} picture
 * @property {() => void} stop
 */
/** @typedef {'webgpu' | 'webgl' | '2d'} Means */

/** The means in the order in which they are tried. @type {readonly Means[]} */
export const MEANS = Object.freeze(['webgpu', 'webgl', '2d']);

/** @param {string | null} given @returns {readonly Means[]} those from that one on; all where it is none */
export const meansFrom = (given) => MEANS.slice(Math.max(0, MEANS.indexOf(/** @type {Means} */ (given))));

/** An adapter that computes on hardware. @returns {Promise<any>} null: there is none */
export async function hardwareAdapter() {
    try {
        const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter({ powerPreference: 'high-performance' });
        return adapter && isHardware(describe(adapter)) ? adapter : null;
    } catch {
        return null;
    }
}

/** @param {HTMLCanvasElement} canvas that has no context yet @param {readonly Means[]} means @param {() => void} lost is called when what draws can draw no more
 * @returns {Promise<{drawing: Drawing, means: Means}>} */
export async function drawingOn(canvas, means, lost) {
    const adapter = means.includes('webgpu') ? await hardwareAdapter() : null;
    const device = await adapter?.requestDevice().catch(() => null);
    if (device) {
        const drawing = new GpuCloud(device, canvas);
        void device.lost.then((/** @type {{reason: string}} */ { reason }) => { if (reason !== 'destroyed') lost(); });
        return { drawing, means: 'webgpu' };
    }
    const gl = means.includes('webgl') ? canvas.getContext('webgl2', { alpha: false, antialias: false, depth: true }) : null;
    if (gl) {
        let isOver = false;
        const drawing = new GlCloud(gl), stop = drawing.stop.bind(drawing);
        drawing.stop = () => {
            isOver = true;
            stop();
        };
        canvas.addEventListener('webglcontextlost', () => { if (!isOver) lost(); });
        return { drawing, means: 'webgl' };
    }
    return { drawing: new PlainCloud(canvas), means: '2d' };
}
