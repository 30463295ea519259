// tier: quick
/** Gossip: which messages are right, how many of a peer's are, and what libp2p is told for that. */
import assert from 'node:assert/strict';
import { Gossip, GOSSIP_MAX, GOSSIP_MS, topicOf } from '../../page/src/peers/gossip.js';
import { describe, test } from '../lib/tier.mjs';

const ME = 'me', AUTHOR = 'author', SOURCE = 'source', KEY = 'k1';
const TICKET = { peer: AUTHOR, until: 1_000_000 };

/** The rules with a clock, tickets that are right if they name their peer, and all that they accept. */
function make({ members = [SOURCE] } = {}) {
    const around = { now: 0, key: KEY, heard: [], expelled: [] };
    const certificates = { get key() { return around.key; }, isTicket: async (ticket, peer) => ticket?.peer === peer && ticket.until > around.now, end: ({ until }) => until,
        isCertified: (peer) => peer === 'operator' };
    const gossip = new Gossip(certificates, { has: (peer) => members.includes(peer), expel: (peer) => around.expelled.push(peer) }, () => around.now,
        ({ type, from, timestamp }) => around.heard.push([type, from, timestamp]));
    const topics = new Set(), validators = new Map(), published = [];
    gossip._pubsub = {
        score: { params: { topics: {} }, peerStats: new Map() }, topicValidators: validators,
        subscribe: (topic) => topics.add(topic), unsubscribe: (topic) => topics.delete(topic),
        publish: async (topic, bytes) => published.push([topic, JSON.parse(new TextDecoder().decode(bytes))]),
    };
    gossip.join();
    let stamp = 0;
    const message = (type, more = {}, from = AUTHOR) => ({ from, data: new TextEncoder().encode(JSON.stringify({ type, from, timestamp: ++stamp, data: {}, ...more })) });
    const hear = (type, more, { source = SOURCE, from } = {}) => gossip.judge(type, source, message(type, more, from));
    return { around, gossip, topics, validators, published, message, hear, announce: () => hear('announcement', { data: { ticket: TICKET } }) };
}

describe('a message', () => {
    test('of a member that has announced itself is right', async () => {
        const { around, announce, hear } = make();
        assert.equal(await announce(), 'accept');
        assert.equal(await hear('heartbeat'), 'accept');
        assert.deepEqual(around.heard, [['announcement', AUTHOR, 1], ['heartbeat', AUTHOR, 2]]);
    });

    test('that a stranger passes on costs nobody anything, and is not heard', async () => {
        const { around, hear } = make();
        assert.equal(await hear('announcement', { data: { ticket: TICKET } }, { source: 'stranger' }), 'ignore');
        assert.deepEqual(around.heard, []);
    });

    test('of an author that is not known yet, or was heard before, is left', async () => {
        const { announce, hear } = make();
        assert.equal(await hear('heartbeat'), 'ignore');
        assert.equal(await announce(), 'accept');
        assert.equal(await hear('heartbeat', { timestamp: 1 }), 'ignore', 'a repeated one');
    });

    test('of an author whose ticket has ended is left', async () => {
        const { around, announce, hear } = make();
        await announce();
        around.now = TICKET.until;
        assert.equal(await hear('heartbeat'), 'ignore');
        assert.equal(await announce(), 'reject');
    });

    test('of another network is left', async () => {
        const { around, announce } = make();
        around.key = 'k2';
        assert.equal(await announce(), 'ignore');
    });

    for (const [what, type, more, from] of [
        ['that names another than its signer', 'heartbeat', { from: 'other' }],
        ['of another type than its topic', 'heartbeat', { type: 'announcement' }],
        ['without data', 'heartbeat', { data: null }],
        ['without a time', 'heartbeat', { timestamp: 'now' }],
        ['that is no object', 'heartbeat', { data: 5 }],
        ['of more than 4 KiB', 'heartbeat', { data: { models: ['x'.repeat(GOSSIP_MAX)] } }],
        ['with no ticket', 'announcement', {}],
        ['with another’s ticket', 'announcement', { data: { ticket: { ...TICKET, peer: 'other' } } }],
        ['of another with that one’s ticket', 'announcement', { data: { ticket: TICKET } }, 'other'],
    ]) test(`${what} is wrong`, async () => {
        const { around, announce, hear } = make();
        await announce();
        assert.equal(await hear(type, more, { from }), 'reject');
        assert.equal(around.heard.length, 1);
    });

    test('that is no JSON, or no UTF-8, is wrong', async () => {
        const { gossip } = make();
        for (const data of [Buffer.from('{'), Buffer.from('[]'), Buffer.from('null'), Buffer.from([0xff, 0xfe])])
            assert.equal(await gossip.judge('heartbeat', SOURCE, { from: AUTHOR, data }), 'reject');
    });
});

