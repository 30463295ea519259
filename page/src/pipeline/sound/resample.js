/**
 * Another sampling rate, by a windowed sinc: each new sample is the sum of old ones, weighted by a low
 * pass at the position between them. The weights are tabulated for the positions that occur (the phases).
 *
 * The window is Kaiser's, with its parameter and length by his formulas for an attenuation A in dB and a
 * transition Δω (J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
 * 1974; Oppenheim & Schafer, "Discrete-Time Signal Processing", 3rd ed., 7.6): for A > 50
 * β = 0.1102 (A − 8.7) and M = (A − 8) / (2.285 Δω).
 */

/** @import { Source } from './source.js' */

/** dB below which everything stays that the new rate cannot hold. */
const ATTENUATION = 80;
const BETA = 0.1102 * (ATTENUATION - 8.7);
/** The share of the lower rate's half between the pass band and the stop band: the last tenth. */
const TRANSITION = 0.1;
/** The filter's length in samples of the lower rate. */
const LENGTH = (ATTENUATION - 8) / (2.285 * Math.PI * TRANSITION);
/** Where two rates have more positions than that, they are interpolated between those. */
const MAX_PHASES = 1024;
/** New samples that are made between two turns: some milliseconds. */
const BLOCK = 16384;

/**
 * @param {Source} source @param {number} rate
 * @param {() => Promise<void>} step awaited before each piece; what it throws ends it
 * @returns {Promise<Float32Array>} one channel
 */
export async function resample(source, rate, step) {
    const out = new Float32Array(Math.ceil(source.frames * rate / source.rate));
    const filter = source.rate === rate ? null : makeFilter(source.rate, rate);
    for (let first = 0; first < out.length; first += BLOCK) {
        await step();
        const block = out.subarray(first, first + BLOCK);
        if (filter) filterBlock(source, filter, first, block);
        else source.read(first, block);
    }
    return out;
}

/** `up` new samples lie where `down` old ones do; `rows` has the weights of phases 0 to `phases`, each for
 * `taps` old samples, of which the one before the position is number `half` - 1.
 * @typedef {{up: number, down: number, phases: number, taps: number, half: number,
 *   rows: Float32Array[]}} Filter */

/** @param {number} from @param {number} to samples per second @returns {Filter} */
function makeFilter(from, to) {
    const common = divisor(from, to);
    const [up, down] = [to / common, from / common];
    const phases = Math.min(up, MAX_PHASES);
    // In old samples: the pass band, of half the old rate, and half of the filter's length.
    const ratio = Math.min(1, to / from);
    const cutoff = ratio * (1 - TRANSITION / 2);
    const reach = LENGTH / 2 / ratio;
    const half = Math.ceil(reach) + 1;
    const rows = Array.from({ length: phases + 1 },
        (_, phase) => makeRow(phase / phases, cutoff, reach, half));
    return { up, down, phases, taps: 2 * half, half, rows };
}

/** The weights at a position between two samples. They sum to one, so that silence and steady values stay.
 * @param {number} position from 0 to 1 @param {number} cutoff @param {number} reach @param {number} half */
function makeRow(position, cutoff, reach, half) {
    const row = new Float64Array(2 * half);
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
        const x = i - (half - 1) - position;
        const inside = 1 - (x / reach) ** 2;
        row[i] = inside > 0 ? cutoff * sinc(cutoff * x) * bessel(BETA * Math.sqrt(inside)) : 0;
        sum += row[i];
    }
    return Float32Array.from(row, (weight) => weight / sum);
}

/** @param {Source} source @param {Filter} filter @param {number} first of the new samples
 * @param {Float32Array} out */
function filterBlock(source, { up, down, phases, taps, half, rows }, first, out) {
    const begin = Math.floor(first * down / up) - (half - 1);
    const end = Math.floor((first + out.length - 1) * down / up) + half + 1;
    const old = new Float32Array(end - begin);
    source.read(begin, old);
    for (let i = 0; i < out.length; i++) {
        const place = (first + i) * down; // in 1/up of an old sample
        const whole = Math.floor(place / up);
        const phase = (place - whole * up) * phases / up;
        const row = Math.floor(phase);
        const at = whole - (half - 1) - begin;
        const value = weigh(old, at, rows[row], taps);
        const part = phase - row;
        out[i] = part === 0 ? value : value + part * (weigh(old, at, rows[row + 1], taps) - value);
    }
}

/** @param {Float32Array} samples @param {number} at @param {Float32Array} weights @param {number} taps */
function weigh(samples, at, weights, taps) {
    let sum = 0;
    for (let i = 0; i < taps; i++) sum += samples[at + i] * weights[i];
    return sum;
}

/** @param {number} x */
const sinc = (x) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);

/** The modified Bessel function of the first kind and order zero, by its power series. @param {number} x */
function bessel(x) {
    let sum = 1;
    for (let k = 1, term = 1; term > 1e-12 * sum; k++) {
        term *= (x / (2 * k)) ** 2;
        sum += term;
    }
    return sum;
}

/** @param {number} a @param {number} b @returns {number} the greatest that divides both */
const divisor = (a, b) => b === 0 ? a : divisor(b, a % b);
