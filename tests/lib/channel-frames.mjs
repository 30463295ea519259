/** A client of GET /v1/channels that takes frames, read as webinfer-channels(7) says. */
import http from 'node:http';
import https from 'node:https';
import { until } from './wait.mjs';

const align = (size) => Math.ceil(size / 8) * 8;

/** Takes the bytes of frames apart, however they are cut. */
export class FrameReader {
    #rest = Buffer.alloc(0);

    /** @param {Buffer} bytes what has come @returns {Generator<{type: string, data: any, tensors: {name: string, shape: number[], bytes: Buffer}[]}>} */
    *read(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        for (;;) {
            const frame = this.#next();
            if (!frame) return;
            yield frame;
        }
    }

    #next() {
        if (this.#rest.length < 4) return null;
        const size = this.#rest.readUInt32LE(0), start = align(4 + size);
        if (this.#rest.length < start) return null;
        const { type, data } = JSON.parse(this.#rest.subarray(4, 4 + size).toString());
        const list = data.tensors ?? [];
        const end = align(start + Math.max(0, ...list.map(({ offset, byte_length: length }) => offset + length)));
        if (this.#rest.length < end) return null;
        const tensors = list.map(({ name, datatype, shape, offset, byte_length: length }) => ({ name, datatype, shape,
            bytes: Buffer.from(this.#rest.subarray(start + offset, start + offset + length)) }));
        this.#rest = this.#rest.subarray(end);
        return { type, data, tensors };
    }
}

export class FrameClient {
    /** All that came, oldest first, without signs of life. */
    frames = [];
    heartbeats = 0;
    status = 0;
    type = '';
    over = false;
    #reader = new FrameReader();

    /** @param {string} url @param {{headers?: object, paused?: boolean, ca?: string}} [options] */
    constructor(url, { headers = {}, paused = false, ca } = {}) {
        const { request } = url.startsWith('https') ? https : http;
        this.call = request(url, { agent: false, ca, headers: { Accept: 'application/octet-stream', ...headers } }, (answer) => {
            this.answer = answer;
            this.status = answer.statusCode;
            this.type = answer.headers['content-type'];
            answer.on('data', (bytes) => {
                for (const frame of this.#reader.read(bytes))
                    if (frame.type === 'heartbeat') this.heartbeats++;
                    else this.frames.push(frame);
            });
            for (const end of ['end', 'close', 'error']) answer.on(end, () => (this.over = true));
            if (paused) answer.pause();
        });
        this.call.on('error', () => (this.over = true));
        this.call.end();
    }

    begun() { return until(() => this.status || this.over, { what: 'an answer to begin' }).then(() => this); }
    go() { this.answer.resume(); }

    async leave() {
        this.answer.destroy();
        await until(() => this.over, { what: 'the connection to close' });
    }
}
