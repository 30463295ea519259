/** Live sound: sends samples as they arrive and collects the daemon's events. A broken connection resumes where it was. */
import { ApiError, ask, open } from '../api.js';
import { readEvents } from '../watch.js';
import { joined } from '../../shared/joined.js';

/** The path at which streams of sound are opened; a daemon's description lists it if the daemon has it. */
export const STREAMS = '/v1/audio/streams';
/** The daemon takes four times as much in a request. */
const MOST_BYTES = 256 * 1024;
const FIRST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 4000;
/** How long to retry after the daemon was lost. */
const GIVE_UP_MS = 30_000;

/** @typedef {{segment: number, text: string}} Final */

export class Listening {
    /** The texts of segments that have ended, in order. @type {Final[]} */
    finals = [];
    /** The text of the open segment so far. */
    partial = '';
    /** The delay of the text. */
    lagMs = 0;
    /** Segments that have failed. @type {ApiError[]} */
    failures = [];
    isDone = false;
    #path = '';
    /** Bytes not sent yet, then bytes that were sent and may not have arrived. @type {Uint8Array<ArrayBuffer>[]} */
    #waiting = [];
    /** @type {Uint8Array<ArrayBuffer>} */
    #piece = new Uint8Array(0);
    /** The position of the piece's first byte in the stream. */
    #position = 0;
    #hasEnded = false;
    /** How many steps have succeeded: a failure after a further success counts as a new one. */
    #steps = 0;
    /** @type {(() => void) | undefined} */
    #wake;
    #leaving = new AbortController();

    /** @param {Record<string, any>} body that opens the stream @param {() => void} changed */
    constructor(body, changed) {
        this.body = body;
        this.changed = changed;
    }

    /** @returns {Promise<void>} when all events have arrived @throws {ApiError} */
    async run() {
        const { id } = await ask('POST', STREAMS, this.body);
        this.#path = `${STREAMS}/${encodeURIComponent(id)}`;
        try {
            await Promise.all([this.#hear(), this.#send()]);
        } finally {
            if (!this.isDone) this.leave();
        }
    }

    /** @param {Uint8Array<ArrayBuffer>} bytes whole samples */
    add(bytes) {
        this.#waiting.push(bytes);
        this.#wake?.();
    }

    /** There is no more sound; the remaining text still arrives. */
    end() {
        this.#hasEnded = true;
        this.#wake?.();
    }

    /** The result is no longer wanted. */
    leave() {
        if (this.#leaving.signal.aborted) return;
        this.#leaving.abort();
        this.#wake?.();
        if (this.#path && !this.isDone) void ask('DELETE', this.#path).catch(() => {}); // it ends by itself when no more sound comes
    }

    get #goesOn() {
        return !this.isDone && !this.#leaving.signal.aborted;
    }

    async #send() {
        while (this.#goesOn) {
            if (this.#piece.length === 0) this.#piece = this.#next();
            if (this.#piece.length > 0) await this.#tried(() => this.#post());
            else if (this.#hasEnded) return this.#tried(() => ask('POST', `${this.#path}/end`));
            else await new Promise((resolve) => { this.#wake = () => resolve(undefined); });
        }
        return undefined;
    }

    /** @returns {Uint8Array<ArrayBuffer>} of what waits as much as a request takes */
    #next() {
        const all = joined(Uint8Array, this.#waiting), piece = all.subarray(0, MOST_BYTES);
        this.#waiting = all.length > piece.length ? [all.subarray(piece.length)] : [];
        return piece;
    }

    async #post() {
        const { signal } = this.#leaving, headers = { 'Content-Type': 'application/octet-stream' };
        const answer = await open(`${this.#path}?position=${this.#position}`, { method: 'POST', body: this.#piece, headers, signal });
        this.#had((await answer.json()).position);
    }

    /** @param {number} position before which the daemon has all @throws {ApiError} where that cannot be */
    #had(position) {
        const had = position - this.#position;
        if (!(had >= 0 && had <= this.#piece.length)) throw new ApiError(409, { detail: `the daemon asks for the sound from byte ${position} on, which the page no longer has`, code: 'conflict' });
        this.#piece = this.#piece.subarray(had);
        this.#position = position;
        if (had > 0) this.#steps++;
    }

    async #hear() {
        let lastId = '';
        while (this.#goesOn) await this.#tried(async () => {
            await readEvents(`${this.#path}/events`, { lastId, signal: this.#leaving.signal,
                take: (event, data, id) => {
                    lastId = id || lastId;
                    this.#steps++;
                    this.#take(event, data);
                } });
            if (!this.isDone) throw broken();
        });
        this.#wake?.();
    }

    /** @param {string} event @param {any} data */
    #take(event, data) {
        if (event === 'error' && data.segment === undefined) throw new ApiError(data.status ?? 500, data);
        if (event === 'final' && data.text) this.finals.push(data);
        if (event === 'final' || event === 'error') this.partial = '';
        if (event === 'error') this.failures.push(new ApiError(data.status, data));
        if (event === 'partial') this.partial = data.text;
        if (event === 'lag') this.lagMs = data.lag_ms;
        if (event === 'done') this.isDone = true;
        this.changed();
    }

    /** Does it until it has gone well once. @param {() => Promise<any>} act */
    async #tried(act) {
        for (let pause = FIRST_PAUSE_MS, since = 0, steps = -1;; pause = Math.min(2 * pause, MOST_PAUSE_MS)) {
            try {
                await act();
                return;
            } catch (error) {
                if (!this.#goesOn) return;
                if (steps !== this.#steps) [pause, since, steps] = [FIRST_PAUSE_MS, performance.now(), this.#steps];
                const told = error instanceof ApiError ? error : broken();
                if (told.status === 409 && told.expected) return this.#had(Number(told.expected));
                if (told.status !== 429 && (![0, 503].includes(told.status) || performance.now() - since > GIVE_UP_MS)) throw told;
                await this.#sleep(told.retryAfter ? 1000 * Number(told.retryAfter) : pause);
            }
        }
    }

    /** @param {number} ms at most */
    #sleep(ms) {
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, ms);
            this.#leaving.signal.addEventListener('abort', () => {
                clearTimeout(timer);
                resolve(undefined);
            }, { once: true });
        });
    }
}

const broken = () => new ApiError(0, { detail: 'the connection to the daemon broke', code: 'unreachable' });
