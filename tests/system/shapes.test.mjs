// tier: full
/** Shapes that do not fit, in a real browser: they cost the request that has them, and no other. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../lib/daemon.mjs';
import { FLOAT, graph, model, node, value } from '../lib/onnx.mjs';
import { assertProblem } from '../lib/problem.mjs';

const sum = (first, second) => model(graph('g', { nodes: [node('Add', ['a', 'b'], ['y'])],
    inputs: [value('a', FLOAT, [first]), value('b', FLOAT, [second])], outputs: [value('y', FLOAT, ['sum'])] }));
const floats = (name, length, shape = [length]) => ({ name, datatype: 'FP32', shape, data: Array(length).fill(1) });
const WEBGPU = { platform: 'webgpu', fallback: false };

let daemon;
before(async () => {
    daemon = new Daemon();
    for (const [name, bytes] of Object.entries({ sum: sum('n', 'm'), same: sum('n', 'n') })) {
        fs.mkdirSync(path.join(daemon.store, name));
        fs.writeFileSync(path.join(daemon.store, name, 'model.onnx'), bytes);
    }
    await daemon.start();
});
after(() => daemon.stop());

test('sizes of one name that differ are refused before a browser is asked', async () => {
    for (const platform of ['wasm', 'webgpu']) {
        const asked = { model_name: 'same', platform, fallback: false, inputs: [floats('a', 3), floats('b', 5)] };
        const answer = await daemon.infer(asked);
        assertProblem(answer, 422, 'input_shape', { field: 'inputs[1].shape', detail: /its size 0, n, is 3 in input a/ });
        assert.equal(answer.json.executed_on, undefined);
    }
});

test('what fits in no sum fails alone, and no engine is replaced', async () => {
    const right = () => daemon.infer({ model_name: 'sum', ...WEBGPU, inputs: [floats('a', 4), floats('b', 4)] });
    const wrong = () => daemon.infer({ model_name: 'sum', ...WEBGPU, inputs: [floats('a', 3), floats('b', 5)] });
    assert.equal((await right()).status, 200);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? right() : wrong())));
    for (const [i, { status, json, text }] of answers.entries()) {
        if (i % 2) assert.deepEqual([status, json.outputs?.[0].data], [200, [2, 2, 2, 2]], text);
        else assert.deepEqual([status, json.code], [500, 'inference_failed'], text);
    }
    assert.doesNotMatch(daemon.log, /worker is replaced/);
});
