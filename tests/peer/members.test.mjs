// tier: quick
/** Who may stay connected to a peer: who has shown a ticket of this service, or is certified. And how many may connect from one address. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { peerIdFromString } from '@libp2p/peer-id';
import { gate } from '../../peer/gate.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { insist } from '../../page/src/peers/insist.js';
import { Members, SHOW_MS } from '../../page/src/peers/members.js';
import { test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';
import { TestStream } from './stream.mjs';

const ID = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB', OTHER = '12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2';
const ME = '12D3KooWQ1R6c7cW4iwS8nLXnJgHBZdBLNnQXmqPBuAHjTNSrQ3g';
let pair = generateKeyPairSync('ed25519'), asked = 0, certified = [];
const state = (purpose, peer, end, by) => ({ peer, until: end, signature: sign(null, Buffer.from(`${purpose}\0${peer}\0${end}`), by).toString('base64url') });
const ticket = ({ peer = ID, until: end = Date.now() + 60_000, purpose = 'webinfer-member', by = pair.privateKey } = {}) =>
    state(purpose, peer, end, by);

/** What the service says, once it is asked. */
const makeCertificates = (now = () => performance.now()) => new Certificates(async () => {
    asked++;
    return { key: pair.publicKey.export({ format: 'jwk' }).x, now: Date.now(),
        peers: certified.map((peer) => ({ address: `/dns4/a/tcp/1/ws/p2p/${peer}`, ...state('webinfer-peer', peer, Date.now() + 60_000, pair.privateKey) })) };
}, now);

/** A node of libp2p with one connection, how that connection has ended, and a clock. @param {any} t the test */
async function connect(t, { own = null } = {}) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const node = new EventTarget(), handled = {}, accepted = [], streams = [];
    const connection = { id: '1', remotePeer: ID, status: 'open', ended: '', abort: (error) => (connection.ended = error.message),
        newStream: async (protocol) => {
            const stream = Object.assign(new TestStream(), { protocol });
            streams.push(stream);
            return stream;
        } };
    node.handle = async (protocol, handler) => (handled[protocol] = handler);
    node.getConnections = () => [connection];
    let passed = 0;
    const now = () => performance.now() + passed, certificates = makeCertificates(now), members = new Members(certificates, now, ({ id }) => accepted.push(id));
    await certificates.ask();
    await members.watch(node);
    if (own) members.hold(own);
    const tell = (type) => node.dispatchEvent(Object.assign(new Event(type), { detail: connection }));
    if (!own) tell('connection:open');
    const show = async (...chunks) => {
        const stream = Object.assign(new TestStream(), { chunks: chunks.map((one) => Buffer.from(one)) });
        await handled['/webinfer/member/1'](stream, connection);
        return stream;
    };
    return { members, connection, streams, accepted, tell, show, pass: (ms) => {
        passed += ms;
        t.mock.timers.tick(ms);
        return connection.ended;
    } };
}

test('a connection without a ticket is cut', async (t) => {
    const { connection, pass } = await connect(t);
    pass(SHOW_MS - 1);
    assert.equal(connection.ended, '');
    pass(1);
    assert.equal(connection.ended, 'the peer has shown no ticket that is good');
});

test('one with a ticket stays, in however many pieces it came', async (t) => {
    const { connection, show, pass } = await connect(t), text = JSON.stringify(ticket());
    assert.equal((await show(text.slice(0, 20), text.slice(20))).status, 'closed');
    pass(SHOW_MS);
    assert.equal(connection.ended, '');
});

test('one that has ended is not waited for', async (t) => {
    const { connection, tell, pass } = await connect(t);
    tell('connection:close');
    pass(SHOW_MS);
    assert.equal(connection.ended, '');
});

