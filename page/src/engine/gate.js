/** Admits runs to an engine: several at a time, or one alone, in the order in which they came. */
import { inLine } from './failure.js';

/** @typedef {{isAlone: boolean, enter: () => void}} Waiting */

export class Gate {
    constructor() {
        this._inside = 0;
        this._isClosed = false; /* one of them is alone */
        /** @type {Waiting[]} */
        this._waiting = [];
    }

    /** Each call that succeeds needs a call of `leave`. @param {boolean} isAlone @param {AbortSignal} signal
     * @returns {Promise<void>} @throws {Failure} if it was cancelled before */
    enter(isAlone, signal) {
        const entered = inLine(this._waiting, (enter) => ({ isAlone, enter }), signal, () => this._admit());
        this._admit();
        return entered;
    }

    leave() {
        this._inside--;
        if (this._inside === 0) this._isClosed = false;
        this._admit();
    }

    _admit() {
        while (this._waiting.length > 0 && this._takes(this._waiting[0])) {
            const { isAlone, enter } = /** @type {Waiting} */ (this._waiting.shift());
            this._inside++;
            this._isClosed = isAlone;
            enter();
        }
    }

    /** @param {Waiting} waiting */
    _takes({ isAlone }) {
        return !this._isClosed && (!isAlone || this._inside === 0);
    }
}
