/** Draws the cloud without a GPU, pixel by pixel, on a canvas of two dimensions. */
import { rasterise } from './camera.js';

/** @import { Look } from './camera.js' */
/** @import { Points } from './points.js' */

/** @implements {Drawing} @typedef {import('./cloud.js').Drawing} Drawing */
export class PlainCloud {
    name = 'a canvas without a GPU';
    buffers = 0;
    bytes = 0;
    held = 0;

    /** @param {HTMLCanvasElement | OffscreenCanvas} canvas */
    constructor(canvas) {
        this.canvas = canvas;
        this._pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        this._image = new ImageData(1, 1);
        this._depths = new Float32Array(1);
    }

    /** @param {Points} points @param {Look} look */
    draw(points, look) {
        points.take();
        this.#paint(points, look);
        this._pen.putImageData(this._image, 0, 0);
    }

    /** @param {Points} points @param {Look} look @returns {Promise<Uint8ClampedArray>} RGBA, the upper row first */
    async picture(points, look) {
        this.#paint(points, look);
        return this._image.data.slice();
    }

    stop() {}

    /** @param {Points} points @param {Look} look */
    #paint(points, look) {
        const { width, height } = look;
        if (this._image.width !== width || this._image.height !== height) {
            this._image = new ImageData(width, height);
            this._depths = new Float32Array(width * height);
        }
        rasterise(points, look, this._image.data, this._depths);
    }
}
