/**
 * The ways to the service that are left to a page whose own one is broken: the operator's peers, and then pages that carry others and
 * are connected to this one, over each of which the same peers are reached. It uses no browser globals.
 */
import { isSocket, peerOf } from './reach.js';

/** @import { Connection } from '@libp2p/interface' */
/** @import { Certificates } from './certificates.js' */

/** The next way is tried as well if one has not led there by then. */
const NEXT_MS = 1500;
const DIAL_MS = 8000;
/** Ways that are tried. */
const MOST = 8;

export class Ways {
    /** @param {Certificates} certificates @param {() => string[]} carriers ids of connected pages that carry others
     * @param {(address: string, signal: AbortSignal) => Promise<Connection>} dial waits for no other dial */
    constructor(certificates, carriers, dial) {
        this._certificates = certificates;
        this._carriers = carriers;
        this._dial = dial;
    }

    /** Their addresses, in this order. */
    list() {
        const listed = this._certificates.addresses, peers = [...new Set(listed.map(peerOf))];
        const over = this._carriers().flatMap((page) => peers.map((peer) => `/p2p/${page}/p2p-circuit/p2p/${peer}`));
        return [...listed.filter(isSocket).slice(0, MOST / 2), ...over].slice(0, MOST);
    }

    /** The first that leads there. @returns {Promise<Connection>} */
    async open() {
        if (this._certificates.addresses.length === 0) await this._certificates.ask();
        return race(this.list().map((address) => (/** @type {AbortSignal} */ signal) => this._dial(address, signal)));
    }
}

/** Each begins once the one before has failed or is late; the others end when one has led there.
 * @param {((signal: AbortSignal) => Promise<Connection>)[]} tries @returns {Promise<Connection>} */
const race = (tries) => new Promise((resolve, reject) => {
    /** @type {AbortController[]} */
    const begun = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let failed = 0, isOver = false;
    const next = () => {
        clearTimeout(timer);
        const tried = isOver ? undefined : tries[begun.length];
        if (failed === tries.length) reject(new Error('no way leads to the service now'));
        if (!tried) return;
        const end = new AbortController();
        begun.push(end);
        timer = setTimeout(next, NEXT_MS);
        tried(AbortSignal.any([end.signal, AbortSignal.timeout(DIAL_MS)])).then((connection) => {
            if (isOver) return connection.abort(new Error('another way is taken'));
            isOver = true;
            clearTimeout(timer);
            for (const other of begun) if (other !== end) other.abort();
            resolve(connection);
        }, () => {
            failed++;
            next();
        });
    };
    next();
});
