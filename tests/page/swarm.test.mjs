// tier: quick
/** A page's other peers: which are dialled, what is known of them, when they are looked for, and what its person is asked. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { peerIdFromMultihash } from '@libp2p/peer-id';
import * as Digest from 'multiformats/hashes/digest';
import { Certificates } from '../../page/src/peers/certificates.js';
import { Qualities } from '../../page/src/peers/quality.js';
import { GONE_MS, KnownNodes } from '../../page/src/peers/known.js';
import { isDirect, isSocket, isUnvouched, peerOf, refusalOf } from '../../page/src/peers/reach.js';
import { Swarm } from '../../page/src/peers/swarm.js';
import { Ways } from '../../page/src/peers/ways.js';
import { Peering } from '../../page/src/ui/peering.js';
import { Settings } from '../../page/src/people/settings.js';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

const GOOD = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB', OTHER = '12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2';
const ME = '12D3KooWQ1R6c7cW4iwS8nLXnJgHBZdBLNnQXmqPBuAHjTNSrQ3g';
const LISTED = `/dns4/peer.example/tcp/9090/wss/p2p/${GOOD}`, CIRCUIT = `${LISTED}/p2p-circuit`, DIRECT = `/ip4/10.0.0.1/udp/1/webrtc-direct/certhash/uEiA/p2p/${OTHER}`;

describe('an address', () => {
    for (const address of [LISTED, `${CIRCUIT}/p2p/${OTHER}`, `${CIRCUIT}/webrtc/p2p/${OTHER}`, DIRECT, `${DIRECT}/p2p-circuit/p2p/${ME}`, `/p2p/${GOOD}/p2p-circuit/p2p/${OTHER}`])
        test(`${address} may be dialled`, () => assert.equal(refusalOf(address, [LISTED], true), ''));

    for (const [address, said] of [
        ['peer.example', 'This is no multiaddr. One looks like /dns4/HOST/tcp/PORT/wss/p2p/ID.'],
        [`${LISTED}" onload="x`, 'This is no multiaddr. One looks like /dns4/HOST/tcp/PORT/wss/p2p/ID.'],
        [`/dns4/${'a'.repeat(600)}/tcp/1/wss/p2p/${GOOD}`, 'This is no multiaddr. One looks like /dns4/HOST/tcp/PORT/wss/p2p/ID.'],
        ['/dns4/peer.example/tcp/9090/wss', 'This multiaddr does not end with /p2p/ and the id of a peer, so nobody could prove that it is that peer.'],
        [`/ip4/10.0.0.1/tcp/1/p2p/${GOOD}`, 'A browser cannot use /tcp/ without /ws.'],
        [`/ip4/10.0.0.1/tcp/1/p2p/${GOOD}/p2p-circuit/p2p/${OTHER}`, 'A browser cannot use /tcp/ without /ws.'],
        [`/ip4/10.0.0.1/udp/1/quic-v1/p2p/${GOOD}`, 'Of /udp/, this page can use /webrtc-direct only.'],
        [`/p2p/${GOOD}`, 'This multiaddr does not say where the peer is.'],
        [`/dns4/evil.example/tcp/9090/wss/p2p/${GOOD}`, 'The operator of this service does not list that WebSocket, and a page connects to listed ones only.'],
        [`/dns4/evil.example/tcp/9090/wss/p2p/${GOOD}/p2p-circuit/webrtc/p2p/${OTHER}`, 'The operator of this service does not list that WebSocket, and a page connects to listed ones only.'],
        ['/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN', 'The operator of this service does not list that WebSocket, and a page connects to listed ones only.'],
    ]) test(`${address.slice(0, 90)} is not dialled`, () => assert.equal(refusalOf(address, [LISTED], true), said));

    test('of WebRTC is not dialled without it', () => {
        for (const address of [DIRECT, `${CIRCUIT}/webrtc/p2p/${OTHER}`]) assert.equal(refusalOf(address, [LISTED], false), 'This browser has no WebRTC.');
        assert.equal(refusalOf(`${CIRCUIT}/p2p/${OTHER}`, [LISTED], false), '');
    });

    test('of a place for which only its author vouches is told apart', () => {
        const isCertified = (id) => id === GOOD, direct = DIRECT.replace(OTHER, GOOD);
        assert.deepEqual([DIRECT, `${DIRECT}/p2p-circuit/p2p/${GOOD}`, direct, `${direct}/p2p-circuit/webrtc/p2p/${OTHER}`, LISTED].map((one) => isUnvouched(one, isCertified)), [true, true, false, false, false]);
    });

    test('says whose it is, and whether anybody is in between', () => {
        assert.deepEqual([LISTED, DIRECT, `${CIRCUIT}/webrtc/p2p/${OTHER}`, `${CIRCUIT}/p2p/${OTHER}`].map((one) => [peerOf(one), isDirect(one), isSocket(one)]),
            [[GOOD, true, true], [OTHER, true, false], [OTHER, true, false], [OTHER, false, false]]);
    });
});

describe('what others tell', () => {
    const told = (type, from, data) => ({ type, from, timestamp: 1, data });

    test('is known until they have said nothing for a while', () => {
        let now = 0;
        const known = new KnownNodes(() => now);
        assert.equal(known.hear(told('heartbeat', 'a', {})), false, 'of whom nothing is known');
        assert.equal(known.hear(told('announcement', 'a', { computes: ['wasm'], addresses: ['/x'] })), true);
        assert.equal(known.hear(told('heartbeat', 'a', { models: ['m'], running: 2, waiting: 1 })), false);
        const [{ computes, addresses, models, running, waiting }] = known.list();
        assert.deepEqual([computes, addresses, models, running, waiting], [['wasm'], ['/x'], ['m'], 2, 1]);
        now = GONE_MS + 1;
        assert.deepEqual(known.list(), []);
    });

    test('has an end, whatever it is', () => {
        const known = new KnownNodes(() => 0);
        known.hear(told('announcement', 'a', { computes: [5, null, 'x'.repeat(10_000), ...Array(100).fill('y')], addresses: 'all' }));
        known.hear(told('heartbeat', 'a', { models: {}, running: -1, waiting: 'many' }));
        const [{ computes, addresses, models, running, waiting }] = known.list();
        assert.deepEqual([computes.length, addresses, models, running, waiting], [32, [], [], 0, 0]);
        for (let i = 0; i < 2000; i++) known.hear(told('announcement', `n${i}`, {}));
        assert.equal(known.list().length, 1024);
    });

    test('leads to those that are not connected, and again only after a minute', () => {
        let now = 0;
        const known = new KnownNodes(() => now);
        for (const id of ['a', 'b', 'c', 'd']) known.hear(told('announcement', id, {}));
        const choose = (most = 9) => known.choose(most, (id) => id === 'a').map(({ id }) => id).sort();
        assert.equal(choose(2).length, 2);
        assert.equal(choose().length, 1);
        assert.deepEqual(choose(), []);
        now = 60_000;
        assert.deepEqual([choose(0), choose(-1), choose(-2)], [[], [], []], 'there are as many, or too many');
        assert.deepEqual(choose(), ['b', 'c', 'd']);
    });
});

/** A node of libp2p that dials whatever it is told to. */
class FakeNode extends EventTarget {
    peerId = { toString: () => ME, toMultihash: () => ({ bytes: new Uint8Array(1) }) };
    open = [];
    dialled = [];
    places = [];
    left = [];
    protocols = ['/webinfer/member/1'];
    peerStore = { merge: async () => {} };
    peerRouting = { getClosestPeers: async function* () {} };
    services = { places: { listen: async (address) => this.places.push(String(address)) }, identify: { identify: async () => ({ protocols: this.protocols }) } };

