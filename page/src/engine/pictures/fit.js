/**
 * Brings a picture to the size that model.json asks for, as Pillow does: `stretch` as Image.resize, `cover` as
 * ImageOps.fit, `contain` as ImageOps.pad, each with its bilinear filter. Arithmetic only.
 */
import { resample } from '../../pipeline/image/resample.js';
import { Failure } from '../failure.js';

/** Pixels of a picture whose rows are scaled, and whose columns are not yet. */
const MOST_HALFWAY = 64 * 1024 * 1024;
const FILTER = 'bilinear';

/** @import { Pixels } from './orientation.js' */
/** @import { PictureSpec } from '../picture.js' */
/** @typedef {{width: number, height: number}} Size */

/** @type {Readonly<Record<NonNullable<PictureSpec['fit']>, (pixels: Pixels, to: Size, background: number[]) => Uint8ClampedArray>>} */
const FITS = {
    stretch: (pixels, to) => scaled(pixels, to),
    cover: (pixels, to) => scaled(pixels, to, middleOf(pixels, to)),
    contain(pixels, to, background) {
        const inner = within(pixels, to);
        return framed(scaled(pixels, inner), inner, to, background);
    },
};

/** RGB of the size that the model takes. @param {Pixels} pixels @param {PictureSpec} spec
 * @returns {Uint8ClampedArray} @throws {Failure} picture_too_large */
export function fitted(pixels, { width, height, fit = 'stretch', background = [0, 0, 0] }) {
    return FITS[fit](pixels, { width, height }, background);
}

/** @param {Pixels} pixels @param {Size} to @param {number[]} [box] of the source: left, top, right, bottom */
function scaled(pixels, to, box) {
    if (to.width * pixels.height > MOST_HALFWAY) {
        throw new Failure('picture_too_large',
            `${pixels.width} × ${pixels.height} pixels become ${to.width} × ${to.height} for the model`,
            { field: 'inputs.image', expected: 'a less narrow picture' });
    }
    return resample(pixels, to.width, to.height, FILTER, box);
}

/** The largest part in the middle that has the target's shape. @param {Size} from @param {Size} to */
function middleOf(from, to) {
    const [ratio, wanted] = [from.width / from.height, to.width / to.height];
    const width = ratio > wanted ? wanted * from.height : from.width;
    const height = ratio < wanted ? from.width / wanted : from.height;
    const [left, top] = [(from.width - width) * 0.5, (from.height - height) * 0.5];
    return [left, top, left + width, top + height].map(Math.fround); // Pillow has boxes in 32 bits
}

/** The largest size of the picture's shape within the target. @param {Size} from @param {Size} to @returns {Size} */
function within(from, to) {
    const [ratio, wanted] = [from.width / from.height, to.width / to.height];
    if (ratio > wanted) return { width: to.width, height: Math.max(1, halfToEven(from.height / from.width * to.width)) };
    return { width: ratio < wanted ? Math.max(1, halfToEven(from.width / from.height * to.height)) : to.width, height: to.height };
}

/** As Python rounds. @param {number} value */
function halfToEven(value) {
    const below = Math.floor(value);
    return value - below === 0.5 ? below + below % 2 : Math.round(value);
}

/** @param {Uint8ClampedArray} rgb @param {Size} inner @param {Size} to @param {number[]} background */
function framed(rgb, inner, to, background) {
    const out = new Uint8ClampedArray(to.width * to.height * 3);
    for (let i = 0; i < out.length; i++) out[i] = background[i % 3];
    const [left, top] = [halfToEven((to.width - inner.width) * 0.5), halfToEven((to.height - inner.height) * 0.5)];
    for (let y = 0; y < inner.height; y++) {
        out.set(rgb.subarray(y * inner.width * 3, (y + 1) * inner.width * 3), ((top + y) * to.width + left) * 3);
    }
    return out;
}
