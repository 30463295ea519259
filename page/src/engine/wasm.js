/**
 * The engine on WASM: each model on as many threads as measured best for it. How many threads there
 * are is one setting for a whole instance of onnxruntime-web: hence two instances, one with all the
 * threads that this session may use, and one with a single one. Every model begins on all threads;
 * when it moves, and when that is measured, is thread_trial.js. What has to be loaded for that is
 * loaded while there is nothing else to do, and stays for the next time, unless its memory is wanted.
 */
import { sizeOf } from '../shared/model.js';
import { Failure } from './failure.js';
import { fetchFiles } from './fetch.js';
import { otherThan, ThreadTrial } from './thread_trial.js';

/** @typedef {import('./ort.js').OrtEngine} OrtEngine */
/** @typedef {import('../shared/messages.js').EngineSettings} EngineSettings */
/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** A model whose threads are measured. @typedef {{trial: ThreadTrial, model: RunMessage['model']}} Tried */
/** The second copy of a model that is being loaded. @typedef {{key: string, stop: AbortController, done: Promise<void>}} Copying */

/** So many bytes of models are loaded twice, those that came to it last: to load one again would cost more
 * than to measure it, and WASM memory that has grown does not get smaller. */
const TWICE_BYTES = 256 << 20;

export class WasmEngine {
    /**
     * @param {OrtEngine} all on all threads that there are @param {OrtEngine} one on a single one
     * @param {number} [twice] bytes of models that may be loaded on both
     */
    constructor(all, one, twice = TWICE_BYTES) {
        this.name = all.name;
        this.platform = all.platform;
        this.version = all.version;
        this.info = all.info;
        this.steps = all.steps;
        this._sides = { all, one };
        this._twice = twice;
        this._threads = 1;
        /** In the order in which they came to be loaded, or loaded twice. @type {Map<string, Tried>} */
        this._tried = new Map();
        /** The model that ran last, if it is to be loaded on its other side. @type {string | null} */
        this._due = null;
        /** @type {Copying | null} */
        this._copying = null;
        /** @type {(message: import('../shared/messages.js').EngineNews) => void} */
        this._tell = () => {};
    }

    /** The instance with one thread makes no helpers, so that it cannot get stuck.
     * @param {(message: import('../shared/messages.js').EngineNews) => void} tell */
    set tell(tell) {
        this._tell = tell;
        this._sides.all.tell = tell;
    }

    get tell() {
        return this._tell;
    }

    /** The thread count counts until the first load only. @param {EngineSettings} settings */
    configure(settings) {
        this._threads = settings.threads;
        this._sides.all.configure(settings);
        this._sides.one.configure({ ...settings, threads: 1 });
    }

    /** What one thread does for is started when the first model is tried there. */
    /** @param {(loaded: number, total: number) => void} [onProgress] */
    start(onProgress) {
        return this._sides.all.start(onProgress);
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

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends it between its steps @param {import('./engine.js').Take} [take] */
    async load(task, onProgress, cancelled, take) {
        const { all } = this._sides;
        const { key, model } = task;
        const files = await fetchFiles(model, all.credential, onProgress, cancelled, all.store);
        // It was unloaded meanwhile, and what is still created of it goes first.
        if (this._copying?.key === key) await this._copying.done;
        await all.open(key, files, take);
        if (this._threads > 1 && sizeOf(model) <= this._twice) {
            this._tried.set(key, { trial: new ThreadTrial(() => performance.now()), model });
        }
    }

    /** @param {string} key */
    async unload(key) {
        this._forget(key);
        this._tried.delete(key);
        if (this._isTwice(key)) this.tell({ type: 'twice', key, bytes: 0 });
        await Promise.all([this._sides.all.unload(key), this._sides.one.unload(key)]);
    }

    /** It is not to be loaded twice. @param {string} key */
    _forget(key) {
        if (this._due === key) this._due = null;
        if (this._copying?.key === key) this._copying.stop.abort();
    }

    /** Keeps a model only where it is at home. Not while it runs. @param {string} key */
    async once(key) {
        const trial = this._tried.get(key)?.trial;
        if (!trial) return;
        this._forget(key);
        trial.callOff();
        const { home } = trial;
        if (home === null || !this._isTwice(key)) return;
        this.tell({ type: 'twice', key, bytes: 0 });
        await this._sides[otherThan(home)].unload(key);
    }

    /** Runs a loaded model, as OrtEngine does. @param {RunMessage} task @param {import('./run.js').Run} run */
    async run(task, run) {
        const { key } = task;
        const trial = this._tried.get(key)?.trial;
        const side = trial ? trial.side : 'all';
        const outcome = await this._sides[side].run(task, run);
        if (trial) this._note(key, trial, outcome.inferenceMs);
        return outcome;
    }

    /** @param {string} key @param {ThreadTrial} trial @param {number} ms */
    _note(key, trial, ms) {
        trial.note(ms);
        if (!trial.wantsBoth) return;
        if (this._sides[otherThan(trial.side)].has(key)) trial.begin(0);
        else this._due = key;
    }

    /** There is nothing to do for the moment: what is due is loaded on its other side, beside what comes. */
    async rest() {
        const key = this._due;
        const tried = key === null ? undefined : this._tried.get(key);
        if (key === null || !tried || this._copying) return;
        this._due = null;
        const stop = new AbortController();
        const done = this._copy(key, tried, stop.signal).finally(() => {
            this._copying = null;
        });
        this._copying = { key, stop, done };
        await done;
    }

    /** @param {string} key @param {Tried} tried @param {AbortSignal} signal */
    async _copy(key, tried, signal) {
        try {
            await this._makeRoom(key, tried);
            // Before it comes: whoever counts may have no room for it.
            this.tell({ type: 'twice', key, bytes: sizeOf(tried.model) });
            await this._loadOther(key, tried, signal);
        } catch (thrown) {
            if (!tried.trial.wantsBoth) return; // it was called off, and failed for that
            // Its files may come another time. What the other instance does not take, it will not take then.
            if (thrown instanceof Failure && thrown.code === 'model_fetch_failed') tried.trial.callOff();
            else tried.trial.giveUp();
        } finally {
            if (!this._isTwice(key)) this.tell({ type: 'twice', key, bytes: 0 });
        }
    }

    /** Others that are loaded twice are loaded once from now on. Which of them is decided at once: nothing runs yet.
     * @param {string} key @param {Tried} tried */
    async _makeRoom(key, tried) {
        this._tried.delete(key);
        this._tried.set(key, tried);
        let bytes = sizeOf(tried.model);
        const leaving = [];
        for (const [other, { model }] of [...this._tried].reverse()) {
            if (other === key || !this._isTwice(other)) continue;
            bytes += sizeOf(model);
            if (bytes > this._twice) leaving.push(other);
        }
        await Promise.all(leaving.map((other) => this.once(other)));
    }

    /** @param {string} key */
    _isTwice(key) {
        return this._sides.all.has(key) && this._sides.one.has(key);
    }

    /** @param {string} key @param {Tried} tried @param {AbortSignal} signal */
    async _loadOther(key, tried, signal) {
        const other = this._sides[otherThan(tried.trial.side)];
        const began = performance.now();
        await other.open(key, await fetchFiles(tried.model, other.credential, () => {}, signal, other.store));
        if (signal.aborted) {
            await other.unload(key); // it is not wanted any more
            return;
        }
        tried.trial.begin(performance.now() - began);
    }
}
