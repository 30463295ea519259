/**
 * Scales pictures as Pillow does (src/libImaging/Resample.c and Filters, Pillow 9.4): when a picture
 * is made smaller the filter's support grows with the ratio, so that every source pixel counts; first
 * the rows, then the columns, each rounded to 8 bits; coefficients are fixed-point with 22 bits behind
 * the point. Models were trained on pictures that were scaled so, and every browser gets the same
 * numbers. Arithmetic only.
 */

/** Behind the point: 32 bits less 8 of a pixel and 2 for what filters overshoot. */
const PRECISION_BITS = 22;

/** @typedef {{support: number, weight: (x: number) => number}} Filter at scale 1, in source pixels */

/** @param {number} x */
const sinc = (x) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);

/** Keys' cubic convolution with a = -0.5. @param {number} x */
function bicubic(x) {
    const a = -0.5;
    const at = Math.abs(x);
    if (at < 1) return ((a + 2) * at - (a + 3)) * at * at + 1;
    return at < 2 ? (((at - 5) * at + 8) * at - 4) * a : 0;
}

/** @param {number} x */
const hamming = (x) => Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0;

/** @type {Readonly<Record<string, Filter>>} */
const FILTERS = {
    box: { support: 0.5, weight: (x) => x > -0.5 && x <= 0.5 ? 1 : 0 },
    bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
    hamming: { support: 1, weight: hamming },
    bicubic: { support: 2, weight: bicubic },
    lanczos: { support: 3, weight: (x) => x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0 },
};

/** Pillow's numbers, as preprocessor_config.json has them in `resample`. */
const NUMBERED = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];
export const METHODS = Object.freeze([...NUMBERED]);

/** The name of a method given by name or Pillow's number; undefined where there is none.
 * @param {unknown} method */
export function methodName(method) {
    const name = typeof method === 'number' ? NUMBERED[method] : String(method).toLowerCase();
    return NUMBERED.includes(name) ? name : undefined;
}

/**
 * Interleaved 8-bit pixels, `channels` bytes each, in their new size; a copy even where that is the same.
 * @param {{data: Uint8Array | Uint8ClampedArray, width: number, height: number, channels: number}} from
 * @param {number} width at least 1 @param {number} height at least 1 @param {string} method one of METHODS
 * @param {readonly number[]} [box] the part that is scaled: left, top, right and bottom, which may lie within pixels
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function resample(from, width, height, method, [left, top, right, bottom] = [0, 0, from.width, from.height]) {
    if (method === 'nearest') return nearest(from, width, height);
    const filter = FILTERS[method];
    const rows = width === from.width && left === 0 && right === width ? from.data
        : alongRows(from, width, coefficients(from.width, left, right, width, filter));
    if (height === from.height && top === 0 && bottom === height) return new Uint8ClampedArray(rows);
    return alongColumns(rows, width * from.channels, height, coefficients(from.height, top, bottom, height, filter));
}

/** Target pixel `i` comes from source pixels first[i] to first[i] + count[i], weighted by k[i * most …].
 * @typedef {{first: Int32Array, count: Int32Array, k: Int32Array, most: number}} Coefficients */

/** @param {number} from @param {number} begin @param {number} end of the part that counts @param {number} to pixels
 * @param {Filter} filter @returns {Coefficients} */
function coefficients(from, begin, end, to, filter) {
    const scale = Math.fround(end - begin) / to;
    const stretch = Math.max(scale, 1);
    const support = filter.support * stretch;
    const shrink = 1 / stretch;
    const most = Math.ceil(support) * 2 + 1;
    const [first, count, k] = [new Int32Array(to), new Int32Array(to), new Int32Array(to * most)];
    for (let i = 0; i < to; i++) {
        const center = begin + (i + 0.5) * scale;
        first[i] = Math.max(0, Math.trunc(center - support + 0.5));
        count[i] = Math.min(from, Math.trunc(center + support + 0.5)) - first[i];
        const weights = Float64Array.from({ length: count[i] },
            (_, at) => filter.weight((at + first[i] - center + 0.5) * shrink));
        const sum = weights.reduce((a, b) => a + b, 0) || 1;
        weights.forEach((weight, at) => {
            k[i * most + at] = fixed(weight / sum);
        });
    }
    return { first, count, k, most };
}

/** Rounds half away from zero. @param {number} value */
const fixed = (value) => Math.trunc(value * (1 << PRECISION_BITS) + (value < 0 ? -0.5 : 0.5));

