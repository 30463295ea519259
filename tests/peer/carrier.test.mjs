// tier: quick
/**
 * A page that carries another one to webinfer-peer, over libp2p's own sockets: what goes through, what ends at the limits, and what a
 * relay that drops, repeats or holds up what it carries can do. The service is played; webinfer-peer is the real one.
 */
import '../lib/node-22.mjs';
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before } from 'node:test';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { WebSocketServer } from 'ws';
import { startPeer } from '../../peer/peer.js';
import { fetchCarried } from '../../page/src/shared/carried.js';
import { Carrier } from '../../page/src/peers/carrier.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { Files } from '../../page/src/peers/files.js';
import { Gossip, GOSSIP_MS } from '../../page/src/peers/gossip.js';
import { Members } from '../../page/src/peers/members.js';
import { PeerSocket } from '../../page/src/peers/peer_socket.js';
import { Ways } from '../../page/src/peers/ways.js';
import { limitMessage, MESSAGE_MAX, withShortMessages } from '../../page/src/peers/short_messages.js';
import { NODE_STREAM } from '../../page/src/shared/node_frames.js';
import { test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

const HOUR = 3_600_000, FILE = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251));
const HOP = '/libp2p/circuit/relay/0.2.0/hop';
const ROOMY = { bytes: 1 << 30, seconds: 3600 };
const pair = generateKeyPairSync('ed25519'), key = pair.publicKey.export({ format: 'jwk' }).x;
const state = (purpose, peer) => {
    const end = Date.now() + HOUR;
    return { peer, until: end, signature: sign(null, Buffer.from(`${purpose}\0${peer}\0${end}`), pair.privateKey).toString('base64url') };
};
const now = () => performance.now();
let bridge, peer, address, nodes = [], stuck = [], listed = true;

/** The bridge: it says the node's own words again, and has one file. */
function playBridge() {
    const server = http.createServer((request, response) => {
        if (request.url === '/peers') return response.end(JSON.stringify(peersOf()));
        if (request.url === '/models/m/0/stuck') return stuck.push(request);
        if (request.url !== '/models/m/0/a' || request.headers.authorization !== 'Bearer good') return response.writeHead(404).end();
        const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [], part = FILE.subarray(Number(from ?? 0));
        response.writeHead(from ? 206 : 200, { etag: '"e"', 'content-length': part.length }).end(part);
    });
    new WebSocketServer({ server, path: '/node', handleProtocols: () => 'webinfer.v1' }).on('connection', (socket, { headers }) => {
        nodes.push(headers['x-forwarded-for']);
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    return server.listen(0, '127.0.0.1');
}
const peersOf = () => ({ key, now: Date.now(), peers: listed && address ? [{ address, ...state('webinfer-peer', String(peer.peerId)) }] : [] });

before(async () => {
    bridge = playBridge();
    await once(bridge, 'listening');
    peer = await startPeer({ key: await generateKeyPair('Ed25519'), bridge: `http://127.0.0.1:${bridge.address().port}`, place: { host: '127.0.0.1', port: 0 }, direct: null,
        tls: null, most: 100, mostOfOne: 64, tell: () => {}, relay: { reservations: 8, bytes: 1 << 20, seconds: 60 } });
    address = String(peer.getMultiaddrs()[0]);
});
after(async () => {
    await peer.stop();
    bridge.close();
    bridge.closeAllConnections();
});

/** A page: a node with the parts of a page's peers that this is about. `reaches`: whether it reaches webinfer-peer by itself; `isMember`: it
 * shows its ticket. */
async function openPage({ reaches = true, isMember = true } = {}) {
    const certificates = new Certificates(async () => peersOf(), now), members = new Members(certificates, now, () => (page.isAccepted = true));
    const carrier = new Carrier(certificates, members), gossip = new Gossip(certificates, members, now);
    const node = await createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, transports: [webSockets(), (components) => circuitRelayTransport()(withShortMessages(components))],
        connectionEncrypters: [noise()], streamMuxers: [yamux()],
        connectionGater: {
            denyDialMultiaddr: (to) => !reaches && String(to) === address,
            denyInboundRelayReservation: (id) => !carrier.mayReserve(String(id)),
            denyOutboundRelayedConnection: (from, to) => !carrier.mayCarry(String(from), String(to)),
        },
        services: { identify: identify(), pubsub: gossip.service(), carrier: carrier.service(),
            places: ({ transportManager, connectionManager }) => ({ connectionManager, dial: (to, signal) => transportManager.dial(to, { signal }) }) },
    });
    await members.watch(node);
    await certificates.ask();
    const id = String(node.peerId), ticket = state('webinfer-member', id);
    const page = { node, id, ticket, certificates, members, carrier, gossip, isAccepted: false };
    if (isMember) members.hold(ticket);
    return page;
}

