// tier: full
/**
 * What is lost, refused or too large has an end that says what happened, and costs neither the node
 * nor anybody else anything.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, afterEach, before } from 'node:test';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import * as kserve from '../lib/kserve.mjs';
import { cliPath } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;

/** @type {Daemon} */
let daemon;
/** @type {FakeNode[]} */
let nodes = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ config: {
        log: { level: 'debug' },
        api: { max_body: '2M' },
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 15 * patience, resume_grace: '60s' },
        pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
    } }).start({ ready: false });
});
afterEach(async () => {
    for (const node of nodes) {
        node.onTask = () => {};
        await node.close();
        await daemon.post(`/v1/admin/join/${node.invitation}`, undefined, { method: 'DELETE' });
    }
    nodes = [];
    await until(async () => (await daemon.status()).nodes.length === 0, { what: 'no node left' });
});
after(() => daemon.stop());

async function joined() {
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    const node = await new FakeNode(json.url).join();
    node.invitation = json.id;
    nodes.push(node);
    await until(async () => (await daemon.status()).nodes.some(({ id }) => id === node.id),
        { what: 'the node to be listed' });
    return node;
}

const echo = (more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [7, 8] }] });

async function serves(node) {
    const answer = await echo({ node: node.id });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [7, 8]);
    assert.equal(node.closed, null, 'it was never cut off');
}

/** Hangs up on each request, and comes back as if there had been none. */
function hangsUp(node, reason) {
    node.onTask = async () => {
        node.socket.close(3007, reason);
        await node.gone();
        await node.resume();
    };
}

const tasks = (node) => node.received.filter(({ message }) => message.type === 'task_request');

test('a dimension that no page could read is refused, and no node hears of it', async () => {
    const node = await joined();
    for (const inputs of [
        [{ name: 'x', datatype: 'FP32', shape: [0, 9223372036854775807n], data: [] }],
        [{ name: 'x', datatype: 'FP32', shape: [0, 9007199254740992n], data: [] }]]) {
        const body = JSON.stringify({ model_name: 'builtin/echo', inputs },
            (key, value) => (typeof value === 'bigint' ? `#${value}#` : value))
            .replace(/"#(\d+)#"/g, '$1');
        const answer = await daemon.post('/v1/infer', Buffer.from(body),
            { headers: { 'Content-Type': 'application/json' } });
        assert.equal(answer.status, 400, answer.text);
        assert.equal(answer.json.code, 'invalid_field');
        assert.equal(answer.json.field, 'inputs[0].shape[1]');
        assert.equal(answer.json.allowed, '0 to 9007199254740991');
    }
    await serves(node);
    assert.equal(tasks(node).length, 1);
});

test('a request whose head no page could read is refused, and no node hears of it', async () => {
    const node = await joined();
    const tensors = Array.from({ length: 1000 }, (_, i) => ({ name: String(i).padEnd(1000, '\u0001'),
        datatype: 'UINT8', shape: [0], bytes: Buffer.alloc(0) }));
    const answer = await daemon.infer({ model_name: 'builtin/echo', inputs: tensors.map(
        ({ name, datatype, shape }) => ({ name, datatype, shape, data: [] })).slice(0, 200) });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.code, 'input_invalid');
    assert.equal(answer.json.field, 'inputs');
    assert.equal(answer.json.expected, 'at most 1048576 bytes');
    assert.match(answer.json.detail, /take 12\d{5} bytes of JSON .* fewer tensors, shorter names/);
    const job = await daemon.post('/v1/jobs', { model_name: 'builtin/echo', inputs: tensors.map(
        ({ name, datatype, shape }) => ({ name, datatype, shape, data: [] })).slice(0, 200) });
    const { json } = await daemon.get(`/v1/jobs/${job.json.id}?wait=20s`);
    assert.equal(json.state, 'failed');
    assert.equal(json.error.code, 'input_invalid');
    await serves(node);
    assert.equal(tasks(node).length, 1);
});

