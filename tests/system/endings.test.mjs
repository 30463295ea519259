// tier: quick, sanitized
/**
 * Joined nodes whose requests end badly there and well elsewhere: their clients are answered by another node, and they get
 * less work, or none, by how often that was so.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { CountingNode } from '../lib/counting-node.mjs';
import { Counting } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import * as kserve from '../lib/kserve.mjs';
import { until } from '../lib/wait.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-endings-'));
const driver = new FakeDriver(path.join(folder, 'chrome'));

/** What a node that computes says of itself: `platform` is the only one that it has. */
function abilities(platform) {
    const absent = { available: false, reason: 'a fake has none' };
    const platforms = { webgpu: absent, webnn: absent, webgl: absent, wasm: absent, native: absent };
    return { ...capabilities, browser: { name: 'firefox', version: '1.0' },
        platforms: { ...platforms, [platform]: { available: true, threads: 2 } },
        engines: { ort: '1.30.0', builtin: '1' },
        engine_info: { ort: { slots: 32 }, builtin: { slots: 32, queue: 1 } } };
}

/** A node that doubles FP32, echoes the rest, and may keep its tasks. */
class Worker extends FakeNode {
    /** While set, tasks are kept in `held`. */
    holds = false;
    held = [];

    constructor(url, platform = 'wasm') {
        super(url);
        this.platform = platform;
        this.capabilities = abilities(platform);
    }

    onTask = (task) => {
        if (this.holds) this.held.push(task);
        else this.work(task);
    };

    work(task) {
        const { platform } = this;
        const outputs = task.message.data.tensors.map(({ name, datatype, shape }, at) => {
            if (datatype !== 'FP32') return { name, datatype, shape, bytes: task.tensors[at].bytes };
            const y = Buffer.from(task.tensors[at].bytes);
            for (let place = 0; place < y.length; place += 4) y.writeFloatLE(y.readFloatLE(place) * 2, place);
            return { name: 'y', datatype, shape, bytes: y };
        });
        this.respond(task, { outputs, data: { executed_on: { platform, engine: 'ort', precision: null, adapter: null,
            fallbacks: [], simulated: false } } });
    }

    /** Lets all that it keeps go, and what follows. */
    release() {
        this.holds = false;
        for (const task of this.held.splice(0)) this.work(task);
    }
}

/** @type {Daemon} */
let daemon;
/** @type {Worker} */
let ours;
/** @type {FakeNode[]} */
let nodes = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: {
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 15 * patience, resume_grace: '60s' },
        pool: { min_connections: 1, max_connections: 1, numerics: 'off' },
        'browser.chrome': { ...driver.config, max_connections: 1 },
    } }).start({ ready: false });
    ours = await new Worker(await driver.pageUrl(0, 60_000 * patience)).join();
    await drain();
});
afterEach(async () => {
    for (const node of nodes.splice(0)) {
        node.onTask = () => {};
        await node.close();
        await daemon.post(`/v1/admin/join/${node.invitation}`, undefined, { method: 'DELETE' });
    }
    await until(async () => (await daemon.status()).nodes.length === 1, { what: 'nobody but the session of ours' });
});
after(async () => {
    await ours.close();
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** Most tests are among strangers. */
const drain = (verb = 'drain') => daemon.post(`/v1/nodes/${ours.id}/${verb}`, {});
async function withOurs(run) {
    assert.equal((await drain('undrain')).status, 200);
    try {
        await run();
    } finally {
        await drain();
    }
}

async function joined(node) {
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    const one = node(json.url);
    one.invitation = json.id;
    nodes.push(await one.join());
    await until(async () => (await daemon.status()).nodes.some(({ id }) => id === one.id), { what: 'the node to be listed' });
    return one;
}
const worker = (platform) => joined((url) => new Worker(url, platform));
const counter = (limit) => joined((url) => Object.assign(new CountingNode(url), { limit: limit ?? Infinity }));

const echo = (more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [7, 8] }] });

const attempts = (node) => node.received.filter(({ message: { type } }) => type === 'task_request')
    .map(({ message: { data } }) => data.attempt_id);
const cancels = (node) => node.received.filter(({ message: { type } }) => type === 'task_cancel')
    .map(({ message: { data } }) => data.reason);
const listed = async (node) => (await daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === node.id);

/** No job was sent anywhere thrice. */
function assertTwiceAtMost(...all) {
    for (const id of all.flatMap(attempts)) assert.match(id, /\.[12]$/);
}

function assertEchoed(answers) {
    for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(kserve.decode(answer).outputs[0].values, [7, 8]);
        assert.ok(answer.json.performance.attempts <= 2, answer.text);
    }
}

