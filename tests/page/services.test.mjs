// tier: quick
/** Which of several services a page goes to, what a link may say of that, and a page far from its own scripts. */
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { BETTER_MS } from '../../page/src/link/better_way.js';
import { Connection } from '../../page/src/link/connection.js';
import { Elsewhere, LOOK_MS } from '../../page/src/link/elsewhere.js';
import { Passes } from '../../page/src/link/passes.js';
import { ANY_PEER } from '../../page/src/link/port_socket.js';
import { Services, SHUTDOWN_MS, TRY_MS } from '../../page/src/link/services.js';
import { choose, read, sentenceOf } from '../../page/src/ui/endpoints.js';
import { make, sign } from '../../page/src/shared/device_key.js';

const [A, B, C] = ['http://a.example:8471', 'http://b.example:8471', 'https://c.example'];
const USUAL_MS = 10_000;

/** Services and their clock. */
function setUp(origins, isOpen = false, own = '') {
    const clock = { now: 1000 };
    return { clock, services: new Services(origins, isOpen, () => clock.now, own) };
}

test('services are tried in their order until one welcomes the page, which stays there', () => {
    const { clock, services } = setUp([A, B, C]);
    assert.equal(services.patience(USUAL_MS), TRY_MS);
    const tried = [services.origin];
    for (let i = 0; i < 3; i++) {
        assert.equal(services.lost(), true);
        tried.push(services.origin);
    }
    assert.deepEqual(tried, [A, B, C, A]);
    services.lost();
    services.welcomed(15_000, undefined);
    clock.now += 1e9;
    assert.equal(services.origin, B);
    // After a loss it goes on there, for as long as the node could be resumed.
    assert.equal(services.lost(), false);
    clock.now += 14_999;
    assert.equal(services.lost(), false);
    clock.now += 1;
    assert.equal(services.lost(), true);
    assert.equal(services.origin, C);
    services.welcomed(0, undefined);
    assert.equal(services.lost(), true, 'nothing can be resumed there');
});

test('a service that shuts down is waited for five seconds', () => {
    const { clock, services } = setUp([A, B]);
    services.welcomed(60_000, undefined);
    services.leaves();
    assert.equal(services.lost(), false);
    clock.now += SHUTDOWN_MS - 1;
    assert.equal(services.lost(), false);
    clock.now += 1;
    assert.deepEqual([services.lost(), services.origin], [true, B]);
});

test('a single service is the only one, and waited for as ever', () => {
    const { clock, services } = setUp([A]);
    assert.equal(services.patience(USUAL_MS), USUAL_MS);
    services.welcomed(1, undefined);
    services.leaves();
    clock.now += 1e9;
    assert.deepEqual([services.lost(), services.origin, services.refused()], [false, A, false]);
});

test('siblings that a welcome names follow, unless the link has chosen', () => {
    const open = setUp([A], true).services, chosen = setUp([A], false).services;
    for (const services of [open, chosen]) services.welcomed(0, [A, B, 'javascript:alert(1)']);
    assert.equal(open.lost(), false, 'a list with a stranger in it is none');
    for (const services of [open, chosen]) services.welcomed(0, [A, B]);
    assert.deepEqual([open.lost(), open.origin], [true, B]);
    assert.deepEqual([chosen.lost(), chosen.origin], [false, A]);
});

test('who refuses the token is left out, until all have', () => {
    const { services } = setUp([A, B, C]);
    assert.deepEqual([services.refused(), services.origin], [true, B]);
    assert.deepEqual([services.lost(), services.origin], [true, C]);
    assert.deepEqual([services.refused(), services.origin], [true, B]);
    assert.equal(services.refused(), false);
});

// --- what a link says -----------------------------------------------------------------------------------

