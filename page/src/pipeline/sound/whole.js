/**
 * Whether a file is there as a whole, by what its container says: of a cut one, one browser decodes the beginning,
 * another refuses it, and a third never ends. Ogg, MP3 and AAC tell no length; what there is of them counts.
 */
import { vint } from './amounts.js';
import { checkFlac, stands } from './flac.js';
import { invalid } from './limits.js';

/** @typedef {import('../../engine/failure.js').Failure} Failure */

/** @param {Uint8Array} bytes @param {string} name of the container, as containerOf has it @throws {Failure} */
export const checkWhole = (bytes, name) => CHECKS[name]?.(bytes);

/** @type {Readonly<Record<string, (bytes: Uint8Array) => void>>} */
const CHECKS = Object.freeze({ flac: checkFlac, m4a: checkMp4, webm: checkWebm });

/** Boxes of which a file is made (ISO 14496-12, 4.2); what is none of them is not of the file. */
const BOXES = Object.freeze(['ftyp', 'moov', 'mdat', 'moof', 'free', 'skip', 'wide', 'uuid', 'meta', 'sidx', 'styp', 'mfra', 'udta']);

/** @param {Uint8Array} bytes @throws {Failure} */
function checkMp4(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let isIndexed = false;
    for (let at = 0; at < bytes.length;) {
        if (at + 8 > bytes.length) throw cut('m4a', `its last box has ${bytes.length - at} bytes`);
        const name = BOXES.find((box) => stands(bytes, at + 4, box));
        const short = view.getUint32(at);
        const size = short === 1 && at + 16 <= bytes.length ? Number(view.getBigUint64(at + 8)) : short;
        if (!name || size === 0) break; // 0: to the end
        if (size < 8 || at + size > bytes.length) throw cut('m4a', `its box "${name}" has ${size} bytes, and ${bytes.length - at} are there`);
        isIndexed ||= name === 'moov';
        at += size;
    }
    if (!isIndexed) throw cut('m4a', 'its box "moov" is missing');
}

const SEGMENT = 0x18538067;

/** A segment that does not say its size is as long as the file (RFC 8794, 6.2).
 * @param {Uint8Array} bytes @throws {Failure} */
function checkWebm(bytes) {
    const head = elementAt(bytes, 0);
    const { id, data, size } = elementAt(bytes, head.data + head.size);
    if (id === SEGMENT && data + size > bytes.length) {
        throw cut('webm', `its segment has ${size} bytes, and ${Math.max(0, bytes.length - data)} are there`);
    }
}

/** @param {Uint8Array} bytes @param {number} at @returns `size` is 0 where it is not said */
function elementAt(bytes, at) {
    const id = vint(bytes, at, false), size = vint(bytes, at + id.length, true);
    const isSaid = size.value < 2 ** (7 * size.length) - 1;
    return { id: id.value, data: at + id.length + size.length, size: isSaid ? size.value : 0 };
}

/** @param {string} name @param {string} how */
const cut = (name, how) => invalid(`the ${name} file is cut short: ${how}`, 'the whole file');
