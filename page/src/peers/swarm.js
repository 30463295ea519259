/**
 * The other peers of a page: it keeps connections to those of the operator and to as many other pages as its person wants, and tells
 * all what it can compute. It looks for them again in regular intervals, for which nothing else waits.
 */
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { MEMBER_STREAM } from '../shared/node_frames.js';
import { shuffled } from '../shared/shuffled.js';
import { GOSSIP_MS } from './gossip.js';
import { KnownNodes } from './known.js';
import { firstOf, isDirect, isUnvouched, peerOf, refusalOf } from './reach.js';

/** @import { Connection, Libp2p } from '@libp2p/interface' */
/** @import { Certificates } from './certificates.js' */
/** @import { Gossip, Told } from './gossip.js' */
/** @import { Known } from './known.js' */
/** @import { Qualities } from './quality.js' */
/** @import { Own, PeerRow } from '../shared/messages.js' */

/** Of the operator's peers, so many are enough. */
const OPERATORS = 2;
/** Pages that are dialled at a time. */
const DIALS = 4;
const DIAL_MS = 20_000;
/** A page says again what it can compute, for those that were not there yet: after this time, which doubles … */
const AGAIN_MS = GOSSIP_MS + 1000;
/** … up to this one. */
const AGAIN_MAX_MS = 60_000;
const ADDRESSES = 6;
const MODELS = 16;
/** By this tag libp2p closes other connections first where there are too many. It does not connect again to a peer that is gone, which it
 * would do at once and for ever where that peer cuts each connection: the next look does. */
const KEPT = { webinfer: { value: 50 } };

export class Swarm {
    /** @param {Certificates} certificates @param {Gossip} gossip @param {Qualities} qualities
     * @param {string[]} first addresses of the operator's peers that the link names, in its order
     * @param {boolean} hasWebRTC whether this browser has it */
    constructor(certificates, gossip, qualities, first, hasWebRTC) {
        this._certificates = certificates;
        this._gossip = gossip;
        this._qualities = qualities;
        this._first = first;
        this._hasWebRTC = hasWebRTC;
        /** Addresses that its person has named. @type {Set<string>} */
        this.named = new Set();
        /** Whether this page carries others to the service. */
        this.carries = false;
        this._known = new KnownNodes(() => performance.now());
        /** @type {Libp2p<any> | null} */
        this._node = null;
        /** What its person wants: pages, and the time between two looks for more, in ms. */
        this._wanted = { most: 0, every: 0 };
        /** @type {Own} */
        this._own = { computes: [], models: [], running: 0, waiting: 0 };
        /** @type {Record<string, unknown> | null} */
        this._ticket = null;
        this._announced = { text: '', at: -Infinity, again: AGAIN_MS };
        this._toldAt = -Infinity;
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this._timer = undefined;
        this._isLooking = false;
        this._isAsked = false; /* to look again at once */
    }

    /** There are as many pages as are wanted. */
    get isFull() {
        return this._pages().length >= this._wanted.most;
    }

    /** @param {Libp2p<any>} node */
    begin(node) {
        this._node = node;
        this._look();
    }

    /** @param {number} most @param {number} every */
    want(most, every) {
        this._wanted = { most, every };
        for (const peer of this._pages().slice(most)) this._node?.hangUp(peer).catch(() => {});
        if (most > 0) return this._look();
        this._gossip.leave();
        this._known.forget();
        clearTimeout(this._timer);
    }

    /** What others may know of this page. @param {Own} own */
    is(own) {
        this._own = own;
    }

    /** @param {Record<string, unknown>} ticket of this page */
    hold(ticket) {
        this._ticket = ticket;
    }

    /** Another node has told something. @param {Told} told */
    hear(told) {
        if (!this._known.hear(told)) return;
        this._announced = { text: '', at: -Infinity, again: AGAIN_MS }; // for the newcomer
        if (told.from > String(this._node?.peerId)) this._look(); // of two, one dials at once
    }

