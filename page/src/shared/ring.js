/**
 * One direction of a channel between two workers, in shared memory: a ring of messages with one sender and
 * one receiver, and the receiver's state. Putting a message in returns whether the receiver must be told by
 * a message through a port, which costs both ends more than everything else. That is not necessary while the
 * receiver is at the ring, or has been told and has not come yet.
 * Messages that go through the port instead are counted here, so that all messages stay in order.
 */
import { aligned } from './aligned.js';
import { sharesMemory } from './memory.js';

/** A message of up to so many bytes goes into the ring. Beyond that, handing a buffer over is cheaper than copying it. */
export const MESSAGE_BYTES = 65536;

/** Size of one direction: the words below, and the messages. */
const RING_BYTES = 4 * MESSAGE_BYTES;
const HEAD_BYTES = 32;
const SPACE = RING_BYTES - HEAD_BYTES;
/** The shared words apart from the messages; `given` and `taken` are total bytes, modulo 2^32. */
const WORD = Object.freeze({ state: 0, given: 1, taken: 2 });
/** The words before each message. A message of 0 bytes says that the next one is at the beginning of the space. */
const ENTRY = Object.freeze({ bytes: 0, text: 1, frame: 2, wide: 3, posted: 4 });
const ENTRY_BYTES = 24;
const NO_FRAME = -1;
/** The receiver's state: it does something else; it does something else but was told of messages; it takes messages. The
 * sender changes `away` to `told`; the receiver makes all other changes. */
const STATE = Object.freeze({ away: 0, told: 1, here: 2 });

/** Decoders for ASCII, which nearly every message is, and for the rest. */
const narrow = new TextDecoder('utf-8', { ignoreBOM: true });
const wide = new TextDecoder('utf-16le', { ignoreBOM: true });

/** The memory of a channel's two rings; null where none can be shared. */
export const rings = () => (sharesMemory() ? new SharedArrayBuffer(2 * RING_BYTES) : null);

class Ring {
    /** @param {SharedArrayBuffer} memory of `rings` @param {0 | 1} direction */
    constructor(memory, direction) {
        const start = direction * RING_BYTES;
        this._words = new Int32Array(memory, start, HEAD_BYTES / 4);
        this._entries = new Int32Array(memory, start + HEAD_BYTES, SPACE / 4);
        this._bytes = new Uint8Array(memory, start + HEAD_BYTES, SPACE);
        this._at = 0; /* the position of this end's next message */
        this._total = 0; /* bytes that this end has given or taken, modulo 2^32 */
    }

    /** @param {number} bytes after which the next message begins */
    _advance(bytes) {
        this._at = (this._at + bytes) % SPACE;
        this._total = (this._total + bytes) | 0;
    }
}

/** The end that messages are put in at. */
export class Sender extends Ring {
    /** @param {SharedArrayBuffer} memory @param {0 | 1} direction */
    constructor(memory, direction) {
        super(memory, direction);
        this._text = new Uint16Array(memory, direction * RING_BYTES + HEAD_BYTES, SPACE / 2);
        this._posted = 0;
    }

    /** @param {Record<string, any>} message of JSON values, but for `frame`
     * @returns {boolean} whether it had room: `rouse` must follow then */
    put(message) {
        const frame = message.frame ?? null, frameBytes = frame?.byteLength ?? 0;
        if (frameBytes > MESSAGE_BYTES) return false;
        const text = JSON.stringify(message);
        const section = ENTRY_BYTES + aligned(frameBytes);
        if (!this._reserve(section + aligned(2 * text.length))) return false;
        if (frame) this._bytes.set(new Uint8Array(frame), this._at + ENTRY_BYTES);
        const textBytes = this._writeText(text, this._at + section);
        const bytes = section + aligned(textBytes);
        this._writeHead(bytes, textBytes, frame ? frameBytes : NO_FRAME, textBytes > text.length);
        this._advance(bytes);
        Atomics.store(this._words, WORD.given, this._total);
        return true;
    }

