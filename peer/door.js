/**
 * The door to the bridge: each node stream is joined to one WebSocket of the daemon's bridge, so that a node that comes over
 * libp2p is an ordinary node. Neither way holds more than a window of data for an end that does not take it. From a node no
 * message is held whole; one of the daemon's is.
 */
import WebSocket from 'ws';
import { BINARY, CLOSE, FrameReader, TEXT, WINDOW, closeFrame, closeOf, frameHead } from '../page/src/shared/node_frames.js';
import { PROTOCOL } from '../page/src/shared/messages.js';

/** @import { Stream } from '@libp2p/interface' */

const HANDSHAKE_MS = 10_000;
/** The daemon has limits of its own. */
const FRAME_MAX = 2 ** 31 - 1;
/** Bytes of a reason (RFC 6455, 5.5.1). One that was no UTF-8 may have become longer. */
const REASON_MAX = 123;

/** Whether a WebSocket may send that code (RFC 6455, 7.4). @param {number} code */
const maySend = (code) => (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);

/** Joins both until one ends. @param {Stream} stream @param {string} peer its remote peer @param {string} bridge its origin
 * @param {(fault: string) => void} tell of what the operator may have to mend */
export function join(stream, peer, bridge, tell) {
    if (stream.readStatus !== 'readable') return stream.abort(new Error('the node has gone'));
    stream.pause(); // until the socket is open
    const socket = new WebSocket(`${bridge.replace(/^http/, 'ws')}/node`, PROTOCOL, {
        headers: { 'X-Forwarded-For': `peer:${peer}` }, handshakeTimeout: HANDSHAKE_MS,
        perMessageDeflate: false, maxPayload: FRAME_MAX,
    });
    carryIn(stream, socket);
    carryOut(socket, stream, tell);
}

/** From the node to the bridge. @param {Stream} stream @param {WebSocket} socket */
function carryIn(stream, socket) {
    /** Of its close frame, after which nothing comes. @type {Uint8Array[]} */
    const closing = [];
    let isOver = false;
    const onSent = () => {
        if (stream.readStatus !== 'paused' || socket.bufferedAmount > WINDOW / 2) return;
        try {
            stream.resume();
        } catch {
            socket.terminate(); // its connection is closed
        }
    };
    const reader = new FrameReader(FRAME_MAX, (kind, piece, isLast) => {
        if (isOver) throw new RangeError('more than a close frame has come');
        if (kind === CLOSE) {
            closing.push(piece);
            isOver = isLast;
            if (isLast) closeSocket(socket, closeOf(Buffer.concat(closing)));
        } else if (socket.readyState === WebSocket.OPEN) {
            socket.send(piece, { binary: kind === BINARY, fin: isLast }, onSent);
        }
    });
    socket.on('open', onSent);
    stream.addEventListener('message', ({ data }) => {
        try {
            reader.push(data.subarray());
        } catch (error) {
            stream.abort(/** @type {Error} */ (error));
            return;
        }
        if (socket.bufferedAmount > WINDOW && stream.readStatus === 'readable') stream.pause();
    });
    // A node that is gone without a close frame may come back: the bridge is to see that its connection broke.
    for (const end of /** @type {const} */ (['end', 'close']))
        stream.addEventListener(end, () => {
            if (socket.readyState !== WebSocket.CLOSING) socket.terminate();
        });
}

/** @param {WebSocket} socket @param {{code: number, reason: string}} said */
function closeSocket(socket, { code, reason }) {
    if (maySend(code) && Buffer.byteLength(reason) <= REASON_MAX) socket.close(code, reason);
    else socket.terminate();
}

/** From the bridge to the node. @param {WebSocket} socket @param {Stream} stream @param {(fault: string) => void} tell */
function carryOut(socket, stream, tell) {
    let isFaulty = false;
    const send = (/** @type {Uint8Array[]} */ ...parts) => {
        try {
            return parts.map((part) => stream.send(part)).at(-1);
        } catch {
            socket.terminate(); // the stream is closed
            return true;
        }
    };
    socket.on('message', (/** @type {Buffer} */ data, isBinary) => {
        if (send(frameHead(isBinary ? BINARY : TEXT, data.length), data)) return;
        socket.pause();
        stream.onDrain().then(() => socket.resume(), () => socket.terminate());
    });
    socket.on('error', ({ message }) => {
        isFaulty = stream.status === 'open'; // else the node has ended it
        if (isFaulty) tell(`the bridge: ${message}`);
    });
    socket.on('close', (code, reason) => {
        send(closeFrame(code, isFaulty ? 'the service took no connection of the peer' : String(reason)));
        stream.close().catch(() => stream.abort(new Error('the node takes nothing')));
    });
}
