/**
 * Inflates zlib's format (RFC 1950, RFC 1951) as zlib itself does where data are cut or broken, so that every browser
 * comes to the same verdict. DecompressionStream tells neither where it stopped nor what was right until there.
 * Arithmetic only.
 */
import { Bits, OVER, prefixCode } from './bits.js';
import { Broken } from './broken.js';

const WINDOW = 1 << 15;
/** Bytes are handed over when so many are there beyond the window; a match may add 258. */
const BATCH = 1 << 16;
/** So far deflate can swell, and not further (zlib's technical notes): 258 bytes of two bits. */
const MOST_SWELL = 1032;
/** So many bytes keep the sums of Adler-32 within 32 bits. */
const SUMMED = 3800;

/** For the symbols 257 to 285 and for the distance codes: the smallest value and the number of extra bits. */
const LENGTHS = ranges(4, 3, 29);
const DISTANCES = ranges(2, 1, 30);
LENGTHS.least[28] = 258;
LENGTHS.bits[28] = 0;
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** @param {number} group codes of one width @param {number} first @param {number} count */
function ranges(group, first, count) {
    const bits = Uint8Array.from({ length: count }, (_, i) => Math.max(0, Math.floor(i / group) - 1));
    const least = new Uint16Array(count);
    for (let i = 0, at = first; i < count; at += 1 << bits[i++]) least[i] = at;
    return { bits, least };
}

/** @typedef {import('./bits.js').Code} Code */
/** @typedef {{literals: Code, distances: Code}} Codes */

