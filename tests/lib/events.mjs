/** A client of server-sent events: reads them one by one, at its own pace, and may leave. */
import { once } from 'node:events';
import http from 'node:http';

/** Takes the text of a stream apart into {event, id, data}, and counts comments. */
export class EventReader {
    comments = 0;
    #rest = '';

    /** @param {string} text what has come @returns {Generator<{event: string, id?: string, data: string}>} */
    *read(text) {
        const blocks = (this.#rest + text).split('\n\n');
        this.#rest = blocks.pop();
        for (const block of blocks) {
            const found = this.#parse(block);
            if (found) yield found;
        }
    }

    #parse(block) {
        const found = { event: 'message', id: undefined, data: undefined };
        for (const line of block.split('\n')) {
            const [, name, value] = line.match(/^([^:]*):? ?(.*)$/);
            if (name === '') this.comments += line.startsWith(':');
            else if (name === 'data' && found.data !== undefined) found.data += `\n${value}`;
            else found[name] = value;
        }
        return found.data === undefined ? null : found;
    }
}

/** Events as they come over one connection of its own. */
export class EventStream {
    /** Every event that came, its data parsed: {event, id, data}. */
    events = [];
    /** The connection has ended, whoever ended it. */
    closed = false;
    #reader = new EventReader();
    #given = 0;

    constructor(answer) {
        this.answer = answer;
        this.headers = answer.headers;
        answer.setEncoding('utf8');
        answer.on('data', (text) => this.#take(text));
        answer.on('error', () => {});
        answer.on('close', () => {
            this.closed = true;
            this.#wake();
        });
    }

    get comments() { return this.#reader.comments; }

    #take(text) {
        for (const { data, ...event } of this.#reader.read(text))
            this.events.push({ ...event, data: JSON.parse(data) });
        this.#wake();
    }

    #wake = () => {};

    /** The events that were not given yet, in their order, until the connection ends. */
    async *[Symbol.asyncIterator]() {
        for (;;) {
            while (this.#given === this.events.length && !this.closed)
                await new Promise((wake) => (this.#wake = wake));
            if (this.#given === this.events.length) return;
            yield this.events[this.#given++];
        }
    }

    /** Takes nothing more from the socket until `go`. */
    hold() { this.answer.pause(); }
    go() { this.answer.resume(); }

    /** Closes the connection. */
    async leave() {
        this.answer.destroy();
        if (!this.closed) await once(this.answer, 'close');
    }
}

/**
 * Asks for events. Gives {status, headers, stream}, or where the answer is no stream of events
 * {status, headers, text} with all of it.
 */
export async function openEvents(url, { method = 'GET', headers = {}, body, signal } = {}) {
    const bytes = body === undefined ? undefined : JSON.stringify(body);
    const call = http.request(url, { method, agent: false, signal, headers: {
        Accept: 'text/event-stream', ...headers,
        ...bytes !== undefined && { 'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(bytes) } } });
    call.end(bytes);
    const [answer] = await once(call, 'response');
    call.on('error', () => {}); // what happens from here on, the answer tells
    const { statusCode: status, headers: got } = answer;
    if (status === 200 && got['content-type']?.startsWith('text/event-stream'))
        return { status, headers: got, stream: new EventStream(answer) };
    answer.setEncoding('utf8');
    let text = '';
    for await (const chunk of answer) text += chunk;
    return { status, headers: got, text };
}
