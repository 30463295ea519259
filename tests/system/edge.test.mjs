// tier: full
/**
 * The kind edge: a Chromium with WebNN, which on Linux computes on the CPU, under the flags and
 * capabilities of [browser.edge].
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { edge } from '../lib/browsers.mjs';
import * as cases from '../lib/cases.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const withCases = { skip: sharedModels ? false : 'there are no shared model cases' };
const models = ['text_embed_generated_h64_l2', 'vision_mnist_ms_digit7', 'cnn_squeezenet_randw']
    .filter((name) => cases.names().includes(name));

before(async () => {
    daemon = await new Daemon({ models: ['twice', ...models],
        config: { 'browser.chrome': { max_connections: 0 }, 'browser.edge': edge() } }).start();
});
after(() => daemon.stop());

test('its node is of the kind edge, computes on webnn, webgpu and wasm', async () => {
    const [node] = (await daemon.get('/v1/nodes')).json.nodes;
    assert.equal(node.browser, 'edge');
    for (const platform of ['webnn', 'webgpu', 'wasm'])
        assert.equal(node.platforms[platform].available, true, platform);
    assert.equal(node.platforms.webgpu.adapter.is_fallback, true);
});

/** Its sizes are free, so that WebNN takes no part of it. */
const free = 'text_embed_generated_h64_l2';
const runs = models.flatMap((name) => [[name, 'wasm'], ...name === free ? [] : [[name, 'webnn']]])
    .concat([['vision_mnist_ms_digit7', 'webgpu']]); // a software adapter: a small one
for (const [name, platform] of runs)
    test(`${name} is right on ${platform}`, withCases, async () => {
        const { answer, problem } = await daemon.tryCase(cases.load(name),
            { platform, fallback: false, browser: 'edge' });
        assert.equal(problem, null);
        assert.equal(answer.executed_on.platform, platform);
        assert.equal(answer.executed_on.browser, 'edge');
    });

test('a model whose sizes are free is computed on wasm, and it says why', withCases, async () => {
    const { answer, problem } = await daemon.tryCase(cases.load(free), { platform: 'webnn', browser: 'edge' });
    assert.equal(problem, null);
    const { platform, fallbacks: [why] } = answer.executed_on;
    assert.deepEqual([platform, why.platform, why.code], ['wasm', 'webnn', 'platform_unsupported']);
    assert.match(why.reason, /^WebNN took no part of the model: .* are free: input_ids, attention_mask$/);
});

test('a request for another kind is refused, for none is allowed', async () => {
    const answer = await daemon.infer({ model_name: 'twice', browser: 'chrome',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.json.detail, /chrome/);
});
