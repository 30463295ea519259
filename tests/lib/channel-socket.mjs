/** A client of the WebSocket of channels, as webinfer-channels(7) describes it. */
import WebSocket from 'ws';
import { until } from './wait.mjs';

const align = (size) => Math.ceil(size / 8) * 8;
const NUMBERS = { NaN, Infinity, '-Infinity': -Infinity };

/** Where the listener is: the log says so. @param {import('./daemon.mjs').Daemon} daemon */
export const channelsUrl = (daemon) =>
    until(() => daemon.log.slice(daemon.began).match(/channels(?:: |","message":")listening on (wss?:\/\/[^\s",]+)/)?.[1],
        { what: 'the listener for channels' });

/** A binary message that is one frame: its JSON, and the bytes of its tensor. @param {Buffer} frame */
function readFrame(frame) {
    const size = frame.readUInt32LE(0), start = align(4 + size);
    const { type, data } = JSON.parse(frame.subarray(4, 4 + size).toString());
    const tensors = data.tensors ?? [];
    const end = tensors.length ? start + tensors[0].offset + tensors[0].byte_length : start;
    if (tensors.length > 1 || frame.length !== end) throw new Error(`a frame has ${frame.length} bytes, not ${end}`);
    return { type, ...data, ...tensors.length && { bytes: frame.subarray(start + tensors[0].offset, end) } };
}

export class ChannelSocket {
    /** All that came but signs of life, oldest first; a vector_batch has its rows as `bytes`. */
    messages = [];
    /** {code, reason} once closed. */
    closed = null;
    /** {status, json} of an answer that is no WebSocket. */
    refused = null;
    pings = 0;
    #batch = null;

    /** @param {string} url @param {{protocol?: string[], headers?: object, origin?: string, ca?: string, autoPong?: boolean}} [options]
     *   `autoPong` false: it answers no ping */
    constructor(url, { protocol = ['webinfer.channels.v1'], headers = {}, origin = undefined, ca, autoPong = true } = {}) {
        this.socket = new WebSocket(url, protocol, { headers, origin, ca, autoPong, perMessageDeflate: false, maxPayload: 64 << 20 });
        this.socket.binaryType = 'nodebuffer';
        this.socket.on('error', () => {});
        this.socket.on('ping', () => this.pings++);
        this.socket.on('message', (bytes, binary) => this.#take(bytes, binary));
        this.socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
        this.socket.on('unexpected-response', (_, answer) => {
            let text = '';
            answer.on('data', (more) => (text += more));
            answer.on('end', () => (this.refused = { status: answer.statusCode, type: answer.headers['content-type'], json: JSON.parse(text) }));
        });
    }

    #take(bytes, binary) {
        if (this.#batch && !binary) throw new Error('a text came in the place of the floats');
        if (this.#batch) {
            this.messages.push({ ...this.#batch, bytes });
            this.#batch = null;
            return;
        }
        const message = binary ? readFrame(bytes) : JSON.parse(bytes.toString());
        if (message.type === 'vector_batch' && message.vectors)
            message.bytes = Buffer.from(Float32Array.from(message.vectors.flat(), (one) => NUMBERS[one] ?? one).buffer);
        if (message.type === 'vector_batch' && !message.bytes) this.#batch = message;
        else this.messages.push(message);
    }

    begun() { return until(() => this.socket.readyState === WebSocket.OPEN || this.closed || this.refused, { what: 'the WebSocket' }).then(() => this); }
    say(message) { this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)); }
    of(type) { return this.messages.filter((message) => message.type === type); }
    ended() { return until(() => this.closed, { what: 'the WebSocket to close' }); }

    /** Says something, and waits for the answer of that type, which comes behind what is there. */
    async ask(message, type) {
        const before = this.of(type).length;
        this.say(message);
        await until(() => this.of(type).length > before || this.closed, { what: `an answer ${type}` });
        return this.of(type)[before];
    }

    /** @param {string[]} channels @param {object} [more] models and encoding @param {string} [token] */
    async subscribe(channels, more = {}, token = undefined) {
        await this.begun();
        if (token) this.say({ type: 'authenticate', token });
        await this.ask({ type: 'subscribe', channels, ...more }, 'subscribed');
        return this;
    }

    /** The rows of all vectors. */
    get bytes() { return Buffer.concat(this.of('vector_batch').map(({ bytes }) => bytes)); }
    get rows() { return this.of('vector_batch').reduce((sum, { count }) => sum + count, 0); }
    get missed() { return this.of('missed').reduce((sum, { count }) => sum + count, 0); }
    get jobs() { return this.of('job_completed').flatMap(({ jobs }) => jobs); }

    /** It reads nothing more, until it goes on. */
    stop() { this.socket.pause(); }
    go() { this.socket.resume(); }

    async leave() {
        this.socket.terminate();
        await this.ended();
    }
}
