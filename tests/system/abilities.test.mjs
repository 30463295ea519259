// tier: quick
/**
 * What kinds of browser can do is remembered: what none of them can do is refused at once, closes
 * no browser that others use, also after a restart, and is tested again by order. The browsers are
 * scripted nodes, in sessions that the daemon started with a driver of ours.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const kinds = ['chrome', 'edge'];
const people = { root: 'admin', ada: 'user', bob: 'user' };
const tokens = tokensOf(people);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-abilities-'));
const drivers = Object.fromEntries(kinds.map((kind) => [kind, new FakeDriver(path.join(folder, kind))]));
const opened = { chrome: 0, edge: 0 };
/** Whether pages that browsers open announce themselves. */
let attends = false;
/** @type {FakeNode[]} */
const pages = [];
/** @type {Daemon} */
let daemon;
/** @type {ReturnType<typeof setInterval>} */
let attendance;

const test = testsOf(() => daemon);
const as = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });
const status = async () => (await daemon.get('/v1/status', as('root'))).json;
const begun = async () => (await status()).counters.sessions.started;
const kindsThere = async () => (await status()).sessions.filter(({ ending }) => !ending).map(({ kind }) => kind);
const working = (kind) => until(async () => (await status()).sessions.some((one) => one.kind === kind && one.state === 'ready'),
    { what: `a ${kind} that serves`, timeout: 30_000 });
const echo = (who, more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }, as(who));
/** What none of them can do. */
const impossible = (who, more = {}) => daemon.infer({ model_name: 'twice', platform: 'webnn', fallback: false,
    timeout_ms: 60_000, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }], ...more }, as(who));
/** @param {any} answer */
function assertRefused({ status: code, json, text }) {
    assert.equal(code, 422, text);
    assert.equal(json.code, 'platform_unsupported');
    assert.equal(json.field, 'platform');
    assert.equal(json.allowed, 'wasm');
}

/** Opens what the browsers were told to. */
function attend() {
    for (const kind of kinds)
        for (const url of attends ? drivers[kind].pageUrls.slice(opened[kind]) : []) {
            opened[kind]++;
            const page = new FakeNode(url);
            page.capabilities = { ...capabilities, browser: { name: kind, version: '1.0' } };
            page.join().then(() => pages.push(page), () => {}); // it may be closed by then
        }
}

async function start() {
    daemon = new Daemon({ models: daemon ? [] : ['twice'], folder: path.join(folder, 'daemon'), keep: true, config: {
        'browser.chrome': { ...drivers.chrome.config, max_connections: 1 },
        'browser.edge': { ...drivers.edge.config, max_connections: 1 },
        browser_preferences: { other: 'chrome, edge' },
        bridge: { resume_grace: '0s' }, pool: { max_connections: 1, min_connections: 1, numerics: 'off' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    for (const kind of kinds) opened[kind] = drivers[kind].pageUrls.length; // those of an earlier daemon
    await daemon.start({ ready: false });
}

async function stop() {
    for (const page of pages.splice(0)) await page.close();
    await daemon.stop();
}

before(async () => {
    await start();
    attends = true;
    attendance = setInterval(attend, 20);
    await working('chrome');
});
after(async () => {
    clearInterval(attendance);
    await stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

test('the first time each kind is tried once', async () => {
    assertRefused(await impossible('ada'));
    assert.equal(await begun(), 2, 'the edge, which nobody had seen');
    assert.equal(opened.edge, 1);
});

test('then it is refused, and restarts nothing while others work', async () => {
    assert.equal((await echo('bob', { browser: 'chrome' })).status, 200);
    const before = await begun(), ids = (await status()).sessions.map(({ id }) => id);
    let over = false;
    const work = (async () => {
        let answered = 0;
        for (; !over; answered++) {
            const answer = await echo('bob');
            assert.equal(answer.status, 200, answer.text);
        }
        return answered;
    })();
    try {
        for (let round = 0; round < 10; round++)
            for (const answer of await Promise.all([impossible('ada'), impossible('ada', { browser: 'edge' })]))
                assertRefused(answer);
    } finally {
        over = true;
    }
    assert.ok(await work > 0);
    assert.equal(await begun(), before);
    assert.deepEqual((await status()).sessions.map(({ id }) => id), ids);
    assert.equal((await status()).kinds.edge.wished, false);
});

test('what is told of the hardware says why a kind is passed over', async () => {
    const { json } = await daemon.get('/v1/hardware?model_name=twice&platform=webnn&fallback=false', as('bob'));
    assert.equal(json.decision, 'never', JSON.stringify(json));
    assert.equal(json.code, 'platform_unsupported');
});

test('a request that another kind can serve has it started, and one more of ada\'s does not end it', async () => {
    assert.equal((await echo('bob', { browser: 'edge' })).status, 200);
    assert.deepEqual(await kindsThere(), ['edge']);
    const before = await begun();
    assertRefused(await impossible('ada'));
    assert.equal(await begun(), before);
    assert.deepEqual(await kindsThere(), ['edge']);
});

test('a second start remembers it before any page is there', async () => {
    attends = false;
    await stop();
    await start();
    assertRefused(await impossible('ada'));
    assertRefused(await impossible('ada', { browser: 'edge' }));
    assert.deepEqual((await daemon.get('/v1/nodes', as('root'))).json.nodes, []);
    assert.equal(await begun(), 1);
    attends = true;
    await working('chrome');
});

test('by order of an admin a kind is tested again, once', async () => {
    const retest = (who, kind) => daemon.post(`/v1/kinds/${kind}/retest`, {}, as(who));
    assert.equal((await retest('ada', 'edge')).status, 403);
    const unknown = await retest('root', 'netscape');
    assert.equal(unknown.status, 404, unknown.text);
    assert.equal(unknown.json.code, 'not_found');
    assert.equal(unknown.json.field, 'kind');
    const answer = await retest('root', 'edge');
    assert.equal(answer.status, 202, answer.text);
    assert.deepEqual(answer.json, { id: 'edge', state: 'doubted' });
    const before = await begun(), edges = opened.edge;
    assertRefused(await impossible('ada'));
    assert.equal(opened.edge, edges + 1, 'it was looked at');
    assert.equal(await begun(), before + 1);
    assertRefused(await impossible('ada'));
    assert.equal(await begun(), before + 1);
});
