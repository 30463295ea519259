// tier: full
/** Two daemons of one operator and a person's page: it goes on at the other when its own is gone, with its models loaded, and no
 * link leads it elsewhere. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import net from 'node:net';
import { freePort } from '../lib/browsers.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';

const RANKS = { root: 'admin', farm: 'node' }, TOKENS = { root: newToken(), farm: newToken() };
const SOON_MS = 60_000;
const GIB = 2 ** 30;

/** @type {Daemon[]} */
let daemons = [];
/** @type {string[]} */
let origins = [];
let browser;
const test = testsOf(() => daemons[0]);
const asRoot = { headers: { Authorization: `Bearer ${TOKENS.root}` } };

before(async () => {
    browser = await launch();
    const ports = [await freePort(), await freePort()];
    origins = ports.map((port) => `http://127.0.0.1:${port}`);
    daemons = ports.map((port, i) => {
        const one = new Daemon({ models: ['twice'], config: {
            bridge: { listen: `127.0.0.1:${port}`, endpoints: origins[1 - i], resume_grace: '2s', heartbeat_interval: '1s' },
            pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } });
        one.writeConfig({ api: { tokens_file: writeTokens(one, RANKS, TOKENS) } });
        putGguf(one.store, 'abc', { follow: 'abcdefgh' });
        return one;
    });
    await Promise.all(daemons.map((one) => one.start({ ready: false })));
});
after(async () => {
    await browser?.close();
    await Promise.all(daemons.map((one) => one?.stop()));
});

const nodes = async (i) => (await daemons[i].get('/v1/nodes', asRoot)).json.nodes;
const nodeAt = (i) => until(async () => (await nodes(i)).find(({ away }) => !away), { what: `a node at ${'AB'[i]}`, timeout: SOON_MS });
const noneAt = (i) => until(async () => (await nodes(i)).length === 0, { what: `no node at ${'AB'[i]}`, timeout: SOON_MS });
const ask = (i, body) => daemons[i].post('/v1/infer', { timeout_ms: SOON_MS, ...body }, asRoot);
const text = (i, more = {}) => ask(i, { model_name: 'abc', inputs: 'abc', options: { temperature: 0, max_tokens: 5 }, ...more });
const sent = (i) => daemons[i].get('/metrics', asRoot).then(({ text: all }) => Number(/webinfer_cache_fetched_bytes_total\{level="disk"\} (\d+)/.exec(all)?.[1] ?? 0));
const link = (i, query = '') => `${origins[i]}/${query}#token=${TOKENS.farm}&start`;

/** A tab, and where it connects to. */
async function openTab() {
    const { tab, close } = await browser.openTab([]), reached = new Set();
    tab.on('request', (request) => reached.add(new URL(request.url()).origin));
    tab.on('websocket', (socket) => reached.add(new URL(socket.url()).origin.replace(/^ws/, 'http')));
    return { tab, close, reached, is: (state) => tab.waitForSelector(`html[data-state=${state}]`, { state: 'attached', timeout: SOON_MS }),
        service: (origin) => tab.waitForSelector(`html[data-state=connected][data-service="${origin}"]`, { state: 'attached', timeout: SOON_MS }) };
}

test('a link chooses and orders services, and files come from the one that the page is with', async () => {
    const { tab, close, service } = await openTab();
    try {
        await tab.goto(link(0, `?node_endpoints=${origins[1]},${origins[0]}`));
        await service(origins[1]);
        const { id } = await nodeAt(1), before = await sent(1);
        assert.deepEqual(await nodes(0), []);
        assert.equal(new URL(tab.url()).origin, origins[0], 'the page is still that of A');
        for (const answer of [await ask(1, { model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] }), await text(1)]) {
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.json.executed_on.node, id);
        }
        assert.ok(await sent(1) > before);
        assert.equal(await tab.isHidden('#endpoints'), true);
    } finally {
        await close();
        await noneAt(1);
    }
});

test('a page comes back to its service after an upgrade of it', async () => {
    const { tab, close, service } = await openTab();
    try {
        await tab.goto(link(0));
        await service(origins[0]);
        const { id } = await nodeAt(0);
        daemons[0].signal('SIGTERM');
        await daemons[0].waitEnd();
        await daemons[0].start({ ready: false });
        const again = await nodeAt(0);
        assert.notEqual(again.id, id);
        await service(origins[0]);
        assert.deepEqual(await nodes(1), []);
    } finally {
        await close();
        await noneAt(0);
    }
});

