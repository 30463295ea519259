// tier: quick, sanitized
/**
 * The bridge against a node of our own writing, good and bad: what the protocol promises, and what
 * a page gets that sends garbage, a wrong token, or more than the limit.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import WebSocket from 'ws';
import { Counting } from '../lib/counting.mjs';
import { CountingNode } from '../lib/counting-node.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import * as frames from '../lib/frames.mjs';
import { request } from '../lib/http.mjs';
import * as kserve from '../lib/kserve.mjs';
import { external } from '../lib/onnx.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {FakeDriver} */
let driver;
/** Pages that were opened and have no node yet. */
let taken = 0;
/** @type {FakeNode[]} */
let nodes = [];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-fake-'));
const test = testsOf(() => daemon);

before(async () => {
    driver = new FakeDriver(folder);
    daemon = await new Daemon({ models: ['twice', 'slow'], config: {
        api: { max_body: '1M' },
        // None is missed because this process gets no core for a while.
        bridge: { heartbeat_interval: '500ms', heartbeat_misses: 100 },
        pool: { connection_timeout: '60s', min_connections: 1, max_connections: 1 },
        'browser.chrome': driver.config } }).start({ ready: false });
});
afterEach(async () => {
    for (const node of nodes) await node.close();
    if (!nodes.length) return;
    nodes = [];
    // What the tests do to their nodes would look like a browser that keeps dying, and be answered
    // by waiting longer each time. An operator's order is no failure.
    for (const { id } of (await daemon.status()).sessions)
        await daemon.post(`/v1/sessions/${id}/recycle`, {});
});
after(async () => {
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** A node that has not said anything yet, with the token of the page that was opened last. */
async function fresh(Kind = FakeNode) {
    const urls = await until(() => driver.pageUrls.length > taken && driver.pageUrls,
        { what: 'a page to be opened', timeout: 60_000 });
    taken = urls.length;
    const node = new Kind(urls.at(-1));
    nodes.push(node);
    return node;
}

/** A node that can work. */
async function joined() {
    const node = await (await fresh()).join();
    await daemon.ready();
    return node;
}

const malformed = () => daemon.metric('webinfer_bridge_malformed_total')
    .then((value) => value ?? 0);

const echo = (data = [1, 2], more = {}, asked = daemon) => asked.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] });

/** A daemon that soon gives up its nodes, and what joins it. */
const impatient = (bridge, body) => withDaemon({ ready: false, config: { bridge,
    pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } }, async (own) => {
    const guests = [];
    try {
        await body(own, async () => {
            guests.push(new FakeNode((await own.post('/v1/admin/join', {})).json.url));
            return guests.at(-1).join();
        });
    } finally {
        for (const one of guests) await one.close();
    }
});