    connect(peer, address, limits) {
        const connection = { remotePeer: { toString: () => peer }, remoteAddr: address, limits, status: 'open', close: async () => this.drop(connection), abort: () => this.drop(connection) };
        this.open.push(connection);
        return connection;
    }
    drop(connection) {
        this.left.push(String(connection.remoteAddr));
        this.open = this.open.filter((one) => one !== connection);
    }
    getConnections() { return this.open; }
    getPeers() { return [...new Map(this.open.map(({ remotePeer }) => [String(remotePeer), remotePeer])).values()]; }
    getMultiaddrs() { return this.places.map((place) => `${place}/webrtc/p2p/${ME}`); }
    async hangUp(peer) { for (const one of this.open.filter(({ remotePeer }) => String(remotePeer) === String(peer))) this.drop(one); }
    async dial(to, { force }) {
        const all = [to].flat().map(String);
        this.dialled.push(force ? [...all, 'force'] : all);
        if (this.refuses) throw new Error('nobody is there');
        return this.connect(peerOf(all[0]), all[0], isDirect(all[0]) ? undefined : { bytes: 1n });
    }
}

/** @param {{hasWebRTC?: boolean}} [options] */
function makeSwarm({ hasWebRTC = true, listed = [LISTED] } = {}) {
    const told = [], joined = [];
    const certificates = { addresses: listed, isCertified: (id) => listed.some((one) => peerOf(one) === id), ask: async () => {} };
    const gossip = { join: () => joined.push('join'), leave: () => joined.push('leave'), tell: (type, from, data) => told.push({ type, from, data }) };
    const node = new FakeNode(), swarm = new Swarm(certificates, gossip, new Qualities(), [], hasWebRTC);
    return { node, swarm, certificates, told, joined, hear: (from, addresses) => swarm.hear({ type: 'announcement', from, timestamp: 1, data: { addresses, computes: ['wasm'] } }) };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('a page that wants others', () => {
    test('connects to the operator’s peers, and has a place there once its ticket is taken', async (t) => {
        const { node, swarm, told, joined } = makeSwarm();
        t.after(() => swarm.want(0, 0));
        swarm.is({ computes: ['webgpu'], models: ['m'], running: 1, waiting: 0 });
        swarm.want(2, 60_000);
        swarm.begin(node);
        await settled();
        assert.deepEqual(node.dialled, [[LISTED]]);
        swarm.tell();
        assert.deepEqual([told, joined], [[], []], 'it has no ticket');
        swarm.hold({ peer: ME });
        await swarm.accepted(node.open[0]);
        assert.deepEqual([node.places, joined], [[CIRCUIT], ['join']]);
        assert.deepEqual(told, [{ type: 'announcement', from: ME, data: { ticket: { peer: ME }, computes: ['webgpu'], addresses: [`${CIRCUIT}/webrtc/p2p/${ME}`] } }]);
        await swarm.accepted(node.open[0]);
        assert.equal(node.places.length, 1);
    });

    test('dials those that it hears of, directly or as they are reached, up to as many as it wants', async (t) => {
        const { node, swarm, hear } = makeSwarm();
        t.after(() => swarm.want(0, 0));
        swarm.want(1, 60_000);
        swarm.begin(node);
        await settled();
        hear('12D3KooWZ', [`${CIRCUIT}/p2p/12D3KooWZ`, `${CIRCUIT}/webrtc/p2p/12D3KooWZ`, `/dns4/evil.example/tcp/1/ws/p2p/12D3KooWZ`, `${CIRCUIT}/p2p/${OTHER}`,
            '/ip4/10.0.0.1/udp/53/webrtc-direct/certhash/uEiA/p2p/12D3KooWZ']); // the last leads wherever its author likes
        await settled();
        assert.deepEqual(node.dialled[1], [`${CIRCUIT}/p2p/12D3KooWZ`, `${CIRCUIT}/webrtc/p2p/12D3KooWZ`]);
        assert.equal(swarm.isFull, true);
        hear('12D3KooWY', [`${CIRCUIT}/p2p/12D3KooWY`]);
        await settled();
        assert.equal(node.dialled.length, 2);
    });

    test('asks the service no more often because others come', async (t) => {
        let now = 0, asked = 0;
        const certificates = new Certificates(async () => asked++, () => now), swarm = new Swarm(certificates, { join() {}, leave() {} }, new Qualities(), [], true);
        t.after(() => swarm.want(0, 0));
        swarm.want(2, 60_000);
        swarm.begin(new FakeNode());
        const come = async (/** @type {number} */ count) => {
            for (let i = 0; i < count; i++) {
                const from = String(peerIdFromMultihash(Digest.create(0x12, randomBytes(32))));
                swarm.hear({ type: 'announcement', from, timestamp: 1, data: {} });
                await settled();
            }
            return asked;
        };
        assert.equal(await come(20), 1);
        now = 60_000;
        assert.equal(await come(10), 2);
    });

    test('without WebRTC stays with relayed connections', async (t) => {
        const { node, swarm, hear } = makeSwarm({ hasWebRTC: false });
        t.after(() => swarm.want(0, 0));
        swarm.want(2, 60_000);
        swarm.begin(node);
        await settled();
        hear('12D3KooWZ', [`${CIRCUIT}/webrtc/p2p/12D3KooWZ`, `${CIRCUIT}/p2p/12D3KooWZ`]);
        await settled();
        assert.deepEqual(node.dialled[1], [`${CIRCUIT}/p2p/12D3KooWZ`]);
        assert.deepEqual(swarm.rows().map(({ id, way, isOperators }) => [id, way, isOperators]), [[GOOD, 'direct', true], ['12D3KooWZ', 'relayed', false]]);
    });

    test('shows what is known of all, and lets go of them when it wants none', async () => {
        const { node, swarm, joined } = makeSwarm();
        swarm.want(2, 60_000);
        swarm.begin(node);
        await settled();
        node.connect(OTHER, DIRECT);
        node.connect(OTHER, `${CIRCUIT}/p2p/${OTHER}`, { bytes: 1n });
        assert.deepEqual(swarm.rows().map(({ id, way, pings }) => [id, way, pings]), [[GOOD, 'direct', 0], [OTHER, 'direct', 0]]);
        swarm.want(0, 0);
        await settled();
        assert.deepEqual([node.getPeers().map(String), joined], [[GOOD], ['leave']]);
    });

    test('tells whether it carries others, and knows who does and is connected directly', async (t) => {
        const { node, swarm, told } = makeSwarm(), tell = (from, carries) => swarm.hear({ type: 'announcement', from, timestamp: 1, data: { addresses: [], computes: [], ...carries } });
        t.after(() => swarm.want(0, 0));
        swarm.want(4, 60_000);
        swarm.begin(node);
        await settled();
        swarm.hold({ peer: ME });
        swarm.carries = true;
        swarm.tell();
        assert.equal(told[0].data.carries, true);
        tell(OTHER, { carries: true });
        tell('12D3KooWZ', { carries: 'yes' });
        tell('12D3KooWY', {});
        const relayed = node.connect(OTHER, `${CIRCUIT}/p2p/${OTHER}`, { bytes: 1n });
        node.connect('12D3KooWZ', DIRECT);
        node.connect('12D3KooWY', DIRECT);
        assert.deepEqual(swarm.carriers(), []);
        swarm.clear(`/p2p/${OTHER}/p2p-circuit/p2p/${GOOD}`);
        assert.ok(node.open.includes(relayed), 'there is no other connection');
        node.connect(OTHER, DIRECT);
        assert.deepEqual(swarm.carriers(), [OTHER]);
        swarm.clear(`/p2p/${OTHER}/p2p-circuit/p2p/${GOOD}`);
        assert.deepEqual(node.left, [`${CIRCUIT}/p2p/${OTHER}`]);
        assert.deepEqual(swarm.rows().filter(({ carries }) => carries).map(({ id }) => id), [OTHER]);
    });

    test('keeps the circuits to the operator’s peers, by which it may reach the service', async (t) => {
        const { node, swarm } = makeSwarm();
        t.after(() => swarm.want(0, 0));
        node.connect(GOOD, LISTED);
        node.connect(GOOD, `/p2p/${OTHER}/p2p-circuit/p2p/${GOOD}`, { bytes: 1n });
        swarm.want(1, 60_000);
        swarm.begin(node);
        await settled();
        assert.deepEqual(node.left, []);
    });

    test('that wants none any more goes no further, wherever it was', async () => {
        for (const rest of ['ask', 'dial an operator’s peer', 'dial a page']) {
            const { node, swarm, certificates, joined, hear } = makeSwarm();
            let go = () => {}, isHeld = false;
            const hold = (/** @type {string} */ what) => (what === rest && !isHeld ? new Promise((resolve) => [isHeld, go] = [true, resolve]) : null);
            certificates.ask = () => hold('ask');
            const dial = node.dial.bind(node);
            node.dial = async (to, how) => {
                await hold(String([to].flat()[0]) === LISTED ? 'dial an operator’s peer' : 'dial a page');
                return dial(to, how);
            };
            swarm.hold({ peer: ME });
            swarm.want(2, 60_000);
            swarm.begin(node);
            hear('12D3KooWZ', [`${CIRCUIT}/p2p/12D3KooWZ`]);
            await until(() => isHeld, { what: rest });
            swarm.want(0, 0);
            const { length } = node.dialled;
            go();
            await settled();
            await settled();
            assert.deepEqual([swarm._pages(), node.dialled.length - length <= 1, joined.at(-1)], [[], true, 'leave'], rest);
            assert.deepEqual(node.getPeers().map(String), rest === 'ask' ? [] : [GOOD], rest);
        }
    });

    test('of a peer that its person names says why it is not met: it is not dialled, not there, or of another network', async () => {
        const { node, swarm } = makeSwarm();
        swarm.begin(node);
        assert.match(await swarm.add(`/ip4/10.0.0.1/tcp/1/p2p/${OTHER}`), /^A browser cannot use/);
        assert.deepEqual(node.dialled, []);
        assert.equal(await swarm.add(DIRECT), '');
        assert.deepEqual([...swarm.named], [DIRECT]);
        node.protocols = ['/ipfs/kad/1.0.0'];
        node.open = [];
        assert.equal(await swarm.add(DIRECT), 'That peer belongs to another network, so this page has left it.');
        assert.deepEqual(node.open, []);
        node.refuses = true;
        assert.equal(await swarm.add(DIRECT), 'That peer cannot be reached: nobody is there');
    });
});

describe('the quality of a connection', () => {
    test('is measured: round trips, lost pings, bytes', async (t) => {
        t.mock.timers.enable({ apis: ['setInterval'] });
        t.mock.method(AbortSignal, 'timeout', () => ({ aborted: isLate }));
        let isLate = false;
        const answers = [5, 7, null, null], node = new FakeNode(), qualities = new Qualities();
        node.services.ping = { ping: async () => answers.shift() ?? Promise.reject(new Error('late')) };
        const end = qualities.watch(node), peer = { toString: () => OTHER };
        const tell = (type) => node.dispatchEvent(Object.assign(new Event(type), { detail: peer }));
        tell('peer:connect');
        const connection = node.connect(OTHER, DIRECT), got = [];
        const stream = { send: (data) => got.push(['sent', data.byteLength]) > 0, onData: (data) => got.push(['received', data.byteLength]) };
        Object.assign(connection, { remotePeer: peer, streams: [stream] });
        qualities.metrics().trackProtocolStream(stream);
        assert.equal(stream.send(new Uint8Array(3)), true);
        stream.onData(new Uint8Array(7));
        t.mock.timers.tick(10_000);
        await settled();
        assert.deepEqual(qualities.of(OTHER), { rtt: 7, pings: 2, lost: 0, sent: 3, received: 7 });
        t.mock.timers.tick(10_000); // one that was not sent is not lost
        await settled();
        assert.deepEqual([qualities.of(OTHER).pings, qualities.of(OTHER).lost], [2, 0]);
        isLate = true;
        t.mock.timers.tick(10_000);
        await settled();
        assert.deepEqual([qualities.of(OTHER).pings, qualities.of(OTHER).lost, got], [3, 1, [['sent', 3], ['received', 7]]]);
        tell('peer:disconnect');
        assert.deepEqual(qualities.of(OTHER), { pings: 0, lost: 0, sent: 0, received: 0 });
        end();
    });
});

describe('the script of peers', () => {
    /** What it was asked for. @type {any[]} */
    const made = globalThis.madePeers = [];
    globalThis.__PEERS__ = `data:text/javascript,${encodeURIComponent(`export class Peers {
        constructor(around) { this.around = around; this.said = []; this.stun = []; this.problem = ''; globalThis.madePeers.push(this); }
        open(address, port) { this.said.push(['open', address]); }
        want(...words) { this.said.push(['want', ...words]); }
        hold(ticket) { this.said.push(['hold', ticket]); }
        share(port) { this.said.push(['share', port]); return () => this.said.push(['ended', port]); }
        is(own) { this.said.push(['is', own]); }
        add(address) { return 'no'; }
        rows() { return []; }
        carry(limits) { this.carries = limits; }
        end() { this.said.push(['end']); }
    }`)}`;
    const open = (fragment) => {
        made.length = 0;
        const kept = new Map(), settings = new Settings(new URLSearchParams(fragment), '', () => true), told = [];
        globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text), removeItem: (name) => kept.delete(name) };
        return { settings, kept, told, peering: new Peering(settings, () => [LISTED], (problem) => told.push(problem)) };
    };
    const loaded = () => until(() => made.length > 0, { what: 'the script' });

    test('is not loaded for a page whose link and person want no peers', async () => {
        const { peering } = open('token=t');
        peering.begin(() => {});
        peering.show({ platforms: {}, models: [], running: 0, queued: 0 });
        peering.hold({});
        await settled();
        assert.deepEqual([made, peering.isOn, peering.rows(), peering.asked], [[], false, [], []]);
    });

    test('is loaded for a way through a peer', async () => {
        const { peering } = open('token=t');
        peering.begin(() => {});
        peering.open(LISTED, {});
        await loaded();
        await settled();
        assert.deepEqual([made[0].said, made[0].around.first], [[['open', LISTED]], [LISTED]]);
    });

    test('is loaded where others are wanted, by the link or later, and rests when that is over', async () => {
        const { peering, settings, told } = open('maxPeers=3&discoveryInterval=5000');
        peering.begin((message) => told.push(message));
        await loaded();
        await settled();
        made[0].around.born(ME);
        peering.found('webgl2_worker', 'software');
        peering.found('wasm_jspi', 'no');
        peering.show({ platforms: { wasm: { available: true }, webnn: { available: false } }, models: [{ name: 'm', state: 'loaded' }, { name: 'n', state: 'loading' }], running: 2, queued: 1 });
        assert.deepEqual(made[0].said, [['want', 3, 5000], ['is', { computes: ['wasm', 'webgl2_worker'], models: ['m'], running: 2, waiting: 1 }]]);
        assert.deepEqual(told, [{ type: 'peer', id: ME }]);
        settings.choose('maxPeers', '0');
        assert.deepEqual([made[0].said.at(-1), peering.isOn], [['want', 0, 5000], false]);
        peering.end();
        assert.deepEqual(made[0].said.at(-1), ['end']);
    });

    test('others are carried if its person wants that, which no link says, while it connects to others', async () => {
        const { peering, settings } = open('maxPeers=3&carryOthers=yes&carryLimit=1048576');
        peering.begin(() => {});
        await loaded();
        const carries = (limits) => until(() => JSON.stringify(made[0].carries) === JSON.stringify(limits), { what: `it to carry within ${JSON.stringify(limits)}` });
        await carries(null);
        assert.deepEqual(settings.problems, ['carryOthers', 'carryLimit'].map((name) => `The link says ${name}, but only the person at this page decides that.`));
        settings.choose('carryOthers', 'yes');
        await carries({ bytes: 1 << 28, seconds: 3600 });
        settings.choose('carryMinutes', '2');
        await carries({ bytes: 1 << 28, seconds: 120 });
        settings.choose('maxPeers', '0');
        await carries(null);
    });

    test('the last wish counts, whichever came while the script was loaded', async () => {
        for (const [wishes, last] of [[['0'], 0], [['0', '7'], 7], [['5', '2'], 2]]) {
            const { peering, settings } = open('maxPeers=3&discoveryInterval=5000');
            peering.begin(() => {});
            for (const wish of wishes) settings.choose('maxPeers', wish);
            await loaded();
            await settled();
            assert.deepEqual([made.length, made[0].said.at(-1)], [1, ['want', last, 5000]]);
            assert.ok(made[0].said.every(([, most]) => most === last), `${JSON.stringify(made[0].said)} after ${wishes}`);
        }
    });

    test('a page that has ended while the script was loaded wants nothing of it', async () => {
        const { peering } = open('maxPeers=3&discoveryInterval=5000');
        peering.begin(() => {});
        peering.open(LISTED, {});
        const added = peering.add(LISTED);
        peering.end();
        await loaded();
        await settled();
        assert.deepEqual([made[0].said.filter(([verb, most]) => verb !== 'want' || most > 0), await added], [[], '']);
    });

    test('joins engine workers with others, those that were there before it, too, until they end; and tells of liars', async () => {
        const { peering, told } = open('maxPeers=3'), ends = ['one', 'other'].map((port) => peering.share(port));
        peering.begin((message) => told.push(message));
        await loaded();
        await settled();
        ends.push(peering.share('late'));
        assert.deepEqual(made[0].said.filter(([verb]) => verb === 'share'), [['share', 'one'], ['share', 'other'], ['share', 'late']]);
        for (const end of [ends[1], ends[2]]) end();
        assert.deepEqual(made[0].said.filter(([verb]) => verb === 'ended'), [['ended', 'other'], ['ended', 'late']]);
        made[0].around.accuse(ME, 'ab');
        assert.deepEqual(told.at(-1), { type: 'accuse', id: ME, file: 'ab' });
    });

    test('the question about STUN servers is the person’s to answer, once for each list', async () => {
        const { peering } = open('maxPeers=3&stun=yes');
        peering.begin(() => {});
        await loaded();
        const [peers] = made, mayAsk = () => peers.around.mayAsk();
        await until(() => peering.problem === '' && peers, { what: 'it' });
        await settled();
        Object.assign(peers, { fault: 'no node', problem: 'no WebRTC' });
        assert.equal(peering.problem, 'no node');
        peers.fault = '';
        assert.equal(peering.problem, 'no WebRTC');
        assert.deepEqual([peering.asked, mayAsk()], [[], false]);
        peers.stun = ['stun:a.example'];
        assert.deepEqual([peering.asked, mayAsk()], [['stun:a.example'], false]);
        peering.answer(false);
        assert.deepEqual([peering.asked, mayAsk()], [[], false]);
        peers.stun = ['stun:b.example'];
        assert.deepEqual(peering.asked, ['stun:b.example']);
        peering.answer(true);
        assert.deepEqual([peering.asked, mayAsk()], [[], true]);
        peers.stun = ['stun:b.example', 'stun:evil.example'];
        assert.deepEqual([peering.asked.length, mayAsk()], [2, false]);
    });

    test('what the service says is asked of its siblings while it is gone', async (t) => {
        const { peering } = open('maxPeers=3'), asked = [];
        globalThis.location = { origin: 'http://a.example' };
        const answers = { '/endpoints': 'http://b.example\nhttp://c.example\n', 'http://c.example/peers': '{"key": "k"}' };
        t.mock.method(globalThis, 'fetch', async (url) => {
            asked.push(String(url));
            if (!answers[url]) throw new Error('gone');
            return new Response(answers[url]);
        });
        peering.begin(() => {});
        await loaded();
        assert.deepEqual(await made[0].around.ask(), { key: 'k' });
        assert.deepEqual(asked.sort(), ['/endpoints', 'http://a.example/peers', 'http://b.example/peers', 'http://c.example/peers']);
        answers['http://a.example/peers'] = '{"key": "own"}';
        assert.deepEqual(await made[0].around.ask(), { key: 'own' });
    });

    test('siblings that could not be asked for are asked for again', async (t) => {
        const { peering } = open('maxPeers=3'), answers = {};
        globalThis.location = { origin: 'http://a.example' };
        t.mock.method(globalThis, 'fetch', async (url) => (answers[url] ? new Response(answers[url]) : Promise.reject(new Error('gone'))));
        peering.begin(() => {});
        await loaded();
        await assert.rejects(made[0].around.ask());
        Object.assign(answers, { '/endpoints': 'http://b.example\n', 'http://b.example/peers': '{"key": "k"}' });
        assert.deepEqual(await made[0].around.ask(), { key: 'k' });
        delete answers['/endpoints'];
        assert.deepEqual(await made[0].around.ask(), { key: 'k' }, 'they are known from before');
    });
});

