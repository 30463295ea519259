// tier: quick
/** Platforms that are barred for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bars } from '../../page/src/link/bars.js';

const THERE = { available: true }, OTHER = { available: true, adapter: 'other' };

test('each platform has one bar, which is over at its time', () => {
    const bars = new Bars();
    assert.equal(bars.due, Infinity);
    bars.set('webgpu', 60, THERE);
    bars.set('webgl', 5, THERE);
    assert.deepEqual([bars.due, bars.over(4), bars.over(5), bars.over(60)], [5, [], ['webgl'], ['webgpu', 'webgl']]);
    assert.equal(bars.lift('webgl'), THERE);
    assert.deepEqual([bars.has('webgl'), bars.has('webgpu'), bars.due], [false, true, 60]);
    assert.equal(bars.lift('webgl'), null);
});

test('a bar that is renewed lasts longer, and remembers what the platform could do before it', () => {
    const bars = new Bars();
    bars.set('webgpu', 60, THERE);
    bars.set('webgpu', 90, { available: false });
    assert.deepEqual([bars.due, bars.lift('webgpu')], [90, THERE]);
});

test('what a worker said is forgotten with it; the next one says it', () => {
    const bars = new Bars();
    bars.set('webgpu', 60, THERE);
    bars.set('webgpu', 70, null);
    bars.set('webgpu', 80, OTHER);
    assert.equal(bars.lift('webgpu'), null);
    bars.set('webgpu', 60, null);
    bars.keep('webgpu', OTHER);
    assert.deepEqual([bars.due, bars.lift('webgpu')], [60, OTHER]);
});
