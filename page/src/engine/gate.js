/** Who runs in an engine: several beside each other, or one alone, in the order in which they came. */
import { cancelled } from './failure.js';

/** @typedef {{isAlone: boolean, enter: () => void}} Waiting */

export class Gate {
    constructor() {
        this._inside = 0;
        this._isClosed = false; /* one of them is alone */
        /** @type {Waiting[]} */
        this._waiting = [];
    }

    /** Who has entered leaves, too. @param {boolean} isAlone @param {AbortSignal} signal
     * @returns {Promise<void>} @throws {Failure} if it was cancelled before */
    enter(isAlone, signal) {
        return new Promise((resolve, reject) => {
            const leave = () => {
                this._waiting.splice(this._waiting.indexOf(waiting), 1);
                reject(cancelled());
                this._admit();
            };
            const enter = () => {
                signal.removeEventListener('abort', leave);
                resolve();
            };
            const waiting = { isAlone, enter };
            this._waiting.push(waiting);
            signal.addEventListener('abort', leave, { once: true });
            if (signal.aborted) leave();
            else this._admit();
        });
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
