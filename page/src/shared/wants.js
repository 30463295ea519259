/** Blocks that one source was asked for, and has not given yet. It uses no browser globals. */
import { NotHere } from './blocks.js';

export class Wants {
    constructor() {
        /** @type {Map<number, {resolve: (bytes: Uint8Array<ArrayBuffer>) => void, reject: (error: Error) => void}>} */
        this._wanted = new Map();
        /** Why nothing comes any more. @type {Error | null} */
        this.why = null;
    }

    get isEmpty() {
        return this._wanted.size === 0;
    }

    /** @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>>} rejects if the source has not got it, or has ended */
    add(index) {
        return new Promise((resolve, reject) => (this.why ? reject(this.why) : this._wanted.set(index, { resolve, reject })));
    }

    /** @param {number} index @param {Uint8Array<ArrayBuffer> | undefined} bytes undefined: it is not there @returns {boolean} whether it was wanted */
    answer(index, bytes) {
        const wanted = this._wanted.get(index);
        this._wanted.delete(index);
        if (bytes) wanted?.resolve(bytes);
        else wanted?.reject(new NotHere('the block is not there'));
        return wanted !== undefined;
    }

    /** @param {Error} why @returns {boolean} whether it had not ended before */
    end(why) {
        if (this.why) return false;
        this.why = why;
        for (const { reject } of this._wanted.values()) reject(why);
        this._wanted.clear();
        return true;
    }
}
