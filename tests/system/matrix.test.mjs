// tier: full
/** /v1/matrix and webinfer matrix: what real browsers can do, found by doing it, and nodes that answer what they like. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { edge, safari } from '../lib/browsers.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { evaluated } from '../lib/devtools.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { until } from '../lib/wait.mjs';

const KINDS = ['chrome', 'edge', 'firefox', 'safari'];

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ config: {
        pool: { max_connections: 4, network: 'host' }, // where the port for debugging is for everybody
        bridge: { resume_grace: '30s' },
        'browser.edge': edge(), 'browser.firefox': { max_connections: 1 }, 'browser.safari': safari(),
    } }).start();
});
after(() => daemon.stop());

const matrix = async (query = '') => (await daemon.get(`/v1/matrix${query}`)).json;
const ask = (want) => daemon.post('/v1/matrix', want);
const columnOf = ({ browsers }, kind) => browsers.find(({ browser }) => browser === kind);
const echo = (browser, value) => daemon.post('/v1/infer', { model_name: 'builtin/echo', browser,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [value] }] });

/** Each of its cells is of the three forms, and says why not. */
function isWhole({ features, browsers }) {
    for (const { browser, state, features: found } of browsers) {
        assert.equal(state, 'done', browser);
        assert.deepEqual(Object.keys(found), features.map(({ name }) => name));
        for (const [name, cell] of Object.entries(found)) {
            assert.match(cell.state, /^(?:yes|software|no)$/);
            assert.ok(cell.state !== 'no' || cell.detail, `${browser} ${name}`);
        }
    }
}

/** What one of the daemon's two Chromiums says itself, and its version, by its debugging protocol. */
function saidByChromium() {
    return evaluated(daemon.temporary, `(async () => {
        const adapter = await navigator.gpu?.requestAdapter();
        const version = /Chrome\\/(\\d+)\\./.exec(navigator.userAgent)[1];
        return JSON.stringify({ version, webgpu: !!adapter, webgpu_f16: !!adapter?.features.has('shader-f16'),
            webgpu_subgroups: !!adapter?.features.has('subgroups'), webgpu_timestamps: !!adapter?.features.has('timestamp-query'),
            webgl2_document: !!document.createElement('canvas').getContext('webgl2'), webnn: 'ml' in navigator,
            wasm_threads: crossOriginIsolated, wasm_jspi: 'Suspending' in WebAssembly });
    })()`);
}

test('real browsers find what they can do, beside work, and the client shows it', async () => {
    for (const kind of KINDS.filter((one) => one !== 'edge')) assert.equal((await echo(kind, 1)).status, 200, kind);
    assert.equal((await echo('edge', 1)).status, 200);
    const before = await matrix();
    assert.deepEqual(KINDS.map((kind) => [columnOf(before, kind).state, columnOf(before, kind).features]), KINDS.map(() => ['unasked', null]));
    const html = path.join(daemon.folder, 'matrix.html');
    const showing = webinfer(daemon, ['matrix', '--json'], { timeout: 300_000 });
    const beside = await Promise.all(Array.from({ length: 12 }, (_, i) => echo(KINDS[i % 4], i)));
    beside.forEach(({ status, json }, i) => assert.deepEqual([status, json.outputs[0].data], [200, [i]]));
    const { code, out, problems } = await showing, told = [];
    const shown = JSON.parse(out, (name, value) => (name === 'advice' ? void told.push(value) : value));
    assert.equal(code, 0, problems);
    isWhole(shown);
    const here = ({ browsers }) => browsers.map((column) => ({ ...column, where: null }));
    assert.deepEqual(here(await matrix()), shown.browsers);
    for (const kind of KINDS) assert.match(problems, new RegExp(`^webinfer: ${kind} [\\d.]+ is tested$`, 'm'));
    assert.deepEqual(shown.browsers.map(({ browser }) => browser).sort(), KINDS);
    const { version, ...said } = await saidByChromium();
    const { features } = shown.browsers.find(({ browser_version: whole }) => whole.startsWith(`${version}.`));
    for (const [name, is] of Object.entries(said)) assert.equal(features[name].state !== 'no', is, `${name}: ${features[name].detail}`);
    for (const kind of KINDS) assert.deepEqual([columnOf(shown, kind).features.int8_wasm.state, columnOf(shown, kind).features.wasm_simd.state], ['yes', 'yes']);
    assert.match(columnOf(shown, 'edge').features.webnn.detail, /^on the /);
    const table = await webinfer(daemon, ['matrix', '--found', '--browser', 'firefox']);
    assert.equal(table.code, 0, table.problems);
    assert.match(table.out, /^FEATURE +firefox \d+\n/);
    assert.match(table.out, /\nWASM SIMD +yes\n/);
    assert.match(table.out, /\nfirefox \d+ +WebNN +no +navigator\.ml is missing.* only browsers of the family chromium have it/);
    assert.match(table.out, /\nfirefox +[\d.]+ +here +20\d\d-/);
    assert.equal((await webinfer(daemon, ['matrix', '--found', '--html', html])).code, 0);
    const [, json] = /id="run">(.*?)<\/script>/s.exec(fs.readFileSync(html, 'utf8'));
    const advised = [], { matrix: written } = JSON.parse(json, (name, value) => (name === 'advice' ? void advised.push(value) : value));
    assert.deepEqual(written, shown);
    assert.deepEqual(advised, told);
    assert.ok(advised.some((one) => /only browsers of the family chromium have it/.test(one)), String(advised));
});

