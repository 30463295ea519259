/**
 * The services that a page may go to: its own and siblings of it ([bridge] endpoints), or peers that lead to its own
 * ([bridge] peers). One at a time: it stays where it was welcomed until that one fails. Then it waits there for as long as
 * the node could be resumed, or a moment if the service has said that it shuts down, and tries the others in their order. While
 * it waits, it tries all ways to that service in turn, so that the node goes on by another one. It uses no browser globals.
 */
import { ANY_PEER, isPeer } from './port_socket.js';

/** A service that is tried has so long for its welcome, if there is another. */
export const TRY_MS = 3000;
/** A service that has said that it shuts down may be back after an upgrade: it is waited for so long. */
export const SHUTDOWN_MS = 5000;

export class Services {
    /** @param {string[]} origins to try, in this order; at least one @param {boolean} isOpen siblings that a welcome names
     * follow these @param {() => number} now in ms @param {string} [own] the page's own, to which peers lead as well */
    constructor(origins, isOpen, now, own = '') {
        this._own = own;
        this._origins = [...new Set(origins)];
        this._isOpen = isOpen;
        this._now = now;
        this._at = 0;
        /** Until when only the present one is tried. */
        this._until = 0;
        this._grace = 0;
        /** Those that do not want this page's token. @type {Set<string>} */
        this._refused = new Set();
    }

    /** The one to connect to. */
    get origin() {
        return this._origins[this._at];
    }

    /** By its clock, in ms. */
    get now() {
        return this._now();
    }

    /** How long to wait for a welcome: to a peer there are more steps. @param {number} usual in ms, where there is only one way
     * @param {string} [origin] */
    patience(usual, origin = this.origin) {
        return this._origins.length > 1 && !isPeer(origin) ? Math.min(TRY_MS, usual) : usual;
    }

    /** There are peers, one of which may lead to the page's own service. */
    addAnyPeer() {
        if (this._origins.some((origin) => this._isOwn(origin))) this._origins = [...new Set([...this._origins, ANY_PEER])];
    }

    /** The best way to the present service, if another one is taken; or "". */
    get better() {
        const best = this._isOwn(this.origin) ? this._origins.find((origin) => this._isOwn(origin)) : undefined;
        return best === undefined || best === this.origin ? '' : best;
    }

    /** The page goes on by that way. */
    takeBetter() {
        this._at = this._origins.indexOf(this.better);
    }

    /** The page is there. @param {number} graceMs how long the service waits for a node that has lost its connection
     * @param {unknown} siblings of the service */
    welcomed(graceMs, siblings) {
        this._until = Infinity;
        this._grace = graceMs;
        this._refused.clear();
        if (this._isOpen && isOrigins(siblings)) this._origins = [...new Set([...this._origins, ...siblings])];
    }

    /** The service shuts down. */
    leaves() {
        this._until = this._now() + SHUTDOWN_MS;
    }

    /** The connection is lost, or was not made. @returns {boolean} whether the next to try is another service */
    lost() {
        const wasOwn = this._isOwn(this.origin);
        if (this._until === Infinity) this._until = this._now() + this._grace; // the same way comes first
        else if (this._now() < this._until && wasOwn) this._move((origin) => this._isOwn(origin));
        return this._now() >= this._until && this._move() && !(wasOwn && this._isOwn(this.origin));
    }

    /** The service does not want this page. @returns {boolean} whether there is another to try */
    refused() {
        for (const origin of this._isOwn(this.origin) ? [this.origin, ANY_PEER] : [this.origin]) this._refused.add(origin);
        this._until = 0;
        return this._move();
    }

    /** Whether it leads to the page's own service. @param {string} origin */
    _isOwn(origin) {
        return isPeer(origin) || origin === this._own;
    }

    /** @param {(origin: string) => boolean} [fits] @returns {boolean} whether there is another */
    _move(fits = () => true) {
        const { length } = this._origins;
        for (let step = 1; step < length; step++) {
            const at = (this._at + step) % length;
            if (this._refused.has(this._origins[at]) || !fits(this._origins[at])) continue;
            this._at = at;
            return true;
        }
        return false;
    }
}

/** @param {unknown} said @returns {said is string[]} */
const isOrigins = (said) => Array.isArray(said) && said.every((one) => typeof one === 'string' && /^https?:\/\/[^/?#@\\\s]+$/.test(one));
