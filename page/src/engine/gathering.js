/**
 * A file that comes leaf by leaf, into the store and to its user in one pass: what is missing of it is fetched from the service in
 * the order of the file, and once another page has some of it or wants it, too, from all of them (shared/blocks.js). No leaf is
 * hashed twice, and none is offered to other pages that an earlier page has left here and that was not checked. A page that is
 * alone waits for nothing.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { fetchList, fetchRange } from './get.js';
import { Fetching, Lie } from '../shared/blocks.js';
import { Bitmap, LEAF_BYTES, leafCount } from '../shared/leaves.js';

/** @import { Joined, Load, Others } from './other_pages.js' */
/** @import { Source } from './bring.js' */
/** @import { LeafList } from '../shared/leaf_list.js' */
/** @import { Sink, Writing } from './store.js' */
/** @import { Wanted } from '../shared/messages.js' */

/** Leaves that are handed on at a time, while others come: a digest that browsers do not make takes some milliseconds for each. */
const HANDED = 4;

/** That a file cannot be kept. */
export class NotKept extends Error {}

export class Gathering {
    /** @param {Wanted} file @param {Writing} writing @param {Sink} sink for leaves that are there
     * @param {(at: number, bytes: Uint8Array) => void} take what is fetched @param {Source} source */
    constructor(file, writing, sink, take, source) {
        this._file = file;
        this._writing = writing;
        this._sink = sink;
        this._source = source;
        this._take = take;
        /** How far its user has it. */
        this._at = 0;
        /** What the service lists. @type {LeafList | null} */
        this._list = null;
        /** Leaves that were found right since they were written. */
        this._right = new Bitmap(leafCount(file.bytes));
        /** Aborted once another page has some of it, or wants it, too. */
        this._met = new AbortController();
        /** @type {Joined | null} */
        this._joined = null;
        /** @type {Fetching | null} */
        this._fetching = null;
    }

    /** Whether other pages were told of it. */
    get isShared() {
        return this._joined !== null;
    }

    /** Brings the rest of what an earlier page has begun. @param {LeafList} list @param {string | null} ticket for other pages; null: there are none
     * @throws {Failure} */
    async goOn(list, ticket) {
        this._list = list;
        if (ticket) {
            for (let index = 0; index < list.count; index++) if (this._writing.has(index)) await this._read(index);
            this._share(list, ticket);
        }
        await this._bring();
    }

    /** Brings all of it, which begins before the list is there. @param {string} id the page's own among peers @throws {Failure} */
    async begin(id) {
        const over = new AbortController(), { credential, signal } = this._source;
        fetchList(this._file, credential, AbortSignal.any([signal, over.signal]), id).then((found) => {
            if (!over.signal.aborted && typeof found === 'object' && found.ticket) this._share(found.list, found.ticket);
        }).catch(() => {}); // it comes all the same
        try {
            await this._bring();
        } finally {
            over.abort();
        }
    }

    /** The store is about to close it. */
    hold() {
        this._joined?.hold();
    }

    /** @param {boolean} isKept as a whole */
    leave(isKept) {
        this._joined?.leave(isKept);
    }

    async _bring() {
        const { signal } = this._source, met = this._met.signal;
        try {
            await this._flow(AbortSignal.any([signal, met])).catch((error) => {
                if (!(error instanceof Failure) || signal.aborted || !met.aborted) throw error;
            });
            if (met.aborted) await this._fetching?.run(signal);
        } catch (error) {
            throwIfCancelled(signal);
            // What the service sends otherwise than it lists it is judged by the whole file.
            if (!(error instanceof NotKept || error instanceof Lie)) throw error;
        } finally {
            this._fetching?.close();
        }
        await this._flow(signal);
    }

    // --- with other pages --------------------------------------------------------------------------

