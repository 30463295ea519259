/**
 * The features of a sound for a model: by the rules of Python's transformers 4.57 (models/NAME/feature_extraction_NAME.py),
 * with the settings of a folder's preprocessor_config.json. The library's own extractors ignore some settings and have no defaults.
 */
import { isSmooth } from './fourier.js';
import { MAX_RATE, MIN_RATE } from './limits.js';
import { boolean, number, one, settingsOf, whole } from './members.js';
import { bandsOf, centred, hann, spectraOf } from './spectra.js';

/** @import { Member } from './members.js' */
/** @import { Spectra } from './spectra.js' */
/** As a tensor. @typedef {{type: 'float32' | 'int64', data: Float32Array | BigInt64Array, dims: number[]}} Made */
/** By the names of a graph's inputs. @typedef {Record<string, Made>} Inputs */
/** `features` turns samples into a model's inputs: at least `least` samples, and at most `most` at a time, if that is
 * limited; `computed` are settings that Python computes, whatever the file has for them.
 * @typedef {{features: (samples: Float32Array) => Inputs, least?: number, most?: number, computed?: Record<string, any>}} Way */
/** @typedef {{settings: Record<string, any>, rate: number, least: number, most: number | undefined,
 *   features: (samples: Float32Array) => Inputs}} Extractor */
/** @typedef {{members: Record<string, Member>, make: (settings: any) => Way}} Row */

const FILE = 'preprocessor_config.json';
/** Kaldi's frames, in samples: 25 ms, and 10 ms from one to the next. */
const KALDI = Object.freeze({ frame: 400, hop: 160, size: 512, from: 20, emphasis: 0.97, floor: 2 ** -23 });

/** The extractor of a folder; null: the file names no known one.
 * @param {any} described the file's content @returns {Extractor | null} @throws {import('../../engine/failure.js').Failure} */
export function extractorOf(described) {
    const type = described?.feature_extractor_type;
    if (!Object.hasOwn(EXTRACTORS, type ?? '')) return null;
    const { members, make } = EXTRACTORS[type];
    const settings = settingsOf(described, members, FILE);
    const { features, least = 1, most, computed = {} } = make(settings);
    return { settings: { ...settings, ...computed }, rate: settings.sampling_rate, least, most, features };
}

/** The model's inputs for these samples, as the library's tensors.
 * @param {{library: any, listens: Extractor | null}} loaded that listens @param {Float32Array} samples @returns {Record<string, any>} */
export function featuresOf({ library: { Tensor }, listens }, samples) {
    const inputs = /** @type {Extractor} */ (listens).features(samples);
    return Object.fromEntries(Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]));
}

// --- one for each type -------------------------------------------------------------------------------

/** Bounds of what a sound is cut into. */
const bands = (/** @type {number} */ usual) => whole(usual, 1, 256);
const hop = (/** @type {number} */ usual) => whole(usual, 32, 8192);
const size = (/** @type {number} */ usual) => whole(usual, 16, 4096, isSmooth, 'even, without a prime factor above 7');
const rate = (/** @type {number} */ usual) => whole(usual, MIN_RATE, MAX_RATE);

/** @type {Readonly<Record<string, Row>>} */
const EXTRACTORS = Object.freeze({
    WhisperFeatureExtractor: {
        members: { feature_size: bands(80), sampling_rate: rate(16000), hop_length: hop(160), chunk_length: whole(30, 1, 60),
            n_fft: size(400), padding_value: number(0), padding_side: one(['right']), dither: one([0]) },
        make: whisper,
    },
    Wav2Vec2FeatureExtractor: {
        members: { sampling_rate: rate(16000), do_normalize: boolean(true) },
        make: wave,
    },
    SeamlessM4TFeatureExtractor: {
        members: { num_mel_bins: bands(80), sampling_rate: rate(16000), stride: whole(2, 2, 16), padding_value: number(0),
            padding_side: one(['right']) },
        make: seamless,
    },
    ASTFeatureExtractor: {
        members: { sampling_rate: one([16000]), num_mel_bins: bands(128), max_length: whole(1024, 1, 8192),
            do_normalize: boolean(true), mean: number(-4.2677393), std: number(4.5689974) },
        make: tree,
    },
    ClapFeatureExtractor: {
        members: { feature_size: bands(64), sampling_rate: rate(48000), hop_length: hop(480), max_length_s: whole(10, 1, 60),
            fft_window_size: size(1024), frequency_min: number(0, 0, 1000), frequency_max: number(14000, 2000, MAX_RATE),
            truncation: one(['rand_trunc'], 'fusion'), padding: one(['repeatpad', 'repeat', 'pad']) },
        make: clap,
    },
    ParakeetFeatureExtractor: {
        members: { feature_size: bands(80), sampling_rate: rate(16000), hop_length: hop(160), n_fft: size(512),
            win_length: whole(400, 16, 4096), preemphasis: number(0.97) },
        make: parakeet,
    },
});

