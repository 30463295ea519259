/**
 * How much a file decodes to at most, by the packets that are in it: what its header promises may be a lie,
 * and the browser decodes all of it at once. Samples of all channels together.
 */
import { frameAt, isFrame } from './containers.js';

/** @typedef {(bytes: Uint8Array) => number} Amount */
/** A stream's channels, and the samples of a packet, where its format says no more than the most.
 * @typedef {{channels: number, most: number, isOpus: boolean}} Codec */

/** Of a packet of AAC with spectral band replication, for two channels (ISO 14496-3, 4.6.18). */
const AAC = 2048 * 2;
/** Of one of FLAC, which has more than those of other formats, likewise. */
const MOST = 65535 * 2;
/** A packet of Opus has 120 ms at most, at 48 kHz (RFC 6716, 2.1.4 and 3.1). */
const OPUS = 5760;

/** @param {Uint8Array} bytes @param {string} name of the container, as containerOf has it */
export const amountOf = (bytes, name) => AMOUNTS[name](bytes);

/** @type {Readonly<Record<string, Amount>>} */
const AMOUNTS = Object.freeze({
    WAV: wavAmount, flac: flacAmount, ogg: oggAmount, mp3: mpegAmount, aac: mpegAmount, m4a: mp4Amount,
    webm: webmAmount,
});

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
function stands(bytes, at, text) {
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
}

/** @param {Uint8Array} bytes @param {number} at */
const little16 = (bytes, at) => bytes[at] | bytes[at + 1] << 8;
/** @param {Uint8Array} bytes @param {number} at */
const big32 = (bytes, at) =>
    (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;

// --- WAV -----------------------------------------------------------------------------------------

const EXTENSIBLE = 0xfffe;
/** PCM, floats, A-law and µ-law have a sample in a byte at most, ADPCM has two. */
const SIMPLE = new Set([1, 2, 3, 6, 7, 17]);
const MP3 = 0x55;

/** By the format's number, if it is where it usually is. Of mp3, 576 samples of two channels have 24 bytes at
 * least; of anything else, a packet some. @type {Amount} */
function wavAmount(bytes) {
    const said = stands(bytes, 12, 'fmt ') ? little16(bytes, 20) : 0;
    const code = said === EXTENSIBLE ? little16(bytes, 44) : said;
    return bytes.length * (SIMPLE.has(code) ? 2 : code === MP3 ? 48 : MOST >> 3);
}

// --- FLAC (RFC 9639, 9.1) ------------------------------------------------------------------------

/** Every header of a frame whose checksum is right. @type {Amount} */
function flacAmount(bytes) {
    let samples = 0;
    for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
        if ((bytes[at + 1] & 0xfe) === 0xf8) samples += flacFrame(bytes, at);
    }
    return samples;
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} 0: there is none */
function flacFrame(bytes, at) {
    const [size, rate, channels] = [bytes[at + 2] >> 4, bytes[at + 2] & 15, bytes[at + 3] >> 4];
    let end = at + 4 + Math.max(1, Math.clz32(~bytes[at + 4] & 255) - 24); // behind the frame's number
    const sizeAt = end;
    if (size === 6 || size === 7) end += size - 5;
    if (rate > 11) end += rate === 12 ? 1 : 2;
    if (size === 0 || channels > 10 || crc8(bytes, at, end) !== bytes[end]) return 0;
    const samples = size === 1 ? 192 : size < 6 ? 576 << (size - 2) : size > 7 ? 256 << (size - 8)
        : 1 + (size === 6 ? bytes[sizeAt] : bytes[sizeAt] << 8 | bytes[sizeAt + 1]);
    return samples * (channels > 7 ? 2 : channels + 1);
}

/** Of the polynomial x⁸ + x² + x + 1, for each byte. */
const CRC8 = Uint8Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc & 128 ? 7 : 0)) & 255;
    return crc;
});

/** @param {Uint8Array} bytes @param {number} from @param {number} to */
function crc8(bytes, from, to) {
    let crc = 0;
    for (let i = from; i < to; i++) crc = CRC8[crc ^ bytes[i]];
    return crc;
}

// --- MPEG audio and AAC in ADTS ------------------------------------------------------------------

/** Whatever looks like a frame of layer III or of AAC: what does so by chance is little beside what is one.
 * @type {Amount} */
function mpegAmount(bytes) {
    let samples = 0;
    for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
        if (!isFrame(bytes, at)) continue;
        const layer = bytes[at + 1] >> 1 & 3;
        if (layer === 0) samples += adtsFrame(bytes, at);
        else samples += (frameAt(bytes, at)?.samples ?? 0) * (bytes[at + 3] >> 6 === 3 ? 1 : 2);
    }
    return samples;
}

/** Channels, and blocks of a frame (ISO 13818-7, 6.2). @param {Uint8Array} bytes @param {number} at */
function adtsFrame(bytes, at) {
    if ((bytes[at + 1] & 0xf0) !== 0xf0 || (bytes[at + 2] >> 2 & 15) > 12) return 0;
    const said = (bytes[at + 2] & 1) << 2 | bytes[at + 3] >> 6;
    const channels = said === 0 || said === 7 ? 8 : Math.max(2, said);
    return AAC / 2 * channels * (1 + (bytes[at + 6] & 3));
}

// --- MP4 -----------------------------------------------------------------------------------------

const [STSZ, STZ2, TRUN] = [0x7374737a, 0x73747a32, 0x7472756e];
const [OPUS_ENTRY, FLAC_ENTRY, ALAC_ENTRY] = [0x4f707573, 0x664c6143, 0x616c6163];

