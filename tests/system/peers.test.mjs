// tier: full
// quick: a page joins through a peer by a printed link, and computes
// quick: a liar behind the peer is quarantined, and its neighbour works on
/** Pages and nodes that come through webinfer-peer: a real Chromium, SIGKILL of the peer, links that lead elsewhere, and liars. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Peer, Tunnel } from '../lib/peer.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';

const SOON_MS = 60_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-peers-'));
const driver = new FakeDriver(path.join(folder, 'chrome'));
/** @type {Daemon} */
let daemon;
/** @type {Peer} */
let peer;
let browser, ours;
const test = testsOf(() => daemon);

/** Multiplies by `factor`, 2 being right. */
class Doubler extends FakeNode {
    factor = 2;

    constructor(url, kind = 'firefox') {
        super(url);
        this.capabilities = { ...capabilities, browser: { name: kind, version: '1.0' } };
    }

    onTask = (task) => {
        const [{ shape, bytes }] = task.tensors, y = Buffer.from(bytes);
        for (let at = 0; at < y.length; at += 4) y.writeFloatLE(y.readFloatLE(at) * this.factor, at);
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape, bytes: y }] });
    };
}

const startPeer = (port = 0) => Peer.start(daemon.bridgeUrl, path.join(folder, 'key'), port, ['--page', '127.0.0.1:0']);

before(async () => {
    browser = await launch();
    daemon = new Daemon({ models: ['twice'], config: {
        bridge: { trusted_proxies: '127.0.0.1', resume_grace: '20s' },
        'browser.chrome': { ...driver.config, max_connections: 1 },
        pool: { min_connections: 1, numerics: 'off', strangers: 'text', verify: 'off', recheck_strangers: '100%' } } });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    await daemon.start({ ready: false });
    ours = await new Doubler(await driver.pageUrl(0, SOON_MS), 'chrome').join();
    peer = await startPeer();
    await daemon.reload({ bridge: { peers: peer.address } });
});
after(async () => {
    await browser?.close();
    await ours?.close();
    await peer?.stop();
    await daemon?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
const joined = async () => (await nodes()).filter(({ id, away }) => id !== ours.id && !away);
const join = async (more = {}) => (await daemon.post('/v1/admin/join', { nodes: 8, ...more })).json;
const cli = async (...words) => (await promisify(execFile)(cliPath, [...words, '--url', daemon.url])).stdout;
const twice = (node, more = {}) => daemon.post('/v1/infer', { model_name: 'twice', node, timeout_ms: SOON_MS,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }], ...more });
const jobs = async () => (await daemon.get('/v1/status')).json.counters.jobs;
const at = (list) => `${daemon.bridgeUrl}/?node_endpoints=${list}`;

/** Runs `body` with a tab in a window of its own, and what it has reached. */
async function inTab(address, body) {
    const { tab, close } = await browser.openTab([]), reached = new Set();
    const note = (/** @type {string} */ url) => /^(https?|wss?):/.test(url) && reached.add(new URL(url).origin);
    tab.on('request', (request) => note(request.url()));
    tab.on('websocket', (socket) => note(socket.url()));
    const is = (state) => tab.waitForSelector(`html[data-state=${state}]`, { state: 'attached', timeout: SOON_MS });
    try {
        await tab.goto(address);
        await body({ tab, reached, is, told: () => tab.evaluate("document.getElementById('endpoints').textContent") });
    } finally {
        await close();
        await until(async () => (await joined()).length === 0, { what: 'no node', timeout: SOON_MS });
    }
}

/** The WebSocket of the peer. */
const socketOf = ({ address }) => `ws://127.0.0.1:${address.split('/')[4]}`;
const nodeOf = async () => (await until(joined, { what: 'a node', timeout: SOON_MS }))[0]?.id;

test('a page joins through a peer by a printed link, and computes', async () => {
    const url = (await cli('token', 'join', '--peers', '--start')).trim();
    assert.ok(url.startsWith(`${at(`${peer.address},${daemon.bridgeUrl}`)}#token=`), url);
    await inTab(url, async ({ tab, reached, is }) => {
        await is('connected');
        const answer = await twice(await nodeOf());
        assert.deepEqual([answer.status, answer.json.outputs?.[0].data], [200, [2, 6]], answer.text);
        assert.deepEqual([...reached].sort(), [daemon.bridgeUrl, socketOf(peer)].sort());
        assert.equal(await tab.isHidden('#endpoints'), true);
    });
});