test('the page\'s URL brings a token in its fragment, and the page is isolated', async () => {
    const url = await driver.pageUrl();
    const [, token] = url.match(/#token=(wi_[A-Za-z0-9_-]{43})&start$/);
    const { origin } = new URL(url);
    const page = await request(`${origin}/`);
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(page.headers['cross-origin-embedder-policy'], 'require-corp');
    assert.match(page.headers['content-security-policy'], /default-src 'none'|default-src 'self'/);
    assert.ok(page.headers.etag?.match(/^"[^"]+"$/), 'a quoted ETag');
    const again = await request(`${origin}/`, { headers: { 'If-None-Match': page.headers.etag } });
    assert.equal(again.status, 304);
    assert.ok(!daemon.log.includes(token), 'the token was logged');
});

test('scripts have the right types, are immutable, and know ranges', async () => {
    const { origin } = new URL(await driver.pageUrl());
    const page = await request(`${origin}/`);
    const script = page.text.match(/src="([^"]+\.m?js)"/)?.[1];
    assert.ok(script, 'the page has a script');
    const file = await request(new URL(script, `${origin}/`).href);
    assert.equal(file.status, 200);
    assert.match(file.headers['content-type'], /^text\/javascript/);
    assert.equal(file.headers['cross-origin-embedder-policy'], 'require-corp');
    const part = await request(new URL(script, `${origin}/`).href,
        { headers: { Range: 'bytes=2-5' } });
    assert.equal(part.status, 206);
    assert.equal(part.text, file.text.slice(2, 6));
    assert.equal(part.headers['content-range'], `bytes 2-5/${file.body.length}`);
    const beyond = await request(new URL(script, `${origin}/`).href,
        { headers: { Range: 'bytes=999999999-' } });
    assert.equal(beyond.status, 416);
    for (const trick of ['/../conf/webinferd.conf', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc',
        '/models/../../etc/passwd', '/nothing.js'])
        assert.ok([400, 403, 404].includes((await request(origin, { path: trick })).status), trick);
});

test('a node joins, is listed, works, and gets heartbeats and acknowledgements', async () => {
    const node = await joined();
    assert.equal(node.welcome.resumed, false);
    assert.equal(node.welcome.heartbeat_interval_ms, 500);
    assert.equal(node.welcome.max_frame_bytes, 8 << 20);
    const { nodes: listed } = (await daemon.get('/v1/nodes')).json;
    assert.ok(listed.some(({ id }) => id === node.id));
    const answer = await echo([5, 6]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [5, 6]);
    assert.equal(answer.json.executed_on.node, node.id);
    await node.got('heartbeat', 2);
    const { message } = await node.got('task_request');
    assert.equal(message.from, 'service');
    // What the options are is said here alone; name and platform stand in the data, too.
    assert.deepEqual([message.model_name, message.options, message.data.options], ['builtin/echo', {}, undefined]);
    assert.deepEqual(message.data.platforms, [message.platform]);
    assert.deepEqual(message.data.model, { name: 'builtin/echo', hash: '', engine: 'builtin', files: [] });
    const acked = (received) => received.some(({ message: one }) =>
        one.data.attempt_ids?.includes(message.data.attempt_id) ||
        one.data.acknowledged?.includes(message.data.attempt_id));
    await until(() => acked(node.received), { what: 'the acknowledgement' });
});

test('model files need the credential of the welcome', async () => {
    const node = await joined();
    const call = daemon.infer({ model_name: 'twice',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    node.onTask = (task) => node.respond(task, { outputs: [
        { name: 'y', datatype: 'FP32', shape: [1], bytes: kserve.pack('FP32', [2]) }] });
    const { message } = await node.got('task_request');
    assert.equal((await call).status, 200);
    const url = node.origin + message.data.model.files[0].url;
    const credential = { Authorization: `Bearer ${node.welcome.model_credential}` };
    const expected = fs.readFileSync(path.join(daemon.store, 'twice', 'model.onnx'));
    for (const headers of [{}, { Authorization: 'Bearer wi_wrong' },
        { Authorization: `Bearer ${node.token}` }])
        assert.ok([401, 403].includes((await request(url, { headers })).status));
    const whole = await request(url, { headers: credential });
    assert.equal(whole.status, 200);
    assert.ok(whole.body.equals(expected));
    assert.match(whole.headers['cache-control'], /immutable/);
    const part = await request(url, { headers: { ...credential, Range: 'bytes=10-19' } });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(expected.subarray(10, 20)));
    assert.equal((await request(url.replace('twice', 'slow'), { headers: credential })).status, 404);
});

test('the list of a file\'s blocks brings a ticket for the peer that is named', async () => {
    const { graph, files } = external({ gap: 8 << 20 }), peer = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB';
    for (const [name, bytes] of Object.entries({ 'model.onnx': graph, ...files })) {
        fs.mkdirSync(path.dirname(path.join(daemon.store, 'long', name)), { recursive: true });
        fs.writeFileSync(path.join(daemon.store, 'long', name), bytes);
    }
    const node = await joined();
    const call = daemon.infer({ model_name: 'long', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] });
    node.onTask = (task) => node.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], bytes: kserve.pack('FP32', [8, 6, 4, 2]) }] });
    const { message } = await node.got('task_request');
    assert.equal((await call).status, 200);
    const file = message.data.model.files.find(({ bytes }) => bytes > 8 << 20), bytes = files['parts/v.data'];
    const ask = (query, method = 'GET', more = {}) => request(node.origin + file.url + query, { method, headers: { Authorization: `Bearer ${node.welcome.model_credential}`, ...more } });
    const list = await until(async () => {
        const answer = await ask(`?blocks=${peer}`);
        return answer.status !== 503 && answer;
    }, { what: 'the list' });
    assert.equal(list.status, 200);
    const hashes = Array.from({ length: 9 }, (_, i) => createHash('sha256').update(bytes.subarray(i << 20, (i + 1) << 20)).digest());
    assert.deepEqual(list.body.subarray(56), Buffer.concat(hashes));
    const ticket = JSON.parse(list.headers['x-webinfer-ticket']);
    assert.deepEqual([ticket.file, ticket.peer], [file.hash, peer]);
    for (const [status, ...asked] of [[200, '?blocks'], [400, '?blocks=nobody'], [200, `?blocks=${peer}`, 'HEAD'], [304, `?blocks=${peer}`, 'GET', { 'If-None-Match': list.headers.etag }]]) {
        const answer = await ask(...asked);
        assert.deepEqual([answer.status, answer.headers['x-webinfer-ticket']], [status, undefined], asked.join(' '));
    }
});

