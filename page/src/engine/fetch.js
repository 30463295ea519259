/** Fetches the files of a model that are held in memory, and files of the page itself. */
import { bringInto } from './bring.js';
import { Failure, throwIfCancelled } from './failure.js';
import { get } from './get.js';
import { Store } from './store.js';

/** At most four reports a second, as the protocol says. */
const PROGRESS_EVERY_MS = 250;
/** So many files are on the way at a time. */
const ABREAST = 4;

/** @import { Credential, Model } from '../shared/messages.js' */
/** @typedef {{path: string, data: Uint8Array}} NamedBytes */
/** A model's files as the store has them; `external` are the files that its graph keeps tensors in.
 * @typedef {{path: string, bytes: Uint8Array, external: NamedBytes[], spec: Record<string, any>}} Files */
/** The progress of fetching one model.
 * @typedef {{loaded: number, total: number, reported: number, onProgress: (loaded: number, total: number) => void}} Progress */

/** The graph's file: model.onnx, or that of a variant, such as model_q4.onnx. */
const GRAPH = /^model(_[A-Za-z0-9]+)*\.onnx$/;
/** Described by `spec_url` with all its defaults. */
const SPEC = 'model.json';

/**
 * The graph, its further files and the contents of model.json. One `signal` ends all requests.
 * @param {Model} model @param {Credential} credential
 * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} cancelled
 * @param {Store} [store] @returns {Promise<Files>}
 */
export async function fetchFiles(model, credential, onProgress, cancelled, store = new Store()) {
    const parts = partsOf(model);
    /** @type {Progress} */
    const progress = { loaded: 0, total: parts.reduce((sum, part) => sum + part.bytes, 0),
        reported: performance.now(), onProgress };
    const stop = new AbortController();
    const end = () => stop.abort();
    cancelled.addEventListener('abort', end);
    if (cancelled.aborted) end();
    try {
        const [spec, ...contents] = await inTurn(
            [() => fetchSpec(model, credential, stop.signal), ...parts.map((part) =>
                () => fetchPart(part, credential, progress, stop.signal, store))]);
        const files = parts.map(({ path }, index) => ({ path, data: contents[index] }));
        return { path: files[0].path, bytes: files[0].data, external: files.slice(1), spec };
    } catch (error) {
        throwIfCancelled(cancelled);
        throw error;
    } finally {
        end(); // the requests still running after one has failed
        cancelled.removeEventListener('abort', end);
    }
}

/**
 * The files to fetch, the graph first.
 * @param {Model} model @returns {import('../shared/messages.js').ModelFile[]} @throws {Failure} `model_invalid`
 */
function partsOf({ files }) {
    const graph = files.find(({ path }) => GRAPH.test(path));
    if (!graph) throw new Failure('model_invalid', 'the model has no model.onnx');
    return [graph, ...files.filter((file) => file !== graph && file.path !== SPEC)];
}

/**
 * All of them, so many at a time; the results in their order. Begins none after one has failed.
 * @param {(() => Promise<any>)[]} tasks @returns {Promise<any[]>}
 */
async function inTurn(tasks) {
    /** @type {any[]} */
    const results = [];
    let next = 0;
    const work = async () => {
        while (next < tasks.length) {
            const index = next++;
            try {
                results[index] = await tasks[index]();
            } catch (error) {
                next = tasks.length;
                throw error;
            }
        }
    };
    await Promise.all(Array.from({ length: ABREAST }, work));
    return results;
}

/**
 * One file, as this browser keeps it or from the service.
 * @param {{url: string, bytes: number, hash?: string}} part @param {Credential} credential
 * @param {Progress} progress @param {AbortSignal} signal @param {Store} store
 */
export async function fetchPart(part, credential, progress, signal, store) {
    const bytes = allocate(part.bytes);
    let reached = 0;
    const told = (/** @type {number} */ at) => {
        report(progress, at - reached);
        reached = at;
    };
    await bringInto(part, bytes, { credential, store, signal, told, others: store.others });
    return bytes;
}

/** @param {Progress} progress @param {number} more */
function report(progress, more) {
    progress.loaded += more;
    if (performance.now() - progress.reported < PROGRESS_EVERY_MS) return;
    progress.reported = performance.now();
    progress.onProgress(progress.loaded, progress.total);
}

/** A file of the page itself, such as an engine's binary. @param {string} address
 * @param {number} total its bytes: what is compressed on the way is announced with fewer
 * @param {(loaded: number, total: number) => void} onProgress @returns {Promise<ArrayBuffer>} @throws {Failure} */
export async function fetchOwn(address, total, onProgress) {
    try {
        const response = await fetch(address);
        if (!response.ok || !response.body) throw new Error(`it was answered ${response.status}`);
        /** @type {Progress} */
        const progress = { loaded: 0, total, reported: performance.now(), onProgress };
        const counted = response.body.pipeThrough(new TransformStream({
            transform: (chunk, out) => {
                report(progress, chunk.length);
                out.enqueue(chunk);
            },
        }));
        return await new Response(counted).arrayBuffer();
    } catch (error) {
        throw new Failure('engine_crashed', `the engine's file ${address} could not be fetched: ${error}`);
    }
}

/** Frees a binary that is compiled: its glue would hold the bytes as long as the worker lives. @param {ArrayBuffer} binary */
export const letGo = (binary) => { structuredClone(binary, { transfer: [binary] }); };

/** @param {number} size */
function allocate(size) {
    try {
        return new Uint8Array(size);
    } catch {
        throw new Failure('out_of_memory', `a model's file of ${size} bytes does not fit this browser's memory`);
    }
}

/**
 * model.json with its labels, or an empty one.
 * @param {Model} model @param {Credential} credential @param {AbortSignal} signal
 * @returns {Promise<Record<string, any>>}
 */
async function fetchSpec(model, credential, signal) {
    if (!model.spec_url) return {};
    const spec = await (await get(model.spec_url, credential, signal)).json().catch((error) => {
        throw new Failure('model_fetch_failed', `${model.spec_url} is no JSON: ${error}`);
    });
    if (typeof spec.labels_file === 'string' && !Array.isArray(spec.labels)) {
        const url = new URL(spec.labels_file, new URL(model.spec_url, self.location.origin));
        const text = await (await get(url.pathname, credential, signal)).text();
        spec.labels = text.split(/\r?\n/).filter((line) => line !== '');
    }
    return spec;
}
