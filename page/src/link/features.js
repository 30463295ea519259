/** The service's question for features: one after the other is tried, while nothing else runs if that is so before long. */
import { LONGEST_MS, no } from '../features/finding.js';

/** @import { Finding } from '../features/finding.js' */

/** The longest total wait, for one request, until no task runs; after that it runs next to tasks. */
export const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** Names in a question. */
const MOST = 64;

export class Features {
    /** @param {{isIdle: () => boolean, find: (name: string) => void, end: () => void, setTimer: (run: () => void, ms: number) => any,
     *   clearTimer: (timer: any) => void, tell: (replyTo: string, features: Record<string, Finding>) => void}} host */
    constructor(host) {
        this._host = host;
        /** @type {string[]} */
        this._waiting = [];
        /** @type {Record<string, Finding>} */
        this._found = {};
        this._replyTo = '';
        this._name = '';
        this._patience = 0;
        /** @type {any} */
        this._timer = undefined;
    }

    /** A question that comes while another is answered takes its place. @param {string} id its message's @param {unknown} names */
    ask(id, names) {
        this._host.clearTimer(this._timer);
        this._replyTo = id;
        this._waiting = [...new Set(Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [])].slice(0, MOST);
        this._found = {};
        this._name = '';
        this._patience = PATIENCE_MS;
        this._next();
    }

    /** @param {string} name @param {Finding} found */
    found(name, found) {
        if (name !== this._name) return; // of an earlier request, or too late
        this._host.clearTimer(this._timer);
        this._found[name] = found;
        this._name = '';
        this._next();
    }

    _next() {
        const [name] = this._waiting;
        if (name === undefined) {
            this._host.end();
            return this._host.tell(this._replyTo, this._found);
        }
        if (!this._host.isIdle() && this._patience > 0) {
            this._patience -= LOOK_EVERY_MS;
            this._timer = this._host.setTimer(() => this._next(), LOOK_EVERY_MS);
            return;
        }
        this._waiting.shift();
        this._name = name;
        // The document has a limit for each; this one is for a document that hangs.
        this._timer = this._host.setTimer(() => this.found(name, no('the page’s document gave no answer')), LONGEST_MS);
        this._host.find(name);
    }
}