test('a link chooses and orders among the listed services', () => {
    assert.deepEqual(choose(`${B},${A}`, A, [B, C]), { origins: [B, A], foreign: [] });
    assert.deepEqual(choose(` ${C} , ${C},`, A, [B, C]), { origins: [C], foreign: [] });
    assert.deepEqual(choose('', A, [B]), { origins: [A], foreign: [] });
    assert.equal(sentenceOf(choose(B, A, [B])), '');
    assert.deepEqual(read(`${B}\n${C}\n`), [B, C]);
    assert.deepEqual(read(''), []);
});

for (const bad of ['http://10.9.9.9:1/', 'http://10.9.9.9:1', 'https://good.example@evil', '//evil', 'javascript:alert(1)', `${B}/`, `${B}/x`, `${B}#`,
    `${B}@evil`, 'http://b.example:84711', `HTTP://B.example:8471`, 'null', '.', '/', 'data:text/html,x', 'ws://b.example:8471']) {
    test(`a link does not lead to ${bad}`, () => {
        assert.deepEqual(choose(bad, A, [B]).origins, [A]);
        const chosen = choose(`${bad},${B}`, A, [B]);
        assert.deepEqual(chosen.origins, [B], 'what is good in it is followed');
        for (const name of bad.split(',')) assert.ok(sentenceOf(chosen).includes(name), sentenceOf(chosen));
        assert.match(sentenceOf(chosen), /^This link names .*, which the operator of this service does not list\. Nothing was sent there\. This page connects to http:\/\/b\.example:8471 only\.$/);
    });
}

test('a huge list, and what is shown of words from outside, is limited', () => {
    const huge = Array.from({ length: 5000 }, (_, i) => `http://h${i}.example`).join(',');
    assert.ok(huge.length > 100_000);
    assert.deepEqual(choose(huge, A, [B]), { origins: [A], foreign: [`a list of ${huge.length} characters`] });
    assert.ok(sentenceOf(choose(huge, A, [B])).length < 400);
    const many = choose('http://x.example,http://y.example,http://z.example,http://w.example', A, []);
    assert.match(sentenceOf(many), /names http:\/\/x\.example, http:\/\/y\.example, http:\/\/z\.example and 1 more,/);
    assert.deepEqual(choose(`http://${'x'.repeat(200)}.example`, A, []).foreign, [`http://${'x'.repeat(73)}…`]);
    assert.deepEqual(choose('http://a\u202e.example\u0007', A, []).foreign, ['http://a\\u{202e}.example\\u{7}']);
});

// --- ways to one service -----------------------------------------------------------------------------------

const PEER = '/dns4/peer.example/tcp/1/wss/p2p/12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB';

test('while a node can be resumed, all ways to its service are tried, and no other service', () => {
    const { clock, services } = setUp([A, B, PEER], false, A), tried = [];
    services.addAnyPeer();
    services.addAnyPeer();
    services.welcomed(15_000, undefined);
    for (let i = 0; i < 5; i++) {
        assert.equal(services.lost(), false);
        tried.push(services.origin);
    }
    assert.deepEqual(tried, [A, PEER, ANY_PEER, A, PEER]);
    clock.now += 15_000;
    assert.deepEqual([services.lost(), services.origin], [false, ANY_PEER], 'the same service, which may still know the node');
    assert.deepEqual([services.lost(), services.origin], [false, A]);
    assert.deepEqual([services.lost(), services.origin], [true, B], 'another one');
    services.welcomed(15_000, undefined);
    assert.deepEqual([services.lost(), services.origin], [false, B], 'peers do not lead there');
});

test('the best way is the first that leads to the same service', () => {
    const { services } = setUp([A, PEER], false, A);
    assert.equal(services.better, '');
    services.addAnyPeer();
    services.welcomed(15_000, undefined);
    services.lost();
    assert.equal(services.better, '', 'the same way comes first');
    services.lost();
    assert.deepEqual([services.origin, services.better], [PEER, A]);
    assert.deepEqual([services.patience(USUAL_MS), services.patience(USUAL_MS, A)], [USUAL_MS, TRY_MS], 'to a peer there are more steps');
    services.takeBetter();
    assert.deepEqual([services.origin, services.better], [A, '']);
    const { services: others } = setUp([B, A], false, A);
    others.addAnyPeer();
    assert.deepEqual([others.origin, others.better], [B, '']);
});

