/**
 * A program: a WebSocket on this machine, each connection of which becomes a node stream to a webinfer-peer, over the same
 * library as the page. With it, nodes of the tests come through a peer. It prints its port and the id of its own peer.
 *
 *     node stream-tunnel.mjs ADDRESS [mute]     mute: it shows no ticket
 */
import { noise } from '@libp2p/noise';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { WebSocketServer } from 'ws';
import { PeerSocket } from '../../page/src/peers/peer_socket.js';
import { MEMBER_STREAM, NODE_STREAM } from '../../page/src/shared/node_frames.js';

const [address, mode] = process.argv.slice(2);
const node = await createLibp2p({ addresses: { listen: [] }, transports: [webSockets()], connectionEncrypters: [noise()], streamMuxers: [yamux()] });
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, handleProtocols: () => 'webinfer.v1' });

server.on('listening', () => console.log(JSON.stringify({ port: server.address().port, peer: String(node.peerId) })));
server.on('connection', (socket) => {
    let connection;
    socket.pause();
    const far = new PeerSocket(async () => {
        connection = await node.dial(multiaddr(address), { force: true });
        return { stream: await connection.newStream(NODE_STREAM), release: () => connection.close() };
    });
    far.onopen = () => socket.resume();
    far.onmessage = ({ data }) => {
        socket.send(data);
        if (mode !== 'mute' && typeof data === 'string') show(JSON.parse(data), connection);
    };
    far.onclose = ({ code, reason }) => (code === 1006 ? socket.terminate() : socket.close(code, reason));
    socket.on('message', (data, isBinary) => far.send(isBinary ? new Uint8Array(data).buffer : String(data)));
    socket.on('close', (code, reason) => (code === 1006 ? far.close() : far.close(code, String(reason))));
});

/** @param {any} message @param {any} connection */
async function show({ type, data }, connection) {
    if (type !== 'welcome') return;
    const stream = await connection.newStream(MEMBER_STREAM);
    stream.send(new TextEncoder().encode(JSON.stringify(data.peers.ticket)));
    await stream.close();
}