test('a certificate is the service’s, as any program can check', async () => {
    const { key, now, peers: [one] } = (await (await fetch(`${daemon.bridgeUrl}/peers`)).json());
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key, 'base64url')]); // RFC 8410
    const text = Buffer.from(`webinfer-peer\0${one.peer}\0${one.until}`);
    assert.ok(verify(null, text, createPublicKey({ key: spki, format: 'der', type: 'spki' }), Buffer.from(one.signature, 'base64url')));
    assert.deepEqual([one.address, one.peer, one.until - now], [peer.address, peer.id, 3_600_000]);
});

test('a page that reaches nothing but the peer gets its scripts and models there', async () => {
    const { token } = await join();
    await inTab(`${peer.page}/#token=${token}&start&storageLimit=0`, async ({ tab, reached, is }) => {
        await is('connected');
        assert.equal(new URL(tab.url()).search, `?node_endpoints=${peer.address}`);
        const node = await nodeOf(), sum = await twice(node);
        assert.deepEqual([sum.status, sum.json.outputs?.[0].data], [200, [2, 6]], sum.text);
        const text = await daemon.post('/v1/infer', { model_name: 'abc', node, inputs: 'abc', options: { temperature: 0, max_tokens: 5 }, timeout_ms: SOON_MS });
        assert.equal(text.status, 200, text.text);
        assert.deepEqual([...reached].sort(), [peer.page, socketOf(peer)].sort());
        assert.equal(await tab.evaluate(`fetch('${daemon.bridgeUrl}/work').then(() => 'reached', () => 'refused')`), 'refused', 'by its policy');
        assert.equal(await tab.evaluate('crossOriginIsolated'), true);
    });
});

test('a peer that is killed while a page works comes back, and no task is lost or done twice', async () => {
    const { url } = await join({ peers: true, start: true });
    await inTab(url, async ({ is }) => {
        await is('connected');
        const node = await nodeOf(), before = await jobs();
        const asked = daemon.post('/v1/infer', { model_name: 'builtin/count', inputs: [], node, options: { count: 100, interval_ms: 50 }, timeout_ms: SOON_MS });
        await until(async () => (await nodes()).some(({ id, attempts }) => id === node && attempts > 0), { what: 'the task at the node' });
        await peer.stop('SIGKILL');
        await until(async () => (await nodes()).some(({ id, away }) => id === node && away), { what: 'the loss' });
        peer = await startPeer(Number(peer.address.split('/')[4]));
        const answer = await asked, after = await jobs();
        assert.deepEqual([answer.status, answer.json.result, answer.json.performance.attempts, answer.json.executed_on.node], [200, { count: 100 }, 1, node], answer.text);
        assert.deepEqual(['completed', 'retried', 'lost', 'late'].map((what) => after[what] - before[what]), [1, 0, 0, 0]);
        assert.equal((await twice(node)).status, 200);
    });
});