test('a page of which its service wants nothing does not come back over peers', () => {
    const { services } = setUp([A], false, A);
    services.addAnyPeer();
    assert.deepEqual([services.refused(), services.origin], [false, A]);
});

test('where no peer leads to a service of the page, none is tried', () => {
    const { services } = setUp([B], false, A);
    services.addAnyPeer();
    assert.deepEqual([services.lost(), services.origin], [false, B]);
});

// --- the connection ---------------------------------------------------------------------------------------

/** A page that goes to these; `said` is what it has said, by the socket. */
function connect(t, origins, isOpen = true, passes = new Passes('secret'), own = '') {
    const world = { now: 1000, due: null, sockets: [], forgotten: 0, state: '', passes };
    t.mock.method(performance, 'now', () => world.now);
    t.mock.method(globalThis, 'setTimeout', (run, ms) => { world.due = { run, ms }; });
    t.mock.method(globalThis, 'clearTimeout', () => {});
    t.mock.method(Math, 'random', () => 1);
    const { WebSocket } = globalThis;
    t.after(() => { globalThis.WebSocket = WebSocket; });
    globalThis.WebSocket = /** @type {any} */ (class {
        static OPEN = 1;
        readyState = 1;
        sent = [];
        constructor(url) { this.url = url; world.sockets.push(this); }
        send(frame) { this.sent.push(JSON.parse(frame)); }
        close() {}
    });
    const nothing = () => {};
    const services = new Services(origins, isOpen, () => world.now, own);
    const connection = new Connection(services, passes, '1', /** @type {any} */ ({ capabilities: () => ({}), unanswered: () => ['att-1'],
        wanted: () => ({}), rewind: nothing, pulse: () => ({}), onWelcome: nothing, onForgotten: () => { world.forgotten++; }, onAnew: async () => {},
        onState: (state, detail) => { Object.assign(world, { state, detail }); }, onUnwanted: nothing, onMessage: nothing,
        sign: async (key, nonce) => `${key.text} signs ${nonce}` }));
    connection.open();
    const last = () => world.sockets.at(-1);
    return { world, connection, last, services,
        hear: (type, data) => last().onmessage({ data: JSON.stringify({ id: 's1', type, from: 'service', timestamp: 0, data }) }),
        /** Lets the next try begin. */
        async again() {
            world.now += world.due.ms;
            await world.due.run();
            last().onopen?.();
            return last();
        } };
}

const welcome = { node: 'n', resume_token: 'r', resume_grace_ms: 15_000, heartbeat_interval_ms: 5000, heartbeat_misses: 3 };

test('a page whose service dies resumes there, and then comes to a sibling as a new node', async (t) => {
    const { world, connection, last, hear, again } = connect(t, [A]);
    assert.equal(last().url, 'ws://a.example:8471/node');
    assert.equal(world.due.ms, USUAL_MS, 'it knows of no other service yet');
    last().onopen();
    hear('welcome', { ...welcome, endpoints: [B] });
    last().onclose({ code: 1006, reason: '' });
    const until = world.now + 15_000;
    let socket = await again();
    while (world.now < until) {
        assert.deepEqual([socket.url, socket.sent[0].data.resume.node], ['ws://a.example:8471/node', 'n']);
        assert.equal(world.due.ms, TRY_MS);
        last().onclose({ code: 1006, reason: '' });
        socket = await again();
    }
    assert.equal(world.forgotten, 0);
    if (socket.url.includes('a.example')) {
        last().onclose({ code: 1006, reason: '' });
        socket = await again();
    }
    assert.equal(socket.url, 'ws://b.example:8471/node');
    assert.deepEqual([socket.sent[0].data.token, socket.sent[0].data.resume, world.forgotten], ['secret', undefined, 1]);
    hear('welcome', { ...welcome, node: 'm' });
    assert.deepEqual([connection.node, connection.origin, connection.moves, world.state], ['m', B, 1, 'connected']);
});