/** The names that a folder may use. */
export const EXTRACTED = Object.keys(EXTRACTORS).join(', ');

/** @type {Row['make']} */
function whisper({ feature_size: count, sampling_rate: rate, hop_length: hop, chunk_length: seconds, n_fft: size,
    padding_value: padding }) {
    const most = seconds * rate, frames = Math.floor(most / hop);
    const filters = bandsOf({ size, count, from: 0, to: 8000, rate, scale: 'slaney', hasNorm: true });
    const framing = { window: hann(size), hop, size, ends: /** @type {const} */ ('mirrored') };
    const features = (/** @type {Float32Array} */ samples) => {
        const sound = new Float32Array(most).fill(padding);
        sound.set(samples.subarray(0, most));
        const spectra = spectraOf(sound, framing, filters, frames);
        const logs = spectra.values.map((power) => Math.log10(Math.max(1e-10, power)));
        const floor = logs.reduce((one, other) => Math.max(one, other), -Infinity) - 8;
        const data = turned({ ...spectra, values: logs.map((log) => (Math.max(log, floor) + 4) / 4) });
        return { input_features: { type: /** @type {const} */ ('float32'), data, dims: [1, count, spectra.frames] } };
    };
    return { features, most, computed: { n_samples: most, nb_max_frames: frames, mel_filters: undefined } };
}

/** A row for each band. @param {Spectra} spectra */
function turned({ frames, bands: count, values }) {
    const data = new Float32Array(values.length);
    for (let frame = 0; frame < frames; frame++) {
        for (let band = 0; band < count; band++) data[band * frames + frame] = values[frame * count + band];
    }
    return data;
}

/** The samples as they are, or with a mean of 0 and a variance of 1. @type {Row['make']} */
function wave({ do_normalize: isNormal }) {
    const features = (/** @type {Float32Array} */ samples) => {
        const { mean, variance } = isNormal ? momentsOf(samples, 0, 1) : { mean: 0, variance: 1 };
        const scale = isNormal ? Math.sqrt(variance + 1e-7) : 1;
        return { input_values: floats(samples.map((value) => (value - mean) / scale), [1, samples.length]), ...maskOf(samples.length) };
    };
    return { features };
}

/** For every `step`th value from `from` on. @param {Float32Array | Float64Array} values @param {number} from
 * @param {number} step @param {number} [fewer] by which their count is less in the variance */
function momentsOf(values, from, step, fewer = 0) {
    const count = Math.ceil((values.length - from) / step);
    let mean = 0, variance = 0;
    for (let i = from; i < values.length; i += step) mean += values[i] / count;
    for (let i = from; i < values.length; i += step) variance += (values[i] - mean) ** 2 / Math.max(1, count - fewer);
    return { mean, variance };
}

/** Kaldi's logarithms of powers. @param {number} power of the window @param {number} rate @param {number} count
 * @returns {(samples: Float32Array, most?: number) => Spectra} of so many frames at most */
function kaldi(power, rate, count) {
    const filters = bandsOf({ size: KALDI.size, count, from: KALDI.from, to: Math.floor(rate / 2), rate, scale: 'kaldi' });
    const window = hann(KALDI.frame, { isPeriodic: false, power });
    const framing = { window, hop: KALDI.hop, size: KALDI.size, ends: /** @type {const} */ ('none'), emphasis: KALDI.emphasis };
    return (samples, most) => {
        const spectra = spectraOf(samples, framing, filters, most);
        return { ...spectra, values: spectra.values.map((value) => Math.log(Math.max(KALDI.floor, value))) };
    };
}

/** Frames are filled up to an even number, and so many together are a step of the model's.
 * @type {Row['make']} */
