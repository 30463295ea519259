/**
 * Which peers may be given what this page sends to its service: those for which the service has signed a certificate. The page
 * has certificates and the service's key from its own origin (GET /peers). It uses no browser globals.
 */
import { CERTIFICATE, isSigned } from './statement.js';

/** @import { Statement } from './statement.js' */
/** @typedef {Statement & {address: string}} Certificate */
/** @typedef {{key: string, now: number, peers: Certificate[]}} Listed the answer */

/** @param {unknown} said @returns {said is Listed} */
const isList = (said) => {
    const { key, now, peers } = /** @type {any} */ (said) ?? {};
    return typeof key === 'string' && Number.isSafeInteger(now) && Array.isArray(peers) && peers.every((one) =>
        ['address', 'peer', 'signature'].every((name) => typeof one?.[name] === 'string') && Number.isSafeInteger(one.until));
};

export class Certificates {
    /** @param {() => Promise<unknown>} ask the page's origin; rejects if it does not answer @param {() => number} now in ms, by a clock
     * that is not set */
    constructor(ask, now) {
        this._ask = ask;
        this._now = now;
        /** Of the peer at an address, until when there is a certificate. @type {Map<string, number>} */
        this._until = new Map();
    }

    /** Settles if the peer at that address has a certificate, else rejects. Where the origin does not answer, earlier answers count.
     * @param {string} address */
    async check(address) {
        const said = await this._ask().catch(() => null);
        if (isList(said)) await this._take(said);
        if (!((this._until.get(address) ?? 0) > this._now()))
            throw new Error('the service of this page has no certificate for that peer, so nothing is sent to it');
    }

    /** @param {Listed} said */
    async _take({ key, now, peers }) {
        this._until.clear();
        for (const one of peers) {
            const isOf = one.address.endsWith(`/p2p/${one.peer}`);
            if (isOf && await isSigned(key, CERTIFICATE, one)) this._until.set(one.address, this._now() + one.until - now);
        }
    }
}