test('a service that says that it shuts down may be upgraded, and a page comes back to it', async (t) => {
    const { world, last, hear, again } = connect(t, [A]);
    last().onopen();
    hear('welcome', { ...welcome, endpoints: [B] });
    hear('bye', { code: 'shutdown', reason: 'x' });
    last().onclose({ code: 1001, reason: '' });
    const began = world.now;
    let socket = await again();
    while (socket.url.includes('a.example')) {
        last().onclose({ code: 1006, reason: '' });
        socket = await again();
    }
    assert.equal(socket.url, 'ws://b.example:8471/node');
    assert.ok(world.now - began >= SHUTDOWN_MS && world.now - began <= SHUTDOWN_MS + 10_000, `${world.now - began} ms`);
});

test('a token that a sibling does not know is shown to no one twice, and a node that was sent away goes nowhere', async (t) => {
    const { world, last, hear, again } = connect(t, [A, B], false);
    last().onopen();
    last().onclose({ code: 1008, reason: 'the token is unknown, spent or expired' });
    let socket = await again();
    assert.deepEqual([socket.url, socket.sent[0].data.token], ['ws://b.example:8471/node', 'secret']);
    hear('welcome', welcome);
    last().onclose({ code: 1008, reason: 'quarantined' });
    assert.equal(world.state, 'refused');
    assert.equal(world.sockets.length, 2);
});

test('a node goes on by another way, and takes the first one again once that leads there', async (t) => {
    const { world, connection, last, hear, again, services } = connect(t, [A], true, new Passes('secret'), A), resumed = { ...welcome, resumed: true };
    services.addAnyPeer();
    last().onopen();
    hear('welcome', welcome);
    connection.answer('att-0', '{"data": {}}');
    last().onclose({ code: 1006, reason: '' });
    assert.equal((await again()).url, 'ws://a.example:8471/node', 'the same way comes first');
    last().onclose({ code: 1006, reason: '' });
    const over = await again();
    assert.deepEqual([connection.origin, over.url, over.sent[0].data.resume.node, over.sent[0].data.resume.unacknowledged], [ANY_PEER, '//node', 'n', ['att-0']]);
    hear('welcome', resumed);
    assert.deepEqual([world.state, world.forgotten, connection.moves, world.due.ms], ['connected', 0, 0, BETTER_MS]);

    world.due.run(); // the first way is tried …
    const vain = last();
    assert.equal(vain.url, 'ws://a.example:8471/node');
    vain.onclose({ code: 1006, reason: '' }); // … in vain, which is nothing to the present one
    assert.deepEqual([connection.origin, world.state, world.due.ms], [ANY_PEER, 'connected', 2 * BETTER_MS]);
    connection.heartbeat();
    assert.equal(over.sent.at(-1).type, 'heartbeat');

    over.close = t.mock.fn();
    world.due.run();
    const back = last();
    back.onopen();
    assert.deepEqual([connection.origin, back.sent[0].data.resume.node, over.close.mock.callCount()], [ANY_PEER, 'n', 0]);
    hear('welcome', { ...resumed, cancel: ['att-0'] });
    assert.deepEqual([connection.origin, over.close.mock.callCount(), over.onmessage, over.onclose], [A, 1, null, null]);
    assert.deepEqual([world.state, world.forgotten, connection.moves, world.sockets.length], ['connected', 0, 0, 5]);
    connection.heartbeat();
    assert.equal(back.sent.at(-1).type, 'heartbeat');
});

test('a first way that opens too late is left', async (t) => {
    const { world, connection, last, hear, again, services } = connect(t, [A], true, new Passes('secret'), A);
    services.addAnyPeer();
    last().onopen();
    hear('welcome', welcome);
    for (let i = 0; i < 2; i++) {
        last().onclose({ code: 1006, reason: '' });
        await again();
    }
    const over = last();
    hear('welcome', { ...welcome, resumed: true });
    world.due.run();
    const late = last();
    late.close = t.mock.fn();
    over.onclose({ code: 1006, reason: '' });
    assert.deepEqual([late.close.mock.callCount(), late.onopen, late.sent, connection.origin], [1, null, [], ANY_PEER]);
});