test('what is not there cannot be asked', async () => {
    const wrong = await ask({ node: 'node-0000000000000000' });
    assert.deepEqual([wrong.status, wrong.json.code, wrong.json.field], [404, 'node_not_found', 'node']);
    for (const { status, json } of [await ask({ browser: 'netscape' }), await daemon.get('/v1/matrix?browser=netscape')])
        assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'browser']);
    assert.equal((await ask({ nodes: 1 })).status, 400);
    assert.deepEqual((await matrix('?node=node-0000000000000000')).browsers, []);
    for (const [words, exit, said] of [
        [['--browser', 'netscape'], 1, /not a kind of browser here[^]*allowed: chrome/], [['--node', 'node-0000000000000000'], 1, /node_not_found/],
        [['--start', '--browser', 'netscape'], 2, /no browser kind "netscape"/], [['--found', '--html', '/nowhere/x'], 2, /\/nowhere\/x cannot be written/],
    ]) {
        const { code, problems } = await webinfer(daemon, ['matrix', ...words]);
        assert.equal(code, exit, `${words}: ${problems}`);
        assert.match(problems, said);
    }
});

/** A node that joins, and its column. */
async function joined(label) {
    const { json: { url } } = await daemon.post('/v1/admin/join', { nodes: 1, label });
    const node = await new FakeNode(url).join();
    return { node, column: async () => (await matrix(`?node=${node.id}`)).browsers[0] };
}
const queries = (node) => node.received.filter(({ message: { type } }) => type === 'capability_query').map(({ message }) => message);

test('a node that joined is asked once at a time, and what it says is bounded', async () => {
    const { node, column } = await joined('Pixel 8');
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask({ node: node.id })));
    assert.ok(answers.every(({ status, json }) => status === 202 && json.browsers[0].state === 'asked'));
    await until(() => queries(node).length === 1, { what: 'the question' });
    const report = { capabilities: node.capabilities, reply_to: queries(node)[0].id };
    node.send('capability_report', { ...report, reply_to: 's-0', features: {} }); // of no question
    node.send('capability_report', { capabilities: node.capabilities });
    node.send('capability_report', { ...report, features: { webgpu: { state: 'yes', detail: `<img>\u0007${'x'.repeat(9000)}` }, future: 7 } });
    await until(async () => (await column()).state === 'done', { what: 'its answer' });
    const { features, joined: isJoined } = await column();
    assert.ok(features.webgpu.detail.startsWith('<img>') && features.webgpu.detail.length <= 256);
    assert.deepEqual([features.future, isJoined, features.webnn.state], [undefined, true, 'no']);
    const table = await webinfer(daemon, ['matrix', '--found']);
    assert.match(table.out, /^FEATURE .*, Pixel 8(?: .*)?$/m, table.problems);
    assert.match(table.out, /^\w+ +\S+ +Pixel 8 +20\d\d-\d\d-\d\dT/m);
    assert.equal(queries(node).length, 1);
    assert.equal((await ask({ node: node.id })).status, 202);
    await until(() => queries(node).length === 2, { what: 'another question' });
    node.send('capability_report', { capabilities: node.capabilities, reply_to: queries(node)[1].id });
    await until(async () => (await column()).state === 'failed', { what: 'the failure' });
    assert.equal((await column()).reason, 'it tries no features');
    await node.close();
});

