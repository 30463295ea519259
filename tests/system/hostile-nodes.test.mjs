// tier: quick, sanitized
/**
 * Nodes that lie, flood or come from another time: each is cut off or disbelieved, counted, and
 * costs nobody else anything.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { CountingNode } from '../lib/counting-node.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
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

test('a node that pauses ten times a second is limited, and the others are served meanwhile', async () => {
    const node = await (await page()).join();
    node.answersHeartbeats = false;
    const is = async (paused) => (await daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === node.id)?.paused === paused;
    for (let i = 0; i < 100; i++) {
        node.send('heartbeat', { seq: 2 * i, running: [], paused: true });
        node.send('heartbeat', { seq: 2 * i + 1, running: [] });
    }
    await othersAreServed();
    // All of it was read in a second or two, and few of these changes were passed on.
    await until(() => is(true), { what: 'it to stay paused' });
    const changes = daemon.log.match(new RegExp(`${node.id}[^\\n]*takes work again`, 'g')) ?? [];
    assert.ok(changes.length <= 20, `${changes.length} changes`);
    await othersAreServed();
    await until(async () => {
        node.send('heartbeat', { seq: 1000, running: [] });
        return is(false);
    }, { what: 'it to take work again' });
    assert.equal(node.closed, null);
    await node.close();
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

test('a node names no series of the metrics', async () => {
    const node = await page();
    node.capabilities = { ...node.capabilities, browser: { ...node.capabilities.browser, name: 'invented-7' } };
    await node.join();
    const answer = await echo([7], { node: node.id });
    assert.equal(answer.status, 200, answer.text);
    const { text } = await daemon.get('/metrics');
    assert.match(text, /^webinfer_inferences_total\{model="builtin\/echo",browser="joined",/m);
    assert.doesNotMatch(text, /invented-7/);
    await node.close();
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

/** What the client of `model` gets from a node that answers in this way only. */
async function refused(node, model, answer, more = {}) {
    node.onTask = (task) => node.respond(task, answer(task));
    const got = await daemon.infer({ model_name: model, node: node.id, ...more,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
    assert.equal(got.status, 502, got.text);
    assert.equal(got.json.code, 'attempts_exhausted');
    return got.json.detail;
}

const tensor = (name, datatype, shape, values) =>
    ({ name, datatype, shape, bytes: kserve.pack(datatype, values) });
const y = tensor('y', 'FP32', [2], [2, 4]);
const ran = (more) => ({ data: { executed_on: { platform: 'wasm', engine: 'x', ...more } } });

test('an answer that is none to the request fails its attempt, and says what is wrong', async () => {
    const node = await (await page()).join();
    const bad = await metric('webinfer_bridge_bad_answers_total');
    const wrong = [
        [() => ({ outputs: [] }), /output y is missing/],
        [() => ({ outputs: [{ ...y, name: 'zum' }] }), /output zum is none that was asked for/],
        [() => ({ outputs: [y, { ...y, name: 'z' }] }), /output z is none that was asked for/],
        [() => ({ outputs: [y, y] }), /output y is there twice/],
        [() => ({ outputs: [tensor('y', 'INT32', [2], [2, 4])] }), /y is INT32; the model gives FP32/],
        [() => ({ outputs: [tensor('y', 'FP32', [1, 2], [2, 4])] }), /y has a different shape/],
        [() => ({ outputs: [y], data: { executed_on: {} } }), /executed_on\.platform is missing/],
        [() => ({ outputs: [y], ...ran({ platform: 'abacus' }) }), /"abacus"/],
        [() => ({ outputs: [y], ...ran({ platform: 'webgpu' }) }), /"webgpu"/],
        [() => ({ outputs: [y], ...ran({ threads: 1.5 }) }), /threads must be an integer/],
        [() => ({ outputs: [y], ...ran({ fallbacks: ['x'] }) }), /fallbacks\[0\]/],
        [() => ({ outputs: [y], data: { executed_on: undefined } }), /executed_on is missing/],
        [() => ({ outputs: [y], data: { ok: 'yes' } }), /data\.ok/],
    ];
    for (const [answer, reason] of wrong)
        assert.match(await refused(node, 'twice', answer), reason);
    for (const answer of [() => ({ outputs: [y] }), () => ({ outputs: [] })])
        assert.match(await refused(node, 'builtin/echo', answer), /the input x/);
    // Each answer is acknowledged, whatever it is, and no cancel follows it.
    assert.ok(!node.received.some(({ message: { type } }) => type === 'task_cancel'));
    const sent = node.received.filter(({ message: { type } }) => type === 'task_request').length;
    await until(() => new Set(node.received.flatMap(({ message: { data } }) =>
        [...data.attempt_ids ?? [], ...data.acknowledged ?? []])).size === sent, { what: 'all acknowledgements' });
    // Each of the four attempts of each; and the node is there as before.
    assert.equal(await metric('webinfer_bridge_bad_answers_total'), bad + 4 * (wrong.length + 2));
    node.onTask = (task) => node.respond(task, { outputs: [y] });
    const good = await daemon.infer({ model_name: 'twice', node: node.id,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
    assert.equal(good.status, 200, good.text);
    assert.deepEqual(kserve.decode(good).outputs[0].values, [2, 4]);
    await node.close();
});

test('a stream that is none fails its attempt, and says what is wrong', async () => {
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    const node = await new CountingNode(json.url).join();
    const bad = await metric('webinfer_bridge_bad_answers_total');
    const part = (more) => ({ message }) => node.send('task_part',
        { attempt_id: message.data.attempt_id, seq: 0, index: 0, text: 'x', ...more });
    const wrong = [
        [part({ seq: 1 }), /part 1 came where 0 was due/],
        [part({ seq: -1 }), /data\.seq/],
        [part({ index: 1024 }), /data\.index/],
        [part({ text: 'x'.repeat(64_001) }), /64001/],
        [part({ text: 'x', result: { text: 'x'.repeat(63_989) } }), /have 64001 bytes/],
        [part({ tokens: [1, '2'] }), /tokens\[1\] must be an integer/],
        [part({ result: 'text' }), /data\.result must be an object/],
        [(task) => node.respond(task, { outputs: [], data: { parts: 2, result: { count: 2 } } }),
            /there were 2 parts; 0 have come/],
    ];
    for (const [lie, reason] of wrong) {
        node.onTask = lie;
        const stream = await new Counting(daemon, { count: 2 }, { node: node.id }).run();
        assert.equal(stream.error?.status, 502, stream.explain());
        assert.equal(stream.error.code, 'attempts_exhausted');
        assert.match(stream.error.detail, reason);
    }
    assert.equal(await metric('webinfer_bridge_bad_answers_total'), bad + 4 * wrong.length);
    await othersAreServed();
    await node.close();
});

test('a part beyond the credit ends its attempt after those within it', async () => {
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    const node = await new CountingNode(json.url, { continues: false }).join();
    const bad = await metric('webinfer_bridge_bad_answers_total');
    node.onTask = ({ message }) => {
        for (let seq = 0; seq < 2000; seq++)
            node.send('task_part', { attempt_id: message.data.attempt_id, seq, index: 0,
                text: `${seq} `, tokens: [seq] });
    };
    const stream = await new Counting(daemon, { count: 2000 }, { node: node.id }).run();
    assert.ok(stream.error, stream.explain());
    assert.ok(stream.parts >= 32 && stream.parts < 2000 && !stream.gaps, stream.explain());
    assert.equal(await metric('webinfer_bridge_bad_answers_total'), bad + 1);
    await until(async () => await metric('webinfer_bridge_parts_stale_total') > 0,
        { what: 'the parts on their way to be counted' });
    assert.equal(node.closed, null);
    await othersAreServed();
    await node.close();
});

test('a client gets its answer from an honest node where another one lies', async () => {
    const node = await (await page()).join();
    let lies = 0;
    node.onTask = (task) => {
        lies++;
        node.respond(task, { outputs: [] });
    };
    while (!lies) {
        const answer = await echo([4, 5]);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.executed_on.node, honest.id);
        assert.deepEqual(kserve.decode(answer).outputs[0].values, [4, 5]);
    }
    await node.close();
});

test('a node cannot claim the failures that are the service\'s to claim', async () => {
    const node = await (await page()).join();
    let asked = 0;
    for (const code of ['deadline_exceeded', 'cancelled', 'unauthorized', 'queue_full',
        'shutting_down', 'memory_budget', 'nonsense']) {
        asked = 0;
        node.onTask = (task) => {
            asked++;
            node.fail(task, { code, message: 'says the node' });
        };
        const answer = await echo([1], { node: node.id, timeout_ms: 20_000 });
        assert.equal(answer.status, 502, answer.text);
        assert.equal(answer.json.code, 'attempts_exhausted');
        assert.match(answer.json.detail, new RegExp(`"${code}".*says the node`));
        assert.equal(asked, 4, code);
        // It was no fault of the request: another node answers it.
        node.onTask = (task) => node.fail(task, { code, message: 'says the node' });
        assert.equal((await echo([2])).status, 200);
    }
    node.onTask = (task) => node.fail(task, { code: 'operator_unsupported', message: 'no Foo' });
    const said = await echo([1], { node: node.id });
    assert.equal(said.status, 422, said.text);
    assert.equal(said.json.code, 'operator_unsupported');
    await node.close();
});

test('a node that takes work and never answers costs few requests, and not those of others', async () => {
    const silent = await (await page()).join();
    let taken = 0, lost = 0;
    silent.onTask = () => taken++;
    const ask = async () => {
        const answer = await daemon.infer({ model_name: 'twice', timeout_ms: 1000,
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
        lost += answer.status === 504;
        assert.ok(answer.status === 200 || answer.json.code === 'deadline_exceeded', answer.text);
        assert.ok(lost <= 4, `${lost} of the requests were given to the silent node`);
    };
    honest.onTask = (task) => honest.respond(task, { outputs: [{ name: 'y', datatype: 'FP32',
        shape: [2], bytes: Buffer.from(new Float32Array([2, 4]).buffer) }] });
    for (let round = 0; round < 5; round++)
        await Promise.all(Array.from({ length: 8 }, ask));
    honest.onTask = (task) => honest.respond(task);
    assert.equal(lost, taken);
    await silent.close();
});

test('messages that were begun and never end hold nothing that others ask for', async () => {
    const answer = await daemon.post('/v1/admin/join', { nodes: 17 });
    const nodes = await Promise.all(Array.from({ length: 17 },
        () => new FakeNode(answer.json.url).join()));
    for (const node of nodes) {
        const { max_frame_bytes: most } = node.welcome;
        const head = Buffer.alloc(14);
        head.set([0x82, 0xff]);
        head.writeBigUInt64BE(BigInt(most), 2);
        node.socket._socket.write(Buffer.concat([head, Buffer.alloc(4)]));
    }
    await until(async () => (await daemon.status()).memory.used > 0, { what: 'what came to be held' });
    assert.ok((await daemon.status()).memory.used < 1 << 20);
    const data = Array.from({ length: 40_000 }, (_, i) => 10_000 + i);
    const served = await echo(data, { node: honest.id });
    assert.equal(served.status, 200, served.text.slice(0, 300));
    for (const node of nodes) {
        assert.equal(node.closed, null);
        node.cut();
    }
    await until(async () => (await daemon.status()).memory.used === 0, { what: 'the memory to be back' });
});

test('a stream that nothing is heard of goes elsewhere; who says nothing of four is sent away', () => withDaemon({ ready: false, config: {
    // As long as this, and again, a stream waits for a node that is silent.
    bridge: { heartbeat_interval: '200ms', heartbeat_misses: 15 },
    pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
} }, async (own) => {
    const nodes = [];
    for (let i = 0; i < 2; i++) {
        const answer = await own.post('/v1/admin/join', { nodes: 1 });
        nodes.push(await new CountingNode(answer.json.url).join());
    }
    const [good, silent] = nodes;
    let taken = 0;
    silent.onTask = () => taken++;
    for (let i = 0; i < 6; i++) {
        const counting = new Counting(own, { count: 3 }, { timeout_ms: 60_000 });
        assert.ok(await counting.open(), counting.explain());
        await counting.read();
        assert.ok(counting.isWhole, counting.explain());
        assert.equal(counting.done.executed_on.node, good.id);
    }
    assert.equal(taken, 2, 'from then on it is taken only where nothing else has room');
    assert.equal((await silent.got('task_cancel')).message.data.reason, 'lost');
    for (let i = 0; i < 2; i++)
        assert.equal((await own.infer({ model_name: 'builtin/echo', node: silent.id,
            timeout_ms: 300, inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] })).status, 504);
    await silent.gone();
    const { message: { data } } = await silent.got('bye');
    assert.match(data.reason, /it did not acknowledge several attempts in a row/);
    await good.close();
}));