test('a page that all refuse stops', async (t) => {
    const { world, last, again } = connect(t, [A, B], false);
    last().onclose({ code: 1008, reason: 'no' });
    await again();
    last().onclose({ code: 1008, reason: 'no' });
    assert.deepEqual([world.state, world.sockets.length], ['refused', 2]);
});

// --- a remembered device ----------------------------------------------------------------------------------

const KEY = /** @type {any} */ ({ text: 'key' });
const told = ({ data: { token, device, device_key: key } }) => ({ token, device, key });

test('the token comes first with the key, and a service that does not know it is shown the device', async (t) => {
    const { world, last, hear, again } = connect(t, [A, B], false, new Passes('secret', KEY, true));
    last().onopen();
    assert.deepEqual(told(last().sent[0]), { token: 'secret', device: undefined, key: 'key' });
    last().onclose({ code: 1008, reason: 'the token is unknown, spent or expired' });
    let socket = await again();
    assert.equal(socket.url, 'ws://a.example:8471/node', 'the same service');
    assert.deepEqual(told(socket.sent[0]), { token: undefined, device: { key: 'key' }, key: undefined });
    hear('device_challenge', { nonce: 'n' });
    await new Promise(setImmediate);
    assert.deepEqual([socket.sent[1].type, socket.sent[1].data], ['device_proof', { signature: 'key signs n' }]);
    last().onclose({ code: 1008, reason: 'this device is not remembered, or no longer: join with a link' });
    socket = await again();
    assert.equal(socket.url, 'ws://b.example:8471/node');
    assert.deepEqual(told(socket.sent[0]), { token: 'secret', device: undefined, key: 'key' });
    last().onclose({ code: 1008, reason: 'no' });
    await again();
    last().onclose({ code: 1008, reason: 'this device is not remembered, or no longer: join with a link' });
    assert.deepEqual([world.state, world.detail], ['refused', 'this device is not remembered, or no longer: join with a link']);
});

test('whether a service knows the page as a device is told by what it has welcomed', async (t) => {
    const { world: { passes }, last, hear, again } = connect(t, [A], false, new Passes('secret', KEY, true));
    last().onopen();
    hear('welcome', welcome);
    assert.equal(passes.isDevice, false, 'its token is good');
    last().onclose({ code: 1006, reason: '' });
    await again();
    hear('bye', { code: 'resume_unknown', reason: 'x' });
    last().onclose({ code: 4001, reason: '' });
    await again();
    last().onclose({ code: 1008, reason: 'the token is unknown, spent or expired' });
    await again();
    hear('welcome', welcome);
    assert.equal(passes.isDevice, true);
    last().onclose({ code: 1006, reason: '' });
    await again();
    hear('welcome', { ...welcome, resumed: true });
    assert.equal(passes.isDevice, true, 'it is the same node');
});

test('a key that no service has remembered is no pass', (t) => {
    const { world, last } = connect(t, [A], false, new Passes('secret', KEY, false));
    last().onopen();
    last().onclose({ code: 1008, reason: 'the token is unknown, spent or expired' });
    assert.deepEqual([world.state, world.detail], ['refused', 'the token is unknown, spent or expired']);
});

test('a page without a link joins by its device, also after the service has forgotten its node', async (t) => {
    const { world, last, hear, again } = connect(t, [A], false, new Passes('', KEY, true));
    last().onopen();
    assert.deepEqual(told(last().sent[0]), { token: undefined, device: { key: 'key' }, key: undefined });
    hear('welcome', welcome);
    hear('device_challenge', { nonce: 'n' }); // is nothing to a node
    last().onclose({ code: 1006, reason: '' });
    const socket = await again();
    assert.equal(socket.sent[0].data.resume.node, 'n');
    hear('bye', { code: 'resume_unknown', reason: 'x' });
    last().onclose({ code: 4001, reason: '' });
    assert.deepEqual(told((await again()).sent[0]), { token: undefined, device: { key: 'key' }, key: undefined });
    assert.equal(world.forgotten, 1);
});