/** A page that is willing, once webinfer-peer has a place there. @param {any} t */
async function openCarrier(t, limits = ROOMY) {
    const page = await openPage();
    t.after(() => page.node.stop());
    page.gossip.join();
    await page.node.dial(multiaddr(address));
    await page.carrier.carry(limits);
    await until(() => page.isAccepted && page.gossip._pubsub.getSubscribers(`/webinfer/${key}/announcement`).length > 0, { what: 'webinfer-peer to know it' });
    await announce(page);
    return page;
}

/** Says that it is willing, as often as a page may, until webinfer-peer has its place. @param {any} page */
async function announce(page) {
    let told = -Infinity;
    await until(() => {
        if (now() - told > GOSSIP_MS) {
            told = now();
            page.gossip.tell('announcement', page.id, { ticket: page.ticket, computes: [], carries: true, addresses: [] });
        }
        return page.carrier._server.reservations.size > 0;
    }, { what: 'the place of webinfer-peer' });
}

/** A page that reaches webinfer-peer over that one only. @param {any} t @param {any} carrier */
async function openLost(t, carrier, options = {}) {
    const page = await openPage({ reaches: false, ...options }), dialled = [];
    t.after(() => page.node.stop());
    await page.node.dial(carrier.node.getMultiaddrs()[0]);
    if (options.isMember !== false) await until(() => carrier.members.has(page.id), { what: 'its ticket to be taken' });
    const ways = new Ways(page.certificates, () => [carrier.id], async (to, signal) => {
        dialled.push(to);
        if (to === address) throw new Error('it is behind a wall');
        return page.node.services.places.dial(multiaddr(to), signal);
    });
    return Object.assign(page, { ways, dialled });
}

/** The connection of a node by the first way that leads there. @param {any} page */
async function goOn(page) {
    const connection = await page.ways.open(), said = [];
    const socket = new PeerSocket(async () => ({ stream: await connection.newStream(NODE_STREAM, { runOnLimitedConnection: true }), release: () => connection.abort(new Error('over')) }));
    const ended = new Promise((resolve) => (socket.onclose = resolve));
    socket.onmessage = ({ data }) => said.push(data);
    await new Promise((resolve) => (socket.onopen = resolve));
    const echo = async (message) => {
        const before = said.length;
        socket.send(message);
        await until(() => said.length > before || socket.readyState === 3, { what: 'the echo' });
        return said[before];
    };
    return { connection, socket, ended, said, echo };
}

/** What a page does with what it carries to webinfer-peer, from now on. @param {any} page @param {(send: (data: any) => boolean, data: any) => boolean} how */
function handle(page, how) {
    for (const connection of page.node.getConnections(peer.peerId)) {
        const { newStream } = connection;
        connection.newStream = async (protocols, options) => {
            const stream = await newStream.call(connection, protocols, options);
            if (!String(protocols).endsWith('/stop')) return stream;
            const send = stream.send.bind(stream);
            let isFirst = true; // which is the relay's own word
            stream.send = (data) => {
                if (!isFirst) return how(send, data.subarray().slice());
                isFirst = false;
                return send(data);
            };
            return stream;
        };
    }
}

