/**
 * How long things may take: a run before it is taken for a hang, a cancelled one before its worker is
 * ended. Told from what runs, steps and loads took here.
 */

/** @import { Attempt } from './attempt.js' */
/** @import { Lane } from './lane.js' */
/** @import { Residents } from './residents.js' */

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
const WHOLE_MS = 600000;
/** Once parts of an answer have gone its model is loaded, and the service calls its stream stalled after 30 s, or
 * three batches of a prompt: by then the worker is to be ended, so that the stream goes on in another. */
const STREAM_SILENCE_MS = 15000;
const SILENT_STEPS = 3;
/** A grammar that costs more than was foreseen holds up all that its engine computes. */
const FORMED_SILENCE_MS = 5000;
const FORMED_STEPS = 10;

/** The least time that a cancelled run gets to end by itself: between its steps, or because the
 * answer is nearly there. */
const CANCEL_GRACE_MS = 100;
/** One that can stop gets so many of its usual steps, or what ending its worker costs, but no more than this. */
const GRACE_STEPS = 3;
const MOST_GRACE_MS = 5000;
/** So much is one given at the most whose worker others need. */
const MOST_GRACE_BESIDE_MS = 30000;
/** What ending a run on the GPU costs beside its models: the service then brings a fresh browser. */
const FRESH_BROWSER_MS = 2000;

/** The weight of the newest run. */
const WEIGHT = 0.3;
/** Of so many models on their platforms it is known how long they run: those that ran last. */
const REMEMBERED = 256;

/** How long each model takes on each platform: a moving average. */
export class Times {
    constructor() {
        /** In order of last use. @type {Map<string, {ms: number, warm: boolean}>} */
        this._times = new Map();
    }

    /** @param {Attempt} attempt @param {number} ms
     * @param {boolean} warm a first run, which may compile shaders, counts only until there is another */
    note({ key, platform }, ms, warm) {
        const slot = `${platform} ${key}`;
        const known = this._times.get(slot);
        if (known?.warm && !warm) return;
        this._times.delete(slot);
        this._times.set(slot, { ms: known?.warm ? known.ms + WEIGHT * (ms - known.ms) : ms, warm });
        const [oldest] = this._times.keys();
        if (this._times.size > REMEMBERED) this._times.delete(oldest);
    }

    /** Milliseconds that one takes as a rule; Infinity if nothing is known.
     * @param {Attempt} attempt @param {boolean} [warm] whether a first one does not count */
    usual({ key, platform }, warm = true) {
        const known = this._times.get(`${platform} ${key}`);
        return known && (known.warm || !warm) ? known.ms : Infinity;
    }
}

export class Limits {
    /** @param {Residents} residents */
    constructor(residents) {
        this._residents = residents;
        this._runs = new Times();
        this._steps = new Times();
    }

    /** A run has ended well. @param {Attempt} attempt @param {number} ms of its own time @param {number} loadMs of that */
    noteRun(attempt, ms, loadMs) {
        // A count takes what it was asked to, a stream what its client takes, and a benchmark many runs.
        if (!attempt.isBuiltin && !attempt.isStream && !attempt.benchmark) this._runs.note(attempt, ms - loadMs, loadMs === 0);
    }

    /** @param {Attempt} attempt @param {number} ms that a step of it usually takes; 0: nobody knows */
    noteStep(attempt, ms) {
        if (ms > 0) this._steps.note(attempt, ms, true);
    }

    /**
     * What a run may take without a sign of life by what it took here, or with its loading elsewhere. A
     * model's own worker gives one for all that it has, unless it reads a whole text in one step, which may
     * be long. A shared worker's first run sets the engine up as well, which nothing measures: it has no limit
     * but its share of the deadline, and `silence`; nor has one of steps there, of which nobody knows how many
     * there will be: the service watches over its stream.
     * @param {Lane} lane @param {Attempt} attempt
     */
    hang(lane, attempt) {
        const isLoaded = this._residents.isLoaded(attempt.key, attempt.platform);
        if (lane.key !== null) return this._hangAlone(lane, attempt, isLoaded);
        if (attempt.isBuiltin || attempt.committed || lane.canStop(attempt)) return Infinity;
        const own = isLoaded ? Math.max(HANG_MS, HANG_FACTOR * this._runs.usual(attempt)) : Infinity;
        // On WASM nothing hangs but the worker itself, and that where it would hang everywhere.
        if (own < Infinity || attempt.platform === 'wasm' || attempt.index > 0 || !lane.proven) return own;
        return attempt.usualMs > 0 ? Math.max(FIRST_HANG_MS, HANG_FACTOR * attempt.usualMs) : Infinity;
    }

