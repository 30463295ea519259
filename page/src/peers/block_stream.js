/**
 * Both ends of a stream over which a peer gets blocks of a file (block_frames.js): the one that asks, which is a source for
 * blocks.js, and the one that gives. It uses no browser globals.
 */
import { Lie, NotHere } from './blocks.js';
import { BlockReader, DATA, dataHead, haveFrames, noneFrame, ticketFrame, wantFrame } from './block_frames.js';

/** A stream of libp2p, as much of it as is used. @typedef {object} BlockStream
 * @property {(bytes: Uint8Array) => boolean} send throws if the stream is closed; false: no more until it has drained
 * @property {() => Promise<void>} onDrain
 * @property {(error: Error) => void} abort
 * @property {(type: 'message' | 'end' | 'close', listener: (event: any) => void) => void} addEventListener */
/** A file as it is given. `read`: null: that block is not there any more. `has` calls `told` for the blocks that are there, at once
 * and whenever there are more, until `close`. `isOver`: whether the ticket is no longer good; `renew`: whether another one is for
 * the same file and good.
 * @typedef {object} Given @property {number} count @property {() => boolean} isOver @property {(ticket: string) => Promise<boolean>} renew
 * @property {(index: number) => Promise<Uint8Array | null>} read
 * @property {(told: (runs: Run[]) => void) => void} has @property {() => void} close */
/** @import { Run } from './blocks.js' */

/** Blocks that a peer may want at a time. */
export const WANTS_MAX = 8;

/** The end that asks; a Source. */
export class BlockSource {
    /** @param {string} name @param {BlockStream} stream that was just opened @param {string} ticket */
    constructor(name, stream, ticket) {
        this.name = name;
        this._stream = stream;
        /** @type {Map<number, {resolve: (bytes: Uint8Array<ArrayBuffer>) => void, reject: (error: Error) => void}>} */
        this._wanted = new Map();
        /** Told of before anybody has asked. @type {Run[]} */
        this._early = [];
        /** @type {(runs: Run[]) => void} */
        this._told = (runs) => this._early.push(...runs);
        /** @type {(why: Error) => void} */
        this._over = () => {};
        /** Why it has ended. @type {Error | null} */
        this._why = null;
        const reader = new BlockReader('giving', (said) => this._take(said), (kind) => this._expect(kind));
        stream.addEventListener('message', ({ data }) => this._read(reader, data.subarray()));
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
        if (this._early.length > 0) told(this._early.splice(0));
        if (this._why) over(this._why);
    }

    /** @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>>} */
    want(index) {
        return new Promise((resolve, reject) => {
            if (this._why) return reject(this._why);
            this._wanted.set(index, { resolve, reject });
            this._send(wantFrame(index));
        });
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
        if (this._why) return;
        try {
            reader.push(bytes);
        } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            this._end(new Lie(`it sent what is no block: ${error.message}`));
        }
    }

    /** No bytes are held that nobody has asked for. @param {number} kind */
    _expect(kind) {
        if (kind === DATA && this._wanted.size === 0) throw new RangeError('no block was asked for');
    }

    /** @param {import('./block_frames.js').Said} said */
    _take(said) {
        if (this._why) return;
        if ('runs' in said) this._told(said.runs);
        else if ('data' in said) this._answer(said.data, ({ resolve }) => resolve(said.bytes));
        else if ('none' in said) this._answer(said.none, ({ reject }) => reject(new NotHere('the block is not there')));
    }

    /** @param {number} index @param {(wanted: {resolve: (bytes: Uint8Array<ArrayBuffer>) => void, reject: (error: Error) => void}) => void} settle */
    _answer(index, settle) {
        const wanted = this._wanted.get(index);
        if (!wanted) return this._end(new Lie(`it sent block ${index}, which was not asked for`));
        this._wanted.delete(index);
        settle(wanted);
    }

    /** @param {Error} why */
    _end(why) {
        if (this._why) return;
        this._why = why;
        this._stream.abort(why);
        for (const { reject } of this._wanted.values()) reject(why);
        this._wanted.clear();
        this._over(why);
    }
}

/** The end that gives. */
export class BlockGiver {
    /** @param {BlockStream} stream that was just opened @param {(ticket: string) => Promise<Given | null>} open the file that a ticket is for;
     * null: it is no ticket of that peer, or the file is not here */
    constructor(stream, open) {
        this._stream = stream;
        this._open = open;
        /** @type {Given | null} */
        this._given = null;
        this._wants = 0;
        this._isOver = false;
        /** Frames are answered one after the other. */
        this._last = Promise.resolve();
        const reader = new BlockReader('asking', (said) => this._take(said));
        stream.addEventListener('message', ({ data }) => this._read(reader, data.subarray()));
        for (const type of /** @type {const} */ (['end', 'close'])) stream.addEventListener(type, () => this._end(new Error('the peer has gone')));
    }

    /** @param {BlockReader} reader @param {Uint8Array} bytes */
    _read(reader, bytes) {
        if (this._isOver) return;
        try {
            reader.push(bytes);
        } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            this._end(error);
        }
    }

    /** @param {import('./block_frames.js').Said} said @throws {RangeError} */
    _take(said) {
        if (++this._wants > WANTS_MAX) throw new RangeError(`more than ${WANTS_MAX} blocks are wanted at a time`);
        this._last = this._last.then(async () => {
            if (!this._isOver) await ('ticket' in said ? this._begin(said.ticket) : this._give('want' in said ? said.want : -1));
            this._wants--;
        }).catch((error) => this._end(error));
    }

    /** @param {string} ticket */
    async _begin(ticket) {
        const isFirst = !this._given, given = isFirst ? await this._open(ticket) : await this._given?.renew(ticket) && this._given;
        if (!given) throw new Error('that is no ticket for a file that is here');
        if (!isFirst) return;
        if (this._isOver) return given.close();
        this._given = given;
        given.has((runs) => haveFrames(runs).forEach((frame) => this._send(frame)));
    }

    /** @param {number} index */
    async _give(index) {
        const given = this._given;
        if (!given || given.isOver()) throw new Error('the peer has shown no ticket that is good');
        if (!(index >= 0 && index < given.count)) throw new RangeError(`block ${index} of ${given.count} is wanted`);
        const bytes = await given.read(index);
        if (this._isOver) return;
        const mayGoOn = bytes ? [dataHead(index, bytes.length), bytes].map((part) => this._send(part)).at(-1) : this._send(noneFrame(index));
        if (!mayGoOn) await this._stream.onDrain();
    }

    /** @param {Uint8Array} bytes @returns {boolean} */
    _send(bytes) {
        if (this._isOver) return true;
        return this._stream.send(bytes);
    }

    /** @param {Error} why */
    _end(why) {
        if (this._isOver) return;
        this._isOver = true;
        this._given?.close();
        this._stream.abort(why);
    }
}
