/** The engine `pipeline` without a model: what a folder has, what options are allowed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Folder } from '../../page/src/pipeline/folder.js';
import { checkOptions } from '../../page/src/pipeline/options.js';

const folder = (...paths) => new Folder(
    { name: 'm', hash: 'h', url: null, bytes: 0, files: paths.map((path) => ({ path, url: path, bytes: 2, hash: 'h' })) },
    async () => new TextEncoder().encode('{"a": 1'));
const refused = (code, more = {}) => (error) => {
    assert.deepEqual({ code: error.code, ...Object.fromEntries(Object.keys(more).map((key) => [key, error[key]])) }, { code, ...more });
    return true;
};

test("the weights' type is that of the files, and the platform's choice where there are several", () => {
    assert.deepEqual(folder('onnx/model_quantized.onnx').weights('webgpu', true), { dtype: 'q8', name: 'q8', external: {} });
    assert.deepEqual(folder('onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1').weights('wasm', true),
        { dtype: 'fp32', name: 'fp32', external: { 'model.onnx': 2 } });
    const several = folder('onnx/model.onnx', 'onnx/model_q4.onnx', 'onnx/model_fp16.onnx');
    assert.equal(several.weights('wasm', true).dtype, 'fp32');
    assert.equal(several.weights('webgpu', true).dtype, 'fp16');
    assert.equal(several.weights('webgpu', false).dtype, 'fp32');
    const mixed = folder('onnx/encoder_model.onnx', 'onnx/decoder_model_merged_q4f16.onnx');
    assert.deepEqual(mixed.weights('wasm', true),
        { dtype: { encoder_model: 'fp32', decoder_model_merged: 'q4f16' }, name: 'fp32+q4f16', external: {} });
    assert.throws(() => mixed.weights('webgpu', false), refused('platform_unsupported'));
    assert.throws(() => folder('config.json').weights('wasm', true), refused('model_invalid'));
});

test('a file that is missing or broken is named', async () => {
    assert.equal((await folder('config.json').answer('tokenizer.json')).status, 404);
    await assert.rejects(folder('config.json').answer('config.json'), { code: 'model_invalid', message: /config\.json is no JSON/ });
    await assert.rejects(folder('config.json').json('config.json'), { code: 'model_invalid' });
    assert.equal(await folder('config.json').json('1_Pooling/config.json'), undefined);
});

test('a small file is fetched once, however often it is asked for', async () => {
    let fetched = 0;
    const files = [{ path: 'config.json', url: '/config.json', bytes: 2, hash: 'h' }];
    const one = new Folder({ name: 'm', hash: 'h', url: null, bytes: 0, files }, async () => {
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

test('options are checked by rules, and unknown ones refused by name', () => {
    const rules = {
        top: { least: 1, most: 10, whole: true }, truncate: 'flag', pooling: { among: ['mean', 'cls'] }, template: { text: 5 },
        labels: { texts: 2, length: 3 },
    };
    const all = { top: 3, truncate: false, pooling: 'cls', template: 'x {}', labels: ['a', 'b'] };
    assert.deepEqual(checkOptions('t', rules, { ...all, none: null }), all);
    for (const [name, value, expected] of [
        ['top', 1.5, 'a whole number from 1 to 10'], ['top', '3', 'a whole number from 1 to 10'], ['truncate', 1, 'true or false'],
        ['pooling', 'max', 'one of mean, cls'], ['template', '', 'a text of 1 to 5 characters'],
        ['labels', ['a', 'b', 'c'], 'at most 2 texts of 1 to 3 characters'], ['other', 1, 'one of top, truncate, pooling, template, labels'],
        ['constructor', 1, 'one of top, truncate, pooling, template, labels'],
    ]) assert.throws(() => checkOptions('t', rules, { [name]: value }), refused('input_invalid', { field: `options.${name}`, expected }));
    assert.throws(() => checkOptions('t', {}, { top: 1 }), refused('input_invalid', { expected: 'no options' }));
});
