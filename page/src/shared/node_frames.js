/**
 * The frames of a node's stream over libp2p, /webinfer/node/1: the messages of a WebSocket, each as a length (u32,
 * big-endian), a kind (u8) and so many bytes. Pages and webinfer-peer read them with this file. It uses no browser globals.
 */

export const NODE_STREAM = '/webinfer/node/1';
/** On this stream a node shows its ticket: `welcome.peers.ticket`, as JSON, and nothing else. */
export const MEMBER_STREAM = '/webinfer/member/1';
/** On this stream a node that reaches the service over a circuit asks for a model's file: a text frame with the request, then an answer of
 * a text frame, binary frames, and a close frame, which says that it is whole. */
export const FILES_STREAM = '/webinfer/files/1';
/** Bytes of a request for a file, and of what comes before its bytes. */
export const FILE_HEAD_MAX = 8192;
/** The table of who is where, of the service's own peers: a public peer of libp2p speaks another protocol. */
export const DHT = '/webinfer/kad/1';
/** Bytes of a ticket. */
export const TICKET_MAX = 1024;
/** Kinds: the opcodes of RFC 6455, 5.2. A close frame has a code (u16) and a reason in UTF-8, at most 123 bytes. */
export const TEXT = 1, BINARY = 2, CLOSE = 8;
const KINDS = new Set([TEXT, BINARY, CLOSE]);
const CLOSE_MAX = 125;
export const HEAD_BYTES = 5;
/** A page that carries others has limits of its own, so these streams may run over its circuits. */
export const OVER_CIRCUITS = { runOnLimitedConnection: true };
/** Bytes that a stream may have under way; libp2p resets a stream of which more than four times as many wait to be read. */
export const WINDOW = 1 << 20;

/** @param {number} kind @param {number} length @returns {Uint8Array} */
export function frameHead(kind, length) {
    const head = new Uint8Array(HEAD_BYTES), view = new DataView(head.buffer);
    view.setUint32(0, length);
    view.setUint8(4, kind);
    return head;
}

/** @param {number} code @param {string} reason @returns {Uint8Array} a whole frame */
export function closeFrame(code, reason) {
    const text = new TextEncoder().encode(reason).subarray(0, CLOSE_MAX - 2), head = frameHead(CLOSE, 2 + text.length);
    return Uint8Array.of(...head, code >> 8, code & 0xff, ...text);
}

/** What a close frame says. @param {Uint8Array} bytes @returns {{code: number, reason: string}} */
export const closeOf = (bytes) => (bytes.length < 2 ? { code: 1005, reason: '' }
    : { code: bytes[0] << 8 | bytes[1], reason: new TextDecoder().decode(bytes.subarray(2)) });

/** The other end has sent what is no such frame. Another RangeError, as for memory that is not there, is no fault of it. */
export class FrameFault extends RangeError {}

/** Reads frames as they come, and hands on pieces of them: none is held whole. */
export class FrameReader {
    /** @param {number | ((kind: number, length: number) => number | undefined)} most bytes of a message; or, for frames of other streams,
     * of a frame of a kind (undefined: there is no such kind), which is asked once for each frame
     * @param {(kind: number, piece: Uint8Array, isLast: boolean) => void} on a piece of the present frame */
    constructor(most, on) {
        this._mostOf = typeof most === 'function' ? most : (/** @type {number} */ kind) => (kind === CLOSE ? CLOSE_MAX : KINDS.has(kind) ? most : undefined);
        this._on = on;
        this._head = new Uint8Array(HEAD_BYTES);
        this._have = 0; /* of the head */
        this._left = 0; /* of the frame */
    }

    /** @param {Uint8Array} bytes @throws {FrameFault} these are no frames */
    push(bytes) {
        for (let at = 0; at < bytes.length;) {
            at += this._have < HEAD_BYTES ? this._takeHead(bytes.subarray(at)) : this._takePiece(bytes.subarray(at));
        }
    }

    /** @param {Uint8Array} bytes @returns {number} how many of them it is */
    _takeHead(bytes) {
        const part = bytes.subarray(0, HEAD_BYTES - this._have);
        this._head.set(part, this._have);
        this._have += part.length;
        if (this._have === HEAD_BYTES) this._begin();
        return part.length;
    }

    _begin() {
        const length = new DataView(this._head.buffer).getUint32(0), kind = this._head[4];
        const most = this._mostOf(kind, length);
        if (most === undefined) throw new FrameFault(`a frame has the unknown kind ${kind}`);
        if (length > most) throw new FrameFault(`a frame has ${length} bytes; allowed: at most ${most}`);
        this._left = length;
        if (length === 0) this._takePiece(new Uint8Array(0));
    }

    /** @param {Uint8Array} bytes @returns {number} */
    _takePiece(bytes) {
        const piece = bytes.subarray(0, this._left);
        this._left -= piece.length;
        if (this._left === 0) this._have = 0;
        this._on(this._head[4], piece, this._left === 0);
        return piece.length;
    }
}
