// tier: full, sanitized
/**
 * The borrowing daemon: relays, behind each of which another daemon is. Who is one, which work it gets, what its answers say
 * and count for, how it fails, and what bad relays get. The relays are scripted.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { anyHash, LendingNode } from '../lib/lending-node.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { root: 'admin', bob: 'user', farm: 'node', hall: 'relay', roof: 'relay' };
const tokens = tokensOf(people);
const MIB = 1 << 20;

/** @type {Daemon} */
let daemon;
let hash;
const test = testsOf(() => daemon);
/** @type {LendingNode[]} */
const nodes = [];

const as = (who, more = {}) => ({ ...more, headers: { Authorization: `Bearer ${tokens[who]}`, ...more.headers } });
const get = async (where) => (await daemon.get(where, as('root'))).json;
const rowOf = async ({ id }) => (await get('/v1/nodes')).nodes.find((one) => one.id === id);
const urlOf = (who) => `${daemon.bridgeUrl}/#token=${tokens[who]}`;
const hashOf = (model) => until(async () => (await get(`/v1/models/${model}`)).hash,
    { what: `the hash of ${model}` });
const idle = () => until(async () => (await get('/v1/status')).queue.running === 0, { what: 'no job to run' });

/** A node that comes with that token, or with that link. */
async function come(who, what = {}) {
    const node = new LendingNode(who in tokens ? urlOf(who) : who, what);
    nodes.push(node);
    await node.join();
    await until(() => rowOf(node), { what: 'the node to be listed' });
    return node;
}

/** A relay whose daemon has the model `twice`. */
async function relay(who = 'hall', what = {}) {
    const node = await come(who, { name: who, ...what });
    node.lend([hash]);
    await served(node);
    return node;
}

const twice = (more = {}) => ({ model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }], ...more });
const echo = (more = {}) => ({ ...twice(more), model_name: 'builtin/echo' });
const ask = (body = twice(), who = 'bob') => daemon.infer(body, as(who));

/** Until the node may have it. */
const served = (node) => until(async () => (await ask(twice({ node: node.id }))).status === 200, { what: 'a relay to have the model' });

function assertProblem({ status, json, text }, wanted, code, detail) {
    assert.deepEqual([status, json?.code], [wanted, code], text);
    if (detail) assert.match(json.detail, detail);
    return json;
}