test('a wrong token is closed with 1008; so is a spent one', async () => {
    const node = await fresh();
    const unauthorized = async () => (await daemon.metric('webinfer_bridge_unauthorized_total')) ?? 0;
    const before = await unauthorized();
    const stranger = new FakeNode(`${node.origin}/#token=wi_${'x'.repeat(43)}`);
    await stranger.open();
    stranger.announce();
    assert.equal((await stranger.gone()).code, 1008);
    await node.join();
    const twin = new FakeNode(`${node.origin}/#token=${node.token}`);
    await twin.open();
    twin.announce();
    assert.equal((await twin.gone()).code, 1008, 'a one-time token works once');
    assert.ok(await unauthorized() >= before + 2, 'both were counted');
    assert.equal(node.closed, null, 'the real one lives on');
});

test('no subprotocol, or another one, is an HTTP 400; a foreign Origin is refused', async () => {
    const node = await fresh();
    const refused = (protocols, options) => new Promise((resolve) => {
        const socket = new WebSocket(node.address, protocols, { origin: node.origin, ...options });
        socket.on('unexpected-response', (call, answer) => {
            resolve(answer.statusCode);
            call.destroy();
        });
        socket.on('open', () => {
            socket.on('close', (code) => resolve(`closed ${code}`));
            setTimeout(() => socket.close(), 2000).unref();
        });
        socket.on('error', (error) => resolve(error.code ?? error.message));
    });
    assert.equal(await refused([]), 400);
    assert.equal(await refused(['other.v9']), 400);
    const foreign = await refused(['webinfer.v1'], { origin: 'http://evil.example' });
    assert.ok(foreign === 403 || foreign === 'ECONNRESET' || /hang up|closed 1008/.test(foreign),
        `${foreign}`);
    await node.join();
});

test('silence instead of an announcement is closed with 1008 within the promised 5 s', async () => {
    const node = await fresh();
    const began = performance.now();
    await node.open();
    assert.equal((await node.gone(9000)).code, 1008);
    assert.ok(performance.now() - began > 3000, 'it was given its time');
    await node.join();
});

test('a first message that is no announcement is closed with 1008', async () => {
    const node = await fresh();
    await node.open();
    node.send('heartbeat', { seq: 1 });
    assert.equal((await node.gone()).code, 1008);
    await node.join();
});

const garbage = {
    'text that is no JSON': (node) => node.raw('this is no JSON'),
    'JSON that is no message': (node) => node.raw('[1,2,3]'),
    'a message without a type': (node) => node.raw(JSON.stringify({ id: 'a', data: {} })),
    'a binary frame of three bytes': (node) => node.raw(Buffer.from([1, 2, 3])),
    'a binary frame with a length beyond its end': (node) =>
        node.raw(Buffer.from([255, 255, 255, 127, 0, 0, 0, 0])),
    'random bytes': (node) => node.raw(Buffer.from(Array.from({ length: 999 },
        (_, index) => (index * 7919) & 255))),
    'JSON nested without end': (node) => node.raw('['.repeat(200_000)),
    'a tensor that overlaps the next': (node) => badFrame(node, (list) => (list[1].offset = 0)),
    'a tensor that is not aligned': (node) => badFrame(node, (list) => (list[1].offset = 12)),
    'a tensor beyond the end': (node) => badFrame(node, (list) => (list[1].byte_length = 4000)),
    'a tensor whose shape and length disagree': (node) =>
        badFrame(node, (list) => (list[0].shape = [3])),
    'a negative offset': (node) => badFrame(node, (list) => (list[0].offset = -8)),
    'tensors that do not begin at 0': (node) => badFrame(node, (list) => list.forEach((entry) => (entry.offset += 8)),
        (bytes) => [Buffer.alloc(8), bytes]),
    'a gap between two tensors': (node) => badFrame(node, (list) => (list[1].offset = 16),
        (bytes) => [bytes.subarray(0, 8), Buffer.alloc(8), bytes.subarray(8)]),
    'bytes after the last tensor': (node) => node.raw(Buffer.concat(
        [goodFrame(node, () => {}), Buffer.alloc(8)])),
};

