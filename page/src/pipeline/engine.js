/**
 * The engine `pipeline`: folders in the Hugging Face layout, by task, through transformers.js on the
 * onnxruntime-web of the engine `ort` in the same worker. Several tasks run at the same time and take turns: each
 * run of a session is one turn. The code for a folder and a task (loading.js, tasks.js) is loaded with the first
 * model, as part of the library's script.
 */
import { EngineFault, isProfiled, levelOf, runtime } from '../engine/engine.js';
import { classify } from '../engine/errors.js';
import { Failure, throwIfCancelled } from '../engine/failure.js';
import { Gate } from '../engine/gate.js';
import { Loads } from '../engine/loads.js';
import { eventsOf, nodesOf, OPTIONS, Reasons, whileLeaving, whileMaking } from '../engine/ort_profile.js';
import { Library } from './library.js';

/** @import { Outcome, Take } from '../engine/engine.js' */
/** @import { OrtEngine } from '../engine/ort.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { RunMessage } from '../shared/messages.js' */
/** @import { Loaded } from './loading.js' */

/** Generations at a time: so many are in memory with their results. Tasks without text output take one or a few
 * turns, and do not wait for the end of a generation. */
const SLOTS = 4;
const SHORT_SLOTS = 4;

export class PipelineEngine {
    /** @param {OrtEngine} ort whose onnxruntime-web it uses @param {Library} library
     * @param {string} version of transformers.js @param {() => boolean} [hasHalf] whether the platform
     *   computes in 16-bit floats; asked when a model is loaded */
    constructor(ort, library, version, hasHalf = () => true) {
        this.name = 'pipeline';
        this.version = version;
        this.info = { slots: SLOTS, short_slots: SHORT_SLOTS, queue: 1, can: ['continue', 'embeddings'] };
        this.steps = true;
        this._ort = ort;
        this._library = library;
        this._hasHalf = hasHalf;
        /** @type {import('../engine/llama.js').Chat | undefined} */
        this._chat = undefined;
        this._context = 0; /* tokens of a conversation; 0: as models have it */
        /** @type {Map<string, Loaded>} */
        this._models = new Map();
        this._gate = new Gate();
        /** The load of each model, shared by all that wait for it. @type {Map<string, Loads>} */
        this._loads = new Map();
        /** Settled when no model is loaded. @type {Promise<unknown>} */
        this._loading = Promise.resolve();
        /** Bytes that models were said to keep. @type {Map<string, number>} */
        this._told = new Map();
        /** @type {(message: import('../shared/messages.js').EngineNews) => void} */
        this.tell = () => {};
    }

    /** The engine `ort` gets the other settings.
     * @param {import('../shared/messages.js').EngineSettings} settings */
    configure({ models }) {
        this._context = models?.context ?? 0;
    }

    /** @param {string} key */
    has(key) {
        return this._models.has(key);
    }

    get loadedCount() {
        return this._models.size;
    }

    /** @param {(loaded: number, total: number) => void} [onProgress] */
    start(onProgress) {
        return this._ort.start(onProgress);
    }

