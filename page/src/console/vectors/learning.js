/** A map that learns the rows that there are, step by step, by whatever computes: the kernels on a GPU, or the reference. */
import { errorsOf, findBest, gather, influenceOf, LAST_RADIUS, moreRoom, radiusOf, roomFor, sidesFor, startOf, STEPS } from './som.js';

/** What computes the two kernels. `most`: multiplications of one call; `buffers` that it holds on the GPU, and their `bytes`.
 * @typedef {object} Computing
 * @property {string} name for people
 * @property {string} why it computes and nothing else, likewise
 * @property {number} most
 * @property {number} buffers
 * @property {number} bytes
 * @property {(data: Float32Array<ArrayBuffer>, weights: Float32Array<ArrayBuffer>, dimensions: number) => Promise<Float32Array>} distances
 * @property {(weights: Float32Array<ArrayBuffer>, data: Float32Array<ArrayBuffer>, influence: Float32Array<ArrayBuffer>, dimensions: number) => Promise<Float32Array<ArrayBuffer>>} update
 * @property {() => void} stop
 */
/** @typedef {{quantisation: number, topographic: number}} Errors */

/** Numbers of one call: of its distances or its influence, and of its rows. All buffers of a step fit into what the GPU's pools keep
 * then, so that a further step makes none; on the largest maps up to 1,000 dimensions. */
const MOST_PAIRS = 2 ** 21;
const MOST_NUMBERS = 2 ** 22;

export class Learning {
    /** @param {Computing} computing @param {import('./rows.js').Rows} rows @param {import('./components.js').Principal} principal
     * @param {{side: number, seed: number}} chosen the side is smaller where vectors are so long that such a map would be too large */
    constructor(computing, rows, principal, { side, seed }) {
        this.computing = computing;
        this.rows = rows;
        this.side = Math.min(side, ...sidesFor(rows.dimensions).slice(-1));
        this.seed = seed;
        this.weights = startOf(this.side, principal, seed);
        this.found = roomFor(rows.count);
        /** Rows whose cells are known. */
        this.placed = 0;
        /** Steps that were made. */
        this.step = 0;
        /** @type {Errors} */
        this.errors = { quantisation: 0, topographic: 0 };
        this._influence = new Float32Array(0);
        this._isLeft = false;
    }

    get isOver() {
        return this.step >= STEPS;
    }

    /** Nobody wants the map any more: the step that is being made ends before its next call, and moves no cell. */
    leave() {
        this._isLeft = true;
    }

    /** One step; after the last one, it goes on with the last radius. */
    async learn() {
        await this.place();
        if (this.placed > 0) await this.#adapt();
        this.step++;
    }

    /** Moves each cell to where the rows near it are, so many lines of cells at a time. */
    async #adapt() {
        const { side, rows: { values, dimensions }, weights } = this, radius = this.isOver ? LAST_RADIUS : radiusOf(side, this.step);
        const gathered = gather(values, this.placed, dimensions, this.found.best, side * side), updated = new Float32Array(weights.length);
        const some = Math.max(1, Math.floor(MOST_PAIRS / gathered.length / side));
        for (let begin = 0; begin < side && !this._isLeft; begin += some) {
            const end = Math.min(side, begin + some), size = gathered.length * side * (end - begin), at = dimensions * side * begin;
            if (this._influence.length < size) this._influence = new Float32Array(2 * size);
            const influence = this._influence.subarray(0, size);
            influenceOf(gathered, side, radius, influence, begin, end);
            updated.set(await this.computing.update(weights.subarray(at, dimensions * side * end), gathered.means, influence, dimensions), at);
        }
        if (!this._isLeft) this.weights = updated;
    }

    /** Finds the cells of all rows, and how well the map fits these. */
    async place() {
        const { rows, side, weights } = this, { dimensions, count } = rows, cells = side * side;
        if (this.found.best.length < count) this.found = moreRoom(this.found, Math.max(count, 2 * this.found.best.length));
        const some = Math.max(1, Math.floor(Math.min(this.computing.most / dimensions / cells, MOST_PAIRS / cells, MOST_NUMBERS / dimensions)));
        for (let row = 0; row < count && !this._isLeft; row += some) {
            const end = Math.min(count, row + some);
            findBest(await this.computing.distances(rows.values.subarray(row * dimensions, end * dimensions), weights, dimensions), cells, this.found, row);
        }
        if (this._isLeft) return;
        this.placed = count;
        this.errors = errorsOf(this.found, count, side);
    }

    /** @param {number} cell @returns {number[]} its rows */
    rowsOf(cell) {
        const rows = [];
        for (let row = 0; row < this.placed; row++) if (this.found.best[row] === cell) rows.push(row);
        return rows;
    }

    /** @returns {Uint32Array} the number of rows of each cell */
    counts() {
        const counts = new Uint32Array(this.side * this.side);
        for (let row = 0; row < this.placed; row++) counts[this.found.best[row]]++;
        return counts;
    }
}
