// tier: full
/** Two daemons of one operator and a person's page: it goes on at the other when its own is gone, with its models loaded, and no
 * link leads it elsewhere. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import net from 'node:net';
import path from 'node:path';
import { LOOK_MS } from '../../page/src/link/elsewhere.js';
import { freePort } from '../lib/browsers.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { classifier } from '../page/support/folders.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';
import { findWebkit, launchWebkit } from '../page/support/webkit.mjs';

const RANKS = { root: 'admin', farm: 'node' }, TOKENS = { root: newToken(), farm: newToken() };
const SOON_MS = 60_000;
const GIB = 2 ** 30;
/** Browsers beside Chromium: what is found of each, and how it is started. */
const OTHERS = { Firefox: [findFirefox(), launchFirefox], WebKitGTK: [findWebkit(), launchWebkit] };
if (process.env.CI) for (const [name, [found]] of Object.entries(OTHERS)) assert.ok(found, `there is no ${name}: ./dev setup installs it`);

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
            bridge: { listen: `127.0.0.1:${port}`, endpoints: origins[1 - i], devices: 'yes', resume_grace: '2s', heartbeat_interval: '1s' },
            pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } });
        one.writeConfig({ api: { tokens_file: writeTokens(one, RANKS, TOKENS) } });
        putGguf(one.store, 'abc', { follow: 'abcdefgh' });
        for (const [file, content] of Object.entries(classifier())) {
            fs.mkdirSync(path.dirname(path.join(one.store, 'moods', file)), { recursive: true });
            fs.writeFileSync(path.join(one.store, 'moods', file), content);
        }
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
const twice = (i) => ask(i, { model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
const moods = (i) => ask(i, { model_name: 'moods', inputs: 'good', task: 'text-classification' });
const chat = (i) => text(i, { inputs: { messages: [{ role: 'user', content: 'a' }] } });
const join = async (i, terms = {}) => (await daemons[i].post('/v1/admin/join', terms, asRoot)).json;
const link = (i, query = '') => `${origins[i]}/${query}#token=${TOKENS.farm}&start`;

/** A tab, and where it connects to. */
async function openTab() {
    const { tab, close } = await browser.openTab([]), reached = new Set();
    tab.on('request', (request) => reached.add(new URL(request.url()).origin));
    tab.on('websocket', (socket) => reached.add(new URL(socket.url()).origin.replace(/^ws/, 'http')));
    return { tab, close, reached, is: (state) => tab.waitForSelector(`html[data-state=${state}]`, { state: 'attached', timeout: SOON_MS }),
        service: (origin) => tab.waitForSelector(`html[data-state=connected][data-service="${origin}"]`, { state: 'attached', timeout: SOON_MS }) };
}

/** A tab of a browser that Playwright does not drive. */
async function openIn(other) {
    const { tab, close } = await other.openTab();
    return { tab, close, service: (origin) => until(() => tab.evaluate(`(({ state, service }) => state === 'connected' && service === '${origin}')(document.documentElement.dataset)`),
        { what: `the page to be with ${origin}`, timeout: SOON_MS }) };
}

/** A port at which nothing answers, and when somebody came there. @param {number} [port] */
async function listenAt(port = 0) {
    const came = [], trap = net.createServer((socket) => {
        came.push(performance.now());
        socket.on('error', () => {}).destroy();
    }).listen(port, '127.0.0.1');
    await new Promise((resolve, reject) => trap.on('listening', resolve).on('error', reject));
    return { came, origin: `http://127.0.0.1:${trap.address().port}`, close: () => new Promise((resolve) => trap.close(resolve)) };
}

/** The page's node at B computes with files that B has sent. */
async function computesAtB() {
    const { id } = await nodeAt(1), before = await sent(1);
    for (const answer of [await twice(1), await text(1)]) {
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.executed_on.node, id);
    }
    assert.ok(await sent(1) > before);
}

async function killA() {
    daemons[0].signal('SIGKILL');
    await daemons[0].exit;
}

/** A page is with A, which is killed: it goes on at B with its model. @returns {Promise<string>} its node there */
async function goesOnAtB({ tab, service }) {
    await tab.goto(`${link(0)}&storageLimit=0`);
    await service(origins[0]);
    await nodeAt(0);
    const first = await text(0);
    assert.equal(first.status, 200, first.text);
    const before = await sent(1), killed = Date.now();
    await killA();
    const { id } = await nodeAt(1);
    const answer = await text(1, { node: id });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(Date.now() - killed < SOON_MS, `${Date.now() - killed} ms`);
    assert.deepEqual(answer.json.outputs ?? answer.json.result, first.json.outputs ?? first.json.result);
    assert.deepEqual([answer.json.executed_on.node, answer.json.performance.warm, answer.json.performance.load_ms], [id, true, 0]);
    assert.equal(await sent(1), before, 'no byte of the model was fetched');
    await service(origins[1]);
    assert.equal(await tab.evaluate('location.origin'), origins[0]);
    const { engines } = await until(async () => (await nodes(1)).find(({ engines }) => !engines.kernels), { what: 'engines to be missing', timeout: SOON_MS });
    assert.ok(engines.llama, 'its script was loaded');
    assert.deepEqual([engines.ort, engines.pipeline], [undefined, undefined], 'their files come with a first model');
    return id;
}

/** Once the page has no model any more, it opens itself at B. @param {string} id its node there @returns {Promise<any>} the new one */
async function opensItselfAtB({ tab, service }, id) {
    assert.equal((await daemons[1].post('/v1/models/abc/unload', {}, asRoot)).status, 202);
    const anew = await until(async () => (await nodes(1)).find((one) => one.id !== id), { what: 'the new node', timeout: SOON_MS });
    await service(origins[1]);
    assert.equal(await tab.evaluate('location.origin'), origins[1]);
    assert.ok(anew.engines.kernels);
    assert.equal((await text(1, { node: anew.id })).status, 200);
    return anew;
}

test('a link chooses and orders services, and files come from the one that the page is with', async () => {
    const { tab, close, service } = await openTab();
    try {
        await tab.goto(link(0, `?node_endpoints=${origins[1]},${origins[0]}`));
        await service(origins[1]);
        assert.deepEqual(await nodes(0), []);
        assert.equal(new URL(tab.url()).origin, origins[0], 'the page is still that of A');
        await computesAtB();
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
    const open = await openTab(), { tab, close } = open;
    try {
        const id = await goesOnAtB(open);
        // It opens itself there with the settings of its link and those that were chosen in it.
        await tab.fill('#memoryLimit', '4');
        await tab.locator('#memoryLimit').blur();
        await until(async () => (await nodes(1)).some((one) => one.memory_limit === 4 * GIB), { what: 'the limit', timeout: SOON_MS });
        assert.equal((await opensItselfAtB(open, id)).memory_limit, 4 * GIB);
        assert.match(await tab.evaluate(() => sessionStorage.getItem('webinfer.fragment')), /&start=&storageLimit=0/);
        assert.equal(await tab.inputValue('#storageLimit'), '0');
    } finally {
        await close();
        await daemons[0].start({ ready: false });
        await noneAt(1);
    }
});

test('what needs a script of the killed daemon is not done without it: the page opens itself at the sibling, and then it is', async () => {
    const open = await openTab(), { tab, close, service } = open;
    try {
        const id = await goesOnAtB(open);
        const refused = await moods(1);
        assert.deepEqual([refused.status, refused.json.code, refused.json.detail], [422, 'platform_unsupported', 'no node has the engine that runs such models, which is pipeline']);
        // The template of a first chat is rendered by a script of its own, of which the service knows nothing.
        const first = await chat(1);
        assert.deepEqual([first.status, first.json.code], [502, 'attempts_exhausted'], first.text);
        assert.match(first.json.failures[0].reason, /^model_fetch_failed: the page's script for chat templates could not be loaded$/);
        const anew = await until(async () => (await nodes(1)).find((one) => one.id !== id && !one.away), { what: 'the new node', timeout: SOON_MS });
        await service(origins[1]);
        assert.equal(await tab.evaluate('location.origin'), origins[1]);
        for (const answer of [await chat(1), await moods(1), await twice(1)]) {
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.json.executed_on.node, anew.id);
        }
    } finally {
        await close();
        if (daemons[0].ended) await daemons[0].start({ ready: false });
        await noneAt(1);
    }
});

for (const [name, [found, start]] of Object.entries(OTHERS)) {
    test(`a page in ${name} goes nowhere but to listed services, and on to the sibling when its own is killed`, { skip: found ? false : `there is no ${name}` }, async () => {
        const trap = await listenAt(), other = await start(found);
        try {
            const open = await openIn(other), { tab, service } = open;
            await tab.goto(link(0, `?node_endpoints=${trap.origin},${origins[1]}`));
            await service(origins[1]);
            await computesAtB();
            assert.ok((await tab.evaluate("document.getElementById('endpoints').textContent")).includes(trap.origin));
            assert.equal(await tab.evaluate(`fetch('${trap.origin}').then(() => 'reached', () => 'refused')`), 'refused');
            assert.deepEqual(trap.came, []);
            await tab.goto('about:blank');
            await noneAt(1);
            await opensItselfAtB(open, await goesOnAtB(open));
        } finally {
            await other.close();
            await trap.close();
            if (daemons[0].ended) await daemons[0].start({ ready: false });
            await noneAt(1);
        }
    });
}

/** The page is to be remembered by the service that its link is for. @param {string} address @param {string} origin of that service */
async function joinRemembered({ tab, is, service }, address, origin) {
    await tab.goto(address);
    await is('asking');
    await tab.check('#remember');
    await tab.click('#start');
    await service(origin);
    await tab.waitForFunction(() => indexedDB.databases().then(({ length }) => length === 1));
}

/** The device that has a node, or had one. */
const deviceAt = (i, isThere = true) => until(async () => (await daemons[i].get('/v1/devices', asRoot)).json.devices.find(({ node }) => (node !== null) === isThere),
    { what: `a device at ${'AB'[i]}`, timeout: SOON_MS });

/** The page joins by its key alone. */
async function startAsDevice({ tab, is, service }) {
    await tab.click('#stop');
    await is('stopped');
    await tab.goto('about:blank');
    await tab.goto(`${origins[0]}/`);
    await is('asking');
    await tab.click('#start');
    await service(origins[0]);
}

/** The page looks once more whether its own origin answers. */
function hasLooked({ came }) {
    const since = performance.now();
    return until(() => came.some((at) => at > since + 1.5 * LOOK_MS), { what: 'it to look again', timeout: SOON_MS });
}

test('a device that both services remember goes on at the sibling, and stays, since its key is for its own origin', async () => {
    const open = await openTab(), { tab, close, service } = open, there = await join(1), here = await join(0);
    let trap;
    try {
        await joinRemembered(open, `${origins[0]}/?node_endpoints=${origins[1]}#token=${there.token}`, origins[1]);
        const { id } = await deviceAt(1);
        await tab.click('#stop');
        await joinRemembered(open, here.url, origins[0]);
        await startAsDevice(open);
        await nodeAt(0);
        assert.equal((await text(0)).status, 200);
        await killA();
        trap = await listenAt(Number(new URL(origins[0]).port));
        const { id: node, device } = await nodeAt(1);
        assert.equal(device, id);
        const answer = await text(1, { node });
        assert.deepEqual([answer.status, answer.json.performance?.warm], [200, true], answer.text);
        assert.equal((await daemons[1].post('/v1/models/abc/unload', {}, asRoot)).status, 202);
        await until(async () => (await nodes(1))[0].models.every(({ state }) => state !== 'loaded'), { what: 'no model', timeout: SOON_MS });
        // A page with a link would open itself at the sibling the next time that it looks.
        await hasLooked(trap);
        // It would also leave for another device, but could not come back from there.
        const deferred = (pattern) => tab.waitForFunction((text) => RegExp(text).test(document.getElementById('device-deferred')?.textContent ?? ''), pattern);
        await tab.selectOption('#preferredDevice', 'cpu');
        await deferred('^The change of the device waits until');
        assert.equal((await hasLooked(trap), await nodeAt(1)).id, node);
        assert.equal((await text(1, { node })).status, 200, 'it works on');
        await tab.selectOption('#preferredDevice', 'high-performance');
        await deferred('^$');
        await trap.close();
        await daemons[0].start({ ready: false });
        await until(async () => (await nodes(1)).some((one) => one.id === node && one.engines.kernels), { what: 'all engines', timeout: SOON_MS });
        await service(origins[1]);
        await tab.selectOption('#preferredDevice', 'cpu');
        await service(origins[0]);
        const back = await nodeAt(0);
        assert.match(back.platforms.webgpu.reason, /lets it compute with the processor only/);
        assert.deepEqual([tab.url(), (await deviceAt(0)).node], [`${origins[0]}/`, back.id]);
    } finally {
        await close();
        await trap?.close();
        if (daemons[0].ended) await daemons[0].start({ ready: false });
        await Promise.all([noneAt(0), noneAt(1)]);
    }
});

test('a device that only its own service remembers waits for it', async () => {
    const open = await openTab(), { close, service } = open;
    try {
        await joinRemembered(open, (await join(0)).url, origins[0]);
        await startAsDevice(open);
        const { id } = await deviceAt(0), from = daemons[1].log.length;
        await killA();
        await until(() => /1008: this device is not remembered/.test(daemons[1].log.slice(from)), { what: 'the sibling to refuse it', timeout: SOON_MS });
        await daemons[0].start({ ready: false });
        await until(async () => (await nodes(0)).some(({ device, away }) => device === id && !away), { what: 'the device', timeout: SOON_MS });
        await service(origins[0]);
        assert.deepEqual(await nodes(1), []);
    } finally {
        await close();
        if (daemons[0].ended) await daemons[0].start({ ready: false });
        await noneAt(0);
    }
});

test('a page that is with a sibling shares a link that works there', async () => {
    const { token } = await join(1, { shareable: true, nodes: 2 }), open = await openTab(), another = await openTab();
    try {
        await open.tab.goto(`${origins[0]}/?node_endpoints=${origins[1]}#token=${token}&start`);
        await open.service(origins[1]);
        await open.tab.click('#share-copy');
        const shared = await open.tab.inputValue('#share-link');
        assert.equal(shared, `${origins[1]}/#token=${token}`);
        await another.tab.goto(shared);
        await another.is('asking');
        await another.tab.click('#start');
        await another.service(origins[1]);
        await until(async () => (await nodes(1)).length === 2, { what: 'both nodes', timeout: SOON_MS });
    } finally {
        await open.close();
        await another.close();
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
    const trap = await listenAt(), { tab, close, reached, service } = await openTab();
    try {
        await tab.goto(link(0, `?node_endpoints=${trap.origin},${origins[1]}`));
        await service(origins[1]); // what is listed is followed
        assert.ok((await tab.textContent('#endpoints')).includes(trap.origin));
        assert.deepEqual([...reached].sort(), [...origins].sort());
        // Not even a page that wants to could: its policy names the listed origins alone.
        assert.equal(await tab.evaluate((url) => fetch(url).then(() => 'reached', () => 'refused'), trap.origin), 'refused');
        assert.deepEqual(trap.came, []);
    } finally {
        await close();
        await trap.close();
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
    const { token } = await join(0), { tab, close, service } = await openTab();
    try {
        await tab.goto(`${origins[0]}/?node_endpoints=${origins[1]},${origins[0]}#token=${token}&start`);
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
