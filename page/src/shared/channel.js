/**
 * What joins the link worker and an engine worker: a MessagePort, and beside it, where memory can
 * be shared, a letterbox for each direction. A worker that has nothing to do for the moment may
 * linger: it sleeps at its letterbox instead of returning to its event loop, and a small message
 * that is put in there wakes it in a fraction of the time that a port takes. Everything else goes
 * through the port, and wakes a lingering receiver so that it looks there. Messages arrive in the
 * order in which they were posted, whichever way they take.
 *
 * A message is an object of JSON values, but for `frame`, which may be an ArrayBuffer.
 */
import { sharesMemory } from './memory.js';

/** What fits a letterbox, in bytes. Beyond that, handing a buffer over is cheaper than copying it. */
const LETTERBOX_BYTES = 65536;
/** The words before a letter, and the bytes that they take. */
const WORD = Object.freeze({ state: 0, posted: 1, received: 2, characters: 3, frame: 4 });
const HEAD_BYTES = 32;
/** Of a letterbox's receiver: it runs; it sleeps here or is about to; there is a letter for it. */
const STATE = Object.freeze({ awake: 0, lingering: 1, letter: 2 });
const NO_FRAME = -1;
/** Arguments of one call of `String.fromCharCode`. */
const CHARACTERS_AT_ONCE = 4096;

/** The memory of a channel's letterboxes; null where none can be shared. */
export const letterboxes = () => (sharesMemory() ? new SharedArrayBuffer(2 * LETTERBOX_BYTES) : null);

/** One direction. Its sender writes only while its receiver lingers, and then only once. */
class Letterbox {
    /** @param {SharedArrayBuffer} memory @param {number} side */
    constructor(memory, side) {
        const start = side * LETTERBOX_BYTES;
        this._words = new Int32Array(memory, start, HEAD_BYTES / 4);
        this._text = new Uint16Array(memory, start + HEAD_BYTES, (LETTERBOX_BYTES - HEAD_BYTES) / 2);
        this._bytes = new Uint8Array(memory, start + HEAD_BYTES, LETTERBOX_BYTES - HEAD_BYTES);
    }

    // --- the sender's ------------------------------------------------------------------------------

    /** @param {Record<string, any>} message @returns {boolean} whether it was put in */
    put(message) {
        if (Atomics.load(this._words, WORD.state) !== STATE.lingering || this._isAhead()) return false;
        if (!this._write(JSON.stringify(message), message.frame ?? null)) return false;
        return this._wake(STATE.letter);
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

    /** @param {string} text whose `frame` is an empty object @param {ArrayBuffer | null} frame */
    _write(text, frame) {
        if (2 * text.length + (frame?.byteLength ?? 0) > this._bytes.length) return false;
        for (let i = 0; i < text.length; i++) this._text[i] = text.charCodeAt(i);
        if (frame) this._bytes.set(new Uint8Array(frame), 2 * text.length);
        this._words[WORD.characters] = text.length;
        this._words[WORD.frame] = frame ? frame.byteLength : NO_FRAME;
        return true;
    }

    /** @param {number} state @returns {boolean} whether the receiver lingered */
    _wake(state) {
        const lingered = Atomics.compareExchange(this._words, WORD.state, STATE.lingering, state) === STATE.lingering;
        if (lingered) Atomics.notify(this._words, WORD.state);
        return lingered;
    }

    // --- the receiver's ----------------------------------------------------------------------------

    /** From now on there may be a letter: `take` must follow before the next turn of the event loop.
     * @param {number} received how many messages the port has delivered */
    open(received) {
        Atomics.store(this._words, WORD.received, received);
        Atomics.store(this._words, WORD.state, STATE.lingering);
    }

    /**
     * Sleeps until there is a letter, or something at the port.
     * @param {number} ms at most
     * @returns {any} the message, or null
     */
    take(ms) {
        // What was announced before the sender could see us linger does not wake us.
        if (!this._isAhead()) Atomics.wait(this._words, WORD.state, STATE.lingering, ms);
        return Atomics.exchange(this._words, WORD.state, STATE.awake) === STATE.letter ? this._read() : null;
    }

    _read() {
        const characters = this._words[WORD.characters];
        const length = this._words[WORD.frame];
        let text = '';
        for (let at = 0; at < characters; at += CHARACTERS_AT_ONCE) {
            const some = this._text.subarray(at, Math.min(at + CHARACTERS_AT_ONCE, characters));
            text += String.fromCharCode.apply(null, /** @type {any} */ (some));
        }
        const message = JSON.parse(text);
        if (length !== NO_FRAME) {
            message.frame = new ArrayBuffer(length);
            new Uint8Array(message.frame).set(this._bytes.subarray(2 * characters, 2 * characters + length));
        }
        return message;
    }
}

/** One end of a channel. @template In, Out */
export class Channel {
    /**
     * @param {MessagePort} port @param {SharedArrayBuffer | null} memory of `letterboxes`
     * @param {0 | 1} side 0 for one end, 1 for the other
     * @param {(message: In) => void} receive
     */
    constructor(port, memory, side, receive) {
        this._port = port;
        this._receive = receive;
        this._in = memory && new Letterbox(memory, side);
        this._out = memory && new Letterbox(memory, 1 - side);
        this._received = 0;
        /** When the event loop last delivered something here. */
        this.turned = performance.now();
        port.onmessage = ({ data }) => {
            this._received = (this._received + 1) | 0;
            this.turned = performance.now();
            receive(data);
        };
    }

    /** Its `frame` is copied or transferred, and the sender's no more. @param {Out & {frame?: ArrayBuffer | null}} message */
    post(message) {
        if (this._out?.put(message)) return;
        this._out?.announce();
        this._port.postMessage(message, message.frame ? [message.frame] : []);
        this._out?.look();
    }

    /** Waits for a message without the event loop, and receives it if one comes. @param {number} ms at most */
    linger(ms) {
        this._in?.open(this._received);
        this._collect(ms);
    }

    /** Posts a message and, if it is small, lingers for what it is answered with.
     * @param {Out & {frame?: ArrayBuffer | null}} message @param {number} ms at most */
    ask(message, ms) {
        // What is large takes its time, and so does what comes next over the socket meanwhile.
        if ((message.frame?.byteLength ?? 0) > LETTERBOX_BYTES) return this.post(message);
        this._in?.open(this._received); // before, since the answer may be there at once
        this.post(message);
        this._collect(ms);
    }

    /** @param {number} ms */
    _collect(ms) {
        const message = this._in?.take(ms);
        if (message) this._receive(message);
    }

    close() {
        this._port.close();
    }
}
