// tier: full
/** Shapes that do not fit, in a real browser: they cost the request that has them, and no other. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../lib/daemon.mjs';
import { FLOAT, graph, integerAttribute, model, node, value } from '../lib/onnx.mjs';
import { assertProblem } from '../lib/problem.mjs';

const sum = (first, second) => model(graph('g', { nodes: [node('Add', ['a', 'b'], ['y'])],
    inputs: [value('a', FLOAT, [first]), value('b', FLOAT, [second])], outputs: [value('y', FLOAT, ['sum'])] }));
const softmax = () => model(graph('g', { nodes: [node('Softmax', ['x'], ['y'])],
    inputs: [value('x', FLOAT, ['n', 'k'])], outputs: [value('y', FLOAT, ['n', 'k'])] }));
/** y = what was there, and x + x behind it: as the past of a language model grows. */
const growing = () => model(graph('g', { nodes: [node('Add', ['x', 'x'], ['next']), node('Concat', ['past', 'next'], ['y'],
    { attributes: [integerAttribute('axis', 0)] })],
    inputs: [value('past', FLOAT, ['before']), value('x', FLOAT, ['n'])], outputs: [value('y', FLOAT, ['after'])] }));
const floats = (name, length, shape = [length]) => ({ name, datatype: 'FP32', shape, data: Array(length).fill(1) });
const WEBGPU = { platform: 'webgpu', fallback: false };

let daemon;
before(async () => {
    daemon = new Daemon();
    for (const [name, bytes] of Object.entries({ sum: sum('n', 'm'), same: sum('n', 'n'), softmax: softmax(), growing: growing() })) {
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

test('tensors without elements are computed on wasm, and cost nobody an engine', async () => {
    const empty = (more) => daemon.infer({ model_name: 'softmax', inputs: [floats('x', 0, [2, 0])], ...more });
    const other = () => daemon.infer({ model_name: 'sum', ...WEBGPU, inputs: [floats('a', 4), floats('b', 4)] });
    assert.equal((await other()).status, 200);
    const modes = [{}, WEBGPU, { platform: 'webgpu', fallback: true }, { platform: 'wasm', fallback: false }];
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? other() : empty(modes[i / 2 % 4]))));
    for (const [i, answer] of answers.entries()) {
        const { status, json, text } = answer;
        if (i % 2) assert.deepEqual([status, json.outputs?.[0].data, json.performance?.warm], [200, [2, 2, 2, 2], true], text);
        else if (modes[i / 2 % 4] === WEBGPU) assertProblem(answer, 422, 'platform_unsupported', { field: 'platform' });
        else assert.deepEqual([status, json.executed_on?.platform, json.outputs?.[0].shape], [200, 'wasm', [2, 0]], text);
    }
    assert.doesNotMatch(daemon.log, /worker is replaced/);
});

test('a past without elements goes where it is asked for', async () => {
    for (const past of [0, 3]) {
        const inputs = [floats('past', past), floats('x', 2)];
        const { status, json, text } = await daemon.infer({ model_name: 'growing', ...WEBGPU, inputs });
        assert.deepEqual([status, json.executed_on?.platform], [200, 'webgpu'], text);
        assert.deepEqual(json.outputs[0].data, [...Array(past).fill(1), 2, 2]);
    }
    assert.doesNotMatch(daemon.log, /worker is replaced/);
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