test('a page joins again to be remembered, and one without any pass stops', async (t) => {
    const passes = new Passes('secret'), { world, connection, last, hear, again } = connect(t, [A], false, passes);
    last().onopen();
    assert.deepEqual(told(last().sent[0]), { token: 'secret', device: undefined, key: undefined });
    hear('welcome', welcome);
    passes.use(KEY);
    const { sent } = last();
    connection.renew('to be remembered');
    assert.deepEqual([sent.at(-1).type, sent.at(-1).data], ['bye', { reason: 'to be remembered' }]);
    assert.deepEqual(told((await again()).sent[0]), { token: 'secret', device: undefined, key: 'key' });

    const alone = new Passes('', KEY, true), page = connect(t, [A], false, alone);
    page.last().onopen();
    alone.forget();
    page.last().onclose({ code: 1006, reason: '' });
    await page.world.due.run();
    assert.deepEqual([page.world.state, page.world.detail], ['refused', 'this page has no link to join with']);
});

test('a challenge to a page that has no key ends the connection', async (t) => {
    const { world, last, hear } = connect(t, [A]);
    last().onopen();
    hear('device_challenge', { nonce: 'n' });
    await new Promise(setImmediate);
    assert.deepEqual([world.state, world.sockets.length, last().sent.length], ['connecting', 1, 1]);
});

test('a proof is Ed25519 over the purpose, the origin and the nonce', async () => {
    const key = await make(), bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => i)), nonce = bytes.toString('base64url');
    const proof = Buffer.from(await sign(key, A, nonce), 'base64url');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.text }, format: 'jwk' });
    assert.ok(verify(null, Buffer.concat([Buffer.from(`webinfer-device\0${A}\0`), bytes]), publicKey, proof));
    assert.equal(key.pair.privateKey.extractable, false);
    await assert.rejects(crypto.subtle.exportKey('pkcs8', key.pair.privateKey));
    for (const bad of ['', 'AAAA', `${nonce}A`, '!', 7, null, undefined]) await assert.rejects(sign(key, A, bad), /challenge of \d+ bytes/, String(bad));
});

// --- far from its scripts ---------------------------------------------------------------------------------

function away({ answers = false, idle = true, bare = false, device = false } = {}) {
    const world = { answers, idle, bare, device, reopened: [], changes: 0, due: null };
    const elsewhere = new Elsewhere(A, { answers: async () => world.answers, isIdle: () => world.idle, isBare: () => world.bare,
        isDevice: () => world.device, changed: () => { world.changes++; }, reopen: (origin) => world.reopened.push(origin),
        setTimer: (run, ms) => { world.due = { run, ms }; }, clearTimer: () => { world.due = null; } });
    return { world, elsewhere, async look() {
        assert.equal(world.due.ms, LOOK_MS);
        await world.due.run();
    }, settle: () => new Promise(setImmediate) };
}

const able = { cores: 2, engines: { builtin: '1', ort: '1', pipeline: '1', llama: 'b1', kernels: '2' },
    engine_info: { llama: { slots: 4, queue: 4, can: ['continue', 'webgpu'] }, kernels: { slots: 1, queue: 1, can: [] } } };

