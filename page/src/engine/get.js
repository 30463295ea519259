/** Asks the service for model files, with the bearer credential that `welcome` gave. */
import { Failure } from './failure.js';

/** @import { Credential } from '../shared/messages.js' */

/** A file is asked for so often again where it broke off, if bytes came in between. */
const RETRIES = 3;

/** Asks the service for a file, or with a Range for a piece of it.
 * @param {string} path @param {Credential} credential @param {AbortSignal} signal @param {Record<string, string>} [headers]
 * @param {RequestCache} [cache] @throws {Failure} `model_fetch_failed` */
export async function get(path, credential, signal, headers = {}, cache = 'default') {
    const { origin, token } = typeof credential === 'string' ? { origin: self.location.origin, token: credential } : credential;
    const address = new URL(path, origin);
    // Addresses in a model's own files must not lead elsewhere.
    if (address.origin !== origin || !address.pathname.startsWith('/models/')) {
        throw new Failure('model_fetch_failed', `${path} is no file of a model`);
    }
    let response;
    try {
        response = await fetch(address, { headers: { ...headers, Authorization: `Bearer ${token}` }, signal, cache });
    } catch (error) {
        throw new Failure('model_fetch_failed', `${path} could not be fetched: ${error}`);
    }
    if (!response.ok) throw new Failure('model_fetch_failed', `${path} was answered ${response.status}`);
    return response;
}

/**
 * All bytes of one file. After a broken connection it continues with a Range if the file is the same; otherwise it starts over.
 * @param {{url: string, bytes: number, hash?: string}} file @param {Credential} credential @param {AbortSignal} signal
 * @param {(at: number, bytes: Uint8Array) => void} take given them in their order; what it throws ends it
 * @param {RequestCache} cache
 */
export async function fetchWhole({ url, bytes: size, hash }, credential, signal, take, cache) {
    let at = 0;
    for (let retries = RETRIES; ; retries--) {
        const before = at;
        const response = await get(url, credential, signal, at > 0 ? rest(at, hash) : {}, cache);
        if (response.status !== 206) at = 0;
        try {
            at = await readFrom(response, at, size, take);
            if (at === size) return;
        } catch (error) {
            if (!(error instanceof BrokenOff)) throw error;
            at = error.at;
        }
        if (signal.aborted || retries === 0 || at === before || at > size) {
            throw new Failure('model_fetch_failed', `${url} does not have the announced ${size} bytes: ${at} arrived`);
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
 * @param {Response} response @param {number} at @param {number} size @param {(at: number, bytes: Uint8Array) => void} take
 * @returns {Promise<number>} how far it came; more than there is room for is past the end
 */
async function readFrom(response, at, size, take) {
    const reader = response.body?.getReader();
    while (reader) {
        const { done, value } = await reader.read().catch((error) => {
            throw new BrokenOff(at, error);
        });
        if (done) break;
        if (at + value.length > size) {
            await reader.cancel();
            return at + value.length;
        }
        try {
            take(at, value);
        } catch (error) {
            await reader.cancel();
            throw error;
        }
        at += value.length;
    }
    return at;
}
