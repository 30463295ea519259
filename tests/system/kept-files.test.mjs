// tier: full
/** A page that joined fetches no byte of a model twice, by the daemon's own count; a session of the daemon's keeps nothing. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { load } from '../lib/cases.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { evaluated } from '../lib/devtools.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { values } from '../lib/kserve.mjs';
import { external } from '../lib/onnx.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { embedder } from '../page/support/folders.mjs';

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
