// tier: quick
/** A page that has come to its service by another way takes the best one again: when, and what becomes of what goes on meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BETTER_CAP_MS, BETTER_MS } from '../../page/src/link/better_way.js';
import { Connection } from '../../page/src/link/connection.js';
import { Passes } from '../../page/src/link/passes.js';
import { ANY_PEER } from '../../page/src/link/port_socket.js';
import { Services, TRY_MS } from '../../page/src/link/services.js';
import { decode, encode } from '../../page/src/shared/frame.js';
import { until } from '../lib/wait.mjs';

const A = 'http://a.example:8471', PEER_MS = 10_000;
const PEER = '/dns4/peer.example/tcp/1/wss/p2p/12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB';
const KEY = /** @type {any} */ ({ text: 'key' });
const WELCOME = { node: 'n', resume_token: 'r', resume_grace_ms: 60_000, heartbeat_interval_ms: 1e9, heartbeat_misses: 3, max_frame_bytes: 5000 };
const RESUMED = { ...WELCOME, resumed: true, resume_token: 's' };

/** The time, the timers, the sockets, and what the page was told. */
let world, connection;

class Socket {
    static OPEN = 1;
    readyState = 0;
    sent = [];
    closed = [];
    constructor(url) { this.url = url; world.sockets.push(this); }
    send(frame) { this.sent.push(typeof frame === 'string' ? JSON.parse(frame) : frame); }
    close(...how) { this.closed.push(how); this.readyState = 2; }
    open() { this.readyState = 1; this.onopen?.(); }
    hear(type, data = {}) { this.onmessage?.({ data: JSON.stringify({ id: 's1', type, from: 'service', timestamp: 0, data }) }); }
    end(code) { this.readyState = 3; this.onclose?.({ code, reason: 'x' }); }
    types() { return this.sent.map(({ type }) => type); }
}

