/**
 * The owners of the prompts that llama.cpp may still have in its caches. llama.cpp takes the cached prompt with the
 * longest prefix in common with a new prompt, regardless of its owner. So a request may use the caches only if
 * that prompt is certain to belong to the same owner.
 */

/** Characters that are compared at a time. Two prompts that differ by a block differ by a token. */
const BLOCK = 64;
/** The number of blocks whose owners are remembered: 6 MB of text. */
const REMEMBERED = 100_000;
/** A forgotten block is still known to have some owner, by a bit in one of two tables. The older table is emptied when
 * the newer has taken a quarter as many blocks as it has bits. */
const BITS = 1 << 22;

/** A block that several have. */
const SEVERAL = Symbol('several');

export class Prefixes {
    /** @param {number} [remembered] blocks */
    constructor(remembered = REMEMBERED) {
        this._remembered = remembered;
        /** The owner of each block, which represents all blocks before it; the most recently used is last.
         * @type {Map<number, string | null | typeof SEVERAL>} */
        this._whose = new Map();
        /** The owner of all blocks. @type {string | null | typeof SEVERAL | undefined} */
        this._all = undefined;
        /** The newer one first, when there is one. @type {Uint32Array[]} */
        this._forgotten = [];
        this._taken = 0; /* blocks by the newer one */
    }

    /**
     * @param {string | null} owner of a request that is to begin @param {string} prompt
     * @returns {boolean} whether it may use what is cached
     */
    mayUse(owner, prompt) {
        if (this._all === undefined || this._all === owner) return true;
        let own = 0, others = 0, at = 0;
        for (const block of blocksOf(prompt)) {
            const whose = this._ownerOf(block);
            if (whose === undefined) break;
            at++;
            if (whose === owner) own = at;
            else others = at;
        }
        return own > others + 1; // a token may reach over a block's end
    }

    /** A prompt and its answer are in a cache. @param {string | null} owner @param {string} text */
    add(owner, text) {
        this._all = shared(this._all, owner);
        for (const block of blocksOf(text)) {
            const whose = shared(this._ownerOf(block), owner);
            this._whose.delete(block);
            this._whose.set(block, whose);
        }
        for (const oldest of this._whose.keys()) {
            if (this._whose.size <= this._remembered) break;
            this._whose.delete(oldest);
            this._forget(oldest);
        }
    }

    /** @param {number} block @returns {string | null | typeof SEVERAL | undefined} undefined: no owner */
    _ownerOf(block) {
        const whose = this._whose.get(block);
        if (whose !== undefined) return whose;
        const { word, bit } = placeOf(block);
        return this._forgotten.some((table) => table[word] & bit) ? SEVERAL : undefined;
    }

    /** @param {number} block */
    _forget(block) {
        if (this._forgotten.length === 0 || this._taken === BITS / 4) {
            this._forgotten = [new Uint32Array(BITS / 32), ...this._forgotten.slice(0, 1)];
            this._taken = 0;
        }
        const { word, bit } = placeOf(block);
        this._forgotten[0][word] |= bit;
        this._taken++;
    }
}

/** @param {string | null | typeof SEVERAL | undefined} whose @param {string | null} owner another owner of the same */
const shared = (whose, owner) => (whose === undefined || whose === owner ? owner : SEVERAL);

/** Where a block's bit is. @param {number} block */
function placeOf(block) {
    const place = Math.imul(block, 0x9e3779b1) >>> 10; // 22 bits
    return { word: place >>> 5, bit: 1 << (place & 31) };
}

/** A number for each whole block that depends on all before it. @param {string} text */
function* blocksOf(text) {
    let hash = 0x811c9dc5;
    for (let i = 0; i + BLOCK <= text.length; i += BLOCK) {
        for (let k = i; k < i + BLOCK; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
        yield hash;
    }
}