before(async () => {
    daemon = new Daemon({ models: ['twice', 'zeros'], config: {
        api: { max_answer: '9M' },
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 60, resume_grace: '1s' },
        pool: { min_connections: 0, numerics: 'off', strangers: 'none', max_retries: 3, recheck_strangers: '0%' },
        'browser.chrome': { max_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
    hash = await hashOf('twice');
    assert.match(hash, /^[0-9a-f]{64}$/);
});
afterEach(async () => {
    for (const node of nodes) node.release();
    for (const node of nodes.splice(0)) await node.close();
    await until(async () => (await get('/v1/nodes')).nodes.length === 0, { what: 'all nodes to be gone' });
});
after(() => daemon.stop());

/* --- who is one, and what it gets --- */

test('a token of rank relay makes a relay, which gets what its daemon has, and executed_on says so', async () => {
    const node = await come('hall', { name: 'hall.example' });
    assert.equal(node.welcome.relay, true);
    assert.equal(node.welcome.max_frame_bytes, 8 * MIB);
    assert.equal((await rowOf(node)).via, 'hall.example');
    assert.equal((await get('/v1/status')).nodes.find(({ id }) => id === node.id).via, 'hall.example');
    assertProblem(await ask(), 503, 'unavailable', /relays, and the daemons behind them do not have twice/);
    const echoed = await ask(echo());
    assert.equal(echoed.status, 200, echoed.text);
    assert.equal(echoed.json.executed_on.via, 'hall.example');
    node.lend([hash]);
    await served(node);
    const { status, json, text } = await ask(twice({ priority: 7 }));
    assert.equal(status, 200, text);
    assert.deepEqual(json.outputs[0].data, [2, 6]);
    assert.deepEqual([json.executed_on.node, json.executed_on.browser, json.executed_on.platform, json.executed_on.via],
        [node.id, 'chromium', 'wasm', 'hall.example']);
    const { message } = node.tasks.at(-1);
    assert.equal(message.model_name, 'twice');
    assert.deepEqual([message.data.model.name, message.data.model.hash], ['twice', hash]);
    assert.deepEqual([message.data.platforms, message.data.priority], [['wasm'], 7]);
    assert.ok(message.data.deadline_ms > 0);
    node.send('relay_models', { remove: [hash] });
    await until(async () => (await ask()).status === 503, { what: 'the model to be gone there' });
    assert.equal((await ask(echo())).status, 200);
});

test('3,000 models are announced, and the last one is answered', async () => {
    const node = await come('hall');
    node.lend([...Array.from({ length: 2999 }, (_, number) => anyHash(number)), hash]);
    await served(node);
    node.send('relay_models', { remove: Array.from({ length: 512 }, (_, number) => anyHash(number)) });
    assert.equal((await ask()).status, 200);
    assert.equal(node.closed, null);
});

test('another token makes no relay, whatever the node says', async () => {
    const link = (await daemon.post('/v1/admin/join', { nodes: 1 }, as('root'))).json.url;
    for (const who of ['farm', link]) {
        const node = await come(who);
        assert.equal(node.welcome.relay, undefined);
        assert.equal(node.welcome.max_frame_bytes, 256 * 1024);
        assert.equal((await rowOf(node)).via, undefined);
        node.lend([hash]);
        node.send('relay_models', { add: ['no hash'] }); // it is not read
        // strangers = none
        assertProblem(await ask(echo()), 503, 'unavailable', /\[pool\] strangers/);
        await until(() => daemon.log.includes('it says that it is a relay of hall'), { what: 'the log to say so' });
        assert.equal(node.closed, null);
        assert.equal(node.tasks.length, 0);
        await node.close();
    }
});

test('a token of rank relay brings other nodes, too', async () => {
    const node = await come('hall', { plain: true });
    assert.equal(node.welcome.relay, undefined);
    assert.equal((await rowOf(node)).via, undefined);
    assertProblem(await ask(echo()), 503, 'unavailable', /\[pool\] strangers/);
});

test('a relay is told to load nothing, and fetches nothing', async () => {
    const node = await relay();
    const { url } = node.tasks.at(-1).message.data.model.files[0];
    const fetched = await fetch(`${daemon.bridgeUrl}${url}`, { headers: { Authorization: `Bearer ${node.welcome.model_credential}` } });
    await fetched.arrayBuffer();
    assert.ok([401, 403, 404].includes(fetched.status), `${fetched.status}`);
    for (const verb of ['load', 'unload'])
        for (const body of [{ node: node.id }, {}])
            assertProblem(await daemon.post(`/v1/models/twice/${verb}`, body, as('root')), 503, 'unavailable', /only relays/);
    assert.deepEqual(node.received.filter(({ message: { type } }) => ['model_load', 'model_unload', 'tune', 'capability_query'].includes(type)), []);
});

test('what came through a relay is given to none', async () => {
    const node = await relay(), before = node.tasks.length;
    for (const body of [twice({ relay: { model_hash: hash } }), echo({ relay: {} })])
        assertProblem(await ask(body, 'roof'), 503, 'unavailable', /relay/);
    assert.equal(node.tasks.length, before);
});

test('a relay has as many slots as it says, and none while it is paused', async () => {
    const node = await relay('hall', { slots: 3 });
    node.hold();
    const calls = Array.from({ length: 12 }, () => ask());
    await until(() => node.held.length >= 3, { what: 'its slots to be full' });
    await until(async () => (await get('/v1/status')).queue.waiting > 0, { what: 'the others to wait' });
    assert.ok(node.held.length <= 4, `${node.held.length}`); // one of them waits there
    node.release();
    for (const { status, text } of await Promise.all(calls)) assert.equal(status, 200, text);
    node.send('heartbeat', { seq: 1, running: [], busy_since_ms: 0, paused: true });
    await until(async () => (await rowOf(node)).paused, { what: 'it to be paused' });
    const before = node.tasks.length, waits = ask();
    await until(async () => (await get('/v1/status')).queue.waiting === 1, { what: 'a request to wait' });
    assert.equal(node.tasks.length, before);
    node.send('heartbeat', { seq: 2, running: [], busy_since_ms: 0 });
    assert.equal((await waits).status, 200);
});

test('it comes back with its models', async () => {
    const node = await relay();
    node.socket.terminate();
    await until(() => node.closed, { what: 'it to be away' });
    await node.resume();
    assert.equal(node.welcome.relay, true);
    assert.equal((await ask(twice({ node: node.id }))).status, 200);
});

test('each of several is asked for what it has, beside other nodes', async () => {
    const [hall, roof] = [await relay('hall'), await come('roof', { name: 'roof' })];
    await come('farm', { plain: true });
    for (const { status, json, text } of await Promise.all(Array.from({ length: 12 }, () => ask()))) {
        assert.equal(status, 200, text);
        assert.equal(json.executed_on.via, 'hall');
    }
    roof.lend([hash]);
    await served(roof);
    hall.hold();
    const calls = Array.from({ length: 12 }, () => ask());
    await until(() => roof.tasks.length > 1, { what: 'the other one to help' });
    hall.release();
    for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
});

/* --- how it fails --- */

test('what is about the lending daemon goes elsewhere', async () => {
    const roof = await relay('roof');
    for (const [at, code] of ['queue_full', 'unavailable', 'model_changed', 'rank', 'stall_timeout', 'anything'].entries()) {
        const node = await relay('hall', { name: `hall-${at}` }); // of which no failure is known
        let failed = 0;
        node.treat = (task) => (failed++, node.fail(task, { code, message: 'of the other daemon' }));
        await until(async () => {
            const { status, json, text } = await ask();
            assert.equal(status, 200, text);
            assert.equal(json.executed_on.via, 'roof');
            return failed > 0;
        }, { what: `${code} to be said` });
        assertProblem(await ask(twice({ node: node.id })), 502, 'attempts_exhausted', /of the other daemon/);
        assert.equal(node.closed, null);
        await node.close();
    }
    assert.equal(roof.closed, null);
});

test('an error of the client is final, and so is what breaks browsers there', async () => {
    const node = await relay();
    node.treat = (task) => node.fail(task, { code: 'input_invalid', message: 'it has too many words', field: 'inputs' });
    const before = node.tasks.length;
    assertProblem(await ask(), 422, 'input_invalid', /too many words/);
    assert.equal(node.tasks.length, before + 1);
    node.treat = (task) => node.fail(task, { code: 'attempts_exhausted', message: '2 nodes broke there' });
    const other = await come('roof', { name: 'roof' }); // which would be next
    other.lend([hash]);
    await served(other);
    const asked = [node.tasks.length, other.tasks.length];
    const poisoned = assertProblem(await ask(twice({ node: node.id })), 502, 'attempts_exhausted', /2 nodes broke there/);
    assert.equal(poisoned.poisoned, true);
    assert.deepEqual([node.tasks.length, other.tasks.length], [asked[0] + 1, asked[1]]);
});

test('a lost relay blames no request', async () => {
    const other = await relay('roof');
    for (let round = 0; round < 3; round++) {
        const node = await relay('hall');
        other.treat = (task) => other.fail(task, { code: 'queue_full', message: 'full' });
        node.hold();
        const call = ask();
        await until(() => node.held.length === 1, { what: 'it to have the task' });
        other.release();
        node.held.length = 0;
        node.send('bye', { reason: 'its daemon is lost' });
        const { status, json, text } = await call;
        assert.equal(status, 200, text);
        assert.equal(json.executed_on.via, 'roof');
    }
});

test('a request that is cancelled is cancelled there, and a stream reads as its client does', async () => {
    const node = await relay(), aborter = new AbortController();
    node.hold();
    const call = daemon.infer(twice(), as('bob', { signal: aborter.signal })).catch((error) => error);
    await until(() => node.held.length === 1, { what: 'the task' });
    const { message: { data: { attempt_id: id } } } = node.held.pop();
    aborter.abort();
    assert.match((await call).name, /Abort/);
    await until(() => node.received.some(({ message: { type, data } }) => type === 'task_cancel' && data.attempt_id === id),
        { what: 'its cancel' });
    node.release();
    const counting = new Counting(daemon, { count: 200 });
    counting.stream = await openEvents(`${daemon.url}/v1/infer`, { body: counting.body, ...as('bob') });
    await counting.read();
    assert.ok(counting.isWhole, JSON.stringify(counting.wrong));
});

test('a stream goes on at another relay', async () => {
    const [hall, roof] = [await relay('hall'), await relay('roof')];
    const by = (which) => [hall, roof].find((one) => which(one.streams.size > 0));
    hall.limit = roof.limit = 5;
    const counting = new Counting(daemon, { count: 20 });
    counting.stream = await openEvents(`${daemon.url}/v1/infer`, { body: counting.body, ...as('bob') });
    const reading = counting.read();
    await until(() => by((has) => has), { what: 'the stream to begin' });
    const [first, second] = [by((has) => has), by((has) => !has)];
    await until(() => counting.next === 5, { what: 'five parts' });
    second.limit = Infinity;
    first.send('bye', { reason: 'its daemon is lost' });
    await reading;
    assert.ok(counting.isWhole, JSON.stringify(counting.wrong));
    assert.equal(second.tasks.at(-1).message.data.continue.seq, 5);
});

/* --- bad ones --- */

test('bad lists of models end the connection with a reason', async () => {
    const hashes = (count) => Array.from({ length: count }, (_, number) => anyHash(number));
    const bad = [
        [(node) => node.send('relay_models', { add: hashes(513) }), /513 hashes; a message may name 512/],
        [(node) => node.send('relay_models', { add: hashes(300), remove: hashes(213) }), /513 hashes/],
        [(node) => node.lend(hashes(10_001)), /a relay may have 10000 models/],
        [(node) => node.send('relay_models', { add: ['twice'] }), /data\.add\[0\] must be a model's hash/],
        [(node) => node.send('relay_models', { remove: [hash.toUpperCase()] }), /data\.remove\[0\]/],
        [(node) => node.send('relay_models', { add: [7] }), /data\.add\[0\]/],
        [(node) => node.send('relay_models', { add: hash }), /data\.add/],
    ];
    for (const [say, reason] of bad) {
        const node = await come('hall');
        say(node);
        const { code, reason: told } = await node.gone();
        assert.equal(code, 1008);
        assert.match(told, reason);
        await until(async () => !await rowOf(node), { what: 'its grace to end' });
    }
    for (const name of ['', 'a b', '-', 'x'.repeat(65), 7, null]) {
        const node = new LendingNode(urlOf('hall'), { name });
        await node.open();
        node.announce();
        const { code, reason } = await node.gone();
        assert.equal(code, 1008);
        assert.match(reason, /data\.capabilities\.relay\.name/);
    }
});

test('answers that do not fit fail their attempt or the connection, and no job of others', async () => {
    const [hall, roof] = [await relay('hall'), await relay('roof')];
    hall.treat = (task) => { // of another job, then its own
        hall.send('task_response', { attempt_id: 'job-of-another.1', ok: true, executed_on: { platform: 'wasm' }, tensors: [] });
        hall.double(task);
    };
    for (let i = 0; i < 8; i++) assert.deepEqual((await ask()).json.outputs[0].data, [2, 6]);
    // Another platform than it was asked for; `via` of its own; and an answer that is too large.
    hall.treat = (task) => hall.respond(task, { data: { executed_on: { platform: 'webgpu' } } });
    for (let i = 0; i < 8; i++) assert.equal((await ask()).json.executed_on.via, 'roof');
    hall.treat = (task) => hall.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: [2], bytes: Buffer.alloc(8) }],
        data: { executed_on: { platform: 'wasm', via: 'roof' } } });
    assert.equal((await ask(twice({ node: hall.id }))).json.executed_on.via, 'hall');
    hall.lend([await hashOf('zeros')]);
    hall.treat = (task) => hall.send('task_outline', { attempt_id: task.message.data.attempt_id,
        outline: [{ name: 'y', datatype: 'FP32', shape: [128 * MIB], byte_length: 512 * MIB }] });
    const zeros = { model_name: 'zeros', node: hall.id, inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [128 * MIB] }] };
    const large = await until(async () => {
        const answer = await ask(zeros);
        return answer.json.code !== 'unavailable' && answer;
    }, { what: 'it to be asked' });
    assertProblem(large, 413, 'answer_too_large');
    // Parts out of order.
    hall.onTask = (task) => hall.send('task_part', { attempt_id: task.message.data.attempt_id, seq: 1, index: 0, text: '1 ', tokens: [1] });
    const counting = new Counting(daemon, { count: 3 }, { node: hall.id });
    counting.stream = await openEvents(`${daemon.url}/v1/infer`, { body: counting.body, ...as('bob') });
    if (counting.stream.status === 200) await counting.read();
    assert.ok(!counting.isWhole);
    await idle();
    assert.equal((await ask(twice({ node: roof.id }))).status, 200);
});

test('a list that is not true costs an attempt', async () => {
    const [hall, roof] = [await relay('hall'), await relay('roof')];
    hall.treat = (task) => hall.fail(task, { code: 'model_not_found', message: 'there is none' });
    const answers = [];
    await until(async () => {
        const { status, json, text } = await ask();
        assert.equal(status, 200, text);
        answers.push(json.executed_on.via);
        return answers.length === 8;
    }, { what: 'eight answers', every: 1 });
    assert.deepEqual(new Set(answers), new Set(['roof']));
});