test('a page that is cut off from its scripts does without engines of which it has none', async () => {
    const { elsewhere, world, settle } = away();
    assert.equal(elsewhere.within(able, new Set()), able, 'at home all is there');
    elsewhere.at(B);
    await settle();
    assert.deepEqual([elsewhere.isCutOff, world.changes], [true, 2]);
    assert.deepEqual(Object.keys(elsewhere.within(able, new Set(['wasm'])).engines), ['builtin'], 'the worker runs, and no more');
    assert.deepEqual(Object.keys(elsewhere.within(able, new Set(['wasm', 'ort'])).engines), ['builtin', 'ort']);
    assert.deepEqual(Object.keys(elsewhere.within(able, new Set(['wasm', 'pipeline'])).engines), ['builtin', 'ort', 'pipeline']);
    const some = elsewhere.within(able, new Set(['wasm', 'llama']));
    assert.deepEqual([Object.keys(some.engines), some.engine_info], [['builtin', 'llama'], { llama: { slots: 4, queue: 4, can: ['continue'] } }]);
    assert.deepEqual(elsewhere.within(able, new Set(['pipeline', 'llama', 'gpu_llama', 'gl_kernels'])).engines, able.engines);
    elsewhere.at(A);
    assert.deepEqual([elsewhere.isCutOff, world.changes, world.due], [false, 3, null]);
});

test('it opens itself at the sibling once that costs nothing', async () => {
    const { elsewhere, world, look, settle } = away({ idle: false });
    elsewhere.at(B);
    await settle();
    elsewhere.failed(); // an engine that would not start
    await look();
    assert.deepEqual(world.reopened, [], 'something runs');
    world.idle = true;
    await look();
    assert.deepEqual(world.reopened, [B]);
});

test('models are kept as long as nothing is missing', async () => {
    const { elsewhere, world, look, settle } = away();
    elsewhere.at(B);
    await settle();
    await look();
    assert.deepEqual(world.reopened, []);
    world.bare = true; // they were unloaded
    await look();
    assert.deepEqual(world.reopened, [B]);
});

test('it stays where it is as a device, since it has no key at the origin of the sibling', async () => {
    const { elsewhere, world, look, settle } = away({ bare: true, device: true });
    elsewhere.at(B);
    await settle();
    elsewhere.failed();
    await look();
    assert.deepEqual([elsewhere.isCutOff, world.reopened], [true, []]);
    world.device = false; // it has joined again, with a link
    await look();
    assert.deepEqual(world.reopened, [B]);
});

test('it opens itself nowhere while it reaches its own service over peers', async () => {
    const { elsewhere, world, look, settle } = away({ bare: true });
    elsewhere.at(ANY_PEER);
    await settle();
    elsewhere.failed();
    await look();
    assert.deepEqual([elsewhere.isCutOff, elsewhere.isHome, world.reopened], [true, false, []]);
    elsewhere.at(A);
    assert.deepEqual([elsewhere.isCutOff, elsewhere.isHome], [false, true]);
});

test('it stays where its own service answers', async () => {
    const { elsewhere, world, look, settle } = away({ answers: true, bare: true });
    assert.equal(elsewhere.isHome, true);
    elsewhere.at(B);
    assert.deepEqual([elsewhere.isHome, elsewhere.isCutOff], [false, false], 'that is not known yet');
    await settle();
    assert.deepEqual([elsewhere.isHome, world.changes], [true, 2]);
    elsewhere.failed();
    await look();
    assert.deepEqual([elsewhere.isCutOff, world.reopened], [false, []]);
    world.answers = false;
    await look();
    assert.deepEqual([elsewhere.isHome, elsewhere.isCutOff, world.reopened], [false, true, [B]]);
});

test('other scripts at its own service, which was upgraded, are none of its own', async () => {
    const { elsewhere, world, look, settle } = away({ answers: 'other' });
    elsewhere.at(B);
    await settle();
    assert.deepEqual([elsewhere.isHome, elsewhere.isCutOff], [true, true], 'it could be loaded anew from there');
    assert.deepEqual(Object.keys(elsewhere.within(able, new Set(['llama'])).engines), ['builtin', 'llama']);
    await look();
    assert.deepEqual(world.reopened, [], 'its models are kept');
    elsewhere.failed();
    await look();
    assert.deepEqual(world.reopened, [B]);
    const waits = away();
    waits.elsewhere.at(B);
    await waits.settle();
    waits.elsewhere.failed();
    waits.world.answers = 'other'; // nothing answered there before
    await waits.look();
    assert.deepEqual(waits.world.reopened, [B], 'what was missing is missing still');
});
