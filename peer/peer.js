/**
 * The peer itself: a node of libp2p that leads node streams to the bridge, and where pages find each other: it relays circuits,
 * serves the DHT of the service's own network and passes on its gossip. Pages that are willing lead others here. Everything has a limit.
 */
import fs from 'node:fs';
import { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { Certificates } from '../page/src/peers/certificates.js';
import { Gossip } from '../page/src/peers/gossip.js';
import { Members } from '../page/src/peers/members.js';
import { isSocket } from '../page/src/peers/reach.js';
import { withShortMessages } from '../page/src/peers/short_messages.js';
import { makeGate, makeServices, makeStack } from '../page/src/peers/stack.js';
import { Lanes } from '../page/src/shared/lane.js';
import { FILES_STREAM, NODE_STREAM, OVER_CIRCUITS } from '../page/src/shared/node_frames.js';
import { join } from './door.js';
import { meetFellows } from './fellows.js';
import { answerFile } from './files.js';
import { gate } from './gate.js';
import { makeAsking } from './origin.js';
import { Places } from './places.js';

/** @import { PrivateKey } from '@libp2p/interface' */
/** @import { Multiaddr } from '@multiformats/multiaddr' */
/** @typedef {{host: string, port: number}} Place */

/** Connections that are not encrypted yet, at a time. */
const PENDING_MAX = 64;
const ASK_TIMEOUT_MS = 5000;
/** Files that a node asks for at a time: each of its engines asks for four. */
const FILES_MAX = 32;
/** And so many of them come from the bridge at a time, so that one peer leaves most connections to it to others. Beside them comes one of what
 * is short, the lists of peers and of blocks: a node needs these while it loads. */
const FILES_ABREAST = 4, LISTS_ABREAST = 1;
const now = () => performance.now();

/** @param {string} file @returns {Promise<PrivateKey>} */
export async function keyOf(file) {
    if (fs.existsSync(file)) return readKey(file);
    const key = await generateKeyPair('Ed25519');
    fs.writeFileSync(file, privateKeyToProtobuf(key), { mode: 0o600, flag: 'wx' });
    return key;
}

/** @param {string} file @returns {PrivateKey} */
function readKey(file) {
    const bytes = fs.readFileSync(file);
    try {
        return privateKeyFromProtobuf(bytes);
    } catch {
        throw new Error(`${file} is no key that webinfer-peer has made`);
    }
}

/** What the service says of its peers. @param {string} bridge its origin @returns {Promise<unknown>} */
const ask = async (bridge) => (await fetch(`${bridge}/peers`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })).json();

/** @param {Place} place @param {string} rest */
const addressOf = ({ host, port }, rest) => `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}${rest.replace('PORT', String(port))}`;

/** Where it is reached: instead of its own WebSockets, at the address that the operator names, if there is one.
 * @param {string[]} listen @param {string} [announce] */
const addressesOf = (listen, announce) => (announce ? { listen, appendAnnounce: [announce],
    announceFilter: (/** @type {Multiaddr[]} */ all) => all.filter((one) => !isSocket(String(one)) || String(one).startsWith(announce)) } : { listen });

/** Whether a path that is passed on is that of a model's file. @param {string} path */
const isFile = (path) => path.startsWith('/models/') && !path.includes('?');

/** The package is loaded only here: its native part is not among what this program ships. @returns {Promise<any[]>} */
async function directTransports() {
    const { webRTCDirect } = await import('./webrtc.js');
    return [webRTCDirect({ rtcConfiguration: { iceServers: [] } })];
}

/** @param {{key: PrivateKey, bridge: string, place: Place, direct: Place | null, announce?: string, tls: {cert: Buffer, key: Buffer} | null,
 *   most: number, mostOfOne: number, relay: {reservations: number, bytes: number, seconds: number}, tell: (fault: string) => void}} options */
export async function startPeer({ key, bridge, place, direct, announce, tls, most, mostOfOne, relay, tell }) {
    const certificates = new Certificates(() => ask(bridge), now), members = new Members(certificates, now), places = new Places();
    const gossip = new Gossip(certificates, members, now, (told) => places.hear(told)), askBridge = makeAsking(bridge);
    const files = new Lanes(FILES_ABREAST), lists = new Lanes(LISTS_ABREAST);
    const listen = [addressOf(place, `/tcp/PORT${tls ? '/tls' : ''}/ws`), ...(direct ? [addressOf(direct, '/udp/PORT/webrtc-direct')] : [])];
    const isStranger = (/** @type {unknown} */ peer) => !members.has(String(peer));
    const node = await createLibp2p({
        ...makeStack(members, most),
        privateKey: key,
        addresses: addressesOf(listen, announce),
        transports: [webSockets(tls ? { https: tls } : {}), places.transport(), ...(direct ? await directTransports() : [])],
        connectionGater: {
            ...makeGate(members),
            // It connects to its fellows only, whatever addresses others claim to have.
            denyDialMultiaddr: (address) => !certificates.addresses.includes(String(address)),
            denyInboundConnection: gate(mostOfOne),
            denyInboundRelayedConnection: (page, peer) => !places.has(String(page)) || members.isAway(String(peer)),
            denyInboundRelayReservation: isStranger,
            denyOutboundRelayedConnection: isStranger,
        },
        connectionManager: { maxConnections: most, inboundConnectionThreshold: mostOfOne, maxIncomingPendingConnections: PENDING_MAX },
        services: {
            ...makeServices(gossip, true),
            relay: (components) => circuitRelayServer({ reservations: {
                maxReservations: relay.reservations, defaultDurationLimit: relay.seconds * 1000, defaultDataLimit: BigInt(relay.bytes) } })(withShortMessages(components)),
        },
        start: false,
    });
    // The place of a page that is gone is free again.
    node.addEventListener('peer:disconnect', ({ detail }) => node.services.relay.reservations.delete(detail));
    await node.handle(NODE_STREAM, (stream, { remotePeer }) => join(stream, String(remotePeer), bridge, tell), { maxInboundStreams: 1, ...OVER_CIRCUITS });
    await node.handle(FILES_STREAM, (stream, { remotePeer }) => {
        const peer = String(remotePeer);
        if (!members.has(peer)) return stream.abort(new Error('files are for nodes of the service'));
        return answerFile(stream, askBridge, (path, work, end) => (isFile(path) ? files : lists).take(peer, work, end));
    }, { maxInboundStreams: FILES_MAX, ...OVER_CIRCUITS });
    await members.watch(node);
    places.watch(node);
    await node.start();
    const ends = [gossip.sweep(), meetFellows(node, certificates, gossip)];
    node.addEventListener('stop', () => ends.forEach((end) => end()));
    return node;
}
