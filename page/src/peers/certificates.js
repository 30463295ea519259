/**
 * What the service says of its peers (GET /peers): its key, and for which peers it has signed a certificate. Only these may be given
 * what a page sends to its service. Pages and webinfer-peer read it with this file. It uses no browser globals.
 */
import { peerOf, isSocket } from './reach.js';
import { CERTIFICATE, TICKET, isAbout, isSigned } from './statement.js';

/** @import { Names, Statement } from './statement.js' */
/** @typedef {Statement & {address: string}} Certificate */
/** @typedef {{key: string, now: number, peers: Certificate[], stun?: unknown}} Listed the answer */

/** The answer is asked for again at most so often because something does not fit it: anybody can show what does not. */
const AGAIN_MS = 1000;

/** @param {unknown} said @returns {said is Listed} */
const isList = (said) => {
    const { key, now, peers } = /** @type {any} */ (said) ?? {};
    return typeof key === 'string' && Number.isSafeInteger(now) && Array.isArray(peers) && peers.every((one) => typeof one?.address === 'string');
};

export class Certificates {
    /** @param {() => Promise<unknown>} ask the service; rejects if it does not answer @param {() => number} now in ms, by a clock
     * that is not set */
    constructor(ask, now) {
        this._ask = ask;
        this._now = now;
        this._askedAt = -Infinity;
        /** Until the service has answered. @type {Promise<void> | null} */
        this._asking = null;
        this._ahead = 0; /* of `now`, the service's clock, in ms */
        /** Of the peer at an address, until when there is a certificate. @type {Map<string, number>} */
        this._until = new Map();
        /** The service's, in base64url; "": it has not answered yet. Another one begins another network of peers. */
        this.key = '';
        /** STUN servers that the operator lists. @type {string[]} */
        this.stun = [];
    }

    /** By the service's clock: Unix milliseconds, with a fraction. */
    get time() {
        return this._now() + this._ahead;
    }

    /** Those of peers with a certificate. */
    get addresses() {
        return [...this._until].filter(([, until]) => until > this._now()).map(([address]) => address);
    }

    /** @param {string} peer */
    isCertified(peer) {
        return this.addresses.some((address) => peerOf(address) === peer);
    }

    /** Settles if what is for the service may be sent to the peer at that address, else rejects. Where the service does not answer,
     * earlier answers count. A peer proves its id whichever way leads to it; a WebSocket is opened to listed addresses only.
     * @param {string} address */
    async check(address) {
        await this.ask();
        if (!(isSocket(address) ? this.addresses.includes(address) : this.isCertified(peerOf(address))))
            throw new Error('the service of this page has no certificate for that peer, so nothing is sent to it');
    }

    /** Whether the service has signed that this peer is a node of its own. @param {any} ticket @param {string} peer that has shown it */
    isTicket(ticket, peer) {
        return this.hasSigned(TICKET, { peer }, ticket);
    }

    /** Whether the service has signed what was shown as a ticket, which names that. @param {string} word that it begins with
     * @param {Names} names @param {any} ticket */
    async hasSigned(word, names, ticket) {
        const { key } = this;
        if (!isAbout(ticket, names, this.time)) return false;
        if (await isSigned(key, word, names, ticket)) return true;
        // A service that has started again has another key.
        await this.ask(AGAIN_MS);
        return this.key !== key && isSigned(this.key, word, names, ticket);
    }

    /** Until when a ticket is good, by the clock `now`. @param {Statement} ticket */
    end({ until }) {
        return until - this._ahead;
    }

    /** Settles when there is an answer. A request that is under way is waited for, and no other one is made.
     * @param {number} [lately] one of so many ms ago will do as well @returns {Promise<void> | null} */
    ask(lately = 0) {
        if (!this._asking && this._now() - this._askedAt >= lately) this._asking = this._askNow().finally(() => (this._asking = null));
        return this._asking;
    }

    /** What can be believed of a list that does not come from the page's own origin: what the known key has signed, by the known clock.
     * @param {any} said @throws {Error} another key has */
    believe(said) {
        if (!this.key || said?.key !== this.key) throw new Error('that list is of another service, or of one that has started again');
        return { ...said, now: Math.round(this.time), stun: this.stun };
    }

    async _askNow() {
        this._askedAt = this._now();
        const said = await this._ask().catch(() => null);
        if (isList(said)) await this._take(said);
    }

    /** @param {Listed} said */
    async _take({ key, now, peers, stun }) {
        /** @type {Map<string, number>} */
        const found = new Map();
        for (const one of peers) {
            const peer = peerOf(one.address);
            if (isAbout(one, { peer }, now) && await isSigned(key, CERTIFICATE, { peer }, one)) found.set(one.address, this._now() + one.until - now);
        }
        this._until = found;
        this._ahead = now - this._now();
        this.stun = Array.isArray(stun) ? stun.filter((url) => typeof url === 'string' && url.startsWith('stun:')) : [];
        this.key = key;
    }
}
