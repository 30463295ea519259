// tier: full
/** Computers of others: their people pause them, and no client notices; a real page with the real daemon, and nodes that only
 * speak the protocol. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { durationOf } from '../../page/src/people/figures.js';
import { webinfer as runClient } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';

/** Rounds of the model: seconds of a page. */
const LONG = 4000;
const OTHERS = 11;

/** @type {Daemon} */
let daemon;
let browser;
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ models: ['slow', 'twice', 'failing'], config: { pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const link = async (more = {}) => (await daemon.post('/v1/admin/join', more)).json.url;
const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
const named = async (id) => (await nodes()).find((node) => node.id === id);
const hardware = async (more = '') => (await daemon.get(`/v1/hardware?model_name=slow${more}`)).json;
const slow = (count) => daemon.infer({ model_name: 'slow', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] },
    { name: 'count', datatype: 'INT64', shape: [], data: [count] }], timeout_ms: 120_000 });
const failures = async () => {
    const { counters: { jobs } } = await daemon.status();
    const { series: [all] } = (await daemon.get('/v1/history')).json;
    return [jobs.failed, jobs.lost ?? 0, jobs.expired ?? 0, ...all.failures].reduce((sum, value) => sum + (value ?? 0), 0);
};
const gone = () => until(async () => (await nodes()).length === 0, { what: 'no node left' });

/** A person's page: asks, or starts. */
async function openPage(url) {
    const { tab, close } = await browser.openTab([]);
    await tab.goto(url);
    const is = (state) => tab.waitForSelector(`html[data-state=${state}]`, { state: 'attached' });
    return { tab, is, close };
}

test('a page is paused beside eleven other jobs: what runs ends, another node has the rest, and none fails', async () => {
    const { tab, is, close } = await openPage(await link());
    let other;
    try {
        await is('asking');
        await tab.waitForFunction(() => /no text and no sound/.test(document.getElementById('ask-work').textContent));
        assert.deepEqual(await nodes(), []);
        await tab.click('#start');
        await is('connected');
        await daemon.ready();
        const [{ id }] = await nodes();
        assert.equal((await slow(1)).status, 200); // it has the model from now on
        const first = slow(LONG);
        await tab.waitForSelector('html[data-running="1"]', { state: 'attached' });
        const others = Array.from({ length: OTHERS }, () => slow(1));
        await until(async () => (await named(id)).attempts === 2, { what: 'another to be there' });
        await tab.click('#pause');
        await is('paused');
        await until(async () => (await named(id)).paused, { what: 'the node to be listed as paused' });
        assert.match(await tab.textContent('#state'), /^Paused\. Running work/);
        const { decision, why, options } = await hardware();
        assert.deepEqual([decision, options.find(({ platform }) => platform === 'wasm').standing], ['wait', 'paused']);
        assert.match(why, /it would wait for \w+ on wasm: its nodes were paused by the people who lend them/);
        assert.equal((await daemon.get('/readyz')).status, 503);
        assert.match((await runClient(daemon, ['nodes'])).out, /PAUSED[^]*\byes\b/);
        await tab.context().newPage().then(async (watching) => {
            await watching.goto(`${daemon.url}/#/nodes`);
            await watching.waitForFunction(() => [...document.querySelectorAll('main td')].some(({ textContent }) => textContent === 'paused'));
        });

        other = await openPage(await link({ start: true }));
        await other.is('connected');
        const answers = await Promise.all(others);
        for (const { status, json, text } of answers) {
            assert.equal(status, 200, text);
            assert.deepEqual(json.outputs[0].data, [7]);
            assert.notEqual(json.executed_on.node, id);
        }
        const attempts = answers.map(({ json }) => json.performance.attempts).sort();
        assert.deepEqual(attempts, [...Array(OTHERS - 1).fill(1), 2], 'one was there, and came back');
        const { status, json, text } = await first;
        assert.equal(status, 200, text);
        assert.deepEqual([json.executed_on.node, json.performance.attempts], [id, 1]);
        assert.equal(await failures(), 0);
        await tab.waitForFunction(() => /^Paused\. Nothing runs here/.test(document.getElementById('state').textContent));

        // It goes on: what waits for it has it at once.
        await other.tab.click('#stop');
        await other.is('stopped');
        await until(async () => (await nodes()).length === 1, { what: 'the other to have left' });
        const waits = slow(1);
        await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'a job that waits' });
        await tab.click('#pause');
        await is('connected');
        assert.equal((await waits).json.executed_on.node, id);
        await tab.click('#stop');
        await is('stopped');
        assert.match(await tab.textContent('#state'), /^You have left/);
        await gone();
        assert.equal(await failures(), 0);
        await daemon.logs(/is paused[^]*takes work again/);
    } finally {
        await close();
        await other?.close();
    }
});

