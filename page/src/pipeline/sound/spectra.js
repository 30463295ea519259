/**
 * Power spectra of a sound's frames in bands, as Python's transformers has them (audio_utils.py of 4.57:
 * window_function, mel_filter_bank, spectrogram).
 */
import { fourierOf, isSilent } from './fourier.js';

/** @typedef {import('./fourier.js').Fourier} Fourier */
/** Its part of each frequency from number `first` on. @typedef {{first: number, weights: Float64Array}} Band */
/** From hertz to a scale, and back. @typedef {{of: (hertz: number) => number, to: (mel: number) => number}} Scale */
/**
 * How frames are made: of so many samples, each `hop` after the one before; both ends of the sound are extended by
 * half a frame of its mirror image or of silence, or not at all; transformed with `size` samples.
 * @typedef {object} Framing
 * @property {Float64Array} window
 * @property {number} hop
 * @property {number} size
 * @property {'mirrored' | 'silent' | 'none'} ends
 * @property {number} [emphasis] of high frequencies: what is taken of the sample before; the frame's mean, too
 */
/** A row for each frame. @typedef {{frames: number, bands: number, values: Float64Array}} Spectra */

/** @type {Readonly<Record<'kaldi' | 'slaney', Scale>>} */
const SCALES = Object.freeze({
    kaldi: { of: (hertz) => 1127 * Math.log(1 + hertz / 700), to: (mel) => 700 * (Math.exp(mel / 1127) - 1) },
    slaney: {
        of: (hertz) => hertz < 1000 ? 3 * hertz / 200 : 15 + Math.log(hertz / 1000) * 27 / Math.log(6.4),
        to: (mel) => mel < 15 ? 200 * mel / 3 : 1000 * Math.exp(Math.log(6.4) / 27 * (mel - 15)),
    },
});

/** Hann's, so often multiplied by itself. @param {number} length @param {{isPeriodic?: boolean, power?: number}} [how] */
export function hann(length, { isPeriodic = true, power = 1 } = {}) {
    const last = isPeriodic ? length : length - 1;
    return Float64Array.from({ length }, (_, i) => (0.5 - 0.5 * Math.cos(2 * Math.PI * i / last)) ** power);
}

/** A window in the middle of a longer one. @param {Float64Array} window @param {number} length */
export function centred(window, length) {
    const all = new Float64Array(length);
    all.set(window, Math.floor((length - window.length) / 2));
    return all;
}

/** Triangles between points that are evenly spaced on the scale. Kaldi's are drawn on the scale, the others over
 * hertz; Slaney's norm gives each the same area.
 * @param {{size: number, count: number, from: number, to: number, rate: number, scale: keyof typeof SCALES, hasNorm?: boolean}} how
 * @returns {Band[]} */
export function bandsOf({ size, count, from, to, rate, scale: name, hasNorm = false }) {
    const scale = SCALES[name], isOnScale = name === 'kaldi', half = size >> 1;
    const first = scale.of(from), step = (scale.of(to) - first) / (count + 1);
    const points = Array.from({ length: count + 2 }, (_, i) => isOnScale ? first + step * i : scale.to(first + step * i));
    const hertz = isOnScale ? rate / size : Math.floor(rate / 2) / half;
    const places = Float64Array.from({ length: half + 1 }, (_, i) => isOnScale ? scale.of(i * hertz) : i * hertz);
    return Array.from({ length: count }, (_, i) => {
        const [left, middle, right] = points.slice(i, i + 3);
        const weights = places.map((place) =>
            Math.max(0, Math.min((place - left) / (middle - left), (right - place) / (right - middle)))
            * (hasNorm ? 2 / (right - left) : 1));
        const begin = Math.max(0, weights.findIndex((weight) => weight > 0));
        return { first: begin, weights: weights.slice(begin, weights.findLastIndex((weight) => weight > 0) + 1) };
    });
}

/** @param {Float32Array} samples @param {Framing} framing @param {Band[]} bands @param {number} [most] frames
 * @returns {Spectra} */
export function spectraOf(samples, framing, bands, most = Infinity) {
    const { window, hop, size, ends } = framing;
    const sound = ends === 'none' ? samples : padded(samples, window.length >> 1, ends === 'mirrored');
    const fourier = /** @type {Fourier} */ (fourierOf(size));
    const frames = Math.max(0, Math.min(most, 1 + Math.floor((sound.length - window.length) / hop)));
    const values = new Float64Array(frames * bands.length), frame = new Float64Array(size), made = new Float64Array(size + 2);
    for (let i = 0; i < frames; i++) {
        if (isSilent(sound, i * hop, window.length)) continue;
        fill(frame, sound, i * hop, framing);
        fourier.realTransform(made, frame);
        for (let k = 0; k <= size >> 1; k++) made[k] = made[2 * k] ** 2 + made[2 * k + 1] ** 2;
        for (let band = 0; band < bands.length; band++) values[i * bands.length + band] = powerIn(bands[band], made);
    }
    return { frames, bands: bands.length, values };
}

/** @param {Float64Array} frame @param {Float32Array} sound @param {number} from @param {Framing} framing */
function fill(frame, sound, from, { window, emphasis }) {
    const { length } = window;
    for (let i = 0; i < length; i++) frame[i] = sound[from + i];
    if (emphasis !== undefined) {
        let mean = 0;
        for (let i = 0; i < length; i++) mean += frame[i] / length;
        for (let i = 0; i < length; i++) frame[i] -= mean;
        for (let i = length - 1; i > 0; i--) frame[i] -= emphasis * frame[i - 1];
        frame[0] *= 1 - emphasis;
    }
    for (let i = 0; i < length; i++) frame[i] *= window[i];
}

/** @param {Band} band @param {Float64Array} powers */
function powerIn({ first, weights }, powers) {
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += weights[k] * powers[first + k];
    return sum;
}

/** @param {Float32Array} samples @param {number} count at each end @param {boolean} isMirrored around the outermost
 * samples, as often as that takes */
function padded(samples, count, isMirrored) {
    const all = new Float32Array(samples.length + 2 * count);
    all.set(samples, count);
    const last = samples.length - 1;
    const mirrored = (/** @type {number} */ at) => {
        const place = last === 0 ? 0 : Math.abs(at) % (2 * last);
        return samples[place > last ? 2 * last - place : place];
    };
    for (let i = 1; isMirrored && i <= count; i++) {
        all[count - i] = mirrored(i);
        all[count + last + i] = mirrored(last + i);
    }
    return all;
}
