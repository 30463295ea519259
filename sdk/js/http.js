/** Requests and their replies over fetch: the service's address, time limits, failures and retries. */
import { BadAnswer, errorOfReply, Unreachable, WebinferError } from './errors.js';

/** @import { ClientSettings } from './index.d.ts' */
/**
 * A request. `target` is the path with its query, `patience` the milliseconds without a byte after which it has failed.
 * `isRepeatable`: it may be sent again though it may have arrived.
 * @typedef {{ method: string, target: string, headers?: Record<string, string>,
 *   body?: Array<Uint8Array<ArrayBuffer> | Blob>, patience?: number, isRepeatable?: boolean }} Request
 * @typedef {{ headers: Headers, body: Uint8Array<ArrayBuffer> }} Reply
 */

const DEFAULT_URL = 'http://127.0.0.1:8470';
const PATIENCE_MS = 60_000;
/** The longest that a client waits because an answer says Retry-After, in seconds. */
const WAIT_MOST = 30;
/** Bytes that a body sends in a millisecond at least; the service gives up on a slower one. */
const UPLOAD_LEAST = 16;
const RETRIES = 2;
const FIRST_PAUSE_MS = 200;
/** The codes with which Node and Deno say that nothing was sent. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
const NOT_TRUSTED = /CERT|SIGNATURE|SELF_SIGNED/;

/** A variable of the environment, where there is one and it may be read. @param {string} name */
function environmentOf(name) {
    try {
        return /** @type {any} */ (globalThis).process?.env?.[name] || undefined;
    } catch {
        return undefined; // Deno without --allow-env
    }
}

/** An address of a service, without a slash at its end. @param {string | URL} url */
function addressOf(url) {
    const parts = URL.canParse(url) ? new URL(url) : null;
    if (!parts || !/^https?:$/.test(parts.protocol) || parts.username || parts.password || parts.search || parts.hash)
        throw new TypeError(`"${url}" is no address of a service: it is like ${DEFAULT_URL} or https://host:8470`);
    return parts.href.replace(/\/+$/, '');
}

/** Waits; rejects with the signal's reason. @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
export function pause(ms, signal) {
    return new Promise((resolve, reject) => {
        const end = () => { clearTimeout(timer); reject(signal?.reason); };
        const timer = setTimeout(() => { signal?.removeEventListener('abort', end); resolve(); }, ms);
        if (signal?.aborted) end();
        else signal?.addEventListener('abort', end, { once: true });
    });
}

/** One request on its way and its answer. `close` ends it, whatever has come of it. */
class Exchange {
    #end = new AbortController();
    #isLate = false;
    #onAbort = () => this.#end.abort(this.#signal?.reason);
    /** The answer, once its head is there. @type {any} */
    response;
    #transport;
    #signal;
    #patience;