/** @param {any} connection */
function filesOver(connection) {
    const files = new Files();
    files.use(connection);
    return files;
}

/** As an engine worker asks for a file. */
const fetchFile = (files, path, headers, told = () => {}) =>
    fetchCarried((port) => files.get({ path, headers: Object.fromEntries(new Headers(headers)) }, port, told), new AbortController().signal);

test('a page without a way reaches the service over a willing page, which sees nothing of it', async (t) => {
    const carrier = await openCarrier(t), seen = [];
    handle(carrier, (send, data) => seen.push(Buffer.from(data)) && send(data));
    const page = await openLost(t, carrier), { echo, socket } = await goOn(page);
    assert.deepEqual(page.dialled, [address, `/p2p/${carrier.id}/p2p-circuit/p2p/${peer.peerId}`]);
    assert.equal(await echo('a secret token'), 'a secret token');
    const large = new Uint8Array(600_000).map((_, i) => i);
    assert.deepEqual(new Uint8Array(await echo(large.buffer)), large);
    assert.equal(nodes.at(-1), `peer:${page.id}`, 'the bridge knows whose it is');
    const all = Buffer.concat(seen);
    assert.deepEqual([all.length > 600_000, all.includes('secret'), all.includes('node/1')], [true, false, false]);
    assert.equal(carrier.carrier.count, 1);
    socket.close(1000);
    await until(() => carrier.carrier.count === 0, { what: 'the end of the circuit' });
});

test('a page that is not willing is no relay, and has been none since it was not', async (t) => {
    const other = await openPage();
    t.after(() => other.node.stop());
    await other.node.dial(multiaddr(address));
    assert.ok(other.node.getProtocols().every((protocol) => !protocol.endsWith('/hop')));
    await assert.rejects((await openLost(t, other)).ways.open(), /no way leads to the service/);
    const carrier = await openCarrier(t), page = await openLost(t, carrier), { ended } = await goOn(page);
    await carrier.carrier.carry(null);
    assert.equal((await ended).code, 1006);
    await assert.rejects(page.ways.open(), /no way leads to the service/);
    await carrier.carrier.carry(ROOMY);
    await announce(carrier);
    assert.equal(await (await goOn(page)).echo('again'), 'again');
});

test('a circuit ends at its bytes and at its time, and another one may follow', async (t) => {
    const carrier = await openCarrier(t, { bytes: 100_000, seconds: 3600 }), page = await openLost(t, carrier);
    const first = await goOn(page);
    assert.equal(await first.echo('little'), 'little');
    assert.equal(await first.echo(new ArrayBuffer(200_000)), undefined);
    assert.equal((await first.ended).code, 1006);
    await carrier.carrier.carry({ bytes: 1 << 30, seconds: 3 });
    await announce(carrier);
    const second = await goOn(page);
    assert.equal((await second.echo(new ArrayBuffer(200_000)))?.byteLength, 200_000);
    assert.equal((await second.ended).code, 1006);
});

test('so many circuits go on at a time, and of one page two', async (t) => {
    const carrier = await openCarrier(t), pages = await Promise.all([1, 2, 3].map(() => openLost(t, carrier)));
    for (const page of pages.slice(0, 2)) for (let i = 0; i < 2; i++) await goOn(page);
    assert.equal(carrier.carrier.count, 4);
    for (const page of pages) await assert.rejects(page.ways.open(), /no way leads/);
    await until(() => carrier.carrier.count === 4, { what: 'the refused ones to be gone' });
});

test('those that begin at once are no more than that', async (t) => {
    const carrier = await openCarrier(t), pages = await Promise.all([1, 2, 3, 4].map(() => openLost(t, carrier)));
    const begun = await Promise.allSettled(pages.flatMap((page) => [page, page]).map((page) => page.ways.open()));
    const good = begun.filter(({ status }) => status === 'fulfilled').length;
    assert.ok(good <= 4, `${good} have begun`);
    await until(() => carrier.carrier.count === good, { what: 'the refused ones to be gone' });
});

