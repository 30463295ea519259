/**
 * Finds the fastest of a kernel's candidates: each runs a few times, alternating with the others, for as long as no task
 * waits. A candidate whose output differs from the default's is excluded, and one that takes twice as long as the best is dropped.
 * The function that runs a candidate, the clock and the end condition are passed in.
 */
import { median } from '../shared/median.js';

/** The first is the default. @typedef {object} Around
 * @property {number} count of candidates
 * @property {(index: number, limitMs: number) => Promise<{ms: number, output: Float32Array} | null>} once runs one; "ms": by the
 *   clock that distinguishes candidates best; null: it was ended, because it took longer than the limit or tuning is over
 * @property {() => number} now in ms
 * @property {() => boolean} isOver whether a task waits
 */
/** `index`: of the fastest; `ms`, `defaultMs`: medians; `wrong`: those that do not make what the default makes.
 * @typedef {{index: number, ms: number, defaultMs: number, wrong: number[]}} Tuned */
/** @typedef {{index: number, ms: number[]}} Trial */

/** The longest time for all of it. */
export const TUNING_MS = 2000;
/** In the first part of that time, untried candidates are tried. */
const TRY_MS = 1000;
/** The median is of at least, and at most, so many runs. */
const RUNS = Object.freeze({ least: 3, most: 9 });
const SLOWER = 2;
/** A candidate that takes more than this share of the default's time counts as equal to the default. */
const GAIN = 0.95;
/** Relative to the largest number of the output. */
const TOLERANCE = 1e-5;

/** Null where it was ended before it was known. Where there was no time to tell, it is the default.
 * @param {Around} around @returns {Promise<Tuned | null>} */
export async function tune(around) {
    const began = around.now(), left = () => TUNING_MS - (around.now() - began);
    const usual = await around.once(0, TUNING_MS);
    if (!usual) return around.isOver() ? null : { index: 0, ms: TUNING_MS, defaultMs: TUNING_MS, wrong: [] };
    /** @type {number[]} */
    const wrong = [];
    const trials = await firstRuns(around, usual.output, left, wrong);
    const kept = trials && await moreRuns(around, trials, left);
    return kept && { ...resultOf(kept, usual.ms), wrong };
}

/** Each candidate once to have it compiled and its output compared, and once more to measure it.
 * @param {Around} around @param {Float32Array} right @param {() => number} left ms @param {number[]} wrong is filled
 * @returns {Promise<Trial[] | null>} */
async function firstRuns(around, right, left, wrong) {
    /** @type {Trial[]} */
    const trials = [];
    for (let index = 0; index < around.count && left() > TRY_MS; index++) {
        const warm = index > 0 ? await around.once(index, left()) : { ms: 0, output: right };
        if (around.isOver()) return null;
        if (!warm) continue;
        const run = isEqual(warm.output, right) ? await around.once(index, limitOf(trials, left())) : warm;
        if (around.isOver()) return null;
        if (run && !isEqual(run.output, right)) wrong.push(index);
        else if (run) trials.push({ index, ms: [run.ms] });
    }
    return trials;
}

/** By turns, until each has as many as its median may be of, or the time is up.
 * @param {Around} around @param {Trial[]} trials @param {() => number} left ms @returns {Promise<Trial[] | null>} */
async function moreRuns(around, trials, left) {
    let kept = trials, began = around.now(), tookMs = 0;
    for (let round = 1; round < RUNS.most; round++) {
        kept = kept.filter(({ index, ms }) => index === 0 || median(ms) <= SLOWER * bestOf(kept));
        const lasts = kept.reduce((sum, { ms }) => sum + median(ms), 0);
        if (kept.length < 2 || Math.max(lasts, tookMs) > left()) break;
        for (const trial of kept) {
            const run = await around.once(trial.index, trial.index === 0 ? left() : limitOf(kept, left()));
            if (around.isOver()) return null;
            trial.ms.push(run?.ms ?? Infinity); // its median says whether that was by chance
        }
        tookMs = around.now() - began;
        began += tookMs;
    }
    return kept;
}

/** @param {readonly Trial[]} trials @param {number} otherwise ms of the default */
function resultOf(trials, otherwise) {
    const usual = trials.find(({ index }) => index === 0), defaultMs = usual ? median(usual.ms.filter(Number.isFinite)) : otherwise;
    const known = trials.filter(({ ms }) => ms.length >= RUNS.least);
    const best = known.reduce((/** @type {Trial | undefined} */ least, one) => (least && median(least.ms) <= median(one.ms) ? least : one), undefined);
    if (!best || !usual || usual.ms.length < RUNS.least || median(best.ms) > GAIN * defaultMs) return { index: 0, ms: defaultMs, defaultMs };
    return { index: best.index, ms: median(best.ms), defaultMs };
}

/** @param {readonly Trial[]} trials */
const bestOf = (trials) => Math.min(Infinity, ...trials.map(({ ms }) => median(ms)));

/** How long the next run may take. @param {readonly Trial[]} trials @param {number} left ms */
const limitOf = (trials, left) => Math.min(left, SLOWER * bestOf(trials));

/** Whether an output is right, by that of the default: exactly where this has whole numbers alone. NaN is wrong.
 * @param {Float32Array} output @param {Float32Array} right */
export function isEqual(output, right) {
    if (output.length !== right.length) return false;
    let largest = 0, areWhole = true;
    for (const value of right) {
        largest = Math.max(largest, Math.abs(value));
        areWhole &&= Number.isInteger(value);
    }
    const most = areWhole ? 0 : TOLERANCE * largest;
    return right.every((value, i) => Math.abs(output[i] - value) <= most);
}

/**
 * Inputs for it: small whole numbers of either sign and none of 0, of which sums are exact in whatever order.
 * @param {number} elements @param {number} seed @returns {Float32Array<ArrayBuffer>}
 */
export function drawn(elements, seed) {
    let state = seed;
    return Float32Array.from({ length: elements }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, ranqd1
        const place = (state >>> 24) % 8 - 4;
        return place < 0 ? place : place + 1;
    });
}
