/**
 * The most samples that a file can decode to, from its packets: its header may be wrong, and the browser decodes
 * the whole file at once. Samples of all channels are counted together.
 */
import { frameAt, isFrame } from './containers.js';
import { flacFrames, stands } from './flac.js';

/** @typedef {(bytes: Uint8Array) => number} Amount */
/** A stream's channels, and the most samples of a packet, if its format gives only that.
 * @typedef {{channels: number, most: number, isOpus: boolean}} Codec */

/** Samples of a packet of AAC with spectral band replication, for two channels (ISO 14496-3, 4.6.18). */
const AAC = 2048 * 2;
/** Samples of a packet of FLAC, the largest of all formats, for two channels. */
const MOST = 65535 * 2;
/** A packet of Opus has 120 ms at most, at 48 kHz (RFC 6716, 2.1.4 and 3.1). */
const OPUS = 5760;

/** @param {Uint8Array} bytes @param {string} name of the container, as containerOf has it */
export const amountOf = (bytes, name) => AMOUNTS[name](bytes);

/** @type {Readonly<Record<string, Amount>>} */
const AMOUNTS = Object.freeze({
    flac: flacAmount, ogg: oggAmount, mp3: mpegAmount, aac: mpegAmount, m4a: mp4Amount,
    webm: webmAmount,
});

/** @param {Uint8Array} bytes @param {number} at */
const big32 = (bytes, at) =>
    (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;

// --- FLAC (RFC 9639, 9.1) ------------------------------------------------------------------------

/** Every header of a frame whose checksum is right. @type {Amount} */
function flacAmount(bytes) {
    let samples = 0;
    for (const { each, channels } of flacFrames(bytes, 0)) samples += each * channels;
    return samples;
}

// --- MPEG audio and AAC in ADTS ------------------------------------------------------------------

/** Counts everything that looks like a frame of layer III or of AAC: accidental matches are few compared with real frames.
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

/** The samples counted by the tables of sizes and the runs of fragments, wherever they are (ISO 14496-12, 8.7.3
 * and 8.8.8). @type {Amount} */
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

/** The header of a stream: for Opus RFC 7845, 5.1; for Vorbis its specification, 4.2.2.
 * @param {Uint8Array} bytes @param {number} at @returns {Codec | null} */
function codecAt(bytes, at) {
    if (stands(bytes, at, 'OpusHead')) return { channels: bytes[at + 9], most: OPUS, isOpus: true };
    if (!stands(bytes, at, '\x01vorbis')) return null;
    return { channels: bytes[at + 11], most: 2 ** (bytes[at + 28] >> 4) / 2, isOpus: false };
}

/** At least as much as either: a false header must not lower the amount of another stream.
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
export function vint(bytes, at, plain) {
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

/** The position at which decoders continue after broken data. @param {Uint8Array} bytes @param {number} at */
function nextCluster(bytes, at) {
    for (let i = at; i + 4 <= bytes.length; i++) if (big32(bytes, i) === CLUSTER) return i;
    return bytes.length;
}
