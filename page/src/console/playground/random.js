/** Numbers that look random and are the same for the same seed, in every browser: mulberry32. */

/** @param {number} seed a whole number @returns {() => number} from 0 up to 1 */
export function randomOf(seed) {
    let state = seed >>> 0;
    return () => {
        state = state + 0x6d2b79f5 >>> 0;
        let mixed = Math.imul(state ^ state >>> 15, state | 1);
        mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
        return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296;
    };
}

/** @param {string} datatype @param {number} count @param {number} low @param {number} high @param {() => number} random
 * @returns {(number | boolean)[]} whole numbers from `low` to `high`, or others from `low` up to `high` */
export function randomValues(datatype, count, low, high, random) {
    const isFloat = /^(?:FP|BF)/.test(datatype);
    return Array.from({ length: count }, () => {
        if (datatype === 'BOOL') return random() < 0.5;
        if (isFloat) return Math.fround(low + random() * (high - low));
        return low + Math.floor(random() * (high - low + 1));
    });
}
