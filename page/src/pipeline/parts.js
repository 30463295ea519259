/** Parts of an output, wherever it is: of one that a run has left on a GPU, only they are read. */
import { softmax } from '../engine/picture.js';
import { floats } from '../engine/tensors.js';

/** @import { Span } from './gpu_pooling.js' */
/** @import { Loaded } from './loading.js' */
/** @typedef {Pick<Loaded, 'gpu' | 'compute'>} Reading */
/** @typedef {{index: number, probability: number}} Class */

/** Outputs with a vector for each token, and all that a run may leave on a GPU. */
export const OF_TOKENS = Object.freeze(['last_hidden_state', 'token_embeddings', 'hidden_states']);
export const LEAVABLE = Object.freeze(['logits', ...OF_TOKENS]);

/** A tensor of transformers.js. @typedef {any} Output */

/** @param {Output} output */
const isThere = (output) => output.location === 'gpu-buffer';

/** @param {Reading} reading @param {Output} output @param {readonly number[]} indices of rows of its last dimension
 * @returns {Promise<Float32Array[]>} */
export async function rowsOf({ gpu, compute }, output, indices) {
    if (gpu && isThere(output)) return compute(() => gpu.logits.rows(output.ort_tensor, indices));
    const values = floats(output), width = output.dims.at(-1);
    return indices.map((index) => values.subarray(index * width, (index + 1) * width));
}

/** The likeliest classes, at least so many, and how likely each is among all, in the order of the classes.
 * @param {Reading} reading @param {Output} logits of one row @param {number} count @returns {Promise<Class[]>} */
export async function likeliestOf(reading, logits, count) {
    const { gpu, compute } = reading;
    const best = gpu && isThere(logits) ? await compute(() => gpu.logits.best(logits.ort_tensor, { best: count, ids: [] })) : null;
    if (best) return sharesOf(best);
    const [row] = await rowsOf(reading, logits, [0]);
    return softmax(Array.from(row)).map((probability, index) => ({ index, probability }));
}

/** @param {import('./sampling.js').Best} best @returns {Class[]} */
function sharesOf({ ids, values, others: { top, sum } }) {
    const powers = Array.from(values, (value) => Math.exp(value - top)), all = powers.reduce((total, power) => total + power, sum);
    return powers.map((power, at) => ({ index: ids[at], probability: power / all }));
}

/** The mean of some tokens' vectors for each text.
 * @param {Reading} reading @param {Output} output [texts, tokens, width] @param {readonly Span[]} spans of each text
 * @returns {Promise<Float32Array[]>} */
export async function meansOf({ gpu, compute }, output, spans) {
    if (gpu && isThere(output)) {
        const means = await compute(() => gpu.pooling.means(output.ort_tensor, spans));
        if (means) return means;
        await compute(() => output.ort_tensor.getData(true));
    }
    const values = floats(output), [, length, width] = output.dims;
    return spans.map((span, text) => mean(values.subarray(text * length * width, (text + 1) * length * width), width, span));
}

/** @param {Float32Array} vectors of a text @param {number} width @param {Span} span */
function mean(vectors, width, { from, to }) {
    const sum = new Float64Array(width);
    for (let at = from * width; at < to * width; at++) sum[at % width] += vectors[at];
    return Float32Array.from(sum, (value) => value / Math.max(1, to - from));
}
