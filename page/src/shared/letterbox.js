/**
 * One direction of a channel between two workers in memory that both see: a sender puts a small
 * message in while the receiver waits for it, which takes a fraction of what a port takes. What goes
 * through the port instead is announced here, so that messages stay in order.
 */
import { aligned } from './aligned.js';
import { sharesMemory } from './memory.js';

/** What fits a letterbox, in bytes. Beyond that, handing a buffer over is cheaper than copying it. */
export const LETTERBOX_BYTES = 65536;
/** Said with a letter: that its sender waits for the answer; that this answer was quickly made. */
export const KIND = Object.freeze({ plain: 0, question: 1, prompt: 2 });
/** The words before a letter, and the bytes that they take. */
const WORD = Object.freeze({ state: 0, posted: 1, received: 2, bytes: 3, frame: 4, kind: 5, asks: 6, wide: 7 });
const HEAD_BYTES = 32;
/** Of a letterbox's receiver: it runs; it waits here or is about to; there is a letter for it. */
const STATE = Object.freeze({ awake: 0, lingering: 1, letter: 2 });
const NO_FRAME = -1;
/** Looks at a word between two looks at the clock. */
const LOOKS = 50;

/** Of ASCII, which nearly every message is, and of the rest. */
const narrow = new TextDecoder('utf-8', { ignoreBOM: true });
const wide = new TextDecoder('utf-16le', { ignoreBOM: true });

/** The memory of a channel's letterboxes; null where none can be shared. */
export const letterboxes = () => (sharesMemory() ? new SharedArrayBuffer(2 * LETTERBOX_BYTES) : null);

/** One direction. Its sender writes only while its receiver lingers, and then only once. */
export class Letterbox {
    /** @param {SharedArrayBuffer} memory @param {number} side */
    constructor(memory, side) {
        const start = side * LETTERBOX_BYTES;
        this._words = new Int32Array(memory, start, HEAD_BYTES / 4);
        this._text = new Uint16Array(memory, start + HEAD_BYTES, (LETTERBOX_BYTES - HEAD_BYTES) / 2);
        this._bytes = new Uint8Array(memory, start + HEAD_BYTES, LETTERBOX_BYTES - HEAD_BYTES);
        /** Where the receiver copies a letter's text to be read: shared memory cannot be. @type {Uint8Array | undefined} */
        this._copy = undefined;
        /** Of the letter that was read last. @type {number} */
        this.kind = KIND.plain;
    }

    // --- the sender's ------------------------------------------------------------------------------

    /** @param {Record<string, any>} message @param {number} kind @returns {boolean} whether it was put in */
    put(message, kind) {
        if (Atomics.load(this._words, WORD.state) !== STATE.lingering || this._isAhead()) return false;
        if (!this._write(JSON.stringify(message), message.frame ?? null)) return false;
        this._words[WORD.kind] = kind;
        return this._wake(STATE.letter);
    }

    /** @param {boolean} asks whether the sender waits for the answer to what it sends now, on the spot */
    says(asks) {
        Atomics.store(this._words, WORD.asks, asks ? 1 : 0);
    }

    /** A message goes through the port: to be said before, and `look` after. */
    announce() {
        Atomics.add(this._words, WORD.posted, 1);
    }

    look() {
        if (this._isAhead()) this._wake(STATE.awake);
    }

    /** Whether the port has something that came before, and which the receiver has not seen. */
    _isAhead() {
        return Atomics.load(this._words, WORD.posted) !== Atomics.load(this._words, WORD.received);
    }

    /** The frame, then the text.
     * @param {string} text whose `frame` is an empty object @param {ArrayBuffer | null} frame */
    _write(text, frame) {
        const section = aligned(frame?.byteLength ?? 0);
        if (section + 2 * text.length > this._bytes.length) return false;
        if (frame) this._bytes.set(new Uint8Array(frame));
        const isNarrow = this._writeNarrow(text, section);
        if (!isNarrow) for (let i = 0, at = section / 2; i < text.length; i++) this._text[at + i] = text.charCodeAt(i);
        this._words[WORD.wide] = isNarrow ? 0 : 1;
        this._words[WORD.bytes] = isNarrow ? text.length : 2 * text.length;
        this._words[WORD.frame] = frame ? frame.byteLength : NO_FRAME;
        return true;
    }

    /** @param {string} text @param {number} at @returns {boolean} whether it is ASCII */
    _writeNarrow(text, at) {
        let all = 0;
        for (let i = 0; i < text.length; i++) all |= this._bytes[at + i] = text.charCodeAt(i);
        return all < 0x80;
    }

    /** @param {number} state @returns {boolean} whether the receiver lingered */
    _wake(state) {
        const lingered = Atomics.compareExchange(this._words, WORD.state, STATE.lingering, state) === STATE.lingering;
        if (lingered) Atomics.notify(this._words, WORD.state);
        return lingered;
    }

    // --- the receiver's ----------------------------------------------------------------------------

    /** Whether the sender waits, or did so last. */
    get asks() {
        return Atomics.load(this._words, WORD.asks) === 1;
    }

    /** From now on there may be a letter: `take` must follow before the next turn of the event loop.
     * @param {number} received how many messages the port has delivered */
    open(received) {
        Atomics.store(this._words, WORD.received, received);
        Atomics.store(this._words, WORD.state, STATE.lingering);
    }

    /**
     * Waits until there is a letter, or something at the port.
     * @param {number} watch ms awake, before it sleeps @param {number} ms asleep, at most
     * @returns {any} the message, or null
     */
    take(watch, ms) {
        // What was announced before the sender could see us linger does not wake us.
        if (!this._isAhead() && !this._watch(watch)) Atomics.wait(this._words, WORD.state, STATE.lingering, ms);
        return Atomics.exchange(this._words, WORD.state, STATE.awake) === STATE.letter ? this._read() : null;
    }

    /** @param {number} ms @returns {boolean} whether the sender has done something */
    _watch(ms) {
        if (ms === 0) return false;
        const end = performance.now() + ms;
        do {
            for (let look = 0; look < LOOKS; look++) {
                if (Atomics.load(this._words, WORD.state) !== STATE.lingering) return true;
            }
        } while (performance.now() < end);
        return false;
    }

    _read() {
        const length = this._words[WORD.frame];
        const frame = length === NO_FRAME ? null : this._bytes.slice(0, length).buffer;
        const section = aligned(frame?.byteLength ?? 0);
        const text = this._copied(section, this._words[WORD.bytes]);
        const message = JSON.parse((this._words[WORD.wide] ? wide : narrow).decode(text));
        this.kind = this._words[WORD.kind];
        if (frame) message.frame = frame;
        return message;
    }

    /** @param {number} from @param {number} length in bytes */
    _copied(from, length) {
        this._copy ??= new Uint8Array(this._bytes.length);
        this._copy.set(this._bytes.subarray(from, from + length));
        return this._copy.subarray(0, length);
    }
}
