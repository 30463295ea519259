/**
 * How many tokens of a prompt a model reads at a time, by how long they took here: as many as there is room
 * for, and fewer where a cancel would have to wait. In powers of two, since devices prepare for each size.
 */
import { READING_LEAST, READING_MS } from '../engine/reading.js';

/** Where nothing was measured on a processor. A device is fast, and slow when it meets a size first. */
const UNKNOWN = 32;
/** The weight of a piece that was slower than what is known: the machine may have had other work. */
const WEIGHT = 0.3;

export class PromptChunk {
    /** @param {string} platform */
    constructor(platform) {
        this._isDevice = platform !== 'wasm';
        /** That a device has prepared for. @type {Set<number>} */
        this._met = new Set();
        this._tokenMs = 0; /* 0: unknown */
    }

    /** How many tokens to read next. @param {number} most Infinity: they cannot be read in pieces */
    tokens(most) {
        const fitting = this._tokenMs > 0 ? READING_MS / this._tokenMs : this._isDevice ? most : UNKNOWN;
        if (most === Infinity || fitting >= most) return most;
        return Math.max(READING_LEAST, 2 ** Math.floor(Math.log2(fitting)));
    }

    /** A piece was read. @param {number} tokens of it @param {number} ms that it took */
    note(tokens, ms) {
        if (this._isDevice && !this._met.has(tokens)) return void this._met.add(tokens);
        if (tokens < READING_LEAST || !(ms > 0)) return;
        const now = ms / tokens;
        const isSlower = this._tokenMs > 0 && now > this._tokenMs;
        this._tokenMs = isSlower ? this._tokenMs + WEIGHT * (now - this._tokenMs) : now;
    }
}
