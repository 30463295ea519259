// tier: quick
/** The JavaScript client's tensors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from '../../sdk/js/index.js';
import { tensorOfWire } from '../../sdk/js/tensors.js';

test('typed arrays name their datatype, and nothing is copied', () => {
    for (const [array, datatype] of [[Float32Array.of(1, 2), 'FP32'], [Float64Array.of(1), 'FP64'], [Int8Array.of(-1), 'INT8'],
        [Uint8Array.of(1), 'UINT8'], [Uint8ClampedArray.of(1), 'UINT8'], [Int16Array.of(1), 'INT16'], [Uint16Array.of(1), 'UINT16'],
        [Int32Array.of(1), 'INT32'], [Uint32Array.of(1), 'UINT32'], [BigInt64Array.of(-1n), 'INT64'],
        [BigUint64Array.of(1n), 'UINT64'], [Buffer.from('ab'), 'UINT8']]) {
        const tensor = new Tensor('x', array);
        assert.deepEqual([tensor.datatype, tensor.shape], [datatype, [array.length]]);
        assert.equal(tensor.data.buffer, array.buffer);
        assert.deepEqual([...tensor.data], [...array]);
    }
});

test('numbers need a datatype and lists of one length', () => {
    const grid = new Tensor('x', [[1, 2, 3], [4, 5, 6]], 'FP32');
    assert.deepEqual([grid.shape, [...grid.data]], [[2, 3], [1, 2, 3, 4, 5, 6]]);
    assert.deepEqual([...new Tensor('x', [1, 2n], 'INT64').data], [1n, 2n]);
    assert.deepEqual([...new Tensor('x', [true, 0], 'BOOL').data], [1, 0]);
    const scalar = new Tensor('x', 7, 'INT32');
    assert.deepEqual([scalar.shape, [...scalar.data]], [[], [7]]);
    assert.deepEqual([...new Tensor('x', [NaN, -Infinity], 'FP32').data], [NaN, -Infinity]);
    for (const words of [[[1]], [[1], 'FP8'], [[300], 'UINT8'], [[1.5], 'INT32'], [[1.5], 'INT64'], [[2n ** 63n], 'INT64'],
        [['a'], 'FP32'], [[1e39], 'FP32'], [[2], 'BOOL'], [[[1], [2, 3]], 'FP32'], [[1], 'BF16'], [[1], 'FP16'],
        [[1, 2], 'FP32', [3]]])
        assert.throws(() => new Tensor('x', ...words), RangeError, String(words));
    for (const data of ['text', null, {}, new DataView(new ArrayBuffer(4))]) assert.throws(() => new Tensor('x', data), TypeError);
});

test('bytes take a datatype and a shape, wherever they begin', () => {
    const bytes = new Uint8Array([0, 0, 0, 128, 63, 0, 0, 0, 64]);
    const tensor = new Tensor('x', bytes.subarray(1), 'FP32', [1, 2]);
    assert.deepEqual([...tensor.data], [1, 2]);
    assert.deepEqual([...tensor.bytes], [...bytes.subarray(1)]);
    assert.deepEqual([...new Tensor('x', Buffer.from([0, 0, 0, 128, 63]).subarray(1), 'FP32', [1]).data], [1]);
    assert.deepEqual([...new Tensor('x', Float32Array.of(1).buffer, 'FP32', []).data], [1]);
    const empty = new Tensor('x', new Uint8Array(), 'FP32', [0, 4]);
    assert.deepEqual([empty.shape, empty.data.length, empty.bytes.length], [[0, 4], 0, 0]);
    for (const words of [['FP32'], ['FP32', [3]], ['FP32', [-2]], ['FP32', [1.5]]])
        assert.throws(() => new Tensor('x', new Uint8Array(8), ...words), RangeError);
    assert.throws(() => new Tensor('x', new Uint8Array(7), 'FP32', [2]), /end within a FP32/);
    assert.throws(() => new Tensor('x', Int32Array.of(1), 'FP64', [1]), RangeError);
});

test('halves travel as bits and are read as numbers', () => {
    const half = new Tensor('x', Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000), 'FP16');
    assert.deepEqual([...half.toFloat32()], [1, -2, 2 ** -24, 65504, Infinity, -0]);
    assert.ok(Number.isNaN(new Tensor('x', Uint16Array.of(0x7e00), 'FP16').toFloat32()[0]));
    assert.deepEqual([...new Tensor('x', Uint16Array.of(0x3f80, 0xc040), 'BF16').toFloat32()], [1, -3]);
    assert.deepEqual([...new Tensor('x', [1, -1], 'INT64').toFloat32()], [1, -1]);
    const single = Float32Array.of(0.5);
    assert.equal(new Tensor('x', single).toFloat32(), single);
});

test('outputs in JSON have words for NaN and infinities', () => {
    const tensor = tensorOfWire({ name: 'x', datatype: 'FP32', shape: [3], data: ['NaN', '-Infinity', 1] }, null);
    assert.deepEqual([...tensor.data], [NaN, -Infinity, 1]);
    for (const wrong of [{ shape: [-1] }, { shape: [2 ** 60] }, { shape: 'x' }, { datatype: 'FP1' }, { datatype: 'toString' },
        { name: 7 }])
        assert.throws(() => tensorOfWire({ name: 'x', datatype: 'FP32', shape: [1], data: [1], ...wrong }, null), TypeError);
});
