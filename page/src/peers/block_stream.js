/**
 * Both ends of a stream over which a peer gets blocks of a file (block_frames.js): the one that asks, which is a source for
 * blocks.js, and the one that gives. It uses no browser globals.
 */
import { Lie } from '../shared/blocks.js';
import { Bitmap } from '../shared/leaves.js';
import { FrameFault } from '../shared/node_frames.js';
import { Wants } from '../shared/wants.js';
import { BlockReader, DATA, dataHead, haveFrames, noneFrame, ticketFrame, wantFrame } from './block_frames.js';

/** A stream of libp2p, as much of it as is used. @typedef {object} BlockStream
 * @property {(bytes: Uint8Array) => boolean} send throws if the stream is closed
 * @property {number} writeBufferLength bytes that the layers below have not taken yet
 * @property {(error: Error) => void} abort
 * @property {(type: 'message' | 'idle' | 'end' | 'close', listener: (event: any) => void) => void} addEventListener `message`: what came before is kept
 *   until there is a listener, up to a limit; `idle`: all has been taken */
/** A file as it is given. `read`: null: that block is not there any more. `has` calls `told` for the blocks that are there, at once
 * and whenever there are more, until `close`. `isOver`: whether the ticket is no longer good; `renew`: whether another one is for
 * the same file and good.
 * @typedef {object} Given @property {number} count @property {() => boolean} isOver @property {(ticket: string) => Promise<boolean>} renew
 * @property {(index: number) => Promise<Uint8Array | null>} read
 * @property {(told: (runs: Run[]) => void) => void} has @property {() => void} close */
/** Reads a block and has it taken by the layers below, when the peer has its turn. @typedef {(work: () => Promise<void>) => Promise<void>} Turn */
/** @import { Run } from '../shared/blocks.js' */

/** Frames of a peer that are unanswered at a time. */
export const WANTS_MAX = 8;
/** Tickets that a peer may show on a stream: each is checked, and one is good for an hour. */
export const TICKETS_MAX = 64;

/** The end that asks; a Source. */
export class BlockSource {
    /** @param {string} name @param {BlockStream} stream that was just opened @param {string} ticket */
    constructor(name, stream, ticket) {
        this.name = name;
        this._stream = stream;
        this._wants = new Wants();
        /** @type {(runs: Run[]) => void} */
        this._told = () => {};
        /** @type {(why: Error) => void} */
        this._over = () => {};
        for (const type of /** @type {const} */ (['end', 'close'])) stream.addEventListener(type, () => this._end(new Error('the peer has gone')));
        this.show(ticket);
    }

    /** Shows a ticket, again before the first one expires. @param {string} ticket */
    show(ticket) {
        this._send(ticketFrame(ticket));
    }

    /** @param {(runs: Run[]) => void} told @param {(why: Error) => void} over */
    have(told, over) {
        this._told = told;
        this._over = over;
        if (this._wants.why) return over(this._wants.why);
        const reader = new BlockReader('giving', (said) => this._take(said), (kind) => this._expect(kind));
        this._stream.addEventListener('message', ({ data }) => this._read(reader, data.subarray()));
    }

    /** @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>>} */
    want(index) {
        const coming = this._wants.add(index);
        if (!this._wants.why) this._send(wantFrame(index));
        return coming;
    }

    close() {
        this._end(new Error('nothing more is wanted'));
    }

    /** @param {Uint8Array} bytes */
    _send(bytes) {
        try {
            this._stream.send(bytes);
        } catch (error) {
            this._end(/** @type {Error} */ (error));
        }
    }

    /** @param {BlockReader} reader @param {Uint8Array} bytes */
    _read(reader, bytes) {
        if (this._wants.why) return;
        try {
            reader.push(bytes);
        } catch (error) {
            this._end(error instanceof FrameFault ? new Lie(`it sent what is no block: ${error.message}`) : /** @type {Error} */ (error));
        }
    }

    /** No bytes are held that nobody has asked for. @param {number} kind */
    _expect(kind) {
        if (kind === DATA && this._wants.isEmpty) throw new FrameFault('no block was asked for');
    }

    /** @param {import('./block_frames.js').Said} said */
    _take(said) {
        if (this._wants.why) return;
        if ('runs' in said) this._told(said.runs);
        else if ('data' in said) this._answer(said.data, said.bytes);
        else if ('none' in said) this._answer(said.none);
    }

    /** @param {number} index @param {Uint8Array<ArrayBuffer>} [bytes] */
    _answer(index, bytes) {
        if (!this._wants.answer(index, bytes)) this._end(new Lie(`it sent block ${index}, which was not asked for`));
    }

