/**
 * The page's node of libp2p: WebSockets to the operator's peers, WebRTC and relayed circuits to all others. It dials whom reach.js
 * allows, and keeps whom members.js lets stay.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identified } from './insist.js';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { webRTC, webRTCDirect } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { DHT, WINDOW } from '../shared/node_frames.js';
import { Notes } from './notes.js';
import { isDirect, isUnvouched, refusalOf } from './reach.js';
import { withShortMessages } from './short_messages.js';
import { endWith } from './sockets.js';

/** @import { Multiaddr } from '@multiformats/multiaddr' */
/** @import { Carrier } from './carrier.js' */
/** @import { Certificates } from './certificates.js' */
/** @import { Gossip } from './gossip.js' */
/** @import { Members } from './members.js' */
/** @import { Qualities } from './quality.js' */

/** To 50 pages, each with a direct and a relayed one, and to some that have not shown a ticket yet. */
const CONNECTIONS = 128;

/** @param {object} parts @param {boolean} parts.hasWebRTC whether this browser has it @param {Certificates} parts.certificates
 * @param {Carrier} parts.carrier @param {Members} parts.members @param {Gossip} parts.gossip @param {Qualities} parts.qualities
 * @param {() => boolean} parts.isFull there are as many peers as its person wants @param {(address: string) => boolean} parts.isNamed by that person
 * @param {() => string[]} parts.stun servers that its person lets see this browser's address */
export function makeNode({ hasWebRTC, carrier, certificates, members, gossip, qualities, isFull, isNamed, stun }) {
    const isRefused = (/** @type {string} */ address) => refusalOf(address, certificates.addresses, hasWebRTC) !== ''
        || (isUnvouched(address, (id) => certificates.isCertified(id)) && !isNamed(address));
    // A WebSocket with more than 4 MiB to send is looked at by a timer, which a hidden page's browser holds up. Streams have less on their way.
    const rtcConfiguration = () => ({ iceServers: stun().map((urls) => ({ urls })) });
    return createLibp2p({
        addresses: { listen: hasWebRTC ? ['/webrtc'] : [] },
        transports: [webSockets(), (components) => circuitRelayTransport()(withShortMessages(components)), ...(hasWebRTC ? [webRTC({ rtcConfiguration }), webRTCDirect({ rtcConfiguration })] : [])],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })],
        connectionGater: {
            denyDialMultiaddr: (address) => isRefused(String(address)),
            denyOutboundConnection: (peer, connection) => {
                endWith(connection);
                return false;
            },
            denyDialPeer: (peer) => members.isAway(String(peer)),
            denyInboundEncryptedConnection: (peer) => members.isAway(String(peer)),
            denyInboundRelayedConnection: (relay, peer) => members.isAway(String(peer)) || isFull(),
            denyInboundRelayReservation: (peer) => !carrier.mayReserve(String(peer)),
            denyOutboundRelayedConnection: (from, to) => !carrier.mayCarry(String(from), String(to)),
        },
        connectionManager: { maxConnections: CONNECTIONS, addressSorter: (a, b) => (isDirect(String(a.multiaddr)) === isDirect(String(b.multiaddr)) ? 0 : isDirect(String(a.multiaddr)) ? -1 : 1) },
        // What is silent is measured (quality.js). A slow page is not to lose its connections.
        connectionMonitor: { enabled: false },
        datastore: new Notes(CONNECTIONS, (peer) => members.isNear(peer)),
        metrics: () => qualities.metrics(),
        services: {
            identify: identified(), ping: ping(), pubsub: gossip.service(),
            dht: kadDHT({ protocol: DHT, clientMode: true, peerInfoMapper: passthroughMapper, allowQueryWithZeroPeers: true }),
            carrier: carrier.service(),
            // Where others reach it: a place at a peer, once that has taken its ticket. And a dial that waits for no other one to the same peer.
            places: (/** @type {any} */ { transportManager }) => ({ listen: (/** @type {Multiaddr} */ address) => transportManager.listen([address]),
                dial: (/** @type {Multiaddr} */ address, /** @type {AbortSignal} */ signal) => transportManager.dial(address, { signal }) }),
        },
    });
}
