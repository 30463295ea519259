// tier: full
/**
 * What goes wrong with Hugging Face folders and their inputs: an error says it, and the next request is
 * right.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putFamilies } from '../lib/families.mjs';
import { disc } from '../lib/media.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const text = 'the red fox sees a dog';
const image = disc().bytes.toString('base64');

/** @param {string} file @param {string} content */
const put = (file, content) => (/** @type {string} */ folder) =>
    fs.writeFileSync(path.join(folder, file), content);

/** Spoilt copies of bert: what is done to each folder, what the error says, and which it is. */
const spoilt = {
    'no-graph': [(folder) => fs.rmSync(`${folder}/onnx/model.onnx`), /no weights: put them into onnx/, 404, 'model_not_found'],
    'no-tokenizer': [(folder) => fs.rmSync(`${folder}/tokenizer.json`), /tokenizer\.json/, 422, 'model_invalid'],
    'half-graph': [(folder) => fs.truncateSync(`${folder}/onnx/model.onnx`, 20000), /onnx\/model\.onnx/, 422, 'model_invalid'],
    'broken-config': [put('config.json', '{"model_type": '), /config\.json/, 422, 'model_invalid'],
    'broken-tokenizer': [put('tokenizer.json', '[]'), /tokenizer/i, 422, 'model_invalid'],
    'strange-architecture': [put('config.json', JSON.stringify({ model_type: 'quetzal',
        architectures: ['QuetzalForSequenceClassification'] })), /quetzal/i, 422, 'platform_unsupported'],
};

before(async () => {
    daemon = new Daemon();
    putFamilies(daemon.store, ['bert', 'vit', 'wav2vec2', 'gpt2']);
    for (const [name, [spoil]] of Object.entries(spoilt)) {
        putFamilies(daemon.store, { [name]: 'bert-classes' });
        spoil(path.join(daemon.store, name));
    }
    await daemon.start();
});
after(() => daemon.stop());

const embed = () => daemon.infer({ model_name: 'bert', task: 'embed', inputs: text });

/** A good request, on the worker that the bad one had. */
async function assertWell() {
    const { status, text: said } = await embed();
    assert.equal(status, 200, said);
}

/** Demands that error, which says so much. */
async function assertRefused(request, pattern, wanted, code) {
    const { status, json, text: said } = await daemon.infer(request);
    assert.deepEqual([status, json.code], [wanted, code], said);
    assert.match(said, pattern);
    await assertWell();
}

for (const [name, [, pattern, status, code]] of Object.entries(spoilt))
    test(`a folder: ${name}`, () => assertRefused(
        { model_name: name, task: 'text-classification', inputs: text }, pattern, status, code));

/** Bad pictures and sounds: the model, the input, what the error says, and its code. */
const files = {
    'a picture that is none': ['vit', { image: Buffer.from('no picture at all').toString('base64') }, /picture/i, 'picture_invalid'],
    'a picture that is cut': ['vit', { image: image.slice(0, 200) }, /picture/i, 'picture_invalid'],
    'a sound of no bytes': ['wav2vec2', { audio: '' }, /base64/, 'audio_invalid'],
    'a sound without samples': ['wav2vec2',
        { audio: Buffer.from('RIFF\x24\0\0\0WAVE', 'latin1').toString('base64') }, /no samples/, 'audio_invalid'],
};
for (const [name, [model_name, inputs, pattern, code]] of Object.entries(files))
    test(name, () => assertRefused({ model_name, inputs }, pattern, 422, code));

test('a text beyond the length, which truncation cuts', async () => {
    const long = 'the fox sees '.repeat(200);
    await assertRefused({ model_name: 'bert', task: 'embed', inputs: long }, /128/,
        400, 'context_length_exceeded');
    const { status, text: said } = await daemon.infer({ model_name: 'bert', task: 'embed', inputs: long,
        options: { truncate: true } });
    assert.equal(status, 200, said);
});

test('a task that it cannot do, one that nobody knows, and an unknown option', async () => {
    await assertRefused({ model_name: 'vit', task: 'chat', inputs: text }, /task chat/, 422, 'input_invalid');
    await assertRefused({ model_name: 'bert', task: 'prophesy', inputs: text }, /prophesy/, 400, 'invalid_field');
    await assertRefused({ model_name: 'bert', task: 'embed', inputs: text, options: { nonsense: 1 } },
        /nonsense/, 400, 'unknown_field');
});

test('a stream whose client goes away', async () => {
    const client = new EventClient(`${daemon.url}/v1/infer`, { body: { model_name: 'gpt2', inputs: 'the fox',
        stream: true, options: { temperature: 0, max_tokens: 1000 } } });
    await until(() => client.parts.length > 3, { what: 'parts' });
    await client.leave();
    await assertWell();
    const request = { model_name: 'gpt2', inputs: 'the fox', options: { temperature: 0, max_tokens: 8 } };
    const [first, second] = [await daemon.infer(request), await daemon.infer(request)];
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.result.text, second.json.result.text);
});
