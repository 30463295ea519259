/**
 * Keys and values that a decoder has computed, kept after an answer for the next turn of the same owner.
 * The next turn continues from the longest common beginning. If a cache is longer than that, a shortened copy is
 * made: on the device if the tensors are there, or else here. A cache with room after its tokens (roomy_cache.js)
 * is shortened in place instead, if it loses no more than would be copied.
 */
import { HELD, OF_ENCODER, stays } from '../engine/wasm_tensors.js';
import { SIZES, tokenBytes } from './roomy_cache.js';
import { sliceModel } from './slice_model.js';

/** The library's DynamicCache: tensors by name, [batch, heads, tokens, size] each. @typedef {any} Cache */
/** One of onnxruntime-web.
 * @typedef {{run: (feeds: any) => Promise<any>, release: () => Promise<void>}} Session */
/** `copies` are being cut of it, for which it must stay.
 * @typedef {{owner: string | null, tokens: readonly number[], cache: Cache, bytes: number, copies: number}} Entry */
/** A run that computes a cache. @typedef {{readonly cache: Cache | null}} Holder */
/** `count` tokens of a prompt are in it. @typedef {{cache: Cache, count: number}} Beginning */

/** Limits for one model: so many conversations, and so many bytes including running ones. */
const ENTRIES = 4;
const BYTES = 256 << 20;
/** Room is made for so many tokens more than there are, if there will be so many, and in such steps. */
const AHEAD = 1024;
const STEP = 256;
/** No tensor is called so. */
const NONE = /^$/;

export class KvCaches {
    /** @param {any} library what transformers.js exports
     * @param {(model: Uint8Array, outputs: Record<string, string>) => Promise<Session>} open creates a session
     *   of a model where the caches are; `outputs` gives the location of each output
     * @param {{entries?: number, bytes?: number}} [limits]
     * @param {import('./roomy_cache.js').Rooms | null} [rooms] null: the graph does not write into such caches */
    constructor(library, open, { entries = ENTRIES, bytes = BYTES } = {}, rooms = null) {
        this._library = library;
        this._open = open;
        this._rooms = rooms;
        this._limits = { entries, bytes };
        /** The one that was used least lately is the first. @type {Entry[]} */
        this._entries = [];
        /** The holders in use. @type {Set<Holder>} */
        this._held = new Set();
        /** Told when room was made, which is memory that counts at once. */
        this.onRoom = () => {};
        /** That cut tensors on the device, by type and rank. @type {Map<string, Promise<Session>>} */
        this._cutters = new Map();
    }

    /** How many conversations are kept, and how many tokens of them. */
    get sizes() {
        const tokens = this._entries.reduce((sum, { tokens: { length } }) => sum + length, 0);
        return { count: this._entries.length, tokens };
    }

    /** Bytes of kept caches and of caches in use. */
    get bytes() {
        return this._bytesOf(bytesOfAll);
    }

    /** The part of these bytes outside WASM memory. */
    get bytesBeside() {
        return this._bytesOf((cache) => bytesOfAll(cache, ({ location }) => location !== HELD));
    }

    /** @param {(cache: Cache) => number} count of what is computed now */
    _bytesOf(count) {
        const held = [...this._held].reduce((sum, { cache }) => sum + (cache ? count(cache) : 0), 0);
        return this._entries.reduce((sum, { bytes }) => sum + bytes, held);
    }

    /** The holder's cache counts until it is kept or released. @param {Holder} holder */
    hold(holder) {
        this._held.add(holder);
    }

    /** @param {Holder} holder */
    letGo(holder) {
        this._held.delete(holder);
    }

    /** All that are kept, as onnxruntime-web's tensors. @returns {any[]} */
    get tensors() {
        return this._entries.flatMap(({ cache }) => Object.values(cache).map((tensor) => tensor.ort_tensor));
    }

    /** Where a run writes its results. @type {import('./library.js').Places} */
    placesOf(session, feeds) {
        return this._rooms?.placesOf(session, feeds) ?? null;
    }

