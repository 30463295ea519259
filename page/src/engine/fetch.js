/** Fetches model files from the service, with the bearer credential that `welcome` gave. */
import { Failure, throwIfCancelled } from './failure.js';

/** At most four reports a second, as the protocol says. */
const PROGRESS_EVERY_MS = 250;

/** @param {string} path @param {string} credential @param {AbortSignal} [cancelled] */
async function get(path, credential, cancelled) {
    let response;
    try {
        response = await fetch(new URL(path, self.location.origin), {
            headers: { Authorization: `Bearer ${credential}` }, signal: cancelled ?? null,
        });
    } catch (error) {
        if (cancelled) throwIfCancelled(cancelled);
        throw new Failure('model_fetch_failed', `${path} could not be fetched: ${error}`);
    }
    if (!response.ok) throw new Failure('model_fetch_failed', `${path} was answered ${response.status}.`);
    return response;
}

/** A model as it lies in the store. @typedef {{bytes: Uint8Array, spec: Record<string, any>}} Files */

/**
 * @param {import('../shared/messages.js').Model} model @param {string} credential
 * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} cancelled
 * @returns {Promise<Files>}
 */
export async function fetchFiles(model, credential, onProgress, cancelled) {
    const bytes = await fetchModel(model, credential, onProgress, cancelled);
    const spec = await fetchSpec(model, credential);
    throwIfCancelled(cancelled);
    return { bytes, spec };
}

/**
 * @param {import('../shared/messages.js').Model} model @param {string} credential
 * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} cancelled
 * @returns {Promise<Uint8Array>}
 */
async function fetchModel(model, credential, onProgress, cancelled) {
    const response = await get(String(model.url), credential, cancelled);
    const reader = response.body?.getReader();
    const bytes = allocate(model.bytes);
    let loaded = 0;
    let reported = performance.now();
    while (reader) {
        const { done, value } = await reader.read().catch((error) => {
            throwIfCancelled(cancelled);
            throw new Failure('model_fetch_failed', `${model.url} broke off: ${error}`);
        });
        if (done) break;
        if (loaded + value.length > model.bytes) loaded = Infinity;
        else bytes.set(value, loaded);
        loaded += value.length;
        if (performance.now() - reported < PROGRESS_EVERY_MS) continue;
        reported = performance.now();
        onProgress(loaded, model.bytes);
    }
    if (loaded !== model.bytes) {
        throw new Failure('model_fetch_failed', `${model.url} has not the ${model.bytes} bytes that were announced.`);
    }
    return bytes;
}

/** @param {number} size */
function allocate(size) {
    try {
        return new Uint8Array(size);
    } catch {
        throw new Failure('out_of_memory', `A model of ${size} bytes does not fit this browser's memory.`);
    }
}

/**
 * model.json with its labels, or an empty one.
 * @param {import('../shared/messages.js').Model} model @param {string} credential
 * @returns {Promise<Record<string, any>>}
 */
async function fetchSpec(model, credential) {
    if (!model.spec_url) return {};
    const spec = await (await get(model.spec_url, credential)).json().catch((error) => {
        throw new Failure('model_fetch_failed', `${model.spec_url} is no JSON: ${error}`);
    });
    if (typeof spec.labels_file === 'string' && !Array.isArray(spec.labels)) {
        const url = new URL(spec.labels_file, new URL(model.spec_url, self.location.origin));
        const text = await (await get(url.pathname, credential)).text();
        spec.labels = text.split(/\r?\n/).filter((line) => line !== '');
    }
    return spec;
}
