/**
 * Whether a model runs on one WASM thread or on all of them, decided by what its runs took. More
 * threads are not always faster: onnxruntime-web's helpers spin, so that on cores which have other
 * work to do each run waits for a helper that is not let run. And they go on spinning for about a
 * millisecond after every run, at the cost of whatever else the cores are for.
 *
 *   alone → wanted → measuring → settled → wanted again, when the runs take longer or shorter than
 *                                          they did, and from time to time
 *
 * What it takes where it runs is known for nothing; what it takes on the other side costs clients time.
 * So a few runs go there, and only where these say that it belongs there, or where nothing is known yet,
 * a few more go to both sides by turns: a load that comes and goes then meets both. What other cores have
 * to do does not show in runs on one thread, nor that it ends: hence it is looked at from time to time.
 * The clock is handed in.
 */

/** @typedef {'all' | 'one'} Side */

/** A block of runs on one side ends with so many, or when it has taken so long, in ms. The run before
 * it is not counted: it compiles, finds the caches cold, or meets helpers that spin still. */
const BLOCK_MAX = 8;
const BLOCK_MS = 100;
/** What one thread may take more than all, as a share and in ms, and is preferred all the same: it
 * leaves the other cores to others. */
const WORTH_SHARE = 0.05;
const WORTH_MS = 0.3;
/** So many of its last blocks each side is judged by, and so often at most both are measured before
 * all blocks together decide. */
const AGREEING = 2;
const ROUNDS = 4;
/** That the machine's load has changed is seen by runs which take longer or shorter than these shares
 * of what they took. So many are looked at together, or those of so long, in ms, if there are enough. */
const LONGER = 1.3;
const SHORTER = 0.8;
const WINDOW_MAX = 16;
const WINDOW_MIN = 4;
const WINDOW_MS = 250;
/** After a measurement nothing is measured for so long, in ms, whatever happens; unless something does,
 * for this time, which doubles while nothing comes of it. */
const CHANGED_MS = 1000;
const PAUSE_MS = 8000;
const PAUSE_MAX_MS = 8 * PAUSE_MS;
/** And not before the model's runs have taken so many times what the last measurement cost: to bring the
 * model to the other side, and to run it on the slower one. Time in which nobody asks for it pays for
 * nothing. */
const CHANGED_COSTS = 20;
const PAUSE_COSTS = 100;

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** @param {number[]} list */
const total = (list) => list.reduce((sum, value) => sum + value, 0);

/** @param {number[]} list */
const mean = (list) => total(list) / list.length;

/** @param {Side} side @returns {Side} */
export const otherThan = (side) => (side === 'all' ? 'one' : 'all');

/** @param {number} all @param {number} one milliseconds of a run @returns {Side} */
const better = (all, one) => (one <= Math.max(all * (1 + WORTH_SHARE), all + WORTH_MS) ? 'one' : 'all');

export class ThreadTrial {
    /** @param {() => number} now milliseconds, monotonic */
    constructor(now) {
        this._now = now;
        /** @type {Side} */
        this._settled = 'all';
        /** @type {'alone' | 'wanted' | 'measuring' | 'settled'} */
        this._state = 'alone';
        /** Of what is measured: where the next run goes. @type {Side} */
        this._side = 'all';
        /** Of the present block, or of the window. @type {number[]} */
        this._runs = [];
        this._first = true;
        /** Whether there was a decision before. */
        this._known = false;
        /** The blocks' medians. @type {Record<Side, number[]>} */
        this._taken = { all: [], one: [] };
        /** All runs while it is measured. @type {Record<Side, number[]>} */
        this._spent = { all: [], one: [] };
        this._loadMs = 0;
        this._usual = 0; /* median of a run where it was settled */
        this._pause = PAUSE_MS;
        this._earliest = 0; /* of the next measurement, whatever happens */
        this._due = 0; /* of the next one, if nothing happens */
        this._cost = 0; /* of the last one, in ms */
        this._worked = 0; /* what the runs since then took, in ms */
    }

    /** Where the next run goes. @returns {Side} */
    get side() {
        return this._state === 'measuring' ? this._side : this._settled;
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
        this._loadMs = loadMs;
        this._spent = { all: [], one: [] };
        this._turnTo(otherThan(this._settled));
    }