test('streams on which no circuit begins take no places', async (t) => {
    const carrier = await openCarrier(t), idle = await Promise.all([1, 2].map(() => openLost(t, carrier)));
    for (const { node } of idle) for (let i = 0; i < 2; i++) await node.getConnections(carrier.node.peerId)[0].newStream(HOP);
    const hops = () => carrier.node.getConnections().flatMap(({ streams }) => streams).filter(({ protocol, direction }) => protocol === HOP && direction === 'inbound');
    await until(() => hops().length === 4, { what: 'the streams' });
    assert.equal(carrier.carrier.count, 0);
    const page = await openLost(t, carrier);
    assert.equal(await (await goOn(page)).echo('through'), 'through');
    assert.equal(carrier.carrier.count, 1);
});

test('only nodes of the service are carried, and to its peers alone', async (t) => {
    const carrier = await openCarrier(t), stranger = await openLost(t, carrier, { isMember: false }), page = await openLost(t, carrier);
    await assert.rejects(stranger.ways.open(), /no way leads/);
    const to = multiaddr(`/p2p/${carrier.id}/p2p-circuit/p2p/${stranger.id}`);
    await assert.rejects(page.node.services.places.dial(to, AbortSignal.timeout(5000)), /failed to connect via relay/);
    assert.deepEqual([carrier.carrier.mayReserve(stranger.id), carrier.carrier.mayCarry(page.id, String(peer.peerId)), carrier.carrier.mayCarry(stranger.id, String(peer.peerId))], [false, true, false]);
});

test('without a certificate of the service there is no way', async (t) => {
    const carrier = await openCarrier(t), page = await openLost(t, carrier);
    listed = false;
    t.after(() => (listed = true));
    await page.certificates.ask();
    await assert.rejects(page.ways.open(), /no way leads/);
    assert.deepEqual(page.dialled, []);
});

test('a relay that leads elsewhere is found out before anything is sent', async (t) => {
    const carrier = await openCarrier(t), impostor = await openPage(), page = await openLost(t, carrier), heard = [];
    t.after(() => impostor.node.stop());
    await impostor.node.handle(NODE_STREAM, () => heard.push('a stream'), { runOnLimitedConnection: true });
    const elsewhere = await carrier.node.dial(impostor.node.getMultiaddrs()[0]), { connectionManager } = carrier.node.services.places, { getConnections } = connectionManager;
    connectionManager.getConnections = (id) => (id?.equals(peer.peerId) ? [elsewhere] : getConnections.call(connectionManager, id));
    await assert.rejects(page.ways.open(), /no way leads/);
    assert.deepEqual(heard, []);
});

for (const [what, make] of [
    ['drops', () => {
        let count = 0;
        return (send, data) => ++count === 20 || send(data);
    }],
    ['repeats', () => {
        let count = 0;
        return (send, data) => send(data) && (++count !== 20 || send(data));
    }],
    ['changes', () => {
        let count = 0;
        return (send, data) => send(++count === 20 ? data.map((byte) => byte ^ 1) : data);
    }],
]) test(`a relay that ${what} what it carries breaks its own circuit, and nothing wrong is read`, async (t) => {
    const carrier = await openCarrier(t), other = await openCarrier(t), page = await openLost(t, carrier), neighbour = await openLost(t, other);
    handle(carrier, make());
    const good = await goOn(neighbour), bad = await goOn(page), said = [];
    for (let i = 0; bad.socket.readyState === 1 && i < 100; i++) said.push(await bad.echo(`message ${i}`));
    assert.equal((await bad.ended).code, 1006);
    assert.deepEqual(said.filter(Boolean), said.filter(Boolean).map((_, i) => `message ${i}`));
    assert.equal(await good.echo('still here'), 'still here');
    const direct = await openPage();
    t.after(() => direct.node.stop());
    assert.equal((await direct.node.dial(multiaddr(address))).status, 'open');
});

