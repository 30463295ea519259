/** The peer itself: a node of libp2p that listens on WebSockets, with limits, and leads node streams to the bridge. */
import fs from 'node:fs';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { NODE_STREAM, WINDOW } from '../page/src/shared/node_frames.js';
import { join } from './door.js';
import { gate } from './gate.js';
import { Members } from './members.js';

/** @import { PrivateKey } from '@libp2p/interface' */

/** Connections that are not encrypted yet, at a time. */
const PENDING_MAX = 64;

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

/** @param {{key: PrivateKey, bridge: string, host: string, port: number, announce?: string, tls: {cert: Buffer, key: Buffer} | null,
 *   most: number, mostOfOne: number, tell: (fault: string) => void}} options */
export async function startPeer({ key, bridge, host, port, announce, tls, most, mostOfOne, tell }) {
    const listen = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}${tls ? '/tls' : ''}/ws`;
    const node = await createLibp2p({
        privateKey: key,
        addresses: { listen: [listen], ...(announce ? { announce: [announce] } : {}) },
        transports: [webSockets(tls ? { https: tls } : {})],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })],
        connectionGater: { denyInboundConnection: gate(mostOfOne) },
        connectionManager: { maxConnections: most, inboundConnectionThreshold: mostOfOne, maxIncomingPendingConnections: PENDING_MAX },
        services: { identify: identify(), ping: ping() },
        start: false,
    });
    await node.handle(NODE_STREAM, (stream, { remotePeer }) => join(stream, String(remotePeer), bridge, tell), { maxInboundStreams: 1 });
    await new Members(bridge).watch(node);
    await node.start();
    return node;
}
