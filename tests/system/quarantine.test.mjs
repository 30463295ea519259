// tier: quick
/**
 * Nodes that joined and lie: what they computed is computed again by browsers of ours, who is wrong
 * gets no more work and is refused, also after a restart; nobody's job is lost or run twice for it.
 * The browsers of ours are scripted nodes as well, in sessions that the daemon started.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { cliPath } from '../lib/paths.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { root: 'admin', bob: 'user', farm: 'node', barn: 'node' };
const tokens = tokensOf(people);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-quarantine-'));
const drivers = Object.fromEntries(['chrome', 'edge'].map((kind) => [kind, new FakeDriver(path.join(folder, kind))]));
const opened = { chrome: 0, edge: 0 };

/** The numbers that clients of these tests send. */
const numbers = [1, 3];
const isOfClients = ({ tensors: [{ bytes }] }) => numbers.every((number, i) => Buffer.from(bytes).readFloatLE(4 * i) === number);

/** A node that multiplies by `factor`, 2 being right, and may keep its tasks. */
class Doubler extends FakeNode {
    factor = 2;
    /** While set, what clients sent is kept in `held`, and what the service drew is answered. */
    holds = false;
    held = [];
    answered = 0;

    constructor(url, kind = 'firefox') {
        super(url);
        this.capabilities = { ...capabilities, browser: { name: kind, version: '1.0' },
            engine_info: { ort: { slots: 8 } } };
    }

    onTask = (task) => {
        if (this.holds && isOfClients(task)) this.held.push(task);
        else this.answer(task);
    };

    answer(task) {
        const [{ shape, bytes }] = task.tensors;
        const y = Buffer.from(bytes);
        for (let at = 0; at < y.length; at += 4) y.writeFloatLE(y.readFloatLE(at) * this.factor, at);
        this.answered++;
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape, bytes: y }] });
    }
}

/** @type {Daemon} */
let daemon;
/** @type {{chrome: Doubler, edge: Doubler}} */
let ours;
/** @type {Doubler[]} */
let joined = [];
const test = testsOf(() => daemon);
const as = (who, more = {}) => ({ ...more, headers: { Authorization: `Bearer ${tokens[who]}` } });
const get = async (where, who = 'root') => (await daemon.get(where, as(who))).json;
const remove = (id, who = 'root') => daemon.request(`/v1/admin/quarantine/${id}`, as(who, { method: 'DELETE' }));
const quarantined = async (who) => (await get('/v1/nodes', who)).quarantined;
const checks = async () => (await get('/v1/status')).cross_checks;

/** The page of a session of ours, once the daemon has a browser open it. */
async function session(kind) {
    const urls = await until(() => drivers[kind].pageUrls.length > opened[kind] && drivers[kind].pageUrls,
        { what: `a page in ${kind}`, timeout: 60_000 });
    opened[kind] = urls.length;
    return new Doubler(urls.at(-1), kind).join();
}

