/** Fetches model files from the service, with the bearer credential that `welcome` gave. */
import { Failure, throwIfCancelled } from './failure.js';

/** At most four reports a second, as the protocol says. */
const PROGRESS_EVERY_MS = 250;
/** So many files are on the way at a time. */
const ABREAST = 4;
/** A file is asked for so often again where it broke off, if bytes came in between. */
const RETRIES = 3;

/** @typedef {import('../shared/messages.js').Model} Model */
/** @typedef {{path: string, data: Uint8Array}} NamedBytes */
/** A model as it lies in the store; `external` are the files that its graph keeps tensors in.
 * @typedef {{bytes: Uint8Array, external: NamedBytes[], spec: Record<string, any>}} Files */
/** How the fetching of one model stands.
 * @typedef {{loaded: number, total: number, reported: number, onProgress: (loaded: number, total: number) => void}} Progress */

/** The graph's file. */
const GRAPH = 'model.onnx';
/** Described by `spec_url` with all its defaults. */
const SPEC = 'model.json';

/**
 * The graph, the files beside it and what model.json says. One `signal` ends all of it.
 * @param {Model} model @param {string} credential
 * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} cancelled
 * @returns {Promise<Files>}
 */
export async function fetchFiles(model, credential, onProgress, cancelled) {
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
                () => fetchPart(part, credential, progress, stop.signal))]);
        const files = parts.map(({ path }, index) => ({ path, data: contents[index] }));
        return { bytes: files[0].data, external: files.slice(1), spec };
    } catch (error) {
        throwIfCancelled(cancelled);
        throw error;
    } finally {
        end(); // what is still on the way beside the one that failed
        cancelled.removeEventListener('abort', end);
    }
}

/**
 * What is to be fetched, the graph first.
 * @param {Model} model @returns {{path: string, url: string, bytes: number, hash?: string}[]}
 */
function partsOf(model) {
    const graph = { path: GRAPH, url: String(model.url), bytes: model.bytes };
    const files = model.files ?? [graph];
    return [files.find(({ path }) => path === GRAPH) ?? graph,
        ...files.filter(({ path }) => path !== GRAPH && path !== SPEC)];
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
 * One file. Where it breaks off it goes on by a Range, as long as it is the same file.
 * @param {{url: string, bytes: number, hash?: string}} part @param {string} credential
 * @param {Progress} progress @param {AbortSignal} signal
 */
export async function fetchPart({ url, bytes: size, hash }, credential, progress, signal) {
    const bytes = allocate(size);
    let at = 0;
    for (let retries = RETRIES; ; retries--) {
        const before = at;
        const response = await get(url, credential, signal, at > 0 ? rest(at, hash) : {});
        if (at > 0 && response.status !== 206) {
            progress.loaded -= at; // it begins anew
            at = 0;
        }
        try {
            at = await readInto(bytes, at, response, progress);
            if (at === size) return bytes;
        } catch (error) {
            if (!(error instanceof BrokenOff)) throw error;
            at = error.at;
        }
        if (signal.aborted || retries === 0 || at === before || at > size) {
            throw new Failure('model_fetch_failed', `${url} has not the ${size} bytes that were announced: ${at} came`);
        }
    }
}

/** The headers that ask for a file from `at` on, if it still has this hash. @param {number} at @param {string} [hash] */
const rest = (at, hash) => ({ Range: `bytes=${at}-`, ...(hash ? { 'If-Range': `"${hash}"` } : {}) });

/** How far a body came before it broke off. */
class BrokenOff extends Error {
    /** @param {number} at @param {unknown} cause */
    constructor(at, cause) {
        super(String(cause));
        this.at = at;
    }
}

/**
 * @param {Uint8Array} bytes @param {number} at @param {Response} response @param {Progress} progress
 * @returns {Promise<number>} how far it came; more than there is room for is past the end
 */
async function readInto(bytes, at, response, progress) {
    const reader = response.body?.getReader();
    while (reader) {
        const { done, value } = await reader.read().catch((error) => {
            throw new BrokenOff(at, error);
        });
        if (done) break;
        if (at + value.length > bytes.length) {
            await reader.cancel();
            return at + value.length;
        }
        bytes.set(value, at);
        at += value.length;
        report(progress, value.length);
    }
    return at;
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

/** Asks the service for a file, or with a Range for a piece of it.
 * @param {string} path @param {string} credential @param {AbortSignal} signal @param {Record<string, string>} [headers]
 * @throws {Failure} `model_fetch_failed` */
export async function get(path, credential, signal, headers = {}) {
    const { origin } = self.location, address = new URL(path, origin);
    // What a model's own files name is not to lead elsewhere.
    if (address.origin !== origin || !address.pathname.startsWith('/models/')) {
        throw new Failure('model_fetch_failed', `${path} is no file of a model`);
    }
    let response;
    try {
        response = await fetch(address, { headers: { ...headers, Authorization: `Bearer ${credential}` }, signal });
    } catch (error) {
        throw new Failure('model_fetch_failed', `${path} could not be fetched: ${error}`);
    }
    if (!response.ok) throw new Failure('model_fetch_failed', `${path} was answered ${response.status}`);
    return response;
}

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
 * @param {Model} model @param {string} credential @param {AbortSignal} signal
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