    memory() {
        return [...this._models.values()].reduce((sum, { caches }) => sum + caches.bytesBeside, this._ort.memory());
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends one caller's wait; the load ends with the last of them
     * @param {Take} take */
    async load(task, onProgress, cancelled, take) {
        const { key } = task, loads = this._loads.get(key) ?? new Loads();
        this._loads.set(key, loads);
        await loads.join((report, signal) => this._loadNext(task, report, signal, take), onProgress, cancelled);
    }

    /** Loads it after those before it. @type {PipelineEngine['_load']} */
    _loadNext(task, onProgress, cancelled, take) {
        const loaded = this._loading.then(() => this._load(task, onProgress, cancelled, take))
            .finally(() => this._loads.delete(task.key));
        this._loading = loaded.catch(() => {});
        return loaded;
    }

    /** @param {RunMessage} task `spares`: memory is short
     * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} cancelled @param {Take} take */
    async _load(task, onProgress, cancelled, take) {
        const { key, model, spares = false } = task;
        throwIfCancelled(cancelled);
        if (this._models.has(key)) return;
        const stop = new AbortController();
        const end = () => stop.abort();
        cancelled.addEventListener('abort', end);
        try {
            const { Folder, fetching, loadFolder, makeChat } = await this._library.open();
            const folder = new Folder(model, fetching(model, this._ort, onProgress, stop.signal));
            const sparing = spares && this._ort.platform !== 'webnn' ? this._library.sparing((path, signal) =>
                bringAgain(model, path, fetching(model, this._ort, () => {}, signal)), this._ort.platform === 'wasm') : null;
            const make = () => loadFolder(key, this._library, folder, this._device(task), cancelled, take, sparing), reasons = new Reasons();
            const loaded = await (isProfiled(task) ? whileMaking(reasons, make) : make()).finally(() => folder.forget());
            this._chat ??= makeChat();
            this._models.set(key, { ...loaded, chat: this._chat, context: this._context, reasons });
            loaded.caches.onRoom = () => this._tellCache(loaded);
        } catch (thrown) {
            throw asFailure(thrown, 'load');
        } finally {
            cancelled.removeEventListener('abort', end);
            end(); // the requests still running after one has failed
        }
    }

    /** @param {string} key */
    async unload(key) {
        const loaded = this._models.get(key);
        this._models.delete(key);
        this._told.delete(key);
        if (loaded) await whileLeaving(() => loaded.dispose());
    }

    /** @param {RunMessage} task @param {Run} run @returns {Promise<Outcome>} */
    async run(task, run) {
        const loaded = /** @type {Loaded} */ (this._models.get(task.key));
        const { checkOptions, taskOf } = await this._library.open();
        const { options: rules, run: work } = taskOf(task.task);
        const options = checkOptions(/** @type {string} */ (task.task), rules, task.options);
        const { sparing } = loaded;
        await run.aside(this._gate.enter(task.alone === true || options.deterministic === true || sparing !== null, run.signal));
        sparing?.begin();
        try {
            const outcome = await this._library.during(run, loaded.model,
                (model, own) => work({ ...loaded, model, ...own }, { ...task, options }, run),
                () => loaded.caches.tensors, (session, feeds) => loaded.caches.placesOf(session, feeds));
            const { dtype } = loaded;
            const quantization = isFloat(dtype) ? null : dtype;
            return { precision: dtype, quantization, threads: this._ort.threads, ...outcome };
        } catch (thrown) {
            throw asFailure(thrown, 'run');
        } finally {
            this._gate.leave();
            this._tellCache(loaded);
        }
    }

    /** Ends the profiles of a model's sessions, and lets go of the model: they record nothing more.
     * @type {NonNullable<import('../engine/engine.js').Engine['profile']>} */
    async profile({ key }, { runs, all }, run) {
        const { model, reasons } = /** @type {Loaded} */ (this._models.get(key)), sessions = Object.entries(model.sessions);
        if (sessions.some(([, session]) => typeof session.endProfiling !== 'function')) {
            throw new Failure('out_of_memory', 'the graphs of the model are not all in memory at a time, so they cannot be profiled');
        }
        const lastOf = (/** @type {number} */ made) => Math.round(made * runs / all);
        const profiled = [];
        for (const [name, session] of sessions) {
            const { all: events, lost } = await run.take(() => runtime(() => eventsOf(session)));
            const within = sessions.length > 1 ? `${name}/` : '';
            profiled.push({ lost, ...nodesOf(events, { lastOf, reasons: reasons ?? new Reasons(), platform: this._ort.platform, within }) });
        }
        await this.unload(key);
        return {
            source: 'onnxruntime', clock: profiled.some(({ clock }) => clock === 'gpu') ? 'gpu' : 'cpu',
            lost: profiled.reduce((sum, one) => sum + one.lost, 0), nodes: profiled.flatMap(({ nodes }) => nodes),
        };
    }

    /** @param {Loaded} loaded */
    _tellCache({ key, caches: { bytes } }) {
        if ((this._told.get(key) ?? 0) === bytes) return;
        this._told.set(key, bytes);
        this.tell({ type: 'cache', key, bytes });
    }

    /** @param {RunMessage} task @returns {import('./loading.js').Device} */
    _device(task) {
        const { platform, provider } = this._ort;
        return { platform, provider, level: levelOf(task), more: isProfiled(task) ? OPTIONS : {}, hasHalf: this._hasHalf() };
    }
}

/** The library of an engine worker. @param {OrtEngine} engine the engine `ort` of the same worker @param {any} ort the instance of onnxruntime-web of both
 * @param {import('../engine/turns.js').Turns} turns of both
 * @param {{hasHalf?: () => boolean, require?: import('../engine/engine.js').Require}} [more] as above; of a model's sessions */
export function pipelineEngine(engine, ort, turns, { hasHalf, require } = {}) {
    const library = new Library(ort, new URL(__PIPELINE__, self.location.href).href, turns, undefined, require);
    return new PipelineEngine(engine, library, __PIPELINE_VERSION__, hasHalf);
}

/** A file of a model that is loaded. @param {RunMessage['model']} model @param {string} path
 * @param {import('./folder.js').Fetch} fetch */
const bringAgain = ({ files }, path, fetch) => fetch(/** @type {any} */ (files.find((file) => file.path === path)));

/** @param {string} dtype */
const isFloat = (dtype) => dtype === 'fp32' || dtype === 'fp16';

/** An exception of transformers.js itself, about a configuration, a tokenizer or an input, is the request's
 * failure. @param {unknown} thrown @param {import('../engine/errors.js').Phase} phase */
function asFailure(thrown, phase) {
    if (thrown instanceof Failure || thrown instanceof EngineFault) return thrown;
    const { code, message } = classify(thrown, phase);
    const [, path] = /Could not locate file: "https:\/\/folder\.invalid\/[^/]*\/([^"]*)"/.exec(message) ?? [];
    if (path) return new Failure('model_invalid', `the folder has no file ${path}`);
    return new Failure(code, `transformers.js: ${message.slice(0, 1000)}`);
}
