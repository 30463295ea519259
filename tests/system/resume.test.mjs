// tier: quick
/** A node that comes back may hold more attempts than it may list: what it leaves out is sent again. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { CountingNode } from '../lib/counting-node.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** Attempts that a resume lists, and so many counts a node is sent at a time. */
const LISTED = 1024;
const ECHOES = 40;

/** @type {Daemon} */
let daemon;
/** @type {CountingNode} */
let node;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ config: {
        pool: { min_connections: 0, max_queue: 4096 }, 'browser.chrome': { max_connections: 0 },
    } }).start({ ready: false });
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    node = await new CountingNode(url, { slots: 64 }).join();
});
after(async () => {
    await node?.close();
    await daemon.stop();
});

const isEcho = ({ message }) => message.model_name === 'builtin/echo';
const answer = (task) => (isEcho(task) ? node.respond(task)
    : node.respond(task, { outputs: [], data: { result: { count: 1 } } }));

test('more attempts than a resume lists: those listed go on, the others are sent again', async () => {
    const held = [], again = [];
    node.onTask = (task) => held.push(task);
    const calls = Array.from({ length: LISTED + ECHOES }, (_, i) => daemon.infer(i < LISTED
        ? { model_name: 'builtin/count', options: { count: 1 }, inputs: [] }
        : { model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [i] }] }));
    await until(() => held.length === LISTED + ECHOES, { what: `all of ${held.length} to be on the node` });
    node.onTask = (task) => {
        again.push(task);
        answer(task);
    };
    await node.cut();
    const listed = held.slice(-LISTED), ids = listed.map(({ message }) => message.data.attempt_id);
    const welcome = await node.resume({ running: ids.slice(10), unacknowledged: ids.slice(0, 10) });
    assert.equal(welcome.type, 'welcome', JSON.stringify(welcome));
    assert.deepEqual([welcome.data.resumed, welcome.data.cancel], [true, []]);
    for (const task of listed) answer(task);
    for (const { status, text } of await Promise.all(calls)) assert.equal(status, 200, text);
    const jobs = (list) => new Set(list.map(({ message }) => message.data.job_id));
    assert.deepEqual(jobs(again), jobs(held.slice(0, ECHOES)), 'each once, and no other');
    assert.equal(again.length, ECHOES);
});
