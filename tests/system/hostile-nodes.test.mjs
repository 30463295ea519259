/**
 * Nodes that lie, flood or come from another time: each is cut off or disbelieved, counted, and
 * costs nobody else anything.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import * as kserve from '../lib/kserve.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {FakeNode} */
let honest;
const test = testsOf(() => daemon);

/** A page opened with a join link, as a node that has said nothing yet. */
async function page() {
    const answer = await daemon.post('/v1/admin/join', { nodes: 1 });
    return new FakeNode(answer.json.url);
}

const metric = async (name) => (await daemon.metric(name)) ?? 0;

const echo = (data, more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] });

/** The honest node goes on as if nothing had happened. */
async function othersAreServed() {
    const answer = await echo([7, 8], { node: honest.id });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [7, 8]);
}

before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: {
        // The honest node lives in this process, which is busy flooding now and then.
        bridge: { heartbeat_interval: '200ms', heartbeat_misses: 15 * patience,
            resume_grace: '300ms' },
        pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
    } }).start({ ready: false });
    honest = await (await page()).join();
    await daemon.ready();
});
after(async () => {
    await honest.close();
    await daemon.stop();
});

test('a page of an older or a newer protocol is told which one is spoken', async () => {
    for (const protocol of [0, 2]) {
        const errors = await metric('webinfer_bridge_protocol_errors_total');
        const node = await page();
        await node.open();
        node.announce({ protocol });
        const { code, reason } = await node.gone();
        assert.equal(code, 1008);
        assert.match(reason, new RegExp(`protocol is ${protocol}; this service speaks 1`));
        assert.equal(await metric('webinfer_bridge_protocol_errors_total'), errors + 1);
        await othersAreServed();
    }
});

test('a flood of messages is cut off with 1008, and the others are served meanwhile', async () => {
    const node = await (await page()).join();
    const errors = await metric('webinfer_bridge_protocol_errors_total');
    for (let i = 0; i < 10_000; i++) node.send('heartbeat', { seq: i, running: [] });
    await othersAreServed();
    const { code, reason } = await node.gone();
    assert.equal(code, 1008);
    assert.match(reason, /too many messages/);
    assert.equal(await metric('webinfer_bridge_protocol_errors_total'), errors + 1);
});

test('heartbeats that lie are not believed', async () => {
    const node = await (await page()).join();
    node.answersHeartbeats = false;
    // Replies to heartbeats that were never sent measure nothing.
    for (const reply_to of ['s-999999', 's-0', '', 'x'.repeat(64)])
        node.send('heartbeat', { seq: 1, reply_to, running: ['nothing'], busy_since_ms: 0 });
    await until(async () => {
        const { nodes } = await daemon.status();
        return nodes.find(({ id }) => id === node.id);
    }, { what: 'the node to be listed' });
    const shown = (await daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === node.id);
    assert.equal(shown.rtt_ms, 0);
    // Running something that was never sent makes no attempt.
    assert.equal(shown.attempts, 0);
    // What is no time at all ends the conversation.
    const errors = await metric('webinfer_bridge_protocol_errors_total');
    node.send('heartbeat', { seq: 2, running: [], busy_since_ms: -5 });
    const { code, reason } = await node.gone();
    assert.equal(code, 1008);
    assert.match(reason, /busy_since_ms/);
    assert.equal(await metric('webinfer_bridge_protocol_errors_total'), errors + 1);
    await othersAreServed();
});

test('answers to jobs that a node was never given are dropped and counted', async () => {
    const node = await (await page()).join();
    const late = await metric('webinfer_bridge_late_answers_total');
    // The honest node has an attempt; another node answers it.
    let attempt;
    honest.onTask = (task) => { attempt = task; };
    const asked = echo([1, 2, 3], { node: honest.id });
    await until(() => attempt, { what: 'the task' });
    node.respond(attempt, { outputs: [{ name: 'x', datatype: 'INT32', shape: [3],
        bytes: kserve.pack('INT32', [6, 6, 6]) }] });
    await until(async () => await metric('webinfer_bridge_late_answers_total') === late + 1,
        { what: 'the foreign answer to be counted' });
    honest.onTask = (task) => honest.respond(task);
    honest.respond(attempt);
    assert.deepEqual(kserve.decode(await asked).outputs[0].values, [1, 2, 3]);
    await node.close();
});
