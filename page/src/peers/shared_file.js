/**
 * A file of which other pages may have blocks: one that an engine worker loads, and reads here as well, or one that this browser
 * keeps whole. What is given was found right when it was read.
 */
import { LeafList } from '../shared/leaf_list.js';
import { readPiece } from '../shared/kept_files.js';
import { Bitmap, LEAF_BYTES } from '../shared/leaves.js';

/** @import { BlockGiver } from './block_stream.js' */
/** @import { Run } from '../shared/blocks.js' */
/** @import { Loading } from './loading.js' */
/** @import { FileMessage } from '../shared/messages.js' */

export class SharedFile {
    /** @param {FileMessage} message */
    constructor({ hash, bytes, digests, load }) {
        this.hash = hash;
        this.list = new LeafList(bytes, digests);
        this._there = new Bitmap(this.list.count);
        for (let index = 0; index < this.list.count; index++) if (!load) this._there.add(index);
        for (const index of load?.has ?? []) this._there.add(index);
        /** That which brings it; null: it is kept whole. @type {Loading | null} */
        this.loading = null;
        /** Who gives it. @type {Set<BlockGiver>} */
        this.givers = new Set();
        /** Who is told of what is gained. @type {Set<(runs: Run[]) => void>} */
        this.hearers = new Set();
    }

    /** What is there. @returns {Run[]} */
    get runs() {
        /** @type {Run[]} */
        const runs = [];
        for (let index = 0; index < this.list.count; index++) {
            if (!this._there.has(index)) continue;
            const last = runs.at(-1);
            if (last && last[0] + last[1] === index) last[1]++;
            else runs.push([index, 1]);
        }
        return runs;
    }

    /** It is told once, also if it was lost meanwhile. @param {number} index */
    gain(index) {
        if (this._there.has(index)) return;
        this._there.add(index);
        for (const tell of this.hearers) tell([[index, 1]]);
    }

    /** @param {number} index @returns {Promise<Uint8Array | null>} null: it is not there, or not right */
    async read(index) {
        if (this.loading) return this.loading.read(index);
        const from = index * LEAF_BYTES, bytes = await readPiece(this.hash, from, from + this.list.size(index));
        return bytes && await this.list.isRight(index, bytes) ? bytes : null;
    }

    /** @param {string} why */
    end(why) {
        for (const giver of [...this.givers]) giver.end(new Error(why));
    }
}
