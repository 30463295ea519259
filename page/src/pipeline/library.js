/**
 * The script of tasks in an engine worker: transformers.js and the code that uses it. It is loaded with the
 * worker's first model of tasks, and computes with the worker's own onnxruntime-web. An exception of that
 * while a session is created or run is an EngineFault, as in other engines. Each run of a session is a step of
 * its task's run, and has a turn.
 */
import { EngineFault, runtime } from '../engine/engine.js';
import { Failure, throwIfCancelled, unlessCancelled } from '../engine/failure.js';
import { staying, stays } from '../engine/wasm_tensors.js';
import { Turns } from '../engine/turns.js';
import { LEAVABLE } from './parts.js';
import { Graph, Sparing } from './sparing.js';
import { called } from './theirs.js';
import { weightsApart } from './weights_apart.js';

/** @import { Take } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Folder } from './folder.js' */
/** @typedef {typeof import('./script.js')} Script */
/** A load; `sessions` were created for it so far. After it has failed, it drops everything that arrives.
 * `sparing`: its graphs are not all in memory at a time; null: they are.
 * @typedef {{folder: Folder, signal: AbortSignal, take: Take, sessions: any[], hasFailed: boolean, sparing: Sparing | null}} Loading */

/** What a run has of its own: what lets go of its tensors sooner, turns for what it computes on the device itself, and the names of outputs that it
 * leaves there. @typedef {{release: () => void, compute: <T>(work: () => Promise<T>) => Promise<T>, left: Set<string>}} Own */
/** @typedef {{made: Made, places: Places, left: ReadonlySet<string>}} Using */
/** Tensors that receive a run's results, by name, null for results without one; null instead of all: there are none.
 * @typedef {(session: any, feeds: Record<string, any>) => Record<string, any> | null} Places */

/** The name under which worker_globals.js finds the shared objects. */
const HANDED_OVER = Symbol.for('webinfer.worker');
/** @type {ReadonlySet<string>} */
const NONE = new Set();
/** No host has this name: every file comes from a Folder. */
const HOST = 'https://folder.invalid/';

export class Library {
    /** @param {any} ort the instance of onnxruntime-web @param {string} script its address
     * @param {Turns} [turns] in the worker @param {(script: string) => Promise<Script>} [bring] imports it
     * @param {import('../engine/engine.js').Require} [require] of a model's sessions */
    constructor(ort, script, turns = new Turns(), bring = (address) => import(address), require = () => {}) {
        this._ort = ort;
        this._script = script;
        this._bring = bring;
        this._turns = turns;
        this._require = require;
        /** @type {Promise<Script> | undefined} */
        this._opened = undefined;
        /** @type {Loading | null} */
        this._loading = null;
        /** For which load a file was brought. @type {WeakMap<ArrayBufferLike, Loading>} */
        this._brought = new WeakMap();
        /** How sessions are run, apart from turns and steps.
         * @type {WeakMap<object, (...feeds: any[]) => Promise<any>>} */
        this._runs = new WeakMap();
    }

    /** The script's exports, with transformers.js set up for workers.
     * @returns {Promise<Script>} @throws {Failure} */
    open() {
        return this._opened ??= this._open().catch((error) => {
            this._opened = undefined;
            throw error;
        });
    }

    async _open() {
        /** @type {any} */ (globalThis)[HANDED_OVER] = {
            onnxruntime: this._onnxruntime(), errors: { EngineFault, Failure, throwIfCancelled, unlessCancelled },
        };
        const opened = await this._bring(this._script).catch((error) => {
            throw new Failure('model_fetch_failed',
                `the page's script for tasks could not be loaded: ${error}`);
        });
        // No blob: modules, which the page's policy forbids; no caches; no hosts but ours.
        const { env, LogLevel } = opened.transformers;
        Object.assign(env, {
            useWasmCache: false, useBrowserCache: false, useFSCache: false, useCustomCache: false,
            allowLocalModels: false, allowRemoteModels: true, remoteHost: HOST, remotePathTemplate: '{model}',
            fetch: (/** @type {any} */ address) => this._file(String(address)),
        });
        // It would write a failed run's whole input into the log.
        env.logLevel = LogLevel.NONE;
        return opened;
    }