/** One after the other. */
async function inTurn(count, ask) {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push(await ask());
    return answers;
}
const atOnce = (count, ask) => Promise.all(Array.from({ length: count }, ask));

/* --- errors that are called final ------------------------------------------------------------- */

const fails = (node, code = 'inference_failed') => {
    node.onTask = (task) => node.fail(task, { code, message: 'says the node' });
};

test('a node that calls every request a failure costs no client anything, and gets less work', async () => {
    const [evil, honest] = [await worker(), await worker()];
    fails(evil);
    assertEchoed(await inTurn(30, echo));
    assertTwiceAtMost(evil, honest);
    assert.equal(attempts(evil).length, 3, 'from then on it is taken only where nothing else has room');
    assert.equal(attempts(honest).length, 30);
    const [limit] = (await listed(evil)).limits;
    assert.deepEqual([limit.effect, limit.evidence], ['share', 'disputed']);
});

test('what was found of a node is found of the next with its token', async () => {
    const [evil, honest] = [await worker(), await worker()];
    fails(evil);
    assertEchoed(await inTurn(30, echo));
    evil.send('bye', { reason: 'leaving' });
    await until(async () => !await listed(evil), { what: 'the node to be gone' });
    const next = new Worker(`${evil.origin}/#token=${evil.token}`);
    next.invitation = evil.invitation;
    fails(next);
    nodes.push(await next.join());
    await until(() => listed(next), { what: 'the next to be listed' });
    const { limits: [limit], conduct } = await listed(next);
    assert.deepEqual([limit.effect, limit.evidence, conduct.disputed], ['share', 'disputed', 3]);
    assertEchoed(await inTurn(10, echo));
    assert.deepEqual(attempts(next), []);
    assert.equal(attempts(honest).length, 40);
});

/** So many requests at once, of which all nodes have their part before the evil ones fail theirs; the answers. */
async function failedTogether(count, evil, honest) {
    const all = [...evil, honest];
    for (const node of all) node.holds = true;
    const asked = atOnce(count, echo);
    await until(() => all.reduce((sum, { held }) => sum + held.length, 0) === count, { what: 'all of them at nodes' });
    for (const node of evil) {
        assert.equal(node.held.length, count / all.length);
        for (const task of node.held.splice(0)) node.fail(task, { code: 'inference_failed', message: 'says the node' });
        fails(node);
    }
    honest.release();
    const answers = await asked;
    assertEchoed(answers);
    assertTwiceAtMost(...all);
    return answers;
}

test('nor do twelve requests at once', async () => {
    await failedTogether(12, [await worker()], await worker());
});

test('a stranger sends no other away, however many requests it answers that the other has not', async () => {
    const [one, other] = [await worker(), await worker()];
    await failedTogether(24, [one], other);
    const { limits, conduct } = await listed(one);
    assert.deepEqual([conduct.ending, conduct.disputed], [0, 12]);
    assert.deepEqual(limits.map(({ effect }) => effect), ['share']);
    assert.equal(one.closed, null);
});

test('a node that fails ten requests of fifty that a session of ours answers is sent away', () => withOurs(async () => {
    const evil = await worker();
    await failedTogether(24, [evil], ours);
    assert.deepEqual(await evil.gone(), { code: 1008, reason: 'quarantined' });
    const { quarantined } = (await daemon.get('/v1/nodes')).json;
    const row = quarantined.find(({ node }) => node === evil.id);
    assert.equal(row.evidence, 'ending');
    assert.equal(row.until - row.since, 3600 * 1000);
    assert.equal(ours.closed, null);
    assertEchoed(await inTurn(3, echo));
    assert.equal((await daemon.request(`/v1/admin/quarantine/${row.id}`, { method: 'DELETE' })).status, 200);
}));

const double = (more) => daemon.infer({ model_name: 'twice', ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] });

function assertDoubled(answers) {
    for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(kserve.decode(answer).outputs[0].values, [2, 6]);
    }
}

for (const [what, all] of [['one after the other', inTurn], ['at once', atOnce]])
    test(`a program that calls each model invalid: eight requests ${what}`, async () => {
        const [evil, honest] = [await worker('native'), await worker('native')];
        fails(evil, 'model_invalid');
        const answers = await all(8, () => double({ platform: 'native' }));
        assertDoubled(answers);
        for (const { json } of answers) assert.equal(json.executed_on.node, honest.id);
        assert.ok(attempts(evil).length > 0, 'it was asked');
        assertTwiceAtMost(evil, honest);
    });

