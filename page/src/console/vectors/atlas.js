/** The vectors of one model in all their forms: rows, their components, the points of the cloud, and the map that learns them. */
import { principalOf } from './components.js';
import { Learning } from './learning.js';
import { cellColour, PLAIN, Points } from './points.js';
import { Reference, squared } from './reference.js';
import { Rows } from './rows.js';

/** @import { Computing } from './learning.js' */
/** @import { Principal } from './components.js' */
/** Vectors of one model that came together. @typedef {{model: string, dimensions: number, vectors: Float32Array, labels: unknown[], jobs: unknown[]}} Batch */

/** Rows are learnt from the beginning once there are so many times as many; until then the map goes on from where it is. */
const GROWN = 1.25;
/** Fewer have no components. */
const LEAST_ROWS = 2;

export class Atlas {
    /** @type {Principal | null} */
    principal = null;
    /** The map that is shown: the last one that has found cells for its rows. @type {Learning | null} */
    learning = null;
    problem = '';
    points = new Points();
    /** How often anything about the rows, their components or the map has changed. */
    changes = 0;
    /** Rows that had come when the components were found; 0: they are to be found again. */
    #principalTotal = 0;
    /** Rows that had come when the last step began. */
    #learntTotal = 0;
    /** The map that learns, which is shown after its first step. @type {Learning | null} */
    #learner = null;
    /** Its rows have found their cells after its last step. */
    #isPlaced = false;
    #isOver = false;
    /** @type {ReadonlySet<number>} */
    #marked = new Set();
    /** @type {() => void} */
    #wake = () => {};

    /** @param {string} model @param {number} dimensions @param {() => void} changed @param {() => Promise<void>} breathe lets the page draw */
    constructor(model, dimensions, changed, breathe) {
        /** @type {{side: number, seed: number} | null} */
        this.chosen = null;
        /** @type {Computing | null} */
        this.computing = null;
        this.model = model;
        this.rows = new Rows(dimensions);
        this._changed = changed;
        this.breathe = breathe;
    }

    /** Whether all rows that are here have found their cells, which move no more. */
    get isSettled() {
        return this.#isPlaced && this.rows.total === this.#learntTotal;
    }

    /** @param {Batch} batch */
    add({ vectors, labels, jobs }) {
        const ranges = this.rows.add(vectors, labels, jobs);
        if (this.principal) for (const range of ranges) this.points.place(this.rows, this.principal, range);
        this.changes++;
        this.#wake();
    }

    /** Learns from the beginning, as if all rows had come at once: the same seed gives the same map. @param {{side: number, seed: number}} chosen */
    begin(chosen) {
        this.chosen = chosen;
        if (this.#principalTotal < this.rows.total) this.#principalTotal = 0;
        this.#forget();
        this.#wake();
    }

    /** @param {ReadonlySet<number>} rows */
    mark(rows) {
        this.#marked = rows;
        this.#colour();
    }

    stop() {
        this.#isOver = true;
        this.#forget();
        this.#wake();
    }

    /** Learns what there is, until it is stopped. @param {Computing} computing */
    async run(computing) {
        this.computing = computing;
        while (!this.#isOver) {
            try {
                await this.#turn();
            } catch (error) {
                if (this.computing instanceof Reference) throw error;
                this.problem = `${computing.name} does not compute any more (${error instanceof Error ? error.message : error}); JavaScript does.`;
                this.computing = new Reference(this.breathe, `${computing.name} does not any more`);
                this.#forget();
            }
        }
        computing.stop();
    }

    /** @param {Float32Array} vector @returns {number} the cell that is nearest to it; -1: there is no map yet */
    cellOf(vector) {
        if (!this.learning) return -1;
        const { weights, side } = this.learning, { dimensions } = this.rows;
        let best = 0, least = Infinity;
        for (let cell = 0; cell < side * side; cell++) {
            const distance = squared(vector, 0, weights, cell * dimensions, dimensions);
            if (distance < least) [best, least] = [cell, distance];
        }
        return best;
    }

    /** The cell of a row; -1: it is not known yet. @param {number} row */
    cellOfRow(row) {
        return this.learning && row < this.learning.placed ? this.learning.found.best[row] : -1;
    }

    /** Does the next of what is to be done, or waits until there is something. @returns {Promise<void>} */
    async #turn() {
        const { rows, chosen, computing } = this;
        if (rows.count < LEAST_ROWS || !chosen || !computing) return this.#news();
        if (!this.principal || rows.total >= GROWN * this.#principalTotal) return this.#find();
        const learner = this.#learner ??= new Learning(computing, rows, this.principal, chosen), isLast = learner.isOver && rows.total === this.#learntTotal;
        if (isLast && this.#isPlaced) return this.#news();
        this.#isPlaced = false;
        this.#learntTotal = rows.total;
        await (isLast ? learner.place() : learner.learn());
        if (learner === this.#learner) {
            this.learning = learner;
            this.#isPlaced = isLast;
            this.#colour();
        }
        this.#tell();
        return this.breathe();
    }

    #tell() {
        this.changes++;
        this._changed();
    }

    /** Finds the components of what there is, and places all rows along them. */
    async #find() {
        const { rows, points } = this, total = rows.total;
        this.principal = await principalOf(rows, this.breathe);
        this.#principalTotal = total;
        points.reach = 0;
        points.place(rows, this.principal, { begin: 0, end: rows.count });
        this.#forget();
        this.#tell();
    }

    /** The next step is the first one of another map. */
    #forget() {
        this.#learner?.leave();
        this.#learner = null;
        this.#isPlaced = false;
    }

    #colour() {
        const { learning } = this;
        this.points.colour((row) => {
            const cell = this.cellOfRow(row);
            return learning && cell >= 0 ? cellColour(cell, learning.side) : PLAIN;
        }, this.#marked);
    }

    /** @returns {Promise<void>} when something has come, or was chosen */
    #news() {
        return new Promise((resolve) => { this.#wake = resolve; });
    }
}
