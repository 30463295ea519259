/**
 * From a picture to the input tensor that model.json's `picture` describes, and from an output to
 * labels as its `result` describes. Arithmetic only; decoding is in decode.js.
 */

/**
 * @typedef {object} PictureSpec
 * @property {string} input @property {number} width @property {number} height
 * @property {1 | 3} [channels] @property {'NCHW' | 'NHWC'} [layout] @property {'FP32' | 'UINT8'} [datatype]
 * @property {'RGB' | 'BGR'} [order] @property {number} [scale] @property {number[]} [mean] @property {number[]} [std]
 * @property {boolean} [invert] @property {'stretch' | 'cover' | 'contain'} [fit] @property {number[]} [background]
 */
/** @typedef {{output: string, activation?: 'softmax' | 'none', top?: number}} ResultSpec */

/** Decoded pixels are four bytes each: at most 256 MiB of them. */
export const MAX_PIXELS = 64 * 1024 * 1024;

/**
 * Where the whole source goes in the target's coordinates; parts outside are cut off.
 * @param {string} fit @param {number} sw @param {number} sh @param {number} dw @param {number} dh
 */
export function placement(fit, sw, sh, dw, dh) {
    if (fit !== 'cover' && fit !== 'contain') return { x: 0, y: 0, width: dw, height: dh };
    const choose = fit === 'cover' ? Math.max : Math.min;
    const scale = choose(dw / sw, dh / sh);
    const width = sw * scale;
    const height = sh * scale;
    return { x: (dw - width) / 2, y: (dh - height) / 2, width, height };
}

/**
 * @param {ArrayLike<number>} rgba width × height pixels
 * @param {PictureSpec} spec
 * @returns {{type: string, data: Float32Array | Uint8Array, dims: number[]}}
 */
export function pixelsToTensor(rgba, spec) {
    const { width, height, channels = 3, layout = 'NCHW', datatype = 'FP32', order = 'RGB', scale = 1 } = spec;
    const pixels = width * height;
    const data = datatype === 'UINT8' ? new Uint8ClampedArray(pixels * channels) : new Float32Array(pixels * channels);
    for (let channel = 0; channel < channels; channel++) {
        const mean = spec.mean?.[channel] ?? 0;
        const std = spec.std?.[channel] ?? 1;
        const source = order === 'BGR' ? 2 - channel : channel;
        const step = layout === 'NHWC' ? channels : 1;
        let to = layout === 'NHWC' ? channel : channel * pixels;
        for (let from = 0; from < pixels * 4; from += 4, to += step) {
            const value = channels === 1 ? luma(rgba, from) : rgba[from + source];
            data[to] = ((spec.invert ? 255 - value : value) * scale - mean) / std;
        }
    }
    const dims = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
    return datatype === 'UINT8' ? { type: 'uint8', data: new Uint8Array(data.buffer), dims }
        : { type: 'float32', data: /** @type {Float32Array} */ (data), dims };
}

/** Brightness by ITU-R BT.601. @param {ArrayLike<number>} rgba @param {number} at */
const luma = (rgba, at) => 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];

/**
 * The `top` most probable labels.
 * @param {ArrayLike<number>} values one per class @param {ResultSpec} spec @param {readonly string[] | null} names
 */
export function toLabels(values, spec, names) {
    const scores = Array.from(values, Number);
    const probabilities = spec.activation === 'softmax' ? softmax(scores) : scores;
    return probabilities
        .map((probability, index) => ({ label: names?.[index] ?? String(index), index, probability }))
        .sort((a, b) => b.probability - a.probability || a.index - b.index)
        .slice(0, spec.top ?? 5);
}

/** @param {number} value */
export const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/** @param {readonly number[]} scores */
export function softmax(scores) {
    const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = scores.map((score) => Math.exp(score - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
}

/**
 * Width and height from the head of a PNG, JPEG or WebP file, so that a small file that decodes to
 * a huge picture is refused before it is decoded.
 * @param {Uint8Array} bytes
 * @returns {{width: number, height: number} | null} null if it is none of the three
 */
export function pictureSize(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47) {
        return { width: view.getUint32(16), height: view.getUint32(20) };
    }
    if (bytes.length >= 4 && view.getUint16(0) === 0xffd8) return jpegSize(view);
    if (bytes.length >= 30 && view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57454250) return webpSize(view);
    return null;
}

/** Walks the segments to a frame header (SOF0 to SOF15 but DHT, JPG, DAC; ITU-T T.81, table B.1).
 * @param {DataView} view */
function jpegSize(view) {
    let at = 2;
    while (at + 9 <= view.byteLength) {
        if (view.getUint8(at) !== 0xff) return null;
        const marker = view.getUint8(at + 1);
        if (marker === 0xff) {
            at++;
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
            return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
        }
        at += 2 + view.getUint16(at + 2);
    }
    return null;
}

/** The three kinds of first chunk (RFC 9649). @param {DataView} view */
function webpSize(view) {
    const kind = view.getUint32(12);
    if (kind === 0x56503858) { // VP8X: 24-bit sizes less one
        const u24 = (/** @type {number} */ at) => view.getUint16(at, true) | view.getUint8(at + 2) << 16;
        return { width: u24(24) + 1, height: u24(27) + 1 };
    }
    if (kind === 0x5650384c) { // VP8L: two 14-bit sizes less one, after a signature byte
        const bits = view.getUint32(21, true);
        return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    if (kind === 0x56503820) { // VP8: 14-bit sizes after the start code
        return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    }
    return null;
}
