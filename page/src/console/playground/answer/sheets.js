/** The grey pictures that answers bring as files: masks and depths, decoded once for each answer. */
import { bytesOf } from '../numbers.js';
import { remembered } from '../remembered.js';

/** @typedef {{width: number, height: number, grey: Uint8Array}} Sheet */
/** @typedef {{sheets: Sheet[] | null, shares: number[], problem: string}} Decoded `sheets` null: not yet; which share of each is set */

/** @param {() => void} redraw when some are decoded */
export function sheetsOf(redraw) {
    /** @type {WeakMap<object, Decoded>} */
    const known = new WeakMap();
    /** @param {any} answer @param {string[]} names of outputs @returns {Decoded} */
    return (answer, names) => {
        const found = known.get(answer);
        if (found) return found;
        /** @type {Decoded} */
        const decoded = { sheets: null, shares: [], problem: '' };
        known.set(answer, decoded);
        const outputs = names.map((name) => answer.outputs.find((/** @type {any} */ output) => output.name === name));
        Promise.all(outputs.map(readSheet)).then((sheets) => Object.assign(decoded, { sheets, shares: sheets.map(covered) }), () => {
            decoded.problem = 'The answer has a picture that this browser cannot read.';
        }).finally(redraw);
        return decoded;
    };
}

/** @param {import('../numbers.js').Output} output a PNG file @returns {Promise<Sheet>} */
async function readSheet(output) {
    const bitmap = await createImageBitmap(new Blob([bytesOf(output)], { type: 'image/png' }));
    const { width, height } = bitmap;
    const pen = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    pen?.drawImage(bitmap, 0, 0);
    const { data } = /** @type {OffscreenCanvasRenderingContext2D} */ (pen).getImageData(0, 0, width, height);
    bitmap.close();
    return { width, height, grey: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]) };
}

/** @param {Sheet} sheet @returns {number} which share of it is set */
export const covered = ({ grey }) => grey.reduce((sum, value) => sum + (value > 127 ? 1 : 0), 0) / (grey.length || 1);

/** The share of pixels that differ by more than two steps. */
export const sheetsApart = remembered((/** @type {Sheet} */ one, /** @type {Sheet} */ other) => (one.width !== other.width || one.height !== other.height ? 1
    : one.grey.reduce((sum, value, i) => sum + (Math.abs(value - other.grey[i]) > 2 ? 1 : 0), 0) / (one.grey.length || 1)));
