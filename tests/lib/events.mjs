/** Clients of streams of events or of lines: they read at their own pace, and may leave. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { check, checkEvent } from './described.mjs';
import { EventReader, readerOf } from './event-reader.mjs';
import { until } from './wait.mjs';

export { EventReader };

/**
 * A client of one stream, from before its answer begins: how it goes, and what has come so far.
 * Iterating gives each event once, as it comes, until the connection ends.
 */
export class EventClient {
    /** All that came, oldest first: {event, id, json}. */
    events = [];
    status = 0;
    headers = {};
    /** The body of an answer that is no stream. */
    text = '';
    /** How it went: 'ended' in good order, 'cut', or 'left'. */
    over = null;
    /** How it is read: another once its media type is known. */
    #reader = new EventReader();
    #given = 0;
    #wake = () => {};

    /** @param {string | URL} url @param {{method?: string, headers?: object, body?: object,
     *   paused?: boolean, ca?: string, signal?: AbortSignal}} options
     *   `paused`: it reads nothing until `go` */
    constructor(url, { method, headers = {}, body, paused = false, ...more } = {}) {
        const { request } = String(url).startsWith('https') ? https : http;
        this.asked = [method ?? (body ? 'POST' : 'GET'), url];
        this.paused = paused;
        this.call = request(url, { method: this.asked[0], agent: false,
            headers: { ...body && { 'Content-Type': 'application/json' }, ...headers }, ...more },
        (answer) => this.#take(answer));
        this.call.on('error', () => this.#end('cut'));
        this.call.end(body && JSON.stringify(body));
    }

    #take(answer) {
        this.answer = answer;
        this.status = answer.statusCode;
        this.headers = answer.headers;
        this.type = answer.headers['content-type'] ?? '';
        this.#reader = readerOf(this.type) ?? this.#reader;
        answer.setEncoding('utf8');
        answer.on('data', (text) => this.#read(text));
        answer.on('end', () => {
            if (this.status !== 200)
                check(...this.asked, this.status, this.headers, Buffer.from(this.text));
            this.#end('ended');
        });
        answer.on('error', () => this.#end('cut'));
        answer.on('close', () => this.#end('cut'));
        if (this.paused) answer.pause();
    }

    #end(how) {
        this.over ??= how;
        this.#wake();
    }

    #read(text) {
        if (this.status !== 200) {
            this.text += text;
            return;
        }
        for (const { data, ...event } of this.#reader.read(text)) {
            this.events.push({ ...event, json: JSON.parse(data) });
            checkEvent(...this.asked, this.status, event.event, this.last.json, this.type);
        }
        this.#wake();
    }

    async *[Symbol.asyncIterator]() {
        for (;;) {
            while (this.#given === this.events.length && !this.over)
                await new Promise((wake) => (this.#wake = wake));
            if (this.#given === this.events.length) return;
            yield this.events[this.#given++];
        }
    }

    get comments() { return this.#reader.comments; }
    get problem() { return JSON.parse(this.text); }
    get parts() { return this.events.filter(({ event }) => event === 'part'); }
    get last() { return this.events.at(-1); }
    /** What the last event says; the problem, where there is no stream. */
    get outcome() { return this.status === 200 ? this.last.json : this.problem; }

    /** Takes nothing more from the socket until `go`. */
    hold() {
        this.paused = true;
        this.answer?.pause();
    }

    go() {
        this.paused = false;
        this.answer?.resume();
    }

    /** Closes the connection, and waits until it is closed. */
    async leave() {
        this.over ??= 'left';
        (this.answer ?? this.call).destroy();
        if (this.answer && !this.answer.closed)
            await new Promise((closed) => this.answer.once('close', closed));
        this.#wake();
    }

    begun() { return until(() => this.status || this.over, { what: 'an answer to begin' }); }
    ended(timeout = 30_000) {
        return until(() => this.over, { what: 'the stream to end', timeout });
    }
    /** Until so many parts are there. */
    has(count) {
        return until(() => this.parts.length >= count || this.over, { what: `${count} parts` });
    }
}

/** A client whose answer has begun; one that is no stream has come as a whole. */
export async function openEvents(url, { headers = {}, ...options } = {}) {
    const client = new EventClient(url,
        { headers: { Accept: 'text/event-stream', ...headers }, ...options });
    await once(client.call, 'response');
    if (client.status !== 200) await client.ended();
    return client;
}

/** Pulls a model to the end: the client that has seen it. */
export async function pullToEnd({ url }, body) {
    const client = await openEvents(`${url}/v1/models/pull`, { body: { stream: true, ...body } });
    await client.ended(60_000);
    return client;
}
