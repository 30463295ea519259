// tier: full, sanitized
/**
 * GET /v1/channels: who hears of which requests, and how much of them; the same rows in each form; what a slow reader
 * misses; and that what is kept is given back. Nodes are simulated and fakes.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { after, afterEach, before } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { FrameClient } from '../lib/channel-frames.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { request } from '../lib/http.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', bob: 'user', root: 'admin' };
const tokens = tokensOf(people);
const MIB = 1 << 20;

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const as = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });
const post = (where, body, who = 'ada') => daemon.post(where, body, as(who));
const embed = (input, who = 'ada', more = {}) =>
    post('/v1/embeddings', { model: 'vectors@simulated', input, publish: true, ...more }, who);

/** An echo of vectors, which is their model. */
async function publishRows(bytes, width, who = 'ada', more = {}) {
    const { status, text } = await daemon.inferBinary({ model_name: 'builtin/echo', platform: 'simulated', publish: true, ...more },
        [{ name: 'embeddings', datatype: 'FP32', shape: [bytes.length / 4 / width, width], bytes }], as(who));
    assert.equal(status, 200, text);
}

const listeners = [];
/** One who hears from now on. @param {string} who @param {string} [query] */
async function hear(who, query = '', more = {}) {
    const client = new EventClient(`${daemon.url}/v1/channels${query}`, { ...as(who), ...more });
    listeners.push(client);
    await client.begun();
    assert.equal(client.status, 200, client.text);
    return client;
}
async function hearFrames(who, query = '', more = {}) {
    const client = await new FrameClient(`${daemon.url}/v1/channels${query}`, { ...as(who), ...more }).begun();
    listeners.push(client);
    assert.equal(client.status, 200);
    assert.equal(client.type, 'application/octet-stream');
    return client;
}
const leaveAll = () => Promise.all(listeners.splice(0).map((one) => one.leave()));

const jobsOf = (client) => client.events.filter(({ event }) => event === 'job_completed').flatMap(({ json }) => json.jobs);
const batchesOf = (client) => client.events.filter(({ event }) => event === 'vector_batch').map(({ json }) => json);
const rowsOf = (client) => batchesOf(client).flatMap(({ vectors }) => vectors);
const missedOf = (client) => client.events.filter(({ event }) => event === 'missed').reduce((sum, { json }) => sum + json.count, 0);
/** Rows as their bits. */
const words = { NaN, Infinity, '-Infinity': -Infinity };
const bits = (rows) => Buffer.from(Float32Array.from(rows.flat(), (one) => words[one] ?? one).buffer);
const frameRows = ({ frames }) => Buffer.concat(frames.filter(({ type }) => type === 'vector_batch').map(({ tensors }) => tensors[0].bytes));
const used = () => daemon.get('/metrics', as('root')).then(({ text }) => Number(text.match(/^webinfer_memory_used_bytes (\d+)/m)[1]));

/** With a node that lets tasks lie. @param {(node: FakeNode, held: any[]) => any} body */
async function withHolder(body) {
    const { json: { url } } = await post('/v1/admin/join', {}, 'root');
    const node = await new FakeNode(url).join(), held = [];
    node.onTask = (task) => held.push(task);
    try {
        return await body(node, held);
    } finally {
        await node.close();
    }
}
const lying = { model_name: 'builtin/echo', platform: 'wasm', inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] };