/** Half of the last place, so that a sum is rounded. A sum fits into 32 bits, and the target array clamps values that do not
 * fit into a byte. */
const HALF = 1 << (PRECISION_BITS - 1);

/** @param {{data: ArrayLike<number>, width: number, height: number, channels: number}} from
 * @param {number} width @param {Coefficients} coefficients */
function alongRows(from, width, coefficients) {
    const out = new Uint8ClampedArray(width * from.height * from.channels);
    for (let y = 0; y < from.height; y++) {
        if (from.channels === 3) scaleRow(from, y, width, coefficients, out);
        else for (let channel = 0; channel < from.channels; channel++) scaleChannel(from, y, channel, width, coefficients, out);
    }
    return out;
}

/** Three channels at a time: most pictures have so many.
 * @param {{data: ArrayLike<number>, width: number}} from @param {number} y @param {number} width
 * @param {Coefficients} coefficients @param {Uint8ClampedArray} out */
function scaleRow({ data, width: source }, y, width, { first, count, k, most }, out) {
    for (let x = 0, to = 3 * y * width; x < width; x++, to += 3) {
        let at = 3 * (y * source + first[x]), red = HALF, green = HALF, blue = HALF;
        for (let i = x * most, end = i + count[x]; i < end; i++, at += 3) {
            const weight = k[i];
            red += data[at] * weight;
            green += data[at + 1] * weight;
            blue += data[at + 2] * weight;
        }
        out[to] = red >> PRECISION_BITS;
        out[to + 1] = green >> PRECISION_BITS;
        out[to + 2] = blue >> PRECISION_BITS;
    }
}

/** @param {{data: ArrayLike<number>, width: number, channels: number}} from @param {number} y @param {number} channel
 * @param {number} width @param {Coefficients} coefficients @param {Uint8ClampedArray} out */
function scaleChannel({ data, width: source, channels }, y, channel, width, { first, count, k, most }, out) {
    for (let x = 0; x < width; x++) {
        let sum = HALF, at = (y * source + first[x]) * channels + channel;
        for (let i = x * most, end = i + count[x]; i < end; i++, at += channels) sum += data[at] * k[i];
        out[(y * width + x) * channels + channel] = sum >> PRECISION_BITS;
    }
}

/** A row is a sum of whole rows, which are read one after the other.
 * @param {ArrayLike<number>} data @param {number} stride bytes of a row @param {number} height
 * @param {Coefficients} coefficients */
function alongColumns(data, stride, height, { first, count, k, most }) {
    const out = new Uint8ClampedArray(stride * height), sums = new Int32Array(stride);
    for (let y = 0; y < height; y++) {
        sums.fill(HALF);
        for (let i = 0; i < count[y]; i++) addRow(sums, data, (first[y] + i) * stride, k[y * most + i]);
        for (let x = 0, to = y * stride; x < stride; x++) out[to + x] = sums[x] >> PRECISION_BITS;
    }
    return out;
}

/** @param {Int32Array} sums @param {ArrayLike<number>} data @param {number} from @param {number} weight */
function addRow(sums, data, from, weight) {
    for (let x = 0; x < sums.length; x++) sums[x] += data[from + x] * weight;
}

/** The pixel whose area contains the target's centre, as in Pillow's affine transform.
 * @param {{data: Uint8Array | Uint8ClampedArray, width: number, height: number, channels: number}} from
 * @param {number} width @param {number} height */
export function nearest(from, width, height) {
    const { data, channels } = from;
    if (width === from.width && height === from.height) return new Uint8ClampedArray(data);
    const out = new Uint8ClampedArray(width * height * channels);
    const [columns, rows] = [centres(from.width, width), centres(from.height, height)];
    let to = 0;
    for (let y = 0; y < height; y++) {
        const row = rows[y] * from.width;
        for (let x = 0; x < width; x++) {
            const at = (row + columns[x]) * channels;
            for (let channel = 0; channel < channels; channel++) out[to++] = data[at + channel];
        }
    }
    return out;
}

/** The pixel that contains each target's centre. The scale is added repeatedly, as in Pillow: if a centre is exactly
 * between two pixels, the sum's error decides. @param {number} from @param {number} to */
function centres(from, to) {
    const scale = from / to;
    const found = new Int32Array(to);
    for (let i = 0, centre = scale * 0.5; i < to; i++, centre += scale) found[i] = Math.min(from - 1, Math.trunc(centre));
    return found;
}