    /** @param {LeafList} list @param {string} ticket */
    _share(list, ticket) {
        const { others } = this._source;
        if (!others) return;
        this._list = list;
        const fetching = this._fetching = this._fetchingOf(list), joined = this._joined = others.join(this._load(others, list, ticket, fetching));
        this._writing.gained = (index) => {
            fetching.skip(index);
            joined.gained(index);
        };
    }

    /** @param {Others} others @param {LeafList} list @param {string} ticket @param {Fetching} fetching @returns {Load} */
    _load(others, list, ticket, fetching) {
        const { _file: file, _writing: writing } = this, { credential, signal } = this._source;
        return {
            file, list, ticket, has: (index) => writing.has(index),
            add: (source) => {
                fetching.add(source);
                this._met.abort();
            },
            met: (name) => {
                fetching.meet(name);
                this._met.abort();
            },
            parted: (name) => fetching.part(name),
            read: async (index) => {
                const bytes = writing.has(index) ? writing.read(index) : null;
                return bytes && await list.isRight(index, bytes) ? bytes : null;
            },
            renew: async () => {
                const found = await fetchList(file, credential, signal, others.id);
                return typeof found === 'object' ? found.ticket : null;
            },
        };
    }

    /** @param {LeafList} list */
    _fetchingOf(list) {
        const { _file: file, _writing: writing } = this, { credential, signal, told, others } = this._source;
        const missing = Array.from({ length: list.count }, (_, index) => index).filter((index) => !writing.has(index));
        return new Fetching({
            count: list.count,
            isRight: (index, bytes) => list.isRight(index, bytes),
            take: (index, bytes) => {
                if (!writing.write(index * LEAF_BYTES, bytes)) throw new NotKept();
                this._right.add(index);
                told(Math.max(0, file.bytes - writing.missing * LEAF_BYTES));
                this._handOn();
            },
            report: (name, why) => this._joined?.accuse(name, why),
        }, missing, new Service(file, list, credential, signal), { own: others?.id });
    }

    // --- in the order of the file ------------------------------------------------------------------

    /** Hands on the leaves that are there, and fetches the others from the service. @param {AbortSignal} stop ends it before all is there */
    async _flow(stop) {
        const { _file: file, _writing: writing, _source: { credential, signal } } = this, count = leafCount(file.bytes);
        const take = (/** @type {number} */ at, /** @type {Uint8Array} */ bytes) => {
            if (stop.aborted) throw new Failure('model_fetch_failed', 'it comes from elsewhere, too, from now on');
            this._take(at, bytes);
            this._at = at + bytes.length;
        };
        while (this._at < file.bytes && !stop.aborted) {
            const index = Math.floor(this._at / LEAF_BYTES), bytes = writing.has(index) ? await this._read(index) : null;
            if (bytes) {
                this._hand(index, bytes);
                continue;
            }
            let end = index + 1;
            while (end < count && !writing.has(end)) end++;
            await fetchRange(file, this._at, Math.min(end * LEAF_BYTES, file.bytes), credential, stop, take, 'no-store');
        }
        throwIfCancelled(signal);
    }

    /** Hands on the next leaves that are right, while others come. */
    _handOn() {
        for (let left = HANDED; left > 0 && this._at < this._file.bytes; left--) {
            const index = Math.floor(this._at / LEAF_BYTES), bytes = this._right.has(index) ? this._writing.read(index) : null;
            if (!bytes) return;
            this._hand(index, bytes);
        }
    }

    /** What its user does not have of a leaf. @param {number} index @param {Uint8Array} bytes */
    _hand(index, bytes) {
        this._sink.take(this._at, bytes.subarray(this._at - index * LEAF_BYTES));
        this._at = index * LEAF_BYTES + bytes.length;
    }

    /** A leaf that is there. @param {number} index @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is not right, and is missing now */
    async _read(index) {
        const bytes = this._writing.read(index);
        if (!bytes || !(this._right.has(index) || await this._list?.isRight(index, bytes))) {
            this._writing.drop(index);
            return null;
        }
        this._right.add(index);
        return bytes;
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
