/**
 * Places of this peer at pages that are willing to carry others (page/src/peers/carrier.js). Pages that cannot connect to this peer
 * come here over them. Which pages are willing, their announcements say.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { peerIdFromString } from '@libp2p/peer-id';
import { withShortMessages } from '../page/src/peers/short_messages.js';

/** @import { Libp2p } from '@libp2p/interface' */
/** @import { Told } from '../page/src/peers/gossip.js' */

/** Pages at which there may be one. */
const MOST = 64;
/** Circuits of one page: a page of ours has fewer. */
const CIRCUITS_MAX = 16;

export class Places {
    constructor() {
        /** Pages that have said that they are willing. @type {Set<string>} */
        this._willing = new Set();
        /** @type {any} */
        this._transport = null;
        /** @type {Libp2p<any> | null} */
        this._node = null;
    }

    /** For libp2p. */
    transport() {
        const make = circuitRelayTransport({ maxInboundStopStreams: CIRCUITS_MAX });
        return (/** @type {any} */ components) => (this._transport = make(withShortMessages(components)));
    }

    /** @param {Libp2p<any>} node */
    watch(node) {
        this._node = node;
        for (const type of /** @type {const} */ (['connection:open', 'connection:close']))
            node.addEventListener(type, ({ detail }) => this._take(String(detail.remotePeer)));
    }

    /** A page has told something. @param {Told} told */
    hear({ type, from, data }) {
        if (type !== 'announcement') return;
        this._willing.delete(from);
        if (data.carries !== true || !this._isConnected(from)) return;
        if (this._willing.size >= MOST) for (const page of this._willing) if (!this._isConnected(page)) this._willing.delete(page);
        if (this._willing.size < MOST) this._willing.add(from);
        this._take(from, true);
    }

    /** Whether circuits may come from there. @param {string} page */
    has(page) {
        return this._willing.has(page) && this._isConnected(page);
    }

    /** Takes the place, which libp2p keeps for as long as the connection lasts; `isAgain`: the page may have another one. @param {string} page */
    _take(page, isAgain = false) {
        if (!this.has(page)) return;
        const id = peerIdFromString(page), { reservationStore: places } = this._transport;
        if (isAgain || !places.hasReservation(id)) places.addRelay(id, 'configured').catch(() => {}); // it is asked for again at the next announcement
    }

    /** Whether there is a connection that is no circuit itself. @param {string} page */
    _isConnected(page) {
        return this._node?.getConnections(peerIdFromString(page)).some(({ limits, status }) => !limits && status === 'open') ?? false;
    }
}