    /** A peer has taken this page's ticket: one of the operator's also has a place for it, where others reach it.
     * @param {Connection} connection */
    async accepted({ remotePeer, remoteAddr, limits }) {
        const id = String(remotePeer);
        if (this._wanted.most === 0 || limits || !this._certificates.isCertified(id)) return;
        this._gossip.join();
        if (!this._addresses().some((address) => address.includes(`/p2p/${id}/p2p-circuit`)))
            await this._node?.services.places.listen(multiaddr(`${remoteAddr}/p2p-circuit`)).catch(() => {}); // all are taken
        this.tell();
    }

    /** Connects to the peer at that address. @param {string} address @returns {Promise<string>} why not, in a sentence; or "" */
    async add(address) {
        const problem = refusalOf(address, this._certificates.addresses, this._hasWebRTC);
        if (problem || !this._node) return problem;
        this.named.add(address);
        try {
            const connection = await this._node.dial(multiaddr(address), { signal: AbortSignal.timeout(DIAL_MS) });
            const { protocols } = await this._node.services.identify.identify(connection, { signal: AbortSignal.timeout(DIAL_MS) });
            if (protocols.includes(MEMBER_STREAM)) return '';
            connection.abort(new Error('it is of another network'));
            return 'That peer belongs to another network, so this page has left it.';
        } catch (error) {
            return `That peer cannot be reached: ${/** @type {Error} */ (error).message}`;
        }
    }

    /** What a person sees of all. @returns {PeerRow[]} */
    rows() {
        const known = new Map(this._known.list().map((one) => [one.id, one]));
        const ids = new Set([...(this._node?.getPeers() ?? []).map(String), ...known.keys()]);
        return [...ids].map((id) => {
            const { computes = [], carries = false, models = [], running = 0, waiting = 0 } = known.get(id) ?? {};
            return { id, isOperators: this._certificates.isCertified(id), way: this._way(id), computes, carries, models, running, waiting, ...this._qualities.of(id) };
        });
    }

    // --- finding -----------------------------------------------------------------------------------

    async _look() {
        this._isAsked = true;
        if (!this._node || this._wanted.most === 0 || this._isLooking) return;
        clearTimeout(this._timer);
        this._isLooking = true;
        this._isAsked = false;
        try {
            await this._certificates.ask(this._wanted.every); // a newcomer changes nothing of it
            if (this._wanted.most === 0) return;
            if (this._ticket) this._gossip.join(); // a service that has started again has another network
            await this._meetOperators();
            await this._meetPages();
            this._endRelays();
        } finally {
            this._isLooking = false;
            if (this._wanted.most > 0) this._timer = setTimeout(() => this._look(), this._isAsked ? 0 : this._wanted.every);
            else this.want(0, 0); // those that have come meanwhile are not wanted either
        }
    }

    /** By the list of the service; and by the DHT, which knows other ways to them. */
    async _meetOperators() {
        const listed = this._certificates.addresses;
        for (const address of [...this._first.filter((one) => listed.includes(one)), ...listed])
            if (this._operators().length < OPERATORS) await this._keep(address);
        const met = this._operators().length;
        if (met === 0 || met >= Math.min(OPERATORS, new Set(listed.map(peerOf)).size)) return;
        for await (const { id } of this._closest()) if (this._certificates.isCertified(String(id)) && this._way(String(id)) === 'none') await this._dial(id);
    }

    /** The DHT's peers, as many as answer in time. */
    async *_closest() {
        try {
            yield* /** @type {Libp2p<any>} */ (this._node).peerRouting.getClosestPeers(this._node?.peerId.toMultihash().bytes ?? new Uint8Array(), { signal: AbortSignal.timeout(DIAL_MS) });
        } catch {
            // it has said what it knows
        }
    }

    /** @param {string} address of one of the operator's peers */
    async _keep(address) {
        const id = peerIdFromString(peerOf(address)), to = multiaddr(address);
        if (this._wanted.most === 0 || this._way(String(id)) !== 'none') return;
        await this._node?.peerStore.merge(id, { multiaddrs: [to], tags: KEPT });
        await this._dial(to);
    }

