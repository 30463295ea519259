/**
 * Brings whole model files for every engine: from this browser's store (store.js), or else from the service, and then
 * into the store. A fetched file goes to its user and into the store in one pass. If it is kept, its SHA-256 is checked,
 * in the same way when it is fetched and when it is read again. Of a file that came in part only the rest is fetched.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { fetchList, fetchRange, fetchWhole } from './get.js';
import { WrongList } from './leaf_list.js';
import { Sha256, digestOf } from './sha256.js';
import { Fetching } from '../peers/blocks.js';
import { LEAF_BYTES, LISTED_BYTES } from '../shared/leaves.js';

/** @import { LeafList } from './leaf_list.js' */
/** @import { Sink, Store, Writing } from './store.js' */
/** @typedef {{url: string, bytes: number, hash?: string}} Wanted */
/** Other pages that may have a file. `id`: the page's own among them. `join`: has those that do added to the fetching; they may be given what is kept so far, until
 * `leave` is called; `gained` tells of one leaf more; null: there are none. `report` is told of a page that has lied.
 * @typedef {{leave: () => void, gained: (index: number) => void}} Joined
 * @typedef {{id: string, join: (file: Wanted, ticket: string, fetching: Fetching, kept: Pick<Writing, 'has' | 'read'>) => Joined | null,
 *   report: (name: string, why: string) => void}} Others */
/** `told`: how far a file is; `others`: where it may also come from.
 * @typedef {{credential: import('../shared/messages.js').Credential, store: Store, signal: AbortSignal, told: (at: number) => void, others?: Others}} Source */

/** Fills a buffer that has room for all of the file: its digest is the browser's own to make.
 * @param {Wanted} file @param {Uint8Array<ArrayBuffer>} into @param {Source} source @throws {Failure} */
export async function bringInto(file, into, source) {
    const sink = { take: (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => into.set(bytes, at),
        digest: () => digestOf(into) };
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
async function keep(file, sink, source, only) {
    const { credential, store, signal } = source, writing = await store.begin(file);
    if (!writing && only) return null;
    const take = (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => {
        sink.take(at, bytes);
        if (writing?.write(at, bytes) === false && only) throw new NotKept();
    };
    /** @type {'right' | 'wrong' | 'cut'} */
    let how = 'cut';
    let kept = null;
    try {
        const found = writing && (writing.isBegun || source.others && file.bytes >= LISTED_BYTES) ? await fetchList(file, credential, signal, source.others?.id) : null;
        if (writing && found) {
            await gather(file, found, writing, source);
            await goOn(file, found.list, writing, sink, take, source);
        } else {
            writing?.restart();
            await fetchWhole(file, credential, signal, take, writing ? 'no-store' : 'default'); // it would be on the disk twice
        }
        if (writing) how = await sink.digest() === file.hash ? 'right' : 'wrong';
    } catch (error) {
        if (error instanceof WrongList) how = 'wrong'; // without the part, the next try needs no list
        if (!(error instanceof NotKept)) throw error;
        return null;
    } finally {
        kept = await writing?.end(how) ?? null;
    }
    if (how !== 'wrong') return kept;
    throw new Failure('model_fetch_failed', `${file.url} does not have the announced SHA-256`);
}

/** Has the leaves that are missing kept, from other pages and the service, in whatever order they come.
 * @param {Wanted} file @param {{list: LeafList, ticket: string | null}} found @param {Writing} writing @param {Source} source */
async function gather(file, { list, ticket }, writing, { credential, signal, told, others }) {
    if (!others || !ticket) return;
    const missing = Array.from({ length: list.count }, (_, index) => index).filter((index) => !writing.has(index));
    let left = missing.length;
    /** @type {Joined | null} */
    let joined = null;
    const fetching = new Fetching({
        count: list.count,
        isRight: (index, bytes) => list.isRight(index, bytes),
        take: (index, bytes) => {
            if (!writing.write(index * LEAF_BYTES, bytes)) throw new NotKept();
            told(Math.max(0, file.bytes - --left * LEAF_BYTES));
            joined?.gained(index);
        },
        report: others.report,
    }, missing, new Service(file, list, credential, signal));
    joined = others.join(file, ticket, fetching, writing);
    if (!joined) return;
    try {
        await fetching.run(signal);
    } catch (error) {
        if (!(error instanceof NotKept)) throw error; // goOn() does without
    } finally {
        joined.leave();
    }
}

/** The service as a source of single leaves. */
class Service {
    /** @param {Wanted} file @param {LeafList} list @param {import('../shared/messages.js').Credential} credential @param {AbortSignal} signal */
    constructor(file, list, credential, signal) {
        this.name = 'the service';
        this._stop = new AbortController();
        const ends = AbortSignal.any([signal, this._stop.signal]);
        /** @param {number} index */
        this.want = async (index) => {
            const bytes = new Uint8Array(list.size(index)), from = index * LEAF_BYTES;
            await fetchRange(file, from, from + bytes.length, credential, ends, (at, piece) => bytes.set(piece, at - from), 'no-store');
            return bytes;
        };
    }

    have() {}

    close() {
        this._stop.abort();
    }
}

/** Takes the leaves that are kept and right, and fetches the others, in the order of the file.
 * @param {Wanted} file @param {LeafList} list @param {Writing} writing @param {Sink} sink
 * @param {(at: number, bytes: Uint8Array) => void} take what is fetched @param {Source} source */
async function goOn(file, list, writing, sink, take, { credential, signal }) {
    for (let index = 0; index < list.count;) {
        const bytes = writing.has(index) ? writing.read(index) : null;
        if (bytes && await list.isRight(index, bytes)) {
            sink.take(index++ * LEAF_BYTES, bytes);
            continue;
        }
        writing.drop(index);
        const from = index++;
        while (index < list.count && !writing.has(index)) index++;
        await fetchRange(file, from * LEAF_BYTES, Math.min(index * LEAF_BYTES, file.bytes), credential, signal, take, 'no-store');
    }
}
