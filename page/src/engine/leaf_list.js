/**
 * The list of a file's leaves, as the service gives it for "?blocks" (webinfer-protocol(7)): by it each leaf is checked by itself,
 * whoever has sent it. The list is checked first, since somebody else may have written to it where it is stored.
 */
import { hex } from '../shared/hex.js';
import { DIGEST, LeafList } from '../shared/leaf_list.js';
import { leafCount } from '../shared/leaves.js';
import { digestOf } from '../shared/sha256.js';
import { Failure } from './failure.js';

/** @import { Wanted } from '../shared/messages.js' */

const MAGIC = 'wileaves', VERSION = 1n;
/** Bytes of the head: the magic, the version and the file's length, and a digest of these, the file's SHA-256 and the leaves. */
const LEAD = 24, HEAD = 56;

/** How many bytes the list of a file has. @param {number} bytes of the file */
export const listSize = (bytes) => HEAD + DIGEST * leafCount(bytes);

/** That a list is not that of its file. */
export class WrongList extends Failure {
    /** @param {Wanted} file @param {string} why */
    constructor(file, why) {
        super('model_fetch_failed', `the list of the blocks of ${file.url} is refused: ${why}`);
    }
}

/** @param {Wanted} file @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<LeafList>} @throws {WrongList} */
export async function leafListOf(file, bytes) {
    const size = listSize(file.bytes);
    if (bytes.length !== size) throw new WrongList(file, `it has ${bytes.length} bytes; that of a file of ${file.bytes} bytes has ${size}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset), magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
    if (magic !== MAGIC || view.getBigUint64(8, true) !== VERSION) throw new WrongList(file, 'it does not begin as such a list does');
    if (view.getBigUint64(16, true) !== BigInt(file.bytes)) throw new WrongList(file, `it is of a file of ${view.getBigUint64(16, true)} bytes`);
    const signed = new Uint8Array(size - DIGEST + 2 * DIGEST);
    signed.set(bytes.subarray(0, LEAD));
    signed.set(new TextEncoder().encode(file.hash), LEAD);
    signed.set(bytes.subarray(HEAD), LEAD + 2 * DIGEST);
    if (await digestOf(signed) !== hex(bytes.subarray(LEAD, HEAD))) throw new WrongList(file, 'its digest is not that of its bytes and of the file');
    return new LeafList(file.bytes, bytes.subarray(HEAD));
}
