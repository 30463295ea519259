/**
 * How long each model runs on each platform in this page: a moving average, so that a cancelled
 * run's remaining time can be told, and a run that hangs be noticed long before its deadline.
 * Bounded: what was not used for longest is forgotten.
 */

/** The weight of the newest run. */
const WEIGHT = 0.3;
const REMEMBERED = 256;
/** A run that takes so many times what it took before, and at least so long, hangs: a busy machine
 * makes runs several times slower, not this. */
const HANG_FACTOR = 30;
const HANG_MS = 10000;
/** A model's first run here, which loads and compiles it, has at least so long. */
const FIRST_HANG_MS = 30000;
/** A model's own worker gives a sign at each of its steps, of its file's pieces, and when it is up: what comes
 * between may be a load's work, which nobody has measured. */
const SILENCE_MS = 60000;
/** One of steps in a shared worker has so long where nobody knows what a step takes: its model is loaded first. */
const UNKNOWN_MS = 180000;
/** What is computed in one piece can give no sign, and may be as long as a client waits for it, within reason. */
export const WHOLE_MS = 600000;
/** Once parts of an answer have gone its model is loaded, and the service calls its stream stalled after 30 s, or
 * three batches of a prompt: by then the worker is to be ended, so that the stream goes on in another. */
const STREAM_SILENCE_MS = 15000;
const SILENT_STEPS = 3;
/** A grammar that costs more than was foreseen holds up all that its engine computes. */
const FORMED_SILENCE_MS = 5000;
const FORMED_STEPS = 10;

/**
 * After how many milliseconds without a sign a first run, loading included, is taken for a hang.
 * @param {number} usual what it takes elsewhere; 0: nobody knows
 */
export const firstLimit = (usual) => (usual > 0 ? Math.max(FIRST_HANG_MS, HANG_FACTOR * usual) : Infinity);

/**
 * After how many milliseconds without a sign a model's own worker is taken for one that hangs.
 * @param {number} step what one of its steps usually takes; Infinity: nobody knows
 */
export const silenceLimit = (step) => (step < Infinity ? Math.max(SILENCE_MS, HANG_FACTOR * step) : SILENCE_MS);

/**
 * The same where no step of it was measured.
 * @param {number} usual what loading and running it takes elsewhere; 0: nobody knows
 */
export const unknownLimit = (usual) => Math.max(UNKNOWN_MS, HANG_FACTOR * usual);

/**
 * The same once parts of an answer have gone.
 * @param {number} longest ms that one of its steps took
 */
export const streamLimit = (longest) => Math.max(STREAM_SILENCE_MS, SILENT_STEPS * longest);

/**
 * After how many milliseconds without a sign it is the form of an answer that keeps its worker.
 * @param {number} longest ms that one of its steps took
 */
export const formedLimit = (longest) => Math.max(FORMED_SILENCE_MS, FORMED_STEPS * longest);

export class RunTimes {
    constructor() {
        /** In order of last use. @type {Map<string, {ms: number, warm: boolean}>} */
        this._times = new Map();
    }

    /**
     * A run has ended well.
     * @param {string} key of a model @param {string} platform @param {number} ms
     * @param {boolean} warm a first run, which may compile shaders, counts only until there is another
     */
    note(key, platform, ms, warm) {
        const slot = `${platform} ${key}`;
        const known = this._times.get(slot);
        if (known?.warm && !warm) return;
        this._times.delete(slot);
        this._times.set(slot, { ms: known?.warm ? known.ms + WEIGHT * (ms - known.ms) : ms, warm });
        for (const oldest of this._times.keys()) {
            if (this._times.size <= REMEMBERED) break;
            this._times.delete(oldest);
        }
    }

    /**
     * After how many milliseconds a warm run is taken for a hang; Infinity if nothing is known.
     * @param {string} key @param {string} platform
     */
    limit(key, platform) {
        return Math.max(HANG_MS, HANG_FACTOR * this.usual(key, platform));
    }

    /** Milliseconds that a warm run takes; Infinity if nothing is known. @param {string} key @param {string} platform */
    usual(key, platform) {
        const known = this._times.get(`${platform} ${key}`);
        return known?.warm ? known.ms : Infinity;
    }

    /**
     * Milliseconds that a run has still to go; undefined if nothing is known, or if the run has
     * taken longer than what is known already.
     * @param {string} key @param {string} platform @param {number} elapsed
     * @returns {number | undefined}
     */
    left(key, platform, elapsed) {
        const known = this._times.get(`${platform} ${key}`);
        return known && known.ms > elapsed ? known.ms - elapsed : undefined;
    }
}
