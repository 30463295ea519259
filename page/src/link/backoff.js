/** Exponential backoff with full jitter: each wait is uniform between 0 and a doubling cap. */

export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 5000;

export class Backoff {
    /** @param {() => number} [random] uniform in [0, 1) */
    constructor(random = Math.random) {
        this._random = random;
        this._failures = 0;
    }

    /** Milliseconds to wait before the next try. */
    next() {
        const cap = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(this._failures, 30));
        this._failures++;
        return this._random() * cap;
    }

    reset() {
        this._failures = 0;
    }
}
