/**
 * The `ort` engine: any ONNX model through one build of onnxruntime-web. It holds the loaded
 * models; which of them stay is the dispatcher's decision. One call at a time, and one turn for each use of
 * onnxruntime-web, which others use between them.
 */
import { isProfiled, levelOf, runtime } from './engine.js';
import { Failure } from './failure.js';
import { fetchFiles, fetchOwn, letGo } from './fetch.js';
import { captureOf, sizesOf, TRIED_MOST_BYTES } from './graph_capture.js';
import { wasmMemory } from './memory.js';
import { eventsOf, nodesOf, OPTIONS, Reasons, whileLeaving, whileMaking } from './ort_profile.js';
import { pixelsToTensor, toLabels } from './picture.js';
import { readPixels } from './pictures/decode.js';
import { fitted } from './pictures/fit.js';
import { SMALLEST } from './smallest.js';
import { Store } from './store.js';
import { sharesMemory } from '../shared/memory.js';
import { dtypeOf } from '../shared/model.js';
import { bytesOf, fromOrt, precisionOf, toOrt } from './tensors.js';
import { Turns } from './turns.js';

/** @import { InferenceSession } from 'onnxruntime-web' */
/** @import { EngineSettings, RunMessage } from '../shared/messages.js' */
/** @import { Take } from './engine.js' */
/** @import { Run } from './run.js' */
/** `again` makes another session of the same graph, with further options; only where graph capture is to be tried.
 * @typedef {{session: InferenceSession, spec: Record<string, any>, precision: string | null, reasons: Reasons,
 *   again?: (options: Record<string, any>) => Promise<InferenceSession>}} Loaded */
/** @typedef {import('./engine.js').Outcome & {inferenceMs: number}} Outcome */

export class OrtEngine {
    /**
     * @param {typeof import('onnxruntime-web')} ort the build
     * @param {'webgpu' | 'webnn' | 'wasm'} platform its execution provider
     * @param {{mjs: string, wasm: string, bytes: number}} files the build's module and binary, of how many bytes
     * @param {Turns} [turns] in the worker
     * @param {() => any} [provider] the execution provider with its options; without it, by its name
     * @param {import('./engine.js').Require} [require] of a model's sessions
     */
    constructor(ort, platform, files, turns = new Turns(), provider = () => platform, require = () => {}) {
        this.name = 'ort';
        this.platform = platform;
        this.version = ort.env.versions.web ?? '';
        this.info = { slots: 1, queue: 1, can: [] };
        this.steps = false;
        this.overlaps = platform === 'webgpu';
        this._ort = ort;
        this._binary = files;
        this._provider = provider;
        this._require = require;
        /** Turns for work that no client waits for. @type {Take} */
        this._take = (work, signal) => turns.take({}, work, signal);
        /** @type {Map<string, Loaded>} */
        this._models = new Map();
        /** @type {EngineSettings} */
        this._settings = { credential: '', threads: 1, max_frame: Number.MAX_SAFE_INTEGER };
        /** @type {import('./other_pages.js').Others | undefined} */
        this._others = undefined;
        /** When the last run ended, by performance.now(); 0: it has not. */
        this._last = { ended: 0 };
        /** Told how much of the binary is there. @type {Set<(loaded: number, total: number) => void>} */
        this._watching = new Set();
        /** Set by the first load: that onnxruntime-web is up, and with how many threads. @type {Promise<void> | undefined} */
        this._started = undefined;
        this._threads = 1;
        /** @type {(message: import('../shared/messages.js').EngineNews) => void} */
        this.tell = () => {};
        ort.env.logLevel = 'error';
        ort.env.wasm.proxy = false;
        ort.env.wasm.wasmPaths = { mjs: files.mjs, wasm: files.wasm };
    }

    /** The thread count counts until the first load only. @param {EngineSettings} settings @param {import('./other_pages.js').Others} [others] */
    configure(settings, others) {
        this._settings = settings;
        this._others = others;
        this._ort.env.wasm.numThreads = sharesMemory() ? settings.threads : 1;
    }

    /** @param {string} key */
    has(key) {
        return this._models.has(key);
    }

    /** The execution provider as onnxruntime-web takes it. */
    get provider() {
        return this._provider();
    }

