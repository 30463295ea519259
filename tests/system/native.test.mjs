// tier: full
/** tools/native-node.mjs: onnxruntime-node as a node of the platform native, beside a browser whose WASM it is held against. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

const script = fileURLToPath(new URL('../../tools/native-node.mjs', import.meta.url));
/** The guard's, of models that compute in 32 bits (src/owners/check/compare.c): of the value, and of the largest in its tensor. */
const OF_VALUE = 1e-3, OF_LARGEST = 1e-4;

/** @type {Daemon} */
let daemon;
/** @type {NativeNode} */
let node;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['digits', 'twice'], config: { pool: { max_connections: 1 } } }).start();
    const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
    node = new NativeNode([json.url, '--threads', '2']);
    await node.says(/^connected node-/m);
});
after(async () => {
    node?.child.kill('SIGKILL');
    await daemon.stop();
});

class NativeNode {
    said = '';

    constructor(args, env = process.env) {
        this.child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.said += text));
        this.ended = new Promise((resolve) => this.child.on('exit', (code, signal) => resolve(code ?? signal)));
    }

    says(words) {
        return until(() => {
            if (this.child.exitCode !== null && !this.said.match(words)) throw new Error(`it ended: ${this.said}`);
            return this.said.match(words);
        }, { what: String(words), timeout: 20_000 * patience });
    }
}

const digits = (seed) => [{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28],
    data: Array.from({ length: 784 }, (_, i) => ((i * (seed + 3)) % 17) / 17) }];
const ask = async (platform, inputs, more = {}) => {
    const { status, json, text } = await daemon.infer({ model_name: 'digits', inputs, platform, fallback: false, ...more });
    assert.equal(status, 200, text);
    assert.equal(json.executed_on.platform, platform);
    return json;
};

/** That each value is within the guard's tolerance of the other's. */
function assertAlike(got, wanted) {
    assert.deepEqual(got.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
        wanted.map(({ name, datatype, shape }) => ({ name, datatype, shape })));
    for (const [at, { data }] of wanted.entries()) {
        const largest = Math.max(...data.map(Math.abs));
        for (const [i, value] of data.entries()) {
            const off = Math.abs(got[at].data[i] - value);
            assert.ok(off <= OF_VALUE * Math.abs(value) + OF_LARGEST * largest, `${wanted[at].name}[${i}] is off by ${off}`);
        }
    }
}

test('it answers what WASM answers, and says what it is', async () => {
    const native = await ask('native', digits(0)), wasm = await ask('wasm', digits(0));
    assertAlike(native.outputs, wasm.outputs);
    assert.deepEqual(native.result.labels.map(({ label }) => label), wasm.result.labels.map(({ label }) => label));
    const { executed_on: ran } = native;
    assert.deepEqual([ran.browser, ran.engine, ran.precision, ran.adapter, ran.simulated], ['node', 'ort', 'fp32', null, false]);
    assert.match(ran.browser_version, /^\d+\./);
    assert.equal((await ask('native', digits(0))).performance.warm, true);
});

test('twelve at once, beside as many in the browser, are answered as each alone', async () => {
    const alone = [];
    for (let seed = 0; seed < 12; seed++) alone.push(await ask('native', digits(seed)));
    const [native, wasm] = await Promise.all(['native', 'wasm'].map((platform) =>
        Promise.all(alone.map((_, seed) => ask(platform, digits(seed))))));
    for (const [seed, { outputs }] of alone.entries()) {
        assert.deepEqual(native[seed].outputs, outputs);
        assertAlike(outputs, wasm[seed].outputs);
    }
});

