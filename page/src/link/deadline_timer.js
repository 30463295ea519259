/** One timer for everything that becomes due. Clock and timer are passed in. */

/** Timers count in 31 bits, and fire at once for larger times. So one that is due later fires early, once in 24
 * days. */
const MOST_MS = 2 ** 31 - 1;

export class DeadlineTimer {
    /**
     * @param {{now: () => number, setTimer: (run: () => void, ms: number) => any, clearTimer: (timer: any) => void}} clock
     * @param {() => void} ring called when something is due; it sets what comes next
     */
    constructor(clock, ring) {
        this._clock = clock;
        this._ring = ring;
        /** @type {any} */
        this._timer = undefined;
        this._due = Infinity;
    }

    /** Rings at `due` at the latest, but for what is left of a millisecond: timers take whole ones, and one that is rounded
     * down rings before anything is due, only to be set once more. @param {number} due on the clock; Infinity: never */
    set(due) {
        if (due >= this._due) return;
        this._clock.clearTimer(this._timer);
        this._due = due;
        this._timer = this._clock.setTimer(() => {
            this._due = Infinity;
            this._ring();
        }, Math.min(MOST_MS, Math.max(0, Math.ceil(due - this._clock.now()))));
    }
}
