/**
 * Files of models for nodes that come over a circuit: what the page's origin (origin.js) gives to browsers, on streams. Each is one
 * GET to the bridge. Neither way holds more than a window of data for an end that does not take it.
 */
import { BINARY, closeFrame, FILE_HEAD_MAX, frameHead, FrameReader, TEXT } from '../page/src/shared/node_frames.js';
import { answered, passedOf } from './origin.js';

/** @import { Stream } from '@libp2p/interface' */
/** @import { ClientRequest, IncomingMessage } from 'node:http' */
/** @typedef {{path: string, headers: Record<string, any>}} Asked */

/** A request is whole within this time. */
const ASK_MS = 10_000;
/** As a WebSocket would be closed. */
const CLOSE_NORMAL = 1000;

/** Answers the request on a stream, when it is its turn. It is read before: nothing else is held for who waits.
 * @param {Stream} stream @param {(method: string, pathname: string, headers: Record<string, any>) => ClientRequest} ask of the bridge
 * @param {(path: string, work: () => Promise<void>, end: AbortSignal) => Promise<void>} [turn] rejects once the stream is closed */
export async function answerFile(stream, ask, turn = (_path, work) => work()) {
    if (stream.status !== 'open') return;
    const gone = new AbortController();
    stream.addEventListener('close', ({ error }) => gone.abort(error));
    try {
        const { path, headers } = await read(stream), passed = passedOf(path);
        if (passed) await turn(passed, () => pass(ask('GET', passed, headers), stream), gone.signal);
        else say(stream, 404);
        await stream.close({ signal: AbortSignal.timeout(ASK_MS) });
    } catch (error) {
        stream.abort(/** @type {Error} */ (error));
    }
}

/** One request comes on a stream. @param {Stream} stream @returns {Promise<Asked>} rejects if it is none, or is not whole in time */
const read = (stream) => new Promise((resolve, reject) => {
    /** @type {Uint8Array[]} */
    const pieces = [];
    let isWhole = false;
    const timer = setTimeout(() => reject(new Error('no request has come')), ASK_MS);
    const reader = new FrameReader((kind) => (kind === TEXT ? FILE_HEAD_MAX : undefined), (kind, piece, isLast) => {
        if (isWhole) throw new RangeError('more than one request has come');
        pieces.push(piece);
        if (!isLast) return;
        isWhole = true;
        clearTimeout(timer);
        resolve(parse(Buffer.concat(pieces).toString()));
    });
    stream.addEventListener('close', () => {
        clearTimeout(timer);
        reject(new Error('the stream is closed'));
    });
    stream.addEventListener('message', ({ data }) => {
        try {
            reader.push(data.subarray());
        } catch (error) {
            stream.abort(/** @type {Error} */ (error));
            reject(error);
        }
    });
});

/** @param {string} text @returns {Asked} what is missing of it is not passed on */
function parse(text) {
    const { path, headers } = JSON.parse(text) ?? {};
    return { path: String(path), headers: Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => typeof value === 'string')) };
}

/** @param {ClientRequest} asked @param {Stream} stream @returns {Promise<void>} settles when all was sent */
const pass = (asked, stream) => new Promise((resolve, reject) => {
    /** A stream that is closed takes nothing. @type {<T extends any[]>(run: (...words: T) => void) => (...words: T) => void} */
    const guarded = (run) => (...words) => {
        try {
            run(...words);
        } catch (error) {
            asked.destroy();
            reject(error);
        }
    };
    stream.addEventListener('close', () => asked.destroy(new Error('the node takes nothing more')));
    asked.on('error', guarded(() => {
        say(stream, 502);
        resolve();
    }));
    asked.on('response', guarded((/** @type {IncomingMessage} */ found) => {
        send(stream, TEXT, head(found.statusCode ?? 502, answered(found)));
        asked.removeAllListeners('error').on('error', reject);
        found.on('error', reject);
        found.on('data', guarded((/** @type {Buffer} */ piece) => {
            if (send(stream, BINARY, piece)) return;
            found.pause();
            stream.onDrain().then(() => found.resume(), reject);
        }));
        found.on('end', guarded(() => {
            stream.send(closeFrame(CLOSE_NORMAL, ''));
            resolve();
        }));
    }));
    asked.end();
});

/** An answer without bytes. @param {Stream} stream @param {number} status */
function say(stream, status) {
    send(stream, TEXT, head(status, {}));
    stream.send(closeFrame(CLOSE_NORMAL, ''));
}

/** @param {number} status @param {Record<string, string>} headers */
const head = (status, headers) => Buffer.from(JSON.stringify({ status, headers }));

/** @param {Stream} stream @param {number} kind @param {Uint8Array} bytes @returns {boolean} whether it takes more now */
function send(stream, kind, bytes) {
    stream.send(frameHead(kind, bytes.length));
    return stream.send(bytes);
}
