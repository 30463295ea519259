/**
 * The page's ways through peers, by libp2p over WebSockets. The link worker loads this script when its link names a peer. Each
 * way is a connection of its own with one stream, so that a new try never waits for an old connection.
 */
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { MEMBER_STREAM, NODE_STREAM, WINDOW } from '../shared/node_frames.js';
import { Certificates } from './certificates.js';

/** @import { Connection, Libp2p } from '@libp2p/interface' */
/** @import { Way } from '../link/peer_socket.js' */

const ASK_TIMEOUT_MS = 3000;
const DIAL_TIMEOUT_MS = 8000;
const LEAVE_TIMEOUT_MS = 2000;

async function askOrigin() {
    const response = await fetch('/peers', { cache: 'no-store', signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    return response.json();
}

/** What was sent still goes, where the peer takes it. @param {Connection} connection */
const leave = (connection) => connection.close({ signal: AbortSignal.timeout(LEAVE_TIMEOUT_MS) }).catch((error) => connection.abort(error));

/** @param {Connection} connection @param {Record<string, unknown>} ticket */
async function show(connection, ticket) {
    const stream = await connection.newStream(MEMBER_STREAM, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) });
    stream.send(new TextEncoder().encode(JSON.stringify(ticket)));
    await stream.close();
}

export class Peers {
    constructor() {
        this._certificates = new Certificates(askOrigin, () => performance.now());
        /** @type {Promise<Libp2p> | null} */
        this._made = null;
    }

    /** A stream to the peer at that address, for what a WebSocket to the service would be sent. Rejects if the peer has no certificate,
     * before anything is sent, or cannot be reached. @param {string} address @returns {Promise<Way>} */
    async open(address) {
        await this._certificates.check(address);
        this._made ??= this._make();
        const node = await this._made, signal = AbortSignal.timeout(DIAL_TIMEOUT_MS);
        const connection = await node.dial(multiaddr(address), { signal, force: true });
        try {
            const stream = await connection.newStream(NODE_STREAM, { signal });
            return { stream, release: () => leave(connection), show: (ticket) => show(connection, ticket) };
        } catch (error) {
            leave(connection);
            throw error;
        }
    }

    /** It listens nowhere. Addresses are the operator's, so that private ones, and those without TLS, are no mistake. */
    _make() {
        return createLibp2p({
            addresses: { listen: [] },
            transports: [webSockets()],
            connectionEncrypters: [noise()],
            streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })],
            connectionGater: { denyDialMultiaddr: () => false },
            services: { identify: identify(), ping: ping() },
        });
    }
}