/** What the tables of sizes and the runs of fragments count, wherever they are (ISO 14496-12, 8.7.3 and
 * 8.8.8). @type {Amount} */
function mp4Amount(bytes) {
    let [packets, most] = [0, AAC];
    for (let at = 0; at + 16 <= bytes.length; at++) {
        const name = big32(bytes, at);
        if (name === STSZ || name === STZ2) packets += big32(bytes, at + 12);
        if (name === TRUN) packets += big32(bytes, at + 8);
        if (name === OPUS_ENTRY || name === FLAC_ENTRY || name === ALAC_ENTRY) most = MOST;
    }
    return packets * most;
}

// --- Ogg and WebM --------------------------------------------------------------------------------

/** What a stream begins with: of Opus RFC 7845, 5.1; of Vorbis its specification, 4.2.2.
 * @param {Uint8Array} bytes @param {number} at @returns {Codec | null} */
function codecAt(bytes, at) {
    if (stands(bytes, at, 'OpusHead')) return { channels: bytes[at + 9], most: OPUS, isOpus: true };
    if (!stands(bytes, at, '\x01vorbis')) return null;
    return { channels: bytes[at + 11], most: 2 ** (bytes[at + 28] >> 4) / 2, isOpus: false };
}

/** What is more than either: who lies in one head is not to lower another's.
 * @param {Codec | null} one @param {Codec | null} other @returns {Codec | null} */
const worse = (one, other) => one && other ? {
    channels: Math.max(one.channels, other.channels), most: Math.max(one.most, other.most),
    isOpus: one.isOpus && other.isOpus,
} : one ?? other;

/** @param {Uint8Array} bytes @param {number} at of the packet @param {Codec} codec */
function packetAmount(bytes, at, { channels, most, isOpus }) {
    if (!isOpus) return channels * most;
    const [config, count] = [bytes[at] >> 3, [1, 2, 2, bytes[at + 1] & 63][bytes[at] & 3]];
    const frame = config < 12 ? [480, 960, 1920, 2880][config & 3]
        : config < 16 ? [480, 960][config & 1] : 120 << (config & 3);
    return channels * Math.min(most, count * frame);
}

/** Every packet that begins on a page (RFC 3533, 6), and every frame of FLAC. @type {Amount} */
function oggAmount(bytes) {
    /** @type {Codec | null} */
    let codec = null;
    let samples = 0;
    for (let at = 0; at + 27 <= bytes.length;) {
        if (!stands(bytes, at, 'OggS')) {
            at++;
            continue;
        }
        const [flags, segments] = [bytes[at + 5], bytes[at + 26]];
        let packet = at + 27 + segments;
        for (let i = 0, begins = (flags & 1) === 0; i < segments; i++) {
            const length = bytes[at + 27 + i];
            if (begins) codec = worse(codec, codecAt(bytes, packet));
            if (begins && codec) samples += packetAmount(bytes, packet, codec);
            begins = length < 255;
            packet += length;
        }
        at += 27; // whatever a page says of its length, another may begin within
    }
    return samples + flacAmount(bytes);
}

const [SEGMENT, CLUSTER, GROUP] = [0x18538067, 0x1f43b675, 0xa0];
const BLOCKS = new Set([0xa3, 0xa1]);
/** Bytes in which tracks are described. */
const HEADS = 1 << 16;

/** Every block of every cluster (RFC 9559, 5.1 and 10). @type {Amount} */
function webmAmount(bytes) {
    const codec = webmCodec(bytes);
    let samples = 0;
    for (let at = 0; at < bytes.length;) {
        const id = vint(bytes, at, false), size = vint(bytes, at + id.length, true);
        const data = at + id.length + size.length;
        if (BLOCKS.has(id.value)) samples += blockAmount(bytes, data, codec);
        if (id.value === SEGMENT || id.value === CLUSTER || id.value === GROUP) at = data;
        else if (id.length > 4 || data + size.value > bytes.length) at = nextCluster(bytes, at + 1);
        else at = data + size.value;
    }
    return samples;
}

/** @param {Uint8Array} bytes @returns {Codec} */
function webmCodec(bytes) {
    /** @type {Codec | null} */
    let codec = null;
    for (let at = 0; at < Math.min(bytes.length, HEADS); at++) codec = worse(codec, codecAt(bytes, at));
    return codec ?? { channels: 1, most: MOST, isOpus: false };
}

/** A variable-length number (RFC 8794, 4). @param {Uint8Array} bytes @param {number} at
 * @param {boolean} plain without the bit that tells its length */
function vint(bytes, at, plain) {
    const length = Math.clz32(bytes[at]) - 23;
    let value = plain ? bytes[at] & (255 >> length) : bytes[at];
    for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
    return { value, length };
}

/** @param {Uint8Array} bytes @param {number} at of the track's number, before time and flags
 * @param {Codec} codec */
function blockAmount(bytes, at, codec) {
    const flags = at + vint(bytes, at, true).length + 2;
    const isLaced = (bytes[flags] & 6) !== 0;
    return isLaced ? codec.channels * codec.most * (bytes[flags + 1] + 1)
        : packetAmount(bytes, flags + 1, codec);
}

/** Where decoders go on behind what is broken. @param {Uint8Array} bytes @param {number} at */
function nextCluster(bytes, at) {
    for (let i = at; i + 4 <= bytes.length; i++) if (big32(bytes, i) === CLUSTER) return i;
    return bytes.length;
}