/** A task_response for nothing, in which `change` may spoil the tensor list, and `lay` the section. */
function goodFrame(node, change, lay = (bytes) => [bytes]) {
    const tensors = [1, 2].map((index) => ({ name: `t${index}`, datatype: 'INT32', shape: [2],
        bytes: Buffer.alloc(8, index) }));
    const frame = frames.encode({ id: 'bad', type: 'task_response', from: node.id,
        timestamp: 0, data: { attempt_id: 'x', ok: true } }, tensors);
    const { message } = frames.decode(frame);
    change(message.data.tensors);
    const json = Buffer.from(JSON.stringify(message));
    const head = Buffer.alloc(Math.ceil((4 + json.length) / 8) * 8);
    head.writeUInt32LE(json.length, 0);
    json.copy(head, 4);
    return Buffer.concat([head, ...lay(frame.subarray(-16))]);
}

const badFrame = (node, ...how) => node.raw(goodFrame(node, ...how));

for (const [name, send] of Object.entries(garbage))
    test(`garbage, ${name}: closed with 1007 and counted`, async () => {
        const node = await joined();
        const before = await malformed();
        send(node);
        assert.equal((await node.gone()).code, 1007);
        assert.equal(await malformed(), before + 1);
        assert.equal((await daemon.get('/healthz')).status, 200);
    });

/** Bytes that no client may send (RFC 6455), and what is said of them. */
const against6455 = {
    'text without a mask': [[0x81, 2, 0x7b, 0x7d], /^a frame has no mask/],
    'bytes without a mask': [[0x82, 126, 1, 0, ...Array(256).fill(1)], /^a frame has no mask/],
    'an opcode that is none': [[0x83, 0x80, 1, 2, 3, 4], /^a frame has an opcode that RFC 6455 does not define$/],
    'a ping in fragments': [[0x09, 0x80, 1, 2, 3, 4], /^a control frame may not come in fragments$/],
    'a frame of 2^63 bytes': [[0x82, 0xff, 0x80, ...Array(11).fill(0)], /^a frame has 2\^63 bytes or more/],
};
for (const [name, [bytes, words]] of Object.entries(against6455))
    test(`${name}: closed with 1002, in words`, async () => {
        const node = await joined();
        const before = await malformed();
        node.socket._socket.write(Buffer.from(bytes));
        const { code, reason } = await node.gone();
        assert.equal(code, 1002);
        assert.match(reason, words);
        assert.equal(await malformed(), before + 1);
    });

test('a stranger whose announcement has no mask is closed with 1002', async () => {
    const node = await fresh();
    await node.open();
    node.socket._socket.write(Buffer.from([0x81, 2, 0x7b, 0x7d]));
    const { code, reason } = await node.gone();
    assert.equal(code, 1002);
    assert.match(reason, /^a frame has no mask/);
    await node.join();
});

test('a frame over the limit is closed with 1009', async () => {
    const node = await joined();
    node.raw(Buffer.alloc(node.welcome.max_frame_bytes + 1024));
    assert.equal((await node.gone()).code, 1009);
});

test('unknown types and fields are ignored', async () => {
    const node = await joined();
    node.send('something_new', { a: 1 }, [], { extra: true });
    node.send('heartbeat', { seq: 9, running: [], busy_since_ms: 0, new_field: [1] });
    assert.equal((await echo()).status, 200);
    assert.equal(node.closed, null);
});

test('answers to nothing, twice, or of another kind are dropped and counted', async () => {
    const node = await joined();
    node.send('task_response', { attempt_id: 'attempt-0000000000000000', ok: true,
        executed_on: {}, performance: {}, tensors: [] });
    let second;
    node.onTask = (task) => {
        node.respond(task);
        node.respond(task);
        second = task;
    };
    assert.equal((await echo([4])).status, 200);
    node.respond(second);
    node.onTask = (task) => node.respond(task);
    const answer = await echo([9]);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [9], 'the right answer to the next');
    assert.equal(node.closed, null);
});

