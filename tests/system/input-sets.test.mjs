// tier: quick
/**
 * A place that is trusted with a model is compared again where the inputs have other shapes, or other small whole
 * numbers, by which a graph may branch. And indices that are out of range are nobody's business but the client's.
 *
 * What is right, and what is refused, onnxruntime-node says.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import * as ort from 'onnxruntime-node';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { FLOAT, graph, integerAttribute, INT64, model, node as operator, tensor, value } from '../lib/onnx.mjs';
import { until } from '../lib/wait.mjs';

const longs = (...list) => Buffer.from(new BigInt64Array(list.map(BigInt)).buffer);
const floats = (...list) => Buffer.from(Float32Array.from(list).buffer);

/** y = 3x where the rate is 16000, else 2x: a graph of two branches, as those that hear voices have. */
const branching = model(graph('g', {
    nodes: [operator('Equal', ['rate', 'wide'], ['is_wide']), operator('Where', ['is_wide', 'three', 'two'], ['by']),
        operator('Mul', ['x', 'by'], ['y'])],
    inputs: [value('x', FLOAT, ['n']), value('rate', INT64, [])],
    outputs: [value('y', FLOAT, ['n'])],
    initializers: [tensor('wide', INT64, [], longs(16000)), tensor('two', FLOAT, [], floats(2)),
        tensor('three', FLOAT, [], floats(3))],
}));

/** Rows of a table of 4, by what an index is after `nodes`. */
const lookup = (nodes, { type = 'Gather', attributes = [] } = {}) => model(graph('g', {
    nodes: [...nodes, operator(type, ['table', 'index'], ['y'], { attributes })],
    inputs: [value('ids', INT64, ['b', 'n'])],
    outputs: [value('y', FLOAT, type === 'Gather' ? ['b', 'n', 'm'] : ['b', 'n'])],
    initializers: [tensor('table', FLOAT, [4, 2], floats(1, 2, 3, 4, 5, 6, 7, 8)), tensor('shape', INT64, [2], longs(1, -1))],
}));
const pass = (...types) => types.map((type, i) => operator(type, [i ? `t${i - 1}` : 'ids', ...(type === 'Reshape' ? ['shape'] : [])],
    [i === types.length - 1 ? 'index' : `t${i}`], { attributes: type === 'Cast' ? [integerAttribute('to', 7)] : [] }));
const LOOKUPS = {
    plain: lookup(pass('Identity')), cast: lookup(pass('Cast')), reshaped: lookup(pass('Reshape')),
    all: lookup(pass('Cast', 'Identity', 'Reshape')),
    columns: lookup(pass('Identity'), { attributes: [integerAttribute('axis', 1)] }),
    elements: lookup(pass('Identity'), { type: 'GatherElements' }),
};
const IDS = [[0, 3], [-4, 3], [-1, -2], [1, 1000], [4, 0], [0, -5], [1, 2], [0, 1], [2 ** 40, 0]];

/** A browser that computes as onnxruntime-node does, but for what WebGPU makes of one branch, whatever the values. */
class Branching extends FakeNode {
    asked = { wasm: 0, webgpu: 0 };
    wrong = new Set([16000]);

    announce() {
        super.announce({ capabilities: { ...capabilities, platforms: { ...capabilities.platforms,
            webgpu: { available: true, adapter: { vendor: 'acme', architecture: '', description: '', is_fallback: false } } } } });
    }

    onTask = async (task) => {
        const [platform] = task.message.data.platforms;
        this.asked[platform]++;
        const [x, rate] = ['x', 'rate'].map((name) => task.tensors.find((one) => one.name === name));
        const hertz = Number(Buffer.from(rate.bytes).readBigInt64LE());
        const values = new Float32Array(Uint8Array.from(x.bytes).buffer);
        const y = await right(values, platform === 'webgpu' && this.wrong.has(hertz) ? 1 - hertz : hertz);
        const off = platform === 'webgpu' && this.wrong.has(hertz) ? y.map((one) => one + 1) : y;
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: x.shape, bytes: Buffer.from(Float32Array.from(off).buffer) }],
            data: { executed_on: { platform, engine: 'ort', precision: 'fp32', adapter: null, fallbacks: [], simulated: false } } });
    };
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-sets-'));
const driver = new FakeDriver(path.join(folder, 'driver'));
/** @type {Daemon} */
let daemon;
/** @type {Branching} */
let node;
/** @type {ort.InferenceSession} */
let session;
let opened = 0;
const test = testsOf(() => daemon);

async function right(values, hertz) {
    const { y } = await session.run({ x: new ort.Tensor('float32', values, [values.length]),
        rate: new ort.Tensor('int64', BigInt64Array.of(BigInt(hertz)), []) });
    return /** @type {Float32Array} */ (y.data);
}

const put = (name, content) => {
    fs.mkdirSync(path.join(daemon.store, name), { recursive: true });
    fs.writeFileSync(path.join(daemon.store, name, 'model.onnx'), content);
};

async function start() {
    daemon = new Daemon({ models: [], folder: path.join(folder, 'daemon'), keep: true,
        config: { 'browser.chrome': driver.config, pool: { recheck: '0%', exploration: '0%' } } });
    put('branching', branching);
    for (const [name, content] of Object.entries(LOOKUPS)) put(name, content);
    await daemon.start({ ready: false });
    const urls = await until(() => driver.pageUrls.length > opened && driver.pageUrls, { what: 'a page to be opened', timeout: 60_000 });
    opened = urls.length;
    node = new Branching(urls.at(-1));
    await node.join();
    await daemon.ready();
}

