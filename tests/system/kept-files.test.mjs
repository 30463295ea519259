// tier: full
/** A page that joined fetches no byte of a model twice, by the daemon's own count; a session of the daemon's keeps nothing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { load } from '../lib/cases.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { evaluated } from '../lib/devtools.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { values } from '../lib/kserve.mjs';
import { external, putExternal } from '../lib/onnx.mjs';
import { root } from '../lib/paths.mjs';
import { mentioning } from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { embedder } from '../page/support/folders.mjs';

const SOON_MS = 60_000;
const X = [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }];

/** @type {Daemon} */
let daemon;
let browser;
const test = testsOf(() => daemon);

before(async () => {
    browser = await launch();
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off', strangers: 'text' }, 'browser.chrome': { max_connections: 0 } } });
    const { graph, files } = external();
    put(daemon, 'outside', { 'model.onnx': graph, ...files });
    put(daemon, 'vectors', embedder());
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    await daemon.start({ ready: false });
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

function put(service, name, files) {
    for (const [file, bytes] of Object.entries(files)) {
        const place = path.join(service.store, name, file);
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.writeFileSync(place, bytes);
    }
}

/** Bytes of models that the bridge has sent. */
const sent = () => daemon.metric('webinfer_cache_fetched_bytes_total', '{level="disk"}');

/** What the models answer, and in which node. */
async function answers() {
    const ask = async (wish) => {
        const answer = await daemon.post('/v1/infer', { ...wish, timeout_ms: 60_000 });
        assert.equal(answer.status, 200, answer.text);
        return answer.json;
    };
    const sum = await ask({ model_name: 'outside', inputs: X });
    const text = await ask({ model_name: 'abc', inputs: 'abc', options: { temperature: 0, max_tokens: 5 } });
    const vector = await ask({ model_name: 'vectors', inputs: ['bad', 'bad rome bad'] });
    assert.deepEqual(sum.outputs[0].data, [8, 6, 4, 2]);
    assert.match(JSON.stringify(text), /"defgh"/);
    return { node: sum.executed_on.node, warm: sum.performance.warm, vector: vector.outputs[0].data };
}

test('a page that joined and is loaded anew fetches no byte of a model again', async () => {
    const { url } = (await daemon.post('/v1/admin/join', { nodes: 5, start: true })).json;
    const { tab, close } = await browser.openTab([]);
    try {
        const open = async (before) => {
            await tab.goto('about:blank');
            await until(async () => (await daemon.get('/v1/nodes')).json.nodes.every(({ id }) => id !== before), { what: 'it has left' });
            await tab.goto(url);
            await daemon.ready();
        };
        await open();
        const first = await answers();
        const bytes = await sent();
        assert.ok(bytes > 0);
        // What the browser keeps of all that it fetches is not what is looked at here.
        await (await tab.context().newCDPSession(tab)).send('Network.clearBrowserCache');
        await open(first.node);
        const second = await answers();
        assert.notEqual(second.node, first.node);
        assert.equal(second.warm, false);
        assert.deepEqual(second.vector, first.vector);
        assert.equal(await sent(), bytes);
    } finally {
        await close();
    }
});

/** A Chromium whose profile stays when it is killed. */
async function openProfile(profile) {
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], env: { ...process.env, HOME: profile } });
    const page = context.pages()[0] ?? await context.newPage();
    page.setDefaultTimeout(SOON_MS);
    return { context, page };
}

/** Script text of a worker, which keeps pieces of a file as the page's engines do. */
const WRITER = `import { Store } from './store.js';
onmessage = async ({ data: { file, pieces } }) => {
    const writing = await new Store(2 ** 34).begin(file);
    for (const [at, text] of pieces) {
        writing.write(at, Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
        await new Promise((resolve) => setTimeout(resolve, 300)); // it notes at most so often
    }
};`;