for (const [what, text] of [
    ['another’s', () => ticket({ peer: OTHER })],
    ['an expired one', () => ticket({ until: Date.now() - 50 })],
    ['a foreign one', () => ticket({ by: generateKeyPairSync('ed25519').privateKey })],
    ['a certificate', () => ticket({ purpose: 'webinfer-peer' })],
    ['one that was prolonged', () => ({ ...ticket(), until: Date.now() + 3_600_000 })],
    ['one without a signature', () => ({ ...ticket(), signature: undefined })],
    ['one without an end', () => ({ ...ticket(), until: null })],
    ['something else', () => [1, 2]],
    ['null', () => null],
]) test(`${what} is no ticket`, async (t) => {
    const { connection, show, pass } = await connect(t), stream = await show(JSON.stringify(text()));
    assert.deepEqual([stream.status, stream.error.message], ['aborted', 'this is no ticket of the peer for this service']);
    pass(SHOW_MS);
    assert.equal(connection.ended, 'the peer has shown no ticket that is good');
});

test('what is no JSON, or too long, is no ticket', async (t) => {
    const { show } = await connect(t);
    assert.equal((await show('{')).status, 'aborted');
    assert.equal((await show('x'.repeat(700), 'x'.repeat(700))).error.message, 'a ticket has at most 1024 bytes');
});

test('a certified peer stays without a ticket', async (t) => {
    certified = [ID];
    t.after(() => (certified = []));
    const { members, connection, pass } = await connect(t);
    pass(SHOW_MS);
    assert.deepEqual([connection.ended, members.has(ID), members.has(OTHER)], ['', true, false]);
});

test('a member is one until its ticket ends', async (t) => {
    const { members, show, pass } = await connect(t), passes = (ms) => [pass(ms), members.has(ID)][1];
    await show(JSON.stringify(ticket({ until: Date.now() + 5000 })));
    assert.deepEqual([members.has(ID), passes(4000), passes(1100)], [true, true, false]);
});

test('a connection whose ticket ends is cut, unless another one is shown', async (t) => {
    const { members, connection, show, pass } = await connect(t), start = Date.now(), ended = [];
    for (const looks of [2.5, 4.5]) {
        await show(JSON.stringify(ticket({ until: start + looks * SHOW_MS })));
        for (let i = 0; i < 2; i++) ended.push(pass(SHOW_MS));
    }
    assert.deepEqual([members.has(ID), ended], [true, ['', '', '', '']]);
    assert.deepEqual([pass(SHOW_MS), members.has(ID)], ['the peer has shown no ticket that is good', false]);
});

test('a peer that was certified keeps its connection', async (t) => {
    certified = [ID];
    const { members, connection, pass } = await connect(t);
    pass(SHOW_MS);
    certified = [];
    await members._certificates.ask();
    for (let i = 0; i < 10; i++) pass(SHOW_MS);
    assert.deepEqual([members.has(ID), connection.ended], [false, '']);
});

test('who breaks the rules is sent away, and stays away as that peer', async (t) => {
    const { members, connection, show } = await connect(t);
    await show(JSON.stringify(ticket()));
    members.expel(ID);
    assert.deepEqual([connection.ended, members.has(ID), members.isAway(ID), members.isAway(OTHER)], ['the peer breaks the rules', false, true, false]);
});

test('connected peers are near, and so is our own node', async () => {
    const members = new Members(makeCertificates(), () => 0), [own, other, gone] = [ME, ID, OTHER].map((id) => peerIdFromString(id)), node = new EventTarget();
    assert.deepEqual([own, other].map((peer) => members.isNear(peer)), [false, false]);
    Object.assign(node, { peerId: own, handle: async () => {}, getConnections: (peer) => (peer.equals(other) ? [{}] : []) });
    await members.watch(node);
    assert.deepEqual([own, other, gone].map((peer) => members.isNear(peer)), [true, true, false]);
});

test('a page shows its own ticket, and learns that it was taken', async (t) => {
    const own = ticket({ peer: OTHER }), { streams: [stream], accepted } = await connect(t, { own });
    await Promise.resolve();
    assert.deepEqual([stream.protocol, JSON.parse(stream.text), stream.status, accepted], ['/webinfer/member/1', own, 'closed', []]);
    stream.dispatchEvent(new Event('remoteCloseWrite'));
    await until(() => accepted.length === 1, { what: 'the news' });
});