function seamless({ num_mel_bins: count, sampling_rate: rate, stride, padding_value: padding }) {
    const logsOf = kaldi(0.85, rate, count);
    const features = (/** @type {Float32Array} */ samples) => {
        const { frames, values } = logsOf(samples.map((value) => value * 32768));
        const steps = Math.floor((frames + frames % 2) / stride);
        const data = new Float32Array(steps * stride * count).fill(padding);
        for (let band = 0; band < count; band++) {
            const { mean, variance } = momentsOf(values, band, count, 1);
            for (let i = band; i < Math.min(values.length, data.length); i += count) {
                data[i] = (values[i] - mean) / Math.sqrt(variance + 1e-7);
            }
        }
        const mask = BigInt64Array.from({ length: steps }, (_, i) => (i * stride + 1 < frames ? 1n : 0n));
        return { input_features: floats(data, [1, steps, stride * count]),
            attention_mask: { type: /** @type {const} */ ('int64'), data: mask, dims: [1, steps] } };
    };
    return { features, least: KALDI.frame + KALDI.hop * (stride - 1) };
}

/** The audio spectrogram transformer's: `most` frames, filled up with zeros. @type {Row['make']} */
function tree({ sampling_rate: rate, num_mel_bins: count, max_length: most, do_normalize: isNormal, mean, std }) {
    const logsOf = kaldi(1, rate, count);
    const features = (/** @type {Float32Array} */ samples) => {
        const data = new Float32Array(most * count);
        data.set(logsOf(samples, most).values);
        return { input_values: floats(isNormal ? data.map((value) => (value - mean) / (std * 2)) : data, [1, most, count]) };
    };
    return { features, least: KALDI.frame };
}

/** A sound shorter than a window is repeated or padded with silence. @type {Row['make']} */
function clap({ feature_size: count, sampling_rate: rate, hop_length: hop, max_length_s: seconds, fft_window_size: size,
    frequency_min: from, frequency_max: to, padding }) {
    const most = seconds * rate;
    const filters = bandsOf({ size, count, from, to, rate, scale: 'slaney', hasNorm: true });
    const framing = { window: hann(size), hop, size, ends: /** @type {const} */ ('mirrored') };
    const features = (/** @type {Float32Array} */ samples) => {
        const { frames, values } = spectraOf(filled(samples, most, padding), framing, filters);
        const data = Float32Array.from(values, (power) => 10 * Math.log10(Math.max(1e-10, power)));
        return { input_features: floats(data, [1, 1, frames, count]) };
    };
    return { features, most, computed: { nb_max_samples: most, nb_frequency_bins: (size >> 1) + 1 } };
}

/** @param {Float32Array} samples @param {number} most @param {string} padding */
function filled(samples, most, padding) {
    const sound = new Float32Array(most), { length } = samples;
    const end = padding === 'repeat' ? most : padding === 'repeatpad' ? most - most % length : length;
    for (let at = 0; at < end; at += length) sound.set(samples.subarray(0, end - at), at);
    return sound;
}

/** @type {Row['make']} */
function parakeet({ feature_size: count, sampling_rate: rate, hop_length: hop, n_fft: size, win_length: length, preemphasis }) {
    const filters = bandsOf({ size, count, from: 0, to: rate / 2, rate, scale: 'slaney', hasNorm: true });
    const window = centred(hann(Math.min(length, size), { isPeriodic: false }), size);
    const framing = { window, hop, size, ends: /** @type {const} */ ('silent') };
    const features = (/** @type {Float32Array} */ samples) => {
        const { frames, values } = spectraOf(emphasised(samples, preemphasis), framing, filters);
        const logs = values.map((power) => Math.log(power + 2 ** -24));
        const heard = logs.subarray(0, Math.floor(samples.length / hop) * count);
        const data = new Float32Array(values.length);
        for (let band = 0; band < count; band++) {
            const { mean, variance } = momentsOf(heard, band, count, 1);
            for (let i = band; i < heard.length; i += count) data[i] = (heard[i] - mean) / (Math.sqrt(variance) + 1e-5);
        }
        const mask = new BigInt64Array(frames).fill(1n, 0, heard.length / count);
        return { input_features: floats(data, [1, frames, count]),
            attention_mask: { type: /** @type {const} */ ('int64'), data: mask, dims: [1, frames] } };
    };
    return { features, least: 2 * hop };
}

/** @param {Float32Array} samples @param {number} part of the sample before */
const emphasised = (samples, part) => samples.map((value, i) => (i > 0 ? value - part * samples[i - 1] : value));

/** @param {Float32Array} data @param {number[]} dims @returns {Made} */
const floats = (data, dims) => ({ type: 'float32', data, dims });

/** All of it counts. @param {number} length @returns {{attention_mask: Made}} */
const maskOf = (length) =>
    ({ attention_mask: { type: 'int64', data: new BigInt64Array(length).fill(1n), dims: [1, length] } });
