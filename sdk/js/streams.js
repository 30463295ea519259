/** Answers in parts: server-sent events, and streams that go on after their connection broke. */
import { BadAnswer, errorOfProblem, Unreachable, WebinferError } from './errors.js';
import { pause, Retry } from './http.js';

/** @import { Request, Transport } from './http.js' */
/** @typedef {{ event: string, id: string | undefined, value: any }} Event */
/** @typedef {() => Promise<Account>} Begin */
/** @typedef {{ partEvent?: string, isResumable?: boolean, onProgress?: (progress: any) => void }} StreamForm */

const EVENT_MOST = 64 * 1024 * 1024;
/** Milliseconds without a byte after which a stream counts as broken: a comment comes every 10 s. */
export const SILENCE_MS = 30_000;
/** How often in a row a broken stream is taken up again. */
const TRIES = 5;
const FIRST_PAUSE_MS = 100;
const CANCEL_PATIENCE_MS = 5_000;

/** Takes server-sent events apart as they come. */
export class Events {
    #decoder = new TextDecoder('utf-8', { fatal: true });
    #rest = '';
    /** @type {Record<string, string>} */
    #fields = {};

    /** The events in the new bytes. @param {Uint8Array} bytes @returns {Generator<Event>} */
    *feed(bytes) {
        const lines = (this.#rest + this.#decode(bytes)).split('\n');
        this.#rest = /** @type {string} */ (lines.pop());
        if (this.#rest.length > EVENT_MOST) throw new BadAnswer('the stream has an event without an end');
        for (const line of lines) {
            const { event = '', id, data } = this.#take(line.replace(/\r$/, ''));
            if (data !== undefined) yield { event, id, value: parse(data) };
        }
    }

    /** The fields of an event at the line that ends it. @param {string} line @returns {Record<string, string>} */
    #take(line) {
        if (line === '') {
            const fields = this.#fields;
            this.#fields = {};
            return fields;
        }
        const [, name, value] = /** @type {RegExpMatchArray} */ (line.match(/^([^:]*):? ?(.*)$/s));
        if (name) this.#fields[name] = name === 'data' && this.#fields.data ? `${this.#fields.data}\n${value}` : value;
        return {}; // a line that begins with a colon is a comment
    }

    /** @param {Uint8Array} bytes */
    #decode(bytes) {
        try {
            return this.#decoder.decode(bytes, { stream: true });
        } catch {
            throw new BadAnswer('the stream has an event that is no text');
        }
    }
}

/** @param {string} data */
function parse(data) {
    try {
        return JSON.parse(data);
    } catch {
        throw new BadAnswer(`the stream has an event that is no JSON: ${data.slice(0, 60)}`);
    }
}

/** The state of a stream: its last part, its end, and how it continues after its connection broke. */
export class Account {
    /** The rest of the answer, once the last part has come. @type {any} */
    done = null;
    /** An answer to it has begun. */
    hasBegun = false;
    /** The path at which it can be taken up again and cancelled. @type {string | null} */
    job = null;
    #events = new Events();
    /** @type {string | undefined} */
    #last;
    #tries = 0;

    /** @param {Request} first @param {StreamForm} [form] `partEvent`: the event that carries a part */
    constructor(first, { partEvent = 'part', isResumable = true, onProgress } = {}) {
        this.first = first;
        this.form = { partEvent, isResumable, onProgress };
    }

