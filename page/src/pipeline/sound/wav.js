/**
 * WAV files: RIFF chunks (Multimedia Programming Interface and Data Specifications 1.0, Microsoft and
 * IBM 1991), and the extensible header (RFC 2361; WAVEFORMATEXTENSIBLE). RIFX has the highest byte of each
 * number first; RF64 and BW64 tell sizes of 64 bits (EBU Tech 3306; ITU-R BS.2088).
 */
import { invalid, MAX_CHANNELS, MAX_RATE, MIN_RATE } from './limits.js';
import { interleaved, SAMPLES } from './source.js';

/** @import { Source } from './source.js' */
/** @typedef {{kind: keyof typeof SAMPLES, channels: number, rate: number, frameBytes: number}} Format */
/** A file's bytes as its numbers are read. @typedef {{bytes: Uint8Array, view: DataView, isLittle: boolean}} File */

/** The first bytes of a file, and whether its numbers have the lowest byte first. */
const BEGINNINGS = new Map([['RIFF', true], ['RIFX', false], ['RF64', true], ['BW64', true]]);
const PCM = 1;
const EXTENSIBLE = 0xfffe;
/** How samples are coded: by the format's number, and then by the bytes of one. */
const KINDS = Object.freeze({
    [PCM]: { 1: 'u8', 2: 's16', 3: 's24', 4: 's32' }, 3: { 4: 'f32', 8: 'f64' }, 6: { 1: 'alaw' }, 7: { 1: 'mulaw' },
});
/** The bytes after the first two of a GUID that represents a format's number. */
const GUID_REST = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];
/** Sizes in files by writers that did not know how much would follow: nothing, or as much as fits: from this
 * on, in whole frames. */
const UNKNOWN = 0x7ffff000;
/** Where the 64 bits count. */
const IN_DS64 = 0xffffffff;
/** A file has few chunks; more than that are no sound. */
const MAX_CHUNKS = 10000;
/** The forms of WAV that are read. */
const READ = 'samples of 1 to 32 bits (PCM), floats of 32 or 64, A-law or µ-law';

/** @param {Uint8Array} bytes */
export const isWav = (bytes) => BEGINNINGS.has(tag(bytes, 0)) && tag(bytes, 8) === 'WAVE';

/**
 * @param {Uint8Array} bytes for which isWav is true
 * @param {(seconds: number) => void} check throws if that is too long: told what the header says, before
 *   it is looked for in the file
 * @returns {Source}
 */
export function readWav(bytes, check) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const file = { bytes, view, isLittle: BEGINNINGS.get(tag(bytes, 0)) ?? true };
    /** @type {Format | undefined} */
    let format;
    /** @type {number | undefined} */
    let large;
    for (let at = 12, count = 0; at + 8 <= bytes.length && count < MAX_CHUNKS; count++) {
        const size = view.getUint32(at + 4, file.isLittle);
        const name = tag(bytes, at);
        if (name === 'fmt ') format = readFormat(file, at + 8, size);
        if (name === 'ds64' && size >= 24 && at + 32 <= bytes.length) large = Number(view.getBigUint64(at + 16, true));
        if (name === 'data') {
            return size === IN_DS64 && large ? readData(file, at + 8, large, format, check)
                : readData(file, at + 8, knownSize(size, format), format, check);
        }
        at += 8 + size + size % 2;
    }
    throw invalid(format ? 'the WAV file has no samples: its chunk "data" is missing'
        : 'the WAV file is cut short in its header');
}

/** @param {File} file @param {number} at @param {number} size @returns {Format} */
function readFormat({ view, isLittle }, at, size) {
    if (size < 16 || at + size > view.byteLength) throw invalid('the WAV file\'s header is broken: its chunk "fmt " is cut short');
    const u16 = (/** @type {number} */ offset) => view.getUint16(at + offset, isLittle);
    const [channels, rate, frameBytes, bits] = [u16(2), view.getUint32(at + 4, isLittle), u16(12), u16(14)];
    let code = u16(0);
    if (code === EXTENSIBLE) {
        const isNumber = size >= 40 && GUID_REST.every((byte, i) => view.getUint8(at + 26 + i) === byte);
        code = isNumber ? u16(24) : EXTENSIBLE;
    }
    checkFormat(channels, rate);
    // Samples of other than whole bytes lie in the upper bits of as many bytes as they need.
    const kind = kindOf(code, Math.ceil(bits / 8));
    if (!kind) throw invalid(`the WAV file has samples of ${bits} bits in the format ${code}, which is not read here`, READ);
    if (frameBytes !== channels * SAMPLES[kind].bytes) {
        throw invalid(`the WAV file's header is broken: ${channels} channels of ${bits} bits are not ${frameBytes} bytes`);
    }
    return { kind, channels, rate, frameBytes };
}

/** @param {number} channels @param {number} rate */
export function checkFormat(channels, rate) {
    if (!(channels >= 1 && channels <= MAX_CHANNELS)) {
        throw invalid(`the sound has ${channels} channels`, `1 to ${MAX_CHANNELS} channels`);
    }
    if (!(rate >= MIN_RATE && rate <= MAX_RATE)) {
        throw invalid(`the sound has ${rate} samples per second`, `${MIN_RATE} to ${MAX_RATE}`);
    }
}

/** @param {number} code @param {number} bytes of a sample @returns {keyof typeof SAMPLES | undefined} */
const kindOf = (code, bytes) => /** @type {Record<number, Record<number, string>>} */ (KINDS)[code]?.[bytes];

/** The size that is said, where it is one. @param {number} said @param {Format | undefined} format */
function knownSize(said, format) {
    const { frameBytes } = format ?? { frameBytes: 1 };
    return said > 0 && said < UNKNOWN - UNKNOWN % frameBytes ? said : undefined;
}

/** @param {File} file @param {number} at @param {number | undefined} said bytes; undefined: all that follow
 * @param {Format | undefined} format @param {(seconds: number) => void} check @returns {Source} */
function readData({ bytes, isLittle }, at, said, format, check) {
    if (!format) throw invalid('the WAV file\'s header is broken: there is no chunk "fmt " before "data"');
    const rest = bytes.length - at;
    const size = said ?? rest;
    check(size / format.frameBytes / format.rate);
    if (size > rest) throw invalid(`the WAV file is cut short: ${size} bytes of samples are announced, and ${rest} there`, 'the whole file');
    if (size < format.frameBytes) throw invalid('the WAV file has no samples', 'at least one');
    return interleaved(bytes.subarray(at, at + size), format.kind, format.channels, format.rate, isLittle);
}

/** @param {Uint8Array} bytes @param {number} at */
const tag = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
