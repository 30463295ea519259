// tier: full
/** A folder in the Hugging Face layout in a real browser, by the daemon: its vectors, and which variant they are of. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { classifier, embedder } from '../page/support/folders.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

function put(name, files) {
    for (const [file, content] of Object.entries(files)) {
        const target = path.join(daemon.store, name, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, content);
    }
}

before(async () => {
    daemon = new Daemon();
    put('vectors', embedder({ 'onnx/model_quantized.onnx': embedder()['onnx/model.onnx'] }));
    put('moods', classifier());
    put('asking', { ...classifier(), 'generation_config.json': JSON.stringify({ num_return_sequences: 4, num_beams: 2, length_penalty: 2, no_setting: [1] }) });
    put('odd', { ...classifier(), 'generation_config.json': JSON.stringify({ guidance_scale: 3 }) });
    await daemon.start();
});
after(() => daemon.stop());

test('a folder gives vectors, of the variant that is named', async () => {
    for (const [name, precision] of [['vectors', 'q8'], ['vectors:fp32', 'fp32']]) {
        const { status, json, text } = await daemon.infer({ model_name: name, platform: 'wasm', inputs: ['good', 'bad'], options: { normalize: false } });
        assert.equal(status, 200, text);
        assert.deepEqual([json.executed_on.engine, json.executed_on.precision], ['pipeline', precision]);
        assert.deepEqual([json.outputs[0].name, json.outputs[0].shape], ['embeddings', [2, 3]]);
        assert.deepEqual(json.outputs[0].data.slice(0, 3).map((one) => Math.round(one * 3)), [4, 1, 4]);
    }
});

test('a text is labelled, by the model or by labels of the request', async () => {
    const { status, json, text } = await daemon.infer({ model_name: 'moods', platform: 'wasm', inputs: 'good', task: 'text-classification' });
    assert.equal(status, 200, text);
    assert.deepEqual(json.result.labels.map(({ label, index }) => [label, index]), [['good', 1], ['bad', 0]]);
    const refused = await daemon.infer({ model_name: 'moods', platform: 'wasm', inputs: { texts: ['good'], labels: ['a', 'b'] } });
    assert.deepEqual([refused.status, refused.json.code, refused.json.field], [422, 'input_invalid', 'inputs']);
});

test('what a folder asks for and does not get is listed, or refused by name', async () => {
    const { json } = await daemon.get('/v1/models/asking');
    assert.deepEqual(json.ignored_settings, [
        { file: 'generation_config.json', member: 'num_return_sequences', value: 4, reason: 'a request gets one answer' },
        { file: 'generation_config.json', member: 'no_setting', value: [1], reason: 'it is not known' },
    ]);
    assert.equal((await daemon.get('/v1/models/moods')).json.ignored_settings, undefined);
    const { out } = await webinfer(daemon, ['show', 'asking']);
    assert.match(out, /^ignored +num_return_sequences 4 of generation_config\.json: a request gets one answer; no_setting 1 of generation_config\.json: it is not known$/m);
    assert.doesNotMatch((await webinfer(daemon, ['show', 'moods'])).out, /^ignored/m);
    const refused = await daemon.infer({ model_name: 'odd', platform: 'wasm', inputs: 'good', task: 'text-classification' });
    assert.deepEqual([refused.status, refused.json.code], [422, 'model_invalid']);
    assert.match(refused.json.detail, /generation_config\.json: guidance_scale is 3, which this page does not compute/);
});
