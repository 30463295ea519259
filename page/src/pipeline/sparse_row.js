/**
 * A row of logits of which few are known, for rules that change a row of the whole vocabulary: the others are -Infinity
 * there, and the rules leave them alone.
 */

/** @import { Best, Known } from './sampling.js' */

export class SparseRow {
    constructor() {
        this._row = new Float32Array();
    }

    /** @param {Best} best @param {(row: Float32Array) => void} change of these tokens alone @returns {Known} */
    changed({ ids, values, count, others }, change) {
        if (this._row.length !== count) this._row = new Float32Array(count).fill(-Infinity);
        const row = this._row;
        ids.forEach((id, at) => { row[id] = values[at]; });
        change(row);
        const logits = Float32Array.from(ids, (id) => row[id]);
        for (const id of ids) row[id] = -Infinity;
        return { ids, logits, others };
    }
}
