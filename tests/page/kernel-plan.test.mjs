// tier: quick
/** How kernels are dispatched (page/src/engine/kernel_plan.js), with what each shader's file says. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { kernelFragments, kernelNames, kernelShaders } from '../../page/kernels.mjs';
import { dispatchesOf, entriesOf, makingsOf, valueOf } from '../../page/src/engine/kernel_plan.js';
import { candidatesOf, declaredOf, fits, sizeClassOf, sizesAt, sizesOfClass } from '../../page/src/engine/kernel_variants.js';
import { KERNEL_RULES } from '../../page/src/engine/kernel_rules.js';

const shaders = kernelShaders(), fragments = kernelFragments();
const makings = (kernel, sizes) =>
    [...makingsOf(fragments[kernel].plan, new Map(Object.entries(sizes)), KERNEL_RULES[kernel].output[0])];
const dispatches = (kernel, sizes, work = Infinity, candidate = candidatesOf(shaders[kernel].plan)[0]) =>
    [...dispatchesOf(candidate.plan, sizesAt(new Map(Object.entries(sizes)), candidate), () => work)];

test('each kernel of the rules has a shader, and each function that its plan names', () => {
    assert.deepEqual(kernelNames(), Object.keys(KERNEL_RULES));
    for (const [kernel, { wgsl, plan }] of Object.entries(shaders)) {
        for (const entry of candidatesOf(plan).flatMap((one) => entriesOf(one.plan)))
            assert.match(wgsl, new RegExp(`^fn ${entry}\\(@builtin`, 'm'), kernel);
        assert.equal(/\bscratch\[/.test(wgsl), plan.scratch !== undefined, kernel);
    }
});

test('each kernel of the rules has a fragment shader, and each function and texture that its plan names', () => {
    assert.deepEqual(Object.keys(fragments), Object.keys(KERNEL_RULES));
    for (const [kernel, { glsl, plan: { textures = {}, draws } }] of Object.entries(fragments)) {
        const makes = draws.flatMap((draw) => draw.makes);
        for (const { entry, to } of makes) {
            assert.match(glsl, new RegExp(`^vec4 ${entry}\\(int \\w+\\) {`, 'm'), kernel);
            assert.ok(to === undefined || to in textures, kernel);
        }
        assert.ok(Object.keys(textures).every((name) => makes.some(({ to }) => to === name)), kernel);
        assert.equal(makes.at(-1)?.to, undefined, kernel);
    }
});

test('a term is a product, of which the part at its end makes whole ones', () => {
    const sizes = new Map([['m', 17], ['n', 3]]);
    assert.deepEqual(['m', 'm*n', 'm*n/256', 'm/4', 'n*2', 5, 'm*n/2*n'].map((term) => valueOf(term, sizes)), [17, 51, 1, 5, 6, 5, 9]);
});

test('each variant has a name of its own, and each of its workgroups all constants that its WGSL names', () => {
    for (const [kernel, { wgsl, plan }] of Object.entries(shaders)) {
        const names = (plan.variants ?? []).map(({ name }) => name), candidates = candidatesOf(plan);
        assert.equal(new Set(names).size, names.length, kernel);
        assert.equal(new Set(candidates.map(({ variant, workgroup }) => `${variant} ${workgroup}`)).size, candidates.length, kernel);
        for (const candidate of candidates) {
            const declared = declaredOf(candidate);
            for (const [, name] of wgsl.matchAll(/@workgroup_size\(([A-Z_]+)/g)) assert.match(declared, new RegExp(`^const ${name} = \\d+u;$`, 'm'), kernel);
            assert.ok(![...candidate.constants.values()].some(Number.isNaN) && candidate.storage >= 0, kernel);
        }
    }
});

test('what an adapter lacks, or is larger than its limits, is no candidate, whatever its browser accepts', () => {
    const limits = { maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
    const left = (kernel, more, features = []) => candidatesOf(shaders[kernel].plan).filter((one) => fits(one, { limits: { ...limits, ...more }, features: new Set(features) })).map(({ variant, workgroup }) => `${variant} ${workgroup}`);
    assert.deepEqual(left('add'), ['plain 256,1', 'plain 128,2', 'plain 64,1', 'plain 8,8', 'plain 16,16']);
    assert.ok(left('add', { maxComputeInvocationsPerWorkgroup: 512, maxComputeWorkgroupSizeX: 512 }).includes('plain 512,1'));
    assert.deepEqual(left('add', { maxComputeWorkgroupSizeY: 1 }), ['plain 256,1', 'plain 64,1']);
    assert.deepEqual(left('attention', { maxComputeInvocationsPerWorkgroup: 100 }), ['registers 8,1', 'registers 4,1', 'registers 16,1', 'registers 32,1', 'registers 64,1', 'plain 64,1', 'plain 32,1']);
    assert.ok(!left('matmul', { maxComputeWorkgroupStorageSize: 4096 }).includes('tiles 16,16'));
    assert.deepEqual([[], ['subgroups']].map((has) => left('softmax', {}, has).filter((one) => one.startsWith('subgroups')).length), [0, 3]);
});

test('every candidate makes all of a product once', () => {
    for (const candidate of candidatesOf(shaders.matmul.plan)) {
        const { workgroup: [x, y], variant } = candidate, rows = variant === 'registers_8x4' ? 8 : 4;
        const all = dispatches('matmul', { lead: 2, m: 100, k: 70, n: 33 }, Infinity, candidate);
        assert.equal(all.reduce((sum, { groups }) => sum + groups, 0), 2 * Math.ceil(100 / (rows * y)) * Math.ceil(33 / (4 * x)), variant);
    }
});

test('a class of sizes has the next powers of two, and is read as it is written', () => {
    const sizes = new Map([['lead', 1], ['m', 17], ['k', 64], ['n', 0]]), names = [...sizes.keys()];
    assert.equal(sizeClassOf(sizes), '1x32x64x0');
    assert.deepEqual([...sizesOfClass('1x32x64x0', names)], [['lead', 1], ['m', 32], ['k', 64], ['n', 0]]);
    for (const bad of ['', '1', '1x32x64', '1x32x64x0x1', '1x33x64x0', '1x-2x64x0', '1x32x64x1e3', 'x', '1x32x64x99999999999', '1x32x64x0 '])
        assert.equal(sizesOfClass(bad, names), null, bad);
});

test('fewer workgroups than an adapter runs at once count as so many: they take no less time', () => {
    const { plan } = candidatesOf(shaders.matmul.plan)[0], candidate = candidatesOf(shaders.matmul.plan)[0];
    const work = (m) => [...dispatchesOf(plan, sizesAt(new Map([['lead', 1], ['m', m], ['k', 5], ['n', 1]]), candidate), () => Infinity, 8)].map((one) => [one.groups, one.work]);
    assert.deepEqual([work(64), work(640)], [[[1, 40]], [[10, 50]]]);
});

test('what one dispatch does is done by one', () => {
    assert.deepEqual(dispatches('matmul', { lead: 2, m: 33, k: 5, n: 64 }),
        [{ entry: 'main', first: 0, groups: 4, begin: 0, end: 5, work: 20 }]);
    assert.deepEqual(dispatches('add', { lead: 257 }), [{ entry: 'main', first: 0, groups: 2, begin: 0, end: 0, work: 2 }]);
});

test('short rows have an invocation each, long ones a workgroup', () => {
    assert.deepEqual(dispatches('reduce', { lead: 130, n: 64 }),
        [{ entry: 'main_short', first: 0, groups: 3, begin: 0, end: 64, work: 192 }]);
    assert.deepEqual(dispatches('reduce', { lead: 130, n: 65 }),
        [{ entry: 'main', first: 0, groups: 130, begin: 0, end: 65, work: 260 }]);
});

test('rows of whole fours are read by fours, where there are any', () => {
    const entries = (k, n) => dispatches('matmul', { lead: 1, m: 3, k, n }).map(({ entry, begin, end, work }) => [entry, begin, end, work]);
    assert.deepEqual(entries(8, 4), [['fours', 0, 8, 8]]);
    assert.equal(dispatches('matmul', { lead: 2, m: 65, k: 8, n: 68 })[0].groups, 2 * 2 * 2);
    for (const [k, n] of [[8, 6], [6, 8], [9, 4]]) assert.deepEqual(entries(k, n), [['main', 0, k, k]]);
    assert.deepEqual(entries(0, 4), [['main', 0, 0, 1]]);
    assert.deepEqual(entries(70_000, 4).map(([entry, ...range]) => [entry, ...range.slice(0, 2)]), [['fours', 0, 60_000], ['fours', 60_000, 70_000]]);
});

test('attention has four queries an invocation, whatever its rows, unless these are too long for that', () => {
    const entry = (d, e) => dispatches('attention', { lead: 1, m: 9, d, n: 3, e })[0].entry;
    for (const [d, e, wanted] of [[64, 64, 'fours'], [64, 63, 'registers'], [1, 1, 'registers'], [0, 4, 'registers'], [4096, 4095, 'registers'],
        [4097, 4, 'main'], [4, 4097, 'main'], [8192, 4, 'fours']]) assert.equal(entry(d, e), wanted, `${d} ${e}`);
});

test('a sum of no elements is made all the same', () => {
    assert.deepEqual(dispatches('reduce', { lead: 3, n: 0 }).map(({ groups, begin, end }) => [groups, begin, end]), [[1, 0, 0]]);
});

test('every workgroup goes over all of a dimension once, in stages one after the other', () => {
    for (const [kernel, sizes, groups, length] of [
        ['matmul', { lead: 70_000, m: 1, k: 150_000, n: 1 }, 70_000, 150_000],
        ['layer_norm', { lead: 3, n: 9_000_000 }, 3, 9_000_000],
        ['attention', { lead: 2, m: 5, d: 5001, n: 70_000, e: 3000 }, 10, 70_000],
        ['attention', { lead: 2, m: 65, d: 4095, n: 70_000, e: 4096 }, 6, 70_000],
        ['attention', { lead: 2, m: 65, d: 3000, n: 70_000, e: 3000 }, 6, 70_000],
    ]) {
        const all = dispatches(kernel, sizes, 100_000), [{ entry }] = all;
        const covered = all.filter((one) => one.entry === entry).reduce((sum, one) => sum + one.groups * (one.end - one.begin), 0);
        assert.equal(covered, groups * length, kernel);
        assert.ok(all.every((one) => one.groups <= 65_535 && one.work / one.groups <= 65_535), kernel);
        assert.ok(all.every(({ begin }, i) => i === 0 || all[i - 1].entry !== all[i].entry || begin >= all[i - 1].begin), kernel);
    }
});

test('a step with more rounds than an invocation may go is refused', () => {
    for (const [d, e] of [[1, 70_000], [4, 20_000]])
        assert.throws(() => dispatches('attention', { lead: 1, m: 1, d, n: 1, e }), { code: 'platform_unsupported', field: 'inputs' });
});

test('what is drawn goes over all of a dimension once, in parts that have few enough rounds', () => {
    assert.deepEqual(makings('add', { lead: 257 }), [{ entry: 'value', to: 'c', texels: 65, rounds: 1, begin: 0, end: 0 }]);
    assert.deepEqual(makings('reduce', { lead: 3, n: 0 }).map(({ begin, end }) => [begin, end]), [[0, 0]]);
    for (const [kernel, sizes, length] of [
        ['matmul', { lead: 2, m: 1, k: 150_000, n: 3 }, 150_000],
        ['layer_norm', { lead: 3, n: 900_000 }, 900_000],
        ['attention', { lead: 2, m: 5, d: 3000, n: 70_000, e: 3000 }, 70_000],
    ]) {
        const all = makings(kernel, sizes);
        for (const { entry: named, end: reached } of all.filter((one) => one.begin === 0 && one.end > 0)) {
            const its = all.filter(({ entry }) => entry === named);
            assert.ok(its.every(({ begin }, i) => begin === (i ? its[i - 1].end : 0)), `${kernel} ${named} ${reached}`);
            assert.equal(its.at(-1).end, length, `${kernel} ${named}`);
        }
        assert.ok(all.every(({ rounds }) => rounds <= 65_535), kernel);
    }
    // The scores of some keys, then what is made of them, then the next keys.
    assert.deepEqual(makings('attention', { lead: 1, m: 1, d: 1, n: 300, e: 4 }).map(({ entry, begin, end }) => [entry, begin, end]),
        [['score', 0, 256], ['measure', 0, 256], ['value', 0, 256], ['score', 256, 300], ['measure', 256, 300], ['value', 256, 300]]);
});
