/** SHA-256 of bytes that come one after another: what browsers have themselves (SubtleCrypto) takes all at once. */
import { hex } from './hex.js';

const BLOCK = 64;
/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of eight. */
const K = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const BEGINNING = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

/** @param {number} count @returns {number[]} */
function primes(count) {
    /** @type {number[]} */
    const found = [];
    for (let next = 2; found.length < count; next++) {
        if (found.every((prime) => next % prime !== 0)) found.push(next);
    }
    return found;
}

/** @param {number} root */
function fraction(root) {
    return (root % 1) * 2 ** 32 | 0;
}

export class Sha256 {
    constructor() {
        this._state = BEGINNING.slice();
        /** Bytes that wait for the rest of their block. */
        this._rest = new Uint8Array(BLOCK);
        this._words = new Int32Array(BLOCK);
        this._length = 0;
    }

    /** @param {Uint8Array} bytes */
    add(bytes) {
        const waiting = this._length % BLOCK;
        this._length += bytes.length;
        let at = 0;
        if (waiting > 0) {
            at = Math.min(BLOCK - waiting, bytes.length);
            this._rest.set(bytes.subarray(0, at), waiting);
            if (waiting + at < BLOCK) return;
            compress(this._state, this._words, this._rest, 0, BLOCK);
        }
        const end = bytes.length - (bytes.length - at) % BLOCK;
        compress(this._state, this._words, bytes, at, end);
        this._rest.set(bytes.subarray(end));
    }

    /** The digest of all bytes added; nothing can be added after that. @returns {string} in hexadecimal digits */
    end() {
        const bits = this._length * 8;
        const padding = new Uint8Array(9 + (2 * BLOCK - 9 - this._length % BLOCK) % BLOCK);
        padding[0] = 0x80;
        const view = new DataView(padding.buffer);
        view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
        view.setUint32(padding.length - 4, bits);
        this.add(padding);
        return Array.from(this._state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    }
}

/** Of bytes that are there all at once: the browser's own digest, if it gives one. @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string>} in hexadecimal digits */
export async function digestOf(bytes) {
    try {
        return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
    } catch {
        const sum = new Sha256();
        sum.add(bytes);
        return sum.end();
    }
}

/** Takes whole blocks in. Rotations are spelled out: as functions they are not always inlined, which halves its speed.
 * @param {Int32Array} state @param {Int32Array} w @param {Uint8Array} bytes @param {number} at @param {number} end */
function compress(state, w, bytes, at, end) {
    for (; at < end; at += BLOCK) {
        schedule(w, bytes, at);
        let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (let i = 0; i < 64; i++) {
            const one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (g ^ e & (f ^ g)) + K[i] + w[i] | 0;
            const two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ c & (a ^ b)) | 0;
            h = g;
            g = f;
            f = e;
            e = d + one | 0;
            d = c;
            c = b;
            b = a;
            a = one + two | 0;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

/** The words of a block's rounds. @param {Int32Array} w @param {Uint8Array} bytes @param {number} at */
function schedule(w, bytes, at) {
    for (let i = 0; i < 16; i++, at += 4) {
        w[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
            + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
}
