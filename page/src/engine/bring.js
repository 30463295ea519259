/**
 * Brings whole model files for every engine: from this browser's store (store.js), or else from the service and other pages
 * (gathering.js), and then into the store. A fetched file goes to its user and into the store in one pass. If it is kept, its
 * SHA-256 is checked, in the same way when it is fetched and when it is read again. Of a file that came in part only the rest is
 * fetched.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { Gathering, NotKept } from './gathering.js';
import { fetchList, fetchWhole } from './get.js';
import { WrongList } from './leaf_list.js';
import { Sha256, digestOf } from '../shared/sha256.js';
import { LISTED_BYTES } from '../shared/leaves.js';

/** @import { Others } from './other_pages.js' */
/** @import { Sink, Store } from './store.js' */
/** @import { Wanted } from '../shared/messages.js' */
/** `told`: how far a file is; `others`: where it may also come from.
 * @typedef {{credential: import('../shared/messages.js').Credential, store: Store, signal: AbortSignal, told: (at: number) => void, others?: Others}} Source */

/** Fills a buffer that has room for all of the file: its digest is the browser's own to make.
 * @param {Wanted} file @param {Uint8Array<ArrayBuffer>} into @param {Source} source @throws {Failure} */
export async function bringInto(file, into, source) {
    const sink = { take: (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => into.set(bytes, at),
        digest: () => digestOf(into) };
    if (await source.store.find(file, countedBy(sink, source))) return offer(file, source);
    throwIfCancelled(source.signal);
    await keep(file, sink, source, false);
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
    const found = await source.store.find(file, countedBy(sink, source));
    throwIfCancelled(source.signal);
    if (!found) return keep(file, sink, source, true);
    offer(file, source);
    return found;
}

/** Reports the bytes taken; none are taken after a cancel. @param {Sink} sink @param {Pick<Source, 'signal' | 'told'>} source
 * @returns {Sink} */
const countedBy = ({ take, digest }, { signal, told }) => ({
    take: (at, bytes) => {
        throwIfCancelled(signal);
        take(at, bytes);
        told(at + bytes.length);
    },
    digest,
});

/** What has come in another order is handed on afterwards, which is no way back. @param {Source} source @returns {Source} */
function onwards(source) {
    let reached = 0;
    return { ...source, told: (at) => source.told(reached = Math.max(reached, at)) };
}

/** Whether other pages may have it. @param {Wanted} file @param {Others} [others] */
const isShared = ({ bytes }, others) => others !== undefined && bytes >= LISTED_BYTES;

/** Other pages may have it from this one; nothing waits for that. @param {Wanted} file @param {Source} source */
function offer(file, { others, credential }) {
    if (isShared(file, others)) others?.offer(file, async () => {
        const found = await fetchList(file, credential, new AbortController().signal);
        return typeof found === 'object' ? found.list : null;
    });
}

/** @param {Wanted} file @param {Sink} sink @param {Source} given @param {boolean} only whether it is to be fetched only if
 * it is kept @returns {Promise<File | null>} */
async function keep(file, sink, given, only) {
    const source = onwards(given), { credential, store, signal, others } = source, writing = await store.begin(file);
    if (!writing && only) return null;
    const counted = countedBy(sink, source);
    const take = (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => {
        counted.take(at, bytes);
        if (writing?.write(at, bytes) === false && only) throw new NotKept();
    };
    /** @type {'right' | 'wrong' | 'cut'} */
    let how = 'cut';
    let kept = null;
    /** @type {Gathering | null} */
    let gathering = null;
    try {
        const id = isShared(file, others) ? others?.id : '', isBegun = writing?.isBegun === true;
        const found = isBegun ? await fetchList(file, credential, signal, id) : 'none';
        if (found === 'none') writing?.restart();
        if (writing && (typeof found === 'object' || id && !isBegun)) gathering = new Gathering(file, writing, counted, take, source);
        if (typeof found === 'object') await gathering?.goOn(found.list, id ? found.ticket : null);
        else if (gathering) await gathering.begin(id ?? '');
        else await fetchWhole(file, credential, signal, take, writing ? 'no-store' : 'default'); // it would be on the disk twice
        if (writing) how = await sink.digest() === file.hash ? 'right' : 'wrong';
    } catch (error) {
        if (error instanceof WrongList) how = 'wrong'; // without the part, the next try needs no list
        if (!(error instanceof NotKept)) throw error;
        return null;
    } finally {
        gathering?.hold();
        kept = await writing?.end(how) ?? null;
        gathering?.leave(kept !== null);
    }
    if (how === 'wrong') throw new Failure('model_fetch_failed', `${file.url} does not have the announced SHA-256`);
    if (kept && !gathering?.isShared) offer(file, source);
    return kept;
}