const FIXED = {
    literals: prefixCode(Uint8Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
    distances: prefixCode(new Uint8Array(32).fill(5)),
};

/**
 * Emits at most `most` bytes, in parts that are no longer valid afterwards. Like zlib, it reads on after them until the
 * next byte would be made, and accepts data that end there.
 * @param {Uint8Array} input @param {number} most @param {(bytes: Uint8Array) => void} emit
 * @returns {{made: number, isWhole: boolean}} how many there were, and whether the data came to their end
 * @throws {Broken}
 */
export function inflate(input, most, emit) {
    const inflater = new Inflater(input, most, emit);
    let isWhole = true;
    try {
        inflater.run();
    } catch (error) {
        if (error !== OVER) throw error;
        isWhole = false;
    }
    inflater.flush();
    return { made: inflater.made, isWhole };
}

/** Whether so many bytes of zlib's format may become so many. @param {number} length @param {number} most */
export const canSwell = (length, most) => most <= length * MOST_SWELL;

class Inflater {
    /** @param {Uint8Array} input @param {number} most bytes to make @param {(bytes: Uint8Array) => void} emit */
    constructor(input, most, emit) {
        this._bits = new Bits(input);
        this._most = most;
        this._emit = emit;
        this._out = new Uint8Array(WINDOW + BATCH + 258);
        this._to = 0;
        this._emitted = 0;
        this._gone = 0; // bytes that have left _out
        this._sum = { a: 1, b: 0 };
    }

    /** Bytes made so far. */
    get made() {
        return this._gone + this._to;
    }

    /** @throws {Broken} or OVER */
    run() {
        const [method, flags] = [this._bits.read(8), this._bits.read(8)];
        if ((method << 8 | flags) % 31 !== 0 || (method & 15) !== 8 || method >> 4 > 7 || flags & 32) {
            throw new Broken('the data are not in the format of zlib');
        }
        for (let isLast = 0; !isLast;) {
            isLast = this._bits.read(1);
            const kind = this._bits.read(2);
            if (kind === 3) throw new Broken('the data have a block of no known kind');
            const isDone = kind === 0 ? this._stored() : this._coded(kind === 1 ? FIXED : this._codes());
            if (isDone) return;
        }
        this._check();
    }

    /** Writes the remaining bytes. */
    flush() {
        if (this._to > this._emitted) {
            const bytes = this._out.subarray(this._emitted, this._to);
            this._add(bytes);
            this._emit(bytes);
        }
        this._emitted = this._to;
    }

    _slide() {
        this.flush();
        this._out.copyWithin(0, this._to - WINDOW, this._to);
        this._gone += this._to - WINDOW;
        this._to = this._emitted = WINDOW;
    }

    /** Adler-32. @param {Uint8Array} bytes */
    _add(bytes) {
        let { a, b } = this._sum;
        for (let i = 0; i < bytes.length;) {
            for (const end = Math.min(i + SUMMED, bytes.length); i < end; i++) {
                a += bytes[i];
                b += a;
            }
            a %= 65521;
            b %= 65521;
        }
        this._sum = { a, b };
    }

    _check() {
        this.flush();
        this._bits.align();
        const [high, low] = [0, 0].map(() => this._bits.read(8) << 8 | this._bits.read(8));
        if (high !== this._sum.b || low !== this._sum.a) throw new Broken('the checksum of the data is wrong');
    }

    /** A block as it is. @returns {boolean} whether all that is asked for is there */
    _stored() {
        this._bits.align();
        const length = this._bits.read(16);
        if ((this._bits.read(16) ^ 0xffff) !== length) throw new Broken('the data have a block whose length is wrong');
        for (let i = 0; i < length; i++) {
            if (this.made >= this._most) return true;
            this._out[this._to] = this._bits.read(8);
            if (++this._to >= WINDOW + BATCH) this._slide();
        }
        return false;
    }

    /** The codes of a block that has its own. @returns {Codes} */
    _codes() {
        const bits = this._bits;
        const [literals, distances, count] = [bits.read(5) + 257, bits.read(5) + 1, bits.read(4) + 4];
        if (literals > 286 || distances > 30) throw new Broken('the data have a block of too many symbols');
        const first = new Uint8Array(19);
        for (let i = 0; i < count; i++) first[ORDER[i]] = bits.read(3);
        const code = prefixCode(first);
        const lengths = new Uint8Array(literals + distances);
        for (let i = 0; i < lengths.length;) {
            const symbol = bits.symbol(code);
            if (symbol < 16) {
                lengths[i++] = symbol;
                continue;
            }
            if (symbol === 16 && i === 0) throw new Broken('the data repeat a length that is not there');
            const value = symbol === 16 ? lengths[i - 1] : 0;
            const times = symbol === 16 ? bits.read(2) + 3 : symbol === 17 ? bits.read(3) + 3 : bits.read(7) + 11;
            if (i + times > lengths.length) throw new Broken('the data repeat a length too often');
            lengths.fill(value, i, i += times);
        }
        if (lengths[256] === 0) throw new Broken('the data have a block without an end');
        return { literals: prefixCode(lengths.subarray(0, literals), true), distances: prefixCode(lengths.subarray(literals), true) };
    }

    /** A block of literals and matches. @param {Codes} codes @returns {boolean} whether all that is asked for is there */
    _coded({ literals, distances }) {
        for (;;) {
            const symbol = this._bits.symbol(literals);
            if (symbol === 256) return false;
            if (symbol < 256) {
                if (this.made >= this._most) return true;
                this._out[this._to++] = symbol;
            } else if (this._match(symbol - 257, distances)) {
                return true;
            }
            if (this._to >= WINDOW + BATCH) this._slide();
        }
    }

    /** @param {number} code of a length @param {Code} distances */
    _match(code, distances) {
        if (code >= 29) throw new Broken('the data have a length of no code');
        const length = LENGTHS.least[code] + this._bits.read(LENGTHS.bits[code]);
        const far = this._bits.symbol(distances);
        if (far >= 30) throw new Broken('the data have a distance of no code');
        const distance = DISTANCES.least[far] + this._bits.read(DISTANCES.bits[far]);
        if (this.made >= this._most) return true;
        if (distance > this.made) throw new Broken('the data refer to what is before their beginning');
        const count = Math.min(length, this._most - this.made);
        const out = this._out;
        let to = this._to;
        for (const end = to + count; to < end; to++) out[to] = out[to - distance];
        this._to = to;
        return count < length;
    }
}
