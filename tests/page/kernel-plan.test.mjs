/** How kernels are dispatched (page/src/engine/kernel_plan.js), with what each shader's file says. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { kernelNames, kernelShaders } from '../../page/kernels.mjs';
import { dispatchesOf, valueOf } from '../../page/src/engine/kernel_plan.js';
import { KERNEL_RULES } from '../../page/src/engine/kernel_rules.js';

const shaders = kernelShaders();
const dispatches = (kernel, sizes, work = Infinity) =>
    [...dispatchesOf(shaders[kernel].plan, new Map(Object.entries(sizes)), () => work)];

test('each kernel of the rules has a shader, and each function that its plan names', () => {
    assert.deepEqual(kernelNames(), Object.keys(KERNEL_RULES));
    for (const [kernel, { wgsl, plan }] of Object.entries(shaders)) {
        for (const { entry } of plan.stages) assert.match(wgsl, new RegExp(`^fn ${entry}\\(@builtin`, 'm'), kernel);
        assert.equal(/\bscratch\[/.test(wgsl), plan.scratch !== undefined, kernel);
    }
});

test('a term is a product, of which the part at its end makes whole ones', () => {
    const sizes = new Map([['m', 17], ['n', 3]]);
    assert.deepEqual(['m', 'm*n', 'm*n/256', 'm/4', 'n*2', 5].map((term) => valueOf(term, sizes)), [17, 51, 1, 5, 6, 5]);
});

test('what one dispatch does is done by one', () => {
    assert.deepEqual(dispatches('matmul', { lead: 2, m: 33, k: 5, n: 64 }),
        [{ entry: 'main', first: 0, groups: 4, begin: 0, end: 5, work: 20 }]);
    assert.deepEqual(dispatches('add', { lead: 257 }), [{ entry: 'main', first: 0, groups: 2, begin: 0, end: 0, work: 2 }]);
});

test('a sum of no elements is made all the same', () => {
    assert.deepEqual(dispatches('reduce', { lead: 3, n: 0 }).map(({ groups, begin, end }) => [groups, begin, end]), [[3, 0, 0]]);
});

test('every workgroup goes over all of a dimension once, in stages one after the other', () => {
    for (const [kernel, sizes, groups, length] of [
        ['matmul', { lead: 70_000, m: 1, k: 150_000, n: 1 }, 70_000, 150_000],
        ['layer_norm', { lead: 3, n: 9_000_000 }, 3, 9_000_000],
        ['attention', { lead: 2, m: 5, d: 3000, n: 70_000, e: 3000 }, 10, 70_000],
    ]) {
        const all = dispatches(kernel, sizes, 100_000), [{ entry }] = all;
        const covered = all.filter((one) => one.entry === entry).reduce((sum, one) => sum + one.groups * (one.end - one.begin), 0);
        assert.equal(covered, groups * length, kernel);
        assert.ok(all.every((one) => one.groups <= 65_535 && one.work / one.groups <= 65_535), kernel);
        assert.ok(all.every(({ begin }, i) => i === 0 || all[i - 1].entry !== all[i].entry || begin >= all[i - 1].begin), kernel);
    }
});

test('a step with more rounds than an invocation may go is refused', () => {
    assert.throws(() => dispatches('attention', { lead: 1, m: 1, d: 1, n: 1, e: 70_000 }),
        { code: 'platform_unsupported', field: 'inputs' });
});
