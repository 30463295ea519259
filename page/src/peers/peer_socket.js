/**
 * A node's connection through a peer, as the part of a WebSocket that is used: messages are frames on a stream of libp2p
 * (shared/node_frames.js), which the peer joins to a WebSocket of the service. It uses no browser globals.
 */
import { joined } from '../shared/joined.js';
import { BINARY, CLOSE, FrameReader, TEXT, closeFrame, closeOf, frameHead } from '../shared/node_frames.js';

/** A stream of libp2p, as much of it as is used. @typedef {object} Stream
 * @property {(bytes: Uint8Array) => boolean} send throws if the stream is closed
 * @property {() => Promise<void>} close settles when all is sent
 * @property {number} writeBufferLength
 * @property {(type: 'message' | 'end' | 'close' | 'idle', listener: (event: any) => void) => void} addEventListener */
/** @typedef {object} Way @property {Stream} stream @property {() => void} release nothing of it is needed any more */

/** The other end has so long to take what was sent before the connection is given up. */
const CLOSE_MS = 2000;
/** A shorter frame is sent with its head: as one message of the layers below. */
const JOINED_BYTES = 64 << 10;
/** The browser's own limit of a message's length is not smaller. */
const FRAME_MAX = 2 ** 31 - 1;
/** The connection was lost, or not made (RFC 6455, 7.1.5). */
const CLOSE_LOST = 1006;

export class PeerSocket {
    /** @param {() => Promise<Way>} open */
    constructor(open) {
        /** As a WebSocket has it. @type {0 | 1 | 2 | 3} */
        this.readyState = 0;
        this.binaryType = 'arraybuffer';
        /** @type {(() => void) | null} */
        this.onopen = null;
        /** @type {((event: {data: string | ArrayBuffer}) => void) | null} */
        this.onmessage = null;
        /** @type {((event: {code: number, reason: string}) => void) | null} */
        this.onclose = null;
        /** All that was written is sent. @type {(() => void) | null} */
        this.onidle = null;
        /** @type {Way | null} */
        this._way = null;
        /** Of a message. @type {Uint8Array[]} */
        this._pieces = [];
        this._reader = new FrameReader(FRAME_MAX, (kind, piece, isLast) => this._take(kind, piece, isLast));
        open().then((way) => this._opened(way), (error) => this._end(CLOSE_LOST, String(error?.message ?? error)));
    }

    get bufferedAmount() {
        return this._way?.stream.writeBufferLength ?? 0;
    }

    /** @param {string | ArrayBuffer} message */
    send(message) {
        const isText = typeof message === 'string', bytes = isText ? new TextEncoder().encode(message) : new Uint8Array(message);
        const head = frameHead(isText ? TEXT : BINARY, bytes.length);
        if (bytes.length > JOINED_BYTES) return this._write(head, bytes);
        this._write(joined(Uint8Array, [head, bytes]));
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason = '') {
        if (this.readyState >= 2) return;
        const { _way: way } = this;
        this.readyState = 2;
        if (!way || code === undefined) return this._end(CLOSE_LOST, reason); // silent: there is no use in waiting
        this._write(closeFrame(code, reason));
        const patience = new Promise((resolve) => setTimeout(resolve, CLOSE_MS));
        Promise.race([way.stream.close().catch(() => {}), patience]).then(() => this._end(code, reason));
    }

    /** @param {Way} way */
    _opened(way) {
        if (this.readyState !== 0) return way.release();
        this._way = way;
        this.readyState = 1;
        const { stream } = way;
        stream.addEventListener('message', ({ data }) => this._read(data.subarray()));
        stream.addEventListener('idle', () => this.onidle?.());
        for (const type of /** @type {const} */ (['end', 'close'])) stream.addEventListener(type, () => this._lost());
        this.onopen?.();
    }

    /** A close of our own ends by itself. */
    _lost() {
        if (this.readyState === 1) this._end(CLOSE_LOST, 'the connection to the peer is lost');
    }

    /** @param {Uint8Array} bytes */
    _read(bytes) {
        if (this.readyState !== 1) return;
        try {
            this._reader.push(bytes);
        } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            this._end(CLOSE_LOST, error.message);
        }
    }

    /** @param {number} kind @param {Uint8Array} piece @param {boolean} isLast */
    _take(kind, piece, isLast) {
        this._pieces.push(piece);
        if (!isLast || this.readyState !== 1) return;
        const bytes = joined(Uint8Array, this._pieces); // in a buffer of their own
        this._pieces = [];
        if (kind === CLOSE) {
            const { code, reason } = closeOf(bytes);
            return this._end(code, reason);
        }
        this.onmessage?.({ data: kind === TEXT ? new TextDecoder().decode(bytes) : bytes.buffer });
    }

    /** @param {Uint8Array[]} frames */
    _write(...frames) {
        try {
            for (const bytes of frames) this._way?.stream.send(bytes);
        } catch (error) {
            this._end(CLOSE_LOST, /** @type {Error} */ (error).message);
        }
    }

    /** @param {number} code @param {string} reason */
    _end(code, reason) {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this._way?.release();
        this._way = null;
        this.onclose?.({ code, reason });
    }
}