test('an error that the second has, too, is heard, and a tenth of the requests is asked twice', async () => {
    const both = [await worker(), await worker()];
    for (const node of both) fails(node);
    const answers = await inTurn(30, echo);
    for (const answer of answers) {
        assert.equal(answer.status, 500, answer.text);
        assert.equal(answer.json.code, 'inference_failed');
    }
    // Those before, of the same client, were answered well, and count among its requests.
    const twice = answers.filter(({ json }) => json.attempts === 2).length;
    assert.equal(both.flatMap(attempts).length, 30 + twice);
    assert.ok(twice >= 1, 'one at the least');
    for (const node of both) {
        const { conduct } = await listed(node);
        assert.deepEqual([conduct.ending, conduct.disputed], [0, 0], 'nothing is known of either');
    }
});

test('a session of ours is asked before other strangers', () => withOurs(async () => {
    const strangers = [await worker(), await worker()];
    for (const { json } of await failedTogether(12, strangers, ours)) assert.equal(json.executed_on.node, ours.id);
}));

/* --- silence ---------------------------------------------------------------------------------- */

/** Streams of five parts, each whole. */
async function assertWhole(streams) {
    for (const stream of streams) {
        assert.ok(stream.isWhole, stream.explain());
        assert.ok(stream.done.performance.attempts <= 2, stream.explain());
    }
}
const count = (more) => new Counting(daemon, { count: 5 }, { stall_timeout_ms: 1000 * patience, ...more }).run();

for (const [number, what, all] of [[10, 'ten streams one after the other', inTurn], [12, 'twelve streams at once', atOnce]])
    test(`a node that sends one part and then nothing: ${what}`, async () => {
        const [evil, honest] = [await counter(1), await counter()];
        await assertWhole(await all(number, count));
        assert.ok(attempts(evil).length > 0, 'it was asked');
        assertTwiceAtMost(evil, honest);
        assert.deepEqual([...new Set(cancels(evil))], ['stalled']);
        assert.ok((await listed(evil)).conduct.disputed > 0);
    });

test('late parts of what went on elsewhere reach nobody', async () => {
    const evil = await counter(1);
    const stream = new Counting(daemon, { count: 5 }, { stall_timeout_ms: 2000 * patience });
    assert.ok(await stream.open(), stream.explain());
    await stream.read({ enough: ({ parts }) => parts === 1 });
    const honest = await counter(3);
    await honest.got('task_request');
    const [id] = attempts(evil);
    for (let seq = 1; seq < 5; seq++) evil.send('task_part', { attempt_id: id, seq, index: 0, text: 'late ', tokens: [9] });
    await until(async () => await daemon.metric('webinfer_bridge_parts_stale_total') >= 4, { what: 'the late parts' });
    honest.letTo(Infinity);
    await stream.read();
    await assertWhole([stream]);
    assert.equal(stream.done.executed_on.node, honest.id);
    assert.equal(evil.closed, null);
});

test('where no other node is there a silent one is waited for as long as ever', async () => {
    await counter(1);
    const stream = await count();
    assert.equal(stream.error?.code, 'stall_timeout', stream.explain());
});

/** Answers every second request, and says of the others that they have come. */
const answersEverySecond = (node) => {
    let turn = 0;
    node.onTask = (task) => {
        node.send('task_accepted', { attempt_id: task.message.data.attempt_id });
        if (turn++ % 2) node.work(task);
    };
};
const slow = { timeout_ms: 5000 * patience };

for (const [what, rounds, all] of [['one after the other', 24, inTurn], ['twelve at once, twice', 12, atOnce]])
    test(`a node that answers every second request: ${what}`, async () => {
        const [evil, honest] = [await worker(), await worker()];
        answersEverySecond(evil);
        for (let round = 0; round < 24 / rounds; round++) assertEchoed(await all(rounds, () => echo(slow)));
        assertTwiceAtMost(evil, honest);
        assert.ok(cancels(evil).includes('stalled'), 'some were taken from it');
        assert.ok((await listed(evil)).conduct.disputed > 0);
    });

test('a stream that a node has accepted and sends nothing of begins elsewhere', async () => {
    const evil = await counter(0);
    const run = count(slow);
    await evil.got('task_request');
    const honest = await counter();
    const stream = await run;
    await assertWhole([stream]);
    assert.equal(stream.done.executed_on.node, honest.id);
});

/* --- connections ------------------------------------------------------------------------------ */

test('what a node had whose message was none is elsewhere at once', async () => {
    const evil = await worker();
    evil.onTask = () => evil.send('heartbeat', { busy_since_ms: -5 });
    const asked = echo();
    await evil.got('task_request');
    await worker();
    const answer = await asked;
    assertEchoed([answer]);
    assert.ok(answer.json.performance.total_ms < 20_000, 'it did not wait for the grace of a minute');
    assert.equal((await evil.gone()).code, 1008);
});
