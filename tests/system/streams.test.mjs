// tier: quick, sanitized
/**
 * Answers in parts, from the client's socket to the node and back: what is sent and in which
 * order, whose pace it is, leaving and coming back, and how it ends.
 */
import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, beforeEach } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { webinfer } from '../lib/cli.mjs';
import { CountingNode } from '../lib/counting-node.mjs';
import { UNREAD_MAX } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {CountingNode} */
let node;
const test = testsOf(() => daemon);

const counts = (count, more = {}, options = {}) => ({ model_name: 'builtin/count', inputs: [],
    stream: true, options: { count, ...options }, ...more });
const stream = (body, more = {}) => new EventClient(`${daemon.url}/v1/infer`, { body, ...more });
const takeUp = (id, last) => new EventClient(`${daemon.url}/v1/jobs/${id}`, { headers: {
    Accept: 'text/event-stream', ...last !== undefined && { 'Last-Event-ID': String(last) } } });
const idOf = (client) => client.headers.location.split('/').pop();
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const seqs = (client) => client.parts.map(({ json }) => json.seq);
const id = (attempt) => attempt.task.message.data.attempt_id;
const runs = (attempt) => node.streams.has(id(attempt));
const stopped = (attempt) => until(() => !runs(attempt), { what: 'the engine to be stopped' });
const idle = () => until(async () => (await daemon.metric('webinfer_jobs_running')) === 0,
    { what: 'no job to run' });

/** A stream, and what its node makes of it. */
async function counting(body, more) {
    const known = new Set(node.streams.keys());
    const client = stream(body, more);
    const count = await until(
        () => [...node.streams].find(([attempt]) => !known.has(attempt))?.[1],
        { what: 'the task' });
    return { client, count };
}

const joinUrl = async () => (await daemon.post('/v1/admin/join', {})).json.url;
const newNode = async () => new CountingNode(await joinUrl(), { slots: 1024 }).join();

before(async () => {
    daemon = await new Daemon({ config: {
        api: { stream_grace: '4s', stream_buffer: '16K' },
        pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } })
        .start({ ready: false });
    node = await newNode();
});
beforeEach(() => (node.limit = Infinity));
after(async () => {
    await node?.close();
    await daemon.stop();
});

test('a stream is its parts in order, and done', async () => {
    const client = stream(counts(200, { id: 'mine' }));
    await client.ended();
    assert.equal(client.over, 'ended');
    assert.equal(client.status, 200, client.text);
    assert.equal(client.headers['content-type'], 'text/event-stream');
    assert.equal(client.headers['cache-control'], 'no-store');
    assert.match(client.headers['x-request-id'], /./);
    assert.match(client.headers.location, /^\/v1\/jobs\/job-/);
    assert.deepEqual(seqs(client), range(0, 200));
    assert.deepEqual(client.parts.map(({ id }) => Number(id)), range(0, 200));
    assert.deepEqual(client.parts[7].json, { seq: 7, index: 0, text: '7 ', tokens: [7] });
    const { event, id, json } = client.last;
    assert.equal(event, 'done');
    assert.equal(id, undefined);
    assert.equal(json.id, 'mine');
    assert.equal(json.parts, 200);
    assert.deepEqual(json.result, { count: 200 });
    assert.deepEqual(json.outputs, []);
    assert.equal(json.executed_on.node, node.id);
    assert.ok(json.performance.first_part_ms >= 0 && json.performance.waited_for_client_ms >= 0);
    assert.ok(json.performance.first_part_ms <= json.performance.total_ms);
});

test('Accept asks for a stream as well, and without it the answer is whole', async () => {
    const { stream: _, ...whole } = counts(5);
    const client = stream(whole, { headers: { Accept: 'text/event-stream' } });
    await client.ended();
    assert.deepEqual(seqs(client), range(0, 5));
    const answer = await daemon.infer(whole);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.result, { count: 5 });
    assert.equal(answer.json.parts, undefined);
});

test('what fails before the first part has its usual status', async () => {
    for (const [body, status, code] of [
        [counts(5, { model_name: 'none' }), 404, 'model_not_found'],
        [counts(5, { options: { count: 0 } }), 400, 'invalid_field'],
        [counts(5, { options: { wrong: 1 } }), 400, 'unknown_field'],
        [counts(5, { node: 'node-none' }), 404, 'node_not_found'],
        [counts(5, { parameters: { binary_data_output: true } }), 400, 'invalid_field']]) {
        const client = stream(body);
        await client.ended();
        assert.equal(client.status, status, client.text);
        assert.equal(client.headers['content-type'], 'application/problem+json');
        assert.equal(client.problem.code, code);
    }
    const kept = await daemon.post('/v1/jobs', counts(5));
    assert.equal(kept.status, 400, kept.text);
    assert.deepEqual([kept.json.field, kept.json.expected], ['stream', 'false']);
    const keyed = await daemon.infer(counts(5), { headers: { 'Idempotency-Key': 'k1' } });
    assert.equal(keyed.status, 400, keyed.text);
    assert.deepEqual([keyed.json.field, keyed.json.expected], ['Idempotency-Key', 'no such header, or no stream']);
});