test('a page that answers with the wrong things is not believed', async () => {
    const node = await joined();
    const withAnswer = async (respond) => {
        node.onTask = respond;
        return daemon.infer({ model_name: 'twice', timeout_ms: 3000,
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    };
    const failed = await withAnswer((task) => node.fail(task,
        { code: 'inference_failed', message: 'the model says no' }));
    assert.equal(failed.status, 500);
    assert.match(failed.json.detail, /the model says no/);
    const odd = await withAnswer((task) => node.fail(task,
        { code: 'no_such_code', message: 'x'.repeat(10_000) }));
    assert.ok(odd.status >= 500, odd.text);
    assert.ok(odd.text.length < 4000);
});

test('a retryable failure is tried again; after max_retries it is a 502', async () => {
    const node = await joined();
    let asked = 0;
    node.onTask = (task) => {
        asked++;
        if (asked === 1) node.fail(task, { code: 'device_lost', message: 'gone' }, true);
        else node.respond(task);
    };
    const answer = await echo([1]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.performance.attempts, 2);
    node.onTask = (task) => node.fail(task, { code: 'device_lost', message: 'gone' }, true);
    const lost = await echo([1], { timeout_ms: 20_000 });
    assert.equal(lost.status, 502, lost.text);
    assert.equal(lost.json.code, 'attempts_exhausted');
    assert.ok(lost.json.attempts >= 2 && lost.json.attempts <= 4);
});

test('resume: a node that comes back keeps its attempts and its id', async () => {
    const node = await joined();
    let task;
    node.onTask = (one) => (task = one);
    const call = echo([3]);
    await until(() => task, { what: 'the task' });
    const { id } = node;
    await node.cut();
    const welcome = await node.resume({ running: [task.message.data.attempt_id] });
    assert.equal(welcome.type, 'welcome');
    assert.equal(welcome.data.resumed, true);
    assert.equal(welcome.data.node, id);
    node.respond(task);
    const answer = await call;
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.performance.attempts, 1);
});

test('resume: an answer that was on its way when the socket fell is taken once', async () => {
    const node = await joined();
    let task;
    node.onTask = (one) => (task = one);
    const call = echo([6]);
    await until(() => task, { what: 'the task' });
    await node.cut();
    const attempt = task.message.data.attempt_id;
    const welcome = await node.resume({ unacknowledged: [attempt] });
    assert.equal(welcome.type, 'welcome');
    node.respond(task);
    node.respond(task);
    assert.equal((await call).status, 200);
    assert.equal((await daemon.get('/healthz')).status, 200);
    assert.equal(node.closed, null);
});

test('resume: a stream goes on with the part that did not come, and with its credit', async () => {
    const node = await (await fresh(CountingNode)).join();
    await daemon.ready();
    node.limit = 5;
    const counting = new Counting(daemon, { count: 40 });
    assert.ok(await counting.open());
    await counting.read({ enough: ({ parts }) => parts === 5 });
    const [id] = node.streams.keys();
    await until(() => node.received.some(({ message: { type, data } }) =>
        type === 'task_ack' && data.parts?.[id] === 5), { what: 'the parts to be acknowledged' });
    await node.cut();
    node.streams.get(id).next = 8; // made meanwhile: three that nobody has
    const { data } = await node.resume({ running: [id], next: { [id]: 8 } });
    assert.deepEqual(data.cancel, []);
    assert.deepEqual(data.next, { [id]: 5 });
    const { parts, bytes } = data.credit[id];
    assert.ok(parts >= 32 && bytes >= 65_536, JSON.stringify(data.credit));
    Object.assign(node.streams.get(id), { next: data.next[id], credit: data.credit[id] });
    node.letTo(Infinity);
    await counting.read();
    assert.ok(counting.isWhole, counting.explain());
    assert.equal(counting.done.performance.attempts, 1);
});

test('resume with a wrong token, or of an unknown node, is refused with 4001', async () => {
    const node = await joined();
    await node.cut();
    const wrong = await node.resume({ token: `wi_${'z'.repeat(43)}` });
    assert.equal(wrong.type, 'bye');
    assert.equal(wrong.data.code, 'resume_unknown');
    assert.equal((await node.gone()).code, 4001);
    node.id = 'node-0000000000000000';
    const unknown = await node.resume();
    assert.equal(unknown.data.code, 'resume_unknown');
});

test('a node that stays away longer than resume_grace is gone; the job goes elsewhere', () =>
    impatient({ resume_grace: '200ms' }, async (own, join) => {
        const node = await join();
        let task;
        node.onTask = (one) => (task = one);
        const call = echo([2], { platform: 'wasm' }, own);
        await until(() => task, { what: 'the task' });
        const next = await join();
        assert.notEqual(next.id, node.id);
        await node.cut();
        const answer = await call;
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.executed_on.node, next.id);
        assert.ok(answer.json.performance.attempts >= 2);
    }));

test('a node that says nothing for three intervals is dropped', () =>
    impatient({ heartbeat_interval: '200ms', heartbeat_misses: 3 }, async (own, join) => {
        const node = await join();
        node.answersHeartbeats = false;
        await node.gone();
        assert.ok((await own.metric('webinfer_bridge_heartbeat_timeouts_total')) >= 1);
    }));

test('a client that leaves: the node is told to cancel', async () => {
    const node = await joined();
    node.onTask = () => {};
    const gone = new AbortController();
    const call = daemon.infer({ model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] },
    { signal: gone.signal });
    const { message } = await node.got('task_request');
    gone.abort();
    await assert.rejects(call);
    const cancel = await node.got('task_cancel');
    assert.equal(cancel.message.data.attempt_id, message.data.attempt_id);
});
