// tier: full
/** A folder in the Hugging Face layout in a real browser, by the daemon: its vectors, and which variant they are of. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
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