describe('the ways that are left', () => {
    const other = '/dns4/b.example/tcp/1/wss/p2p/12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2', [FIRST, SECOND] = [LISTED, other].map((address) => address.split('/').at(-1));
    /** Dials that settle when they are told to. */
    const open = (addresses, carriers = []) => {
        const dials = new Map(), asked = [];
        const ways = new Ways(/** @type {any} */ ({ addresses, ask: async () => asked.push('') }), () => carriers, (address, signal) => new Promise((resolve, reject) => {
            dials.set(address, { resolve, reject, signal });
        }));
        return { ways, dials, asked, begun: () => [...dials.keys()] };
    };
    const turn = () => new Promise(setImmediate);
    const connection = () => ({ ended: '', abort({ message }) { this.ended = message; } });

    test('are the listed peers, and then these over each page that carries others', () => {
        const { ways } = open([LISTED, other, `/ip4/10.0.0.1/udp/1/webrtc-direct/certhash/u/p2p/${FIRST}`], ['A', 'B']);
        assert.deepEqual(ways.list(), [LISTED, other, ...['A', 'B'].flatMap((page) => [FIRST, SECOND].map((peer) => `/p2p/${page}/p2p-circuit/p2p/${peer}`))]);
        assert.equal(open(Array.from({ length: 20 }, (_, i) => `${LISTED}${i}`), ['A']).ways.list().length, 8);
    });

    test('are tried one after the other, each once the one before has failed or is late', async (t) => {
        t.mock.timers.enable({ apis: ['setTimeout'] });
        const { ways, dials, begun } = open([LISTED, other], ['A']), found = ways.open();
        await turn();
        assert.deepEqual(begun(), [LISTED]);
        t.mock.timers.tick(1499);
        assert.equal(begun().length, 1);
        t.mock.timers.tick(1);
        assert.deepEqual(begun(), [LISTED, other]);
        dials.get(other).reject(new Error('no'));
        await turn();
        const over = `/p2p/A/p2p-circuit/p2p/${FIRST}`, [good, late] = [connection(), connection()];
        assert.deepEqual(begun(), [LISTED, other, over]);
        dials.get(over).resolve(good);
        assert.equal(await found, good);
        assert.deepEqual([dials.get(LISTED).signal.aborted, dials.get(over).signal.aborted], [true, false]);
        dials.get(LISTED).resolve(late);
        await turn();
        t.mock.timers.tick(10_000);
        assert.deepEqual([late.ended, good.ended, begun().length], ['another way is taken', '', 3]);
    });

    test('may all fail, or be none', async () => {
        const { ways, dials } = open([LISTED]), found = ways.open();
        await turn();
        dials.get(LISTED).reject(new Error('no'));
        await assert.rejects(found, /^Error: no way leads to the service now$/);
        const none = open([]);
        await assert.rejects(none.ways.open(), /no way leads/);
        assert.equal(none.asked.length, 1);
    });
});
