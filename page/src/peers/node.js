/**
 * The page's node of libp2p: WebSockets to the operator's peers, WebRTC and relayed circuits to all others. It dials whom reach.js
 * allows, and keeps whom members.js lets stay.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { webRTC, webRTCDirect } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { isDirect, isUnvouched, refusalOf } from './reach.js';
import { withShortMessages } from './short_messages.js';
import { makeGate, makeServices, makeStack } from './stack.js';

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
        ...makeStack(members, CONNECTIONS),
        addresses: { listen: hasWebRTC ? ['/webrtc'] : [] },
        transports: [webSockets(), (components) => circuitRelayTransport()(withShortMessages(components)), ...(hasWebRTC ? [webRTC({ rtcConfiguration }), webRTCDirect({ rtcConfiguration })] : [])],
        connectionGater: {
            ...makeGate(members),
            denyDialMultiaddr: (address) => isRefused(String(address)),
            denyDialPeer: (peer) => members.isAway(String(peer)),
            denyInboundRelayedConnection: (relay, peer) => members.isAway(String(peer)) || isFull(),
            denyInboundRelayReservation: (peer) => !carrier.mayReserve(String(peer)),
            denyOutboundRelayedConnection: (from, to) => !carrier.mayCarry(String(from), String(to)),
        },
        connectionManager: { maxConnections: CONNECTIONS, addressSorter: (a, b) => (isDirect(String(a.multiaddr)) === isDirect(String(b.multiaddr)) ? 0 : isDirect(String(a.multiaddr)) ? -1 : 1) },
        // What is silent is measured (quality.js). A slow page is not to lose its connections.
        connectionMonitor: { enabled: false },
        metrics: () => qualities.metrics(),
        services: {
            ...makeServices(gossip, false),
            carrier: carrier.service(),
            // Where others reach it: a place at a peer, once that has taken its ticket. And a dial that waits for no other one to the same peer.
            places: (/** @type {any} */ { transportManager }) => ({ listen: (/** @type {Multiaddr} */ address) => transportManager.listen([address]),
                dial: (/** @type {Multiaddr} */ address, /** @type {AbortSignal} */ signal) => transportManager.dial(address, { signal }) }),
        },
    });
}