    /**
     * The cached beginning of a prompt, which belongs to the caller from then on. Its last token is never in it,
     * because that one has to be computed.
     * @param {string | null} owner @param {readonly number[]} tokens @returns {Promise<Beginning | null>}
     */
    async take(owner, tokens) {
        let best, count = 0;
        for (const entry of this._entries) {
            const common = entry.owner === owner ? commonLength(entry.tokens, tokens, tokens.length - 1) : 0;
            if (common <= count || (!isFree(entry, common) && !isCuttable(entry))) continue;
            [best, count] = [entry, common];
        }
        if (!best) return null;
        this._entries.splice(this._entries.indexOf(best), 1);
        if (isFree(best, count) || this._isShortened(best, count)) return { cache: best.cache, count };
        this._entries.push(best); // used, and still useful for the same request again
        return { cache: await this._copy(best, count), count };
    }

    /** Drops the entries after so many tokens, if they are at most half of all. @param {Entry} entry
     * @param {number} count @returns {boolean} whether it did */
    _isShortened({ tokens, cache, copies }, count) {
        if (!this._rooms?.isRoomy(cache) || copies > 0 || 2 * count < tokens.length) return false;
        cache.count = count;
        return true;
    }

    /**
     * The cache that a decoder continues with, which has room for more tokens if its graph writes in place: the same cache,
     * or one that replaces it.
     * @param {Cache} cache @param {number} count tokens in it @param {number} needed of which there is to be room
     * @param {number} most of which there will ever be @returns {Promise<Cache>}
     */
    async withRoom(cache, count, needed, most) {
        const rooms = this._rooms;
        if (!rooms) return cache;
        const isRoomy = rooms.isRoomy(cache);
        if (isRoomy) cache.count = count;
        if (isRoomy ? cache.capacity >= needed : !rooms.takes(cache)) return cache;
        const roomy = rooms.copy(cache, count, await this._capacity(cache, needed, most));
        rooms.drop(cache);
        return roomy;
    }

    /** For how many tokens room is made: kept caches make way for it. @param {Cache} cache the one that is replaced
     * @param {number} needed @param {number} most */
    async _capacity(cache, needed, most) {
        const own = bytesOfAll(cache), ofToken = tokenBytes(cache);
        const wanted = Math.min(most, needed + AHEAD);
        await this._trim(wanted * ofToken - own);
        const fitting = Math.floor((this._limits.bytes - this.bytes + own) / ofToken);
        return inSteps(Math.max(needed, Math.min(wanted, fitting)));
    }

    /** @param {Entry} entry @param {number} count */
    async _copy(entry, count) {
        entry.copies++;
        try {
            return await this._cut(entry.cache, count);
        } finally {
            entry.copies--;
        }
    }

    /** Keeps the cache of these tokens, or gives it up. @param {string | null} owner
     * @param {readonly number[]} tokens @param {Cache} cache */
    async keep(owner, tokens, cache) {
        const bytes = bytesOfAll(cache);
        const isWhole = tokens.length > 0 && cache.get_seq_length() === tokens.length;
        if (!isWhole || bytes > this._limits.bytes) return cache.dispose();
        this._bring(cache);
        this._entries.push({ owner, tokens, cache, bytes, copies: 0 });
        await this._trim();
    }

    /** Copies the tensors that are in WASM memory, which never shrinks: only caches in use should be there.
     * @param {Cache} cache */
    _bring(cache) {
        const { Tensor } = this._library;
        const there = Object.entries(cache).filter(([, { location }]) => location === HELD);
        if (there.length === 0) return;
        cache.update(Object.fromEntries(there.map(([name, { type, data, dims }]) =>
            [name, new Tensor(type, data.slice(), dims)])));
    }

    /** A copy of it for another text that begins alike, without room of its own; they share what an encoder made.
     * @param {Cache} cache @param {number} count tokens in it @returns {Promise<Cache>} */
    fork(cache, count) {
        return this._cut(cache, count, OF_ENCODER);
    }