/** Lets the time pass, with all that becomes due. */
async function pass(ms) {
    const end = world.now + ms;
    for (;;) {
        const [next] = [...world.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (!next) break;
        world.timers.delete(next[0]);
        world.now = next[1].at;
        await next[1].run();
    }
    world.now = end;
}

/** Until the page opens another socket. */
async function again() {
    const { length } = world.sockets;
    for (let ms = 0; ms < 60_000 && world.sockets.length === length; ms++) await pass(1);
    assert.equal(world.sockets.length, length + 1, 'it opens no other');
    return last();
}

const last = () => world.sockets.at(-1);
const settled = () => new Promise(setImmediate);
const answerFrame = (attempt, size) => encode({ id: 'p9', type: 'task_response', from: 'n', timestamp: 0, data: { attempt_id: attempt, reply_to: 's7', ok: true } },
    [{ name: 'y', datatype: 'UINT8', shape: [size], bytes: new Uint8Array(size) }]);
const part = (attempt, seq) => connection.part(attempt, seq, JSON.stringify({ type: 'task_part', data: { attempt_id: attempt, seq } }));

/** A page that goes to these. */
function setUp(t, origins, passes = new Passes('secret', KEY)) {
    world = { now: 1000, timers: new Map(), ids: 0, sockets: [], states: [], unanswered: [], wanted: {}, unwanted: [], rewound: [], heard: [], forgotten: 0, left: 0, ports: [] };
    t.mock.method(globalThis, 'setTimeout', (run, ms) => {
        world.timers.set(++world.ids, { run, at: world.now + ms });
        return world.ids;
    });
    t.mock.method(globalThis, 'clearTimeout', (id) => world.timers.delete(id));
    t.mock.method(Math, 'random', () => 1);
    const { WebSocket } = globalThis;
    t.after(() => {
        globalThis.WebSocket = WebSocket;
        for (const port of world.ports) port.close();
    });
    globalThis.WebSocket = /** @type {any} */ (Socket);
    const services = new Services(origins, true, () => world.now, A);
    services.addAnyPeer();
    connection = new Connection(services, passes, '1', /** @type {any} */ ({
        capabilities: () => ({}), unanswered: () => world.unanswered, wanted: () => world.wanted, rewind: (places) => world.rewound.push(places), pulse: () => ({}),
        onWelcome() { world.onWelcome?.(); }, onForgotten() { world.forgotten++; }, onAnew: async () => {}, onFigures() {}, onLeft() { world.left++; },
        onState: (state) => world.states.push(state), onUnwanted: (list) => world.unwanted.push(...list), onMessage: ({ type }) => world.heard.push(type),
        sign: async (key, nonce) => `${key.text} signs ${nonce}`,
        ...(origins.includes(PEER) ? { dial: (address, port) => world.ports.push(port) } : {}), // else a way over peers is one of the sockets
    }));
    connection.open();
}

/** It is welcome, loses its first way, and is there by another one. The socket of that. */
async function comeOver() {
    last().open();
    last().hear('welcome', WELCOME);
    return fallBack();
}

async function fallBack() {
    for (let i = 0; i < 2; i++) {
        last().end(1006);
        await again();
    }
    last().open();
    last().hear('welcome', RESUMED);
    assert.equal(connection.origin, ANY_PEER);
    world.states.length = world.unwanted.length = world.rewound.length = 0;
    return last();
}

/** The next try, which is open. */
async function tried(ms = BETTER_MS) {
    const { length } = world.sockets;
    await pass(ms - 1);
    assert.equal(world.sockets.length, length, 'it is too early');
    await pass(1);
    assert.deepEqual([world.sockets.length, last().url], [length + 1, 'ws://a.example:8471/node']);
    last().open();
    return last();
}

/** All is as before the try, which is over. */
function assertGoesOn(over, way) {
    assert.deepEqual([connection.origin, world.states, world.forgotten, over.closed], [ANY_PEER, [], 0, []]);
    assert.deepEqual([way.onopen, way.onmessage, way.onclose], [null, null, null]);
    connection.heartbeat();
    assert.equal(over.types().at(-1), 'heartbeat');
    over.hear('task_request', { attempt_id: 'later' });
    assert.equal(world.heard.at(-1), 'task_request');
}

describe('until the better way has welcomed the node', () => {
    test('the former one stays in use, both ways', async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        assert.deepEqual([way.types(), way.sent[0].data.resume.node, way.sent[0].data.resume.token], [['node_announcement'], 'n', 's']);
        connection.heartbeat();
        connection.answerText('a', { attempt_id: 'a', ok: true });
        part('b', 0);
        assert.deepEqual(over.types().slice(-3), ['heartbeat', 'task_response', 'task_part']);
        over.hear('task_request', { attempt_id: 'c' });
        over.hear('heartbeat', { seq: 1 });
        assert.deepEqual([world.heard, over.types().at(-1), way.types().length], [['task_request'], 'heartbeat', 1]);
        assert.deepEqual([connection.origin, world.states, over.closed], [ANY_PEER, [], []]);
    });

    test('then the node goes on there, and what the former one still says is ignored', async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        way.hear('welcome', RESUMED);
        assert.deepEqual([connection.origin, world.states, over.closed, connection.moves], [A, ['reconnecting', 'connected'], [[]], 0]);
        over.hear('task_request', { attempt_id: 'x' });
        over.hear('bye', { code: 'drain' });
        over.end(1008);
        assert.deepEqual([world.heard, world.states.at(-1), way.closed], [[], 'connected', []]);
        way.hear('task_request', { attempt_id: 'y' });
        connection.heartbeat();
        assert.deepEqual([world.heard, way.types().at(-1), over.types().includes('heartbeat')], [['task_request'], 'heartbeat', false]);
        await pass(10 * 60_000);
        assert.equal(last(), way, 'there is no better one');
    });

    test('bytes of the try are counted', async (t) => {
        setUp(t, [A]);
        await comeOver();
        const { sent, received } = connection, way = await tried();
        const size = JSON.stringify(way.sent[0]).length;
        assert.equal(connection.sent - sent, size);
        way.hear('device_challenge', { nonce: 'n' });
        assert.ok(connection.received > received);
    });
});