test('a node that answers in another form is closed, and asked again when it is back', async () => {
    const { node, column } = await joined();
    await ask({ node: node.id });
    await until(() => queries(node).length === 1, { what: 'the question' });
    node.send('capability_report', { capabilities: node.capabilities, reply_to: queries(node)[0].id, features: { webgpu: { state: 'perhaps' } } });
    const { code, reason } = await node.gone();
    assert.equal(code, 1008);
    assert.match(reason, /data\.features\.webgpu\.state/);
    assert.equal((await column()).state, 'asked');
    assert.equal((await node.resume()).type, 'welcome');
    await until(() => queries(node).length === 2, { what: 'the question again' });
    node.send('capability_report', { capabilities: node.capabilities, reply_to: queries(node)[1].id, features: {} });
    await until(async () => (await column()).state === 'done', { what: 'its answer' });
    await node.close();
});

test('without a daemon the client starts the browsers itself', async () => {
    const config = path.join(daemon.folder, 'own.conf');
    fs.writeFileSync(config, `[bridge]\npage = ${daemon.config.bridge.page}\n[models]\ndirectory = ${daemon.store}\n[browser.edge]\nmax_connections = 0\n`);
    const { code, json, problems } = await webinfer(daemon, ['matrix', '--start', '--config', config, '--browser', 'chrome', '--json'],
        { env: { WEBINFER_URL: 'http://127.0.0.1:9' }, timeout: 300_000 });
    assert.equal(code, 0, problems);
    isWhole(json);
    assert.equal(json.browsers[0].node, null);
    const absent = await webinfer(daemon, ['matrix', '--start', '--config', config, '--browser', 'edge', '--json'],
        { env: { XDG_STATE_HOME: path.join(daemon.folder, 'nothing-kept') } });
    assert.deepEqual(absent.json.browsers.map(({ state, reason }) => [state, reason]), [['absent', 'its max_connections is 0']]);
});

test('kinds that have no browser are started, what is not there is one line, and what others have found stands beside', async () => {
    const own = await new Daemon({ config: { pool: { min_connections: 0 }, 'browser.edge': { max_connections: 0 },
        'browser.firefox': { max_connections: 1 }, 'browser.safari': { max_connections: 0 } } }).start({ ready: false });
    try {
        const { code, out, problems } = await webinfer(own, ['matrix', '--browser', 'firefox'], { timeout: 300_000 });
        assert.equal(code, 0, problems);
        assert.match(problems, /^webinfer: firefox is started\nwebinfer: firefox [\d.]+ is tested$/m);
        assert.match(out, /^FEATURE +firefox \d+\n/);
        const { json } = await webinfer(own, ['matrix', '--found', '--browser', 'firefox', '--json']);
        const file = path.join(own.folder, 'pixel.json');
        fs.writeFileSync(file, JSON.stringify({ ...json, browsers: json.browsers.map((column) => ({ ...column, browser: 'chrome', browser_version: '150.0.1' })) }));
        assert.equal((await webinfer(own, ['matrix', '--import', file, '--from', 'Pixel 8'])).code, 0);
        const all = await webinfer(own, ['matrix', '--found']);
        assert.match(all.out, /^FEATURE +firefox \d+ +chrome 150, Pixel 8\n/, all.out);
        assert.match(all.out, /\nchrome +150\.0\.1 +Pixel 8 +20\d\d-/);
        assert.match(all.out, /\nnot here: .*edge \(its max_connections is 0\).*\n$/);
        const none = await webinfer(own, ['matrix', '--import', file]);
        assert.equal(none.code, 2);
        assert.match(none.problems, /--import needs --from NAME/);
    } finally {
        await own.stop();
    }
});
