/**
 * Whose prompts llama.cpp may still have in its caches. It takes the one that has the longest beginning
 * in common with a new prompt, whoever it belongs to; so a request may use the caches only where that
 * is certain to be one of its own owner's.
 */

/** Characters that are compared at a time. Two prompts that differ by a block differ by a token. */
const BLOCK = 64;
/** How many prompts are remembered: of those that were forgotten, any might be the longest. */
const REMEMBERED = 1024;

/** @typedef {{owner: string | null, blocks: number[]}} Entry */

export class Prefixes {
    constructor() {
        /** In the order in which they were computed. @type {Set<Entry>} */
        this._entries = new Set();
        this._owners = new Set();
        this._forgot = false;
    }

    /**
     * @param {string | null} owner of a request that is to begin @param {string} prompt
     * @returns {boolean} whether it may use what is cached
     */
    mayUse(owner, prompt) {
        if (this._owners.size === 0 || (this._owners.size === 1 && this._owners.has(owner))) return true;
        if (this._forgot) return false;
        const blocks = blocksOf(prompt);
        let own = 0, others = 0;
        for (const entry of this._entries) {
            const common = commonLength(entry.blocks, blocks);
            if (entry.owner === owner) own = Math.max(own, common);
            else others = Math.max(others, common);
        }
        return own > others + 1; // a token may reach over a block's end
    }

    /** A prompt, and what came of it, lies in a cache. @param {string | null} owner @param {string} text */
    add(owner, text) {
        this._owners.add(owner);
        const entry = { owner, blocks: blocksOf(text) };
        // A conversation's next turn takes the place of the one before.
        for (const other of this._entries) {
            const isBefore = other.owner === owner
                && commonLength(other.blocks, entry.blocks) === other.blocks.length;
            if (isBefore) this._entries.delete(other);
        }
        this._entries.add(entry);
        if (this._entries.size <= REMEMBERED) return;
        this._entries.delete(/** @type {Entry} */ (this._entries.values().next().value));
        this._forgot = true;
    }
}

/** A number for each whole block that depends on all before it. @param {string} text */
function blocksOf(text) {
    const blocks = [];
    let hash = 0x811c9dc5;
    for (let i = 0; i + BLOCK <= text.length; i += BLOCK) {
        for (let k = i; k < i + BLOCK; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
        blocks.push(hash);
    }
    return blocks;
}

/** @param {number[]} a @param {number[]} b */
function commonLength(a, b) {
    let length = 0;
    while (length < a.length && length < b.length && a[length] === b[length]) length++;
    return length;
}