before(async () => {
    session = await ort.InferenceSession.create(branching);
    await start();
});
after(async () => {
    await node.close();
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** @returns {Promise<{numerics: string, platform: string, y: number[]}>} */
async function ask(length, hertz, more = { platform: 'webgpu', fallback: false }) {
    const data = Array.from({ length }, (_, i) => i + 1);
    const { status, json, text } = await daemon.infer({ model_name: 'branching', ...more, inputs: [
        { name: 'x', datatype: 'FP32', shape: [length], data }, { name: 'rate', datatype: 'INT64', shape: [], data: [hertz] }] });
    assert.equal(status, 200, text);
    return { ...json.executed_on, y: json.outputs[0].data };
}

const verdicts = async () => (await daemon.get('/v1/models/branching')).json.numerics.verdicts;
const found = (check, what) => until(async () => (await verdicts()).find(check), { what });
const wrongOnes = async () => (await verdicts()).filter(({ verdict, scope }) => verdict === 'wrong' && scope === 'input');
const expected = async (length, hertz) => [...await right(Float32Array.from({ length }, (_, i) => i + 1), hertz)];

test('another branch is not ok because one was: it is compared, and condemned for these inputs alone', async () => {
    assert.equal((await ask(4, 8000)).numerics, 'unchecked');
    const trusted = await found(({ verdict }) => verdict === 'trusted', 'the first branch to be trusted');
    assert.equal(trusted.scope, 'model');
    assert.equal(trusted.input.shapes, 'x FP32 [4], rate INT64 []');
    const first = await ask(4, 8000);
    assert.equal(first.numerics, 'ok');
    assert.deepEqual(first.y, await expected(4, 8000));

    const other = await ask(4, 16000);
    assert.notDeepEqual(other.y, await expected(4, 16000));
    assert.equal(other.numerics, 'unchecked');
    const wrong = await found(({ verdict }) => verdict === 'wrong', 'the other branch to be compared');
    assert.deepEqual([wrong.scope, wrong.platform, wrong.input.shapes], ['input', 'webgpu', 'x FP32 [4], rate INT64 []']);
    assert.notEqual(wrong.input.hash, trusted.input.hash);
    assert.equal((await ask(4, 16000)).numerics, 'wrong');
    assert.equal((await ask(4, 8000)).numerics, 'ok');
});

test('auto avoids the place for these inputs, and uses it for others', async () => {
    for (let i = 0; i < 3; i++) {
        const ran = await ask(4, 16000, {});
        assert.deepEqual([ran.platform, ran.numerics], ['wasm', 'ok']);
        assert.deepEqual(ran.y, await expected(4, 16000));
    }
    await until(async () => (await ask(4, 8000, {})).platform === 'webgpu', { what: 'WebGPU to be used' });
});

test('auto compares new inputs too, beside the client: one run on WASM for each, once', async () => {
    for (const length of [5, 6]) {
        const { wasm } = node.asked;
        await until(async () => (await ask(length, 8000, {})).platform === 'webgpu', { what: 'WebGPU to be used' });
        await until(async () => (await ask(length, 8000)).numerics === 'ok', { what: 'the new shape to be compared' });
        assert.ok(node.asked.wasm > wasm);
    }
    const { wasm } = node.asked;
    for (const length of [5, 6, 5, 6]) assert.equal((await ask(length, 8000)).numerics, 'ok');
    assert.equal(node.asked.wasm, wasm);
});

test('it survives a restart, and the third wrong one condemns the place for the model', async () => {
    const [before] = await wrongOnes();
    await node.close();
    await daemon.stop();
    await start();
    assert.deepEqual(await wrongOnes(), [before]);
    assert.equal((await ask(4, 16000)).numerics, 'wrong');
    assert.equal((await ask(4, 8000)).numerics, 'ok');
    await ask(5, 16000);
    await until(async () => (await wrongOnes()).length === 2, { what: 'the second' });
    assert.equal((await ask(4, 8000)).numerics, 'ok');
    await ask(6, 16000);
    await found(({ verdict, scope }) => verdict === 'wrong' && scope === 'model', 'the third');
    assert.equal((await ask(4, 8000)).numerics, 'wrong');
    assert.equal((await ask(4, 8000, {})).platform, 'wasm');
});

test('indices: onnxruntime and the service refuse the same ones, on every platform, before a browser is asked', async () => {
    let asked = 0;
    node.onTask = (task) => {
        asked++;
        node.fail(task, { code: 'inference_failed', message: 'it was asked' });
    };
    for (const [name, content] of Object.entries(LOOKUPS)) {
        const reference = await ort.InferenceSession.create(content);
        for (const ids of IDS) {
            const refused = await reference.run({ ids: new ort.Tensor('int64', BigInt64Array.from(ids.map(BigInt)), [1, 2]) })
                .then(() => false, () => true);
            for (const platform of ['wasm', 'webgpu']) {
                const before = asked;
                const { status, json } = await daemon.infer({ model_name: name, platform, fallback: false,
                    inputs: [{ name: 'ids', datatype: 'INT64', shape: [1, 2], data: ids }] });
                assert.equal(json.code === 'input_invalid', refused, `${name} ${platform} [${ids}]: ${status} ${JSON.stringify(json)}`);
                assert.equal(asked === before, refused);
                if (!refused) continue;
                const size = name === 'columns' ? 2 : 4, at = ids.findIndex((one) => one < -size || one >= size);
                assert.deepEqual([status, json.field, json.expected], [422, `inputs[0].data[${at}]`, `from ${-size} to ${size - 1}`]);
            }
        }
        await reference.release();
    }
});
