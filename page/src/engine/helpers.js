/** The helper threads of an onnxruntime-web with several: after each run they look for the next one before they sleep,
 * each on a core that others could have. */

/** So long after a run they may still look: for about a millisecond of their own time (page/changes.mjs), on cores that
 * they may have to share meanwhile. */
const SPIN_MS = 5;

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
