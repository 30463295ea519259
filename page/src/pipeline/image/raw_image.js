/**
 * Puts our arithmetic into the library's RawImage, whose own scales and cuts on a canvas in browsers and
 * by another library in Node, each with other numbers.
 */
import { Failure } from '../../engine/failure.js';
import { METHODS, methodName, resample } from './resample.js';
import { MOST_PIXELS } from './sizes.js';

/** @typedef {{data: Uint8ClampedArray, width: number, height: number, channels: number,
 *     _update(data: Uint8ClampedArray, width: number, height: number): any}} RawImage */
/** @typedef {number | null | undefined} Side null, undefined, negative: as the other one says */

/** Pixels of a picture whose rows are scaled, and whose columns are not yet. */
const MOST_HALFWAY = 64 * 1024 * 1024;

const OURS = {
    /** @this {RawImage} @param {Side} width @param {Side} height
     * @param {{resample?: number | string}} [options] */
    async resize(width, height, options) {
        const method = options?.resample ?? 2;
        const name = methodName(method);
        if (!name) {
            throw new Failure('model_invalid', `preprocessor_config.json: resample is ${method}`,
                { field: 'resample', expected: `0 to 5: ${METHODS.join(', ')}` });
        }
        const size = wholeSize(this, width, height);
        if (size.width === this.width && size.height === this.height) return this;
        return this._update(resample(this, size.width, size.height, name), size.width, size.height);
    },
    /** @this {RawImage} @param {number[]} edges left, right, top, bottom: outwards, in pixels */
    async pad(edges) {
        const [l, r, t, b] = edges.map((edge) => Math.max(edge, 0));
        return cut(this, -l, -t, this.width + l + r, this.height + t + b);
    },
    /** @this {RawImage} @param {number[]} corners both inside */
    async crop(corners) {
        const [left, top] = [Math.max(corners[0], 0), Math.max(corners[1], 0)];
        const [right, bottom] = [Math.min(corners[2], this.width - 1), Math.min(corners[3], this.height - 1)];
        return cut(this, left, top, right - left + 1, bottom - top + 1);
    },
    /** As Pillow's users cut: half a pixel less at the left and top; black outside.
     * @this {RawImage} @param {number} width @param {number} height */
    async center_crop(width, height) {
        return cut(this, halfOf(this.width - width), halfOf(this.height - height), width, height);
    },
};

/** Towards zero. @param {number} distance */
const halfOf = (distance) => Math.trunc(distance / 2);

/** Makes the library use them; safe to call again. @param {any} library the namespace of transformers.js */
export function useOurPixels({ RawImage }) {
    for (const [name, method] of Object.entries(OURS)) {
        if (typeof RawImage?.prototype?.[name] !== 'function') throw new Error(`RawImage has no ${name}`);
        RawImage.prototype[name] = method;
    }
}

/** @param {RawImage} image @param {Side} width @param {Side} height */
function wholeSize(image, width, height) {
    const given = (/** @type {Side} */ side) => typeof side === 'number' && side >= 0 ? side : undefined;
    const [w, h] = [given(width), given(height)];
    const wide = w ?? (h ?? image.height) / image.height * image.width;
    const high = h ?? (w ?? image.width) / image.width * image.height;
    const size = { width: Math.max(1, Math.round(wide)), height: Math.max(1, Math.round(high)) };
    if (!(size.width * size.height <= MOST_PIXELS && size.width * image.height <= MOST_HALFWAY)) {
        throw new Failure('picture_too_large',
            `${image.width} × ${image.height} pixels become ${size.width} × ${size.height} for the model`,
            { field: 'inputs.image', expected: `at most ${MOST_PIXELS} pixels: a less narrow picture` });
    }
    return size;
}

/** A part of the picture, 0 where there is none of it.
 * @param {RawImage} image @param {number} left @param {number} top
 * @param {number} width @param {number} height */
function cut(image, left, top, width, height) {
    if (left === 0 && top === 0 && width === image.width && height === image.height) return image;
    const { data, channels } = image;
    const out = new Uint8ClampedArray(width * height * channels);
    const [first, last] = [Math.max(0, left), Math.min(image.width, left + width)];
    for (let y = Math.max(0, top); y < Math.min(image.height, top + height) && first < last; y++) {
        const from = y * image.width * channels;
        const row = data.subarray(from + first * channels, from + last * channels);
        out.set(row, ((y - top) * width + first - left) * channels);
    }
    return image._update(out, width, height);
}