test('a node is told what it may send', () => {
    assert.deepEqual(node.welcome.initial_credit, { parts: 32, bytes: 65_536 });
    assert.equal(node.welcome.max_frame_bytes, 256 * 1024);
    assert.equal(node.welcome.max_answer_bytes, 512 << 20);
});

test('a deadline within a stream is its last event', async () => {
    node.limit = 3;
    const { client, count } = await counting(counts(10, { timeout_ms: 2000 }));
    await client.ended();
    assert.deepEqual(seqs(client), [0, 1, 2]);
    assert.equal(client.last.event, 'error');
    assert.equal(client.last.json.code, 'deadline_exceeded');
    assert.equal(client.last.json.status, 504);
    await stopped(count);
});

test('a client that does not read stops its own engine and nothing else', async () => {
    const counted = () => Promise.all(['stalled_seconds_sum', 'clients_left_total'].map((what) =>
        daemon.metric(`webinfer_stream_${what}`)));
    const [stalled, left] = await counted();
    const { client: slow, count } =
        await counting(counts(1000, {}, { bytes: 60_000 }), { paused: true });
    let before = -1;
    await until(() => {
        const same = before === count.next;
        before = count.next;
        return same;
    }, { what: 'the engine to stand still', every: 300 });
    const other = stream(counts(300));
    await other.ended();
    assert.equal(other.last.json.parts, 300);
    assert.ok(count.next < UNREAD_MAX, `${count.next} parts were made for nobody`);
    slow.go();
    await until(() => slow.parts.length > 220 || slow.over, { what: 'more parts' });
    assert.equal(slow.over, null);
    slow.leave();
    await stopped(count);
    assert.ok(count.next < 1000);
    await idle();
    const [stalledNow, leftNow] = await counted();
    assert.ok(stalledNow - stalled > 0.3, `it stood still for ${stalledNow - stalled} s`);
    assert.equal(leftNow - left, 1);
});

test('a client that takes nothing for send_timeout is gone', async () => {
    await daemon.reload({ api: { send_timeout: '1s' } });
    const { client: slow, count } =
        await counting(counts(1000, {}, { bytes: 60_000 }), { paused: true });
    await stopped(count);
    assert.ok(count.next < 1000);
    slow.leave();
    await idle();
    await daemon.reload({ api: { send_timeout: '30s' } });
});

test('a client that leaves stops the engine, before the first part too', async () => {
    for (const holdAt of [0, 5]) {
        node.limit = holdAt;
        const { client, count } = await counting(counts(10));
        await client.has(holdAt);
        client.leave();
        await stopped(count);
    }
    await idle();
});

test('a resumable stream goes on behind Last-Event-ID, each part once', async () => {
    node.limit = 20;
    const { client: first, count } = await counting(counts(60, { resumable: true }));
    await first.has(20);
    first.leave();
    await until(async () => (await daemon.metric('webinfer_streams_waiting')) === 1,
        { what: 'the stream to wait for its client' });
    assert.ok(runs(count));
    node.letTo(40);
    const second = takeUp(idOf(first), 14);
    await second.has(25);
    assert.equal(second.headers.location, first.headers.location);
    assert.deepEqual(seqs(second), range(15, 40));
    // A second taker ends the first.
    const third = takeUp(idOf(first), 39);
    await third.begun();
    await second.ended();
    assert.equal(second.over, 'cut');
    node.letTo(Infinity);
    await third.ended();
    assert.deepEqual(seqs(third), range(40, 60));
    assert.equal(third.last.json.parts, 60);
    // Its end is kept for the grace.
    const late = takeUp(idOf(first), 58);
    await late.ended();
    assert.deepEqual(seqs(late), [59]);
    assert.equal(late.last.event, 'done');
    assert.ok(await daemon.metric('webinfer_stream_resumed_total') >= 3);
});

test('what is not kept any more is gone, and so is a stream after its grace', async () => {
    const first = stream(counts(100, { resumable: true }, { bytes: 1000 }));
    await first.ended();
    const id = idOf(first);
    for (const last of [undefined, 10]) {
        const gone = takeUp(id, last);
        await gone.ended();
        assert.equal(gone.status, 410, gone.text);
        assert.equal(gone.problem.code, 'stream_gone');
    }
    const wrong = takeUp(id, 100);
    await wrong.ended();
    assert.equal(wrong.status, 400);
    assert.equal(wrong.problem.field, 'Last-Event-ID');
    assert.equal(wrong.problem.expected, 'the id of the last event that came, or no such header');
    const kept = takeUp(id, 97);
    await kept.ended();
    assert.deepEqual(seqs(kept), [98, 99]);
    await until(async () => {
        const late = takeUp(id, 100); // asks for what never was, and so takes nothing
        await late.ended();
        return late.status === 404;
    }, { what: 'the stream to be forgotten', every: 500, timeout: 20_000 * patience });
});

