/** The rows that are nearest to a vector, by the distance that the map has. */
import { squared } from './reference.js';

/** @typedef {{row: number, distance: number}} Near */

/** @param {import('./rows.js').Rows} rows @param {Float32Array} vector @param {number} most @param {number} [besides] a row that is left out
 * @returns {Near[]} the nearest first; of equally near ones the earlier row first */
export function nearest({ values, count, dimensions }, vector, most, besides = -1) {
    /** @type {Near[]} */
    const found = [];
    for (let row = 0; row < count; row++) {
        if (row === besides) continue;
        const distance = squared(values, row * dimensions, vector, 0, dimensions);
        if (found.length === most && distance >= found[most - 1].distance) continue;
        const at = found.findIndex((one) => distance < one.distance);
        found.splice(at < 0 ? found.length : at, 0, { row, distance });
        if (found.length > most) found.pop();
    }
    return found.map(({ row, distance }) => ({ row, distance: Math.sqrt(distance) }));
}
