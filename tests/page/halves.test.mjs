// tier: quick
/** Floats of 16 bits (page/src/shared/halves.js), all of them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { floatsOfHalves, halvesOfFloats } from '../../page/src/shared/halves.js';

const bytesOf = (array) => new Uint8Array(array.buffer);
const halvesOf = (floats) => [...new Uint16Array(halvesOfFloats(bytesOf(Float32Array.from(floats))).buffer)];
const floatsOf = (halves) => [...new Float32Array(floatsOfHalves(bytesOf(Uint16Array.from(halves))).buffer)];

test('what a half is', () => {
    assert.deepEqual(floatsOf([0, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x7c00, 0xfc00]),
        [0, 1, -2, 65504, 2 ** -14, 2 ** -24, Infinity, -Infinity]);
    assert.ok(Object.is(floatsOf([0x8000])[0], -0));
    assert.ok(Number.isNaN(floatsOf([0x7c01])[0]));
});

test('each half is itself, also at an odd place', () => {
    const all = Array.from({ length: 0x10000 }, (_, i) => i);
    for (const [i, is] of halvesOf(floatsOf(all)).entries()) {
        const isNumber = (i & 0x7fff) <= 0x7c00;
        assert.equal(is, isNumber ? i : i & 0x8000 | 0x7e00);
    }
    const odd = new Uint8Array(5);
    odd.set([0x00, 0x3c, 0x00, 0xc0], 1);
    assert.deepEqual([...new Float32Array(floatsOfHalves(odd.subarray(1)).buffer)], [1, -2]);
});

test('what lies between two halves becomes the nearer one, and in the middle the even one', () => {
    const positive = Array.from({ length: 0x7bff }, (_, i) => i), values = floatsOf([...positive, 0x7bff]);
    const at = (share) => halvesOf(positive.map((i) => values[i] + (values[i + 1] - values[i]) * share));
    assert.deepEqual(at(0.375), positive);
    assert.deepEqual(at(0.625), positive.map((i) => i + 1));
    assert.deepEqual(at(0.5), positive.map((i) => i + i % 2));
    assert.deepEqual(halvesOf([65519.996, 65520, 1e10, -65520, 2 ** -25, -(2 ** -26), 2 ** -25 * 1.001]),
        [0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 0x8000, 1]);
});