test('a relay that holds up what it carries is only slow', async (t) => {
    const carrier = await openCarrier(t), page = await openLost(t, carrier);
    let last = Promise.resolve();
    handle(carrier, (send, data) => {
        last = last.then(() => new Promise((resolve) => setTimeout(resolve, 20))).then(() => send(data)).catch(() => {}); // at its end
        return true;
    });
    const { echo } = await goOn(page);
    for (let i = 0; i < 5; i++) assert.equal(await echo(`message ${i}`), `message ${i}`);
});

test('files of models come over the circuit, with credential and range', async (t) => {
    const carrier = await openCarrier(t), page = await openLost(t, carrier), { connection, echo } = await goOn(page), told = [];
    await echo('its ticket is taken');
    const files = filesOver(connection);
    const get = (path, headers = { Authorization: 'Bearer good' }) => fetchFile(files, path, headers, (bytes) => told.push(bytes));
    const whole = await get('/models/m/0/a');
    assert.deepEqual([whole.status, whole.headers.get('etag')], [200, '"e"']);
    const bytes = Buffer.from(await whole.arrayBuffer());
    assert.equal(bytes.length, FILE.length);
    assert.ok(FILE.equals(bytes), `byte ${bytes.findIndex((byte, i) => byte !== FILE[i])} differs`);
    assert.equal(told.reduce((sum, one) => sum + one, 0), FILE.length);
    const rest = await get('/models/m/0/a', { Authorization: 'Bearer good', Range: 'bytes=2999990-' });
    assert.deepEqual([rest.status, Buffer.from(await rest.arrayBuffer()).equals(FILE.subarray(-10))], [206, true]);
    for (const [path, headers] of [['/models/m/0/a', { Authorization: 'Bearer bad' }], ['/models/../node', undefined], ['/node', undefined], ['/ipfs', undefined], ['/models/m/0/b', undefined]]) {
        const { status, body } = await get(path, headers);
        assert.equal(status, 404);
        await body.cancel();
    }
    assert.equal((await files.json('/peers')).key, key);
    assert.deepEqual(Object.keys(page.certificates.believe(await files.json('/peers'))), ['key', 'now', 'peers', 'stun']);
    await assert.rejects(files.json('/models/m/0/a'), /404/);
});

test('one node has four files at a time, so that others get theirs', async (t) => {
    const [page, other] = await Promise.all([openPage(), openPage()]);
    t.after(() => Promise.all([page, other].map(({ node }) => node.stop())));
    const [files, others] = await Promise.all([page, other].map(async (one) => {
        const connection = await one.node.dial(multiaddr(address));
        await until(() => one.isAccepted, { what: 'its ticket to be taken' });
        return filesOver(connection);
    }));
    const refused = Array.from({ length: 30 }, () => files.json('/models/m/0/stuck').catch(() => null));
    await until(() => stuck.length === 4, { what: 'its requests' });
    assert.equal((await others.json('/peers')).key, key);
    for (const list of [() => files.json('/peers').then((said) => assert.equal(said.key, key)), () => assert.rejects(files.json('/models/m/0/stuck?blocks'), /404/)])
        await list(); // is short, and waits for none of them
    assert.equal(stuck.length, 4);
    const settled = stuck.splice(0);
    for (const request of settled) request.socket.destroy();
    await until(() => stuck.length === 4, { what: 'the next ones' });
    await page.node.stop();
    await Promise.all(refused);
    assert.equal((await others.json('/peers')).key, key);
});

test('of a node that has gone, webinfer-peer keeps the score for ten seconds', async () => {
    const page = await openPage(), { peerStats } = peer.services.pubsub.score;
    await page.node.dial(multiaddr(address));
    await until(() => peerStats.get(page.id)?.connected, { what: 'its score' });
    await page.node.stop();
    const { expire } = await until(() => peerStats.get(page.id)?.connected === false && peerStats.get(page.id), { what: 'its end' });
    assert.ok(expire - Date.now() <= 10_000);
});

