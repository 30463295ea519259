/**
 * Files of models for a page that reaches the service over peers alone: each is asked for on a stream to the operator's peer, which asks
 * the service. Engine workers ask by a port (shared/carried.js). It uses no browser globals.
 */
import { fetchCarried } from '../shared/carried.js';
import { joined } from '../shared/joined.js';
import { BINARY, CLOSE, FILES_STREAM, FILE_HEAD_MAX, FrameReader, OVER_CIRCUITS, TEXT, WINDOW, frameHead } from '../shared/node_frames.js';

/** @import { Connection, Stream } from '@libp2p/interface' */
/** @import { FileRequest, FromFiles, ToFiles } from '../shared/messages.js' */

const OPEN_MS = 8000;
/** Another way is waited for as long as one usually takes. */
const WAIT_MS = 10_000;
/** The longest frame with bytes of a file: as much as a peer reads at once. */
const PIECE_MAX = 1 << 20;

export class Files {
    constructor() {
        /** To a peer of the operator, by which the page reaches the service now. @type {Connection | null} */
        this._connection = null;
        /** Told when there is one again. @type {Set<(connection: Connection) => void>} */
        this._waiting = new Set();
    }

    /** By this one from now on; null: by none. @param {Connection | null} connection */
    use(connection) {
        this._connection = connection;
        if (connection) for (const told of [...this._waiting]) told(connection);
    }

    /** Answers at the port. @param {FileRequest} request @param {MessagePort} port @param {(bytes: number) => void} told of bytes that came */
    async get(request, port, told) {
        try {
            const connection = this._connection ?? await this._another();
            if (connection) return void new Fetched(await ask(request, connection), port, told);
            port.postMessage({ gone: true });
        } catch (error) {
            port.postMessage({ broken: String(error) });
        }
        port.close();
    }

    /** After a loss, another way may be found. @returns {Promise<Connection | null>} */
    _another() {
        return new Promise((resolve) => {
            const end = (/** @type {Connection | null} */ connection) => {
                clearTimeout(timer);
                this._waiting.delete(end);
                resolve(connection);
            };
            const timer = setTimeout(() => end(null), WAIT_MS);
            this._waiting.add(end);
        });
    }

    /** A small answer in JSON. @param {string} path @returns {Promise<unknown>} */
    async json(path) {
        if (!this._connection) throw new Error('this page reaches the service by no peer');
        const response = await fetchCarried((port) => void this.get({ path, headers: {} }, port, () => {}), new AbortController().signal);
        if (response?.status === 200) return JSON.parse(await shortText(response, path));
        await response?.body?.cancel();
        throw new Error(`${path}: ${response?.status ?? 'the way is gone'}`);
    }
}

/** @param {Response} response @param {string} path @returns {Promise<string>} */
async function shortText({ body }, path) {
    const decoder = new TextDecoder(), reader = body?.getReader();
    for (let all = ''; ;) {
        const { done, value } = await reader?.read() ?? { done: true };
        if (done) return all;
        all += decoder.decode(value, { stream: true });
        if (all.length <= PIECE_MAX) continue;
        await reader?.cancel();
        throw new Error(`${path} is too long`);
    }
}

/** @param {FileRequest} request @param {Connection} connection @returns {Promise<Stream>} */
async function ask({ path, headers }, connection) {
    const stream = await connection.newStream(FILES_STREAM, { signal: AbortSignal.timeout(OPEN_MS), ...OVER_CIRCUITS });
    const asked = new TextEncoder().encode(JSON.stringify({ path, headers }));
    stream.send(joined(Uint8Array, [frameHead(TEXT, asked.length), asked]));
    return stream;
}

/** An answer on its way to a worker, of which no more than a window waits here. */
class Fetched {
    /** @param {Stream} stream @param {MessagePort} port @param {(bytes: number) => void} told */
    constructor(stream, port, told) {
        this._stream = stream;
        this._port = port;
        this._told = told;
        /** Of the present frame. @type {Uint8Array[]} */
        this._pieces = [];
        /** That the worker has not wanted yet. @type {Uint8Array[]} */
        this._waiting = [];
        this._size = 0;
        this._isWanted = false;
        this._isOver = false;
        /** What is said after all that waits. @type {FromFiles | null} */
        this._last = null;
        const reader = new FrameReader((kind) => (kind === TEXT ? FILE_HEAD_MAX : kind === BINARY ? PIECE_MAX : kind === CLOSE ? 125 : undefined),
            (kind, piece, isLast) => this._take(kind, piece, isLast));
        stream.addEventListener('message', ({ data }) => {
            try {
                reader.push(data.subarray());
            } catch (error) {
                this._end({ broken: String(error) });
            }
        });
        for (const type of /** @type {const} */ (['end', 'close'])) /** @type {any} */ (stream).addEventListener(type, () => this._end({ broken: 'the stream has ended' }));
        port.onmessage = (/** @type {MessageEvent<ToFiles>} */ { data }) => {
            if (data === 'end') return this._leave();
            this._isWanted = true;
            this._give();
        };
    }

    /** @param {number} kind @param {Uint8Array} piece @param {boolean} isLast */
    _take(kind, piece, isLast) {
        if (this._last) return;
        if (kind === BINARY) return this._hold(piece);
        this._pieces.push(piece);
        if (!isLast) return;
        const bytes = joined(Uint8Array, this._pieces.splice(0));
        if (kind === TEXT) this._port.postMessage(JSON.parse(new TextDecoder().decode(bytes)));
        else this._end({ whole: true });
    }

    /** @param {Uint8Array} piece */
    _hold(piece) {
        this._waiting.push(piece);
        this._size += piece.length;
        this._told(piece.length);
        this._give();
        if (this._size > WINDOW / 2 && this._stream.readStatus === 'readable') this._stream.pause();
    }

    _give() {
        if (this._size > 0 && this._isWanted) {
            const { buffer } = joined(Uint8Array, this._waiting.splice(0)); // of their own
            this._isWanted = false;
            this._size = 0;
            this._port.postMessage(buffer, [buffer]);
            this._goOn(); // more may come at once, even the last
        }
        if (this._size > 0 || !this._last || this._isOver) return;
        this._port.postMessage(this._last);
        this._leave();
    }

    /** Lets a stream go on that has waited for room. Where its connection has been closed, this is its end. */
    _goOn() {
        if (this._stream.readStatus !== 'paused') return;
        try {
            this._stream.resume();
        } catch (error) {
            this._last ??= { broken: String(error) };
        }
    }

    /** @param {FromFiles} last */
    _end(last) {
        this._last ??= last;
        this._give();
    }

    /** Nothing more is wanted. */
    _leave() {
        if (this._isOver) return;
        this._isOver = true;
        this._last ??= { broken: 'the page has left' };
        this._port.close();
        if (this._stream.status === 'open') this._stream.abort(new Error('nothing more is wanted'));
    }
}
