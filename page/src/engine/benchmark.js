/**
 * Runs a model or a kernel several times in a row and measures it, for POST /v1/benchmark
 * (webinfer-compute(7)). The measured function, the clock and the work between two runs are passed in.
 */
import { Sha256 } from '../shared/sha256.js';

/** @import { Outcome } from './engine.js' */
/** @import { BenchmarkOrder } from '../shared/messages.js' */
/**
 * @typedef {object} Around
 * @property {number} clockMs the resolution of the clock
 * @property {() => number} now ms of the benchmark's own time, by that clock
 * @property {() => Promise<Outcome>} once runs it
 * @property {(done: number, all: number) => Promise<void>} between is awaited before each sample
 * @property {() => number} others another number when something else was computed there
 */
/** One of the runs that are measured, or several in a row, of which it is the mean. `wholeMs` is that of all of them.
 * @typedef {{ms: number, gpuMs: number | null, wholeMs: number, isDisturbed: boolean}} Sample */

/** A sample lasts at least so many times the resolution of the clock, */
const TICKS = 20;
/** and the first so many ms, so that a request's overhead and a short interruption weigh little. */
const FIRST_LEAST_MS = 4;
/** A run that takes less than a millionth of that cannot be measured. */
const REPEATS_MOST = 1e6;
/** The number of steps of the clock that are observed, and the most readings for that. */
const STEPS = 8;
const LOOKS_MOST = 1e7;

export class Benchmark {
    /** @param {BenchmarkOrder} order @param {Around} around */
    constructor({ runs, warmup, profile = false }, around) {
        this._runs = runs;
        this._warmup = warmup;
        this._around = around;
        this._leastMs = TICKS * around.clockMs;
        this._repeats = 1;
        this._repeatsMost = profile ? 1 : REPEATS_MOST; /* a profile is of the runs that were asked for, however short */
        /** @type {Sample[]} */
        this._samples = [];
        this._firstMs = -1;
        this._others = around.others();
        /** The outcome of the last run. @type {Outcome | null} */
        this._outcome = null;
    }

    /** @returns {Promise<{outcome: Outcome, measured: Record<string, any>}>} the last run's, which is to be disposed of */
    async run() {
        try {
            for (let i = 0; i < this._warmup; i++) await this._sample(i);
            while (this._samples.length < this._runs) this._keep(await this._sample(this._warmup + this._samples.length));
        } catch (thrown) {
            this._outcome?.dispose?.();
            throw thrown;
        }
        const outcome = /** @type {Outcome} */ (this._outcome);
        return { outcome, measured: this._measured(outcome) };
    }

    /** @param {number} done @returns {Promise<Sample>} */
    async _sample(done) {
        const { between, now, once, others } = this._around;
        await between(done, this._warmup + this._runs);
        /** @type {number | null} */
        let gpuMs = 0;
        const began = now();
        for (let i = 0; i < this._repeats; i++) {
            this._outcome?.dispose?.();
            this._outcome = null;
            this._outcome = await once();
            gpuMs = gpuMs === null || typeof this._outcome.gpuMs !== 'number' ? null : gpuMs + this._outcome.gpuMs;
        }
        const wholeMs = Math.max(0, now() - began), ms = wholeMs / this._repeats, seen = others();
        const isDisturbed = seen !== this._others;
        this._others = seen;
        if (this._firstMs < 0) this._firstMs = ms;
        return { ms, gpuMs: gpuMs === null ? null : gpuMs / this._repeats, wholeMs, isDisturbed };
    }

    /** If a sample is too short, the earlier ones are too: all are taken again, with more runs each.
     * @param {Sample} sample */
    _keep(sample) {
        const least = this._samples.length > 0 ? this._leastMs : Math.max(this._leastMs, FIRST_LEAST_MS);
        if (sample.wholeMs >= least || this._repeats === this._repeatsMost) return void this._samples.push(sample);
        const factor = Math.max(2, 2 * Math.max(least, FIRST_LEAST_MS) / Math.max(sample.wholeMs, this._around.clockMs / 2));
        this._repeats = Math.min(this._repeatsMost, Math.ceil(factor * this._repeats));
        this._samples = [];
    }

    /** @param {Outcome} outcome */
    _measured(outcome) {
        const gpuMs = this._samples.map((sample) => sample.gpuMs);
        return {
            first_ms: this._firstMs, run_ms: this._samples.map(({ ms }) => ms),
            gpu_ms: gpuMs.includes(null) ? null : gpuMs, threads: outcome.threads ?? null,
            repeats: this._repeats, clock_ms: this._around.clockMs,
            disturbed: this._samples.flatMap(({ isDisturbed }, index) => (isDisturbed ? [index] : [])),
            output_hash: hashOf(outcome),
        };
    }
}

/** The least step of a clock, in ms. @param {() => number} clock */
export function resolutionOf(clock) {
    let least = Infinity, last = clock();
    for (let looks = 0, steps = 0; steps < STEPS && looks < LOOKS_MOST; looks++) {
        const now = clock();
        if (now <= last) continue;
        least = Math.min(least, now - last);
        last = now;
        steps++;
    }
    return Number.isFinite(least) ? least : 0;
}

/** SHA-256 of a run's outputs: for each tensor the name, datatype and shape, each ended by NUL, and the bytes; then the
 * result as JSON, without its times. @param {Outcome} outcome */
export function hashOf({ tensors, result }) {
    const hash = new Sha256(), utf8 = new TextEncoder();
    for (const { name, datatype, shape, bytes } of tensors) {
        hash.add(utf8.encode(`${name}\0${datatype}\0${shape}\0`));
        hash.add(bytes);
    }
    const { timings, usage, ...rest } = result ?? {};
    if (result !== undefined) hash.add(utf8.encode(JSON.stringify(rest)));
    return hash.end();
}
