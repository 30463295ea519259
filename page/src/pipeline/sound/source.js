/**
 * Samples as they lie in a file: frames of interleaved channels, read piece by piece as one channel, so
 * that a long file at a high rate is never in memory as a whole.
 */
import { invalid } from './limits.js';

/** @typedef {(view: DataView, at: number, isLittle: boolean) => number} ReadSample */
/**
 * @typedef {object} Source
 * @property {number} rate frames per second
 * @property {number} frames
 * @property {(first: number, out: Float32Array) => void} read fills `out` from frame `first` on with the
 *   mean of all channels; what is before the beginning or behind the end is silence. Throws a Failure
 *   (audio_invalid) at a sample that is no number
 */

/** The bytes of a sample, and its conversion to a number from -1 to 1: full scale is 2 to the power of bits
 * less one, and 8 bits are unsigned. A-law and µ-law are those of ITU-T G.711.
 * @type {Readonly<Record<string, {bytes: number, read: ReadSample}>>} */
export const SAMPLES = {
    u8: { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 128 },
    s16: { bytes: 2, read: (view, at, isLittle) => view.getInt16(at, isLittle) / 32768 },
    s24: { bytes: 3, read: (view, at, isLittle) => (isLittle ? view.getUint16(at, true) | view.getInt8(at + 2) << 16
        : view.getInt8(at) << 16 | view.getUint16(at + 1)) / 8388608 },
    s32: { bytes: 4, read: (view, at, isLittle) => view.getInt32(at, isLittle) / 2147483648 },
    f32: { bytes: 4, read: (view, at, isLittle) => view.getFloat32(at, isLittle) },
    f64: { bytes: 8, read: (view, at, isLittle) => view.getFloat64(at, isLittle) },
    alaw: { bytes: 1, read: (view, at) => ofALaw(view.getUint8(at) ^ 0x55) },
    mulaw: { bytes: 1, read: (view, at) => ofMuLaw(~view.getUint8(at)) },
};

/** @param {number} code a sign (set: positive), an exponent of three bits, a mantissa of four */
function ofALaw(code) {
    const exponent = code >> 4 & 7, step = ((code & 15) << 4) + (exponent > 0 ? 264 : 8) << Math.max(0, exponent - 1);
    return (code & 128 ? step : -step) / 32768;
}

/** @param {number} code a sign (set: negative), an exponent of three bits, a mantissa of four */
function ofMuLaw(code) {
    const step = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132;
    return (code & 128 ? -step : step) / 32768;
}

/**
 * @param {Uint8Array} bytes whole frames @param {keyof typeof SAMPLES} kind @param {number} channels
 * @param {number} rate @param {boolean} [isLittle] whether a sample's lowest byte comes first
 * @returns {Source}
 */
export function interleaved(bytes, kind, channels, rate, isLittle = true) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sample = SAMPLES[kind];
    const frameBytes = sample.bytes * channels;
    const frames = Math.floor(bytes.length / frameBytes);
    return {
        rate, frames,
        read(first, out) {
            out.fill(0);
            const end = Math.min(out.length, frames - first);
            for (let i = Math.max(0, -first); i < end; i++) {
                const at = (first + i) * frameBytes;
                let sum = 0;
                for (let channel = 0; channel < channels; channel++) {
                    sum += sample.read(view, at + channel * sample.bytes, isLittle);
                }
                if (!Number.isFinite(sum)) throw invalid(`sample ${first + i} of the sound is no number`,
                    'finite samples');
                out[i] = sum / channels;
            }
        },
    };
}
