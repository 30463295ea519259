/**
 * The node protocol's frames: a text frame is the JSON envelope; a binary frame is a u32
 * little-endian length, the JSON, zeros to a multiple of 8, then the tensors, each start a
 * multiple of 8. No browser globals here, so that Node's test runner covers it.
 */
import { aligned } from './aligned.js';
import { isObject } from './checks.js';
import { DATATYPES } from './datatypes.js';

/** @import { Envelope, TensorBytes, TensorEntry } from './messages.js' */

export const MAX_HEAD = 1 << 20;
export const MAX_TENSORS = 1024;
export const MAX_RANK = 16;
export const MAX_NAME = 1024;
export const MAX_ID = 64;
/** Bytes that are copied in about a millisecond. */
const STEP_BYTES = 2 << 20;
const SPACE = 0x20;

export const CLOSE_MALFORMED = 1007;
export const CLOSE_TOO_BIG = 1009;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A frame that the peer should not have sent; `closeCode` is the WebSocket close that follows. */
export class FrameError extends Error {
    /** @param {string} message @param {number} [closeCode] */
    constructor(message, closeCode = CLOSE_MALFORMED) {
        super(message);
        this.name = 'FrameError';
        this.closeCode = closeCode;
    }
}

/** An answer that the service would refuse to read: known before it is sent, and the same on every node. */
export class AnswerTooLarge extends Error {
    /** @param {number} head bytes of JSON @param {number} whole bytes of the message @param {number} maxFrame */
    constructor(head, whole, maxFrame) {
        super(head > MAX_HEAD
            ? `the answer's names and shapes make ${head} bytes of JSON, and a message may have ${MAX_HEAD}: ask for fewer outputs`
            : `the answer makes a message of ${whole} bytes, and the service takes ${maxFrame}: ask for fewer or smaller outputs`);
        this.name = 'AnswerTooLarge';
        this.code = 'answer_too_large';
        this.expected = `at most ${head > MAX_HEAD ? MAX_HEAD : maxFrame} bytes`;
    }
}

/**
 * Builds one binary frame. `message.data.tensors` is set from `tensors`.
 * @param {Envelope} message @param {readonly TensorBytes[]} tensors
 * @param {number} [maxFrame] bytes that the peer takes
 * @returns {ArrayBuffer}
 * @throws {AnswerTooLarge} before it takes any memory
 */
export function encode(message, tensors, maxFrame = Infinity) {
    const { frame, places } = layOut(message, tensors, maxFrame);
    places.forEach((place, i) => place.set(tensors[i].bytes));
    return frame;
}

/**
 * The same, copying some of it at a time.
 * @param {Envelope} message @param {readonly TensorBytes[]} tensors @param {number} maxFrame
 * @param {() => Promise<void>} turn awaited in between
 */
export async function encodeInTurns(message, tensors, maxFrame, turn) {
    const { frame, places } = layOut(message, tensors, maxFrame);
    for (const [i, place] of places.entries()) {
        const { bytes } = tensors[i];
        for (let at = 0; at < bytes.length; at += STEP_BYTES) {
            place.set(bytes.subarray(at, at + STEP_BYTES), at);
            await turn();
        }
    }
    return frame;
}

/**
 * Turns a frame into another with the same tensors, if the new head fits before them: nothing is copied.
 * The rest of the old head's space is filled with spaces, which may follow JSON.
 * @param {Envelope} message @param {TensorEntry[]} entries at their places in the frame
 * @param {ArrayBuffer} frame @param {number} section where its tensors begin
 * @param {number} [maxFrame] bytes that the peer takes
 * @returns {ArrayBuffer | null} the frame; null if its head does not fit, or the frame is too large for the peer
 */
export function encodeInPlace(message, entries, frame, section, maxFrame = Infinity) {
    const room = section - 4;
    message.data.tensors = entries;
    const head = JSON.stringify(message);
    if (head.length > room || room > MAX_HEAD || frame.byteLength > maxFrame) return null;
    const place = new Uint8Array(frame, 4, room);
    const { read, written } = encoder.encodeInto(head, place);
    if (read !== head.length) return null;
    place.fill(SPACE, written);
    new DataView(frame).setUint32(0, room, true);
    return frame;
}

/**
 * A frame without the bytes of its tensors, and the place of each.
 * @param {Envelope} message @param {readonly TensorBytes[]} tensors @param {number} maxFrame
 */
function layOut(message, tensors, maxFrame) {
    let end = 0;
    const entries = tensors.map(({ name, datatype, shape, bytes }) => {
        const offset = aligned(end);
        end = offset + bytes.byteLength;
        return { name, datatype, shape, offset, byte_length: bytes.byteLength };
    });
    message.data.tensors = entries;
    const head = JSON.stringify(message);
    // ASCII, as nearly every head is, has as many bytes as characters and is written in place.
    const written = newFrame(head, head.length, end, maxFrame)
        ?? newFrame(head, encoder.encode(head).length, end, maxFrame);
    const { frame, section } = /** @type {{frame: ArrayBuffer, section: number}} */ (written);
    return { frame, places: entries.map(({ offset, byte_length: size }) => new Uint8Array(frame, section + offset, size)) };
}