describe('what goes by the former way after the announcement', () => {
    test('answers and parts are sent again from where the service wants them', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        world.unanswered = ['a', 'b'];
        part('a', 0);
        const way = await tried();
        const { resume } = way.sent[0].data;
        assert.deepEqual([resume.running, resume.unacknowledged], [['a', 'b'], []]);
        assert.deepEqual(resume.next, {}, 'a number would be too low once the next part has gone by the former way');
        for (const seq of [1, 2]) part('a', seq);
        connection.answerText('b', { attempt_id: 'b', ok: true });
        world.unanswered = ['a'];
        assert.deepEqual(over.types().slice(-3), ['task_part', 'task_part', 'task_response']);
        way.hear('welcome', { ...RESUMED, next: { a: 2 } }); // the rest was lost with the former
        assert.deepEqual(way.sent.slice(1).map(({ type, data }) => [type, data.attempt_id, data.seq]), [['task_part', 'a', 2], ['task_response', 'b', undefined]]);
        assert.deepEqual(world.unwanted, []);
        over.end(1006);
    });

    test('after a try that fails nothing is sent twice, and what is kept stays so', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        world.unanswered = ['a'];
        const way = await tried();
        part('a', 0);
        connection.answerText('a', { attempt_id: 'a', ok: true });
        const { length } = over.sent;
        way.end(1006);
        assert.deepEqual([over.sent.length, connection.hasAnswered('a')], [length, true]);
        over.hear('task_ack', { attempt_ids: ['a'] });
        assert.equal(connection.hasAnswered('a'), false);
    });

    test('an answer in pieces goes on from the place that the welcome names, on the new way alone', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        connection.answer('a', answerFrame('a', 6000));
        over.hear('task_credit', { attempt_id: 'a', data_bytes: 1000 });
        const way = await tried();
        assert.deepEqual(way.sent[0].data.resume.unacknowledged, ['a']);
        over.hear('task_credit', { attempt_id: 'a', data_bytes: 2000 });
        const { length } = over.sent;
        way.hear('welcome', { ...RESUMED, data: { a: { tensor: 0, position: 5900 } } });
        assert.deepEqual(way.types(), ['node_announcement'], 'it waits for credit');
        way.hear('task_credit', { attempt_id: 'a', data_bytes: 6000 });
        const [, piece, end] = way.sent, { message: { data } } = decode(piece);
        assert.deepEqual([data.attempt_id, data.tensor, data.position, data.tensors[0].byte_length], ['a', 0, 5900, 100]);
        assert.deepEqual([end.type, end.data.in_pieces, over.sent.length], ['task_response', true, length]);
    });

    test('tasks that came by it are given up, answered or not: the service sends them again', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        world.unanswered = ['a'];
        world.wanted = { a: { tensor: 0, position: 5 } };
        const way = await tried();
        over.hear('task_request', { attempt_id: 'late' });
        world.unanswered = ['a', 'late'];
        world.wanted = { a: { tensor: 0, position: 9 }, late: { tensor: 0, position: 0 } };
        connection.answerText('done', { attempt_id: 'done', ok: true });
        connection.answer('large', answerFrame('large', 6000));
        way.hear('welcome', RESUMED);
        way.hear('task_credit', { attempt_id: 'large', data_bytes: 6000 });
        assert.deepEqual([world.unwanted, connection.hasAnswered('done'), way.types()], [['late', 'done', 'large'], false, ['node_announcement']]);
        assert.deepEqual(world.rewound, [{ a: { tensor: 0, position: 5 } }], 'the service goes on where it was told');
    });

    test('they go on if the try fails', async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        over.hear('task_request', { attempt_id: 'late' });
        world.unanswered = ['late'];
        await pass(TRY_MS);
        assert.deepEqual([world.unwanted, world.rewound], [[], []]);
        assertGoesOn(over, way);
    });
});