test('a stream that nobody takes up again is cancelled', async () => {
    node.limit = 5;
    const { client, count } = await counting(counts(10, { resumable: true }));
    await client.has(5);
    client.leave();
    await stopped(count);
    await daemon.logs(/POST \/v1\/infer 200 .* parts=5 \(the client left\)/);
});

test('DELETE ends a stream', async () => {
    node.limit = 5;
    const { client, count } = await counting(counts(10));
    await client.has(5);
    const answer = await daemon.request(`/v1/jobs/${idOf(client)}`, { method: 'DELETE' });
    assert.equal(answer.status, 200, answer.text);
    await client.ended();
    assert.equal(client.last.event, 'error');
    assert.equal(client.last.json.code, 'cancelled');
    await stopped(count);
});

test('a stream goes on elsewhere when its node is lost, each part once', async () => {
    const other = await newNode();
    try {
        node.limit = other.limit = 10;
        const client = stream(counts(30));
        await client.has(10);
        const [lost, left] = node.streams.size > 0 ? [node, other] : [other, node];
        left.limit = Infinity;
        lost.send('bye', { reason: 'leaving' });
        await lost.close();
        await client.ended();
        assert.deepEqual(seqs(client), range(0, 30));
        assert.equal(client.last.event, 'done');
        assert.equal(client.last.json.performance.attempts, 2);
        if (lost === node) node = left;
    } finally {
        if (other !== node) await other.close();
    }
});

test('webinfer shows a stream as it comes', async () => {
    const words = ['infer', 'builtin/count', '--stream', '--option'];
    const shown = await webinfer(daemon, [...words, 'count=5']);
    assert.equal(shown.code, 0, shown.problems);
    assert.equal(shown.out, '0 1 2 3 4 \n');
    const json = await webinfer(daemon, [...words, 'count=2', '--json']);
    assert.equal(json.code, 0, json.problems);
    const events = json.out.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(events.map(({ event }) => event), ['part', 'part', 'done']);
    assert.deepEqual(events[1].data, { seq: 1, index: 0, text: '1 ', tokens: [1] });
    const wrong = await webinfer(daemon, [...words, 'count=0']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.problems, /400.*\n.*invalid_field\n.*options\.count/);
    node.limit = 3;
    const late = await webinfer(daemon, [...words, 'count=9', '--timeout', '700ms']);
    assert.equal(late.code, 1);
    assert.equal(late.out, '0 1 2 \n');
    assert.match(late.problems, /504.*\n.*deadline_exceeded/);
});

test('a stream over TLS, left and slow', async () => {
    const own = new Daemon({ config: { pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } });
    own.writeConfig({ api: certificate(own.folder, 'IP:127.0.0.1') });
    await own.start({ ready: false });
    const tls = { rejectUnauthorized: false };
    const joined = await new Promise((resolve, reject) => https.request(
        `${own.url}/v1/admin/join`, { method: 'POST', ...tls, headers:
            { 'Content-Type': 'application/json' } }, (answer) => {
            let text = '';
            answer.on('data', (more) => (text += more)).on('end', () => resolve(JSON.parse(text)));
        }).on('error', reject).end('{}'));
    const counter = await new CountingNode(joined.url).join();
    const open = (body, more) => new EventClient(`${own.url}/v1/infer`, { body, ...tls, ...more });
    const client = open(counts(300));
    await client.ended();
    assert.deepEqual(seqs(client), range(0, 300));
    assert.equal(client.last.event, 'done');
    const slow = open(counts(1000, {}, { bytes: 60_000 }), { paused: true });
    await until(() => counter.streams.size === 1, { what: 'the task' });
    slow.leave();
    await until(() => counter.streams.size === 0, { what: 'the engine to be stopped' });
    await counter.close();
    await own.stop();
});

test('a thousand streams at once', { timeout: 60_000 * patience }, async () => {
    node.limit = 2;
    const clients = range(0, 1000).map(() => stream(counts(4)));
    await Promise.all(clients.map((client) => client.has(2)));
    assert.equal(await daemon.metric('webinfer_streams_open'), 1000);
    node.letTo(Infinity);
    await Promise.all(clients.map((client) => client.ended()));
    for (const client of clients) {
        assert.deepEqual(seqs(client), [0, 1, 2, 3]);
        assert.equal(client.last.event, 'done');
    }
});

test('SIGTERM lets a stream go on, and ends it with an error at the limit', async () => {
    const own = await new Daemon({ config: { pool: { min_connections: 0, shutdown_timeout: '2s' },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    const { url } = (await own.post('/v1/admin/join', {})).json;
    const counting = await new CountingNode(url).join();
    counting.limit = 3;
    const client = new EventClient(`${own.url}/v1/infer`, { body: counts(10) });
    await client.has(3);
    own.signal('SIGTERM');
    await until(() => /stopping/.test(own.log), { what: 'it to stop' });
    counting.letTo(6);
    await client.has(6);
    await client.ended();
    assert.equal(client.over, 'ended');
    assert.deepEqual(seqs(client), range(0, 6));
    assert.equal(client.last.event, 'error');
    assert.equal(client.last.json.code, 'shutting_down');
    await own.waitEnd();
    await own.stop();
});