    /** It cannot be loaded on the other side: it stays where it is, for good. */
    giveUp() {
        this._state = 'settled';
        this._earliest = this._due = Infinity;
    }

    /** It is not to be had on both sides for now: it stays where it was, and that costs as much as a measurement in
     * vain. */
    callOff() {
        if (this._state !== 'wanted' && this._state !== 'measuring') return;
        this._usual = /** @type {number} */ (this._taken[this._settled].at(-1));
        this._pause = Math.min(2 * this._pause, PAUSE_MAX_MS);
        this._earliest = this._due = this._now() + this._pause;
        this._settle(this._loadMs);
    }

    /** A run where `side` said has taken so long. @param {number} ms */
    note(ms) {
        if (this._state === 'wanted') return;
        if (this._state === 'measuring') this._spent[this._side].push(ms);
        else this._worked += ms;
        if (this._first) {
            this._first = false;
            return;
        }
        this._runs.push(ms);
        if (this._state === 'measuring') this._measure();
        else if (this._state === 'alone') this._meet();
        else if (this._state === 'settled') this._watch();
    }

    _isBlock() {
        return this._runs.length >= BLOCK_MAX || total(this._runs) >= BLOCK_MS;
    }

    /** What it takes where it began is the first that is known. */
    _meet() {
        if (this._isBlock()) this._want(median(this._runs));
    }

    /** @param {number} recent what it takes where it is, in ms */
    _want(recent) {
        this._state = 'wanted';
        this._taken = { all: [], one: [] };
        this._taken[this._settled].push(recent);
    }

    _measure() {
        if (!this._isBlock()) return;
        this._taken[this._side].push(median(this._runs));
        if (this._side !== this._settled) this._judge();
        if (this._state === 'measuring') this._turnTo(otherThan(this._side));
    }

    /** Both sides have as many blocks: it is decided if each of the last ones says the same against each
     * of the other side's. */
    _judge() {
        const all = this._taken.all.slice(-AGREEING), one = this._taken.one.slice(-AGREEING);
        const rounds = this._taken.all.length;
        const said = new Set(all.flatMap((ms) => one.map((other) => better(ms, other))));
        const stays = this._known && rounds === 1 && said.has(this._settled);
        if (said.size === 1 && (rounds >= AGREEING || stays)) this._decide(mean(all), mean(one), true);
        else if (rounds >= ROUNDS) this._decide(mean(this._taken.all), mean(this._taken.one), false);
    }

    /** @param {number} all @param {number} one milliseconds of a run @param {boolean} calm */
    _decide(all, one, calm) {
        const side = better(all, one);
        const again = this._known && calm && side === this._settled;
        const now = this._now();
        this._usual = side === 'one' ? one : all;
        // The first measurement is not one too many.
        const cost = this._known ? this._costOf(otherThan(side)) : 0;
        this._pause = again ? Math.min(2 * this._pause, PAUSE_MAX_MS) : PAUSE_MS;
        this._earliest = now + CHANGED_MS;
        this._due = now + this._pause;
        this._known = true;
        this._settled = side;
        this._settle(cost);
    }

    /** @param {number} cost of the measurement, in ms */
    _settle(cost) {
        this._state = 'settled';
        this._cost = cost;
        this._worked = 0;
        this._clear();
    }

    /** What the measurement took more than if there had been none, in ms. @param {Side} worse */
    _costOf(worse) {
        const spent = this._spent[worse];
        return this._loadMs + Math.max(0, total(spent) - spent.length * this._usual);
    }

    /** Looks at the last runs together. */
    _watch() {
        const count = this._runs.length;
        if (count < WINDOW_MIN || (count < WINDOW_MAX && total(this._runs) < WINDOW_MS)) return;
        const recent = median(this._runs);
        this._runs = [];
        // What takes no longer than all threads have to win by is at home on one.
        if (this._settled === 'one' && recent <= WORTH_MS) return;
        const changed = recent > this._usual * LONGER + WORTH_MS || recent < this._usual * SHORTER - WORTH_MS;
        const [from, costs] = changed ? [this._earliest, CHANGED_COSTS] : [this._due, PAUSE_COSTS];
        if (this._now() >= from && this._worked >= costs * this._cost) this._want(recent);
    }

    /** @param {Side} side */
    _turnTo(side) {
        this._side = side;
        this._clear();
    }

    _clear() {
        this._runs = [];
        this._first = true;
    }
}
