// tier: full
/**
 * Answers of relays are computed again by browsers of ours, as those of joined nodes are: a place that is wrong is held
 * alone, and the relay and its other places stay in use. Our browsers are scripted nodes, in sessions that the daemon started.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { LendingNode } from '../lib/lending-node.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { root: 'admin', bob: 'user', hall: 'relay' };
const tokens = tokensOf(people);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-borrowing-'));
const kinds = ['chrome', 'edge'];
const drivers = Object.fromEntries(kinds.map((kind) => [kind, new FakeDriver(path.join(folder, kind))]));
const ADAPTER = { vendor: 'acme', architecture: 'rocket', description: 'Acme Rocket', is_fallback: false };

/** @type {Daemon} */
let daemon;
/** @type {LendingNode[]} */
const nodes = [];
const test = testsOf(() => daemon);
const as = (who, more = {}) => ({ ...more, headers: { Authorization: `Bearer ${tokens[who]}` } });
const get = async (where) => (await daemon.get(where, as('root'))).json;
const rowOf = async ({ id }) => (await get('/v1/nodes')).nodes.find((one) => one.id === id);
const settled = () => until(async () => (await get('/v1/status')).cross_checks.waiting === 0, { what: 'the cross-checks' });
const ask = (more) => daemon.infer({ model_name: 'twice', fallback: false, ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] }, as('bob'));

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: {
        ...Object.fromEntries(kinds.map((kind) => [`browser.${kind}`, { ...drivers[kind].config, max_connections: 1 }])),
        bridge: { resume_grace: '0s' },
        pool: { max_connections: 2, min_connections: 2, max_retries: 0, numerics: 'off', recheck_strangers: '100%' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
    for (const kind of kinds)
        nodes.push(await new LendingNode(await drivers[kind].pageUrl(0, 60_000), { plain: true, kind }).join());
    await until(async () => (await get('/v1/nodes')).nodes.length === 2, { what: 'both browsers of ours' });
});
after(async () => {
    for (const node of nodes) await node.close();
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

test('a wrong place of a relay is held alone, until an admin forgives it', async () => {
    const relay = new LendingNode(`${daemon.bridgeUrl}/#token=${tokens.hall}`,
        { name: 'hall', kind: 'chrome', platforms: { webgpu: { available: true, adapter: ADAPTER } } });
    nodes.push(await relay.join());
    relay.lend([await until(async () => (await get('/v1/models/twice')).hash, { what: 'the hash of the model' })]);
    const on = (platform) => ask({ node: relay.id, platform });
    await until(async () => (await on('wasm')).status === 200, { what: 'it to have the model' });
    await settled();
    assert.deepEqual((await rowOf(relay)).limits, []);
    relay.factors.wasm = 2.02;
    assert.equal((await on('wasm')).status, 200);
    const limits = await until(async () => {
        const row = await rowOf(relay);
        return row.limits.some(({ effect }) => effect === 'hold') && row.limits;
    }, { what: 'the place to be held', timeout: 60_000 });
    const held = limits.find(({ effect }) => effect === 'hold');
    assert.deepEqual([held.platform, held.engine, held.evidence], ['wasm', 'ort', 'our_input']);
    await settled();
    assert.equal(relay.closed, null);
    assert.deepEqual((await get('/v1/nodes')).quarantined, []);
    const refused = await on('wasm');
    assert.deepEqual([refused.status, refused.json.code], [422, 'platform_unsupported'], refused.text);
    assert.match(refused.json.detail, /found to be wrong/);
    const { status, json, text } = await on('webgpu');
    assert.equal(status, 200, text);
    assert.deepEqual([json.outputs[0].data, json.executed_on.via], [[2, 6], 'hall']);
    // A browser of ours of the same kind is at another place.
    assert.equal((await ask({ node: nodes[0].id, platform: 'wasm' })).json.executed_on.via, undefined);
    relay.factors.wasm = 2;
    assert.equal((await daemon.post(`/v1/nodes/${relay.id}/forgive`, {}, as('root'))).status, 200);
    assert.deepEqual((await rowOf(relay)).limits.filter(({ effect }) => effect === 'hold'), []);
    assert.equal((await on('wasm')).status, 200);
});
