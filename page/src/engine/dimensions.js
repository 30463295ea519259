/** Embeddings of fewer dimensions than a model makes: the first of them. */
import { Failure } from './failure.js';

/**
 * @template {number[] | Float32Array} Row
 * @param {Row} row @param {number | undefined} dimensions @param {boolean} normalize to the length 1
 * @returns {Row} @throws {Failure} if there are not so many
 */
export function shortened(row, dimensions, normalize) {
    if (dimensions === undefined || dimensions === row.length) return row;
    if (dimensions > row.length) {
        throw new Failure('input_invalid', `the model's embeddings have ${row.length} dimensions`,
            { field: 'options.dimensions', expected: `at most ${row.length}` });
    }
    const short = /** @type {Row} */ (row.slice(0, dimensions));
    return normalize ? normalized(short) : short;
}

/** The same direction with the length 1. @template {number[] | Float32Array} Row @param {Row} row @returns {Row} */
export function normalized(row) {
    let sum = 0;
    for (const value of row) sum += value * value;
    return sum > 0 ? /** @type {Row} */ (row.map((value) => value / Math.sqrt(sum))) : row;
}
