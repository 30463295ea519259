/**
 * Answers that do not fit into a message, sent in pieces (webinfer-protocol(7), "Pieces"): first the outline,
 * then the bytes as far as the service gives credit, and last the answer itself. A piece is made when the
 * socket has little left to send, so that other messages pass between pieces. Several answers take turns.
 * The state lasts as long as the connection: unacknowledged answers begin again with the next one. It uses
 * no browser globals.
 */
import { decode, encode } from '../shared/frame.js';

/** @import { Envelope, TensorEntry } from '../shared/messages.js' */
/** Where an answer goes on. @typedef {{tensor: number, position: number}} Place */

/**
 * @typedef {object} Surroundings
 * @property {(frame: string | ArrayBuffer) => void} write
 * @property {() => number} pending bytes that were written and not sent yet
 * @property {(type: string, data: Record<string, any>) => Envelope} envelope a message of ours
 * @property {(run: () => void, ms: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 */

/** Bytes of a tensor in a piece: with its head it fits the smallest frame that there is. */
export const PIECE_BYTES = 252 * 1024;
/** So much is given to the socket at a time: other messages wait behind it. */
const AHEAD_BYTES = 1 << 20;
/** How soon the socket is looked at again. */
const WAIT_MS = 1;

/** One answer. */
class Outgoing {
    /** @param {string} attempt @param {ArrayBuffer} frame a whole task_response */
    constructor(attempt, frame) {
        const { message, section } = decode(frame);
        const { tensors, ...data } = message.data;
        this.attempt = attempt;
        /** @type {TensorEntry[]} */
        this.tensors = tensors;
        this.end = { ...message, data: { ...data, in_pieces: true } };
        this._frame = frame;
        this._section = section;
        this._tensor = 0;
        this._position = 0;
        this._sent = 0; /* bytes of all tensors before the next one */
        this._credit = -1; /* bytes; -1: none was given yet */
    }

    outline() {
        return this.tensors.map(({ name, datatype, shape, byte_length }) => ({ name, datatype, shape, byte_length }));
    }

    /** @param {Place} place what the service wants next */
    seek({ tensor, position }) {
        if (!Number.isSafeInteger(tensor) || !Number.isSafeInteger(position) || tensor < 0 || position < 0) return;
        this._tensor = tensor;
        this._position = position;
        this._sent = this.tensors.slice(0, tensor).reduce((sum, entry) => sum + entry.byte_length, 0) + position;
    }

    /** @param {number} bytes of all tensors that may be sent in all */
    grant(bytes) {
        this._credit = Math.max(this._credit, bytes);
    }

    /** Steps over what is sent. */
    _skip() {
        while (this._tensor < this.tensors.length && this._position >= this.tensors[this._tensor].byte_length) {
            this._tensor++;
            this._position = 0;
        }
    }

    /** Whether a piece may go, or the end, which needs no more than that there is credit. */
    isDue() {
        this._skip();
        return this._tensor < this.tensors.length ? this._sent < this._credit : this._credit >= 0;
    }

    /** The next piece of one that is due; null: it is at its end.
     * @returns {{tensor: number, position: number, bytes: Uint8Array} | null} */
    next() {
        if (this._tensor >= this.tensors.length) return null;
        const { offset, byte_length: length } = this.tensors[this._tensor];
        const size = Math.min(PIECE_BYTES, length - this._position, this._credit - this._sent);
        const piece = {
            tensor: this._tensor, position: this._position,
            bytes: new Uint8Array(this._frame, this._section + offset + this._position, size),
        };
        this._position += size;
        this._sent += size;
        return piece;
    }
}

export class PiecesOut {
    /** @param {Surroundings} around */
    constructor(around) {
        this._around = around;
        /** By attempt; the first is the next in turn. @type {Map<string, Outgoing>} */
        this._answers = new Map();
        /** @type {any} */
        this._timer = undefined;
    }

    /**
     * @param {string} attempt @param {ArrayBuffer} frame a whole task_response
     * @param {Place} [place] the piece that the service wants next, if it already has memory for the answer
     */
    begin(attempt, frame, place) {
        const answer = new Outgoing(attempt, frame);
        this._answers.set(attempt, answer);
        if (place) answer.seek(place);
        else this._send('task_outline', { attempt_id: attempt, outline: answer.outline() });
    }

    /** @param {string} attempt */
    has(attempt) {
        return this._answers.has(attempt);
    }

    /** @param {string} attempt @param {unknown} bytes of tensors that it may send in all */
    grant(attempt, bytes) {
        if (typeof bytes !== 'number' || !(bytes >= 0)) return;
        this._answers.get(attempt)?.grant(bytes);
        this._around.clearTimer(this._timer); // a grant means that the service has taken what was sent
        this._pump();
    }

    /** They are not wanted any more: what is unsent stays so. @param {unknown} attempts */
    drop(attempts) {
        if (!Array.isArray(attempts)) return;
        for (const attempt of attempts) this._answers.delete(attempt);
    }

    /** The connection is gone. */
    clear() {
        this._answers.clear();
        this._around.clearTimer(this._timer);
        this._timer = undefined;
    }

    _pump() {
        this._timer = undefined;
        let ahead = this._around.pending();
        for (let answer = this._due(); answer; answer = this._due()) {
            if (ahead >= AHEAD_BYTES) {
                this._timer = this._around.setTimer(() => this._pump(), WAIT_MS);
                return;
            }
            ahead += this._sendNext(answer);
        }
    }

    /** The next in turn that has something to send. */
    _due() {
        for (const answer of this._answers.values()) if (answer.isDue()) return answer;
        return undefined;
    }

    /** @param {Outgoing} answer @returns {number} bytes */
    _sendNext(answer) {
        const { attempt } = answer;
        this._answers.delete(attempt);
        const piece = answer.next();
        if (!piece) {
            this._around.write(JSON.stringify(answer.end));
            return 0;
        }
        this._answers.set(attempt, answer);
        const { tensor, position, bytes } = piece;
        this._around.write(encode(this._around.envelope('task_data', { attempt_id: attempt, tensor, position }),
            [{ name: 'piece', datatype: 'UINT8', shape: [bytes.length], bytes }]));
        return bytes.length;
    }

    /** @param {string} type @param {Record<string, any>} data */
    _send(type, data) {
        this._around.write(JSON.stringify(this._around.envelope(type, data)));
    }
}
