/**
 * A program: the peers of a page (page/src/peers), in Node.js, honest or not. It gets commands as lines of JSON, [verb, ...arguments],
 * and answers each with a line. Its tickets come from GET /ticket?peer=ID at the service, or there are none.
 *
 *     node swarm-peer.mjs SERVICE [webrtc] [mute]     webrtc: it has WebRTC; mute: it shows no ticket
 */
import readline from 'node:readline';

const [service, ...modes] = process.argv.slice(2);
if (modes.includes('webrtc')) globalThis.RTCPeerConnection = (await import('node-datachannel/polyfill')).RTCPeerConnection;
const { Peers } = await import('../../page/src/peers/peers.js');
const { publicKeyToProtobuf } = await import('@libp2p/crypto/keys');
const { Notes } = await import('../../page/src/peers/notes.js');
const { topicOf } = await import('../../page/src/peers/gossip.js');
const { BLOCKS_STREAM, BlockReader, dataHead, haveFrames } = await import('../../page/src/peers/block_frames.js');
const { LEAF_BYTES } = await import('../../page/src/shared/leaves.js');

const ask = async (path) => (await fetch(`${service}${path}`)).json();
let id = '';
const peers = new Peers({
    ask: () => ask('/peers'), first: [], mayAsk: () => false, accuse: () => {},
    born: async (born) => {
        id = born;
        if (!modes.includes('mute')) peers.hold(await ask(`/ticket?peer=${born}`));
    },
});
const pubsub = () => peers._gossip._pubsub;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const verbs = {
    id: () => id,
    want: (most, every) => peers.want(most, every),
    is: (own) => peers.is(own),
    rows: () => peers.rows(),
    add: (address) => peers.add(address),
    hold: (ticket) => peers.hold(ticket),
    addresses: async () => (await peers._made).getMultiaddrs().map(String),
    connections: async () => (await peers._made).getConnections().map(({ id: connection, remotePeer, remoteAddr, limits }) => ({ connection, peer: String(remotePeer), address: String(remoteAddr), isLimited: Boolean(limits) })),
    /** Sends that many messages, so many together, with a pause in ms after these. */
    async flood(type, count, body, pause = 1, together = 10) {
        for (let i = 0; i < count; i++) {
            const message = typeof body === 'string' ? body : JSON.stringify({ type, from: id, timestamp: Date.now() + i, data: {}, ...body });
            await pubsub().publish(topicOf(peers._certificates.key, type), new TextEncoder().encode(message)).catch(() => {});
            if (i % together === 0) await wait(pause);
        }
    },
    /** Subscribes to that many topics with names of a kilobyte. */
    topics(count) {
        for (let i = 0; i < count; i++) pubsub().subscribe(`${i} `.padEnd(1024, 'x'));
    },
    /** Gives wrong blocks of whatever file it is asked for, as one of that many. */
    async lie(count) {
        await (await peers._made).handle(BLOCKS_STREAM, (stream) => {
            const say = (...frames) => frames.forEach((frame) => stream.status === 'open' && stream.send(frame));
            const reader = new BlockReader('asking', (said) => ('ticket' in said ? say(...haveFrames([[0, count]])) : say(dataHead(said.want, LEAF_BYTES), new Uint8Array(LEAF_BYTES))));
            stream.addEventListener('message', ({ data }) => reader.push(data.subarray()));
        }, { force: true });
    },
    /** What it has of others' topics. */
    known: () => [...pubsub().topics.keys()].filter((topic) => !topic.startsWith('/webinfer/')).length,
    /** Asks the DHT to keep its public key, as its rules allow, and returns what became of it. */
    async keep() {
        Notes.prototype.put = Object.getPrototypeOf(Notes.prototype).put; // it begins with its own store
        const { peerId, services } = await peers._made, key = Buffer.concat([Buffer.from('/pk/'), peerId.toMultihash().bytes]), said = [];
        for await (const { name, messageName, error } of services.dht.put(key, publicKeyToProtobuf(peerId.publicKey), { signal: AbortSignal.timeout(20_000) }))
            if (error || (name === 'PEER_RESPONSE' && messageName === 'PUT_VALUE')) said.push(error ? error.message : name);
        return said;
    },
    async end() {
        await peers.end();
        setTimeout(() => process.exit(0), 100);
    },
};

for await (const line of readline.createInterface(process.stdin)) {
    const [verb, ...words] = JSON.parse(line);
    const answer = await Promise.resolve().then(() => verbs[verb](...words)).then((value) => ({ value: value ?? null }), ({ message }) => ({ error: message }));
    console.log(JSON.stringify(answer));
}
process.exit(0);