    /** Loads a model of this folder, one at a time: what sessions that creates is released if it fails.
     * @template T @param {Loading['folder']} folder @param {AbortSignal} signal
     * @param {() => Promise<T>} load @param {Take} [take] for what has turns @param {Sparing | null} [sparing] of its graphs
     * @returns {Promise<T>} */
    async load(folder, signal, load, take = (work) => this._turns.take({}, work, signal), sparing = null) {
        const loading = { folder, signal, take, sessions: /** @type {any[]} */ ([]), hasFailed: false, sparing };
        this._loading = loading;
        try {
            const loaded = await load();
            this._require(loading.sessions);
            return loaded;
        } catch (error) {
            loading.hasFailed = true;
            await Promise.allSettled(loading.sessions.map((session) => session.release()));
            throwIfCancelled(signal);
            throw error;
        } finally {
            this._loading = null;
        }
    }

    /** Works with a model for this run. The tensors that its sessions make meanwhile, on the device or to stay in
     * WASM memory, end with it, however it ends, but for those that are kept.
     * @template T @param {Run} run @param {any} model
     * @param {(model: any, own: Own) => Promise<T>} work gets the model as the run sees it
     * @param {() => readonly any[]} kept tensors of onnxruntime-web's, asked for when the work is done
     * @param {Places} [places] where its sessions write
     * @returns {Promise<T>} */
    async during(run, model, work, kept, places = () => null) {
        const made = new Made(), left = new Set();
        const release = () => made.release(new Set(kept()));
        const compute = (/** @type {() => Promise<any>} */ computing) => run.take(() => timed(run, () => runtime(computing)));
        try {
            return await work(this._viewOf(model, run, { made, places, left }), { release, compute, left });
        } finally {
            release();
        }
    }

    /** The model, whose sessions are run for this run. @param {any} model @param {Run} run @param {Using} using */
    _viewOf(model, run, using) {
        /** @type {any} */
        const view = Object.setPrototypeOf((/** @type {any[]} */ ...given) => called(view, given), model);
        view.sessions = Object.fromEntries(Object.entries(model.sessions).map(([name, session]) =>
            [name, Object.create(session, { run: { value: this._runFor(name, session, run, using) } })]));
        return view;
    }

    /** @param {string} name @param {any} session @param {Run} run @param {Using} using */
    _runFor(name, session, run, { made, places, left }) {
        const isSpared = session instanceof Graph;
        const compute = isSpared ? (/** @type {any[]} */ ...feeds) => session.compute(...feeds)
            : /** @type {(...feeds: any[]) => Promise<any>} */ (this._runs.get(session));
        return async (/** @type {any} */ feeds) => {
            await run.step();
            if (isSpared) await session.sparing.ready(session, (work, signal) => run.take(work, signal), run.signal);
            const given = [feeds, places(session, feeds), staying(session, feeds)].filter((one) => one !== null);
            const outputs = await run.take(() => timed(run, () => runtime(async () => brought(await compute(...given), run.raw ? NONE : left))));
            made.note(outputs);
            run.raw?.graph(name, outputs);
            return outputs;
        };
    }

    // --- what transformers.js has of us ------------------------------------------------------------

    /** Settings that it makes are its own affair: onnxruntime-web has ours. */
    _onnxruntime() {
        const { Tensor, env } = this._ort;
        return {
            Tensor,
            env: {
                versions: env.versions, wasm: { wasmPaths: env.wasm.wasmPaths, proxy: false }, webgpu: {},
            },
            InferenceSession: { create: this._create.bind(this) },
        };
    }