const echo = (data, more = {}) => daemon.infer({ model_name: 'builtin/echo', timeout_ms: 60_000, ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [data] }] });

test('a node that says so gets nothing, not even a model, until it says otherwise', async () => {
    const node = await new FakeNode(await link()).join();
    node.answersHeartbeats = false; // it would say otherwise
    try {
        const { id } = node, beat = (paused) => node.send('heartbeat', { seq: 1, running: [], ...(paused && { paused }) });
        await until(() => named(id), { what: 'the node' });
        beat(true);
        await until(async () => (await named(id)).paused, { what: 'it to be paused' });
        const load = await daemon.post('/v1/models/twice/load', {});
        assert.deepEqual([load.status, load.json.code], [503, 'unavailable']);
        assert.match(load.json.detail, /paused/);
        const call = echo(1);
        await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'the job to wait' });
        assert.ok(!node.received.some(({ message: { type } }) => ['task_request', 'model_load'].includes(type)));
        // A connection that breaks changes nothing of it.
        await node.cut();
        assert.equal((await node.resume()).data.resumed, true);
        assert.equal((await named(id)).paused, true);
        beat(false);
        assert.equal((await call).json.executed_on.node, id);
        assert.equal((await call).json.performance.attempts, 1);

        // What it gives back without a word is a word too.
        let asked = 0;
        node.onTask = (task) => {
            if (++asked > 1) return node.respond(task);
            node.fail(task, { code: 'node_paused', message: 'a button' });
            return undefined;
        };
        const again = echo(2);
        await until(async () => (await named(id)).paused, { what: 'it to be paused again' });
        await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'the job to wait again' });
        assert.equal(asked, 1);
        beat(false);
        const { status, json, text } = await again;
        assert.equal(status, 200, text);
        assert.equal(json.performance.attempts, 2);
        assert.equal(await failures(), 0);
    } finally {
        node.send('bye', {});
        await gone();
    }
});

test('a page shows what the service counts of it', async () => {
    const { tab, is, close } = await openPage(await link({ start: true }));
    try {
        await is('connected');
        await daemon.ready();
        const [{ id }] = await nodes();
        assert.equal((await slow(1)).status, 200);
        assert.equal((await slow(2)).status, 200);
        const wrong = await daemon.infer({ model_name: 'failing', platform: 'wasm', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] },
            { name: 'shape', datatype: 'INT64', shape: [1], data: [5] }] });
        assert.deepEqual([wrong.status, wrong.json.code], [500, 'inference_failed'], wrong.text);
        await until(async () => (({ answered, failed, rtt_ms: rtt }) => answered >= 2 && failed >= 1 && rtt > 0)(await named(id)), { what: 'the figures' });
        // A heartbeat tells the round trip of the one before it: the page is one behind.
        const shown = () => tab.evaluate(() => Object.fromEntries(['answered', 'failed', 'heartbeats_lost', 'task_ms_p50', 'rtt_ms', 'running']
            .map((name) => [name, document.getElementById(`figure-${name}`)?.textContent])));
        const words = (ms) => `${ms >= 10 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
        await until(async () => {
            const { answered, failed, heartbeats_lost: lost, task_ms_p50: median, rtt_ms: rtt } = await named(id);
            const page = await shown();
            return page.answered === String(answered) && page.failed === String(failed) && page.heartbeats_lost === String(lost)
                && page.task_ms_p50 === words(median) && rtt > 0 && / ms$/.test(page.rtt_ms) && page.running === '0';
        }, { what: 'the page to show the same' });
        const { platforms, connected_at: since } = await named(id), listed = (list) => tab.$$eval(`#${list} dt`, (all) => all.map((dt) => [dt.textContent, dt.nextElementSibling.textContent]));
        for (const [name, { available, adapter }] of Object.entries(platforms)) {
            const [, says] = (await listed('platforms')).find(([shown]) => shown === name);
            assert.equal(/^available/.test(says), available, `${name}: ${says}`);
            assert.ok(says.includes(adapter?.description ?? ''), `${name}: ${says}`);
        }
        await until(async () => {
            const rows = (await named(id)).models.map(({ name, platform, state, bytes }) => [name, `${platform}: ${state}, ${(bytes / 1e6).toFixed(1)} MB`]).sort();
            const says = (await listed('models')).sort(); // of one that has failed, the page also says why
            return rows.length > 1 && says.length === rows.length && rows.every(([name, text], i) => says[i][0] === name && says[i][1].startsWith(text));
        }, { what: 'the page to show the same models' });
        assert.equal(await tab.textContent('#figure-state'), 'connected');
        await until(async () => await tab.textContent('#figure-uptime') === durationOf(Date.now() - since), { what: 'the same time' });
        await tab.click('#stop');
        await is('stopped');
        await gone();
    } finally {
        await close();
    }
});