    /** Makes room for a message, in one piece. @param {number} bytes at most */
    _reserve(bytes) {
        if (bytes > MESSAGE_BYTES) return false;
        const used = (this._total - Atomics.load(this._words, WORD.taken)) | 0;
        const rest = SPACE - this._at, skipped = bytes > rest ? rest : 0;
        if (used + skipped + bytes > SPACE) return false;
        if (skipped > 0) {
            this._entries[this._at / 4 + ENTRY.bytes] = 0;
            this._advance(skipped);
        }
        return true;
    }

    /** @param {string} text @param {number} at @returns {number} bytes that it takes: one per character if all are ASCII,
     * otherwise two per character */
    _writeText(text, at) {
        let all = 0;
        for (let i = 0; i < text.length; i++) all |= this._bytes[at + i] = text.charCodeAt(i);
        if (all < 0x80) return text.length;
        for (let i = 0; i < text.length; i++) this._text[at / 2 + i] = text.charCodeAt(i);
        return 2 * text.length;
    }

    /** @param {number} bytes of all @param {number} text bytes @param {number} frame bytes @param {boolean} isWide */
    _writeHead(bytes, text, frame, isWide) {
        const at = this._at / 4;
        this._entries[at + ENTRY.bytes] = bytes;
        this._entries[at + ENTRY.text] = text;
        this._entries[at + ENTRY.frame] = frame;
        this._entries[at + ENTRY.wide] = isWide ? 1 : 0;
        this._entries[at + ENTRY.posted] = this._posted;
    }

    /** Has the receiver take what was put in.
     * @returns {boolean} whether it must be told through the port, by a message that follows at once */
    rouse() {
        return Atomics.compareExchange(this._words, WORD.state, STATE.away, STATE.told) === STATE.away;
    }

    /** To be called just before a message goes through the port instead of the ring. Messages put in from now on are taken
     * only after it has arrived. */
    post() {
        this._posted = (this._posted + 1) | 0;
    }
}

/** The end that messages are taken out at. */
export class Receiver extends Ring {
    /** @param {SharedArrayBuffer} memory @param {0 | 1} direction */
    constructor(memory, direction) {
        super(memory, direction);
        this._received = 0; /* through the port */
        /** Where a message's text is copied to be read: shared memory cannot be. */
        this._copy = new Uint8Array(MESSAGE_BYTES);
    }

    /** One that was said by `post` has arrived. */
    noteReceived() {
        this._received = (this._received + 1) | 0;
    }

    /** From now on messages are taken. */
    come() {
        Atomics.store(this._words, WORD.state, STATE.here);
    }

    /** No more are taken for now. @returns {boolean} whether there is one that its sender takes to be seen */
    leave() {
        Atomics.store(this._words, WORD.state, STATE.away);
        return this._next() >= 0;
    }

    /** @returns {any} the next message; null where there is none that may be taken yet */
    take() {
        const at = this._next();
        if (at < 0) return null;
        const message = this._read(at);
        this._advance(this._entries[at + ENTRY.bytes]);
        Atomics.store(this._words, WORD.taken, this._total);
        return message;
    }

    /** @returns {number} the word that the next message begins at; -1 where there is none that may be taken yet */
    _next() {
        if (Atomics.load(this._words, WORD.given) === this._total) return -1;
        if (this._entries[this._at / 4 + ENTRY.bytes] === 0) this._advance(SPACE - this._at);
        const at = this._at / 4;
        return this._entries[at + ENTRY.posted] === this._received ? at : -1;
    }

    /** @param {number} at */
    _read(at) {
        const begin = 4 * at + ENTRY_BYTES, length = this._entries[at + ENTRY.frame];
        const frame = length === NO_FRAME ? null : this._bytes.slice(begin, begin + length).buffer;
        const text = this._copied(begin + aligned(frame?.byteLength ?? 0), this._entries[at + ENTRY.text]);
        const message = JSON.parse((this._entries[at + ENTRY.wide] ? wide : narrow).decode(text));
        if (frame) message.frame = frame;
        return message;
    }

    /** @param {number} from @param {number} length in bytes */
    _copied(from, length) {
        this._copy.set(this._bytes.subarray(from, from + length));
        return this._copy.subarray(0, length);
    }
}
