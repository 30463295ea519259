/**
 * The engine on WASM: each model on as many threads as measured best for it. How many threads there
 * are is one setting for a whole instance of onnxruntime-web: hence two instances, one with all the
 * threads that this session may use, and one with a single one. Every model begins on all threads;
 * when it moves, and when that is measured, is thread_trial.js. What has to be loaded for that is
 * loaded while there is nothing else to do.
 */
import { sizeOf } from '../shared/model.js';
import { fetchFiles } from './fetch.js';
import { ThreadTrial } from './thread_trial.js';

/** @typedef {import('./ort.js').OrtEngine} OrtEngine */
/** @typedef {import('../shared/messages.js').EngineSettings} EngineSettings */
/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** A model whose threads are measured. @typedef {{trial: ThreadTrial, model: RunMessage['model']}} Tried */

/** A model of more bytes is not loaded twice: WASM memory that has grown stays. */
const LARGEST_BYTES = 256 << 20;
/** So long after a run the helper threads may still spin. */
const SPIN_MS = 100;

export class WasmEngine {
    /**
     * @param {OrtEngine} all on all threads that there are @param {OrtEngine} one on a single one
     * @param {number} [largest] bytes of a model that may be loaded twice
     */
    constructor(all, one, largest = LARGEST_BYTES) {
        this.name = all.name;
        this.platform = all.platform;
        this.version = all.version;
        this.info = all.info;
        this.steps = all.steps;
        this._sides = { all, one };
        this._largest = largest;
        this._threads = 1;
        /** @type {Map<string, Tried>} */
        this._tried = new Map();
        /** The model that ran last, if it is to be loaded or unloaded somewhere. @type {string | null} */
        this._due = null;
        this._stepping = false;
        this._spunAt = -Infinity;
    }

    /** The instance with one thread makes no helpers, so that it cannot get stuck.
     * @param {(up: boolean) => void} tell when the other begins to come up, and when it has */
    set onStart(tell) {
        this._sides.all.onStart = tell;
    }

    /** The thread count counts until the first load only. @param {EngineSettings} settings */
    configure(settings) {
        this._threads = settings.threads;
        this._sides.all.configure(settings);
        this._sides.one.configure({ ...settings, threads: 1 });
    }

    /** What one thread does for is started when the first model is tried there. */
    start() {
        return this._sides.all.start();
    }

    memory() {
        return this._sides.all.memory();
    }

    /** @param {string} key */
    has(key) {
        return this._sides.all.has(key) || this._sides.one.has(key);
    }

    get loadedCount() {
        return this._sides.all.loadedCount + this._sides.one.loadedCount;
    }

    /** Whether none of its threads is busy doing nothing. */
    get isQuiet() {
        return performance.now() - this._spunAt > SPIN_MS;
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends it between its steps @param {import('./engine.js').Take} [take] */
    async load(task, onProgress, cancelled, take) {
        const { all } = this._sides;
        const { key, model } = task;
        await all.open(key, await fetchFiles(model, all.credential, onProgress, cancelled), take);
        if (this._threads > 1 && sizeOf(model) <= this._largest) {
            this._tried.set(key, { trial: new ThreadTrial(() => performance.now()), model });
        }
    }

    /** @param {string} key */
    async unload(key) {
        this._tried.delete(key);
        if (this._due === key) this._due = null;
        await Promise.all([this._sides.all.unload(key), this._sides.one.unload(key)]);
    }

    /** Runs a loaded model, as OrtEngine does. @param {RunMessage} task @param {import('./run.js').Run} run */
    async run(task, run) {
        const { key } = task;
        const trial = this._tried.get(key)?.trial;
        const side = trial ? trial.side : 'all';
        const outcome = await this._sides[side].run(task, run);
        if (side === 'all' && this._threads > 1) this._spunAt = performance.now();
        if (trial) this._note(key, trial, outcome.inferenceMs);
        return outcome;
    }

    /** @param {string} key @param {ThreadTrial} trial @param {number} ms */
    _note(key, trial, ms) {
        trial.note(ms);
        if (trial.wantsBoth || this._idleSide(key, trial)) this._due = key;
    }

    /** Where the model is loaded and not needed any more. @param {string} key @param {ThreadTrial} trial */
    _idleSide(key, { home }) {
        if (home === null) return null;
        const other = home === 'all' ? 'one' : 'all';
        return this._sides[other].has(key) ? other : null;
    }

    /** There is nothing to do for the moment: what is due is loaded or unloaded, beside what comes. */
    async rest() {
        const key = this._due;
        const tried = key === null ? undefined : this._tried.get(key);
        if (key === null || !tried || this._stepping) return;
        this._due = null;
        this._stepping = true;
        try {
            if (tried.trial.wantsBoth) await this._loadOther(key, tried);
            const idle = this._idleSide(key, tried.trial);
            if (idle) await this._sides[idle].unload(key);
        } catch {
            tried.trial.giveUp();
        }
        this._stepping = false;
    }

    /** @param {string} key @param {Tried} tried */
    async _loadOther(key, tried) {
        const other = tried.trial.side === 'all' ? this._sides.one : this._sides.all;
        const files = await fetchFiles(tried.model, other.credential, () => {}, new AbortController().signal);
        const began = performance.now();
        await other.open(key, files);
        if (this._tried.get(key) !== tried) await other.unload(key); // it was unloaded meanwhile
        else tried.trial.begin(performance.now() - began);
    }
}
