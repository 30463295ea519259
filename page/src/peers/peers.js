/**
 * Peers of libp2p, in the document: the script of its own that only a page loads whose link or person asks for it. Through peers that
 * the service has certified, the page's link reaches the service; and there may be other pages (swarm.js). Each way to the service is
 * a connection of its own with one stream, so that a new try never waits for an old connection.
 */
import { multiaddr } from '@multiformats/multiaddr';
import { ANY_PEER } from '../link/port_socket.js';
import { NODE_STREAM, OVER_CIRCUITS } from '../shared/node_frames.js';
import { Carrier } from './carrier.js';
import { Certificates } from './certificates.js';
import { Exchange } from './exchange.js';
import { Files } from './files.js';
import { Gossip, GOSSIP_MS } from './gossip.js';
import { Members } from './members.js';
import { makeNode } from './node.js';
import { PeerSocket } from './peer_socket.js';
import { joinPort } from './ports.js';
import { Qualities } from './quality.js';
import { firstOf, peerOf } from './reach.js';
import { Swarm } from './swarm.js';
import { Ways } from './ways.js';

/** @import { Connection, Libp2p } from '@libp2p/interface' */
/** @import { FileRequest, Own, PeerRow } from '../shared/messages.js' */
/** @import { Limits } from './carrier.js' */
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

/** @param {Connection} connection @param {AbortSignal} signal @returns {Promise<Way>} */
async function streamOn(connection, signal) {
    try {
        const stream = await connection.newStream(NODE_STREAM, { signal, ...OVER_CIRCUITS });
        return { stream, release: () => leave(connection) };
    } catch (error) {
        leave(connection);
        throw error;
    }
}

export class Peers {
    /** @param {Around} around */
    constructor({ ask, first, born, accuse, mayAsk }) {
        this._born = born;
        this._mayAsk = mayAsk;
        /** By which the page reaches its service, where it was left to choose; the last one counts. @type {Connection[]} */
        this._present = [];
        /** What its person has allowed last. @type {Limits | null} */
        this._carries = null;
        this._files = new Files();
        this._certificates = new Certificates(() => ask().catch(async () => this._certificates.believe(await this._files.json('/peers'))), now);
        this._members = new Members(this._certificates, now, (connection) => {
            this._exchange.look();
            return this._swarm.accepted(connection);
        });
        this._exchange = new Exchange(this._certificates, this._members, accuse);
        this._gossip = new Gossip(this._certificates, this._members, now, (told) => this._swarm.hear(told));
        this._qualities = new Qualities();
        this._carrier = new Carrier(this._certificates, this._members);
        this._swarm = new Swarm(this._certificates, this._gossip, this._qualities, first, HAS_WEBRTC);
        this._left = new Ways(this._certificates, () => this._swarm.carriers(), (address, signal) => this._dial(address, signal));
        /** @type {Promise<Libp2p<any>> | null} */
        this._made = null;
        /** Why it could not be made, in a sentence; or "". */
        this.fault = '';
        /** Those to the service, each until it is closed. @type {Set<Promise<void>>} */
        this._ways = new Set();
        /** What this browser lacks, in sentences; or "". */
        this.problem = PROBLEMS.filter(([isThere]) => !isThere).map(([, sentence]) => sentence).join(' ');
    }

    /** Joins the port to the service, through the peer at that address, or by whatever way leads there. Nothing is sent to a peer
     * without a certificate. @param {string} address or ANY_PEER @param {MessagePort} port */
    open(address, port) {
        const over = joinPort(new PeerSocket(() => (address === ANY_PEER ? this._anyWay() : this._way(address))), port);
        this._ways.add(over);
        over.then(() => this._ways.delete(over));
    }

    /** @param {string} address @returns {Promise<Way>} */
    async _way(address) {
        await this._certificates.check(address);
        const node = await this._node(), signal = AbortSignal.timeout(DIAL_MS);
        return streamOn(await node.dial(multiaddr(address), { signal, force: true }), signal);
    }

    /** The certificates are those that the service has given before. @returns {Promise<Way>} */
    async _anyWay() {
        await this._node();
        const connection = await this._left.open(), { stream, release } = await streamOn(connection, AbortSignal.timeout(DIAL_MS));
        this._use([...this._present, connection]);
        return { stream, release: () => {
            this._use(this._present.filter((one) => one !== connection));
            release();
        } };
    }

    /** @param {Connection[]} present */
    _use(present) {
        this._present = present;
        this._files.use(present.at(-1) ?? null);
    }

    /** @param {string} address @param {AbortSignal} signal @returns {Promise<Connection>} */
    async _dial(address, signal) {
        const node = await this._node();
        if (firstOf(address) !== address) this._swarm.clear(address);
        return node.services.places.dial(multiaddr(address), signal);
    }

    /** Whether this page carries others to its service, within which limits. @param {Limits | null} limits */
    async carry(limits) {
        this._carries = limits;
        if (limits) await this._node().catch(() => {}); // its person is told
        this._swarm.carries = this._carries !== null;
        await this._carrier.carry(this._carries); // which may be another wish by now
    }

    /** A file that an engine worker wants. @param {FileRequest} request @param {MessagePort} port @param {(bytes: number) => void} told */
    get(request, port, told) {
        this._files.get(request, port, told);
    }

    /** How many circuits of others go on here. */
    get carried() {
        return this._carrier.count;
    }

    /** The page's own way to its service, if it was left to choose: the peer or the page that it begins at; or "". */
    get way() {
        return peerOf(firstOf(String(this._present.at(-1)?.remoteAddr ?? '')));
    }

    /** So many other pages; looks for more after so many ms. @param {number} most @param {number} every */
    async want(most, every) {
        this._swarm.want(most, every);
        this._exchange.want(most > 0);
        if (most > 0) await this._node().catch(() => {}); // its person is told
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
        this._swarm.want(0, 0);
        this._exchange.want(false);
        await Promise.all(this._ways);
        await (await this._made?.catch(() => null))?.stop();
    }

    /** One that could not be made is tried again at the next wish. */
    _node() {
        this._made ??= this._make().catch((error) => {
            this._made = null;
            this.fault = `The connections to other browsers could not be begun: ${error.message}`;
            throw error;
        });
        return this._made;
    }

    async _make() {
        await this._certificates.ask();
        const node = await makeNode({
            hasWebRTC: HAS_WEBRTC, carrier: this._carrier, certificates: this._certificates, members: this._members, gossip: this._gossip, qualities: this._qualities,
            isFull: () => this._swarm.isFull, isNamed: (address) => this._swarm.named.has(address), stun: () => (this._mayAsk() ? this.stun : []),
        });
        await this._members.watch(node);
        await this._exchange.begin(node);
        this.fault = '';
        const tells = setInterval(() => this._swarm.tell(), TELL_MS), ends = [this._qualities.watch(node), this._gossip.sweep(), () => clearInterval(tells)];
        node.addEventListener('stop', () => ends.forEach((end) => end()));
        this._born(String(node.peerId));
        this._swarm.begin(node);
        return node;
    }
}
