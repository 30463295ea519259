/**
 * The engine on WASM: a small model that is about as fast on one thread as on all of them runs on
 * one. onnxruntime-web's helper threads go on spinning for some 50 ms after every run that they had
 * a part in, so that a model of half a millisecond, asked for twenty times a second, keeps every core
 * busy. How many threads there are is one setting for a whole instance of onnxruntime-web: hence two.
 *
 * Every model begins on all threads. Which is better is measured on the requests as they come, and
 * what has to be loaded for that is loaded while there is nothing else to do.
 */
import { fetchFiles } from './fetch.js';

/** @typedef {import('./ort.js').OrtEngine} OrtEngine */
/** @typedef {import('./fetch.js').Files} Files */
/** @typedef {import('../shared/messages.js').EngineSettings} EngineSettings */
/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** A model that one thread may do for: where it is loaded, its files, the runs where it runs now and
 * the fastest of them, how many of late were long, and the fastest on all threads.
 * @typedef {{on: 'all' | 'both' | 'one', files: Files, runs: number, best: number, long: number, onAll: number}} Trial */

/** A file beyond this, in bytes, is not held in memory for a trial. */
const SMALL_BYTES = 4 << 20;
/** So many runs, of which the fastest counts: the first ones compile, and what is hot is compiled again. */
const RUNS = 32;
/** After so many a model that is still not short is given up. */
const MOST_RUNS = 256;
/** A model that takes longer than this on all threads, in ms, has a use for them … */
const SHORT_MS = 1;
/** … and so has one that they make faster by more than this … */
const WORTH_MS = 0.5;
/** … or whose runs take longer than this on one: it was given more to do. A busy machine makes a run
 * of many as long, so that several must come close together: each of the others takes a share back. */
const LONG_MS = 10;
const LONG_RUNS = 3;
const LONG_SHARE = 0.1;
/** So long after a run the helper threads may still spin. */
const SPIN_MS = 100;

export class WasmEngine {
    /** @param {OrtEngine} all on all threads that there are @param {OrtEngine} one on a single one */
    constructor(all, one) {
        this.name = all.name;
        this.platform = all.platform;
        this.version = all.version;
        this.info = all.info;
        this.steps = all.steps;
        this._all = all;
        this._one = one;
        this._threads = 1;
        /** @type {Map<string, Trial>} */
        this._trials = new Map();
        /** The model that ran last, if its trial has come to a step. @type {string | null} */
        this._due = null;
        this._stepping = false;
        this._spunAt = -Infinity;
    }

    /** The instance with one thread makes no helpers, so that it cannot get stuck.
     * @param {(up: boolean) => void} tell when the other begins to come up, and when it has */
    set onStart(tell) {
        this._all.onStart = tell;
    }

    /** The thread count counts until the first load only. @param {EngineSettings} settings */
    configure(settings) {
        this._threads = settings.threads;
        this._all.configure(settings);
        this._one.configure({ ...settings, threads: 1 });
    }

    /** What one thread does for is started when the first model is tried there. */
    start() {
        return this._all.start();
    }

    memory() {
        return this._all.memory();
    }

    /** @param {string} key */
    has(key) {
        return this._all.has(key) || this._one.has(key);
    }

    get loadedCount() {
        return this._all.loadedCount + this._one.loadedCount;
    }

    /** Whether none of its threads is busy doing nothing. */
    get isQuiet() {
        return performance.now() - this._spunAt > SPIN_MS;
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends it between its steps */
    async load(task, onProgress, cancelled) {
        const files = await fetchFiles(task.model, this._all.credential, onProgress, cancelled);
        await this._all.open(task.key, files);
        if (this._threads > 1 && files.bytes.byteLength <= SMALL_BYTES) {
            this._trials.set(task.key, { on: 'all', files, runs: 0, best: Infinity, long: 0, onAll: Infinity });
        }
    }

    /** @param {string} key */
    async unload(key) {
        this._trials.delete(key);
        if (this._due === key) this._due = null;
        await Promise.all([this._all.unload(key), this._one.unload(key)]);
    }

    /** Runs a loaded model, as OrtEngine does. @param {RunMessage} task */
    async run(task) {
        const { key } = task;
        const alone = this._one.has(key);
        const outcome = await (alone ? this._one : this._all).run(task);
        if (!alone && this._threads > 1) this._spunAt = performance.now();
        const trial = this._trials.get(key);
        if (trial) this._note(key, trial, alone, outcome.inferenceMs);
        return outcome;
    }

    /** @param {string} key @param {Trial} trial @param {boolean} alone @param {number} ms */
    _note(key, trial, alone, ms) {
        if (trial.runs++ === 0) return; // that one compiles
        trial.best = Math.min(trial.best, ms);
        if (alone) trial.long = ms > LONG_MS ? trial.long + 1 : Math.max(0, trial.long - LONG_SHARE);
        if (!this._stepping && isDue(trial)) this._due = key;
    }

    /** There is nothing to do for the moment: a trial may take its next step, beside what comes. */
    async rest() {
        const key = this._due;
        const trial = key === null ? undefined : this._trials.get(key);
        this._due = null;
        if (key === null || !trial || this._stepping) return;
        this._stepping = true;
        try {
            await this._step(key, trial);
        } catch {
            this._trials.delete(key); // it stays where it is
        }
        this._stepping = false;
    }

    /** @param {string} key @param {Trial} trial */
    async _step(key, trial) {
        if (trial.on === 'all' && trial.best <= SHORT_MS) {
            await this._open(this._one, key, trial);
            Object.assign(trial, { on: 'both', onAll: trial.best, runs: 0, best: Infinity });
        } else if (trial.on === 'both' && !isLong(trial) && trial.best <= trial.onAll + WORTH_MS) {
            trial.on = 'one';
            await this._all.unload(key);
        } else {
            if (trial.on === 'one') await this._open(this._all, key, trial);
            this._trials.delete(key);
            await this._one.unload(key);
        }
    }

    /** @param {OrtEngine} engine @param {string} key @param {Trial} trial */
    async _open(engine, key, trial) {
        await engine.open(key, trial.files);
        if (this._trials.get(key) !== trial) await engine.unload(key); // it was unloaded meanwhile
    }
}

/** @param {Trial} trial */
const isLong = ({ long }) => long >= LONG_RUNS;

/** Whether a trial has come to its next step. @param {Trial} trial */
function isDue(trial) {
    switch (trial.on) {
    case 'all': return trial.runs >= (trial.best <= SHORT_MS ? RUNS : MOST_RUNS);
    case 'both': return trial.runs >= RUNS || isLong(trial);
    case 'one': return isLong(trial);
    }
}