test('a peer that stays away leaves the page to the next of its link', async () => {
    const { token } = await join(), away = peer.address.replace(/\/tcp\/\d+\//, '/tcp/1/');
    await daemon.reload({ bridge: { peers: [away, peer.address] } });
    await inTab(`${at(`${away},${peer.address}`)}#token=${token}&start`, async ({ reached, is, told }) => {
        await is('connected');
        assert.ok(reached.has(socketOf(peer)));
        assert.equal(await told(), '');
    });
    await daemon.reload({ bridge: { peers: peer.address } });
});

test('a link leads to no peer that the service does not list: nothing is sent to an attacker’s', async () => {
    const { token } = await join(), evil = await Peer.start(daemon.bridgeUrl, path.join(folder, 'evil'), 0);
    try {
        await inTab(`${at(`${evil.address},${peer.address}`)}#token=${token}&start`, async ({ reached, is, told }) => {
            await is('connected');
            assert.deepEqual([...reached].sort(), [daemon.bridgeUrl, socketOf(peer)].sort());
            assert.match(await told(), new RegExp(`^This link names ${evil.address.slice(0, 60)}.*, which the operator of this service does not list. Nothing was sent there.`));
        });
        // The right address, and the id of another: the peer there cannot prove it.
        const posed = peer.address.replace(peer.id, evil.id);
        await daemon.reload({ bridge: { peers: [posed, peer.address] } });
        await inTab(`${at(`${posed},${daemon.bridgeUrl}`)}#token=${token}&start`, async ({ is }) => {
            await is('connected');
            assert.ok(await nodeOf());
        });
        assert.equal((await evil.stop()).said, '', 'the attacker’s peer has led nobody to the bridge');
    } finally {
        evil.child.kill('SIGKILL');
        await daemon.reload({ bridge: { peers: peer.address } });
    }
});

test('of /tcp/ without /ws the page says that a browser cannot', async () => {
    const { token } = await join(), bare = peer.address.replace('/ws/', '/');
    await inTab(`${at(bare)}#token=${token}&start`, async ({ is, told }) => {
        await is('connected');
        assert.match(await told(), / A browser cannot use \/tcp\/ without \/ws\. This page connects to http:\S+ only\.$/);
    });
});

test('a liar behind the peer is quarantined, and its neighbour works on', async () => {
    const { token } = await join(), tunnels = await Promise.all([Tunnel.start(peer.address), Tunnel.start(peer.address)]);
    const [liar, neighbour] = await Promise.all(tunnels.map((one) => new Doubler(one.link(token)).join()));
    try {
        assert.equal((await twice(neighbour.id)).status, 200);
        liar.factor = 2.02;
        await twice(liar.id);
        assert.deepEqual(await liar.gone(), { code: 1008, reason: 'quarantined' });
        const { quarantined: [row] } = (await daemon.get('/v1/nodes')).json;
        assert.deepEqual([row.node, row.address], [liar.id, `peer:${tunnels[0].peer}`]);
        const again = new Doubler(tunnels[0].link(token));
        await again.open();
        again.announce();
        assert.deepEqual(await again.gone(), { code: 1008, reason: 'quarantined' });
        assert.deepEqual((await twice(neighbour.id)).json.outputs[0].data, [2, 6]);
        const another = await new Doubler(tunnels[1].link(token)).join();
        await another.close();
    } finally {
        await neighbour.close();
        for (const one of tunnels) one.stop();
        for (const { id } of (await daemon.get('/v1/nodes')).json.quarantined) await daemon.request(`/v1/admin/quarantine/${id}`, { method: 'DELETE' });
        await until(async () => (await joined()).length === 0, { what: 'no node', timeout: SOON_MS });
    }
});

test('a peer that shows no ticket is cut', async () => {
    const { token } = await join(), mute = await Tunnel.start(peer.address, ['mute']);
    const node = await new FakeNode(mute.link(token)).join();
    assert.equal((await node.gone()).code, 1006);
    mute.stop();
    await until(async () => (await joined()).length === 0, { what: 'no node', timeout: SOON_MS });
});

for (const [words, said] of [[['--listen', 'x'], /^webinfer-peer: --listen: found "x"; allowed: /],
    [['--key', '/nonexistent/key'], /^webinfer-peer: --key.*: ENOENT/], [['--key', import.meta.filename], /^webinfer-peer: --key.*: .*peers\.test\.mjs is no key that webinfer-peer has made\n$/],
    [['--tls-certificate', import.meta.filename, '--tls-key', import.meta.filename], /^webinfer-peer: .*--tls-key: .*PEM/]])
    test(`webinfer-peer ${words.join(' ')} ends with 2 and a sentence`, async () => {
        const { code, said: text } = await Peer.spawn(words).ended;
        assert.equal(code, 2);
        assert.match(text, said);
    });

test('a port that is taken is said in a sentence', async () => {
    const { code, said } = await Peer.spawn(['--key', path.join(folder, 'key'), '--listen', `127.0.0.1:${new URL(daemon.bridgeUrl).port}`]).ended;
    assert.equal(code, 1);
    assert.match(said, /^webinfer-peer: --listen: listen EADDRINUSE: [^\n]+\n$/);
});

test('a service that lists no peers makes no link for them, and the peer says so', async () => {
    await daemon.reload({ bridge: { peers: [] } });
    const { status, json } = await daemon.post('/v1/admin/join', { peers: true });
    assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'peers']);
    await assert.rejects(cli('token', 'join', '--peers'), ({ stderr }) => /this service has no peers/.test(stderr));
    const [response] = await once(http.get(`${peer.page}/`), 'response');
    assert.equal(response.resume().statusCode, 503);
});