async function start() {
    daemon = new Daemon({ models: daemon ? [] : ['twice'], folder: path.join(folder, 'daemon'), keep: true, config: {
        'browser.chrome': { ...drivers.chrome.config, max_connections: 1 },
        'browser.edge': { ...drivers.edge.config, max_connections: 1 },
        bridge: { resume_grace: '0s' },
        // An attempt that is used up fails its job.
        pool: { max_connections: 2, min_connections: 2, max_retries: 0, numerics: 'off', recheck_strangers: '100%' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    for (const kind of ['chrome', 'edge']) opened[kind] = drivers[kind].pageUrls.length; // those of an earlier daemon
    await daemon.start({ ready: false });
    const [chrome, edge] = await Promise.all(['chrome', 'edge'].map(session));
    ours = { chrome, edge };
    await until(async () => (await get('/v1/nodes')).nodes.length === 2, { what: 'both browsers of ours' });
}

/** Ends the daemon; what it has kept stays. */
async function stop() {
    for (const node of joined.splice(0)) await node.close();
    for (const node of Object.values(ours)) await node.close();
    await daemon.stop();
}

/** A link with a join token. */
const link = async (nodes = 1) => (await daemon.post('/v1/admin/join', { nodes }, as('root'))).json;
const farmUrl = (name = 'farm') => `${daemon.bridgeUrl}/#token=${tokens[name]}`;

async function join(url) {
    const node = await new Doubler(url).join();
    joined.push(node);
    return node;
}

/** What the client prints, for an admin. */
async function cli(...words) {
    const tokenFile = path.join(folder, 'token');
    fs.writeFileSync(tokenFile, tokens.root, { mode: 0o600 });
    return (await promisify(execFile)(cliPath, [...words, '--url', daemon.url, '--token-file', tokenFile])).stdout;
}

/** A node that comes is told that it may not. */
async function assertRefused(url) {
    const node = new Doubler(url);
    await node.open();
    node.announce();
    assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
}

const body = (more) => ({ model_name: 'twice', platform: 'wasm', ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: numbers }] });

async function infer(more) {
    const { status, json, text } = await daemon.infer(body(more), as('bob'));
    assert.equal(status, 200, text);
    return json.outputs[0].data;
}

/** Until nothing waits to be computed again any more. */
const settled = () => until(async () => (await checks()).waiting === 0, { what: 'the cross-checks' });

/** It lies, and is found out. */
async function catchOut(node) {
    node.factor = 2.02;
    await infer({ node: node.id });
    assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
    const row = (await quarantined()).find((one) => one.node === node.id);
    assert.ok(row, 'its row');
    return row;
}

before(start);
afterEach(async () => {
    for (const node of joined.splice(0)) await node.close();
    for (const { id } of await quarantined()) assert.equal((await remove(id)).status, 200);
    for (const node of Object.values(ours)) node.factor = 2;
});
after(async () => {
    await stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

test('a node that is right until the fifth job is found at the fifth', async () => {
    const node = await join((await link()).url);
    for (let job = 0; job < 4; job++) assert.deepEqual(await infer({ node: node.id }), [2, 6]);
    await settled();
    assert.equal((await checks()).agreed, 4);
    const row = await catchOut(node);
    assert.match(row.reason, /^what it computed of twice on wasm is [\d.]+ times the tolerance off what we compute$/);
    assert.equal(row.until - row.since, 24 * 3600 * 1000);
    assert.match(row.join, /^join-/);
    assert.equal(row.token, null);
    assert.equal(row.address, '127.0.0.1');
    // Its word, its close, and no work after that.
    assert.equal(node.received.filter(({ message: { type } }) => type === 'bye').at(-1).message.data.code, 'quarantined');
    assert.equal(node.answered, 7, 'five jobs, and two inputs of the service\'s own');
    const gone = await daemon.infer(body({ node: node.id }), as('bob'));
    assert.equal(gone.json.code, 'node_not_found');
    assert.equal(row.evidence, 'our_input');
    // Seen by everybody, but for from where it came and the reason, which names a model.
    const [seen] = await quarantined('bob');
    assert.equal(seen.id, row.id);
    assert.ok(!('address' in seen) && !('reason' in seen));
    assert.equal(seen.evidence, 'our_input');
    assert.deepEqual((await get('/v1/status')).quarantined, [row]);
    const { text } = await daemon.get('/metrics', as('root'));
    assert.match(text, /^webinfer_quarantined 1$/m);
    assert.match(text, /^webinfer_evidence_total\{kind="our_input"\} 1$/m);
    assert.match(text, /^webinfer_cross_checks_total\{result="wrong"\} 1$/m);
});

test('what a liar was doing runs elsewhere: nothing is lost, run twice, or counted as an attempt', async () => {
    const { url } = await link(2);
    const liar = await join(url), honest = await join(url);
    const earlier = (await get('/v1/status')).counters.jobs;
    honest.holds = liar.holds = true;
    const asked = Array.from({ length: 12 }, () => daemon.infer(body({ browser: 'firefox' }), as('bob')));
    await until(() => liar.held.length > 1 && honest.held.length > 1, { what: 'some of them on both' });
    liar.factor = 2.02;
    liar.answer(liar.held.shift()); // and goes on with the others, which come too late
    await until(async () => (await quarantined()).length === 1, { what: 'the quarantine' });
    for (const task of liar.held) if (!liar.closed) liar.answer(task);
    await liar.gone();
    honest.holds = false;
    for (const task of honest.held.splice(0)) honest.answer(task);
    const answers = (await Promise.all(asked)).map(({ status, json, text }) => {
        assert.equal(status, 200, text);
        return json.outputs[0].data[0];
    });
    assert.equal(answers.filter((one) => one !== 2).length, 1, 'its one lie was given before it was found');
    assert.equal(honest.answered, 11);
    const { completed, failed } = (await get('/v1/status')).counters.jobs;
    assert.equal(completed - earlier.completed, 12);
    assert.equal(failed, earlier.failed);
    await settled();
    assert.equal((await quarantined()).length, 1, 'the honest one goes on');
    assert.ok(!honest.closed);
});

test('a join token is refused to its address, and revoked by the third', async () => {
    const { id, url } = await link(9);
    const nodes = await Promise.all([join(url), join(url), join(url), join(url)]);
    const row = await catchOut(nodes[0]);
    await assertRefused(url);
    await join((await link()).url); // another token of this daemon's is another matter
    await remove(row.id);
    await join(url);
    await catchOut(nodes[1]);
    await catchOut(nodes[2]);
    assert.ok((await get('/v1/admin/join')).joins.some((one) => one.id === id), 'two do not revoke it');
    nodes[3].factor = 3;
    await infer({ node: nodes[3].id });
    await nodes[3].gone();
    assert.ok(!(await get('/v1/admin/join')).joins.some((one) => one.id === id));
    await until(() => joined.at(-1).closed, { what: 'who came with it to be sent away' });
});

test('a node token is refused until it is lifted', async () => {
    const row = await catchOut(await join(farmUrl()));
    assert.equal(row.token, 'farm');
    assert.equal(row.join, null);
    assert.equal(row.until, null);
    await assertRefused(farmUrl());
    await join(farmUrl('barn'));
    // The client shows it, and lifts it.
    assert.match(await cli('nodes', '--quarantined'), new RegExp(`^${row.id} +${row.node} +node token farm .* forgiven +our_input +what it computed`, 'm'));
    assert.equal(await cli('forgive', row.id), `${row.id}: lifted\n`);
    assert.equal(await cli('nodes', '--quarantined'), 'No node is under quarantine.\n');
    await assert.rejects(cli('forgive', row.id), ({ code, stderr }) => code === 1 && /there is no quarantine/.test(stderr));
    await assert.rejects(cli('forgive', '../join'), ({ code, stderr }) => code === 2 && /ID must be the id of a node/.test(stderr));
    await join(farmUrl());
});

test('when a second browser of ours disagrees with the first, nobody is found wrong', async () => {
    const node = await join((await link()).url);
    const { disputed } = await checks();
    node.factor = 3;
    ours.edge.factor = 4;
    ours.chrome.factor = 5;
    await infer({ node: node.id });
    await settled();
    assert.equal((await checks()).disputed, disputed + 1);
    assert.deepEqual(await quarantined(), []);
    assert.ok(!node.closed);
    ours.edge.factor = ours.chrome.factor = 2;
    await infer({ node: node.id });
    await node.gone();
});

test('a node that lies and cannot be judged for it is held for an hour, and an admin forgives it', async () => {
    const node = await join((await link()).url);
    const row = async (who) => (await get('/v1/nodes', who)).nodes.find(({ id }) => id === node.id);
    await infer({ node: node.id });
    await settled();
    assert.deepEqual((await row()).limits, []);
    // A client's answer is off, and what the node is asked then it calls impossible.
    node.factor = 2.02;
    let tasks = 0;
    node.onTask = (task) => (tasks++ % 2 === 0 ? node.answer(task) : node.fail(task, { code: 'operator_unsupported', message: 'no such operator' }));
    for (let lie = 1; lie <= 5; lie++) {
        await infer({ node: node.id });
        await settled();
        const { conduct, held, limits } = await row();
        assert.equal(conduct.open, lie);
        assert.equal(held, lie === 5);
        assert.ok(limits.some(({ effect, until }) => effect === 'share' && until === null), 'it gets only what nothing else has room for');
    }
    const hold = (await row()).limits.find(({ effect }) => effect === 'hold');
    assert.deepEqual([hold.evidence, hold.until - hold.since], ['open', 3600 * 1000]);
    assert.match(hold.reason, /twice/);
    assert.ok(!('reason' in (await row('bob')).limits[0]), 'which names what others ask');
    assert.ok(!node.closed);
    assert.match(await cli('nodes', '--limited'), new RegExp(`^${node.id} +hold +open +5 open, 5 suspicion +\\S+Z +\\S+Z +`, 'm'));
    assert.equal((await daemon.post(`/v1/nodes/${node.id}/forgive`, {}, as('bob'))).status, 403);
    assert.equal(await cli('forgive', node.id), `${node.id}: forgiven\n`);
    assert.equal(await cli('nodes', '--limited'), 'No node gets less work than others.\n');
    node.factor = 2;
    node.onTask = (task) => node.answer(task);
    assert.deepEqual(await infer({ node: node.id }), [2, 6]);
    await settled();
    assert.deepEqual([(await row()).held, (await row()).conduct.open], [false, 0]);
});

test('a client\'s input condemns nobody: inputs of the service\'s own decide', async () => {
    const node = await join((await link()).url);
    const { suspected } = await checks();
    node.onTask = (task) => {
        node.factor = isOfClients(task) ? -4333 : 2;
        node.answer(task);
    };
    assert.deepEqual(await infer({ node: node.id }), [-4333, -12999]);
    await settled();
    assert.equal((await checks()).suspected, suspected + 1);
    assert.deepEqual(await quarantined(), []);
    assert.ok(!node.closed);
    assert.equal((await get('/v1/nodes')).nodes.find(({ id }) => id === node.id).conduct.suspicion, 1);
});

test('who goes before an input of the service\'s own is asked is not found wrong', async () => {
    const { url } = await link();
    const node = await join(url);
    const { dropped } = await checks();
    ours.chrome.holds = ours.edge.holds = true;
    node.factor = 2.02;
    await infer({ node: node.id });
    await node.close();
    await until(() => ours.chrome.held.length + ours.edge.held.length > 0, { what: 'the cross-check' });
    for (const one of Object.values(ours)) {
        one.holds = false;
        for (const task of one.held.splice(0)) one.answer(task);
    }
    await settled();
    assert.equal((await checks()).dropped, dropped + 1);
    assert.deepEqual(await quarantined(), []);
    await join(url);
});

test('what is asked in vain or by the wrong person is refused', async () => {
    const row = await catchOut(await join((await link()).url));
    for (const id of ['quarantine-0', 'x'.repeat(200), '%2e%2e', 'a%00b', row.node]) {
        const { status, json } = await remove(id);
        assert.ok([400, 404].includes(status), `${id}: ${status}`);
        if (status === 404) assert.equal(json.code, 'not_found');
    }
    const { status, json } = await remove(row.id, 'bob');
    assert.equal(status, 403);
    assert.equal(json.code, 'rank');
    assert.equal((await remove(row.id, 'farm')).status, 403);
    assert.equal((await quarantined()).length, 1);
    const lifted = await remove(row.id);
    assert.deepEqual(lifted.json, { id: row.id, state: 'lifted' });
    assert.equal((await remove(row.id)).status, 404);
});

test('a restart of the service changes nothing', async () => {
    await catchOut(await join(farmUrl()));
    await catchOut(await join((await link()).url));
    const rows = await quarantined();
    await stop();
    await start();
    assert.deepEqual(await quarantined(), rows);
    await assertRefused(farmUrl());
    // The token that it had is none any more, so its address is refused with any.
    await assertRefused((await link()).url);
    for (const { id } of rows) await remove(id);
    await join(farmUrl());
    await join((await link()).url);
});
