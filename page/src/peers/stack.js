/**
 * The parts of libp2p of which a page and webinfer-peer have the same: how connections are encrypted and divided into streams, whom
 * they last for, and what runs over them. It uses no browser globals.
 */
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { yamux } from '@libp2p/yamux';
import { DHT, WINDOW } from '../shared/node_frames.js';
import { identified } from './insist.js';
import { Notes } from './notes.js';
import { endWith } from './sockets.js';

/** @import { ConnectionGater } from '@libp2p/interface' */
/** @import { Gossip } from './gossip.js' */
/** @import { Members } from './members.js' */

/** @param {Members} members @param {number} most connections */
export const makeStack = (members, most) => ({
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })],
    datastore: new Notes(most, (peer) => members.isNear(peer)),
});

/** What keeps a connection from coming about, or has it end as a whole. @param {Members} members @returns {ConnectionGater} */
export const makeGate = (members) => ({
    denyOutboundConnection: (peer, connection) => {
        endWith(connection);
        return false;
    },
    denyInboundEncryptedConnection: (peer) => members.isAway(String(peer)),
});

/** @param {Gossip} gossip @param {boolean} isServer whether it has a part of the DHT, and answers others about it */
export const makeServices = (gossip, isServer) => ({
    identify: identified(), ping: ping(), pubsub: gossip.service(),
    dht: kadDHT({ protocol: DHT, clientMode: !isServer, peerInfoMapper: passthroughMapper, allowQueryWithZeroPeers: true }),
});