test('who opens another stream of gossip at once goes on with its score', async (t) => {
    const page = await openPage(), { score } = peer.services.pubsub, topic = `/webinfer/${key}/heartbeat`, stats = () => score.peerStats.get(page.id);
    t.after(() => page.node.stop());
    for (let i = 0; i < 3; i++) {
        await page.node.dial(multiaddr(address));
        await until(() => stats()?.connected && score.params.topics[topic], { what: 'its score' });
        score.markInvalidMessageDelivery(page.id, topic);
        await page.node.hangUp(peer.peerId);
        await until(() => !stats().connected, { what: 'the end of its stream' });
    }
    assert.ok(stats().topics[topic].invalidMessageDeliveries > 1);
});

test('a file breaks off with the circuit, and nobody waits for it', async (t) => {
    const carrier = await openCarrier(t, { bytes: 1_000_000, seconds: 3600 }), page = await openLost(t, carrier), { connection, echo } = await goOn(page);
    await echo('its ticket is taken');
    const files = filesOver(connection);
    const { body } = await fetchFile(files, '/models/m/0/a', { Authorization: 'Bearer good' });
    let size = 0;
    await assert.rejects(async () => {
        for await (const piece of body) size += piece.length;
    }, TypeError);
    assert.ok(size > 0 && size < 1_000_000, String(size));
    await assert.rejects(fetchFile(files, '/models/m/0/a', {}), TypeError);
    files.use(null);
    const waiting = fetchFile(files, '/models/m/0/a', { Authorization: 'Bearer good', Range: 'bytes=2999990-' });
    files.use((await goOn(page)).connection);
    assert.ok(Buffer.from(await (await waiting).arrayBuffer()).equals(FILE.subarray(-10)), 'it goes on over another circuit');
    await assert.rejects(new Files().json('/peers'), /by no peer/);
});

test('a list that comes over a peer is believed as far as the known key has signed it, and by the known clock', async () => {
    const certificates = new Certificates(async () => peersOf(), now), old = { ...peersOf(), now: Date.now() - 10 * HOUR, stun: ['stun:evil.example'] };
    assert.throws(() => certificates.believe(old), /of another service/, 'no key is known yet');
    await certificates.ask();
    const { now: time, stun, peers } = certificates.believe(old);
    assert.ok(Math.abs(time - Date.now()) < 1000);
    assert.deepEqual([stun, peers], [[], old.peers]);
    for (const bad of [{ ...old, key: 'AAAA' }, null, 7, {}]) assert.throws(() => certificates.believe(bad), /of another service/);
});

/** A stream as libp2p has it: `onData` is told what comes. */
function play(before = []) {
    const stream = { readBuffer: Uint8Array.from(before), read: 0, error: null, onData: (data) => (stream.read += data.byteLength), abort: ({ message }) => (stream.error = message) };
    limitMessage(/** @type {any} */ (stream));
    return stream;
}

test('a long message of a relay ends its stream before it is read, but not what a circuit carries', () => {
    const tooLong = `a message of a relay has at most ${MESSAGE_MAX} bytes`, longest = Uint8Array.from([0x80, 0x40, ...new Uint8Array(MESSAGE_MAX)]), carried = new Uint8Array(1 << 20);
    for (const size of [1, 3, longest.length]) {
        const one = play();
        for (let at = 0; at < longest.length; at += size) one.onData(longest.subarray(at, at + size));
        one.onData(carried);
        assert.deepEqual([one.read, one.error], [longest.length + carried.length, null], `in pieces of ${size}`);
    }
    const together = play(), after = play(longest), empty = play([0]);
    together.onData(Uint8Array.from([...longest, ...carried]));
    after.onData(carried);
    empty.onData(carried);
    assert.deepEqual([together, after, empty].map(({ error }) => error), [null, null, null]);
    for (const length of [[0x81, 0x40], [0x80, 0x80], [0x80, 0x80, 0x40], [0xff, 0xff, 0xff, 0xff, 0x7f]]) {
        const one = play(), early = play(length);
        for (const byte of length) one.onData(Uint8Array.of(byte));
        one.onData(carried);
        assert.deepEqual([one.read < length.length, one.error, early.error], [true, tooLong, tooLong], String(length));
    }
});