test('a benchmark there is on the threads that it asks for', async () => {
    const hashes = new Set();
    for (const threads of [1, 'all', 1]) {
        const { status, json, text } = await daemon.post('/v1/benchmark',
            { model_name: 'digits', inputs: digits(1), runs: 3, platform: 'native', threads });
        assert.equal(status, 200, text);
        assert.deepEqual([json.executed_on.platform, json.result.run_ms.length, json.result.threads], ['native', 3, threads === 1 ? 1 : 2]);
        assertAlike(json.outputs, (await ask('wasm', digits(1))).outputs);
        hashes.add(json.result.output_hash);
    }
    const wrong = await daemon.post('/v1/benchmark', { model_name: 'digits', platform: 'webgpu', threads: 1 });
    assert.deepEqual([wrong.status, wrong.json.code, wrong.json.field, wrong.json.expected],
        [400, 'invalid_field', 'threads', 'the platform wasm or native, or no threads']);
});

test('what it cannot do it says', async () => {
    const picture = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
    const { status, json, text } = await daemon.infer({ model_name: 'digits', inputs: { image: picture }, platform: 'native', fallback: false });
    assert.deepEqual([status, json.code], [422, 'platform_unsupported'], text);
    assert.match(json.detail, /decodes no pictures/);
});

test('webinfer bench --native starts one of its own, against which the speed-ups are', async () => {
    const { code, problems } = await webinfer(daemon, ['bench', 'digits', '--native', '--browser', 'chrome', '--platform', 'wasm', '--runs', '2'],
        { env: { WEBINFER_NODE_MODULES: process.env.WEBINFER_NODE_MODULES }, timeout: 240_000 });
    assert.equal(code, 0, problems);
    const { cells } = (await daemon.get(`/v1/results/${/run-[0-9a-f]{16}/.exec(problems)[0]}`)).json;
    const measured = cells.filter(({ yardstick, platform }) => !yardstick && platform === 'wasm');
    assert.deepEqual(measured.map(({ clock, threads }) => [clock, threads]).sort(), [['client', undefined], ['page', 'all'], ['page', 1]].sort());
    for (const { baseline, clock, threads } of measured) {
        const native = cells.find(({ index }) => index === baseline);
        assert.deepEqual([native.platform, native.outcome, native.clock, native.threads], ['native', 'ok', clock, threads]);
        assert.ok(native.error_ratio <= 1, JSON.stringify(native));
    }
    for (const cell of cells.filter(({ platform, yardstick }) => platform === 'native' || yardstick)) assert.equal(cell.baseline, undefined);
    await until(async () => (await daemon.get('/v1/nodes')).json.nodes.filter(({ browser }) => browser === 'node').length === 1, { what: 'its node to be gone' });
});

test('it sends large answers in pieces, goes when it is told to, and says why it does not begin', async () => {
    const large = Array.from({ length: 1 << 20 }, (_, i) => i % 100);
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [large.length], data: large }];
    const { status, json, text } = await daemon.infer({ model_name: 'twice', inputs, platform: 'native', fallback: false });
    assert.equal(status, 200, text);
    assert.deepEqual(json.outputs[0].data, large.map((x) => 2 * x));
    node.child.kill('SIGTERM');
    assert.equal(await node.ended, 0, node.said);
    const gone = await daemon.infer({ model_name: 'digits', inputs: digits(0), platform: 'native', fallback: false });
    assert.deepEqual([gone.status, gone.json.code], [422, 'platform_unsupported'], gone.text);
    const again = new NativeNode([`${daemon.bridgeUrl}/#token=join-nobody-has-it`]);
    assert.equal(await again.ended, 1, again.said);
    assert.match(again.said, /^refused/m);
    for (const wrong of [[], [`${daemon.bridgeUrl}/#token=x`, '--threads', '0']]) {
        const one = new NativeNode(wrong);
        assert.equal(await one.ended, 2, one.said);
        assert.match(one.said, /^native-node: /);
    }
});

test('where its packages are missing, it says what to install', async () => {
    const one = new NativeNode([`${daemon.bridgeUrl}/#token=x`], { PATH: process.env.PATH });
    assert.equal(await one.ended, 2, one.said);
    assert.match(one.said, /^native-node: not installed: ws, onnxruntime-node; \.\/dev setup installs/);
    assert.equal(one.said.trim().split('\n').length, 1, 'a sentence, and no stack trace');
});
