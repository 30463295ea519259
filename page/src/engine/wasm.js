/**
 * The engine on WASM: what is short runs on one thread, all else on all that its browser may use. How many there are is one setting
 * for a whole instance of onnxruntime-web: hence two instances, and each model is loaded in one of them. A model of few bytes
 * begins on one thread; once it has turned out to run long, it is loaded anew on all. The setting `[models] threads` is for all.
 */
import { sizeOf } from '../shared/model.js';

/** @import { OrtEngine } from './ort.js' */
/** @import { Engine } from './engine.js' */
/** @import { RunMessage } from '../shared/messages.js' */

/** A model with more than so many begins on all threads: to load it anew would cost more than its first runs. */
const FEW_BYTES = 4 << 20;
/** A run of so many ms gains more by further threads than it costs to wake them and to leave no core to what brings the
 * next request (docs/performance.md, "how many threads"). */
const LONG_MS = 5;
/** So many in a row are long: one alone may have met a busy machine. */
const LONG_RUNS = 3;

/** @implements {Engine} */
export class WasmEngine {
    /** @param {OrtEngine} all on all threads that there are @param {OrtEngine} one on a single one */
    constructor(all, one) {
        this.name = all.name;
        this.version = all.version;
        this.info = all.info;
        this.steps = all.steps;
        this._all = all;
        this._one = one;
        this._threads = 1;
        this._isSaid = false; /* how many threads models have */
        /** Where a model is for benchmarks alone that say on how many threads. @type {Map<string, OrtEngine>} */
        this._guests = new Map();
        /** How many runs in a row were long, of each model that has run on one thread. @type {Map<string, number>} */
        this._long = new Map();
    }

    /** @param {(message: import('../shared/messages.js').EngineNews) => void} tell */
    set tell(tell) {
        this._all.tell = this._one.tell = tell;
    }

    /** The thread count counts until the first load only. @param {import('../shared/messages.js').EngineSettings} settings */
    configure(settings) {
        this._threads = settings.threads;
        this._isSaid = Boolean(settings.models?.threads);
        this._all.configure(settings);
        this._one.configure({ ...settings, threads: 1 });
    }

    /** @param {(loaded: number, total: number) => void} onProgress @param {RunMessage} task */
    start(onProgress, task) {
        return (this._namedBy(task) ?? this._homeOf(task)).start(onProgress);
    }

    /** Where a model is to be. @param {RunMessage} task */
    _homeOf({ key, model }) {
        const isFree = this._threads > 1 && !this._isSaid;
        return isFree && sizeOf(model) <= FEW_BYTES && !this._isLong(key) ? this._one : this._all;
    }

    /** Where a benchmark wants its model; null: where that is. @param {RunMessage} task */
    _namedBy({ benchmark }) {
        if (benchmark?.threads === undefined) return null;
        return benchmark.threads === 1 && this._threads > 1 ? this._one : this._all;
    }

    /** Whether a model is in an instance for whoever asks. @param {OrtEngine} home @param {string} key */
    _isIn(home, key) {
        return home.has(key) && this._guests.get(key) !== home;
    }

    /** @param {string} key */
    _isLong(key) {
        return (this._long.get(key) ?? 0) >= LONG_RUNS;
    }

    /** Of what is to leave its instance it is not said: then it is loaded. @param {string} key @param {RunMessage} task */
    has(key, task) {
        return this._namedBy(task)?.has(key) ?? this._has(key);
    }

    /** @param {string} key */
    _has(key) {
        return this._isIn(this._all, key) || (this._isIn(this._one, key) && !this._isLong(key) && !this._isSaid);
    }

    get loadedCount() {
        return this._all.loadedCount + this._one.loadedCount;
    }

    memory() {
        return this._all.memory();
    }

    /** @type {Engine['load']} */
    async load(task, onProgress, cancelled, take) {
        const { key } = task, named = this._namedBy(task), home = this._homeOf(task), guest = this._guests.get(key);
        if (named && (named !== home || this._has(key))) {
            await named.load(task, onProgress, cancelled, take);
            return void this._guests.set(key, named);
        }
        this._guests.delete(key);
        for (const other of [this._one, this._all]) if (other !== home) await other.unload(key);
        if (guest !== home) await home.load(task, onProgress, cancelled, take);
    }

    /** @param {string} key */
    async unload(key) {
        this._long.delete(key);
        this._guests.delete(key);
        await Promise.all([this._all.unload(key), this._one.unload(key)]);
    }

    /** @param {RunMessage} task @param {import('./run.js').Run} run */
    async run(task, run) {
        const { key, benchmark } = task;
        const home = this._namedBy(task) ?? (this._isIn(this._all, key) ? this._all : this._one);
        const outcome = await home.run(task, run);
        if (home === this._one && this._threads > 1 && !benchmark) this._long.set(key, (outcome.inferenceMs ?? 0) > LONG_MS ? (this._long.get(key) ?? 0) + 1 : 0);
        return outcome;
    }
}