test('a peer that does not take it is no news', async (t) => {
    const { connection, streams, accepted, pass } = await connect(t, { own: ticket({ peer: OTHER }) });
    for (const [count, ms] of [[1, 1250], [2, 2500], [3, 5000]]) {
        await until(() => streams.length === count && streams[count - 1].sent.length > 0, { what: `try ${count}` });
        streams[count - 1].dispatchEvent(Object.assign(new Event('close'), { error: new Error('reset') }));
        await new Promise(setImmediate);
        pass(ms);
    }
    await new Promise(setImmediate);
    assert.deepEqual([streams.length, accepted, connection.status], [3, [], 'open']);
});

test('a ticket whose stream is lost is shown again, while the connection is open', async (t) => {
    const { connection, streams, accepted, pass } = await connect(t, { own: ticket({ peer: OTHER }) }), [lost] = streams;
    await until(() => lost.status === 'aborted', { what: 'the end of the first try' }); // nothing has come
    pass(1250);
    await until(() => streams.length === 2 && streams[1].sent.length > 0, { what: 'the second try' });
    streams[1].dispatchEvent(new Event('remoteCloseWrite'));
    await until(() => accepted.length === 1, { what: 'the news' });
    connection.status = 'closed';
    assert.equal(await insist(connection, () => assert.fail('it is asked')), undefined);
});

test('a daemon that has started again has another key, which is asked for once in a while', async () => {
    const certificates = makeCertificates();
    assert.equal(await certificates.isTicket(ticket(), ID), true);
    const before = asked;
    for (let i = 0; i < 20; i++) assert.equal(await certificates.isTicket(ticket({ by: generateKeyPairSync('ed25519').privateKey }), ID), false);
    assert.equal(asked, before);
    pair = generateKeyPairSync('ed25519');
    await until(() => certificates.isTicket(ticket(), ID), { what: 'the new key' });
    assert.equal(asked, before + 1);
});

test('while it is being asked, whoever comes waits for that answer', async () => {
    const said = { key: pair.publicKey.export({ format: 'jwk' }).x, now: Date.now(), peers: [] };
    let count = 0, answer = () => {};
    const certificates = new Certificates(() => new Promise((resolve) => [count, answer] = [count + 1, resolve]), () => performance.now());
    const asked = certificates.ask(), judged = [certificates.isTicket(ticket(), ID), certificates.isTicket(ticket({ peer: OTHER }), OTHER)];
    await new Promise(setImmediate);
    answer(said);
    assert.deepEqual([await Promise.all(judged), await asked, count], [[true, true], undefined, 1]);
    const again = certificates.ask(), before = pair;
    pair = generateKeyPairSync('ed25519'); // it starts again, and its ticket is looked at while the answer comes
    const late = certificates.isTicket(ticket(), ID);
    answer({ ...said, key: pair.publicKey.export({ format: 'jwk' }).x });
    assert.deepEqual([await late, await again, count], [true, undefined, 2]);
    assert.equal(await certificates.isTicket(ticket({ by: before.privateKey }), ID), false);
});

test('one address has so many connections, and another has its own', () => {
    const refuses = gate(2), connections = [], ended = [];
    const come = (address) => {
        const connection = Object.assign(new EventTarget(), { websocket: { terminate: () => ended.push(address) }, remoteAddr: `${address}/tcp/${1000 + connections.length}/ws` });
        connections.push(connection);
        return refuses(connection);
    };
    assert.deepEqual(['/ip4/10.0.0.1', '/ip4/10.0.0.1', '/ip4/10.0.0.1', '/ip4/10.0.0.2', '/ip6/fd00::1'].map(come), [false, false, true, false, false]);
    connections[0].dispatchEvent(new Event('close'));
    assert.deepEqual(['/ip4/10.0.0.1', '/ip4/10.0.0.1'].map(come), [false, true]);
    connections[2].dispatchEvent(new Event('close')); // libp2p has aborted the one that was refused
    assert.deepEqual(ended, ['/ip4/10.0.0.1', '/ip4/10.0.0.1'], 'its WebSocket, too');
});
