/** The limits on a request's sound, and the errors for more. */
import { Failure } from '../../engine/failure.js';
import { LIMITS } from '../../engine/task_rules.js';

/** An hour at 16 kHz, which takes 230 MB: the most samples of one channel, at the model's rate. */
export const MAX_SAMPLES = LIMITS.sound_seconds * 16000;
/** Samples per second. The lowest is below telephony's 8000, the highest twice the studio's 192 kHz. */
export const {
    sound_rate_min: MIN_RATE, sound_rate_max: MAX_RATE, sound_channels: MAX_CHANNELS,
} = LIMITS;

/** Samples of all channels together that the browser is let decode, all at once: an hour of two channels at
 * 100 kHz, which takes 2.9 GB. */
export const MAX_DECODED = LIMITS.sound_seconds * 100000 * 2;

const FIELD = 'inputs.audio';
/** The accepted formats. */
export const FORMATS = 'WAV (PCM of 1 to 32 bits, floats of 32 or 64, A-law, µ-law), raw PCM '
    + '(f32le or s16le with sampling_rate), or what the browser decodes, such as mp3, ogg, flac and m4a';

/** @param {string} message @param {string} [expected] */
export const invalid = (message, expected = FORMATS) =>
    new Failure('audio_invalid', message, { field: FIELD, expected });

/** @param {number} seconds @param {number} most */
export const tooLong = (seconds, most) =>
    new Failure('audio_too_large', `the sound is ${Math.round(seconds)} s long`, {
        field: FIELD, expected: `at most ${most} s; cut it, and send its pieces one after the other`,
    });

/** @param {number} rate of the model @returns seconds */
export const longest = (rate) => Math.floor(MAX_SAMPLES / rate);

/** @param {number} seconds @param {number} rate of the model @throws {Failure} */
export function checkLength(seconds, rate) {
    if (!(seconds <= longest(rate))) throw tooLong(seconds, longest(rate));
}

/** @param {number} samples that a file decodes to at most @throws {Failure} */
export function checkAmount(samples) {
    if (samples <= MAX_DECODED) return;
    throw new Failure('audio_too_large',
        `the packets of the sound may decode to ${samples} samples of all channels together`, {
            field: FIELD, expected: `at most ${MAX_DECODED}; cut it, and send its pieces one after the other`,
        });
}