/**
 * A frame with its head, or null if the head has not that many bytes.
 * @param {string} head @param {number} length bytes of it @param {number} end bytes of the tensor section
 * @param {number} maxFrame
 */
function newFrame(head, length, end, maxFrame) {
    const section = aligned(4 + length);
    if (length > MAX_HEAD || section + end > maxFrame) throw new AnswerTooLarge(length, section + end, maxFrame);
    const frame = new ArrayBuffer(section + end);
    const { read, written } = encoder.encodeInto(head, new Uint8Array(frame, 4, length));
    if (read !== head.length || written !== length) return null;
    new DataView(frame).setUint32(0, length, true);
    return { frame, section };
}

/**
 * @param {string | ArrayBuffer} frame what the socket delivered
 * @param {number} [maxFrame] bytes
 * @returns {{message: Envelope, section: number}} `section`: where the tensors begin in the frame
 * @throws {FrameError}
 */
export function decode(frame, maxFrame = Infinity) {
    if (typeof frame === 'string') {
        if (frame.length > MAX_HEAD) throw new FrameError('text frame over 1 MiB', CLOSE_TOO_BIG);
        const message = readEnvelope(frame);
        readTensors(message.data.tensors ?? [], new Uint8Array(0));
        return { message, section: 0 };
    }
    const size = frame.byteLength;
    if (size > maxFrame) throw new FrameError(`frame of ${size} bytes, limit ${maxFrame}`, CLOSE_TOO_BIG);
    if (size < 4) throw new FrameError('binary frame without a length');
    const length = new DataView(frame).getUint32(0, true);
    if (length > MAX_HEAD) throw new FrameError('JSON head over 1 MiB', CLOSE_TOO_BIG);
    const section = aligned(4 + length);
    if (section > size) throw new FrameError('JSON head longer than the frame');
    const bytes = new Uint8Array(frame);
    requireZeros(bytes, 4 + length, section);
    let text;
    try {
        text = decoder.decode(bytes.subarray(4, 4 + length));
    } catch {
        throw new FrameError('JSON head is not UTF-8');
    }
    const message = readEnvelope(text);
    readTensors(message.data.tensors ?? [], bytes.subarray(section));
    return { message, section };
}

/** @param {string} text @returns {Envelope} */
function readEnvelope(text) {
    let message;
    try {
        message = JSON.parse(text);
    } catch {
        throw new FrameError('not JSON');
    }
    if (!isObject(message)) throw new FrameError('the message is not an object');
    const { id, type, from, timestamp, data } = /** @type {any} */ (message);
    if (typeof id !== 'string' || id.length < 1 || id.length > MAX_ID) throw new FrameError('bad id');
    if (typeof type !== 'string') throw new FrameError('bad type');
    if (typeof from !== 'string') throw new FrameError('bad from');
    if (typeof timestamp !== 'number') throw new FrameError('bad timestamp');
    if (!isObject(data)) throw new FrameError('data is not an object');
    return /** @type {Envelope} */ (message);
}

/** Checks the tensor table against the bytes it describes.
 * @param {unknown} tensors @param {Uint8Array} bytes the tensor section */
function readTensors(tensors, bytes) {
    if (!Array.isArray(tensors)) throw new FrameError('tensors is not a list');
    if (tensors.length > MAX_TENSORS) throw new FrameError(`more than ${MAX_TENSORS} tensors`);
    let end = 0;
    for (const tensor of tensors) {
        checkEntry(tensor);
        if (tensor.offset !== aligned(end)) throw new FrameError('tensor offset out of order');
        if (tensor.byte_length > bytes.length - tensor.offset) throw new FrameError('tensor past the end');
        requireZeros(bytes, end, tensor.offset);
        end = tensor.offset + tensor.byte_length;
    }
    if (end !== bytes.length) throw new FrameError('bytes after the last tensor');
}

/** @param {any} tensor @throws {FrameError} */
export function checkEntry(tensor) {
    if (!isObject(tensor)) throw new FrameError('tensor is not an object');
    const { name, datatype, shape, offset, byte_length: length } = tensor;
    if (typeof name !== 'string' || name.length > MAX_NAME) throw new FrameError('bad tensor name');
    if (!DATATYPES.has(datatype)) throw new FrameError('unknown tensor datatype');
    if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) {
        throw new FrameError('bad tensor shape');
    }
    if (!isSize(offset) || !isSize(length)) throw new FrameError('bad tensor offset or byte_length');
}

/** @param {Uint8Array} bytes @param {number} from @param {number} to */
function requireZeros(bytes, from, to) {
    for (let i = from; i < to; i++) if (bytes[i] !== 0) throw new FrameError('padding is not zero');
}

/** @param {unknown} value */
const isSize = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
