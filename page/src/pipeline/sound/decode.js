/**
 * From the bytes of a request to what models take: one channel at the model's rate. WAV and raw PCM are
 * read here; other formats are decoded by the browser, in the document (elsewhere.js).
 */
import { amountOf } from './amounts.js';
import { containerOf, untagged } from './containers.js';
import { decodeElsewhere } from './elsewhere.js';
import { checkAmount, checkLength, invalid } from './limits.js';
import { resample } from './resample.js';
import { interleaved, SAMPLES } from './source.js';
import { checkFormat, isWav, readWav } from './wav.js';
import { checkWhole } from './whole.js';

/** A request's description of its sound: `media_type` as the client gave it; `sampling_rate` and `channels` are
 * for raw PCM.
 * @typedef {{media_type?: string, sampling_rate?: number, channels?: number}} SoundHead */
/** @import { Source } from './source.js' */
/** @typedef {{signal: AbortSignal, step: () => Promise<void>}} Stepper as engine/run.js has it */

/** @type {Readonly<Record<string, keyof typeof SAMPLES>>} */
const RAW = { f32le: 'f32', s16le: 's16' };

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {SoundHead} head @param {number} rate the model's
 * @param {Stepper} run awaited between the pieces
 * @param {typeof decodeElsewhere} [elsewhere] decodes what is neither WAV nor raw PCM
 * @returns {Promise<Float32Array>} at least one sample
 * @throws {import('../../engine/failure.js').Failure} audio_invalid, audio_too_large or cancelled
 */
export async function decodeSound(bytes, head, rate, run, elsewhere = decodeElsewhere) {
    if (bytes.length === 0) throw invalid('the sound has 0 bytes');
    const check = (/** @type {number} */ seconds) => checkLength(seconds, rate);
    const isRaw = /^audio\/(?:pcm|l16)\b/i.test(head.media_type ?? '');
    const file = isRaw ? bytes : untagged(bytes);
    if (!isRaw && !isWav(file)) return decodeFile(file, rate, run, elsewhere);
    return resample(isRaw ? readRaw(bytes, head, check) : readWav(file, check), rate, () => run.step());
}

/** Decodes a sound by the browser. @param {Uint8Array<ArrayBuffer>} bytes @param {number} rate @param {Stepper} run
 * @param {typeof decodeElsewhere} elsewhere */
async function decodeFile(bytes, rate, run, elsewhere) {
    const container = containerOf(bytes);
    if (!container) throw invalid('the bytes are no sound in a format that is known');
    if (container.seconds !== null) checkLength(container.seconds, rate);
    checkAmount(amountOf(bytes, container.name));
    checkWhole(bytes, container.name);
    const samples = await elsewhere(bytes, container.name, rate, run.signal);
    checkLength(samples.length / rate, rate);
    if (samples.length === 0) throw invalid(`the ${container.name} file has no samples`, 'at least one');
    return samples;
}

/** @param {Uint8Array} bytes @param {SoundHead} head @param {(seconds: number) => void} check
 * @returns {Source} */
function readRaw(bytes, { media_type: type = '', sampling_rate: rate, channels = 1 }, check) {
    const format = /;\s*format\s*=\s*"?(\w+)/i.exec(type)?.[1]?.toLowerCase() ?? '';
    if (!Object.hasOwn(RAW, format)) throw invalid(`the raw PCM has the format "${format}"`,
        'f32le or s16le');
    if (rate === undefined) throw invalid('raw PCM needs sampling_rate',
        'samples per second, such as 16000');
    checkFormat(channels, rate);
    const kind = RAW[format];
    const frame = SAMPLES[kind].bytes * channels;
    if (bytes.length % frame !== 0) {
        throw invalid(`${bytes.length} bytes are not whole frames of ${channels} × ${SAMPLES[kind].bytes} bytes`, `a multiple of ${frame} bytes`);
    }
    check(bytes.length / frame / rate);
    return interleaved(bytes, kind, channels, rate);
}
