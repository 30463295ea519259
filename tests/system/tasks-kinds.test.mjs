// tier: full
/**
 * Every task on the accelerators of each kind of browser, one model of each family on its WASM, and one of each kind of
 * graph with all weights that there are: the answers are the oracle's everywhere.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { edge, safari } from '../lib/browsers.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { makeFamilies, putFamilies } from '../lib/families.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { assertServed, cases, nameOf } from '../lib/task-cases.mjs';
import { describe } from '../lib/tier.mjs';

const family = cases.filter(({ first }) => first);
/** It has an operator that WebNN is not given: 4-bit weights in GatherBlockQuantized. */
const lacking = cases.find(({ model }) => model === 'bert-words');
const all = cases.filter((one) => one !== lacking);
/** Those with all weights; of the others there is a twin that has them. */
const varied = family.map((one) => one.model === 'bert' ? one : { ...one, model: `${one.model}-variants` });

/** @type {[string, object, Record<string, import('../lib/task-cases.mjs').Case[]>][]} */
const kinds = [
    ['firefox', { max_connections: 1 }, { webgpu: all, wasm: family }],
    ['safari', safari(), { wasm: family }],
    ['edge', edge(), { webnn: all, wasm: family }],
    ['chrome', { max_connections: 1 }, { webgpu: all, wasm: [] }],
];

/** @type {Oracle} */
let oracle;
before(() => { oracle = new Oracle(makeFamilies()); });
after(() => oracle.close());

/** What an adapter without 16-bit floats does with such weights, as Chromium's software one is: nothing, and
 * it says why. */
async function assertRefused(daemon, { model, task, inputs }, where) {
    const { status, json } = await daemon.infer({ model_name: model, task, inputs, fallback: false, ...where });
    assert.deepEqual([status, json.code], [422, 'platform_unsupported']);
    assert.match(json.detail, /computes in 16-bit floats, and the adapter has no shader-f16/);
}

/** What a platform lacks is computed on WASM, or refused where nothing else may compute it. */
async function assertFallenBack(daemon, { model, task, inputs }, where) {
    const request = { model_name: model, task, inputs, ...where };
    const { executed_on: on } = await daemon.answer(request);
    assert.equal(on.platform, 'wasm');
    assert.deepEqual(on.fallbacks.map(({ platform, code }) => [platform, code]),
        [[where.platform, 'operator_unsupported']]);
    const { status, json } = await daemon.infer({ ...request, fallback: false });
    assert.deepEqual([status, json.code], [422, 'operator_unsupported']);
    assert.match(json.detail, /^onnx\/model_q4\.onnx: .*GatherBlockQuantized/s);
}

/** WebNN takes no part of graphs whose sizes are free: WASM computes them, unless nothing else may. */
async function assertFree(daemon, one, where) {
    const { executed_on: on } =
        await assertServed(daemon, oracle, one, { ...where, fallback: true }, undefined, 'wasm');
    assert.deepEqual(on.fallbacks.map(({ platform, code }) => [platform, code]),
        [['webnn', 'platform_unsupported']]);
    const { model, task, inputs } = one;
    const { status, json } = await daemon.infer({ model_name: model, task, inputs, fallback: false, ...where });
    assert.deepEqual([status, json.code], [422, 'platform_unsupported']);
    assert.match(json.detail, /WebNN took no part of the model: .* are free: /);
}

/** They see pictures of one size, or hear sounds of one length, one at a time: WebNN computes the graphs that do. */
const ofOneSize = new RegExp('^(?:vit|vit-features|vit-gpt2|detr|detr-panoptic|rt-detr|maskformer|segformer|depth'
    + '|clip|siglip|donut|llava|whisper|ast|clap)(?:-variants)?$');

/** Right on that platform, or on WASM and it is said why. */
const assertKnown = (daemon, one, where) =>
    where.platform === 'webnn' && !ofOneSize.test(one.model) ? assertFree(daemon, one, where)
        : assertServed(daemon, oracle, one, where);

for (const [kind, keys, platforms] of kinds)
    describe(kind, () => {
        /** @type {Daemon} */
        let daemon;
        const test = testsOf(() => daemon);
        before(async () => {
            daemon = new Daemon({ config: {
                'browser.chrome': { max_connections: 0 }, [`browser.${kind}`]: keys } });
            putFamilies(daemon.store, [...new Set([...all, ...varied, lacking].map(({ model }) => model))]);
            await daemon.start();
        });
        after(() => daemon.stop());

        for (const [platform, list] of Object.entries(platforms)) {
            const where = { platform, browser: kind };
            for (const one of list)
                test(`on ${platform}: ${nameOf(one)}`, () => assertKnown(daemon, one, where));
            for (const one of varied)
                for (const precision of ['fp16', 'q8', 'q4'])
                    test(`on ${platform} in ${precision}: ${nameOf(one)}`, async () => {
                        const [node] = (await daemon.get('/v1/nodes')).json.nodes;
                        const isRefused = platform === 'webgpu' && precision === 'fp16'
                            && node.platforms.webgpu.adapter.architecture === 'swiftshader';
                        await (isRefused ? assertRefused(daemon, one, { ...where, precision })
                            : assertKnown(daemon, one, { ...where, precision }));
                    });
            if (platform === 'wasm') continue;
            test(`on ${platform}: ${nameOf(lacking)}, and then another`, async () => {
                await (platform === 'webnn' ? assertFallenBack(daemon, lacking, where)
                    : assertServed(daemon, oracle, lacking, where));
                await assertKnown(daemon, family[0], where);
            });
        }
    });