    async _meetPages() {
        const missing = this._wanted.most - this._pages().length;
        const isMet = (/** @type {string} */ id) => this._way(id) === 'direct' || (this._way(id) === 'relayed' && !this._hasWebRTC);
        await Promise.all(this._known.choose(Math.min(missing, DIALS), isMet).map((known) => this._meet(known)));
    }

    /** Directly if both have WebRTC, else through a peer; without an address, the DHT is asked for one. @param {Known} known */
    async _meet({ id, addresses }) {
        const isRelayed = this._way(id) === 'relayed';
        const usable = addresses.filter((one) => peerOf(one) === id && (isDirect(one) || !isRelayed) && this._isReached(one));
        if (usable.length > 0) await this._dial(usable.map((one) => multiaddr(one)), isRelayed);
        else if (!isRelayed) await this._dial(peerIdFromString(id));
    }

    /** Beside a direct connection, a relayed one is of no use, but to the service. */
    _endRelays() {
        for (const connection of this._node?.getConnections() ?? [])
            if (connection.limits && this._way(String(connection.remotePeer)) === 'direct' && !this._certificates.isCertified(String(connection.remotePeer)))
                connection.close().catch(() => {});
    }

    /** @param {any} to @param {boolean} [force] although there is a connection */
    async _dial(to, force = false) {
        if (this._wanted.most > 0) await this._node?.dial(to, { signal: AbortSignal.timeout(DIAL_MS), force }).catch(() => {});
    }

    /** @param {string} address */
    _isReached(address) {
        return refusalOf(address, this._certificates.addresses, this._hasWebRTC) === '' && !isUnvouched(address, (id) => this._certificates.isCertified(id));
    }

    // --- who is there ------------------------------------------------------------------------------

    /** @param {string} id @returns {PeerRow['way']} */
    _way(id) {
        const open = (this._node?.getConnections() ?? []).filter(({ remotePeer, status }) => String(remotePeer) === id && status === 'open');
        return open.length === 0 ? 'none' : open.some(({ limits }) => !limits) ? 'direct' : 'relayed';
    }

    _operators() {
        return (this._node?.getPeers() ?? []).filter((peer) => this._certificates.isCertified(String(peer)));
    }

    _pages() {
        return (this._node?.getPeers() ?? []).filter((peer) => !this._certificates.isCertified(String(peer)));
    }

    /** Where others reach this page, through peers. */
    _addresses() {
        return (this._node?.getMultiaddrs() ?? []).map(String).filter((address) => address.includes('/p2p-circuit'));
    }

    /** Connected pages that carry others, at random. */
    carriers() {
        return shuffled(this._known.list().filter(({ id, carries }) => carries && this._way(id) === 'direct').map(({ id }) => id));
    }

    /** A circuit begins on the first connection of all to a page, which must be no circuit. @param {string} address of one */
    clear(address) {
        const page = peerOf(firstOf(address));
        for (const connection of this._node?.getConnections() ?? [])
            if (connection.limits && String(connection.remotePeer) === page && this._way(page) === 'direct') connection.abort(new Error('there is a direct one'));
    }

    // --- telling -----------------------------------------------------------------------------------

    /** What is new, or the load; not too often. */
    tell() {
        const now = performance.now(), { computes, models, running, waiting } = this._own, me = String(this._node?.peerId);
        if (!this._ticket || this._wanted.most === 0 || now - this._toldAt < GOSSIP_MS) return;
        const data = { ticket: this._ticket, computes, ...(this.carries ? { carries: true } : {}), addresses: this._addresses().filter((one) => this._isReached(one)).slice(0, ADDRESSES) };
        const text = JSON.stringify(data), { text: before, at, again } = this._announced, isNew = text !== before;
        if (isNew || now - at >= again) {
            if (!this._gossip.tell('announcement', me, data)) return;
            this._announced = { text, at: now, again: isNew ? AGAIN_MS : Math.min(2 * again, AGAIN_MAX_MS) };
        } else if (!this._gossip.tell('heartbeat', me, { models: models.slice(0, MODELS), running, waiting })) return;
        this._toldAt = now;
    }
}
