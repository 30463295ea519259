/**
 * Brings whole model files for every engine: from this browser's store (store.js), or else from the service, and then
 * into the store. A fetched file goes to its user and into the store in one pass. If it is kept, its SHA-256 is checked,
 * in the same way when it is fetched and when it is read again.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { fetchWhole } from './get.js';
import { Sha256 } from './sha256.js';

/** @import { Sink, Store } from './store.js' */
/** @typedef {{url: string, bytes: number, hash?: string}} Wanted */
/** `told`: how far a file is. @typedef {{credential: import('../shared/messages.js').Credential, store: Store, signal: AbortSignal, told: (at: number) => void}} Source */

/** Fills a buffer that has room for all of the file: its digest is the browser's own to make.
 * @param {Wanted} file @param {Uint8Array<ArrayBuffer>} into @param {Source} source @throws {Failure} */
export async function bringInto(file, into, source) {
    const sink = { take: (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => into.set(bytes, at),
        digest: () => crypto.subtle.digest('SHA-256', into).then(hex, () => digestOf(into)) };
    const counted = countedBy(sink, source);
    if (await source.store.find(file, counted)) return;
    throwIfCancelled(source.signal);
    await keep(file, counted, source, false);
}

/** Has the file kept, so that it is read from there.
 * @param {Wanted} file @param {Source} source @returns {Promise<File | null>} null: this browser does not keep it
 * @throws {Failure} */
export async function bringKept(file, source) {
    let sum = new Sha256();
    const sink = {
        take: (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => {
            if (at === 0) sum = new Sha256();
            sum.add(bytes);
        },
        digest: async () => sum.end(),
    };
    const counted = countedBy(sink, source);
    const found = await source.store.find(file, counted);
    throwIfCancelled(source.signal);
    return found ?? keep(file, counted, source, true);
}

/** Reports the bytes taken; none are taken after a cancel. @param {Sink} sink @param {Source} source
 * @returns {Sink} */
const countedBy = ({ take, digest }, { signal, told }) => ({
    take: (at, bytes) => {
        throwIfCancelled(signal);
        take(at, bytes);
        told(at + bytes.length);
    },
    digest,
});

/** That a file cannot be kept. */
class NotKept extends Error {}

/** @param {Wanted} file @param {Sink} sink @param {Source} source @param {boolean} only whether it is to be fetched only if
 * it is kept @returns {Promise<File | null>} */
async function keep(file, sink, { credential, store, signal }, only) {
    const writing = await store.begin(file);
    if (!writing && only) return null;
    let isRight = false;
    let kept = null;
    try {
        await fetchWhole(file, credential, signal, (at, bytes) => {
            sink.take(at, bytes);
            if (writing?.write(at, bytes) === false && only) throw new NotKept();
        }, writing ? 'no-store' : 'default'); // it would be on the disk twice
        isRight = writing !== null && await sink.digest() === file.hash;
    } catch (error) {
        if (!(error instanceof NotKept)) throw error;
        return null;
    } finally {
        kept = await writing?.end(isRight) ?? null;
    }
    if (!writing || isRight) return kept;
    throw new Failure('model_fetch_failed', `${file.url} does not have the announced SHA-256`);
}

/** For what a browser does not take at once. @param {Uint8Array} bytes */
function digestOf(bytes) {
    const sum = new Sha256();
    sum.add(bytes);
    return sum.end();
}

/** @param {ArrayBuffer} digest */
const hex = (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