    /** In a model's own worker. @param {Lane} lane @param {Attempt} attempt @param {boolean} isLoaded */
    _hangAlone({ longestStep }, attempt, isLoaded) {
        if (attempt.isFormed && isLoaded) return Math.max(FORMED_SILENCE_MS, FORMED_STEPS * longestStep);
        if (attempt.committed) return Math.max(STREAM_SILENCE_MS, SILENT_STEPS * longestStep);
        const isWhole = attempt.kernel !== null || attempt.program !== null || (attempt.readsWhole && isLoaded);
        return isWhole ? WHOLE_MS : this._silenceOf(attempt, SILENCE_MS);
    }

    /** Whether it must be the attempt's grammar that keeps a silent worker, which then hears of no cancel.
     * @param {Lane} lane @param {Attempt} attempt */
    isHeldBy(lane, attempt) {
        return lane.key !== null && attempt.isFormed && !attempt.cancelled && this._residents.isLoaded(attempt.key, attempt.platform)
            && !lane.besides(attempt).some((other) => other.isFormed);
    }

    /**
     * How long a shared worker may say nothing at all, whatever it does, while any run there owes a sign: the most
     * that is left to one of them. An expression of a folder's tokenizer may be as stuck as a graph.
     * @param {Lane} lane @returns {number} Infinity where none owes any
     */
    silence(lane) {
        let most = 0;
        if (lane.key !== null) return Infinity;
        for (const attempt of lane.outstanding.values()) {
            if (attempt.isBuiltin || attempt.waitsForClient) continue;
            const unknown = Math.max(UNKNOWN_MS, HANG_FACTOR * attempt.usualMs);
            most = Math.max(most, lane.steps.includes(attempt.engine) ? this._silenceOf(attempt, unknown) : WHOLE_MS);
        }
        return most || Infinity;
    }

    /** How long one that takes steps may give no sign. @param {Attempt} attempt @param {number} unknown where nobody knows
     * what a step of it takes */
    _silenceOf(attempt, unknown) {
        const step = this._steps.usual(attempt);
        return step < Infinity ? Math.max(SILENCE_MS, HANG_FACTOR * step) : unknown;
    }

    /**
     * How long a cancelled run is left alone: 0 if its worker is better ended at once.
     * @param {Lane | undefined} lane @param {Attempt} attempt @param {number} elapsed ms since it began
     */
    grace(lane, attempt, elapsed) {
        if (lane && (lane.canStop(attempt) || lane.besides(attempt).length > 0)) return this.stopGrace(lane, attempt);
        const cost = this._costOf(attempt);
        const left = this._runs.usual(attempt, false) - elapsed;
        // What is left costs less than ending it. Where nothing is known, or more was taken than is known, waiting as
        // long as ending would cost wastes at most twice what knowing the future would.
        return lane && left < Infinity && left > cost ? 0 : cost;
    }

    /** How long a run may take to stop, where it can or others would be lost with its worker.
     * @param {Lane} lane @param {Attempt} attempt */
    stopGrace(lane, attempt) {
        const others = lane.besides(attempt);
        // It is no fault of its own that it is not heard.
        if (attempt.waits) return MOST_GRACE_BESIDE_MS;
        if (others.length > 0) return this._graceBeside([attempt, ...others]);
        // To end the worker would cost its model.
        if (lane.key !== null) return MOST_GRACE_MS;
        // A busy machine takes many times as long for a short step.
        return Math.min(MOST_GRACE_MS, Math.max(this._costOf(attempt), GRACE_STEPS * this._steps.usual(attempt)));
    }

    /** What ending the attempt's shared worker costs, in ms. @param {Attempt} attempt */
    _costOf({ platform }) {
        const freshMs = platform === 'webgpu' ? FRESH_BROWSER_MS : 0;
        return Math.max(CANCEL_GRACE_MS, this._residents.reloadMs(platform) + freshMs);
    }

    /** A cancel may be heard no sooner than a step of any of them has ended.
     * @param {Attempt[]} attempts of one worker */
    _graceBeside(attempts) {
        const steps = attempts.map((attempt) => this._steps.usual(attempt)).filter(Number.isFinite);
        return Math.min(MOST_GRACE_BESIDE_MS, Math.max(MOST_GRACE_MS, GRACE_STEPS * Math.max(0, ...steps)));
    }
}