describe('a try is dropped, and the former way goes on, if the better way', () => {
    for (const code of [1000, 1001, 1006, 1008, 1013, 4001]) for (const isOpen of [false, true]) test(`closes with ${code} ${isOpen ? 'after the announcement' : 'before it is open'}`, async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        await pass(BETTER_MS);
        const way = last();
        if (isOpen) way.open();
        if (code === 4001) way.hear('bye', { code: 'resume_unknown' });
        way.end(code);
        assertGoesOn(over, way);
        await tried(2 * BETTER_MS);
    });

    for (const [what, tell] of /** @type {[string, (way: any) => void][]} */ ([['welcomes another node', (way) => way.hear('welcome', WELCOME)], ['speaks no protocol', (way) => way.onmessage({ data: '{' })]]))
        test(what, async (t) => {
            setUp(t, [A]);
            const over = await comeOver(), way = await tried();
            tell(way);
            assert.deepEqual(way.closed, [[undefined]]);
            assertGoesOn(over, way);
        });

    test('welcomes a node that was not announced', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        await pass(BETTER_MS);
        const way = last();
        way.hear('welcome', RESUMED);
        assertGoesOn(over, way);
    });

    for (const isOpen of [false, true]) test(isOpen ? 'opens and does not welcome the node in its time' : 'does not open in its time', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        await pass(BETTER_MS);
        const way = last();
        if (isOpen) way.open();
        await pass(TRY_MS - 1);
        assert.deepEqual(way.closed, []);
        await pass(1);
        assert.deepEqual(way.closed, [[undefined]]);
        assertGoesOn(over, way);
    });

    test('is a peer whose port is open before the service has said anything', async (t) => {
        setUp(t, [PEER, A]);
        const over = await again(); // the peer is silent at first
        assert.equal(over.url, 'ws://a.example:8471/node');
        over.open();
        over.hear('welcome', WELCOME);
        world.states.length = 0;
        await pass(BETTER_MS);
        const port = world.ports.at(-1), said = [];
        port.onmessage = ({ data }) => said.push(data);
        port.postMessage({ open: true });
        await until(() => said.length === 1, { what: 'the announcement' });
        await pass(PEER_MS - 1);
        assert.deepEqual([connection.origin, world.states, over.closed], [A, [], []]);
        await pass(1);
        await until(() => said.length === 2, { what: 'the end' });
        assert.deepEqual([JSON.parse(said[0]).data.resume.node, said[1], connection.origin, world.states], ['n', { code: undefined, reason: '' }, A, []]);
        await pass(2 * BETTER_MS);
        const other = world.ports.at(-1);
        other.postMessage({ open: true });
        other.postMessage(JSON.stringify({ id: 's1', type: 'welcome', from: 'service', timestamp: 0, data: RESUMED }));
        await until(() => connection.origin === PEER, { what: 'the better way' });
        assert.deepEqual([world.states, over.closed.length], [['reconnecting', 'connected'], 1]);
    });
});

describe('a challenge by the better way', () => {
    test('is answered there', async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried(), { length } = over.sent;
        way.hear('device_challenge', { nonce: 'n' });
        await settled();
        assert.deepEqual([way.sent[1].type, way.sent[1].data, over.sent.length], ['device_proof', { signature: 'key signs n' }, length]);
        way.hear('welcome', RESUMED);
        assert.equal(connection.origin, A);
    });

    test('ends the try if this is no device', async (t) => {
        setUp(t, [A], new Passes('secret'));
        const over = await comeOver(), way = await tried();
        way.hear('device_challenge', { nonce: 'n' });
        await settled();
        assert.deepEqual(way.closed, [[undefined]]);
        assertGoesOn(over, way);
    });

    test('is not answered once the try is over', async (t) => {
        setUp(t, [A]);
        await comeOver();
        const way = await tried();
        way.hear('device_challenge', { nonce: 'n' });
        way.end(1006);
        way.readyState = 1;
        await settled();
        assert.deepEqual(way.types(), ['node_announcement']);
    });
});

describe('the former way closes', () => {
    for (const code of [1000, 1006]) test(`with ${code} after the announcement: its welcome is waited for`, async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        over.end(code);
        assert.deepEqual([world.states, connection.node, way.closed], [['reconnecting'], 'n', []]);
        connection.answerText('a', { attempt_id: 'a', ok: true });
        world.unanswered = [];
        await pass(TRY_MS - 1);
        assert.equal(last(), way, 'it does not reconnect');
        way.hear('welcome', RESUMED);
        assert.deepEqual([world.states.at(-1), connection.origin, world.forgotten], ['connected', A, 0]);
        connection.heartbeat();
        assert.equal(way.types().at(-1), 'heartbeat');
    });

    for (const [how, end] of /** @type {[string, (way: any) => any][]} */ ([['closes, too', (way) => way.end(1008)], ['is silent', () => pass(TRY_MS)]])) test(`after the announcement, and the better one ${how}: the node returns as after a loss`, async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        over.end(1000);
        await end(way);
        assert.deepEqual([world.states.at(-1), connection.node, world.forgotten], ['reconnecting', 'n', 0]);
        const next = await again();
        next.open();
        assert.deepEqual([next.url, next.sent[0].data.resume.node], [over.url, 'n'], 'the same way comes first');
    });

    test('before the better one is open: the node returns as after a loss', async (t) => {
        setUp(t, [A]);
        const over = await comeOver();
        await pass(BETTER_MS);
        const way = last();
        over.end(1006);
        assert.deepEqual([way.closed, way.onopen, way.onmessage, way.onclose], [[[undefined]], null, null, null]);
        assert.deepEqual([(await again()).url, world.states], [over.url, ['reconnecting', 'reconnecting']]);
    });
});

