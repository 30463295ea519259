/**
 * Peers of libp2p, in the document: the script of its own that only a page loads whose link or person asks for it. Through peers that
 * the service has certified, the page's link reaches the service; and there may be other pages (swarm.js). Each way to the service is
 * a connection of its own with one stream, so that a new try never waits for an old connection.
 */
import { multiaddr } from '@multiformats/multiaddr';
import { NODE_STREAM } from '../shared/node_frames.js';
import { Certificates } from './certificates.js';
import { Exchange } from './exchange.js';
import { Gossip, GOSSIP_MS } from './gossip.js';
import { Members } from './members.js';
import { makeNode } from './node.js';
import { PeerSocket } from './peer_socket.js';
import { joinPort } from './ports.js';
import { Qualities } from './quality.js';
import { Swarm } from './swarm.js';

/** @import { Connection, Libp2p } from '@libp2p/interface' */
/** @import { Own, PeerRow } from '../shared/messages.js' */
/** @import { Way } from './peer_socket.js' */

const DIAL_MS = 8000;
const LEAVE_MS = 2000;
/** Messages of one peer that come closer are not passed on. */
const TELL_MS = GOSSIP_MS + 1000;
/** WebKitGTK has none. */
const HAS_WEBRTC = typeof RTCPeerConnection !== 'undefined';
/** Browsers give no place for files to a page that came over plain http from another machine. */
const IS_SECURE = globalThis.isSecureContext ?? true;
/** What a browser may lack, and what that means. @type {[isThere: boolean, sentence: string][]} */
const PROBLEMS = [
    [HAS_WEBRTC, 'This browser has no WebRTC, so its connections to other pages go through the operator’s peers, and its models come from the service.'],
    [IS_SECURE, 'This page did not come over https, so its models come from the service, and not from other pages.'],
    [!IS_SECURE || typeof globalThis.navigator?.storage?.getDirectory === 'function', 'This browser keeps no files for a page, so its models come from the service, and not from other pages.'],
];
const now = () => performance.now();

/** @typedef {object} Around
 * @property {() => Promise<unknown>} ask what the service says of its peers (GET /peers) @property {string[]} first addresses that the link names
 * @property {(id: string) => void} born the page has this peer @property {(id: string, file: string) => void} accuse that peer has lied about a file
 * @property {() => boolean} mayAsk whether its person lets STUN servers see its address */

/** What was sent still goes, where the peer takes it. @param {Connection} connection */
const leave = (connection) => connection.close({ signal: AbortSignal.timeout(LEAVE_MS) }).catch((error) => connection.abort(error));

export class Peers {
    /** @param {Around} around */
    constructor({ ask, first, born, accuse, mayAsk }) {
        this._born = born;
        this._mayAsk = mayAsk;
        this._certificates = new Certificates(ask, now);
        this._members = new Members(this._certificates, now, (connection) => {
            this._exchange.look();
            return this._swarm.accepted(connection);
        });
        this._exchange = new Exchange(this._certificates, this._members, now, accuse);
        this._gossip = new Gossip(this._certificates, this._members, now, (told) => this._swarm.hear(told));
        this._qualities = new Qualities();
        this._swarm = new Swarm(this._certificates, this._gossip, this._qualities, first, HAS_WEBRTC);
        /** @type {Promise<Libp2p<any>> | null} */
        this._made = null;
        /** Those to the service, each until it is closed. @type {Set<Promise<void>>} */
        this._ways = new Set();
        /** What ends with it. @type {(() => void)[]} */
        this._ends = [];
        /** What this browser lacks, in sentences; or "". */
        this.problem = PROBLEMS.filter(([isThere]) => !isThere).map(([, sentence]) => sentence).join(' ');
    }

    /** Joins the port to the service, through the peer at that address. Nothing is sent there without a certificate.
     * @param {string} address @param {MessagePort} port */
    open(address, port) {
        const over = joinPort(new PeerSocket(() => this._way(address)), port);
        this._ways.add(over);
        over.then(() => this._ways.delete(over));
    }

    /** @param {string} address @returns {Promise<Way>} */
    async _way(address) {
        await this._certificates.check(address);
        const node = await this._node(), signal = AbortSignal.timeout(DIAL_MS);
        const connection = await node.dial(multiaddr(address), { signal, force: true });
        try {
            const stream = await connection.newStream(NODE_STREAM, { signal });
            return { stream, release: () => leave(connection) };
        } catch (error) {
            leave(connection);
            throw error;
        }
    }

    /** So many other pages; looks for more after so many ms. @param {number} most @param {number} every */
    async want(most, every) {
        if (most > 0) await this._node();
        this._swarm.want(most, every);
        this._exchange.want(most > 0);
    }

    /** Other pages may have the files of an engine worker. @param {MessagePort} port @returns {() => void} it has ended */
    share(port) {
        return this._exchange.attach(port);
    }

    /** @param {Record<string, unknown>} ticket by which this page's peer is known as a node of its service */
    hold(ticket) {
        this._swarm.hold(ticket);
        this._members.hold(ticket);
    }

    /** What others may know. @param {Own} own */
    is(own) {
        this._swarm.is(own);
    }

    /** A person names a peer. @param {string} address @returns {Promise<string>} why it is not met, in a sentence; or "" */
    async add(address) {
        await this._node();
        await this._certificates.ask();
        return this._swarm.add(address.trim());
    }

    /** @returns {PeerRow[]} */
    rows() {
        return this._swarm.rows();
    }

    /** The servers that its person is asked about. */
    get stun() {
        return this._certificates.stun;
    }

    /** After what still goes to the service. */
    async end() {
        for (const end of this._ends) end();
        this._swarm.want(0, 0);
        this._exchange.want(false);
        await Promise.all(this._ways);
        await (await this._made)?.stop();
    }

    _node() {
        this._made ??= this._make();
        return this._made;
    }

    async _make() {
        await this._certificates.ask();
        const node = await makeNode({
            hasWebRTC: HAS_WEBRTC, certificates: this._certificates, members: this._members, gossip: this._gossip, qualities: this._qualities,
            isFull: () => this._swarm.isFull, isNamed: (address) => this._swarm.named.has(address), stun: () => (this._mayAsk() ? this.stun : []),
        });
        await this._members.watch(node);
        await this._exchange.begin(node);
        const tells = setInterval(() => this._swarm.tell(), TELL_MS);
        this._ends.push(this._qualities.watch(node), this._gossip.sweep(), () => clearInterval(tells));
        this._born(String(node.peerId));
        this._swarm.begin(node);
        return node;
    }
}
