/** What of a Writing (page/src/engine/store.js) a load uses, in memory. */
import { LEAF_BYTES, leafCount, leafSize } from '../../page/src/shared/leaves.js';

export class MemoryWriting {
    there = new Set();
    gained = () => {};
    #from = 0;
    #end = 0;

    /** @param {number} size of the file */
    constructor(size) {
        this.bytes = Buffer.alloc(size);
    }

    has(leaf) { return this.there.has(leaf); }
    read(leaf) { return new Uint8Array(this.bytes.subarray(leaf * LEAF_BYTES, this.#endOf(leaf))); }
    drop(leaf) { this.there.delete(leaf); }
    get missing() { return leafCount(this.bytes.length) - this.there.size; }

    /** A leaf is there once it was written in one go. */
    write(at, bytes) {
        this.bytes.set(bytes, at);
        if (at !== this.#end) this.#from = at;
        this.#end = at + bytes.length;
        for (let leaf = Math.floor(at / LEAF_BYTES); leaf * LEAF_BYTES < this.#end; leaf++) {
            if (this.has(leaf) || leaf * LEAF_BYTES < this.#from || this.#endOf(leaf) > this.#end) continue;
            this.there.add(leaf);
            this.gained(leaf);
        }
        return true;
    }

    #endOf(leaf) { return leaf * LEAF_BYTES + leafSize(leaf, this.bytes.length); }
}