    /** Lets go of a copy. @param {Cache} cache */
    drop(cache) {
        for (const [name, tensor] of Object.entries(cache)) {
            if (!OF_ENCODER.test(name) && stays(tensor)) tensor.dispose();
        }
    }

    async dispose() {
        const cutters = [...this._cutters.values()];
        this._cutters.clear();
        await Promise.allSettled(this._entries.splice(0).map(({ cache }) => cache.dispose()));
        await Promise.allSettled(cutters.map(async (cutter) => (await cutter).release()));
    }

    /** @param {number} [more] bytes that there is to be room for */
    async _trim(more = 0) {
        while (this._entries.length > this._limits.entries || this.bytes + more > this._limits.bytes) {
            const index = this._entries.findIndex(({ copies }) => copies === 0);
            if (index < 0) return;
            const [{ cache }] = this._entries.splice(index, 1);
            await cache.dispose();
        }
    }

    /** @param {Cache} cache @param {number} count of its first tokens @param {RegExp} [shared] names of tensors that are no copies
     * @returns {Promise<Cache>} a copy of these */
    async _cut(cache, count, shared = NONE) {
        if (this._rooms?.isRoomy(cache)) return this._rooms.copy(cache, count, inSteps(count));
        const { DynamicCache } = this._library;
        /** @type {Record<string, any>} */
        const cut = {};
        for (const [name, tensor] of Object.entries(cache)) {
            const isThere = tensor.location === 'gpu-buffer';
            if (shared.test(name)) cut[name] = tensor;
            else cut[name] = await (isThere ? this._cutThere(tensor, count) : this._cutHere(tensor, count));
        }
        return new DynamicCache(cut);
    }

    /** @param {any} tensor @param {number} count */
    async _cutThere(tensor, count) {
        const { type, dims: { length: rank } } = tensor;
        const key = `${type} ${rank}`;
        const opening = this._cutters.get(key) ?? this._open(sliceModel(type, rank), { y: 'gpu-buffer' });
        this._cutters.set(key, opening);
        const { Tensor } = this._library;
        const end = new Tensor('int64', BigInt64Array.of(BigInt(count)), [1]);
        const { y } = await (await opening).run({ x: tensor.ort_tensor, end: end.ort_tensor });
        return new Tensor(y);
    }

    /** @param {any} tensor @param {number} count */
    _cutHere({ type, dims, data }, count) {
        const [length, size] = dims.slice(-2);
        const blocks = data.length / (length * size);
        const cut = new data.constructor(blocks * count * size);
        for (let block = 0; block < blocks; block++) {
            const from = block * length * size;
            cut.set(data.subarray(from, from + count * size), block * count * size);
        }
        return new this._library.Tensor(type, cut, dims.with(-2, count));
    }
}

/** Whether all of it may be had, of which so much is asked for. @param {Entry} entry @param {number} count */
const isFree = ({ tokens, copies }, count) => count === tokens.length && copies === 0;

/** Whether its beginning is that of its tensors: a state of recurrent layers has none.
 * @param {Entry} entry */
const isCuttable = ({ tokens, cache }) => Object.entries(cache).every(([name, { type, dims }]) =>
    name.startsWith('past_key_values.') && Object.hasOwn(SIZES, type) && dims.length > 2
    && dims.at(-2) === (cache.capacity ?? tokens.length));

/** @param {number} count of tokens */
const inSteps = (count) => STEP * Math.ceil(count / STEP);

/** @param {{type: 'float32', dims: number[]}} tensor */
const bytesOf = ({ type, dims }) => dims.reduce((product, one) => product * one, SIZES[type] ?? SIZES.float32);

/** @param {Cache} cache @param {(tensor: any) => boolean} [counts] @returns {number} */
const bytesOfAll = (cache, counts = () => true) =>
    Object.values(cache).reduce((sum, tensor) => sum + (counts(tensor) ? bytesOf(tensor) : 0), 0);

/** @param {readonly number[]} a @param {readonly number[]} b @param {number} most */
function commonLength(a, b, most) {
    let length = 0;
    while (length < most && length < a.length && a[length] === b[length]) length++;
    return length;
}