test('a peer may send one in five seconds, of which three may come at once', async () => {
    const { around, announce, hear } = make({ members: [SOURCE, AUTHOR] }), say = () => hear('heartbeat', {}, { source: AUTHOR });
    assert.equal(await announce(), 'accept');
    const said = [];
    for (let i = 0; i < 4; i++) said.push(await say());
    assert.deepEqual(said, ['accept', 'accept', 'reject', 'reject']);
    around.now += GOSSIP_MS;
    assert.deepEqual([await say(), await say()], ['accept', 'reject']);
    assert.equal(await hear('heartbeat'), 'ignore', 'who passes on what is too much is not to blame');
    around.now += 10 * GOSSIP_MS;
    said.length = 0;
    for (let i = 0; i < 10_000; i++) said.push(await say());
    assert.equal(said.filter((one) => one === 'accept').length, 3);
});

test('what a peer sends itself counts, also if it is left', async () => {
    const { announce, hear } = make({ members: [SOURCE, AUTHOR] }), say = (more = {}) => hear('heartbeat', more, { source: AUTHOR });
    assert.deepEqual([await say(), await say(), await say(), await say()], ['ignore', 'ignore', 'ignore', 'reject'], 'it has not announced itself');
    assert.equal(await announce(), 'ignore', 'there is no room for that either, and its neighbour is not to blame');
    const other = make({ members: [SOURCE, AUTHOR] });
    assert.equal(await other.announce(), 'accept');
    for (let i = 0; i < 100; i++) assert.equal(await other.hear('heartbeat', { timestamp: 1 }), 'ignore', 'others may repeat it');
    const again = () => other.hear('heartbeat', { timestamp: 1 }, { source: AUTHOR });
    assert.deepEqual([await again(), await again(), await again()], ['ignore', 'ignore', 'reject']);
});

test('the topics are those of the service’s key, and what is on others is left', () => {
    const { around, gossip, topics, validators } = make(), both = (net) => [topicOf(net, 'announcement'), topicOf(net, 'heartbeat')];
    assert.equal(topicOf('K', 'heartbeat'), '/webinfer/K/heartbeat');
    assert.deepEqual([[...topics], [...validators.keys()]], [both(KEY), both(KEY)]);
    for (const topic of both(KEY)) gossip.passes(topic);
    for (const topic of ['news', topicOf('k2', 'heartbeat'), topicOf(KEY, 'other')]) assert.throws(() => gossip.passes(topic), new Error('it is on another topic'));
    const stats = { topics: { other: {}, [topicOf(KEY, 'heartbeat')]: {} } };
    gossip._pubsub.score.peerStats.set(SOURCE, stats);
    around.key = 'k2'; // it has started again
    gossip.join();
    assert.deepEqual([[...topics], [...validators.keys()], Object.keys(gossip._pubsub.score.params.topics)], [both('k2'), both('k2'), both('k2')]);
    assert.deepEqual(stats.topics, { other: {} }, 'nothing is left of the former ones');
    gossip.leave();
    assert.equal(topics.size, 0);
    assert.throws(() => gossip.passes(topicOf('k2', 'heartbeat')));
    assert.equal(gossip.tell('heartbeat', ME, {}), false);
});

test('what a peer tells has the common form; what is too long is not sent', () => {
    const { gossip, published } = make(), before = Date.now();
    assert.equal(gossip.tell('heartbeat', ME, { running: 1 }), true);
    const [[topic, { timestamp, ...message }]] = published;
    assert.deepEqual([topic, message], [topicOf(KEY, 'heartbeat'), { type: 'heartbeat', from: ME, data: { running: 1 } }]);
    assert.ok(timestamp >= before && timestamp <= Date.now());
    assert.equal(gossip.tell('heartbeat', ME, { models: ['x'.repeat(GOSSIP_MAX)] }), false);
});

test('who has sent ten wrong ones is sent away', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { around, gossip } = make(), scores = { liar: -100, other: -81, operator: -200 };
    gossip._pubsub.score.peerStats = new Map(Object.keys(scores).map((peer) => [peer, {}]));
    gossip._pubsub.getScore = (peer) => scores[peer];
    const end = gossip.sweep();
    t.mock.timers.tick(2000);
    assert.deepEqual(around.expelled, ['liar']);
    end();
    t.mock.timers.tick(2000);
    assert.deepEqual(around.expelled, ['liar']);
});
