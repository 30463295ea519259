/** Asks the service for model files, with the bearer credential that `welcome` gave. */
import { fetchCarried } from '../shared/carried.js';
import { Failure, unlessCancelled } from './failure.js';
import { WrongList, leafListOf, listSize } from './leaf_list.js';

/** @import { LeafList } from '../shared/leaf_list.js' */
/** @import { Credential, Wanted } from '../shared/messages.js' */

/** A file is asked for so often again where it broke off, if bytes came in between. */
const RETRIES = 3;
/** A list is asked for so often again, by the status of the answer: that which the service still makes … */
const LIST_TRIES = new Map([[503, 20], [429, 3], [500, 3], [502, 3], [504, 3]]);
/** … after this time, which doubles, up to that one. A core hashes some hundred MB/s. */
const LIST_PAUSE_MS = 100, LIST_PAUSE_MAX_MS = 1000;
/** That there is no such list. */
const NO_LIST = new Set([400, 404]);

/** @param {string} path @param {Credential} credential @param {AbortSignal} signal @param {Record<string, string>} headers
 * @param {RequestCache} cache @returns {Promise<Response>} whatever its status is @throws {Failure} `model_fetch_failed` */
async function ask(path, credential, signal, headers, cache) {
    const { origin, token, isCarried } = typeof credential === 'string' ? { origin: self.location.origin, token: credential, isCarried: false } : credential;
    const address = new URL(path, origin);
    // Addresses in a model's own files must not lead elsewhere.
    if (address.origin !== origin || !address.pathname.startsWith('/models/')) {
        throw new Failure('model_fetch_failed', `${path} is no file of a model`);
    }
    const said = { ...headers, Authorization: `Bearer ${token}` };
    try {
        const carried = isCarried ? await fetchCarried((port) => askDocument(address.pathname + address.search, said, port), signal) : null;
        return carried ?? await fetch(address, { headers: said, signal, cache });
    } catch (error) {
        throw new Failure('model_fetch_failed', `${path} could not be fetched: ${error}`);
    }
}

/** The document has the connections over peers (peers/files.js). @param {string} path with its query @param {Record<string, string>} headers
 * @param {MessagePort} port */
function askDocument(path, headers, port) {
    self.postMessage({ type: 'get', request: { path, headers: Object.fromEntries(new Headers(headers)) }, port }, [port]);
}

/** Asks the service for a file, or with a Range for a piece of it.
 * @param {string} path @param {Credential} credential @param {AbortSignal} signal @param {Record<string, string>} [headers]
 * @param {RequestCache} [cache] @throws {Failure} `model_fetch_failed` */
export async function get(path, credential, signal, headers = {}, cache = 'default') {
    const response = await ask(path, credential, signal, headers, cache);
    if (response.ok) return response;
    response.body?.cancel().catch(() => {}); // nobody reads why
    throw new Failure('model_fetch_failed', `${path} was answered ${response.status}`);
}

/** All bytes of one file; see fetchRange. @param {Wanted} file @param {Credential} credential @param {AbortSignal} signal
 * @param {(at: number, bytes: Uint8Array) => void} take @param {RequestCache} cache */
export const fetchWhole = (file, credential, signal, take, cache) => fetchRange(file, 0, file.bytes, credential, signal, take, cache);

/**
 * The bytes of a file from `from` to `to`. After a broken connection it continues where it was if the file is the same; a whole
 * file otherwise starts over.
 * @param {Wanted} file @param {number} from @param {number} to @param {Credential} credential @param {AbortSignal} signal
 * @param {(at: number, bytes: Uint8Array) => void} take given them in their order; what it throws ends it
 * @param {RequestCache} cache
 */
export async function fetchRange({ url, bytes: size, hash }, from, to, credential, signal, take, cache) {
    const isAll = from === 0 && to === size;
    let at = from;
    for (let retries = RETRIES; ; retries--) {
        const before = at;
        const response = await get(url, credential, signal, isAll && at === 0 ? {} : rangeOf(at, isAll ? null : to, hash), cache);
        if (response.status !== 206) {
            if (!isAll) {
                await response.body?.cancel();
                throw new Failure('model_fetch_failed', `${url} was answered whole, and not the piece that was asked for`);
            }
            at = 0;
        }
        try {
            at = await readFrom(response, at, to, take);
            if (at === to) return;
        } catch (error) {
            if (!(error instanceof BrokenOff)) throw error;
            at = error.at;
        }
        if (signal.aborted || retries === 0 || at === before || at > to) {
            throw new Failure('model_fetch_failed', isAll ? `${url} does not have the announced ${size} bytes: ${at} arrived`
                : `${url} broke off at byte ${at} of ${size}`);
        }
    }
}

/** The headers that ask for a file from `at` on, if it still has this hash. @param {number} at @param {number | null} to null: its
 * end @param {string} [hash] */
const rangeOf = (at, to, hash) => ({ Range: `bytes=${at}-${to === null ? '' : to - 1}`, ...(hash ? { 'If-Range': `"${hash}"` } : {}) });

/**
 * The service's list of a file's leaves. It may still have to make the list.
 * @param {Wanted} file @param {Credential} credential @param {AbortSignal} signal
 * @param {string} [peer] the page's own id among peers, for a ticket that says that it may have the file
 * @returns {Promise<{list: LeafList, ticket: string | null} | 'none' | 'later'>} 'none': it has none; 'later': that is not known now
 * @throws {Failure}
 */
export async function fetchList(file, credential, signal, peer) {
    const address = `${file.url}?blocks${peer ? `=${peer}` : ''}`;
    for (let tries = 0; ; tries++) {
        const response = await ask(address, credential, signal, {}, 'no-store'), { status } = response;
        const isFile = response.headers.get('ETag') === `"${file.hash}"`; // something on the way has dropped the query
        if (response.ok && !isFile) return { list: await leafListOf(file, await readList(response, file)), ticket: response.headers.get('X-Webinfer-Ticket') };
        await response.body?.cancel();
        if (isFile || NO_LIST.has(status)) return 'none';
        if (tries >= (LIST_TRIES.get(status) ?? 0)) return 'later';
        const pause = Math.min(LIST_PAUSE_MS * 2 ** tries, LIST_PAUSE_MAX_MS);
        await unlessCancelled(new Promise((resolve) => setTimeout(resolve, pause)), signal);
    }
}

/** Reads no more than a list has. @param {Response} response @param {Wanted} file @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function readList(response, file) {
    const bytes = new Uint8Array(listSize(file.bytes));
    const at = await readFrom(response, 0, bytes.length, (place, piece) => bytes.set(piece, place)).catch((error) => {
        throw error instanceof BrokenOff ? new Failure('model_fetch_failed', `the list of the blocks of ${file.url} broke off: ${error.message}`) : error;
    });
    if (at > bytes.length) throw new WrongList(file, `it has more than ${bytes.length} bytes`);
    return bytes.subarray(0, at);
}

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
            await reader.cancel().catch(() => {}); // it has broken off
            return at + value.length;
        }
        try {
            take(at, value);
        } catch (error) {
            await reader.cancel().catch(() => {}); // it has broken off
            throw error;
        }
        at += value.length;
    }
    return at;
}