/** A worker writes these pieces of a file into what the page keeps; settles once the note lists them.
 * @param {{context: any, page: any}} browser @param {{hash: string, bytes: number}} file @param {[number, Buffer][]} pieces */
async function keepPieces({ context, page }, file, pieces, note) {
    await context.route('**/part/**', (route) => {
        const name = new URL(route.request().url()).pathname.slice('/part/'.length);
        const body = name === 'engine/writer.js' ? WRITER : fs.readFileSync(path.join(root, 'page/src', name), 'utf8');
        return route.fulfill({ body, contentType: 'text/javascript', headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' } });
    });
    await page.goto(daemon.bridgeUrl);
    await page.evaluate(([wanted, texts]) => {
        globalThis.writer = new Worker('/part/engine/writer.js', { type: 'module' });
        globalThis.writer.postMessage({ file: wanted, pieces: texts });
    }, [file, pieces.map(([at, bytes]) => [at, bytes.toString('base64')])]);
    await until(async () => (await noteOf(page, file.hash)).endsWith(` ${note}`), { what: 'the note', timeout: SOON_MS });
}

const noteOf = (page, hash) => page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    return (await (await folder.getFileHandle(name)).getFile()).text();
}, `${hash}.note`).catch(() => '');

const lengthOf = (page, hash) => page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    return (await (await folder.getFileHandle(name)).getFile()).size;
}, hash);

test('the last block first, and SIGKILL: the file is not taken for whole, and only what is missing is fetched', async () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-kept-')), LEAF = 1 << 20;
    putExternal(path.join(daemon.store, 'large'), 9 * LEAF);
    const files = ['model.onnx', 'w.bin', 'parts/v.data'].map((name) => fs.readFileSync(path.join(daemon.store, 'large', name))), [, weights] = files;
    const file = { hash: createHash('sha256').update(weights).digest('hex'), bytes: weights.length };
    const pieceAt = (index) => [index * LEAF, weights.subarray(index * LEAF, (index + 1) * LEAF)];
    let browser = await openProfile(profile);
    try {
        await keepPieces(browser, file, [pieceAt(9), pieceAt(4)], '1002');
        assert.equal(await lengthOf(browser.page, file.hash), file.bytes, 'it looks whole');
        for (const { pid } of mentioning(profile)) process.kill(pid, 'SIGKILL');
        await until(() => mentioning(profile).length === 0, { what: 'its end' });
        await browser.context.close().catch(() => {});

        browser = await openProfile(profile);
        const before = await sent(), { url } = (await daemon.post('/v1/admin/join', { nodes: 5, start: true })).json;
        await browser.page.goto(url);
        await daemon.ready();
        const answer = await daemon.post('/v1/infer', { model_name: 'large', inputs: X, timeout_ms: SOON_MS });
        assert.deepEqual([answer.status, answer.json.outputs?.[0].data], [200, [8, 6, 4, 2]], answer.text);
        const all = files.reduce((sum, { length }) => sum + length, 0);
        assert.equal(await sent() - before, all - LEAF - pieceAt(9)[1].length);
        assert.match(await noteOf(browser.page, file.hash), / whole$/);
    } finally {
        await browser.context.close().catch(() => {});
        await until(async () => (await daemon.get('/v1/nodes')).json.nodes.length === 0, { what: 'no node', timeout: SOON_MS });
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
});

test('a session of the daemon\'s keeps nothing', async () => {
    // The port for debugging is for everybody there.
    await withDaemon({ models: ['op_add'], config: { pool: { network: 'host' } } }, async (own) => {
        const inputs = load('op_add').inputs.map(({ bytes, ...input }) => ({ ...input, data: [...values(input.datatype, bytes)] }));
        const answer = await own.post('/v1/infer', { model_name: 'op_add', inputs });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(await evaluated(own.temporary, `navigator.storage.getDirectory().then(async (root) => {
            const names = [];
            for await (const name of root.keys()) names.push(name);
            return JSON.stringify(names);
        })`), []);
    });
});
