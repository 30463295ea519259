/** Takes GET /v1/events for as long as the console is open, and begins again where that ends. */
import { ApiError, get, hasToken } from './api.js';
import { readPieces } from './pieces.js';
import { EventParser } from './sse.js';

const FIRST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 8000;
/** Changes that happened meanwhile arrive within a quarter of a second. */
const CATCH_UP_MS = 1000;
/** The beginning of an answer that contains the whole state. */
const SNAPSHOT = 'event: snapshot';

/** @typedef {'loading' | 'token' | 'live' | 'stale'} State */
/** @typedef {{status: any, isAdmin: boolean}} Welcome */

/** Reads one answer of events until it ends. @param {string} path @param {{lastId?: string, signal: AbortSignal, body?: string,
 * begun?: (response: Response) => void, first?: (text: string) => void, take: (event: string, data: any, id: string) => void}} options
 * with `body`, a JSON, it is posted; `first` gets how the answer begins */
export async function readEvents(path, { lastId, signal, body, begun, first, take }) {
    const decoder = new TextDecoder(), parser = new EventParser();
    await readPieces(path, { ...(body && { method: 'POST', body }), signal,
        headers: { Accept: 'text/event-stream', ...(body && { 'Content-Type': 'application/json' }), ...(lastId && { 'Last-Event-ID': lastId }) } }, (piece) => {
        const text = decoder.decode(piece, { stream: true });
        if (text) {
            first?.(text);
            first = undefined;
        }
        for (const { event, data, id } of parser.push(text)) take(event, JSON.parse(data), id);
    }, begun);
}

export class Watch {
    /** @type {State} */
    state = 'loading';
    /** When what is shown was right for the last time: milliseconds since 1970. */
    since = 0;
    isAdmin = false;
    problem = '';
    #lastId = '';
    #startedAt = 0;
    #pause = FIRST_PAUSE_MS;
    /** The daemon asked for so much. */
    #leastPause = 0;
    /** Until what was missed is here. */
    #catchUp = 0;
    /** @type {(() => void) | undefined} */
    #hurry;
    /** Somebody has hurried since the last try began, which may not know of the token yet. */
    #hurried = false;

    /** @param {import('./store.js').Store} store @param {{changed: () => void, welcome: (status: any) => void}} told */
    constructor(store, told) {
        this.store = store;
        this.told = told;
    }

    /** Goes on until the page is closed. */
    async run() {
        for (;;) {
            this.#hurried = false;
            this.#leastPause = 0;
            try {
                await this.#once();
            } catch (error) {
                this.#leastPause = error instanceof ApiError ? 1000 * (Number(error.retryAfter) || 0) : 0;
                this.problem = error instanceof ApiError && error.status !== 0 ? error.sentence : '';
                if (error instanceof ApiError && error.status === 401) {
                    await this.#askToken(error);
                    continue;
                }
            }
            this.#lost();
            await this.#rest();
        }
    }

    /** Somebody gave a token, or came back: try now. */
    hurry() {
        this.#hurried = true;
        this.#hurry?.();
    }

    async #once() {
        const status = await get('/v1/status');
        this.isAdmin = typeof status.models_directory === 'string';
        if (status.started_at !== this.#startedAt) this.#lastId = '';
        this.#startedAt = status.started_at;
        this.told.welcome(status);
        try {
            await readEvents('/v1/events', {
                lastId: this.#lastId, signal: new AbortController().signal,
                first: (text) => { if (!SNAPSHOT.startsWith(text.slice(0, SNAPSHOT.length))) this.#liveSoon(); },
                take: (event, data, id) => this.#take(event, data, id),
            });
        } finally {
            clearTimeout(this.#catchUp);
            this.#catchUp = 0;
        }
    }

    /** @param {string} event @param {any} data @param {string} id */
    #take(event, data, id) {
        if (id) this.#lastId = id;
        if (event === 'snapshot') {
            this.store.replace(data);
            this.#live();
        } else if (event === 'change') {
            this.store.change(data);
            this.#liveSoon();
        }
    }

    /** It continues where it was: missed changes are on their way. */
    #liveSoon() {
        if (this.state !== 'live' && !this.#catchUp) this.#catchUp = window.setTimeout(() => this.#live(), CATCH_UP_MS);
    }

    #live() {
        this.#pause = FIRST_PAUSE_MS;
        this.problem = '';
        this.#turn('live');
    }

    #lost() {
        if (this.state === 'live') this.since = Date.now();
        if (this.state !== 'loading' || this.problem === '') this.#turn(this.since ? 'stale' : 'loading');
        this.told.changed();
    }

    /** @param {State} state */
    #turn(state) {
        if (this.state === state) return;
        this.state = state;
        this.told.changed();
    }

    /** @param {ApiError} error */
    async #askToken(error) {
        this.problem = error.code === 'unauthorized' && !hasToken() ? '' : error.sentence;
        this.store.replace({});
        this.#lastId = '';
        this.state = 'token';
        this.told.changed();
        if (!this.#hurried) await new Promise((resolve) => { this.#hurry = () => resolve(undefined); });
    }

    async #rest() {
        await new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.max(this.#leastPause, this.#pause * (0.75 + Math.random() / 2)));
            this.#hurry = () => {
                clearTimeout(timer);
                resolve(undefined);
            };
        });
        this.#pause = Math.min(this.#pause * 2, MOST_PAUSE_MS);
    }
}