/** A relay of its own making, at which each request is answered by a long message. @param {any} t @returns {Promise<any>} */
async function openTalker(t, protocol) {
    const page = await openPage(), ends = [];
    t.after(() => page.node.stop());
    await page.node.unhandle(protocol).catch(() => {});
    await page.node.handle(protocol, (stream) => {
        ends.push(new Promise((resolve) => stream.addEventListener('close', () => resolve(stream.status))));
        stream.addEventListener('message', () => {
            stream.send(Uint8Array.of(0x80, 0x80, 0x40)); // a mebibyte follows
            stream.send(new Uint8Array(2 * MESSAGE_MAX));
        }, { once: true });
    }, { runOnLimitedConnection: true });
    return Object.assign(page, { ends });
}

test('a long answer of a relay is not read either, nor one of a page that is to be reached over it', async (t) => {
    const relay = await openTalker(t, '/libp2p/circuit/relay/0.2.0/hop'), page = await openPage();
    t.after(() => page.node.stop());
    await page.node.dial(relay.node.getMultiaddrs()[0]);
    await assert.rejects(page.node.services.places.dial(multiaddr(`${relay.node.getMultiaddrs()[0]}/p2p-circuit/p2p/${peer.peerId}`)), /at most 8192 bytes/);
    assert.equal(await relay.ends[0], 'reset');
    const stop = await openTalker(t, '/libp2p/circuit/relay/0.2.0/stop'), carrier = await openPage();
    t.after(() => carrier.node.stop());
    carrier.carrier.mayReserve = () => true;
    carrier.carrier.mayCarry = () => true;
    await carrier.carrier.carry(ROOMY);
    await stop.node.dial(carrier.node.getMultiaddrs()[0]);
    await page.node.dial(carrier.node.getMultiaddrs()[0]);
    const [connection] = stop.node.getConnections(carrier.node.peerId);
    const place = await connection.newStream('/libp2p/circuit/relay/0.2.0/hop'), said = once(place, 'message');
    place.send(Uint8Array.of(2, 8, 0)); // RESERVE
    await said;
    await assert.rejects(page.node.services.places.dial(multiaddr(`${carrier.node.getMultiaddrs()[0]}/p2p-circuit/p2p/${stop.id}`)), /CONNECTION_FAILED/);
    assert.equal(await stop.ends[0], 'reset');
});

test('webinfer-peer reads no long message of its relay’s protocols, and goes on', async (t) => {
    const page = await openPage();
    t.after(() => page.node.stop());
    const connection = await page.node.dial(multiaddr(address));
    for (const protocol of ['hop', 'stop']) {
        const stream = await connection.newStream(`/libp2p/circuit/relay/0.2.0/${protocol}`), ended = new Promise((resolve) => stream.addEventListener('close', resolve));
        stream.send(Uint8Array.of(0x80, 0x80, 0x40)); // a mebibyte follows
        stream.send(new Uint8Array(2 * MESSAGE_MAX));
        await ended;
        assert.equal(stream.status, 'reset');
    }
    assert.equal(connection.status, 'open');
});

test('who has shown no ticket gets no file', async (t) => {
    const stranger = await openPage({ isMember: false });
    t.after(() => stranger.node.stop());
    const connection = await stranger.node.dial(multiaddr(address));
    await assert.rejects(filesOver(connection).json('/peers'), /the stream has ended|a stream that is closed/);
});