    /** @param {Transport} transport @param {number} patience @param {AbortSignal} [signal] the caller's */
    constructor(transport, patience, signal) {
        this.#transport = transport;
        this.#patience = patience;
        this.#signal = signal;
        signal?.throwIfAborted();
        signal?.addEventListener('abort', this.#onAbort, { once: true });
    }

    /** Sends the request and waits for the head of the answer. @param {string} url @param {any} options */
    async begin(url, options) {
        const answer = this.#transport.fetch(url, { ...options, signal: this.#end.signal, redirect: 'manual' });
        this.response = await this.#within(answer, (options.body?.size ?? 0) / UPLOAD_LEAST);
    }

    /** The body as it comes. @returns {AsyncGenerator<Uint8Array<ArrayBuffer>, void, void>} */
    async *chunks() {
        const reader = this.response.body?.getReader();
        while (reader) {
            const { done, value } = await this.#within(reader.read());
            if (done) return;
            yield value;
        }
    }

    /** All of the body. */
    async whole() {
        const pieces = [];
        for await (const piece of this.chunks()) pieces.push(piece);
        return new Uint8Array(await new Blob(pieces).arrayBuffer());
    }

    close() {
        this.#signal?.removeEventListener('abort', this.#onAbort);
        this.#end.abort();
    }

    /** Waits for a promise of fetch, but not for too long. @param {Promise<any>} promise @param {number} [more] ms */
    async #within(promise, more = 0) {
        const timer = setTimeout(() => { this.#isLate = true; this.#end.abort(); }, this.#patience + more);
        try {
            return await promise;
        } catch (error) {
            this.#signal?.throwIfAborted();
            if (this.#isLate) throw new Unreachable(`${this.#transport.url} fell silent`, { code: 'timed_out' });
            throw this.#end.signal.aborted ? error : this.#transport.failure(error);
        } finally {
            clearTimeout(timer);
        }
    }
}

/** Carries requests to one service. */
export class Transport {
    /** @type {Record<string, string>} */
    #headers = {};

    /** @param {string | URL | undefined} url @param {ClientSettings} settings */
    constructor(url, settings) {
        const { token = environmentOf('WEBINFER_TOKEN'), clientName, retries = RETRIES } = settings;
        const { fetch = globalThis.fetch } = settings;
        this.url = addressOf(url ?? environmentOf('WEBINFER_URL') ?? DEFAULT_URL);
        this.retries = retries;
        this.fetch = (/** @type {string} */ target, /** @type {RequestInit} */ options) => fetch(target, options);
        if (!/^[\x20-\x7e]*$/.test(`${token ?? ''}${clientName ?? ''}`))
            throw new TypeError('token and clientName: only printable ASCII can be sent there');
        if (token) this.#headers.Authorization = `Bearer ${token}`;
        if (clientName) this.#headers['User-Agent'] = clientName;
    }

    /**
     * Sends a request once, and returns its answer as soon as its head is there; the caller closes it.
     * Throws the error of `errorOfReply` for a status of 300 or more, and Unreachable.
     * @param {Request} request @param {AbortSignal} [signal]
     */
    async open({ method, target, headers, body, patience = PATIENCE_MS }, signal) {
        const exchange = new Exchange(this, patience, signal);
        try {
            const options = { method, headers: { ...this.#headers, ...headers }, body: body && new Blob(body) };
            await exchange.begin(this.url + target, options);
            const { ok, status, headers: told } = exchange.response;
            if (ok) return exchange;
            throw errorOfReply(status, told, await exchange.whole());
        } catch (error) {
            exchange.close();
            throw error;
        }
    }

    /**
     * Sends a request once, and returns its whole answer.
     * @param {Request} request @param {AbortSignal} [signal] @returns {Promise<Reply>}
     */
    async exchange(request, signal) {
        const exchange = await this.open(request, signal);
        try {
            return { headers: exchange.response.headers, body: await exchange.whole() };
        } finally {
            exchange.close();
        }
    }

    /** The same, and sends it again where that is right. @param {Request} request @param {AbortSignal} [signal] */
    async send(request, signal) {
        const retry = new Retry(request, this.retries);
        for (;;) {
            try {
                return await this.exchange(request, signal);
            } catch (error) {
                await pause(retry.after(error), signal);
            }
        }
    }

    /** The exception for a failure of fetch. @param {any} error */
    failure(error) {
        const code = String(error?.cause?.code ?? ''), why = error?.cause?.message || error?.message || error;
        const refused = { code: 'refused', cause: error };
        if (NOT_TRUSTED.test(code)) return new Unreachable(`${this.url} cannot be trusted: ${why}`, refused);
        if (NOT_SENT.test(code) || /connection refused|dns error/i.test(why))
            return new Unreachable(`there is no answer at ${this.url}: ${why}. Is webinferd running?`, refused);
        const detail = `the connection to ${this.url} broke before the answer was complete: ${why}`;
        return new Unreachable(detail + this.#originHint(), { code: 'connection_lost', cause: error });
    }

    /** A hint for pages: their browser does not say that a service refuses their origin. */
    #originHint() {
        const origin = /** @type {any} */ (globalThis).location?.origin;
        if (!origin || origin === new URL(this.url).origin) return '';
        return `. Is webinferd running, and is ${origin} in [api] allowed_origins?`;
    }
}

/**
 * Decides whether and when a request is sent again: after a refused connection, and after 429 or 503 with a Retry-After
 * of at most 30 s; after a broken connection only if it changes nothing or has an Idempotency-Key.
 */
export class Retry {
    #left;
    #isRepeatable;
    #pause = FIRST_PAUSE_MS;

    /** @param {Request} request @param {number} times */
    constructor(request, times) {
        this.#left = times;
        this.#isRepeatable = request.isRepeatable || request.method === 'GET';
    }

    /** How long to wait, in milliseconds; throws the error where it is final. @param {unknown} error */
    after(error) {
        const ms = error instanceof WebinferError && this.#left-- > 0 ? this.#waitFor(error) : null;
        if (ms === null) throw error;
        this.#pause *= 2;
        return ms;
    }

    /** @param {WebinferError} error */
    #waitFor(error) {
        if (error instanceof Unreachable)
            return error.code === 'refused' || (this.#isRepeatable && error.code === 'connection_lost') ? this.#pause : null;
        if (error instanceof BadAnswer || (error.status !== 429 && error.status !== 503)) return null;
        const seconds = error.retryAfter;
        return seconds !== null && seconds <= WAIT_MOST ? Math.max(seconds * 1000, this.#pause) : null;
    }
}
