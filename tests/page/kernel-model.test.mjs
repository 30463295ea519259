// tier: quick
/** The built-in models over kernels in the page (page/src/engine/kernel_model.js): their weights and calls. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { modelOf } from '../../page/src/engine/kernel_model.js';
import { KERNEL_MODELS } from '../../page/src/engine/kernel_rules.js';
import { element } from '../lib/kernel-models.mjs';

const floats = (bytes) => [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];
const input = (shape) => ({ shape, bytes: new Uint8Array(4 * shape.reduce((all, size) => all * size, 1)) });

test('elements of a seed are the numbers that the daemon\'s tests have', () => {
    const four = (weight) => [0, 1, 2, 3].map((k) => element(weight, k));
    assert.deepEqual(four({ seed: 1, middle: 0, spread: 1 }),
        [-0.183301926, 0.643415809, -0.857596159, 0.57155931].map(Math.fround));
    assert.deepEqual(four({ seed: 11, middle: 1, spread: 0.125 }),
        [0.879062533, 1.0797379, 1.02200508, 1.09375179].map(Math.fround));
});

test('the page makes the same weights, those of a fixed shape once', () => {
    for (const [name, { weights }] of Object.entries(KERNEL_MODELS)) {
        const kept = modelOf(`builtin/${name}`).kept, fixed = weights.filter(({ shape }) => /^[\d,]+$/.test(shape));
        assert.equal(kept.length, fixed.length);
        for (const [i, weight] of fixed.entries())
            for (const [k, value] of floats(kept[i]).entries()) assert.equal(value, element(weight, k), `${name} ${weight.name} ${k}`);
    }
});

test('a run has a call for each step, over what the earlier ones have put out', () => {
    const model = modelOf('builtin/mlp'), { calls, output } = model.callsOf(input([3, 784]));
    assert.deepEqual(output, { name: 'y', shape: [3, 10] });
    assert.deepEqual(calls.map(({ kernel, elements }) => [kernel, elements]), [['matmul', 384], ['matmul', 384], ['add', 384],
        ['relu', 384], ['matmul', 30], ['matmul', 30], ['add', 30]]);
    assert.deepEqual(calls[2].inputs.map(({ from }) => from), [0, 1]);
    assert.deepEqual(calls[0].inputs.map(({ isKept = false }) => isKept), [false, true]);
    assert.deepEqual(floats(calls[1].inputs[0].bytes), [1, 1, 1]);
    const again = model.callsOf(input([1, 784])).calls;
    assert.equal(again[0].inputs[1].bytes, calls[0].inputs[1].bytes, 'the weights are the same bytes');
});

test('the attention of the transformer is causal, over four heads', () => {
    const { calls } = modelOf('builtin/transformer').callsOf(input([2, 5, 64]));
    const { sizes, options } = calls.find(({ kernel }) => kernel === 'attention');
    assert.deepEqual([...sizes], [['lead', 8], ['m', 5], ['d', 16], ['n', 5], ['e', 16]]);
    assert.deepEqual(options, [1, 0]);
});

test('a model that is not there, and an input of another shape', () => {
    assert.equal(modelOf('builtin/kernels'), null);
    for (const name of ['builtin/other', 'mlp', 'builtin/toString'])
        assert.throws(() => modelOf(name), { code: 'model_invalid' }, name);
    for (const shape of [[784], [1, 783], [1, 1, 784]])
        assert.throws(() => modelOf('builtin/mlp').callsOf(input(shape)), { code: 'input_shape', field: 'x' });
});
