/** The leaves of a model's file: its pieces of 1 MiB, which can be kept, checked and passed on one by one, and which of them are
 * there. It uses no browser globals. */
import { hex } from './hex.js';

export const LEAF_BYTES = 1 << 20;
/** The service lists the leaves of files of so many bytes or more. */
export const LISTED_BYTES = 8 << 20;

/** How many leaves a file has. @param {number} bytes */
export const leafCount = (bytes) => Math.ceil(bytes / LEAF_BYTES);

/** How many bytes a leaf has. @param {number} index @param {number} bytes of the file */
export const leafSize = (index, bytes) => Math.min(LEAF_BYTES, bytes - index * LEAF_BYTES);

/** Which of so many leaves are there. */
export class Bitmap {
    /** @param {number} count @param {string} [text] as `text` gives it; anything else says that none is there */
    constructor(count, text = '') {
        this.count = count;
        this._bytes = new Uint8Array(Math.ceil(count / 8));
        /** How many are not there. */
        this.left = count;
        if (text.length !== 2 * this._bytes.length || !/^[0-9a-f]*$/.test(text)) return;
        for (let index = 0; index < count; index++)
            if (parseInt(text.slice(2 * (index >> 3), 2 * (index >> 3) + 2), 16) >> (index & 7) & 1) this.add(index);
    }

    get isEmpty() {
        return this.left === this.count;
    }

    get isFull() {
        return this.left === 0;
    }

    /** In hexadecimal digits; the first leaf is the lowest bit of the first byte. */
    get text() {
        return hex(this._bytes);
    }

    /** @param {number} index */
    has(index) {
        return (this._bytes[index >> 3] >> (index & 7) & 1) === 1;
    }

    /** @param {number} index */
    add(index) {
        if (!this.has(index)) this.left--;
        this._bytes[index >> 3] |= 1 << (index & 7);
    }

    /** @param {number} index */
    remove(index) {
        if (this.has(index)) this.left++;
        this._bytes[index >> 3] &= ~(1 << (index & 7));
    }

    clear() {
        this._bytes.fill(0);
        this.left = this.count;
    }
}
