// tier: quick
/** POST /v1/infer as users meet it: echo, tensors in JSON and binary, pictures, what answers say. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { hasDigits, skipDigits } from '../lib/paths.mjs';
import { picture } from '../lib/picture.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice', 'slow', ...(hasDigits ? ['digits'] : [])] }).start();
});
after(() => daemon.stop());

const twice = (data, more = {}) => daemon.infer({ model_name: 'twice', ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length], data }] });

test('the echo gives back what it got, and says so in every promised field', async () => {
    const asked = { id: 'mine-1', model_name: 'builtin/echo', inputs: [
        { name: 'a', datatype: 'FP32', shape: [2, 2], data: [1.5, -2, 0.1, 3e38] },
        { name: 'b', datatype: 'INT64', shape: [1], data: [9007199254740993n.toString()] }] };
    // JSON.stringify cannot write such integers as numbers, so the text is made by hand.
    const text = JSON.stringify(asked).replace('"9007199254740993"', '9007199254740993');
    const answer = await daemon.infer(text, { headers: { 'Content-Type': 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.text, /9007199254740993/, 'INT64 keeps all its digits');
    assert.match(answer.text, /0\.1[,\]]/, 'FP32 is printed shortest');
    const { json } = answer;
    assert.equal(json.id, 'mine-1');
    assert.equal(json.model_name, 'builtin/echo');
    assert.equal(json.model_type, null);
    assert.deepEqual(json.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })), [
        { name: 'a', datatype: 'FP32', shape: [2, 2] },
        { name: 'b', datatype: 'INT64', shape: [1] }]);
    const ran = json.executed_on;
    for (const field of ['node', 'browser', 'browser_version', 'platform', 'engine'])
        assert.equal(typeof ran[field], 'string', `executed_on.${field}`);
    assert.equal(ran.browser, 'chrome');
    assert.equal(ran.simulated, false);
    assert.ok('adapter' in ran && 'precision' in ran);
    assert.deepEqual(ran.fallbacks, []);
    for (const field of ['queue_ms', 'load_ms', 'inference_ms', 'total_ms'])
        assert.ok(json.performance[field] >= 0, `performance.${field}`);
    assert.equal(json.performance.attempts, 1);
    assert.equal(typeof json.performance.warm, 'boolean');
    assert.ok(json.performance.total_ms >= json.performance.queue_ms);
    assert.ok(answer.headers['x-request-id']);
});

test('every datatype passes the echo in binary, bit for bit', async () => {
    const tensors = ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32',
        'INT64', 'FP16', 'BF16', 'FP32', 'FP64'].map((datatype, index) => {
        const size = kserve.elementSize(datatype) * 5;
        return { name: `t${index}`, datatype, shape: [5], bytes: Buffer.from(Array.from(
            { length: size }, (_, at) => datatype === 'BOOL' ? at & 1 : (at * 37 + index) & 255)) };
    });
    const answer = await daemon.answer({ model_name: 'builtin/echo' }, tensors);
    assert.equal(answer.outputs.length, tensors.length);
    for (const [index, { name, datatype, bytes }] of tensors.entries()) {
        assert.equal(answer.outputs[index].name, name);
        assert.equal(answer.outputs[index].datatype, datatype);
        assert.deepEqual(answer.outputs[index].bytes, bytes, datatype);
    }
});

test('every datatype that JSON can carry passes the echo in JSON', async () => {
    const data = { BOOL: [true, false], UINT8: [0, 255], INT8: [-128, 127], UINT16: [0, 65535],
        INT16: [-32768, 32767], UINT32: [0, 4294967295], INT32: [-2147483648, 2147483647],
        INT64: [-5, 5], UINT64: [0, 7], FP32: [-0.5, 1e-20], FP64: [1 / 3, -2e300] };
    const { outputs } = await daemon.answer({ model_name: 'builtin/echo',
        inputs: Object.entries(data).map(([datatype, values]) =>
            ({ name: datatype, datatype, shape: [2], data: values })) });
    for (const { name, datatype, values } of outputs) {
        assert.equal(datatype, name);
        const expected = data[name].map(Number);
        values.forEach((value, index) => {
            const want = name === 'FP32' ? Math.fround(expected[index]) : expected[index];
            const got = name === 'FP32' ? Math.fround(Number(value)) : Number(value);
            assert.equal(got, want, name);
        });
    }
});

test('nested JSON data is the same as flat data', async () => {
    const { outputs: [output] } = await daemon.answer({ model_name: 'builtin/echo', inputs: [
        { name: 'x', datatype: 'INT32', shape: [2, 3], data: [[1, 2, 3], [4, 5, 6]] }] });
    assert.deepEqual(output.shape, [2, 3]);
    assert.deepEqual(output.values, [1, 2, 3, 4, 5, 6]);
});

test('scalars and empty tensors pass, in JSON and in binary', async () => {
    const json = await daemon.answer({ model_name: 'builtin/echo', inputs: [
        { name: 's', datatype: 'FP32', shape: [], data: [7] },
        { name: 'e', datatype: 'INT64', shape: [2, 0, 3], data: [] }] });
    assert.deepEqual(json.outputs[0].shape, []);
    assert.deepEqual(json.outputs[0].values, [7]);
    assert.deepEqual(json.outputs[1].shape, [2, 0, 3]);
    assert.deepEqual(json.outputs[1].values, []);
    const binary = await daemon.answer({ model_name: 'builtin/echo' }, [
        { name: 'e', datatype: 'FP32', shape: [0], bytes: Buffer.alloc(0) },
        { name: 's', datatype: 'INT32', shape: [], bytes: kserve.pack('INT32', [-3]) }]);
    assert.deepEqual(binary.outputs[0].values, []);
    assert.deepEqual(binary.outputs[1].values, [-3]);
    const alone = await daemon.answer({ model_name: 'builtin/echo' }, [
        { name: 'h', datatype: 'FP16', shape: [0, 2], bytes: Buffer.alloc(0) }]);
    assert.deepEqual(alone.outputs[0].shape, [0, 2]);
});

test('NaN and infinities are data in binary, and strings in JSON answers', async () => {
    const bytes = kserve.pack('FP32', [NaN, Infinity, -Infinity, 1]);
    const tensor = { name: 'x', datatype: 'FP32', shape: [4], bytes };
    const binary = await daemon.answer({ model_name: 'builtin/echo' }, [tensor]);
    assert.deepEqual(binary.outputs[0].bytes, bytes);
    const { headers, body } = kserve.encode({ model_name: 'builtin/echo' }, [tensor]);
    const answer = await daemon.request('/v1/infer', { method: 'POST', headers, body });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.outputs[0].data, ['NaN', 'Infinity', '-Infinity', 1]);
});

test('a request may mix binary and JSON tensors, and ask for single outputs in binary', async () => {
    const json = Buffer.from(JSON.stringify({ model_name: 'builtin/echo', inputs: [
        { name: 'j', datatype: 'INT32', shape: [1], data: [1] },
        { name: 'b', datatype: 'INT32', shape: [2], parameters: { binary_data_size: 8 } }],
    outputs: [{ name: 'j', parameters: { binary_data: true } }, { name: 'b' }] }));
    const answer = await daemon.request('/v1/infer', { method: 'POST',
        headers: { 'Content-Type': 'application/octet-stream',
            'Inference-Header-Content-Length': json.length },
        body: Buffer.concat([json, kserve.pack('INT32', [2, 3])]) });
    assert.equal(answer.status, 200, answer.text);
    const { outputs } = kserve.decode(answer);
    const byName = Object.fromEntries(outputs.map((output) => [output.name, output]));
    assert.ok(byName.j.bytes, 'j was asked for in binary');
    assert.equal(byName.b.bytes, undefined, 'b was not');
    assert.deepEqual(byName.j.values, [1]);
    assert.deepEqual(byName.b.values, [2, 3]);
});

test('a model computes, with a free dimension', async () => {
    for (const data of [[1], [1, 2, 3], Array.from({ length: 5000 }, (_, index) => index)]) {
        const answer = await twice(data);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(kserve.decode(answer).outputs[0].values, data.map((one) => 2 * one));
    }
});

test('JSON of several MiB is taken (and parsed off the loop)', async () => {
    const data = Array.from({ length: 400_000 }, (_, index) => index / 4);
    const [big, small] = await Promise.all([
        daemon.answer({ model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length], data }] }),
        twice([4])]);
    assert.deepEqual(big.outputs[0].values, data);
    assert.equal(small.status, 200);
});

test('a tensor of 16 MiB goes both ways', async () => {
    const bytes = Buffer.alloc(16 << 20, 'webinfer');
    const answer = await daemon.answer({ model_name: 'builtin/echo' },
        [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }]);
    assert.ok(answer.outputs[0].bytes.equals(bytes));
});

test('the second run of a model is warm', async () => {
    const first = await daemon.answer({ model_name: 'slow', platform: 'wasm', inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 1], data: [2] },
        { name: 'count', datatype: 'INT64', shape: [], data: [1] }] });
    const second = await daemon.answer({ model_name: 'slow', platform: 'wasm', inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 1], data: [3] },
        { name: 'count', datatype: 'INT64', shape: [], data: [1] }] });
    assert.equal(first.performance.warm, false);
    assert.equal(second.performance.warm, true);
    assert.deepEqual(second.outputs[0].values, [3]);
    assert.ok(second.executed_on.threads >= 1, 'WASM says how many threads it had');
});

test('auto does not take a software adapter; naming webgpu runs it, labelled', async () => {
    const auto = await daemon.answer({ model_name: 'twice', inputs: [
        { name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    const { nodes: [node] } = (await daemon.get('/v1/nodes')).json;
    const webgpu = JSON.stringify(node).includes('"webgpu":{"available":true');
    assert.ok(webgpu, 'this Chromium has no WebGPU at all: the tests need SwiftShader at least');
    const pinned = await daemon.answer({ model_name: 'twice', platform: 'webgpu', fallback: false,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    assert.equal(pinned.executed_on.platform, 'webgpu');
    assert.equal(typeof pinned.executed_on.adapter.is_fallback, 'boolean');
    assert.deepEqual(pinned.outputs[0].values, [2]);
    if (pinned.executed_on.adapter.is_fallback)
        assert.equal(auto.executed_on.platform, 'wasm');
});

test('platform wasm runs on wasm; webgl is refused, or falls back and says so', async () => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];
    const wasm = await daemon.answer({ model_name: 'twice', platform: 'wasm', fallback: false,
        inputs });
    assert.equal(wasm.executed_on.platform, 'wasm');
    const refused = await daemon.infer({ model_name: 'twice', platform: 'webgl', fallback: false,
        inputs });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.json.code, 'platform_unsupported');
    const fell = await daemon.answer({ model_name: 'twice', platform: 'webgl', inputs });
    assert.equal(fell.executed_on.platform, 'wasm');
    assert.equal(fell.executed_on.fallbacks[0].platform, 'webgl');
    assert.ok(fell.executed_on.fallbacks[0].reason);
});

test('several clients at once get each its own answer', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) =>
        daemon.answer({ id: `n${index}`, model_name: index % 2 ? 'twice' : 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [index] }] })));
    answers.forEach((answer, index) => {
        assert.equal(answer.id, `n${index}`);
        assert.deepEqual(answer.outputs[0].values, [index % 2 ? 2 * index : index]);
    });
});

test('the digits model classifies a picture, as base64 and as a data URI', { skip: skipDigits },
    async () => {
        const seven = picture.seven();
        for (const image of [seven.toString('base64'),
            `data:image/png;base64,${seven.toString('base64')}`]) {
            const answer = await daemon.answer({ model_name: 'digits', inputs: { image } });
            assert.equal(answer.model_type, 'vision');
            const [best] = answer.result.labels;
            assert.equal(best.label, '7');
            assert.ok(best.probability > 0.5 && best.probability <= 1);
            assert.equal(best.index, 7);
            const sorted = answer.result.labels.map(({ probability }) => probability);
            assert.deepEqual(sorted, [...sorted].sort((a, b) => b - a));
        }
    });
