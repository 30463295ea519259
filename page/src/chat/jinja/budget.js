/** Limits on one rendering, since templates come from outside. Its time is limited by the worker that it runs in. */
import { wrong } from './errors.js';

/** Nodes of the template that are evaluated, and values that are looked at. */
const MAX_STEPS = 20_000_000;
/** Items of all lists that a template makes. */
const MAX_ITEMS = 4_000_000;
/** Characters of all texts together that it makes. */
const MAX_MADE = 0x10000000;
/** Macros and recursive loops within each other. */
const MAX_DEPTH = 100;

export class Budget {
    /** @param {number} limit of one text, in characters @param {string} reason where that is from */
    constructor(limit, reason) {
        this._limit = limit;
        this._reason = reason;
        this._steps = 0;
        this._items = 0;
        this._made = 0;
        this._depth = 0;
    }

    /** @param {number} [count] */
    step(count = 1) {
        this._steps += count;
        if (this._steps > MAX_STEPS) throw wrong(`it takes more than ${MAX_STEPS} steps`);
    }

    /** A list of so many items is made. @param {number} count */
    list(count) {
        this._items += count;
        if (this._items > MAX_ITEMS) throw wrong(`it makes lists of more than ${MAX_ITEMS} items`);
    }

    /** A text of so many characters is to be made. @param {number} length */
    room(length) {
        this._made += length;
        if (length > this._limit) throw wrong(`it makes a text of more than ${this._limit} characters (${this._reason})`);
        if (this._made > MAX_MADE) throw wrong(`it makes texts of more than ${MAX_MADE} characters together`);
    }

    /** @param {string} made @returns {string} */
    text(made) {
        this.room(made.length);
        return made;
    }

    /** @template T @param {() => T} run @returns {T} */
    deeper(run) {
        if (++this._depth > MAX_DEPTH) throw wrong(`it calls itself more than ${MAX_DEPTH} levels deep`);
        const made = run();
        this._depth--;
        return made;
    }
}