    /** The request that is sent next: the first, or one that continues the stream. @returns {Request} */
    request() {
        this.#events = new Events();
        if (this.job === null) return this.first;
        const last = /** @type {Record<string, string>} */ (this.#last === undefined ? {} : { 'Last-Event-ID': this.#last });
        return { method: 'GET', target: this.job, headers: { Accept: 'text/event-stream', ...last }, patience: SILENCE_MS };
    }

    /** An answer has begun. @param {Headers} headers */
    opened(headers) {
        const kind = headers.get('Content-Type')?.split(';')[0];
        if (kind !== 'text/event-stream')
            throw new BadAnswer(`the request was for a stream, and the answer is ${kind?.slice(0, 60) || 'empty'}`);
        this.hasBegun = true;
        // Behind a proxy a prefix is before it, which the address of the client has, too.
        const [path] = headers.get('Location')?.match(/\/v1\/jobs\/[^/]+$/) ?? [];
        if (this.form.isResumable && path) this.job = path;
    }

    /** The parts in the new bytes. Throws ServiceError for a stream that has failed. @param {Uint8Array} bytes */
    *feed(bytes) {
        for (const { event, id, value } of this.#events.feed(bytes)) {
            if (event === this.form.partEvent) {
                [this.#last, this.#tries] = [id, 0];
                yield value;
            } else if (event === 'done') {
                this.done = value;
            } else if (event === 'error') {
                this.job = null;
                throw errorOfProblem(value);
            } else if (event === 'progress') {
                this.form.onProgress?.(value);
            }
        }
    }

    /** Milliseconds until it is taken up again; throws the error where it is not. @param {unknown} error */
    broke(error) {
        this.#tries += 1;
        if (this.job === null || this.#tries > TRIES || !(error instanceof WebinferError)) throw error;
        if (error instanceof Unreachable) return FIRST_PAUSE_MS * 2 ** this.#tries;
        if (error.status === 503 && error.retryAfter !== null) return error.retryAfter * 1000;
        this.job = null; // the service has no such stream any more
        throw error;
    }
}

/** An answer in parts; index.d.ts describes it. It is iterated once. */
export class Stream {
    #transport;
    #parts;
    /** Ends the connection: the reader has left, or its signal was aborted. */
    #leave = new AbortController();

    /** @param {Transport} transport @param {Begin} begin is called when it is first read @param {AbortSignal} [signal] */
    constructor(transport, begin, signal) {
        this.#transport = transport;
        this.#parts = this.#follow(begin, signal);
    }

    /** The rest of the answer, once the last part has come. @type {any} */
    done = null;

    [Symbol.asyncIterator]() {
        return this.#parts;
    }

    /** The text of each part that has one. @returns {AsyncGenerator<string, void, void>} */
    async *texts() {
        for await (const part of this) if (part?.text) yield part.text;
    }

    /** Ends the work, if it has not ended. */
    async close() {
        this.#leave.abort(new DOMException('the stream was closed', 'AbortError'));
        await this.#parts.return().catch(() => {});
    }

    /** Each part once, over as many connections as it takes. @param {Begin} begin @param {AbortSignal} [signal] */
    async *#follow(begin, signal) {
        const leave = () => this.#leave.abort(signal?.reason);
        signal?.throwIfAborted();
        signal?.addEventListener('abort', leave, { once: true });
        const account = await begin(), retry = new Retry(account.first, this.#transport.retries);
        try {
            while (account.done === null) {
                try {
                    yield* this.#connection(account);
                } catch (error) {
                    await pause(account.hasBegun ? account.broke(error) : retry.after(error), this.#leave.signal);
                }
            }
            this.done = account.done;
        } finally {
            signal?.removeEventListener('abort', leave);
            await this.#cancel(account);
        }
    }

    /** The parts of one connection. @param {Account} account */
    async *#connection(account) {
        const exchange = await this.#transport.open(account.request(), this.#leave.signal);
        try {
            account.opened(exchange.response.headers);
            for await (const bytes of exchange.chunks()) {
                yield* account.feed(bytes);
                if (account.done !== null) return;
            }
            throw this.#transport.failure(new Error('it ended early'));
        } finally {
            exchange.close();
        }
    }

    /** Ends the work of a stream that has no reader any more. @param {Account} account */
    async #cancel({ job, done }) {
        if (job === null || done !== null) return;
        await this.#transport.exchange({ method: 'DELETE', target: job, patience: CANCEL_PATIENCE_MS })
            .catch(() => {}); // it has ended by itself, or ends when the service misses its client
    }
}
