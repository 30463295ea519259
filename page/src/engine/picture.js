/**
 * From a picture to the input tensor that model.json's `picture` describes, and from an output to
 * labels as its `result` describes. Arithmetic only; decoding is in pictures/.
 */

/**
 * @typedef {object} PictureSpec
 * @property {string} input @property {number} width @property {number} height
 * @property {1 | 3} [channels] @property {'NCHW' | 'NHWC'} [layout] @property {'FP32' | 'UINT8'} [datatype]
 * @property {'RGB' | 'BGR'} [order] @property {number} [scale] @property {number[]} [mean] @property {number[]} [std]
 * @property {boolean} [invert] @property {'stretch' | 'cover' | 'contain'} [fit] @property {number[]} [background]
 */
/** @typedef {{output: string, activation?: 'softmax' | 'none', top?: number}} ResultSpec */

/**
 * @param {ArrayLike<number>} rgb width × height pixels
 * @param {PictureSpec} spec
 * @returns {{type: string, data: Float32Array | Uint8Array, dims: number[]}}
 */
export function pixelsToTensor(rgb, spec) {
    const { width, height, channels = 3, layout = 'NCHW', datatype = 'FP32', order = 'RGB', scale = 1 } = spec;
    const pixels = width * height;
    const data = datatype === 'UINT8' ? new Uint8ClampedArray(pixels * channels) : new Float32Array(pixels * channels);
    for (let channel = 0; channel < channels; channel++) {
        const mean = spec.mean?.[channel] ?? 0;
        const std = spec.std?.[channel] ?? 1;
        const source = order === 'BGR' ? 2 - channel : channel;
        const step = layout === 'NHWC' ? channels : 1;
        let to = layout === 'NHWC' ? channel : channel * pixels;
        for (let from = 0; from < pixels * 3; from += 3, to += step) {
            const value = channels === 1 ? luma(rgb, from) : rgb[from + source];
            data[to] = ((spec.invert ? 255 - value : value) * scale - mean) / std;
        }
    }
    const dims = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
    return datatype === 'UINT8' ? { type: 'uint8', data: new Uint8Array(data.buffer), dims }
        : { type: 'float32', data: /** @type {Float32Array} */ (data), dims };
}

/** Brightness by ITU-R BT.601. @param {ArrayLike<number>} rgb @param {number} at */
const luma = (rgb, at) => 0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2];

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