test('a page gets no model that its person has no memory for, and less work while it is slow', async () => {
    const small = await new FakeNode(await link());
    small.capabilities = { ...small.capabilities, memory_limit: 10 };
    await small.join();
    const other = await openPage(await link({ start: true }));
    try {
        await other.is('connected');
        await until(async () => (await nodes()).length === 2, { what: 'both nodes' });
        const { id } = small;
        assert.equal((await named(id)).memory_limit, 10);
        const { json, status, text } = await slow(1);
        assert.equal(status, 200, text);
        assert.notEqual(json.executed_on.node, id);
        const refused = await daemon.infer({ model_name: 'slow', node: id, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] },
            { name: 'count', datatype: 'INT64', shape: [], data: [1] }] });
        assert.deepEqual([refused.status, refused.json.code, refused.json.expected], [422, 'platform_unsupported', undefined], refused.text);
        assert.match(refused.json.detail, /the model is larger than its user allows models there to be/);
        assert.ok(!small.received.some(({ message: { type } }) => type === 'task_request'));

        small.answersHeartbeats = false; // they would say otherwise
        small.send('heartbeat', { seq: 1, running: [], throttled: true });
        await until(async () => (await named(id)).limits.some(({ evidence }) => evidence === 'throttled'), { what: 'the limit' });
        for (let i = 0; i < 5; i++) assert.notEqual((await echo(i)).json.executed_on.node, id);
        assert.equal((await echo(7, { node: id })).json.executed_on.node, id, 'it still takes what only it can have');
        small.send('heartbeat', { seq: 2, running: [] });
        await until(async () => (await named(id)).limits.length === 0, { what: 'the limit to end' });
    } finally {
        small.send('bye', {});
        await other.tab.click('#stop');
        await other.close();
        await gone();
    }
});

test('an order to load a model goes to no node whose person has no memory for it', async () => {
    const join = async (limit) => {
        const node = new FakeNode(await link());
        node.capabilities = { ...node.capabilities, ...(limit && { memory_limit: limit }) };
        node.answersHeartbeats = false; // they would say otherwise
        return node.join();
    };
    const load = (more = {}) => daemon.post('/v1/models/twice/load', more);
    const tooLarge = { detail: /^twice is larger than the users of the nodes allow models there to be/ };
    const roomy = await join(), small = [await join(10), await join(20)];
    try {
        await until(async () => (await nodes()).length === 3, { what: 'all nodes' });
        assert.deepEqual((await load()).json.nodes, [roomy.id]);
        assertProblem(await load({ node: small[0].id }), 413, 'model_too_large', { field: 'node', ...tooLarge });
        roomy.send('heartbeat', { seq: 1, running: [], paused: true });
        await until(async () => (await named(roomy.id)).paused, { what: 'it to be paused' });
        assertProblem(await load(), 503, 'unavailable', { detail: /paused/ });
        roomy.send('bye', {});
        await until(async () => (await nodes()).length === 2, { what: 'it to have left' });
        assertProblem(await load(), 413, 'model_too_large', tooLarge);
        assert.equal((await daemon.post('/v2/repository/models/twice/load', {})).status, 413);
        assert.ok(!small.some(({ received }) => received.some(({ message: { type } }) => type === 'model_load')));
    } finally {
        for (const node of [roomy, ...small]) node.send('bye', {});
        await gone();
    }
});

test('simulated nodes are paused by a signal', async () => {
    const simulation = await new Simulation(daemon, { nodes: 3 }).up();
    try {
        process.kill(simulation.pid, 'SIGUSR1');
        await until(async () => (await nodes()).every(({ paused }) => paused), { what: 'all to be paused' });
        const call = echo(3, { platform: 'simulated' });
        await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'the job to wait' });
        process.kill(simulation.pid, 'SIGUSR2');
        assert.equal((await call).status, 200);
    } finally {
        assert.equal((await simulation.stop()).failed, 0);
    }
    await gone();
});
