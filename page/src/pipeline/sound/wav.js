/**
 * WAV files: RIFF chunks (Multimedia Programming Interface and Data Specifications 1.0, Microsoft and
 * IBM 1991), and the extensible header (RFC 2361; WAVEFORMATEXTENSIBLE).
 */
import { invalid, MAX_CHANNELS, MAX_RATE, MIN_RATE } from './limits.js';
import { interleaved, SAMPLES } from './source.js';

/** @import { Source } from './source.js' */
/** @typedef {{kind: string | null, channels: number, rate: number, frameBytes: number}} Format */

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
/** What follows the first two bytes of a GUID that stands for a format's number. */
const GUID_REST = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];
/** Sizes that writers put down who did not know how much would follow. */
const UNKNOWN_SIZES = new Set([0, 0x7fffffff, 0xffffffff]);
/** A file has few chunks; more than that are no sound. */
const MAX_CHUNKS = 10000;
const HEADER_BYTES = 44;

/** @param {Uint8Array} bytes */
export const isWav = (bytes) => tag(bytes, 0) === 'RIFF' && tag(bytes, 8) === 'WAVE';

/**
 * @param {Uint8Array} bytes for which isWav is true
 * @param {(seconds: number) => void} check throws if that is too long: told what the header says, before
 *   it is looked for in the file
 * @returns {Source | null} null where its samples are coded in a way that is not read here
 */
export function readWav(bytes, check) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    /** @type {Format | undefined} */
    let format;
    for (let at = 12, count = 0; at + 8 <= bytes.length && count < MAX_CHUNKS; count++) {
        const size = view.getUint32(at + 4, true);
        const name = tag(bytes, at);
        if (name === 'fmt ') format = readFormat(view, at + 8, size);
        if (name === 'data') return readData(bytes, at + 8, size, format, check);
        at += 8 + size + size % 2;
    }
    throw invalid(format ? 'the WAV file has no samples: its chunk "data" is missing'
        : 'the WAV file is cut short in its header');
}

/** @param {DataView} view @param {number} at @param {number} size @returns {Format} */
function readFormat(view, at, size) {
    if (size < 16 || at + size > view.byteLength) throw invalid('the WAV file\'s header is broken: its chunk "fmt " is cut short');
    const u16 = (/** @type {number} */ offset) => view.getUint16(at + offset, true);
    const [channels, rate, frameBytes, bits] = [u16(2), view.getUint32(at + 4, true), u16(12), u16(14)];
    let code = u16(0);
    if (code === EXTENSIBLE) {
        const isNumber = size >= 40 && GUID_REST.every((byte, i) => view.getUint8(at + 26 + i) === byte);
        code = isNumber ? u16(24) : -1;
    }
    checkFormat(channels, rate);
    const kind = kindOf(code, bits);
    if (kind && frameBytes !== channels * SAMPLES[kind].bytes) {
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

/** @param {number} code @param {number} bits */
function kindOf(code, bits) {
    if (code === PCM) return /** @type {Record<number, string>} */ ({ 8: 'u8', 16: 's16', 24: 's24',
        32: 's32' })[bits] ?? null;
    if (code === FLOAT) return /** @type {Record<number, string>} */ ({ 32: 'f32', 64: 'f64' })[bits] ?? null;
    return null;
}

/** @param {Uint8Array} bytes @param {number} at @param {number} said bytes @param {Format | undefined} format
 * @param {(seconds: number) => void} check @returns {Source | null} */
function readData(bytes, at, said, format, check) {
    if (!format) throw invalid('the WAV file\'s header is broken: there is no chunk "fmt " before "data"');
    if (!format.kind) return null;
    const rest = bytes.length - at;
    const size = UNKNOWN_SIZES.has(said) ? rest : said;
    check(size / format.frameBytes / format.rate);
    if (size > rest) throw invalid(`the WAV file is cut short: ${size} bytes of samples are announced, and ${rest} there`);
    if (size < format.frameBytes) throw invalid('the WAV file has no samples', 'at least one');
    return interleaved(bytes.subarray(at, at + size), format.kind, format.channels, format.rate);
}

/** @param {Uint8Array} bytes @param {number} at */
const tag = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** A WAV file of 16-bit PCM, one channel. @param {Float32Array} samples clipped to -1…1
 * @param {number} rate */
export function writeWav(samples, rate) {
    const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length);
    const view = new DataView(bytes.buffer);
    const put = (/** @type {number} */ at, /** @type {string} */ name) => {
        for (let i = 0; i < 4; i++) bytes[at + i] = name.charCodeAt(i);
    };
    put(0, 'RIFF');
    view.setUint32(4, bytes.length - 8, true);
    put(8, 'WAVE');
    put(12, 'fmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, PCM, true);
    view.setUint16(22, 1, true);
    view.setUint32(24, rate, true);
    view.setUint32(28, rate * 2, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    put(36, 'data');
    view.setUint32(40, 2 * samples.length, true);
    const data = new Int16Array(bytes.buffer, HEADER_BYTES); // its bytes are in the file's order wherever WASM runs
    for (let i = 0; i < samples.length; i++) {
        const value = Math.round(samples[i] * 32768);
        data[i] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    }
    return bytes;
}
