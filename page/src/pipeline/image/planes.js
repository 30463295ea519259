/**
 * Maps of numbers that a model makes, brought to the size of a picture. Arithmetic only, and in loops: to call a
 * function for each of a picture's pixels takes longer than many a model.
 */

/**
 * Bilinear interpolation between the centres of pixels, without antialiasing (torch's interpolate with
 * align_corners = false, ONNX's Resize with half_pixel), one row at a time.
 */
export class Plane {
    /** @param {ArrayLike<number>} data @param {number} offset of the map's first row in it
     * @param {number} width @param {number} height of the map @param {number} to the width of rows made */
    constructor(data, offset, width, height, to) {
        this._data = data;
        this._offset = offset;
        this._width = width;
        this._height = height;
        this._columns = Array.from({ length: to }, (_, x) => between(x, width, to));
        this._row = new Float32Array(to);
    }

    /** Row `y` of `height`; the next call overwrites it. @param {number} y @param {number} height */
    row(y, height) {
        const { low, high, share } = between(y, this._height, height);
        const upper = this._offset + low * this._width;
        const lower = this._offset + high * this._width;
        const { _data: data, _columns: columns, _row: row } = this;
        for (let x = 0; x < row.length; x++) {
            const column = columns[x];
            const above = mix(data[upper + column.low], data[upper + column.high], column.share);
            const below = mix(data[lower + column.low], data[lower + column.high], column.share);
            row[x] = mix(above, below, share);
        }
        return row;
    }
}

/** @param {number} a @param {number} b @param {number} share of b */
const mix = (a, b, share) => a + (b - a) * share;

/** @param {number} at @param {number} from @param {number} to */
function between(at, from, to) {
    const place = Math.max(0, (at + 0.5) * from / to - 0.5);
    const low = Math.min(from - 1, Math.floor(place));
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
}

/** A whole map in another size. @param {ArrayLike<number>} data @param {number} width @param {number} height
 * @param {number} toWidth @param {number} toHeight */
export function stretch(data, width, height, toWidth, toHeight) {
    const plane = new Plane(data, 0, width, height, toWidth);
    const out = new Float32Array(toWidth * toHeight);
    for (let y = 0; y < toHeight; y++) out.set(plane.row(y, toHeight), y * toWidth);
    return out;
}

/**
 * The class with the highest value in each pixel, of `classes` maps one behind the other. One class at
 * a time, so that no more than two maps of the new size exist at once.
 * @param {ArrayLike<number>} data @param {number} classes @param {number} width @param {number} height
 * @param {number} toWidth @param {number} toHeight
 */
export function highestClass(data, classes, width, height, toWidth, toHeight) {
    const best = new Float32Array(toWidth * toHeight).fill(-Infinity);
    const labels = new Uint16Array(toWidth * toHeight);
    for (let label = 0; label < classes; label++) {
        const plane = new Plane(data, label * width * height, width, height, toWidth);
        for (let y = 0, at = 0; y < toHeight; y++) {
            const row = plane.row(y, toHeight);
            for (let x = 0; x < toWidth; x++, at++) {
                if (row[x] <= best[at]) continue;
                best[at] = row[x];
                labels[at] = label;
            }
        }
    }
    return labels;
}

/** To 0 … 255, the lowest to the highest; all 0 where they are the same. @param {Float32Array} values */
export function toGrey(values) {
    let lowest = Infinity, highest = -Infinity;
    for (let i = 0; i < values.length; i++) {
        lowest = Math.min(lowest, values[i]);
        highest = Math.max(highest, values[i]);
    }
    const range = highest - lowest, grey = new Uint8Array(values.length);
    if (!(range > 0)) return grey;
    for (let i = 0; i < values.length; i++) grey[i] = (values[i] - lowest) / range * 255;
    return grey;
}

/** The labels that there are, in order. @param {Uint16Array} labels @param {number} count of those that there may be */
export function labelsIn(labels, count) {
    const isThere = new Uint8Array(count);
    for (let i = 0; i < labels.length; i++) isThere[labels[i]] = 1;
    return [...isThere.keys()].filter((label) => isThere[label]);
}

/** Where the label is, 255, and elsewhere 0. @param {ArrayLike<number>} labels @param {number} label */
export function maskOf(labels, label) {
    const mask = new Uint8Array(labels.length);
    for (let i = 0; i < mask.length; i++) if (labels[i] === label) mask[i] = 255;
    return mask;
}

/** From 0 … 1 to 0 … 255. @param {Float32Array} shares */
export function toBytes(shares) {
    const bytes = new Uint8ClampedArray(shares.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = shares[i] * 255;
    return bytes;
}
