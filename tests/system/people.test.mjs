// tier: full
/** What a person sets in a page is what the daemon says of its node: each control is pressed, in Chromium. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { BATTERY, CLOCK, HIDDEN } from '../page/support/person.mjs';

/** Rounds of the model: seconds of a page. */
const LONG = 4000;
const HALF_GIB = 2 ** 29;

/** @type {Daemon} */
let daemon;
let browser;
const test = testsOf(() => daemon);
/** Ends the tabs of a test. @type {(() => Promise<void>)[]} */
const opened = [];
afterEach(() => Promise.all(opened.splice(0).map((close) => close().catch(() => {}))));

before(async () => {
    daemon = await new Daemon({ models: ['slow'], config: { bridge: { heartbeat_interval: '1s' },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
/** The one node, once that holds of it. */
const nodeThat = (holds, what) => until(async () => (await nodes()).find((node) => !node.away && holds(node)), { what });
const gone = () => until(async () => (await nodes()).length === 0, { what: 'no node left' });
const isThrottled = ({ limits }) => limits.some(({ evidence }) => evidence === 'throttled');
const slow = (count) => daemon.infer({ model_name: 'slow', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] },
    { name: 'count', datatype: 'INT64', shape: [], data: [count] }], timeout_ms: 120_000 });

/** A person's page, on a device of which the test decides. @param {string} url of a join link */
async function openAt(url) {
    const { tab, close } = await browser.openTab([], {});
    opened.push(close);
    await tab.addInitScript([BATTERY, HIDDEN, CLOCK].join('\n'));
    await tab.goto(url);
    const is = (state) => tab.waitForSelector(`html[data-state=${state}]`, { state: 'attached' });
    await is('asking');
    await tab.waitForSelector('#settings');
    return { tab, url, is, type: async (id, value) => {
        await tab.fill(`#${id}`, value);
        await tab.locator(`#${id}`).blur();
    } };
}

const openPage = async (more = {}) => openAt((await daemon.post('/v1/admin/join', more)).json.url);

/** Leaves by the button. */
async function leave({ tab, is }) {
    await tab.click('#stop');
    await is('stopped');
}

test('limits and pauses that a person sets are those of the node', async () => {
    const person = await openPage({ label: 'Ada' }), { tab, is, type, url } = person;
    // What was set before it starts holds from the start.
    await type('memoryLimit', '0.5');
    await tab.click('#start');
    await is('connected');
    const { id, label } = await nodeThat(({ memory_limit: limit }) => limit === HALF_GIB, 'the limit');
    assert.equal(label, 'Ada');
    assert.equal(await tab.textContent('#node'), id);
    await type('memoryLimit', '');
    await nodeThat(({ memory_limit: limit }) => limit === undefined, 'no limit');

    for (const [name, begin, end] of [['pauseOnBattery', 'plug(false)', 'plug(true)'], ['pauseWhileHidden', 'hide(true)', 'hide(false)']]) {
        await tab.evaluate(begin);
        assert.equal((await nodes())[0].paused, false, `${name} is not set`);
        await tab.check(`#${name}`);
        await nodeThat(({ paused }) => paused, `a pause by ${name}`);
        await is('paused');
        await tab.evaluate(end);
        await nodeThat(({ paused }) => !paused, `the end of the pause by ${name}`);
        await tab.uncheck(`#${name}`);
    }

    await tab.click('#pause');
    await nodeThat(({ paused }) => paused, 'a pause by the button');
    await is('paused');
    await tab.click('#test');
    await tab.waitForFunction(() => /answers are right\.$/.test(document.getElementById('test-says').textContent));
    const [, right, all] = /^(\d+) of (\d+)/.exec(await tab.textContent('#test-says'));
    assert.equal(right, all);
    assert.equal((await nodes())[0].paused, true, 'the button still holds');
    await tab.click('#pause');
    await nodeThat(({ paused }) => !paused, 'the end of the pause by the button');
    await tab.click('#test');
    await nodeThat(({ paused }) => paused, 'a pause while the device is tested');
    await nodeThat(({ paused }) => !paused, 'the end of the test');

    const kept = await tab.evaluate(async () => JSON.stringify([Object.entries(localStorage), await indexedDB.databases()]));
    assert.equal(kept, '[[],[]]', 'all is as it was by default');
    await type('storageLimit', '0');
    const stored = await tab.evaluate(() => JSON.stringify(Object.entries(localStorage)));
    assert.match(stored, /storageLimit/);
    assert.equal(stored.includes(new URLSearchParams(new URL(url).hash.slice(1)).get('token')), false);
    await leave(person);
    await gone();
});

test('a page that has computed for its minutes pauses, and shows what the daemon counts of it', async () => {
    const person = await openPage(), { tab, is, type } = person;
    await tab.click('#start');
    await is('connected');
    await type('minutesPerHour', '1');
    const answer = slow(LONG);
    await tab.waitForSelector('html[data-running="1"]', { state: 'attached' });
    await tab.evaluate('pass(90_000)');
    await nodeThat(({ paused }) => paused, 'a pause after a minute');
    assert.equal((await answer).status, 200, 'what runs goes on');
    await nodeThat(({ paused, answered }) => paused && answered === 1, 'the count');
    await tab.waitForFunction(() => document.getElementById('figure-answered').textContent === '1');
    await tab.evaluate('pass(3600_000)');
    await nodeThat(({ paused }) => !paused, 'the next hour');
    await leave(person);
    await gone();
});

test('the device that a person prefers is the one that computes, and a page on its battery gets less work', async () => {
    const person = await openPage({ nodes: 1 }), { tab, is } = person;
    await tab.click('#start');
    await is('connected');
    const { id } = await nodeThat(() => true, 'the node');
    await tab.selectOption('#preferredDevice', 'low-power');
    const saving = await nodeThat((node) => node.id !== id, 'a new node, in the place of the old one');
    assert.equal(isThrottled(saving), false);
    await is('connected');
    await tab.waitForSelector('#settings');
    await tab.evaluate('plug(false)');
    await nodeThat(isThrottled, 'it to be slow');
    const { json } = await slow(1);
    assert.equal(json.executed_on.threads ?? 1, 1);
    await tab.evaluate('plug(true)');
    await nodeThat((node) => !isThrottled(node), 'it to be as fast as it is');
    await tab.selectOption('#preferredDevice', 'cpu');
    const { platforms } = await nodeThat((node) => node.id !== saving.id && node.platforms.wasm?.available, 'a node without a graphics card');
    for (const platform of ['webgpu', 'webnn', 'webgl']) assert.equal(platforms[platform].available, false, platform);
    await is('connected');
    await leave(person);
    await gone();
});

test('a page that is slow gets no work that another page has room for', async () => {
    const saving = await openAt(`${(await daemon.post('/v1/admin/join', {})).json.url}&preferredDevice=low-power`);
    await saving.tab.click('#start');
    await saving.is('connected');
    const { id } = await nodeThat(() => true, 'the node');
    assert.equal((await slow(1)).json.executed_on.node, id, 'it has the model');
    const other = await openPage();
    await other.tab.click('#start');
    await other.is('connected');
    await saving.tab.evaluate('plug(false)');
    await nodeThat((node) => node.id === id && isThrottled(node), 'it to be slow');
    for (let i = 0; i < 3; i++) {
        const { status, text, json } = await slow(1);
        assert.equal(status, 200, text);
        assert.notEqual(json.executed_on.node, id);
    }
    await other.tab.click('#pause');
    await nodeThat(({ paused }) => paused, 'the other to be paused');
    assert.equal((await slow(1)).json.executed_on.node, id, 'there is no other');
    await leave(other);
    await leave(saving);
    await gone();
});

test('what a person measures is kept as a person’s', async () => {
    const person = await openPage(), { tab, is } = person;
    await tab.click('#start');
    await is('connected');
    await tab.click('#pause');
    await is('paused');
    await tab.click('#measure');
    await tab.waitForSelector('#measured-send', { state: 'visible' });
    await tab.click('#measured-send');
    const kept = await tab.waitForFunction(() => /keeps the times as (run-\w+), marked/.exec(document.getElementById('test-says').textContent)?.[1]);
    const { json } = await daemon.get(`/v1/results/${await kept.jsonValue()}`);
    assert.deepEqual([json.person, json.imported, json.ended_at > 0], [true, true, true]);
    const wasm = json.cells.find(({ platform }) => platform === 'wasm'), shown = JSON.parse(await tab.inputValue('#measured'));
    assert.deepEqual([wasm.model, wasm.outcome, wasm.browser], ['device test matmul 256', 'ok', 'chromium']);
    assert.deepEqual(wasm.samples_ms, shown.measured.find(({ platform }) => platform === 'wasm').samples);
    await tab.click('#measured-send');
    await tab.waitForFunction(() => /does not keep the times: a page may send one result in 10 minutes/.test(document.getElementById('test-says').textContent));
    assert.equal((await daemon.get('/v1/results')).json.results.length, 1);
    await leave(person);
    await gone();
});

test('a shareable link brings another person', async () => {
    const person = await openPage({ nodes: 2, shareable: true }), { tab, is } = person;
    await tab.evaluate(() => Object.defineProperty(Navigator.prototype, 'clipboard', { configurable: true,
        get: () => ({ writeText: async (text) => { globalThis.copied = text; } }) }));
    await tab.click('#start');
    await is('connected');
    await tab.click('#share-copy');
    const link = await tab.waitForFunction(() => globalThis.copied).then((found) => found.jsonValue());
    const other = await openAt(link);
    await other.tab.click('#start');
    await until(async () => (await nodes()).length === 2, { what: 'both' });
    await leave(other);
    await leave(person);
    await gone();
});
