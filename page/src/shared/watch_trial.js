/**
 * Whether it pays to stay awake for the next message. It does where cores are idle: to fall asleep and
 * be woken can take as long as a tiny model. It does not where other programs want the cores, or what
 * the message comes through has none left to run on. So the time until the next message is measured:
 * mostly as it is better, and now and then, for a few messages, the other way.
 */

/** Messages that are looked at together, and those before them that are not counted. */
const BLOCK = 24;
const UNCOUNTED = 2;
/** The other way is tried after so many blocks, and after twice as many each time it was no better … */
const EVERY = 8;
const EVERY_MAX = 64;
/** … and taken when it was better by this share, so often in a row. */
const BETTER = 0.95;
const WINS = 2;

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

export class WatchTrial {
    constructor() {
        this._settled = true; /* whether it watches, but for trials */
        this._trying = false;
        /** Of the present block, in ms. @type {number[]} */
        this._waits = [];
        this._uncounted = UNCOUNTED;
        this._usual = 0; /* median of the last block where it is settled */
        this._blocks = 0; /* since the last trial */
        this._every = EVERY;
        this._wins = 0;
    }

    /** Whether to stay awake for the next message. */
    get watches() {
        return this._trying ? !this._settled : this._settled;
    }

    /** The next message has come after so long. @param {number} ms */
    note(ms) {
        if (this._uncounted > 0) return void this._uncounted--;
        this._waits.push(ms);
        if (this._waits.length < BLOCK) return;
        const wait = median(this._waits);
        this._waits = [];
        if (this._trying) this._judge(wait < this._usual * BETTER);
        else this._pass(wait);
    }

    /** @param {number} wait */
    _pass(wait) {
        this._usual = wait;
        if (++this._blocks < this._every) return;
        this._blocks = 0;
        this._turn(true);
    }

    /** @param {boolean} won */
    _judge(won) {
        this._turn(false);
        this._wins = won ? this._wins + 1 : 0;
        this._every = won ? 1 : Math.min(EVERY_MAX, Math.max(EVERY, 2 * this._every));
        if (this._wins < WINS) return;
        this._settled = !this._settled;
        this._wins = 0;
        this._every = EVERY;
    }

    /** @param {boolean} trying */
    _turn(trying) {
        this._trying = trying;
        this._uncounted = UNCOUNTED;
    }
}
