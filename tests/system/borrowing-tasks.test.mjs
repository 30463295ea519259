// tier: full
/**
 * Answers to tasks that come over an uplink are computed again as those of joined nodes are: the borrowing daemon asks the
 * relay for what the graphs put out, which the lending daemon hands on. The browsers of the borrowing daemon, and the node of
 * the lending one, are scripted.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { testsOf } from '../lib/daemon.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { putFamilies } from '../lib/families.mjs';
import { Worker } from '../lib/liars.mjs';
import { disc } from '../lib/media.mjs';
import { ada, headersOf, newDaemon, relaysOf, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

const IMAGE = disc().bytes.toString('base64');
const kinds = ['chrome', 'edge'];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-borrowing-tasks-'));
const drivers = Object.fromEntries(kinds.map((kind) => [kind, new FakeDriver(path.join(folder, kind))]));
const root = headersOf('root');

/** @type {import('../lib/daemon.mjs').Daemon} */
let lender;
/** @type {import('../lib/daemon.mjs').Daemon} */
let borrower;
/** @type {Worker} */
let lent;
/** @type {Uplink} */
let uplink;
/** @type {Worker[]} */
const ours = [];
const test = testsOf(() => borrower);
const statusOf = async (daemon) => (await daemon.get('/v1/status', root)).json;
const nodeOf = async (daemon, id) => (await daemon.get('/v1/nodes', root)).json.nodes.find((node) => node.id === id);
const settled = () => until(async () => (await statusOf(borrower)).cross_checks.waiting === 0, { what: 'the cross-checks' });
const look = async () => borrower.infer({ model_name: 'vit', inputs: { image: IMAGE }, platform: 'wasm', fallback: false,
    node: (await relaysOf(borrower))[0].id }, ada);

before(async () => {
    lender = await newDaemon({ prepare: ({ store }) => putFamilies(store, ['vit']) });
    borrower = await newDaemon({ prepare: ({ store }) => putFamilies(store, ['vit']), config: {
        ...Object.fromEntries(kinds.map((kind) => [`browser.${kind}`, { ...drivers[kind].config, max_connections: 1 }])),
        pool: { max_connections: 2, min_connections: 2, max_retries: 0, recheck_strangers: '100%' } } });
    for (const kind of kinds) ours.push(await new Worker(await drivers[kind].pageUrl(0, 60_000), { kind, runMs: 20 }).join());
    lent = await new Worker((await lender.post('/v1/admin/join', { nodes: 1 }, root)).json.url).join();
    await until(async () => (await nodeOf(lender, lent.id))?.held === false, { what: 'the lent node to be let in' });
    uplink = await new Uplink(lender, borrower).up(borrower);
    await until(async () => (await look()).status === 200, { what: 'the model to be lent' });
});
after(async () => {
    await uplink?.stop();
    for (const node of [lent, ...ours]) await node?.close();
    await lender?.stop();
    await borrower?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

test('an honest place is found to agree, by what its graphs put out', async () => {
    await settled();
    const { cross_checks: before } = await statusOf(borrower);
    const { status, json, text } = await look();
    assert.equal(status, 200, text);
    assert.deepEqual([json.executed_on.via, json.result.labels[0].label, json.result.raw], ['attic', 'digit', undefined]);
    await settled();
    const { cross_checks: { agreed, unable, wrong } } = await statusOf(borrower);
    assert.deepEqual([agreed - before.agreed, unable - before.unable, wrong], [1, 0, 0]);
    assert.equal((await statusOf(lender)).cross_checks.waiting, 0); // which checks nothing of it
});

test('a place that is wrong is held', async () => {
    lent.logits = () => [{ name: 'model/logits', datatype: 'FP32', shape: [1, 2], bytes: Buffer.from(Float32Array.of(1, 2).buffer) }];
    assert.equal((await look()).status, 200);
    const held = await until(async () => (await relaysOf(borrower))[0].limits.find(({ effect }) => effect === 'hold'),
        { what: 'the place to be held', timeout: 60_000 });
    assert.deepEqual([held.platform, held.evidence], ['wasm', 'our_input']);
    const refused = await look();
    assert.deepEqual([refused.status, refused.json.code], [422, 'platform_unsupported'], refused.text);
    assert.match(refused.json.detail, /found to be wrong/);
});

test('what graphs put out is for relays, and for tasks', async () => {
    const body = { model_name: 'vit', inputs: { image: IMAGE }, task: 'image-classification', relay: { raw: true } };
    const answer = await lender.infer(body, headersOf('attic'));
    assert.deepEqual([answer.status, answer.json.result, answer.json.outputs.map(({ name }) => name)], [200, { raw: true }, ['model/logits']], answer.text);
    for (const [more, who, status, code, field, expected] of [[{}, 'ada', 403, 'rank', 'Authorization', 'a token of rank relay'],
        [{ stream: true }, 'attic', 400, 'invalid_field', 'relay.raw', 'false'], [{ task: undefined }, 'attic', 400, 'invalid_field', 'relay.raw', 'false']]) {
        const { status: got, json } = await lender.infer({ ...body, ...more }, headersOf(who));
        assert.deepEqual([got, json.code, json.field, json.expected], [status, code, field, expected], JSON.stringify(json));
    }
});
