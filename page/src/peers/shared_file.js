/**
 * A file of which other pages may have blocks: one that an engine worker loads, and reads here as well, or one that this browser
 * keeps whole. What is given was found right when it was read.
 */
import { LeafList } from '../shared/leaf_list.js';
import { readPiece } from '../shared/kept_files.js';
import { Bitmap, LEAF_BYTES } from '../shared/leaves.js';

/** @import { BlockGiver, Given } from './block_stream.js' */
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
        /** Streams over which it is given, each with its peer. @type {Map<BlockGiver, string>} */
        this._givers = new Map();
        /** Who is told of what is gained. @type {Set<(runs: Run[]) => void>} */
        this._hearers = new Set();
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
        for (const tell of this._hearers) tell([[index, 1]]);
    }

    /** From now until `close`. A peer may have several streams; it has parted with the last one.
     * @param {BlockGiver} giver @param {string} peer @returns {Pick<Given, 'count' | 'read' | 'has' | 'close'>} */
    giveBy(giver, peer) {
        /** @type {((runs: Run[]) => void) | null} */
        let hearer = null;
        this._givers.set(giver, peer);
        this.loading?.met(peer);
        return {
            count: this.list.count,
            read: (index) => this.read(index),
            has: (told) => {
                hearer = told;
                this._hearers.add(told);
                if (this.runs.length > 0) told(this.runs);
            },
            close: () => {
                this._givers.delete(giver);
                if (hearer) this._hearers.delete(hearer);
                if (![...this._givers.values()].includes(peer)) this.loading?.parted(peer);
            },
        };
    }

    /** @param {number} index @returns {Promise<Uint8Array | null>} null: it is not there, or not right */
    async read(index) {
        if (this.loading) return this.loading.read(index);
        const from = index * LEAF_BYTES, bytes = await readPiece(this.hash, from, from + this.list.size(index));
        return bytes && await this.list.isRight(index, bytes) ? bytes : null;
    }

    /** @param {string} why */
    end(why) {
        for (const giver of [...this._givers.keys()]) giver.end(new Error(why));
    }
}
