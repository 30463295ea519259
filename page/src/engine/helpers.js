/** The helper threads of an onnxruntime-web with several: after each run they go on spinning for a while, each on a
 * core that others could have. */

/** So long after a run they may still spin: about 50 ms, and the time until they are let run for these. */
const SPIN_MS = 100;

export class Helpers {
    constructor() {
        this._spunAt = -Infinity;
    }

    /** They have computed just now. */
    note() {
        this._spunAt = performance.now();
    }

    /** Whether none of them is busy doing nothing. */
    get areQuiet() {
        return performance.now() - this._spunAt > SPIN_MS;
    }
}
