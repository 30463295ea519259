/**
 * Time limits: after which a run counts as a hang, and after which a cancelled run costs its worker. They depend on
 * how long runs, steps and loads took here.
 */

/** @import { Attempt } from './attempt.js' */
/** @import { Lane } from './lane.js' */
/** @import { Residents } from './residents.js' */

/** A run hangs if it takes so many times as long as before, and at least so long: a busy machine makes runs
 * several times slower, but not this much. */
const HANG_FACTOR = 30;
const HANG_MS = 10000;
/** The shortest limit for a model's first run here, which loads and compiles it. */
const FIRST_HANG_MS = 30000;
/** A model's own worker gives a sign at each of its steps, at each piece of its file, and when it is up. The time
 * between can be the work of a load, which is not measured. */
const SILENCE_MS = 60000;
/** The limit for a run of steps in a shared worker if the time of a step is unknown: its model is loaded first. */
const UNKNOWN_MS = 180000;
/** A run in one piece can give no sign, and may take as long as a client reasonably waits. */
const WHOLE_MS = 600000;
/** Once parts of an answer have been sent, its model is loaded, and the service considers the stream stalled after 30 s,
 * or three batches of a prompt. The worker must have ended by then, so that the stream continues in another. */
const STREAM_SILENCE_MS = 15000;
const SILENT_STEPS = 3;
/** A grammar that costs more than was foreseen delays everything that its engine computes. */
const FORMED_SILENCE_MS = 5000;
const FORMED_STEPS = 10;

/** The shortest time that a cancelled run gets to end by itself: between its steps, or because the
 * answer is nearly complete. */
const CANCEL_GRACE_MS = 100;
/** A cancelled run that can stop gets so many of its usual steps, or the cost of ending its worker, but at most this. */
const GRACE_STEPS = 3;
const MOST_GRACE_MS = 5000;
/** The most for a cancelled run whose worker others need. */
const MOST_GRACE_BESIDE_MS = 30000;
/** The cost of ending a run on the GPU, in addition to its models: the service then brings a fresh browser. */
const FRESH_BROWSER_MS = 2000;

/** The weight of the newest run. */
const WEIGHT = 0.3;
/** The times of so many models on their platforms are remembered: those that ran last. */
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

    /** The usual milliseconds; Infinity if unknown.
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
        // The time of a count depends on its request, that of a stream on its client; a benchmark is many runs.
        if (!attempt.isBuiltin && !attempt.isStream && !attempt.benchmark) this._runs.note(attempt, ms - loadMs, loadMs === 0);
    }

    /** @param {Attempt} attempt @param {number} ms the usual time of its steps; 0: unknown */
    noteStep(attempt, ms) {
        if (ms > 0) this._steps.note(attempt, ms, true);
    }

    /**
     * How long a run may take without a sign of life, from its times here, or its times elsewhere including the
     * load. A model's own worker gives a sign for all of its runs, unless it reads a whole text in one step, which
     * can be long. A shared worker's first run also sets the engine up, which is not measured: its only limits are
     * its share of the deadline and `silence`. The same applies to a run of steps there, because the number of its
     * steps is unknown; the service watches its stream.
     * @param {Lane} lane @param {Attempt} attempt
     */
    hang(lane, attempt) {
        const isLoaded = this._residents.isLoaded(attempt.key, attempt.platform);
        if (lane.key !== null) return this._hangAlone(lane, attempt, isLoaded);
        if (attempt.isBuiltin || attempt.committed || lane.canStop(attempt)) return Infinity;
        const own = isLoaded ? Math.max(HANG_MS, HANG_FACTOR * this._runs.usual(attempt)) : Infinity;
        // On WASM only the worker itself can hang, and then it would hang everywhere.
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

    /** Whether only the attempt's grammar can be keeping a silent worker busy, which then hears no cancel.
     * @param {Lane} lane @param {Attempt} attempt */
    isHeldBy(lane, attempt) {
        return lane.key !== null && attempt.isFormed && !attempt.cancelled && this._residents.isLoaded(attempt.key, attempt.platform)
            && !lane.besides(attempt).some((other) => other.isFormed);
    }

    /**
     * How long a shared worker may be silent, whatever it does, while any run there owes a sign: the longest limit of
     * these runs. An expression of a folder's tokenizer can hang like a graph.
     * @param {Lane} lane @returns {number} Infinity if no run owes a sign
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

    /** How long a run of steps may give no sign. @param {Attempt} attempt @param {number} unknown the limit if the time of
     * its steps is unknown */
    _silenceOf(attempt, unknown) {
        const step = this._steps.usual(attempt);
        return step < Infinity ? Math.max(SILENCE_MS, HANG_FACTOR * step) : unknown;
    }

    /**
     * How long a cancelled run may continue: 0 if it is better to end its worker at once.
     * @param {Lane | undefined} lane @param {Attempt} attempt @param {number} elapsed ms since it began
     */
    grace(lane, attempt, elapsed) {
        if (lane && (lane.canStop(attempt) || lane.besides(attempt).length > 0)) return this.stopGrace(lane, attempt);
        const cost = this._costOf(attempt);
        const left = this._runs.usual(attempt, false) - elapsed;
        // The rest of the run costs less than ending the worker. If its time is unknown, or it took longer than the known
        // time, waiting for as long as ending costs wastes at most twice as much as knowing the future would.
        return lane && left < Infinity && left > cost ? 0 : cost;
    }

    /** How long a run may take to stop, if it can stop, or if others would be lost with its worker.
     * @param {Lane} lane @param {Attempt} attempt */
    stopGrace(lane, attempt) {
        const others = lane.besides(attempt);
        // It is not the run's fault that the cancel is not heard.
        if (attempt.waits) return MOST_GRACE_BESIDE_MS;
        if (others.length > 0) return this._graceBeside([attempt, ...others]);
        // Ending the worker would cost its model.
        if (lane.key !== null) return MOST_GRACE_MS;
        // On a busy machine, a short step takes many times as long.
        return Math.min(MOST_GRACE_MS, Math.max(this._costOf(attempt), GRACE_STEPS * this._steps.usual(attempt)));
    }

    /** The cost of ending the attempt's shared worker, in ms. @param {Attempt} attempt */
    _costOf({ platform }) {
        const freshMs = platform === 'webgpu' ? FRESH_BROWSER_MS : 0;
        return Math.max(CANCEL_GRACE_MS, this._residents.reloadMs(platform) + freshMs);
    }

    /** A cancel may not be heard before a step of any of them has ended.
     * @param {Attempt[]} attempts of one worker */
    _graceBeside(attempts) {
        const steps = attempts.map((attempt) => this._steps.usual(attempt)).filter(Number.isFinite);
        return Math.min(MOST_GRACE_BESIDE_MS, Math.max(MOST_GRACE_MS, GRACE_STEPS * Math.max(0, ...steps)));
    }
}