    /** @param {Error} why */
    _end(why) {
        if (!this._wants.end(why)) return;
        this._stream.abort(why);
        this._over(why);
    }
}

/** The end that gives. */
export class BlockGiver {
    /** @param {BlockStream} stream that was just opened @param {(ticket: string) => Promise<Given | null>} open the file that a ticket is for;
     * null: it is no ticket of that peer, or the file is not here @param {Turn} [turn] */
    constructor(stream, open, turn = (work) => work()) {
        this._stream = stream;
        this._open = open;
        this._turn = turn;
        /** @type {Given | null} */
        this._given = null;
        /** Blocks that were wanted: each one is, once. */
        this._wanted = new Bitmap(0);
        /** Frames without an answer, and tickets in all. */
        this._wants = 0;
        this._tickets = 0;
        this._isOver = false;
        /** Whoever waits until all is taken, or the end. */
        this._goOn = () => {};
        this._settle = (/** @type {Error} */ _why) => {};
        /** Settles at the end, with why, once nothing is read for it any more: until then it counts as one of its peer's. @type {Promise<Error>} */
        this.over = new Promise((resolve) => {
            this._settle = resolve;
        });
        /** Frames are answered one after the other. */
        this._last = Promise.resolve();
        const reader = new BlockReader('asking', (said) => this._take(said));
        stream.addEventListener('message', ({ data }) => this._read(reader, data.subarray()));
        stream.addEventListener('idle', () => this._goOn());
        for (const type of /** @type {const} */ (['end', 'close'])) stream.addEventListener(type, () => this.end(new Error('the peer has gone')));
    }

    /** Gives nothing more. @param {Error} why */
    end(why) {
        if (this._isOver) return;
        this._isOver = true;
        this._given?.close();
        this._stream.abort(why);
        this._goOn();
        this._last.then(() => this._settle(why));
    }

    /** @param {BlockReader} reader @param {Uint8Array} bytes */
    _read(reader, bytes) {
        if (this._isOver) return;
        try {
            reader.push(bytes);
        } catch (error) {
            this.end(/** @type {Error} */ (error));
        }
    }

    /** @param {import('./block_frames.js').Said} said @throws {RangeError} */
    _take(said) {
        if (++this._wants > WANTS_MAX) throw new RangeError(`more than ${WANTS_MAX} blocks are wanted at a time`);
        if ('ticket' in said && ++this._tickets > TICKETS_MAX) throw new RangeError(`more than ${TICKETS_MAX} tickets are shown`);
        this._last = this._last.then(async () => {
            if (!this._isOver) await ('ticket' in said ? this._begin(said.ticket) : this._give('want' in said ? said.want : -1));
            this._wants--;
        }).catch((error) => this.end(error));
    }

    /** @param {string} ticket */
    async _begin(ticket) {
        const isFirst = !this._given, given = isFirst ? await this._open(ticket) : await this._given?.renew(ticket) && this._given;
        if (!given) throw new Error('that is no ticket for a file that is here');
        if (!isFirst) return;
        if (this._isOver) return given.close();
        this._given = given;
        this._wanted = new Bitmap(given.count);
        given.has((runs) => haveFrames(runs).forEach((frame) => this._send(frame)));
    }

    /** @param {number} index */
    async _give(index) {
        const given = this._given;
        if (!given || given.isOver()) throw new Error('the peer has shown no ticket that is good');
        if (!(index >= 0 && index < given.count)) throw new RangeError(`block ${index} of ${given.count} is wanted`);
        if (this._wanted.has(index)) throw new RangeError(`block ${index} is wanted twice`);
        this._wanted.add(index);
        await this._turn(async () => {
            const bytes = this._isOver ? null : await given.read(index);
            this._send(bytes ? dataHead(index, bytes.length) : noneFrame(index));
            if (bytes) this._send(bytes);
            await this._taken();
        });
    }

    /** @param {Uint8Array} bytes */
    _send(bytes) {
        if (this._isOver) return;
        try {
            this._stream.send(bytes);
        } catch (error) {
            this.end(/** @type {Error} */ (error)); // it was closed
        }
    }

    /** Settles once the layers below have taken all that was sent, or at the end. @returns {Promise<void>} */
    async _taken() {
        while (!this._isOver && this._stream.writeBufferLength > 0) await new Promise((/** @type {(nothing: void) => void} */ resolve) => {
            this._goOn = resolve;
        });
    }
}
