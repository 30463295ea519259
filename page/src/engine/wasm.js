/**
 * The engine on WASM: short models run on one thread, all others on all threads that the browser may use. The number of threads is a
 * setting of a whole instance of onnxruntime-web, so there are two instances, and each model is loaded in one of them. A model of few
 * bytes begins on one thread; if its runs are long, it is loaded again on all threads. The setting `[models] threads` is for all models.
 */
import { sizeOf } from '../shared/model.js';

/** @import { OrtEngine } from './ort.js' */
/** @import { Engine } from './engine.js' */
/** @import { RunMessage } from '../shared/messages.js' */

/** A larger model begins on all threads: loading it again would cost more than its first runs. */
const FEW_BYTES = 4 << 20;
/** A longer run, in ms, gains more from further threads than it costs to wake them and to leave no core for the work that
 * brings the next request. */
const LONG_MS = 5;
/** So many long runs in a row make a model long: a single one may have met a busy machine. */
const LONG_RUNS = 3;

/** @implements {Engine} */
export class WasmEngine {
    /** @param {OrtEngine} all on all threads @param {OrtEngine} one on a single one */
    constructor(all, one) {
        this.name = all.name;
        this.version = all.version;
        this.info = all.info;
        this.steps = all.steps;
        this._all = all;
        this._one = one;
        this._threads = 1;
        this._isSaid = false; /* whether the setting says how many threads models have */
        /** The instance of a model that is loaded there only for benchmarks with a number of threads. @type {Map<string, OrtEngine>} */
        this._guests = new Map();
        /** The number of long runs in a row of each model that has run on one thread. @type {Map<string, number>} */
        this._long = new Map();
    }

    /** @param {(message: import('../shared/messages.js').EngineNews) => void} tell */
    set tell(tell) {
        this._all.tell = this._one.tell = tell;
    }

    /** The thread count only takes effect before the first load. @param {import('../shared/messages.js').EngineSettings} settings
     * @param {import('./other_pages.js').Others} [others] */
    configure(settings, others) {
        this._threads = settings.threads;
        this._isSaid = Boolean(settings.models?.threads);
        this._all.configure(settings, others);
        this._one.configure({ ...settings, threads: 1 }, others);
    }

    /** @param {(loaded: number, total: number) => void} onProgress @param {RunMessage} task */
    start(onProgress, task) {
        return (this._namedBy(task) ?? this._homeOf(task)).start(onProgress);
    }

    /** The instance in which a model should be; another session of it computes as its usual one. @param {RunMessage} task */
    _homeOf({ key, of = key, model }) {
        const isFree = this._threads > 1 && !this._isSaid;
        return isFree && sizeOf(model) <= FEW_BYTES && !this._isLong(of) ? this._one : this._all;
    }

    /** The instance in which a benchmark wants its model; null: any. @param {RunMessage} task */
    _namedBy({ benchmark }) {
        if (benchmark?.threads === undefined) return null;
        return benchmark.threads === 1 && this._threads > 1 ? this._one : this._all;
    }

    /** Whether a model is in an instance for all requests. @param {OrtEngine} home @param {string} key */
    _isIn(home, key) {
        return home.has(key) && this._guests.get(key) !== home;
    }

    /** @param {string} key */
    _isLong(key) {
        return (this._long.get(key) ?? 0) >= LONG_RUNS;
    }

    /** False for a model that should leave its instance, so that it is loaded again. @param {string} key @param {RunMessage} task */
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

    /** The instance that runs it. @param {RunMessage} task */
    _instanceOf(task) {
        return this._namedBy(task) ?? (this._isIn(this._all, task.key) ? this._all : this._one);
    }

    /** @type {NonNullable<Engine['profile']>} */
    async profile(task, profiling, run) {
        const profiled = await this._instanceOf(task).profile(task, profiling, run);
        this._guests.delete(task.key);
        return profiled;
    }

    /** @param {RunMessage} task @param {import('./run.js').Run} run */
    async run(task, run) {
        const { key, benchmark } = task, home = this._instanceOf(task);
        const outcome = await home.run(task, run);
        if (home === this._one && this._threads > 1 && !benchmark) this._long.set(key, (outcome.inferenceMs ?? 0) > LONG_MS ? (this._long.get(key) ?? 0) + 1 : 0);
        return outcome;
    }
}