    /** The options of a session for the task. @param {RunMessage} task @returns {Record<string, any>} */
    sessionOptions(task) {
        return {
            executionProviders: [this.provider], graphOptimizationLevel: levelOf(task), logSeverityLevel: 3, ...(isProfiled(task) && OPTIONS),
        };
    }

    /** That it came up with; null where they say nothing of its speed. */
    get threads() {
        return this.platform === 'wasm' ? this._threads : null;
    }

    /** For fetching models. */
    get credential() {
        return this._settings.credential;
    }

    /** The model files that this browser keeps. */
    get store() {
        return new Store(this._settings.keep, this._others);
    }

    get loadedCount() {
        return this._models.size;
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends it between its steps @param {Take} take */
    async load(task, onProgress, cancelled, take) {
        const { path, bytes, external, spec } = givenFiles(task) ?? await fetchFiles(task.model, this.credential, onProgress, cancelled, this.store);
        await this.start();
        const options = { ...this.sessionOptions(task), ...(external.length > 0 ? { externalData: external } : {}) };
        const reasons = new Reasons(), make = (more = {}) => this._ort.InferenceSession.create(bytes, { ...options, ...more });
        const session = await take(() => runtime(() => (isProfiled(task) ? whileMaking(reasons, () => make()) : make())));
        await this._check(session, take);
        const { dtype } = dtypeOf(path.slice(0, -'.onnx'.length)); // the variant's, whatever the types of inputs and outputs
        const precision = dtype !== 'fp32' ? dtype
            : precisionOf(typesOf(session.outputMetadata), typesOf(session.inputMetadata));
        const triesCapture = this.platform === 'webgpu' && isProfiled(task) && levelOf(task) === 'all'
            && [bytes, ...external.map(({ data }) => data)].reduce((sum, { length }) => sum + length, 0) <= TRIED_MOST_BYTES;
        const again = (/** @type {Record<string, any>} */ more) => make({ enableProfiling: false, ...more });
        this._models.set(task.key, { session, spec, precision, reasons, ...(triesCapture && { again }) });
    }

    /** @param {InferenceSession} session goes if it is not as it has to be @param {Take} take */
    async _check(session, take) {
        try {
            this._require([session]);
        } catch (thrown) {
            await take(() => whileLeaving(() => session.release()));
            throw thrown;
        }
    }

    /**
     * Brings onnxruntime-web up, apart from any model: those may take as long as they like. Firefox 153
     * sometimes never comes back from making a helper thread, and no timer set here would ring. So the
     * link worker watches, and replaces this one: not for the binary, which takes what the line takes.
     * @param {(loaded: number, total: number) => void} [onProgress] of that
     */
    async start(onProgress = () => {}) {
        this._watching.add(onProgress);
        try {
            await (this._started ??= this._start());
        } finally {
            this._watching.delete(onProgress);
        }
    }

    async _start() {
        const { wasm, bytes } = this._binary;
        const binary = await fetchOwn(wasm, bytes, (...far) => this._watching.forEach((told) => told(...far)))
            .catch((failure) => {
                this._started = undefined; // the next one may get it
                throw failure;
            });
        this._ort.env.wasm.wasmBinary = binary;
        this._threads = this._ort.env.wasm.numThreads ?? 1;
        this.tell({ type: 'start', up: false });
        await runtime(async () => {
            const session = await this._ort.InferenceSession.create(SMALLEST, { executionProviders: ['wasm'] });
            await session.release();
        });
        this.tell({ type: 'start', up: true });
        letGo(binary);
    }

    /** The memory of all instances of onnxruntime-web in this worker: it is unknown which instance owns which memory. */
    memory() {
        return wasmMemory();
    }

    /** @param {string} key */
    async unload(key) {
        const loaded = this._models.get(key);
        this._models.delete(key);
        if (loaded) await this._take(() => whileLeaving(() => loaded.session.release()));
    }

    /** Runs a loaded model. `dispose` is to be called when the tensors' bytes have been copied.
     * @param {RunMessage} task @param {Run} run @returns {Promise<Outcome>} */
    async run(task, run) {
        const { session, spec, precision } = /** @type {Loaded} */ (this._models.get(task.key));
        if (task.precision && task.precision !== precision) {
            throw new Failure('precision_unsupported', `the model computes in ${precision}`,
                { field: 'precision', expected: String(precision) });
        }
        const wanted = task.outputs.length > 0 ? task.outputs : session.outputNames;
        const feeds = await this._feeds(task, spec, session);
        const { outputs, inferenceMs } = await this._compute(run, () => session.run(feeds, wanted));
        const dispose = () => Object.values(outputs).forEach((tensor) => tensor?.dispose());
        try {
            const tensors = Object.entries(outputs).filter(([, tensor]) => tensor)
                .map(([name, tensor]) => fromOrt(name, /** @type {any} */ (tensor)));
            return { tensors, result: labels(outputs, spec), precision, threads: this.threads, inferenceMs, dispose };
        } catch (thrown) {
            dispose();
            throw thrown;
        }
    }

    /** Ends the profile of a session that was made for it, and lets go of the session: it records nothing more.
     * @param {RunMessage} task @param {import('./profile.js').Profiling} profiling @param {Run} run
     * @returns {Promise<import('./profile.js').Profiled>} */
    async profile({ key, tensors }, { runs }, run) {
        const { session, reasons, again } = /** @type {Loaded} */ (this._models.get(key));
        const { all, lost } = await run.take(() => runtime(() => eventsOf(session)));
        const sizes = again ? sizesOf(session.inputMetadata, tensors) : {};
        await this.unload(key);
        const profiled = nodesOf(all, { lastOf: () => runs, reasons, platform: this.platform });
        const capture = again && await captureOf({ make: again, take: (work) => run.take(() => runtime(work)) }, sizes, profiled.nodes);
        return { source: 'onnxruntime', lost, ...profiled, capture };
    }

    /** Runs a session in the run's turn, and reads outputs that are on a device. A device does one run's work after the
     * other's: the time until an earlier run has ended is that run's.
     * @param {Run} run @param {() => Promise<Record<string, any>>} work @returns {Promise<{outputs: Record<string, any>, inferenceMs: number}>} */
    async _compute(run, work) {
        const times = { ended: 0 };
        let before = times, began = 0;
        const outputs = await run.take(() => {
            [before, this._last, began] = [this._last, times, performance.now()];
            return runtime(work);
        });
        if (this.overlaps) run.submitted();
        await runtime(() => Promise.all(Object.values(outputs).map((tensor) => tensor.location === 'gpu-buffer' && tensor.getData())));
        times.ended = performance.now();
        return { outputs, inferenceMs: times.ended - Math.max(began, before.ended) };
    }

    /** @param {RunMessage} task @param {Record<string, any>} spec @param {InferenceSession} session */
    async _feeds(task, spec, session) {
        const image = task.input?.image;
        /** @type {Record<string, any>} */
        const feeds = {};
        for (const [index, entry] of task.tensors.entries()) {
            const bytes = bytesOf(entry, task.frame, task.section);
            const isImage = image?.tensor === index;
            if (isImage && !spec.picture) {
                throw new Failure('input_invalid', "the model's model.json does not say how it takes a picture",
                    { field: 'inputs', expected: 'tensors' });
            }
            const { type, data, dims } = isImage ? await pictureTensor(bytes, spec.picture) : toOrt(entry, bytes);
            const name = isImage ? spec.picture.input ?? session.inputNames[0] : entry.name;
            feeds[name] = new this._ort.Tensor(/** @type {any} */ (type), data, dims);
        }
        return feeds;
    }
}

/** A graph of the document's own, which comes with the order to load it; the service has no such order.
 * @param {RunMessage} task @returns {import('./fetch.js').Files | null} */
const givenFiles = ({ load_only: isLoad, frame, model }) =>
    (isLoad && frame ? { path: model.files[0].path, bytes: new Uint8Array(frame), external: [], spec: {} } : null);

/** @param {Uint8Array} bytes of a file @param {import('./picture.js').PictureSpec} spec */
const pictureTensor = async (bytes, spec) => pixelsToTensor(fitted(await readPixels(bytes), spec), spec);

/** @param {readonly any[] | undefined} metadata */
const typesOf = (metadata) => (metadata ?? []).filter((value) => value.isTensor).map((value) => String(value.type));

/** @param {Record<string, any>} outputs @param {Record<string, any>} spec */
function labels(outputs, spec) {
    const output = spec.result && outputs[spec.result.output];
    if (!output) return undefined;
    return { labels: toLabels(output.data, spec.result, Array.isArray(spec.labels) ? spec.labels : null) };
}
