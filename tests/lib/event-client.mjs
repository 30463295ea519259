/** A client of one stream, from before its answer begins: how it goes, and what has come so far. */
import http from 'node:http';
import https from 'node:https';
import { EventReader } from './events.mjs';
import { until } from './wait.mjs';

export class EventClient {
    /** All that came, oldest first: {event, id, json}. */
    events = [];
    status = 0;
    headers = {};
    /** The body of an answer that is no stream. */
    text = '';
    /** How it went: 'ended' in good order, 'cut', or 'left'. */
    over = null;
    #reader = new EventReader();

    /** @param {string} url @param {{method?: string, headers?: object, body?: object,
     *   paused?: boolean, ca?: string}} options `paused`: it reads nothing until `resume` */
    constructor(url, { method, headers = {}, body, paused = false, ...more } = {}) {
        const { request } = url.startsWith('https') ? https : http;
        this.paused = paused;
        this.call = request(url, { method: method ?? (body ? 'POST' : 'GET'), agent: false,
            headers: { ...body && { 'Content-Type': 'application/json' }, ...headers }, ...more },
        (answer) => this.#take(answer));
        this.call.on('error', () => (this.over ??= 'cut'));
        this.call.end(body && JSON.stringify(body));
    }

    #take(answer) {
        this.answer = answer;
        this.status = answer.statusCode;
        this.headers = answer.headers;
        answer.setEncoding('utf8');
        answer.on('data', (text) => this.#read(text));
        answer.on('end', () => (this.over ??= 'ended'));
        answer.on('error', () => (this.over ??= 'cut'));
        answer.on('close', () => (this.over ??= 'cut'));
        if (this.paused) answer.pause();
    }

    #read(text) {
        if (this.status !== 200) {
            this.text += text;
            return;
        }
        for (const { data, ...event } of this.#reader.read(text))
            this.events.push({ ...event, json: JSON.parse(data) });
    }

    get comments() { return this.#reader.comments; }
    get problem() { return JSON.parse(this.text); }
    get parts() { return this.events.filter(({ event }) => event === 'part'); }
    get last() { return this.events.at(-1); }

    /** Reads on. */
    resume() {
        this.paused = false;
        this.answer?.resume();
    }

    leave() {
        this.over ??= 'left';
        this.call.destroy();
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
