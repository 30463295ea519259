/**
 * The script of tasks in an engine worker: transformers.js, and what is done with it. It comes with the
 * worker's first model of tasks, and computes with the worker's own onnxruntime-web. What that throws while
 * a session is created or run is an EngineFault, as in other engines; before each run of a session the
 * event loop turns.
 */
import { EngineFault, runtime } from '../engine/engine.js';
import { Failure, throwIfCancelled } from '../engine/failure.js';

/** @typedef {import('../engine/run.js').Run} Run */
/** @typedef {import('./folder.js').Folder} Folder */
/** @typedef {typeof import('./script.js')} Script */
/** What is being loaded; `sessions` were created for it so far. What comes after it has failed, it does not
 * want. @typedef {{folder: Folder, signal: AbortSignal, sessions: any[], hasFailed: boolean}} Loading */

/** Where given.js looks. */
const HANDED_OVER = Symbol.for('webinfer.worker');
/** No host has this name: every file comes from a Folder. */
const HOST = 'https://folder.invalid/';

export class Library {
    /** @param {any} ort the instance of onnxruntime-web @param {string} script its address
     * @param {(script: string) => Promise<Script>} [bring] imports it */
    constructor(ort, script, bring = (address) => import(address)) {
        this._ort = ort;
        this._script = script;
        this._bring = bring;
        /** @type {Script | undefined} */
        this._opened = undefined;
        /** @type {Loading | null} */
        this._loading = null;
        /** For which load a file was brought. @type {WeakMap<ArrayBufferLike, Loading>} */
        this._brought = new WeakMap();
        /** The run that sessions are run for. @type {Run | null} */
        this._run = null;
        /** Tensors that it made on the device. @type {Set<any>} */
        this._made = new Set();
    }

    /** What the script exports, with transformers.js set up for workers.
     * @returns {Promise<Script>} @throws {Failure} */
    async open() {
        if (this._opened) return this._opened;
        /** @type {any} */ (globalThis)[HANDED_OVER] = {
            onnxruntime: this._onnxruntime(), errors: { EngineFault, Failure, throwIfCancelled },
        };
        const opened = await this._bring(this._script).catch((error) => {
            throw new Failure('model_fetch_failed',
                `The page's script for tasks could not be loaded: ${error}`);
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
        return this._opened = opened;
    }

    /** Loads a model of this folder: what sessions that creates is released if it fails.
     * @template T @param {Loading['folder']} folder @param {AbortSignal} signal
     * @param {() => Promise<T>} load
     * @returns {Promise<T>} */
    async load(folder, signal, load) {
        const loading = { folder, signal, sessions: /** @type {any[]} */ ([]), hasFailed: false };
        this._loading = loading;
        try {
            return await load();
        } catch (error) {
            loading.hasFailed = true;
            await Promise.allSettled(loading.sessions.map((session) => session.release()));
            throwIfCancelled(signal);
            throw error;
        } finally {
            this._loading = null;
        }
    }

    /** Runs sessions for this run. The tensors that it has made on the device end with it, however it ends,
     * but for those that are kept.
     * @template T @param {Run} run @param {() => Promise<T>} work
     * @param {() => readonly any[]} kept tensors of onnxruntime-web's, asked for when the work is done
     * @returns {Promise<T>} */
    async during(run, work, kept) {
        this._run = run;
        try {
            return await work();
        } finally {
            this._run = null;
            this.release(kept());
        }
    }

    /** Lets go of the tensors on the device that the run has made so far, as `during` does at its end.
     * @param {readonly any[]} kept */
    release(kept) {
        const needed = new Set(kept);
        for (const tensor of this._made) {
            try {
                if (isOnDevice(tensor) && !needed.has(tensor)) tensor.dispose();
            } catch {
                // The device is gone with all that was on it.
            }
        }
        this._made.clear();
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
        if (!loading) throw new Failure('model_invalid', `${address} is asked for by nobody.`);
        const path = decodeURIComponent(new URL(address).pathname).replace(/^\/[^/]*\//, '');
        const answer = await loading.folder.answer(path);
        if (answer.arrayBuffer) this._brought.set(await answer.arrayBuffer(), loading);
        return answer;
    }

    /** @param {Uint8Array} bytes @param {any} options @returns {Promise<any>} a session */
    async _create(bytes, options) {
        // What is created while nothing is loaded is a graph of the library's own: its spectrograms have one.
        const loading = this._brought.get(bytes.buffer) ?? this._loading;
        if (loading) throwIfUnwanted(loading);
        const session = await runtime(() => this._ort.InferenceSession.create(bytes, options))
            .catch((fault) => {
                throw loading ? named(fault, loading.folder.pathOf(bytes)) : fault;
            });
        // The library creates them side by side: another may have failed meanwhile.
        if (loading?.hasFailed) await session.release();
        else loading?.sessions.push(session);
        if (loading) throwIfUnwanted(loading);
        return this._guard(session);
    }

    /** A session of a model that we make, which runs as the models' own do.
     * @param {Uint8Array} bytes @param {any} options as onnxruntime-web takes them @returns {Promise<any>} */
    async session(bytes, options) {
        return this._guard(await runtime(() => this._ort.InferenceSession.create(bytes, options)));
    }

    /** @param {any} session */
    _guard(session) {
        const run = session.run.bind(session);
        session.run = async (/** @type {any[]} */ ...feeds) => {
            await this._run?.step();
            const outputs = await runtime(() => run(...feeds));
            this._note(outputs);
            return outputs;
        };
        return session;
    }

    /** @param {Record<string, any>} outputs */
    _note(outputs) {
        // Of most the library itself disposes, one step after the other.
        for (const tensor of this._made) if (!isOnDevice(tensor)) this._made.delete(tensor);
        for (const tensor of Object.values(outputs)) if (isOnDevice(tensor)) this._made.add(tensor);
    }
}

/** @param {any} tensor */
const isOnDevice = (tensor) => tensor?.location === 'gpu-buffer';

/** @param {Loading} loading @throws {Failure} if nobody waits for what it creates */
function throwIfUnwanted({ signal, hasFailed }) {
    throwIfCancelled(signal);
    if (hasFailed) throw new Failure('model_invalid', 'Another graph of the folder could not be loaded.');
}

/** That of an engine worker. @param {any} ort its instance of onnxruntime-web */
export const library = (ort) => new Library(ort, new URL(__PIPELINE__, self.location.href).href);

/** Says in which file a fault lies, where it has a message of its own.
 * @param {EngineFault} fault @param {string} path */
function named(fault, path) {
    const { cause } = fault;
    if (!(cause instanceof Error) || cause instanceof WebAssembly.RuntimeError) return fault;
    return new EngineFault(new Error(`${path}: ${cause.message}`));
}
