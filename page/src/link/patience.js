/**
 * How long things may take: a run before it is taken for a hang, a cancelled one before its worker is
 * ended. Told from what runs, steps and loads took here.
 */
import { firstLimit, formedLimit, RunTimes, silenceLimit, streamLimit, unknownLimit, WHOLE_MS } from './run_times.js';

/** @typedef {import('./attempt.js').Attempt} Attempt */
/** @typedef {import('./lane.js').Lane} Lane */
/** @typedef {import('./residents.js').Residents} Residents */

/** The least time that a cancelled run gets to end by itself: between its steps, or because the
 * answer is nearly there. */
const CANCEL_GRACE_MS = 100;
/** One that can stop gets so many of its usual steps, but no more than this. */
const GRACE_STEPS = 3;
const MOST_GRACE_MS = 5000;
/** So much is one given at the most whose worker others need. */
const MOST_GRACE_BESIDE_MS = 30000;
/** What ending a run on the GPU costs beside its models: the service then brings a fresh browser. */
const FRESH_BROWSER_MS = 2000;

export class Patience {
    /** @param {Residents} residents */
    constructor(residents) {
        this._residents = residents;
        this._runs = new RunTimes();
        this._steps = new RunTimes();
    }

    /** A run has ended well. @param {Attempt} attempt @param {number} ms of its own time @param {number} loadMs of that */
    noteRun({ key, platform, isBuiltin, isStream }, ms, loadMs) {
        // A count takes what it was asked to, and a stream what its client takes.
        if (!isBuiltin && !isStream) this._runs.note(key, platform, ms - loadMs, loadMs === 0);
    }

    /** @param {Attempt} attempt @param {number} ms that a step of it usually takes; 0: nobody knows */
    noteStep({ key, platform }, ms) {
        if (ms > 0) this._steps.note(key, platform, ms, true);
    }

    /**
     * What a run may take without a sign of life by what it took here, or with its loading elsewhere. A
     * model's own worker gives one for all that it has, unless it reads a whole text in one step, which may
     * be long. A shared worker's first run sets the engine up as well, which nothing measures: it has no limit
     * but its share of the deadline, and `silence`; nor has one of steps there, of which nobody knows how many
     * there will be: the service watches over its stream.
     * @param {Lane} lane @param {Attempt} attempt
     */
    hangLimit(lane, attempt) {
        const { key, platform, index, usualMs, committed } = attempt;
        if (lane.key !== null) {
            const isLoaded = this._residents.isLoaded(key, platform);
            if (attempt.isFormed && isLoaded) return formedLimit(lane.longestStep);
            if (committed) return streamLimit(lane.longestStep);
            return attempt.readsWhole && isLoaded ? WHOLE_MS : silenceLimit(this._stepOf(attempt));
        }
        if (attempt.isBuiltin || committed || lane.canStop(attempt)) return Infinity;
        const own = this._residents.isLoaded(key, platform) ? this._runs.limit(key, platform) : Infinity;
        // On WASM nothing hangs but the worker itself, and that where it would hang everywhere.
        if (own < Infinity || platform === 'wasm' || index > 0 || !lane.proven) return own;
        return firstLimit(usualMs);
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
            most = Math.max(most, lane.canStop(attempt) ? this._silenceOf(attempt) : WHOLE_MS);
        }
        return most || Infinity;
    }

    /** @param {Attempt} attempt that takes steps */
    _silenceOf(attempt) {
        const step = this._stepOf(attempt);
        return step < Infinity ? silenceLimit(step) : unknownLimit(attempt.usualMs);
    }

    /**
     * How long a cancelled run is left alone: 0 if its worker is better ended at once.
     * @param {Lane | undefined} lane @param {Attempt} attempt @param {number} elapsed ms since it began
     */
    grace(lane, attempt, elapsed) {
        if (lane && (lane.canStop(attempt) || lane.besides(attempt).length > 0)) return this.stopGrace(lane, attempt);
        const cost = Math.max(CANCEL_GRACE_MS, this._endingCost(attempt.platform));
        const left = this._runs.left(attempt.key, attempt.platform, elapsed);
        // What is left costs less than ending it. Where nothing is known, waiting as long as ending
        // would cost wastes at most twice what knowing the future would.
        return lane && left !== undefined && left > cost ? 0 : cost;
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
        return Math.min(MOST_GRACE_MS, Math.max(CANCEL_GRACE_MS, GRACE_STEPS * this._stepOf(attempt)));
    }

    /** A cancel may be heard no sooner than a step of any of them has ended.
     * @param {Attempt[]} attempts of one worker */
    _graceBeside(attempts) {
        const steps = attempts.map((attempt) => this._stepOf(attempt)).filter(Number.isFinite);
        return Math.min(MOST_GRACE_BESIDE_MS, Math.max(MOST_GRACE_MS, GRACE_STEPS * Math.max(0, ...steps)));
    }

    /** What a step of it usually takes; Infinity if nothing is known. @param {Attempt} attempt */
    _stepOf({ key, platform }) {
        return this._steps.usual(key, platform);
    }

    /** What it costs to end the platform's worker. @param {string} platform */
    _endingCost(platform) {
        return this._residents.reloadMs(platform) + (platform === 'webgpu' ? FRESH_BROWSER_MS : 0);
    }
}
