/**
 * Whether a model runs on one WASM thread or on all of them, decided by what its runs took. More
 * threads are not always faster: onnxruntime-web's helpers spin, so that on cores which have other
 * work to do each run waits for a helper that is not let run. And they go on spinning for some 50 ms
 * after every run, at the cost of whatever else the cores are for.
 *
 *   alone → wanted → measuring → settled → wanted again, when the runs take longer or shorter than
 *                                          they did, and from time to time
 *
 * While it is measured, runs go to both sides by turns, some on all threads, some on one, twice each:
 * a load that comes and goes then meets both. Where the two blocks of a side differ, something else
 * ran meanwhile, and all are measured once more. What other cores have to do does not show in runs on
 * one thread, nor that it ends: hence the next measurement comes soon after the first, and each of
 * those after it later. The clock is handed in.
 */

/** @typedef {'all' | 'one'} Side */

/** A block of runs ends with so many, the first of which is not counted: it compiles, or finds the
 * caches cold … */
const BLOCK_MIN = 3;
const BLOCK_MAX = 16;
/** … or earlier, when it has taken so long, in ms. */
const BLOCK_MS = 250;
/** @type {readonly Side[]} */
const BLOCKS = ['all', 'one', 'all', 'one'];
/** What one thread may take more than all, as a share and in ms, and is preferred all the same: it
 * leaves the other cores to others. */
const WORTH_SHARE = 0.05;
const WORTH_MS = 0.3;
/** A side whose two blocks differ by this factor was disturbed, and so often at most it is measured
 * before one of it is made all the same. */
const DISTURBED = 1.25;
const ROUNDS = 4;
/** So many runs are looked at together to see whether the machine's load has changed: that they take
 * longer or shorter than these shares of what was measured. */
const WINDOW = 16;
const LONGER = 1.3;
const SHORTER = 0.8;
/** Between two measurements lies at least this, in ms; it doubles while nothing comes of them … */
const PAUSE_MS = 8000;
const PAUSE_MAX_MS = 64 * PAUSE_MS;
/** … after a change of load this at least … */
const CHANGED_MS = 5000;
/** … and so many times what a measurement cost: to load the model on the other side, and to run it
 * on the slower one. */
const PAUSE_COSTS = 30;

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** @param {number[]} list */
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Whether blocks of one side took the same. @param {number[]} blocks ms of a run */
const isCalm = (blocks) => Math.max(...blocks) <= Math.min(...blocks) * DISTURBED + WORTH_MS;

export class ThreadTrial {
    /** @param {() => number} now milliseconds, monotonic */
    constructor(now) {
        this._now = now;
        /** @type {Side} */
        this._settled = 'all';
        /** @type {'alone' | 'wanted' | 'measuring' | 'settled'} */
        this._state = 'alone';
        this._block = 0;
        /** Of the present block, or of the window. @type {number[]} */
        this._runs = [];
        this._first = true;
        /** The blocks' medians, of this round and of those before. @type {Record<Side, number[]>} */
        this._taken = { all: [], one: [] };
        /** What was counted, all rounds. @type {Record<Side, {runs: number, ms: number}>} */
        this._spent = { all: { runs: 0, ms: 0 }, one: { runs: 0, ms: 0 } };
        this._loadMs = 0;
        this._usual = 0; /* median of a run where it was settled */
        this._pause = PAUSE_MS;
        this._earliest = 0; /* of the next measurement, whatever happens */
        this._due = 0; /* of the next one, if nothing happens */
    }

    /** Where the next run goes. @returns {Side} */
    get side() {
        return this._state === 'measuring' ? BLOCKS[this._block] : this._settled;
    }

    /** Whether the model is to be loaded on the other side too, when there is nothing else to do. */
    get wantsBoth() {
        return this._state === 'wanted';
    }

    /** Where it is to stay loaded; null while both sides are needed. @returns {Side | null} */
    get home() {
        return this._state === 'settled' ? this._settled : null;
    }

    /** It is loaded on both sides now. @param {number} loadMs what that took */
    begin(loadMs) {
        this._state = 'measuring';
        this._block = 0;
        this._taken = { all: [], one: [] };
        this._spent = { all: { runs: 0, ms: 0 }, one: { runs: 0, ms: 0 } };
        this._loadMs = loadMs;
        this._clear();
    }

    /** It could not be loaded on the other side: it stays where it is, for good. */
    giveUp() {
        this._state = 'settled';
        this._earliest = this._due = Infinity;
    }

    /** A run where `side` said has taken so long. @param {number} ms */
    note(ms) {
        if (this._first) {
            this._first = false;
            return;
        }
        this._runs.push(ms);
        if (this._state === 'measuring') this._measure(this._runs);
        else if (this._state === 'alone' && this._runs.length >= BLOCK_MIN) this._state = 'wanted';
        else if (this._state === 'settled' && this._runs.length >= WINDOW) this._watch(median(this._runs));
    }

    /** @param {number[]} runs */
    _measure(runs) {
        const sum = runs.reduce((total, ms) => total + ms, 0);
        if (runs.length < BLOCK_MIN || (runs.length < BLOCK_MAX && sum < BLOCK_MS)) return;
        const side = BLOCKS[this._block];
        this._taken[side].push(median(runs));
        this._spent[side].runs += runs.length;
        this._spent[side].ms += sum;
        this._clear();
        this._block = (this._block + 1) % BLOCKS.length;
        if (this._block === 0) this._judge();
    }

    /** A round has ended: it counts alone if nothing disturbed it; if all were disturbed, all count. */
    _judge() {
        const { all, one } = this._taken;
        const calm = isCalm(all.slice(-2)) && isCalm(one.slice(-2));
        if (!calm && all.length < 2 * ROUNDS) return;
        const counted = calm ? -2 : 0;
        this._decide(mean(all.slice(counted)), mean(one.slice(counted)), calm);
    }

    /** @param {number} all @param {number} one milliseconds of a run @param {boolean} calm */
    _decide(all, one, calm) {
        const better = one <= Math.max(all * (1 + WORTH_SHARE), all + WORTH_MS) ? 'one' : 'all';
        const now = this._now();
        this._usual = better === 'one' ? one : all;
        const again = calm && better === this._settled;
        this._pause = again ? Math.min(2 * this._pause, PAUSE_MAX_MS) : PAUSE_MS;
        this._earliest = now + Math.max(CHANGED_MS, PAUSE_COSTS * this._cost(better));
        this._due = Math.max(this._earliest, now + this._pause);
        this._settled = better;
        this._state = 'settled';
    }

    /** What the measurement took more than if there had been none, in ms. @param {Side} better */
    _cost(better) {
        const { runs, ms } = this._spent[better === 'one' ? 'all' : 'one'];
        return this._loadMs + Math.max(0, ms - runs * this._usual);
    }

    /** @param {number} recent median of the last runs */
    _watch(recent) {
        const now = this._now();
        const changed = recent > this._usual * LONGER + WORTH_MS || recent < this._usual * SHORTER - WORTH_MS;
        this._runs = [];
        if (now >= (changed ? this._earliest : this._due)) this._state = 'wanted';
    }

    _clear() {
        this._runs = [];
        this._first = true;
    }
}
