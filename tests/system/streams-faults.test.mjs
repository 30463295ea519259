// tier: quick
/**
 * What becomes of a stream whose node is lost: its client gets each part once and in order, or is
 * told why not.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { CountingNode } from '../lib/counting-node.mjs';
import { Counting } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { continuationOf } from '../lib/fake-node.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {CountingNode[]} */
let nodes = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ config: {
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 15 * patience, resume_grace: '100ms' },
        pool: { min_connections: 0, max_retries: 1 }, 'browser.chrome': { max_connections: 0 },
    } }).start({ ready: false });
});
afterEach(async () => {
    for (const node of nodes) {
        await node.close();
        await daemon.post(`/v1/admin/join/${node.invitation}`, undefined, { method: 'DELETE' });
    }
    nodes = [];
    await until(async () => (await daemon.status()).nodes.length === 0, { what: 'no node left' });
});
after(() => daemon.stop());

/** A node that counts up to the part before `limit`. */
async function joined(limit = Infinity, can = {}) {
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    const node = new CountingNode(json.url, can);
    node.limit = limit;
    node.invitation = json.id;
    nodes.push(await node.join());
    await until(async () => (await daemon.status()).nodes.some(({ id }) => id === node.id),
        { what: 'the node to be listed' });
    return node;
}

const tasks = (node) => node.received.filter(({ message }) => message.type === 'task_request')
    .map(({ message }) => message);
const continued = () => daemon.metric('webinfer_stream_continued_total');

/** A client that has had `parts` parts. */
async function begun(parts, options = { count: 20 }, head = {}) {
    const counting = new Counting(daemon, options, head);
    assert.ok(await counting.open(), counting.explain());
    await counting.read({ enough: ({ parts: come }) => come === parts });
    assert.equal(counting.parts, parts, counting.explain());
    return counting;
}

test('a stream goes on at another node, which is told what was sent', async () => {
    const first = await joined(5);
    const before = await continued();
    const counting = await begun(5);
    const second = await joined();
    await first.cut();
    await counting.read();
    assert.ok(counting.isWhole, counting.explain());
    assert.equal(counting.parts, 20);
    assert.equal(counting.done.performance.attempts, 2);
    assert.equal(counting.done.executed_on.node, second.id);
    assert.ok(counting.done.performance.first_part_ms > 0);
    const [{ data, options }] = tasks(second);
    assert.equal(data.stream, true);
    assert.deepEqual(continuationOf(await second.got('task_request')),
        { seq: 5, text: '0 1 2 3 4 ', tokens: [0, 1, 2, 3, 4] });
    assert.deepEqual(options, { count: 20 });
    assert.equal(await continued(), before + 1);
});

const LONG = { count: 25, bytes: 60_000 };

test('a stream of over 1 MiB goes on, its text in pieces', async () => {
    const first = await joined(22);
    const counting = await begun(22, LONG);
    const second = await joined(22);
    await first.cut();
    const task = (await second.got('task_request')).message;
    assert.deepEqual(task.data.continue, { seq: 22, text: { tensor: 0 }, tokens: { tensor: 1 } });
    const [text, tokens] = await second.arrived(task.data);
    second.letTo(Infinity);
    await counting.read();
    assert.ok(counting.isWhole, counting.explain());
    assert.equal(counting.parts, 25);
    assert.equal(counting.done.executed_on.node, second.id);
    const parts = Array.from({ length: 22 }, (_, i) => i);
    assert.equal(text.toString(), parts.map((i) => `${i} `.padEnd(60_000)).join(''));
    assert.deepEqual(parts.map((i) => Number(tokens.readBigInt64LE(8 * i))), parts);
});

test('the deadline covers the whole stream, whatever came of it', async () => {
    const node = await joined(3);
    const counting = await begun(3, { count: 20 }, { timeout_ms: 2000 });
    await counting.read();
    assert.equal(counting.error?.code, 'deadline_exceeded', counting.explain());
    assert.equal(counting.parts, 3);
    await node.got('task_cancel');
});

test('a stream whose last node is gone is interrupted where none can come', async () => {
    const node = await joined(3);
    const counting = await begun(3);
    await node.cut();
    await counting.read();
    assert.equal(counting.error?.code, 'stream_interrupted', counting.explain());
});

test('where no node can go on, the stream is interrupted', async () => {
    const first = await joined(3);
    const counting = await begun(3);
    const other = await joined(Infinity, { continues: false });
    await first.cut();
    await counting.read();
    assert.equal(counting.error?.code, 'stream_interrupted', counting.explain());
    assert.equal(counting.error.status, 502);
    assert.match(counting.error.detail, /after 3 parts/);
    assert.equal(tasks(other).length, 0);
});

test('a stream that no part was sent of begins again, also where none can go on', async () => {
    const first = await joined(0, { continues: false });
    const counting = new Counting(daemon, { count: 4 });
    const run = counting.run();
    await first.got('task_request');
    const second = await joined(Infinity, { continues: false });
    await first.cut();
    await run;
    assert.ok(counting.isWhole, counting.explain());
    assert.equal(tasks(second)[0].data.continue, undefined);
});

/** Sends the next part and fails, each time. */
async function failing() {
    const node = await joined();
    node.onTask = (task) => {
        const { attempt_id: id, continue: from } = task.message.data;
        const seq = from?.seq ?? 0;
        node.send('task_part', { attempt_id: id, seq, index: 0, text: `${seq} `, tokens: [seq] });
        node.fail(task, { code: 'engine_died', detail: 'it died' }, true);
    };
    return node;
}

test('attempts that bring parts count for no retry, but are not without end', async () => {
    const node = await failing();
    const counting = await new Counting(daemon, { count: 20 }).run();
    assert.equal(counting.error?.code, 'attempts_exhausted', counting.explain());
    assert.equal(counting.error.attempts, 8, 'four times max_retries + 1');
    assert.equal(counting.parts, 8);
    assert.deepEqual([counting.gaps, counting.repeated, counting.wrong], [0, 0, []]);
    assert.equal(tasks(node).length, 8);
});

test('a node that falls silent after its first part ends the stream', async () => {
    const node = await joined(2);
    const counting = await begun(2, { count: 20 }, { stall_timeout_ms: 1000 });
    await counting.read();
    assert.equal(counting.error?.code, 'stall_timeout', counting.explain());
    assert.equal(counting.error.status, 504);
    assert.equal(counting.error.field, 'stall_timeout_ms');
    await node.got('task_cancel');
});

test('a client that leaves ends its attempt, whose parts then go nowhere', async () => {
    const node = await joined(2);
    const counting = await begun(2);
    const { data } = tasks(node)[0];
    await counting.stream.leave();
    const { message } = await node.got('task_cancel');
    assert.equal(message.data.attempt_id, data.attempt_id);
    node.send('task_part', { attempt_id: data.attempt_id, seq: 2, index: 0, text: '2 ' });
    await until(() => node.received.some(({ message: { data: { parts } } }) =>
        parts?.[data.attempt_id] === 3), { what: 'the late part to be acknowledged' });
});