test('a page whose daemon is killed goes on at the sibling with its model loaded, and opens itself there once nothing is lost', async () => {
    const { tab, close, service } = await openTab();
    try {
        await tab.goto(`${link(0)}&storageLimit=0`);
        await service(origins[0]);
        await nodeAt(0);
        const first = await text(0);
        assert.equal(first.status, 200, first.text);
        const before = await sent(1);
        daemons[0].signal('SIGKILL');
        const killed = Date.now();
        await daemons[0].exit;
        const { id } = await nodeAt(1);
        const answer = await text(1, { node: id });
        assert.equal(answer.status, 200, answer.text);
        assert.ok(Date.now() - killed < SOON_MS, `${Date.now() - killed} ms`);
        assert.deepEqual(answer.json.outputs ?? answer.json.result, first.json.outputs ?? first.json.result);
        assert.deepEqual([answer.json.executed_on.node, answer.json.performance.warm, answer.json.performance.load_ms], [id, true, 0]);
        assert.equal(await sent(1), before, 'no byte of the model was fetched');
        assert.equal(await tab.evaluate(() => document.documentElement.dataset.service), origins[1]);
        assert.equal(new URL(tab.url()).origin, origins[0]);
        const [row] = await nodes(1);
        assert.ok(row.engines.llama, 'its script was loaded');
        assert.equal(row.engines.kernels, undefined, 'nothing of that engine was');

        // Once it has no model, it opens itself there, with the settings of its link and those that were chosen in it.
        await tab.fill('#memoryLimit', '4');
        await tab.locator('#memoryLimit').blur();
        await until(async () => (await nodes(1)).some((one) => one.memory_limit === 4 * GIB), { what: 'the limit', timeout: SOON_MS });
        assert.equal((await daemons[1].post('/v1/models/abc/unload', {}, asRoot)).status, 202);
        await tab.waitForURL(`${origins[1]}/**`, { timeout: SOON_MS });
        await service(origins[1]);
        const anew = await until(async () => (await nodes(1)).find((one) => one.id !== id), { what: 'the new node', timeout: SOON_MS });
        assert.ok(anew.engines.kernels);
        assert.equal((await text(1, { node: anew.id })).status, 200);
        assert.equal(anew.memory_limit, 4 * GIB);
        assert.match(await tab.evaluate(() => sessionStorage.getItem('webinfer.fragment')), /&start=&storageLimit=0/);
        assert.equal(await tab.inputValue('#storageLimit'), '0');
    } finally {
        await close();
        await daemons[0].start({ ready: false });
        await noneAt(1);
    }
});

const foreign = ['http://10.9.9.9:1/', 'https://good.example@evil', '//evil', 'javascript:alert(1)'];
for (const bad of foreign) {
    test(`a link that leads elsewhere leads nowhere: ${bad}`, async () => {
        const { tab, close, reached, service } = await openTab();
        try {
            await tab.goto(link(0, `?node_endpoints=${encodeURIComponent(bad)}`));
            await service(origins[0]);
            assert.deepEqual([...reached], [origins[0]]);
            const said = await tab.textContent('#endpoints');
            assert.ok(said.includes(bad), said);
            assert.match(said, /Nothing was sent there\. This page connects to http:\/\/127\.0\.0\.1:\d+ only\./);
        } finally {
            await close();
            await noneAt(0);
        }
    });
}

test('a service that is not listed gets no connection, and no token', async () => {
    let connections = 0;
    const trap = net.createServer((socket) => { connections++; socket.destroy(); }).listen(0, '127.0.0.1');
    await new Promise((resolve) => trap.on('listening', resolve));
    const { tab, close, reached, service } = await openTab();
    try {
        const where = `http://127.0.0.1:${trap.address().port}`;
        await tab.goto(link(0, `?node_endpoints=${where},${origins[1]}`));
        await service(origins[1]); // what is listed is followed
        assert.ok((await tab.textContent('#endpoints')).includes(where));
        assert.deepEqual([...reached].sort(), [...origins].sort());
        // Not even a page that wants to could: its policy names the listed origins alone.
        assert.equal(await tab.evaluate((url) => fetch(url).then(() => 'reached', () => 'refused'), where), 'refused');
        assert.equal(connections, 0);
    } finally {
        await close();
        trap.close();
        await noneAt(1);
    }
});

test('100 kB of list reach nobody', async () => {
    const list = Array.from({ length: 5000 }, (_, i) => `http://h${i}.example`).join(',');
    for (const length of [list.length, 3000]) { // the bridge refuses a request as long as the first
        const { tab, close, reached, service } = await openTab();
        try {
            const opened = await tab.goto(link(0, `?node_endpoints=${list.slice(0, length)}`)).catch(() => null);
            if (opened?.ok()) await service(origins[0]);
            assert.deepEqual([...reached], [origins[0]]);
        } finally {
            await close();
            await noneAt(0);
        }
    }
});

test('a page whose token is good at one service only stays there', async () => {
    const { url } = (await daemons[0].post('/v1/admin/join', { start: true }, asRoot)).json;
    const { tab, close, service } = await openTab();
    try {
        await tab.goto(url.replace('/#', `/?node_endpoints=${origins[1]},${origins[0]}#`));
        await service(origins[0]); // B does not know the token
        assert.deepEqual(await nodes(1), []);
    } finally {
        await close();
        await noneAt(0);
    }
});

test('a page that an admin sends away goes to no sibling', async () => {
    const { tab, close, service, is } = await openTab();
    try {
        await tab.goto(link(0));
        await service(origins[0]);
        const { id } = await nodeAt(0);
        assert.equal((await daemons[0].request(`/v1/nodes/${id}`, { method: 'DELETE', ...asRoot })).status, 200);
        await is('stopped');
        assert.deepEqual([await nodes(0), await nodes(1)], [[], []]);
    } finally {
        await close();
    }
});