before(async () => {
    daemon = new Daemon({ config: {
        api: { tokens_file: '', send_timeout: '600s' },
        bridge: { heartbeat_misses: 100, resume_grace: '1s' },
        pool: { min_connections: 0, numerics: 'off', memory_budget: '512M' },
        'browser.chrome': { max_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, token: tokens.root }).up();
});
afterEach(leaveAll);
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('a client hears its own requests, an admin all, and nobody those of others', async () => {
    const [ada, bob, root] = await Promise.all([hear('ada'), hear('bob'), hear('root')]);
    const texts = ['a bird', '☂'.repeat(100)];
    const { json } = await embed(texts);
    await until(() => batchesOf(ada).length && jobsOf(ada).length && batchesOf(root).length && jobsOf(root).length, { what: 'both channels' });
    const [batch] = batchesOf(ada);
    assert.deepEqual([batch.model_name, batch.count, batch.dimensions], ['vectors', 2, json.data[0].embedding.length]);
    assert.deepEqual(batch.labels, ['a bird', '☂'.repeat(80)]);
    assert.deepEqual(bits(batch.vectors), bits(json.data.map(({ embedding }) => embedding)));
    const [job] = jobsOf(ada);
    assert.deepEqual(batch.jobs, [job.id, job.id]);
    assert.deepEqual([job.model_name, job.status, job.result.vector], ['vectors', 'done', undefined]);
    assert.ok(job.performance.total_ms > 0);
    assert.ok(Math.abs(Date.now() - batch.timestamp) < 60_000);
    assert.deepEqual(batchesOf(root), [batch]);
    await embed('of bob', 'bob', { publish: false });
    await until(() => bob.events.length, { what: 'what bob hears' });
    const [own] = jobsOf(bob);
    assert.deepEqual(Object.keys(own), ['id', 'model_name', 'status', 'performance']);
    assert.deepEqual(bob.events.map(({ event }) => event), ['job_completed']);
});

test('every accepted request that ends is told, with how it ended', async () => {
    const ada = await hear('ada', '?names=job_results');
    const ended = (id, status) => until(() => jobsOf(ada).find((job) => job.id === id && job.status === status), { what: `${id} to be ${status}` });
    await withHolder(async (node, held) => {
        assertProblem(await post('/v1/infer', { ...lying, id: 'late', timeout_ms: 300 }), 504, 'deadline_exceeded');
        await ended('late', 'failed');
        const leaving = new AbortController();
        const left = daemon.post('/v1/infer', { ...lying, id: 'left' }, { ...as('ada'), signal: leaving.signal }).catch(() => null);
        await until(() => held.length === 2, { what: 'the task' });
        leaving.abort();
        await left;
        await ended('left', 'cancelled');
        const { json: { id } } = await post('/v1/jobs', lying);
        await until(() => held.length === 3, { what: 'the stored job to run' });
        assert.equal((await daemon.request(`/v1/jobs/${id}`, { method: 'DELETE', ...as('ada') })).status, 200);
        await ended(id, 'cancelled');
        // Of one client, twelve stored jobs run or wait for two nodes; the others are queued in the store.
        const waiting = [];
        for (let i = 0; i < 16; i++) waiting.push((await post('/v1/jobs', { ...lying, id: `waits${i}` })).json.id);
        await until(() => held.length > 3, { what: 'the stored jobs to run' });
        const { json } = await daemon.get(`/v1/jobs/${waiting[15]}`, as('ada'));
        assert.equal(json.state, 'queued');
        for (const one of waiting.reverse())
            assert.equal((await daemon.request(`/v1/jobs/${one}`, { method: 'DELETE', ...as('ada') })).status, 200);
        await until(() => jobsOf(ada).filter(({ id: one }) => one.startsWith('waits')).length === 16, { what: 'their ends' });
        assert.deepEqual([...new Set(jobsOf(ada).filter(({ id: one }) => one.startsWith('waits')).map(({ status }) => status))], ['cancelled']);
    });
    const { json: stored } = await post('/v1/jobs', { ...lying, platform: 'simulated', publish: true, id: 'kept' });
    assert.ok(stored.id);
    const { result } = await ended('kept', 'done');
    assert.deepEqual(result.outputs.map(({ name, data }) => [name, data]), [['x', [7]]]);
    assertProblem(await post('/v1/infer', { ...lying, id: 'wrong', model_name: 'nobody/knows' }), 404, 'model_not_found');
    await post('/v1/infer', { ...lying, platform: 'simulated', id: 'last' });
    await ended('last', 'done');
    assert.equal(jobsOf(ada).some(({ id }) => id === 'wrong'), false); // it was not accepted
    const ids = jobsOf(ada).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length); // each once
});

test('the same rows by events and by frames are equal bit for bit, now and later', async () => {
    const width = 33, rows = Buffer.from(Float32Array.from({ length: 700 * width }, () => Math.fround(Math.random() - 0.5)).buffer);
    rows.writeFloatLE(NaN, 0);
    rows.writeFloatLE(-Infinity, 4);
    const query = '?names=vector_updates&models=builtin/echo';
    const [events, frames, other] = await Promise.all([hear('ada', query), hearFrames('root', query), hear('ada', '?models=vectors')]);
    await publishRows(rows, width);
    await until(() => rowsOf(events).length === 700 && frameRows(frames).length === rows.length, { what: 'all rows' });
    const later = await hear('ada', `${query}&recent=300`), laterFrames = await hearFrames('ada', `${query}&recent=4096`);
    await until(() => rowsOf(later).length >= 300 && frameRows(laterFrames).length >= rows.length, { what: 'the latest rows' });
    assert.deepEqual(frameRows(frames), rows);
    assert.deepEqual(frameRows(laterFrames), rows);
    assert.deepEqual(bits(rowsOf(events)), rows);
    assert.deepEqual(bits(rowsOf(later)), rows.subarray(400 * width * 4));
    assert.deepEqual([rowsOf(events)[0][0], rowsOf(events)[0][1]], ['NaN', '-Infinity']);
    const [first] = frames.frames;
    assert.deepEqual([first.data.count, first.data.dimensions, first.tensors[0].shape], [256, width, [256, width]]);
    assert.deepEqual(first.data.labels, Array(256).fill(null));
    assert.deepEqual(batchesOf(events)[0].jobs, first.data.jobs);
    assert.ok(frames.heartbeats > 0);
    assert.deepEqual(other.events, []);
});

test('streams, benchmarks and other dialects are told, too, and a stored job has its vectors', async () => {
    const ada = await hear('ada');
    const inputs = [{ name: 'embeddings', datatype: 'FP32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }], parameters = { platform: 'simulated' };
    const ask = async (where, body) => {
        const { status, text } = await post(where, body);
        assert.ok(status < 300, text);
        return text;
    };
    const stream = await ask('/v1/infer', { model_name: 'builtin/count', inputs: [], options: { count: 3 }, ...parameters, stream: true, publish: true, id: 'stream' });
    const { outputs, result } = JSON.parse(stream.match(/^event: done\ndata: (.*)$/m)[1]);
    await ask('/v1/benchmark', { model_name: 'builtin/echo', inputs, runs: 2, ...parameters, id: 'benchmark' });
    await ask('/v2/models/builtin/echo/infer', { id: 'kserve', inputs, parameters });
    await ask('/v1/embeddings', { model: 'vectors@simulated', input: 'x' });
    await ask('/v1/jobs', { model_name: 'builtin/echo', inputs, ...parameters, publish: true, id: 'stored' });
    await until(() => jobsOf(ada).length === 5 && rowsOf(ada).length, { what: 'all five' });
    assert.deepEqual(jobsOf(ada).map(({ status }) => status), Array(5).fill('done'));
    assert.deepEqual(jobsOf(ada)[0].result, { outputs, ...result }); // as in its last event: its parts were told to its client alone
    const ids = jobsOf(ada).map(({ id }) => id);
    assert.deepEqual([...ids.slice(0, 3), ids[4]], ['stream', 'benchmark', 'kserve', 'stored']);
    assert.deepEqual(batchesOf(ada).map(({ jobs, vectors }) => [jobs, vectors]), [[['stored', 'stored'], [[1, 2, 3], [4, 5, 6]]]]);
});

test('order holds within a channel', async () => {
    const root = await hear('root', '?names=vector_updates');
    const sent = [];
    await Promise.all(['ada', 'bob'].map(async (who) => {
        for (let i = 0; i < 40; i++) {
            const value = sent.push(who);
            await publishRows(Buffer.from(Float32Array.of(value, i).buffer), 2, who);
        }
    }));
    await until(() => rowsOf(root).length === 80, { what: 'all rows' });
    for (const who of ['ada', 'bob'])
        assert.deepEqual(rowsOf(root).filter(([value]) => sent[value - 1] === who).map(([, i]) => i), [...Array(40).keys()]);
});

test('a slow reader misses whole batches, is told to the row, and costs nobody anything', async () => {
    const width = 384, rows = crypto.randomBytes(500 * width * 4).map((byte, at) => (at % 4 === 3 ? 0 : byte));
    const quick = await hearFrames('ada', '?names=vector_updates');
    const send = async (times) => {
        for (let i = 0; i < times; i++) await publishRows(rows, width);
    };
    await send(40); // the latest rows are as many as they may be
    const before = await used();
    const slow = await hearFrames('ada', '?names=vector_updates', { paused: true });
    const slowEvents = await hear('ada', '?names=vector_updates', { paused: true });
    let most = 0;
    for (let i = 0; i < 40; i++) {
        await send(1);
        most = Math.max(most, await used());
    }
    assert.ok(most - before < 8 * MIB, `${most - before} bytes more`);
    await until(() => frameRows(quick).length === 80 * rows.length, { what: 'the quick one to get all' });
    assert.equal(quick.frames.some(({ type }) => type === 'missed'), false);
    slow.go();
    slowEvents.go();
    const counts = ({ frames }) => frames.reduce(([got, missed], { type, data }) =>
        type === 'missed' ? [got, missed + data.count] : [got + data.count, missed], [0, 0]);
    await until(() => counts(slow)[0] + counts(slow)[1] === 20_000, { what: 'all rows to be told' });
    await until(() => rowsOf(slowEvents).length + missedOf(slowEvents) === 20_000, { what: 'all rows to be told as events' });
    for (const [got, missed] of [counts(slow), [rowsOf(slowEvents).length, missedOf(slowEvents)]])
        assert.ok(got > 1000 && missed > 5000, `${got} rows, ${missed} missed`);
    await send(1);
    await until(() => counts(slow)[0] + counts(slow)[1] === 20_500, { what: 'the rows after that' });
});

test('memory returns within 60 s of the last subscriber', async () => {
    await until(async () => await used() < MIB, { what: 'the memory of earlier tests to be free', timeout: 60_000 });
    const base = await used();
    const ada = await hear('ada', '?names=vector_updates');
    await publishRows(Buffer.alloc(4 * MIB), 256);
    await until(() => rowsOf(ada).length + missedOf(ada) === 4096, { what: 'all rows' });
    assert.ok(await used() > base + 3 * MIB);
    await leaveAll();
    await until(async () => await used() <= base + 64 * 1024, { what: 'the memory to be free', timeout: 60_000 });
    const later = await hear('ada', '?recent=4096');
    await embed('x');
    await until(() => later.events.length, { what: 'something' });
    assert.equal(rowsOf(later).length, 1);
});

test('what bad requests get', async () => {
    const get = (query, who = 'ada', headers = {}) => daemon.get(`/v1/channels${query}`, { headers: { ...as(who).headers, ...headers } });
    assertProblem(await daemon.get('/v1/channels'), 401, 'unauthorized');
    for (const names of ['jobs', 'job_results,', ',', 'job_results,Vector_updates'])
        assertProblem(await get(`?names=${names}`), 400, 'invalid_field', { field: 'names', allowed: /^job_results, vector_updates$/ });
    assertProblem(await get('?names='), 400, 'invalid_field', { field: 'names' });
    for (const models of ['a b', 'nest,', '../etc'])
        assertProblem(await get(`?models=${encodeURIComponent(models)}`), 400, 'invalid_field', { field: 'models', expected: /names of models/ });
    assertProblem(await get(`?models=${Array(65).fill('m')}`), 400, 'invalid_field', { field: 'models', expected: /at most 64/ });
    for (const recent of ['4097', '-1', 'all'])
        assertProblem(await get(`?recent=${recent}`), 400, 'invalid_field', { field: 'recent' });
    assertProblem(await get('?since=1'), 400, 'unknown_field', { field: 'since' });
    assertProblem(await get('', 'ada', { Accept: 'text/html' }), 406, 'not_acceptable', { field: 'Accept', allowed: /octet-stream/ });
    assertProblem(await get('', 'ada', { Origin: 'https://elsewhere.example' }), 403, 'forbidden_origin');
    assertProblem(await post('/v1/infer', { ...lying, publish: 'yes' }), 400, 'invalid_field', { field: 'publish' });
    const chat = await post('/v1/chat/completions', { model: 'x', messages: [], publish: true });
    assert.deepEqual([chat.status, chat.json.error.param], [400, 'publish']);
});

test('a client has 64 subscribers, and others still get theirs', async () => {
    const patiently = (who) => until(() => hear(who).catch(() => null), { what: 'a free place' }); // one that has just left is noticed soon
    await Promise.all(Array.from({ length: 64 }, () => patiently('ada')));
    const more = new EventClient(`${daemon.url}/v1/channels`, as('ada'));
    await more.ended();
    assert.deepEqual([more.status, more.problem.code, Number(more.headers['retry-after']) > 0], [429, 'too_many_watchers', true]);
    const bob = await hear('bob');
    await embed('x', 'bob');
    await until(() => batchesOf(bob).length, { what: 'what bob hears' });
    await listeners.shift().leave();
    await patiently('ada');
});

test('over TLS', async () => {
    const secure = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    const keys = certificate(secure.folder, 'IP:127.0.0.1'), ca = fs.readFileSync(keys.tls_certificate, 'utf8');
    const agent = new https.Agent({ ca, keepAlive: true });
    secure.writeConfig({ api: keys });
    secure.request = (where, options) => request(secure.url + where, { agent, ...options });
    await secure.start({ ready: false });
    const nodes = await new Simulation(secure, { nodes: 1 }).up();
    const query = `${secure.url}/v1/channels?names=vector_updates`, rows = Buffer.from(Float32Array.from({ length: 4096 * 64 }, (_, i) => i).buffer);
    const events = new EventClient(query, { ca }), frames = await new FrameClient(query, { ca }).begun();
    await events.begun();
    listeners.push(events, frames);
    await secure.answer({ model_name: 'builtin/echo', platform: 'simulated', publish: true },
        [{ name: 'embeddings', datatype: 'FP32', shape: [4096, 64], bytes: rows }]);
    await until(() => rowsOf(events).length === 4096 && frameRows(frames).length === rows.length, { what: 'all rows' });
    assert.deepEqual([bits(rowsOf(events)), frameRows(frames)], [rows, rows]);
    await leaveAll();
    agent.destroy();
    await nodes.stop();
    await secure.stop();
});

test('a reload ends the streams in good order', async () => {
    const ada = await hear('ada'), frames = await hearFrames('root');
    await embed('x');
    await until(() => batchesOf(ada).length && frames.frames.length > 1, { what: 'messages' });
    await daemon.reload({ log: { level: 'info' } });
    await ada.ended();
    assert.equal(ada.over, 'ended');
    await until(() => frames.over, { what: 'the frames to end' });
});
