/** FLAC (RFC 9639): the frames of a file, and whether all are there. */
import { invalid } from './limits.js';

/** A frame: where its header begins, samples of each channel, and its number: of its first sample where frames vary
 * in size, else its place among them.
 * @typedef {{at: number, each: number, channels: number, number: number, isVariable: boolean}} Frame */

/** The marker, the head of a block of metadata, and STREAMINFO, which comes first (8.2). */
const HEAD_BYTES = 42;
/** The beginnings of tags that taggers append to a file. */
const TAGS = Object.freeze(['TAG', 'APETAGEX', 'ID3']);

/** Every header of a frame whose checksum is right (9.1). @param {Uint8Array} bytes @param {number} from
 * @returns {Generator<Frame>} */
export function* flacFrames(bytes, from) {
    for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
        const frame = (bytes[at + 1] & 0xfe) === 0xf8 ? frameOf(bytes, at) : null;
        if (frame) yield frame;
    }
}

/** @param {Uint8Array} bytes @param {number} at @returns {Frame | null} */
function frameOf(bytes, at) {
    const [size, rate, channels] = [bytes[at + 2] >> 4, bytes[at + 2] & 15, bytes[at + 3] >> 4];
    const sizeAt = at + 4 + Math.max(1, Math.clz32(~bytes[at + 4] & 255) - 24); // behind the frame's number
    let end = sizeAt;
    if (size === 6 || size === 7) end += size - 5;
    if (rate > 11) end += rate === 12 ? 1 : 2;
    if (size === 0 || channels > 10 || crc8(bytes, at, end) !== bytes[end]) return null;
    const each = size === 1 ? 192 : size < 6 ? 576 << (size - 2) : size > 7 ? 256 << (size - 8)
        : 1 + (size === 6 ? bytes[sizeAt] : bytes[sizeAt] << 8 | bytes[sizeAt + 1]);
    return { at, each, channels: channels > 7 ? 2 : channels + 1, number: numberOf(bytes, at + 4, sizeAt),
        isVariable: (bytes[at + 1] & 1) === 1 };
}

/** Coded as UTF-8 would code it, of up to 36 bits (9.1.5). @param {Uint8Array} bytes @param {number} from
 * @param {number} to */
function numberOf(bytes, from, to) {
    let number = to - from === 1 ? bytes[from] : bytes[from] & 127 >> (to - from);
    for (let at = from + 1; at < to; at++) number = number * 64 + (bytes[at] & 63);
    return number;
}

/** Frames that follow each other must hold as many samples as STREAMINFO says, where it says any; the last one is
 * whole if its checksum is right. @param {Uint8Array} bytes @throws {import('../../engine/failure.js').Failure} */
export function checkFlac(bytes) {
    if (bytes.length < HEAD_BYTES) throw cut('it ends in its header');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const said = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
    let there = 0;
    /** @type {Frame | null} */
    let last = null;
    for (const frame of flacFrames(bytes, behindMetadata(view))) {
        if (last && !follows(frame, last)) continue;
        there += frame.each;
        last = frame;
    }
    if (there < said || !last) throw cut(`${said || 'more'} samples are announced, and ${there} there`);
    if (!isWhole(bytes, last.at)) throw cut('its last frame is not whole');
}

/** @param {string} how */
const cut = (how) => invalid(`the flac file is cut short: ${how}`, 'the whole file');

/** Behind the blocks of metadata, of which the last one says that it is (8.1). @param {DataView} view */
function behindMetadata(view) {
    let at = 4;
    for (let isLast = false; !isLast && at + 4 <= view.byteLength;) {
        const head = view.getUint32(at);
        isLast = head >>> 31 === 1;
        at += 4 + (head & 0xffffff);
    }
    return at;
}

/** @param {Frame} frame @param {Frame} before */
const follows = ({ number, isVariable }, before) =>
    isVariable === before.isVariable && number === before.number + (isVariable ? before.each : 1);

/** Whether a frame ends with its checksum where the file does, but for a tag or padding: its checksum over all of it
 * is 0 (9.3). @param {Uint8Array} bytes @param {number} from */
function isWhole(bytes, from) {
    let sounding = bytes.length; // behind it are zeros
    while (sounding > from && bytes[sounding - 1] === 0) sounding--;
    for (let at = from, crc = 0; at < bytes.length;) {
        crc = (crc << 8 ^ CRC16[crc >> 8 ^ bytes[at++]]) & 0xffff;
        if (crc !== 0) continue;
        if (at >= sounding || bytes[at] !== 0 && TAGS.some((tag) => stands(bytes, at, tag))) return true;
    }
    return false;
}

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
export function stands(bytes, at, text) {
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
}

// --- checksums ---------------------------------------------------------------------------------------

/** For each byte. @param {number} bits @param {number} polynomial without its highest term */
const checksums = (bits, polynomial) => Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc >> (bits - 1) & 1 ? polynomial : 0)) & (1 << bits) - 1;
    return crc;
});

/** The table for x⁸ + x² + x + 1. */
const CRC8 = checksums(8, 7);
/** The table for x¹⁶ + x¹⁵ + x² + 1. */
const CRC16 = checksums(16, 0x8005);

/** @param {Uint8Array} bytes @param {number} from @param {number} to */
function crc8(bytes, from, to) {
    let crc = 0;
    for (let i = from; i < to; i++) crc = CRC8[crc ^ bytes[i]];
    return crc;
}
