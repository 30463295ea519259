/** Bits from the lowest on, and prefix codes in them, as DEFLATE (RFC 1951, 3.2) and lossless WebP (RFC 9649, 3.7) have. */
import { Broken } from './broken.js';

/** Codes of up to so many bits take one look. */
const LOOK_BITS = 10;
const LONGEST = 15;

/** Thrown where the input is over. */
export const OVER = Symbol('the input is over');

/** A prefix code: `look` has symbol << 4 | length by the next bits, 0 where the code is longer or there is none.
 * @typedef {{look: Uint16Array, mask: number, counts: Uint16Array, symbols: Uint16Array}} Code */

/**
 * @param {Uint8Array} lengths bits by symbol, at most 15
 * @param {boolean} [mayLack] whether one code of one bit, or none, will do
 * @returns {Code} @throws {Broken}
 */
export function prefixCode(lengths, mayLack = false) {
    const counts = new Uint16Array(LONGEST + 1);
    for (const length of lengths) counts[length]++;
    counts[0] = 0;
    let left = 1, longest = 0;
    for (let length = 1; length <= LONGEST; length++) {
        left = left * 2 - counts[length];
        if (left < 0) throw new Broken('the data have a code that is no prefix code');
        if (counts[length] > 0) longest = length;
    }
    if (left > 0 && !(mayLack && longest <= 1)) throw new Broken('the data have an incomplete code');
    const next = new Uint16Array(LONGEST + 2);
    for (let length = 1; length <= LONGEST; length++) next[length + 1] = next[length] + counts[length];
    const symbols = new Uint16Array(next[LONGEST + 1]);
    lengths.forEach((length, symbol) => {
        if (length > 0) symbols[next[length]++] = symbol;
    });
    const look = lookOf(counts, symbols, Math.min(longest, LOOK_BITS));
    return { look, mask: look.length - 1, counts, symbols };
}

/** @param {Uint16Array} counts @param {Uint16Array} symbols @param {number} bits */
function lookOf(counts, symbols, bits) {
    const look = new Uint16Array(1 << bits);
    let code = 0, at = 0;
    for (let length = 1; length <= bits; length++, code <<= 1) {
        for (let i = 0; i < counts[length]; i++, code++) {
            const entry = symbols[at++] << 4 | length;
            for (let to = reversed(code, length); to < look.length; to += 1 << length) look[to] = entry;
        }
    }
    return look;
}

/** @param {number} code @param {number} length bits */
function reversed(code, length) {
    let out = 0;
    for (let i = 0; i < length; i++) out |= (code >> i & 1) << (length - 1 - i);
    return out;
}

export class Bits {
    /** @param {Uint8Array} input */
    constructor(input) {
        this._input = input;
        this._at = 0;
        this._hold = 0;
        this._held = 0;
    }

    /** @param {number} count at most 18 @throws OVER */
    read(count) {
        while (this._held < count) {
            if (this._at >= this._input.length) throw OVER;
            this._hold |= this._input[this._at++] << this._held;
            this._held += 8;
        }
        const value = this._hold & (1 << count) - 1;
        this._drop(count);
        return value;
    }

    /** Goes on with the next byte. */
    align() {
        this._drop(this._held & 7);
    }

    /** @param {Code} code @returns {number} @throws {Broken} or OVER */
    symbol(code) {
        while (this._held < LONGEST && this._at < this._input.length) {
            this._hold |= this._input[this._at++] << this._held;
            this._held += 8;
        }
        const entry = code.look[this._hold & code.mask];
        const length = entry & 15;
        if (length === 0) return this._longSymbol(code);
        if (length > this._held) throw OVER;
        this._drop(length);
        return entry >> 4;
    }

    /** Bit by bit, for codes longer than a look. @param {Code} code */
    _longSymbol({ counts, symbols }) {
        let value = 0, first = 0, index = 0;
        for (let length = 1; length <= LONGEST; length++) {
            if (length > this._held) throw OVER;
            value |= this._hold >> (length - 1) & 1;
            const count = counts[length];
            if (value - count < first) {
                this._drop(length);
                return symbols[index + value - first];
            }
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        throw new Broken('the data have a symbol of no code');
    }

    /** @param {number} count */
    _drop(count) {
        this._hold >>>= count;
        this._held -= count;
    }
}
