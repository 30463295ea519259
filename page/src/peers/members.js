/**
 * Who may stay connected to a peer: the peers that the service has certified, and those that have shown that they are nodes of the
 * service, by a ticket that it has signed. A page shows its own. Pages and webinfer-peer use this file. It uses no browser globals.
 */
import { MEMBER_STREAM, OVER_CIRCUITS, TICKET_MAX } from '../shared/node_frames.js';
import { insist } from './insist.js';

/** @import { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface' */
/** @import { Certificates } from './certificates.js' */

/** A connection has so long to show a ticket, and at most so long once that has ended. */
export const SHOW_MS = 10_000;
/** Who was sent away stays away for so long, as that peer. */
const AWAY_MS = 600_000;
/** The latest peers of either kind that are remembered. */
const MOST = 4096;

export class Members {
    /** @param {Certificates} certificates @param {() => number} now in ms, as that of `certificates`
     * @param {(connection: Connection) => void} [onAccepted] the other end of this connection has taken our ticket */
    constructor(certificates, now, onAccepted = () => {}) {
        this._certificates = certificates;
        this._now = now;
        this._onAccepted = onAccepted;
        /** Connections that need one, and what ends those without it. @type {Map<string, ReturnType<typeof setTimeout>>} */
        this._looks = new Map();
        /** Until when a peer's ticket is good. @type {Map<string, number>} */
        this._until = new Map();
        /** Until when a peer is away. @type {Map<string, number>} */
        this._away = new Map();
        /** @type {Libp2p | null} */
        this._node = null;
        /** Our own, as it is sent. @type {Uint8Array | null} */
        this._ticket = null;
    }

    /** @param {Libp2p} node */
    watch(node) {
        this._node = node;
        node.addEventListener('connection:open', ({ detail }) => this._open(detail));
        node.addEventListener('connection:close', ({ detail }) => this._forget(detail));
        return node.handle(MEMBER_STREAM, (stream, connection) => this._hear(stream, connection), { maxInboundStreams: 1, ...OVER_CIRCUITS });
    }

    /** @param {string} peer */
    has(peer) {
        return (this._until.get(peer) ?? 0) > this._now() || this._certificates.isCertified(peer);
    }

    /** Whether it is connected, or our own node. @param {PeerId} peer */
    isNear(peer) {
        return peer.equals(this._node?.peerId) || (this._node?.getConnections(peer).length ?? 0) > 0;
    }

    /** @param {string} peer */
    isAway(peer) {
        return (this._away.get(peer) ?? 0) > this._now();
    }

    /** Sends it away. @param {string} peer */
    expel(peer) {
        note(this._away, peer, this._now() + AWAY_MS);
        this._until.delete(peer);
        for (const connection of this._node?.getConnections() ?? [])
            if (String(connection.remotePeer) === peer) connection.abort(new Error('the peer breaks the rules'));
    }

    /** Ours, from now on. @param {Record<string, unknown>} ticket */
    hold(ticket) {
        this._ticket = new TextEncoder().encode(JSON.stringify(ticket));
        for (const connection of this._node?.getConnections() ?? []) this._show(connection);
    }

    /** A ticket that has ended counts as none, so it is looked at again now and then.
     * @param {Connection} connection */
    _open(connection) {
        const peer = String(connection.remotePeer), wait = () => this._looks.set(connection.id, setTimeout(look, SHOW_MS));
        const look = () => {
            if (this._certificates.isCertified(peer)) return; // that is looked at when something is sent there
            if (this.has(peer)) wait();
            else connection.abort(new Error('the peer has shown no ticket that is good'));
        };
        wait();
        this._show(connection);
    }

    /** @param {Connection} connection */
    _forget({ id }) {
        clearTimeout(this._looks.get(id));
        this._looks.delete(id);
    }

    /** The other end closes its side of the stream once it has taken the ticket. Else it cuts us, which is seen then.
     * @param {Connection} connection */
    async _show(connection) {
        const ticket = this._ticket;
        if (ticket && await insist(connection, (signal) => show(connection, ticket, signal))) this._onAccepted(connection);
    }

    /** @param {Stream} stream @param {Connection} connection */
    async _hear(stream, connection) {
        const peer = String(connection.remotePeer);
        try {
            const ticket = JSON.parse(await textOf(stream));
            if (!await this._certificates.isTicket(ticket, peer)) throw new Error('this is no ticket of the peer for this service');
            note(this._until, peer, this._certificates.end(ticket));
            await stream.close();
        } catch (error) {
            stream.abort(/** @type {Error} */ (error));
        }
    }
}

/** @param {Connection} connection @param {Uint8Array} ticket @param {AbortSignal} signal @returns {Promise<true>} rejects if it is not taken */
async function show(connection, ticket, signal) {
    const stream = await connection.newStream(MEMBER_STREAM, { signal, ...OVER_CIRCUITS });
    const taken = new Promise((resolve, reject) => {
        stream.addEventListener('remoteCloseWrite', resolve);
        stream.addEventListener('close', ({ error }) => (error ? reject(error) : resolve(null)));
        signal.addEventListener('abort', () => stream.abort(signal.reason));
    });
    taken.catch(() => {});
    stream.send(ticket);
    await stream.close({ signal });
    await taken;
    return true;
}

/** @param {Map<string, number>} list @param {string} peer @param {number} until */
function note(list, peer, until) {
    list.delete(peer);
    list.set(peer, until);
    if (list.size > MOST) list.delete(/** @type {string} */ (list.keys().next().value));
}

/** @param {Stream} stream @returns {Promise<string>} all of it */
async function textOf(stream) {
    const decoder = new TextDecoder();
    let size = 0, text = '';
    for await (const piece of stream) {
        size += piece.byteLength;
        if (size > TICKET_MAX) throw new Error(`a ticket has at most ${TICKET_MAX} bytes`);
        text += decoder.decode(piece.subarray(), { stream: true });
    }
    return text;
}
