/** Cuts a long sound into windows for a model, at the quietest positions, so that no word is cut. */

/** Where a window may end: in its last sixth. */
const SEARCH = 1 / 6;
/** Seconds whose power is compared: shorter than the gap between two words. */
const HOP = 0.05;

/** `first` and `end` count samples. @typedef {{first: number, end: number}} Window */

/** @param {Float32Array} samples @param {number} rate @param {number} most samples in a window
 * @returns {Window[]} one after the other, at least one */
export function windowsOf(samples, rate, most) {
    const windows = [];
    let first = 0;
    while (samples.length - first > most) {
        const from = first + Math.ceil(most * (1 - SEARCH));
        const end = quietest(samples, from, first + most, Math.max(1, Math.round(HOP * rate)));
        windows.push({ first, end });
        first = end;
    }
    windows.push({ first, end: samples.length });
    return windows;
}

/** The middle of the piece of `hop` samples with the least power; of equal ones the last.
 * @param {Float32Array} samples @param {number} from @param {number} to @param {number} hop */
function quietest(samples, from, to, hop) {
    let [best, least] = [to, Infinity];
    for (let at = from; at + hop <= to; at += hop) {
        let power = 0;
        for (let i = at; i < at + hop; i++) power += samples[i] * samples[i];
        if (power <= least) [best, least] = [at + (hop >> 1), power];
    }
    return best;
}
