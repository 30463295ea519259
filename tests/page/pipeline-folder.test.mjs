// tier: quick
/** The engine `pipeline` without a model: what a folder has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Folder } from '../../page/src/pipeline/folder.js';

const folder = (...paths) => new Folder(
    { name: 'm', hash: 'h', engine: 'pipeline', files: paths.map((path) => ({ path, url: path, bytes: 2, hash: 'h' })) },
    async () => new TextEncoder().encode('{"a": 1'));
const refused = (code, more = {}) => (error) => {
    assert.deepEqual({ code: error.code, ...Object.fromEntries(Object.keys(more).map((key) => [key, error[key]])) }, { code, ...more });
    return true;
};

test("the weights' type is that of the files, one for each graph", () => {
    assert.deepEqual(folder('onnx/model_quantized.onnx').weights(true), { dtype: 'q8', name: 'q8', external: {} });
    assert.deepEqual(folder('onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1').weights(true),
        { dtype: 'fp32', name: 'fp32', external: { 'model.onnx': 2 } });
    const mixed = folder('onnx/encoder_model.onnx', 'onnx/decoder_model_merged_q4f16.onnx');
    assert.deepEqual(mixed.weights(true),
        { dtype: { encoder_model: 'fp32', decoder_model_merged: 'q4f16' }, name: 'fp32+q4f16', external: {} });
    assert.throws(() => mixed.weights(false), refused('platform_unsupported'));
    assert.throws(() => folder('config.json').weights(true), refused('model_invalid'));
    const several = folder('onnx/model.onnx', 'onnx/model_q4.onnx');
    assert.throws(() => several.weights(true), { code: 'model_invalid', message: /onnx\/model as fp32, q4/ });
});

test('graphs that are for WebGPU alone are had by the name that transformers.js asks for', async () => {
    const one = folder('onnx/encoder_model_quantized_webgpu.onnx', 'onnx/encoder_model_quantized_webgpu.onnx_data', 'onnx/decoder_model_merged_quantized_webgpu.onnx');
    assert.deepEqual(one.weights(true), { dtype: 'q8', name: 'q8', external: { 'encoder_model_quantized.onnx': 1 } });
    const answer = await one.answer('onnx/encoder_model_quantized.onnx');
    assert.equal(answer.status, 200);
    assert.equal(one.pathOf(new Uint8Array(await answer.arrayBuffer())), 'onnx/encoder_model_quantized_webgpu.onnx');
    assert.equal(one.located('encoder_model_quantized.onnx_data'), 'encoder_model_quantized_webgpu.onnx_data');
    assert.equal(one.located('other.onnx_data'), 'other.onnx_data');
});

test('a file that is missing or broken is named', async () => {
    assert.equal((await folder('config.json').answer('tokenizer.json')).status, 404);
    await assert.rejects(folder('config.json').answer('config.json'), { code: 'model_invalid', message: /config\.json is no JSON/ });
    await assert.rejects(folder('config.json').json('config.json'), { code: 'model_invalid' });
    assert.equal(await folder('config.json').json('1_Pooling/config.json'), undefined);
});

test('a JSON file is parsed once, until another is shown in its place', async () => {
    const files = [{ path: 'config.json', url: '/config.json', bytes: 7, hash: 'h' }];
    const one = new Folder({ name: 'm', hash: 'h', engine: 'pipeline', files }, async () => new TextEncoder().encode('{"a":1}'));
    const [first, second] = await Promise.all([one.json('config.json'), one.json('config.json')]);
    assert.deepEqual(first, { a: 1 });
    assert.equal(first, second);
    one.show('config.json', { a: 2 });
    assert.deepEqual(await one.json('config.json'), { a: 2 });
    one.forget();
    assert.deepEqual(await one.json('config.json'), { a: 1 });
});

test('a small file is fetched once, however often it is asked for', async () => {
    let fetched = 0;
    const files = [{ path: 'config.json', url: '/config.json', bytes: 2, hash: 'h' }];
    const one = new Folder({ name: 'm', hash: 'h', engine: 'pipeline', files }, async () => {
        fetched++;
        return new TextEncoder().encode('{}');
    });
    assert.deepEqual(await one.json('config.json'), {});
    const answer = await one.answer('config.json');
    assert.deepEqual([answer.status, (await answer.arrayBuffer()).byteLength, fetched], [200, 2, 1]);
    one.forget();
    await one.json('config.json');
    assert.equal(fetched, 2, 'nothing of it is held for ever');
});
