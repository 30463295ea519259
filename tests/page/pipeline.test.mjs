// tier: full
/** Folders in the Hugging Face layout in the built page, in a real Chromium, against the stand-in service. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe } from 'node:test';
import { makeFamilies } from '../lib/families.mjs';
import { slow } from '../lib/onnx.mjs';
import { embedsTexts, hearsFiles, judgesSounds } from './support/everywhere.mjs';
import { embedder } from './support/folders.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';

const nodeTest = nodeTests();
/** A tiny model of the tests: path → bytes, in 32 bits. */
const filesOf = (name) => {
    const folder = path.join(makeFamilies(), name);
    return Object.fromEntries(fs.readdirSync(folder, { recursive: true }).filter((file) => fs.statSync(path.join(folder, file)).isFile())
        .map((file) => [file, fs.readFileSync(path.join(folder, file))]));
};
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
    }, SHARED);

    nodeTest('is computed on webgpu too', (node) => embedsTexts(node, 'webgpu'), SHARED);

    nodeTest('hears sounds that the document decodes', hearsFiles, SHARED);
    nodeTest('judges sounds as others do', judgesSounds(['AAC']), SHARED);

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
        assert.deepEqual([long.code, long.expected], ['context_length_exceeded', 'at most 16 tokens, or options.truncate']);
        assert.match(long.message, /22 tokens.* 16/);
        assert.equal(wellDone(await service.run(model, [], embed(['good '.repeat(20)], { truncate: true }))).result.usage.prompt_tokens, 16);
        const unknown = failed(await service.run(model, [], { task: 'dance', input: {} }));
        assert.deepEqual([unknown.code, unknown.field], ['input_invalid', 'task']);
    }, SHARED);

    nodeTest('goes on by turns with others, none of whom waits for its end', async ({ service, tab, problems }) => {
        const gpt2 = service.addFolder('gpt2', filesOf('gpt2-long'));
        const other = service.addFolder('other', filesOf('gpt2-long'));
        const prompt = { prompt: 'The fox sees the dog' };
        // So many that each still writes when the others' credit has come, however busy the machine is.
        const options = { max_tokens: 600, temperature: 0 };
        const write = (model) => service.request(model, [], { task: 'complete', input: prompt, options, stream: true });
        const onnx = () => service.run(service.addModel('slow', slow(16)), [
            { name: 'x', datatype: 'FP32', shape: [1, 1], bytes: new Uint8Array(Float32Array.of(1).buffer) },
            { name: 'count', datatype: 'INT64', shape: [], bytes: new Uint8Array(BigInt64Array.of(1n).buffer) },
        ]);
        const grant = (attempt, parts) => service.send('task_credit', { attempt_id: attempt, parts, bytes: 1e6 });
        const textOf = (attempt) => service.parts.get(attempt).map(({ data }) => data.text ?? '').join('');

        // Its client has taken what it may send: the rest of the worker goes on.
        const first = write(gpt2);
        await service.until(() => service.seqs(first).length === 32, 'as many parts as it may send');
        wellDone(await onnx());
        const vectors = wellDone(await service.run(service.addFolder('vectors', embedder()), [], embed(['good'])));
        assert.equal(vectors.executed_on.engine, 'pipeline');
        assert.equal(service.answers.has(first), false);
        const whole = wellDone(await service.run(gpt2, [], { task: 'complete', input: prompt, options })).result.text;

        // Two at a time, of one model and of two: the parts of neither wait for the end of the other.
        wellDone(await service.run(other, [], { task: 'complete', input: prompt, options: { max_tokens: 1 } }));
        const both = [write(gpt2), write(other)];
        for (const attempt of both) await service.until(() => service.seqs(attempt).length === 32, 'as many parts as it may send');
        const since = service.messages.length;
        for (const attempt of [first, ...both]) grant(attempt, 2000);
        const cancelled = write(gpt2);
        await service.until(() => service.seqs(cancelled).length > 0, 'its first part');
        service.send('task_cancel', { attempt_id: cancelled, reason: 'cancelled' });
        for (const attempt of [first, ...both]) {
            const { performance } = wellDone(await service.answer(attempt));
            assert.ok(performance.inference_ms > 0);
            assert.equal(textOf(attempt), whole);
        }
        const came = service.messages.slice(since).filter(({ type }) => type === 'task_part').map(({ data }) => data.attempt_id);
        const [begins, ends] = [Math.max(...both.map((one) => came.indexOf(one))), Math.min(...both.map((one) => came.lastIndexOf(one)))];
        const stretch = came.slice(begins, ends);
        assert.ok(stretch.length > 10 && both.every((one) => stretch.includes(one)), came.join());
        assert.equal(service.answers.has(cancelled), false);

        // What models keep of conversations is part of what they hold.
        const status = service.messages.findLast(({ type }) => type === 'model_status').data.models;
        const { bytes } = status.find(({ name }) => name === 'gpt2');
        assert.ok(bytes > gpt2.files.reduce((sum, file) => sum + file.bytes, 0), `${bytes}`);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
        assert.deepEqual(problems, []);
    });
});
