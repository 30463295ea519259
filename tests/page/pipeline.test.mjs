/** Folders in the Hugging Face layout in the built page, in a real Chromium, against the stand-in service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { embedsTexts, hearsFiles } from './support/everywhere.mjs';
import { embedder } from './support/folders.mjs';
import { nodeTests } from './support/nodes.mjs';

const nodeTest = nodeTests();
const embed = (texts, options = {}, more = {}) => ({ task: 'embed', input: { texts }, options, ...more });
const wellDone = ({ data, ...message }) => {
    assert.equal(data.ok, true, JSON.stringify(data.error));
    return { ...data, bytes: message.bytes };
};
const failed = ({ data }) => {
    assert.equal(data.ok, false);
    return data.error;
};
const floats = (bytes) => [...new Float32Array(bytes.slice().buffer)].map((one) => Math.round(one * 1e4) / 1e4);

describe('a folder in the Hugging Face layout', () => {
    nodeTest('gives vectors of texts, and says how', async ({ service, problems }) => {
        const model = service.addFolder('vectors', embedder());
        const first = wellDone(await service.run(model, [], embed(['good', 'bad rome bad'], { pooling: 'cls', normalize: false })));
        assert.deepEqual(first.executed_on, { platform: 'wasm', engine: 'pipeline', threads: first.executed_on.threads, precision: 'fp32' });
        assert.deepEqual(first.tensors.map(({ name, datatype, shape }) => [name, datatype, shape]), [['embeddings', 'FP32', [2, 3]]]);
        assert.deepEqual([floats(first.bytes[0]), first.result.usage.prompt_tokens], [[1, 0, 0, 1, 0, 0], 8]);
        const again = wellDone(await service.run(model, [], embed(['good'], { normalize: false })));
        assert.deepEqual([floats(again.bytes[0]), again.performance.warm], [[4 / 3, 1 / 3, 4 / 3].map((one) => Math.round(one * 1e4) / 1e4), true]);
        assert.deepEqual(problems, []);
    });

    nodeTest('is computed on webgpu too', (node) => embedsTexts(node, 'webgpu'));

    nodeTest('hears sounds that the document decodes', hearsFiles);

    nodeTest('has what is wrong with it said, and the next request is right', async ({ service }) => {
        const files = embedder();
        const model = service.addFolder('vectors', files);
        const { 'tokenizer_config.json': config, ...without } = files;
        assert.ok(config);
        for (const [name, broken, code, message] of [
            ['missing', without, 'model_invalid', /no file tokenizer_config\.json/],
            ['cut', { ...files, 'onnx/model.onnx': files['onnx/model.onnx'].slice(0, 50) }, 'model_invalid', /^onnx\/model\.onnx: /],
            ['json', { ...files, 'tokenizer.json': files['tokenizer.json'].slice(1) }, 'model_invalid', /tokenizer\.json is no JSON/],
            ['odd', { ...files, 'config.json': Buffer.from('{"model_type": "odd", "architectures": ["OddModel"]}') }, 'platform_unsupported', /OddModel/],
        ]) {
            const error = failed(await service.run(service.addFolder(name, broken), [], embed(['good'])));
            assert.deepEqual([name, error.code], [name, code], JSON.stringify(error));
            assert.match(error.message, message);
            wellDone(await service.run(model, [], embed(['good'])));
        }
        const long = failed(await service.run(model, [], embed(['good '.repeat(20)])));
        assert.deepEqual([long.code, long.expected], ['context_length_exceeded', 'at most 16 tokens']);
        assert.match(long.message, /22 tokens.* 16/);
        assert.equal(wellDone(await service.run(model, [], embed(['good '.repeat(20)], { truncate: true }))).result.usage.prompt_tokens, 16);
        const unknown = failed(await service.run(model, [], { task: 'dance', input: {} }));
        assert.deepEqual([unknown.code, unknown.field], ['input_invalid', 'task']);
    });
});
