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
/**
 * … and taken when its wait was less than this share of those just before and after it, so often in a row.
 * To sleep where cores are idle costs a third, and one block can take half as long as the next for
 * no reason that lasts; where sleeping is right, to stay awake costs several times as much.
 */
const SLEEP_BELOW = 0.75;
const WATCH_BELOW = 0.95;
const WINS = 3;

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
        this._tried = NaN; /* that of a trial just before the present block */
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
        if (this._trying) this._try(wait);
        else this._pass(wait);
    }

    /** @param {number} wait */
    _try(wait) {
        this._tried = wait;
        this._turn(false);
    }

    /** @param {number} wait */
    _pass(wait) {
        const usual = Math.min(this._usual, wait);
        this._usual = wait;
        if (!Number.isNaN(this._tried)) this._judge(this._tried / usual);
        if (++this._blocks < this._every) return;
        this._blocks = 0;
        this._turn(true);
    }

    /** @param {number} share of the trial's wait in the shorter of those around it */
    _judge(share) {
        this._tried = NaN;
        if (share < (this._settled ? SLEEP_BELOW : WATCH_BELOW)) return this._win();
        this._every = this._wins ? EVERY : Math.min(EVERY_MAX, 2 * this._every);
        this._wins = 0;
    }

    /** The other way was better: it is tried again at once, or taken. */
    _win() {
        this._every = 1;
        if (++this._wins < WINS) return;
        this._settled = !this._settled;
        this._wins = 0;
        this._every = EVERY;
        this._usual = Infinity;
        this._uncounted = UNCOUNTED;
    }

    /** @param {boolean} trying */
    _turn(trying) {
        this._trying = trying;
        this._uncounted = UNCOUNTED;
    }
}
