/** The integers between two bounds, as an expression in GBNF over their digits. */

/** An integer without an upper bound has at most so many digits. */
const MAX_DIGITS = 16;

/**
 * @param {number} min -Infinity, or a safe integer
 * @param {number} max Infinity, or a safe integer of at least `min`
 * @returns {string}
 */
export function integersBetween(min, max) {
    const parts = [];
    if (min < 0) parts.push(`"-" (${naturals(Math.max(1, -max), -min).join(' | ')})`);
    if (max >= 0) parts.push(...naturals(Math.max(0, min), max));
    return parts.join(' | ');
}

/** @param {number} min @param {number} max @returns {string[]} alternatives */
function naturals(min, max) {
    const parts = [];
    let low = String(min);
    const longest = max === Infinity ? low.length : String(max).length;
    for (; low.length <= longest; low = `1${'0'.repeat(low.length)}`) {
        const most = '9'.repeat(low.length);
        parts.push(sameLength(low, max !== Infinity && low.length === longest ? String(max) : most));
    }
    if (max === Infinity && low.length <= MAX_DIGITS) {
        parts.push(`[1-9] [0-9]{${low.length - 1},${MAX_DIGITS - 1}}`);
    }
    return parts;
}

/** @param {string} low @param {string} high as many digits @returns {string} a sequence */
function sameLength(low, high) {
    if (low === high) return `"${low}"`;
    const rest = low.length - 1;
    if (/^0*$/.test(low) && /^9*$/.test(high)) return digits(low.length);
    if (low[0] === high[0]) return `"${low[0]}" ${sameLength(low.slice(1), high.slice(1))}`;
    let [first, last] = [Number(low[0]), Number(high[0])];
    const parts = [];
    if (!/^.0*$/.test(low)) parts.push(`"${first++}" ${sameLength(low.slice(1), '9'.repeat(rest))}`);
    const end = /^.9*$/.test(high) ? '' : `"${last--}" ${sameLength('0'.repeat(rest), high.slice(1))}`;
    if (first <= last) {
        parts.push(`${first === last ? `"${first}"` : `[${first}-${last}]`} ${digits(rest)}`.trim());
    }
    if (end) parts.push(end);
    return parts.length === 1 ? parts[0] : `(${parts.join(' | ')})`;
}

/** @param {number} count */
function digits(count) {
    return count === 0 ? '' : count === 1 ? '[0-9]' : `[0-9]{${count}}`;
}
