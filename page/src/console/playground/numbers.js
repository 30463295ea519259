/** Tensors and vectors: values, figures, distances, and which vectors are near. */

/** @typedef {{name: string, datatype: string, shape: number[], data?: any[]}} Output */

/** @type {Record<string, number>} */
const WORDS = { NaN, Infinity, '-Infinity': -Infinity };

/** @param {Output} output @returns {number[]} with true as 1; NaN if it is not a number */
export const valuesOf = ({ data = [] }) => data.map((value) =>
    (typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : WORDS[value] ?? NaN));

/** @param {Output} output one that holds a file @returns {Uint8Array<ArrayBuffer>} */
export const bytesOf = ({ data = [] }) => Uint8Array.from(data);

/** @param {number[]} values @returns {{min: number, max: number, mean: number, odd: number}} of those that are finite,
 * and how many are not */
export function figuresOf(values) {
    let min = Infinity, max = -Infinity, sum = 0, count = 0;
    for (const value of values) {
        if (!Number.isFinite(value)) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
        sum += value;
        count++;
    }
    return count ? { min, max, mean: sum / count, odd: values.length - count } : { min: NaN, max: NaN, mean: NaN, odd: values.length };
}

/** The distance of two lists. Two equal infinities, and two NaNs, do not differ.
 * @param {number[]} one @param {number[]} other @returns {{absolute: number, relative: number, at: number}} the largest
 * difference, the largest difference as a share of the larger number of a pair, and where the first is */
export function apart(one, other) {
    let absolute = 0, relative = 0, at = 0;
    for (let i = 0; i < one.length; i++) {
        if (Object.is(one[i], other[i]) || one[i] === other[i]) continue;
        const far = Math.abs(one[i] - other[i]);
        const share = far / Math.max(Math.abs(one[i]), Math.abs(other[i]));
        if (!(far <= absolute)) {
            absolute = Number.isNaN(far) ? Infinity : far;
            at = i;
        }
        if (!(share <= relative)) relative = Number.isNaN(share) ? Infinity : share;
    }
    return { absolute, relative, at };
}

/** @param {number[]} one @param {number[]} other @returns {number} NaN where one has no length */
export function cosine(one, other) {
    let product = 0, first = 0, second = 0;
    for (let i = 0; i < one.length; i++) {
        product += one[i] * other[i];
        first += one[i] * one[i];
        second += other[i] * other[i];
    }
    return Math.max(-1, Math.min(1, product / Math.sqrt(first * second)));
}

/** @param {number[][]} vectors @returns {number[][]} the cosine of each with each */
export const cosines = (vectors) => vectors.map((one) => vectors.map((other) => cosine(one, other)));

/** @param {number[][]} matrix of cosines @param {number} row @returns {{index: number, cosine: number}[]} the others, the
 * nearest first */
export const neighbours = (matrix, row) => matrix[row].map((value, index) => ({ index, cosine: value }))
    .filter(({ index }) => index !== row).sort((one, other) => other.cosine - one.cosine);

/** @param {Output} output rows and columns @returns {number[][]} */
export function rowsOf(output) {
    const values = valuesOf(output), width = output.shape[output.shape.length - 1] || 1;
    return Array.from({ length: Math.floor(values.length / width) }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** @param {number} value @returns {string} short, and told apart from its neighbours */
export function short(value) {
    if (!Number.isFinite(value)) return String(value);
    if (value === 0) return '0';
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e9) return String(value);
    return size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(5)));
}