describe('a try is closed', () => {
    /** Nothing comes of it, and nothing follows. */
    async function assertOver(way, state) {
        assert.deepEqual([way.onopen, way.onmessage, way.onclose], [null, null, null]);
        assert.equal(world.states.at(-1), state);
        const { length } = world.sockets;
        if (state !== 'stopped' && state !== 'refused') return;
        await pass(20 * 60_000);
        assert.deepEqual([world.sockets.length, world.states.at(-1)], [length, state]);
    }

    for (const isOpen of [false, true]) {
        const when = isOpen ? 'that is announced' : 'that is not open';
        const begin = async (t) => {
            setUp(t, [A]);
            const over = await comeOver();
            await pass(BETTER_MS);
            if (isOpen) last().open();
            return [over, last()];
        };

        test(`${when}, when the node leaves: as one of a node that leaves`, async (t) => {
            const [over, way] = await begin(t);
            connection.leave('enough');
            assert.deepEqual([over.types().at(-1), over.closed, way.closed], ['bye', [[1000]], [[1000]]]);
            over.end(1000);
            assert.equal(world.left, 1);
            await assertOver(way, 'stopped');
        });

        for (const code of ['drain', 'superseded']) test(`${when}, when the service says ${code}`, async (t) => {
            const [over, way] = await begin(t);
            over.hear('bye', { code });
            assert.deepEqual(way.closed, [[1000]]);
            over.hear('welcome', RESUMED); // is nothing to a page that has stopped
            over.end(1000);
            await assertOver(way, 'stopped');
        });

        test(`${when}, when the service sends the node away`, async (t) => {
            const [over, way] = await begin(t);
            over.end(1008);
            assert.equal(way.closed.length, 1);
            await assertOver(way, 'refused');
        });

        test(`${when}, when the service shuts down or knows the node no more`, async (t) => {
            for (const code of ['shutdown', 'resume_unknown']) {
                const [over, way] = await begin(t);
                over.hear('bye', { code });
                assert.equal(way.closed.length, 1, code);
                over.end(code === 'shutdown' ? 1001 : 4001);
                await assertOver(way, code === 'shutdown' ? 'reconnecting' : 'connecting');
            }
        });

        test(`${when}, when the node is renewed`, async (t) => {
            const [, way] = await begin(t);
            connection.renew('to be remembered');
            assert.deepEqual(way.closed, [[1000]]);
            await assertOver(way, 'connecting');
        });

        test(`${when}, when the former way speaks no protocol`, async (t) => {
            const [over, way] = await begin(t);
            over.onmessage({ data: '{' });
            assert.equal(way.closed.length, 1);
            await assertOver(way, 'reconnecting');
        });
    }

    test('when the page leaves while it waits for that welcome alone', async (t) => {
        setUp(t, [A]);
        const over = await comeOver(), way = await tried();
        over.end(1000);
        connection.leave('enough');
        assert.deepEqual([way.closed, world.left], [[[1000]], 1]);
        await assertOver(way, 'stopped');
    });
});

test('a page that leaves once it is welcome tries nothing', async (t) => {
    setUp(t, [A]);
    await comeOver();
    last().end(1006);
    const over = await again();
    over.open();
    world.onWelcome = () => connection.leave('enough');
    over.hear('welcome', RESUMED);
    const { length } = world.sockets;
    await pass(20 * 60_000); // whenever the service closes
    assert.deepEqual([world.sockets.length, world.states.at(-1)], [length, 'stopped']);
});

test('a way that fails is tried again after twice the time, up to five minutes, and at first after five seconds', async (t) => {
    setUp(t, [A]);
    const over = await comeOver();
    assert.equal(BETTER_CAP_MS, 300_000);
    for (const ms of [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) (await tried(ms)).end(1006);
    (await tried(300_000)).hear('welcome', RESUMED);
    assert.deepEqual([connection.origin, over.closed.length], [A, 1]);
    await pass(BETTER_CAP_MS);
    await fallBack();
    const way = await tried(5000);
    way.hear('welcome', RESUMED);
    assert.equal(connection.origin, A);
});

test('a way that leads there and does not hold is tried after twice the time, too, until it has held for as long', async (t) => {
    setUp(t, [A]);
    await comeOver();
    for (const ms of [5000, 10_000, 20_000]) {
        (await tried(ms)).hear('welcome', RESUMED);
        await pass(ms);
        await fallBack();
    }
    (await tried(40_000)).hear('welcome', RESUMED);
    await pass(80_000);
    await fallBack();
    await tried(5000);
});
