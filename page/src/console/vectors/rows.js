/** The vectors of one model as they come, with their labels and jobs, in memory that doubles up to a limit; then the oldest rows make way. */

/** More rows are neither drawn nor learnt in a time that a person waits. */
export const MOST_ROWS = 100_000;
export const MOST_BYTES = 256 << 20;
const FIRST_ROWS = 256;
/** The daemon cuts labels to fewer. */
const MOST_CHARACTERS = 256;

/** Rows that were written: from `begin` up to `end`. @typedef {{begin: number, end: number}} Range */

export class Rows {
    /** @param {number} dimensions of each vector @param {number} [mostRows] @param {number} [mostBytes] */
    constructor(dimensions, mostRows = MOST_ROWS, mostBytes = MOST_BYTES) {
        this.dimensions = dimensions;
        /** @type {number} */
        this.most = Math.max(1, Math.min(mostRows, Math.floor(mostBytes / (4 * dimensions))));
        /** Rows that are here. */
        this.count = 0;
        /** Rows that have ever come; those behind `most` have taken the places of the oldest. */
        this.total = 0;
        /** Rows that were left out: not all of their numbers were finite. */
        this.odd = 0;
        this.values = new Float32Array(dimensions * Math.min(FIRST_ROWS, this.most));
        /** @type {string[]} */
        this.labels = [];
        /** @type {string[]} */
        this.jobs = [];
    }

    /** @param {Float32Array} vectors one after the other @param {readonly unknown[]} labels @param {readonly unknown[]} jobs
     * @returns {Range[]} where the new ones are, in the order of their places; two where the places begin again */
    add(vectors, labels, jobs) {
        const { dimensions, most } = this, given = Math.floor(vectors.length / dimensions), before = this.total;
        for (let i = 0; i < given; i++) {
            const vector = vectors.subarray(i * dimensions, (i + 1) * dimensions);
            if (vector.every(Number.isFinite)) this.#put(vector, textOf(labels[i]), textOf(jobs[i]));
            else this.odd++;
        }
        const added = this.total - before, begin = before % most;
        if (added === 0) return [];
        if (added >= most) return [{ begin: 0, end: this.count }];
        if (begin + added <= most) return [{ begin, end: begin + added }];
        return [{ begin: 0, end: begin + added - most }, { begin, end: most }];
    }

    /** @param {number} row @returns {Float32Array<ArrayBuffer>} the numbers themselves, no copy */
    vector(row) {
        return this.values.subarray(row * this.dimensions, (row + 1) * this.dimensions);
    }

    /** How many rows had come before the one that is in a place now. @param {number} row */
    before(row) {
        return row + this.most * Math.floor((this.total - 1 - row) / this.most);
    }

    /** @param {Float32Array} vector @param {string} label @param {string} job */
    #put(vector, label, job) {
        const row = this.total++ % this.most;
        this.count = Math.max(this.count, row + 1);
        if (this.count * this.dimensions > this.values.length) {
            const more = new Float32Array(this.dimensions * Math.min(this.most, 2 * this.values.length / this.dimensions));
            more.set(this.values);
            this.values = more;
        }
        this.values.set(vector, row * this.dimensions);
        this.labels[row] = label;
        this.jobs[row] = job;
    }
}

/** @param {unknown} given @returns {string} */
const textOf = (given) => (given === null || given === undefined ? '' : String(given).slice(0, MOST_CHARACTERS));
