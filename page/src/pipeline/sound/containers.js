/**
 * Formats that the browser may decode: by which bytes they begin with, and how long they say they are, so
 * that a small file that decodes to hours of silence is refused before it is decoded.
 */
import { stands } from './flac.js';
import { isWav } from './wav.js';

/** @typedef {{name: string, seconds: number | null}} Container seconds is null where nothing tells */

/** @param {Uint8Array} bytes @returns {Container | null} null: nothing that is known */
export function containerOf(bytes) {
    const name = nameOf(bytes);
    return name === null ? null : { name, seconds: SECONDS[name](bytes) };
}

/** @param {Uint8Array} bytes @returns {string | null} */
function nameOf(bytes) {
    const found = BEGINNINGS.find(([, at, text]) => stands(bytes, at, text));
    if (found) return found[0];
    if (!isTagged(bytes) && !isFrame(bytes, 0)) return null;
    return isAdts(bytes) ? 'aac' : 'mp3';
}

/** The first bytes of containers, with their positions. @type {readonly (readonly [string, number, string])[]} */
const BEGINNINGS = Object.freeze([
    ['flac', 0, 'fLaC'], ['ogg', 0, 'OggS'], ['m4a', 4, 'ftyp'], ['webm', 0, '\x1a\x45\xdf\xa3'],
]);

/** @param {Uint8Array} bytes */
const viewOf = ({ buffer, byteOffset, byteLength }) => new DataView(buffer, byteOffset, byteLength);

/** @type {Readonly<Record<string, (bytes: Uint8Array) => number | null>>} */
const SECONDS = Object.freeze({
    flac: (bytes) => flacSeconds(viewOf(bytes)), ogg: (bytes) => oggSeconds(viewOf(bytes)), mp3: mp3Seconds,
    aac: mp3Seconds, m4a: (bytes) => mp4Seconds(viewOf(bytes)), webm: () => null,
});

/** Samples and rate of STREAMINFO, which comes first (RFC 9639, 8.2). @param {DataView} view */
function flacSeconds(view) {
    if (view.byteLength < 26) return null;
    const rate = view.getUint32(18) >>> 12;
    const samples = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
    return rate > 0 && samples > 0 ? samples / rate : null;
}

/** The granule position of the last page (RFC 3533, 6): in samples, of Opus always at 48 kHz (RFC 7845, 4).
 * @param {DataView} view */
function oggSeconds(view) {
    let at = view.byteLength - 27;
    while (at > 0 && view.getUint32(at) !== 0x4f676753) at--;
    if (at < 0) return null;
    const samples = Number(view.getBigInt64(at + 6, true));
    const rate = oggRate(view);
    return rate > 0 && samples > 0 ? samples / rate : null;
}

/** From the first packet, behind the first page's header of 28 bytes. @param {DataView} view */
function oggRate(view) {
    if (view.byteLength < 44) return 0;
    if (view.getUint32(28) === 0x4f707573) return 48000; // "Opus"
    return view.getUint32(29) === 0x766f7262 ? view.getUint32(40, true) : 0; // "vorb"
}

/** Bit rates of MPEG audio, layer III (ISO 11172-3, 2.4.2.3; ISO 13818-3): kbit/s of version 1 and of 2, by index. */
const BITRATES = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/** Sampling rates of version 1; version 2 has half of them, 2.5 a quarter. */
const MP3_RATES = [44100, 48000, 32000];

/** @param {Uint8Array} bytes @param {number} at */
export const isFrame = (bytes, at) => bytes[at] === 0xff && (bytes[at + 1] & 0xe0) === 0xe0;
/** Layer 0, which MPEG audio has not. @param {Uint8Array} bytes */
const isAdts = (bytes) => bytes[0] === 0xff && (bytes[1] & 0xf6) === 0xf0;

/** Walks from frame to frame. @param {Uint8Array} bytes @returns {number | null} null where there is none of
 * layer III */
function mp3Seconds(bytes) {
    let seconds = 0;
    for (let at = behindTag(bytes); at + 4 <= bytes.length;) {
        const frame = isFrame(bytes, at) ? frameAt(bytes, at) : null;
        if (!frame) {
            at++;
            continue;
        }
        seconds += frame.seconds;
        at += frame.bytes;
    }
    return seconds > 0 ? seconds : null;
}

/** @param {Uint8Array} bytes */
const isTagged = (bytes) => stands(bytes, 0, 'ID3');

/** The file without a leading ID3v2 tag, if the rest is of a known kind: taggers put it before files of all kinds,
 * and not every browser skips it. @param {Uint8Array<ArrayBuffer>} bytes */
export function untagged(bytes) {
    const rest = bytes.subarray(behindTag(bytes));
    return isWav(rest) || nameOf(rest) ? rest : bytes;
}

/** The position after an ID3v2 tag, whose size is four times seven bits. @param {Uint8Array} bytes */
function behindTag(bytes) {
    if (bytes.length < 10 || !isTagged(bytes)) return 0;
    return 10 + (bytes[6] & 127) * 2 ** 21 + (bytes[7] & 127) * 2 ** 14 + (bytes[8] & 127) * 2 ** 7 + (bytes[9] & 127);
}

/** A frame of layer III. @param {Uint8Array} bytes @param {number} at
 * @returns {{seconds: number, samples: number, bytes: number} | null} `samples` of each channel */
export function frameAt(bytes, at) {
    const version = bytes[at + 1] >> 3 & 3; // 3: 1, 2: 2, 0: 2.5
    const isLayer3 = (bytes[at + 1] >> 1 & 3) === 1;
    const kbits = BITRATES[version === 3 ? 0 : 1][bytes[at + 2] >> 4];
    const base = MP3_RATES[bytes[at + 2] >> 2 & 3];
    if (version === 1 || !isLayer3 || !kbits || !base) return null;
    const rate = base / (version === 3 ? 1 : version === 2 ? 2 : 4);
    const samples = version === 3 ? 1152 : 576;
    return { seconds: samples / rate, samples,
        bytes: Math.floor(samples / 8 * kbits * 1000 / rate) + (bytes[at + 2] >> 1 & 1) };
}

/** Duration and timescale of the movie header (ISO 14496-12, 8.2.2). @param {DataView} view */
function mp4Seconds(view) {
    for (let at = 0; at + 40 <= view.byteLength;) {
        const size = view.getUint32(at);
        const name = view.getUint32(at + 4);
        if (name === 0x6d6f6f76) { // moov: what it holds follows
            at += 8;
            continue;
        }
        if (name === 0x6d766864) { // mvhd
            const isLong = view.getUint8(at + 8) === 1;
            const scale = view.getUint32(at + (isLong ? 28 : 20));
            const duration = isLong ? Number(view.getBigUint64(at + 32)) : view.getUint32(at + 24);
            return scale > 0 ? duration / scale : null;
        }
        if (size < 8) return null;
        at += size;
    }
    return null;
}
