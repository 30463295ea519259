/**
 * A daemon that is played, for clients of live sound alone: it has /v1/audio/streams, hears nothing, and
 * calls each segment, so many bytes, after what it is made of. It breaks where a test says.
 */
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

/** What the segments of a sound are called. @param {Buffer} bytes @param {number} segment bytes of each */
export const namesOf = (bytes, segment) => Array.from({ length: Math.ceil(bytes.length / segment) },
    (_, i) => crypto.createHash('sha256').update(bytes.subarray(i * segment, (i + 1) * segment)).digest('hex').slice(0, 12));

/** @param {http.IncomingMessage} request */
async function bodyOf(request) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    return Buffer.concat(pieces);
}

export class PlayedSound {
    /** What becomes of the next requests that bring sound, one after another: 'busy' (429), 'lost' (never arrives), 'unanswered' (it is
     * taken, and the connection cut), 'beheaded' (the same in the middle of the answer's head), 'short' (half of it is taken, as the answer says), 'conflict' (the same as a 409), 'gone' (404). @type {string[]} */
    faults = [];
    /** After so many events each of the next connections that read them is cut, in the middle of the event behind. @type {number[]} */
    cuts = [];
    /** A segment that fails. */
    failing = -1;
    /** What opened the streams. @type {any[]} */
    opened = [];
    /** The streams by their ids. @type {Map<string, {sound: Buffer, ended: boolean, removed: boolean, posts: number}>} */
    streams = new Map();
    #changed = new EventTarget();

    /** @param {number} segment how many bytes one has */
    constructor(segment) {
        this.segment = segment;
    }

    async listen() {
        this.server = http.createServer((request, response) => this.answer(request, response));
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.server.address()).port}`;
        return this;
    }

    close() {
        this.server.closeAllConnections();
        this.server.close();
    }

    /** The only stream that there was. */
    get stream() {
        return [...this.streams.values()][0];
    }

    /** @param {http.ServerResponse} response @param {number} status @param {any} value @param {Record<string, string>} [headers] */
    #say(response, status, value, headers = {}) {
        response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...headers });
        response.end(JSON.stringify({ ...(status >= 400 && { status, detail: value.code }), ...value }));
    }

    /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
    answer(request, response) {
        return this.#route(request, response).catch(() => response.destroy());
    }

    /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
    async #route(request, response) {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://played');
        const [, , , , id, verb] = pathname.split('/'), stream = this.streams.get(id);
        if (pathname === '/v1/audio/streams') {
            this.opened.push(JSON.parse((await bodyOf(request)).toString()));
            const name = `s${this.streams.size}`;
            this.streams.set(name, { sound: Buffer.alloc(0), ended: false, removed: false, posts: 0 });
            return this.#say(response, 201, { id: name, position: 0 }, { Location: `/v1/audio/streams/${name}` });
        }
        if (!stream || stream.removed) return this.#say(response, 404, { code: 'not_found' });
        if (verb === 'events') return this.#events(stream, request, response);
        const body = await bodyOf(request);
        if (request.method === 'DELETE') stream.removed = true;
        else if (verb === 'end') stream.ended = true;
        else return this.#take(stream, body, Number(searchParams.get('position')), response);
        this.#changed.dispatchEvent(new Event('change'));
        this.#say(response, 200, { position: stream.sound.length });
    }

    /** @param {any} stream @param {Buffer} body @param {number} position @param {http.ServerResponse} response */
    #take(stream, body, position, response) {
        stream.posts++;
        const fault = body.length ? this.faults.shift() : undefined;
        if (fault === 'busy') return this.#say(response, 429, { code: 'sound_ahead' }, { 'Retry-After': '1' });
        if (fault === 'lost') return response.destroy();
        if (fault === 'gone') return this.#say(response, 404, { code: 'not_found' });
        if (position > stream.sound.length)
            return this.#say(response, 409, { code: 'conflict', field: 'position', expected: String(stream.sound.length) });
        const part = fault === 'short' || fault === 'conflict' ? body.subarray(0, body.length / 2) : body;
        stream.sound = Buffer.concat([stream.sound, part.subarray(stream.sound.length - position)]);
        this.#changed.dispatchEvent(new Event('change'));
        if (fault === 'unanswered') return response.destroy();
        if (fault === 'beheaded') return void response.socket?.end('HTTP/1.1 200 OK\r\nContent-Type: app');
        if (fault === 'conflict') return this.#say(response, 409, { code: 'conflict', field: 'position', expected: String(stream.sound.length) });
        this.#say(response, 200, { position: stream.sound.length, heard_ms: 0, done_ms: 0, lag_ms: 0 });
    }

    /** All events that there are by now. @param {any} stream */
    #all(stream) {
        const names = namesOf(stream.sound, this.segment), whole = Math.floor(stream.sound.length / this.segment);
        const told = names.slice(0, stream.ended ? names.length : whole).flatMap((text, segment) => [
            ['partial', { segment, start_ms: segment, text: text.slice(0, 4), stable: 2 }],
            segment === this.failing ? ['error', { segment, status: 500, code: 'inference_failed', detail: 'it could not be heard' }]
                : ['final', { segment, start_ms: segment, end_ms: segment + 1, text, executed_on: {} }]]);
        return stream.ended ? [...told, ['done', { segments: names.length, heard_ms: 1 }]] : told;
    }

    /** Partials and the end have no number; finals and errors count from 0, and come again behind `Last-Event-ID`.
     * @param {any} stream @param {http.IncomingMessage} request @param {http.ServerResponse} response */
    async #events(stream, request, response) {
        const last = Number(request.headers['last-event-id'] ?? -1);
        let at = 2 * (last + 1), left = this.cuts.shift() ?? Infinity;
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(': here\n\n');
        for (;;) {
            for (const [event, data] of this.#all(stream).slice(at)) {
                const id = event === 'final' || event === 'error' ? `id: ${(at - 1) / 2}\n` : '';
                const text = `${id}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
                at++;
                if (left-- <= 0) {
                    response.write(text.slice(0, text.length / 2), () => response.destroy());
                    return;
                }
                response.write(text);
                if (event === 'done') return void response.end();
            }
            if (response.destroyed || stream.removed) return void response.destroy();
            await new Promise((resolve) => this.#changed.addEventListener('change', resolve, { once: true }));
        }
    }
}