test('a node that hangs up on each request is asked a bounded number of times', async () => {
    const node = await joined();
    hangsUp(node, 'cannot read that');
    const answer = await echo();
    assert.equal(answer.status, 502, answer.text);
    assert.equal(answer.json.code, 'attempts_exhausted');
    assert.equal(answer.json.attempts, 16);
    assert.equal(tasks(node).length, 16);
    assert.deepEqual(answer.json.failures, [{ node: node.id, times: 16,
        reason: 'the node came back without it, after it had closed the connection: ' +
            '3007 cannot read that' }]);
    assert.match(answer.json.detail, /sent to nodes 16 times .*3007 cannot read that/);

    const run = spawn(cliPath, ['--url', daemon.url, 'infer', 'builtin/echo', '--inputs', '-'],
        { env: { PATH: process.env.PATH, HOME: daemon.folder } });
    let said = '';
    run.stderr.on('data', (text) => (said += text));
    run.stdin.on('error', () => {}); // what it says of that is asked below
    run.stdin.end(JSON.stringify([{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }]));
    await new Promise((resolve) => run.on('close', resolve));
    assert.notEqual(run.exitCode, 0);
    assert.match(said, new RegExp(`failed 16 times on ${node.id}: the node came back without it`));
});

test('so it is with a stored job', async () => {
    const node = await joined();
    hangsUp(node, 'no');
    const { json: { id } } = await daemon.post('/v1/jobs', { model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    const { json } = await daemon.get(`/v1/jobs/${id}?wait=30s`);
    assert.equal(json.state, 'failed');
    assert.equal(json.error.code, 'attempts_exhausted');
    assert.equal(json.error.failures[0].times, 16);
    assert.equal(tasks(node).length, 16);
});

test('a stored job that is tried again says how often, and why the last attempt ended', async () => {
    const node = await joined();
    let held;
    node.onTask = async (task) => {
        if (tasks(node).length === 3) return void (held = task);
        node.socket.close(3007, 'not yet');
        await node.gone();
        await node.resume();
    };
    const { json: { id } } = await daemon.post('/v1/jobs', { model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    await until(() => held, { what: 'the third attempt' });
    const { json } = await daemon.get(`/v1/jobs/${id}`);
    assert.deepEqual([json.state, json.attempts, json.node], ['running', 3, node.id]);
    assert.match(json.problem, /the node came back without it, .*3007 not yet/);
    node.respond(held);
    const { json: done } = await daemon.get(`/v1/jobs/${id}?wait=20s`);
    assert.deepEqual([done.state, done.problem, done.answer.performance.attempts],
        ['done', undefined, 3]);
});

/** Answers with what cannot be read, and comes back with that; `listed`: and with others that it has. */
async function answersBadly(node, { message, tensors }, listed, bytes = 8) {
    node.respond({ message, tensors }, { data: { tensors: [] }, outputs: [
        { name: 'x', datatype: 'UINT8', shape: [9], bytes: Buffer.alloc(bytes) }] });
    const { code } = await node.gone();
    const { data } = await node.resume(listed);
    return { code, cancel: data.cancel };
}

const ids = (node, name) => tasks(node).map(({ message: { data } }) => data)
    .filter(({ tensors }) => tensors[0].name === name).map(({ attempt_id: id }) => id);

test('after a message that cannot be read all attempts of its node begin again, and are forgotten there', async () => {
    const node = await joined();
    const ended = [];
    node.onTask = (task) => {
        if (task.message.data.tensors[0].name !== 'x') return; // it runs
        node.onTask = (next) => node.respond(next);
        const listed = { unacknowledged: ids(node, 'x'), running: ids(node, 'y') };
        ended.push(answersBadly(node, task, listed), listed);
    };
    const other = daemon.infer({ model_name: 'builtin/echo',
        inputs: [{ name: 'y', datatype: 'INT32', shape: [1], data: [5] }] });
    await until(() => ids(node, 'y').length, { what: 'the other request' });
    for (const answer of await Promise.all([echo(), other])) {
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.performance.attempts, 2);
    }
    const [{ code, cancel }, { unacknowledged, running }] = await Promise.all(ended);
    assert.equal(code, 1007);
    assert.deepEqual(cancel.sort(), [...unacknowledged, ...running].sort());
});

test('one whose answers can never be read ends its request, each counted', async () => {
    const node = await joined();
    node.onTask = (task) => answersBadly(node, task, { unacknowledged: ids(node, 'x') });
    const answer = await echo();
    assert.equal(answer.status, 502, answer.text);
    assert.equal(answer.json.code, 'attempts_exhausted');
    assert.equal(answer.json.attempts, 16);
    assert.equal(answer.json.failures.length, 1);
    assert.equal(answer.json.failures[0].node, node.id);
    assert.match(answer.json.failures[0].reason, /shape and datatype/);
    const welcomes = () => node.received.filter(({ message }) => message.type === 'welcome').length;
    await until(() => welcomes() === 17, { what: 'the node to be back' });
    node.onTask = (task) => node.respond(task);
    await serves(node);
});

test('an answer that is too large for a message is one that cannot be read; a node says so itself', async () => {
    const node = await joined();
    let ended;
    node.onTask = (task) => {
        node.onTask = (next) => node.respond(next);
        ended = answersBadly(node, task, { unacknowledged: ids(node, 'x') }, 4 * MIB);
    };
    const sent = await echo();
    assert.equal(sent.status, 200, sent.text);
    assert.equal(sent.json.performance.attempts, 2);
    assert.equal((await ended).code, 1009);

    node.onTask = (task) => node.fail(task, { code: 'answer_too_large',
        message: 'the answer makes a message of 9 bytes, and the service takes 8',
        expected: 'at most 8 bytes' });
    const said = await echo();
    assert.equal(said.status, 413);
    assert.equal(said.json.code, 'answer_too_large');
    assert.equal(said.json.attempts, 1);
    assert.equal(said.json.expected, 'at most 8 bytes');
    assert.match(said.json.detail, /a message of 9 bytes/);
    node.onTask = (task) => node.respond(task);
    await serves(node);
});

test('no retry waits for a node that is away', async () => {
    const gone = await joined();
    await gone.cut();
    await until(async () => (await daemon.status()).nodes.some(({ away }) => away),
        { what: 'the first to be away' });
    const node = await joined();
    let failures = 0;
    node.onTask = (task) => {
        if (failures++ > 0) return node.respond(task);
        node.fail(task, { code: 'out_of_memory', message: 'none left' }, true);
    };
    const failed = await echo();
    assert.equal(failed.status, 200, failed.text);
    assert.equal(failed.json.performance.attempts, 2);
    assert.equal(failed.json.executed_on.node, node.id);

    node.onTask = async () => {
        node.onTask = (task) => node.respond(task);
        await node.cut();
        await node.resume();
    };
    const lost = await echo();
    assert.equal(lost.status, 200, lost.text);
    assert.equal(lost.json.performance.attempts, 2);
    assert.ok((await daemon.status()).nodes.some(({ id, away }) => id === gone.id && away),
        'the other is still waited for');
});

test('what only a draining node could run is a 503 that says so', async () => {
    const node = await joined();
    const drain = (verb) => daemon.post(`/v1/nodes/${node.id}/${verb}`, {});
    let held;
    node.onTask = (task) => { held = task; };
    const running = echo();
    await until(() => held, { what: 'a task' });
    assert.equal((await drain('drain')).status, 200);
    const pinned = await echo({ node: node.id });
    assert.equal(pinned.status, 503, pinned.text);
    assert.equal(pinned.json.code, 'unavailable');
    assert.equal(pinned.json.field, 'node');
    assert.match(pinned.json.detail, new RegExp(`the node ${node.id} is draining`));
    const any = await echo();
    assert.equal(any.status, 503, any.text);
    assert.equal(any.json.code, 'unavailable');
    assert.match(any.json.detail, /every node that could run it is draining .*undrain/);
    const ready = await daemon.get('/readyz');
    assert.equal(ready.status, 503);
    node.respond(held);
    assert.equal((await running).status, 200, 'what runs there ends well');
    node.onTask = (task) => node.respond(task);
    assert.equal((await drain('undrain')).status, 200);
    await serves(node);
});

test('a node that does not read is left out, and nobody gets a 503 for it', async () => {
    const [stuck, node] = [await joined(), await joined()];
    stuck.socket.pause();
    const bytes = Buffer.alloc(180 * 1024, 7);
    const tensor = { name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes };
    const calls = Array.from({ length: 240 }, () =>
        daemon.inferBinary({ model_name: 'builtin/echo', timeout_ms: 60_000 * patience }, [tensor]));
    await daemon.logs(/takes no more work for now/);
    await until(() => tasks(node).length > 16, { what: 'the other to do the work' });
    stuck.socket.resume();
    const served = (await Promise.all(calls)).map((answer) => {
        assert.equal(answer.status, 200, answer.text.slice(0, 500));
        return answer;
    });
    assert.equal(served.length, calls.length);
    await serves(stuck);
});
