/** The digests of a file's leaves, by which each leaf is checked by itself, whoever has sent it. It uses no browser globals. */
import { hex } from './hex.js';
import { leafCount, leafSize } from './leaves.js';
import { digestOf } from './sha256.js';

/** Bytes of a SHA-256. */
export const DIGEST = 32;

export class LeafList {
    /** @param {number} bytes of the file @param {Uint8Array} digests of its leaves, one after another */
    constructor(bytes, digests) {
        this.bytes = bytes;
        this.count = leafCount(bytes);
        this.digests = digests;
    }

    /** @param {number} index */
    size(index) {
        return leafSize(index, this.bytes);
    }

    /** Whether these bytes are that leaf. @param {number} index @param {Uint8Array<ArrayBuffer>} bytes */
    async isRight(index, bytes) {
        return bytes.length === this.size(index)
            && await digestOf(bytes) === hex(this.digests.subarray(index * DIGEST, (index + 1) * DIGEST));
    }
}