    /** @param {string} address */
    async _file(address) {
        const loading = this._loading;
        if (!loading) throw new Failure('model_invalid', `no load has asked for ${address}`);
        const path = decodeURIComponent(new URL(address).pathname).replace(/^\/[^/]*\//, '');
        const answer = await loading.folder.answer(path);
        if (answer.arrayBuffer) this._brought.set(await answer.arrayBuffer(), loading);
        return answer;
    }

    /** @param {Uint8Array} bytes @param {any} options those of onnxruntime-web, `sizesOf`, which tells the
     *   sizes of a graph by its path, `onGraph`, which is told of each and its path, and `leavableOf`, which names outputs of a
     *   graph that are to be on the device, by its path and whether its keys and values are @returns {Promise<any>} a session */
    async _create(bytes, { sizesOf = () => ({}), onGraph = () => {}, leavableOf = () => [], ...options }) {
        // A graph that was not brought for a load is the library's own: its spectrograms have one.
        const loading = this._brought.get(bytes.buffer);
        if (!loading) return this.session(bytes, options);
        const path = loading.folder.pathOf(bytes);
        /** @type {Take} */
        const take = (work) => loading.take(() => {
            throwIfUnwanted(loading);
            return work();
        }, loading.signal);
        // Never those of config.json, to which no request need keep.
        const externalData = options.externalData?.map((/** @type {any} */ file) =>
            ({ ...file, path: loading.folder.located(file.path) }));
        const sized = { ...options, ...(externalData && { externalData }), freeDimensionOverrides: sizesOf(path) };
        const there = leavableOf(path, options.preferredOutputLocation !== undefined);
        if (there.length > 0) {
            sized.preferredOutputLocation = { ...options.preferredOutputLocation, ...Object.fromEntries(there.map((/** @type {string} */ name) => [name, 'gpu-buffer'])) };
        }
        const made = loading.sparing ? loading.sparing.add(path, bytes, sized, take) : this._sessionOf(bytes, sized, take);
        const session = await made.catch((fault) => {
            throw fault instanceof EngineFault ? named(fault, path) : fault;
        });
        // Something else of the folder may have failed meanwhile.
        if (loading.hasFailed) await session.release();
        else loading.sessions.push(session);
        onGraph(path, bytes);
        throwIfUnwanted(loading);
        return session;
    }

    /** The device that sessions compute on, where that is a GPUDevice. */
    get device() {
        return this._ort.env.webgpu?.device ?? null;
    }

    /** For a model whose graphs are not all to be in memory at a time. @param {import('./sparing.js').Bring} bring
     * @param {boolean} both see there */
    sparing(bring, both) {
        return new Sparing((bytes, options) => runtime(() => this._createApart(bytes, options)), bring,
            (work) => this._turns.take({}, work), both);
    }

    /** A session that is made with no more memory than its weights take. @param {Uint8Array} bytes
     * @param {any} options as onnxruntime-web takes them @returns {Promise<any>} */
    _createApart(bytes, options) {
        const apart = weightsApart(bytes), { InferenceSession } = this._ort;
        if (!apart) return InferenceSession.create(bytes, options);
        return InferenceSession.create(apart.graph, { ...options, externalData: [...options.externalData ?? [], apart.file] });
    }

    /** A session of a graph that belongs to no folder, whose runs have turns as well, but are no steps.
     * @param {Uint8Array} bytes @param {any} options as onnxruntime-web takes them @returns {Promise<any>} */
    session(bytes, options) {
        return this._sessionOf(bytes, options, (work) => this._turns.take(null, work));
    }

    /** @param {Uint8Array} bytes @param {any} options @param {Take} take @returns {Promise<any>} */
    async _sessionOf(bytes, options, take) {
        const session = await take(() => runtime(() => this._ort.InferenceSession.create(bytes, options)));
        const run = session.run.bind(session), release = session.release.bind(session);
        this._runs.set(session, run);
        session.run = (/** @type {any[]} */ ...feeds) => this._turns.take(null, () => runtime(() => run(...feeds)));
        session.release = () => this._turns.take({}, release);
        return session;
    }
}

/** Counts the time of `work` as the run's time in sessions. @template T @param {Run} run @param {() => Promise<T>} work */
async function timed(run, work) {
    const began = performance.now();
    try {
        return await work();
    } finally {
        run.sessionMs += performance.now() - began;
    }
}

/** Outputs, of which those come here that a run may leave on a GPU and has not.
 * @param {Record<string, any>} outputs @param {ReadonlySet<string>} left */
async function brought(outputs, left) {
    for (const name of LEAVABLE) {
        if (outputs[name]?.location === 'gpu-buffer' && !left.has(name)) await outputs[name].getData(true);
    }
    return outputs;
}

/** Tensors that a run has made, and that stay. */
class Made {
    constructor() {
        /** @type {Set<any>} */
        this._tensors = new Set();
    }

    /** @param {Record<string, any>} outputs */
    note(outputs) {
        // The library itself disposes of most of them, one step after the other.
        for (const tensor of this._tensors) if (!stays(tensor)) this._tensors.delete(tensor);
        for (const tensor of Object.values(outputs)) if (stays(tensor)) this._tensors.add(tensor);
    }

    /** @param {Set<any>} kept */
    release(kept) {
        for (const tensor of this._tensors) {
            try {
                if (stays(tensor) && !kept.has(tensor)) tensor.dispose();
            } catch {
                // The device is lost, and with it everything on it.
            }
        }
        this._tensors.clear();
    }
}

/** @param {Loading} loading @throws {Failure} if its sessions are no longer wanted */
function throwIfUnwanted({ signal, hasFailed }) {
    throwIfCancelled(signal);
    if (hasFailed) throw new Failure('model_invalid', 'another graph of the folder could not be loaded');
}

/** Adds the name of the file to a fault that has a message of its own.
 * @param {EngineFault} fault @param {string} path */
function named(fault, path) {
    const { cause } = fault;
    if (!(cause instanceof Error) || cause instanceof WebAssembly.RuntimeError) return fault;
    return new EngineFault(new Error(`${path}: ${cause.message}`));
}
