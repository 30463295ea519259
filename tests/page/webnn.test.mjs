// tier: full
/** Models on WebNN in a real browser: right answers, what it cannot do, and what follows a failure. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { makeFamilies } from '../lib/families.mjs';
import { disc } from '../lib/media.mjs';
import { findWebnnChromium, launch } from './support/browser.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findsFeatures } from './support/everywhere.mjs';
import { embedder } from './support/folders.mjs';
import { filesIn } from './support/library.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { describe } from '../lib/tier.mjs';

const PINNED = { platforms: ['webnn'], fallback: false };
const BOTH = { platforms: ['webnn', 'wasm'], fallback: true };

/** Script text that lets the probe build its graph, and `replacement` have every later one. */
const onBuild = (replacement) => `{
    const build = MLGraphBuilder.prototype.build;
    let count = 0;
    MLGraphBuilder.prototype.build = function (outputs) {
        return ++count > 1 ? (${replacement})() : build.call(this, outputs);
    };
}`;
const ADDS_WRONG = 'MLGraphBuilder.prototype.add = MLGraphBuilder.prototype.sub;';
const NO_CONTEXT = 'ML.prototype.createContext = async () => { throw new Error("no device"); };';

/** Script text that tells the document of each dispatch, and where the document counts them. */
const COUNTS = `{
    const { dispatch } = MLContext.prototype, channel = new BroadcastChannel('dispatches');
    MLContext.prototype.dispatch = function (...given) {
        channel.postMessage(1);
        return dispatch.apply(this, given);
    };
}`;
const COUNTER = `new BroadcastChannel('dispatches').onmessage = () => {
    document.documentElement.dataset.dispatches = Number(document.documentElement.dataset.dispatches ?? 0) + 1;
}`;

const nodeTest = nodeTests(() => launch({ webnn: findWebnnChromium() }));

describe('WebNN', needsCases, () => {
    nodeTest('computes, and its security policy is kept', async ({ service, tab, problems }) => {
        assert.deepEqual(service.capabilities.platforms.webnn, { available: true });
        for (const name of ['op_add', 'vision_mnist_ms_digit3', 'cnn_squeezenet_randw', 'op_where_long_example']) {
            const found = readCase(name);
            const model = service.addModel(name, found.onnx);
            const cold = await service.run(model, found.inputs, PINNED);
            check(found, cold);
            const { platform, engine, adapter, fallbacks } = cold.data.executed_on;
            assert.deepEqual([platform, engine, adapter, fallbacks], ['webnn', 'ort', undefined, undefined]);
            const warm = await service.run(model, found.inputs, PINNED);
            check(found, warm);
            assert.equal(warm.data.performance.warm, true);
        }
        assert.deepEqual(problems, []);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    }, SHARED);

    nodeTest('is found by computing, and so is what it has of 8 and 4 bits', async (node) => {
        const { webnn, int8_webnn: eight, int4_webnn: four } = await findsFeatures(node);
        assert.deepEqual(webnn, { state: 'yes', detail: 'on the cpu' });
        const types = JSON.parse(await node.tab.evaluate(`(async () => JSON.stringify((await navigator.ml.createContext())
            .opSupportLimits().dequantizeLinear?.input.dataTypes ?? []))()`));
        for (const [{ state, detail }, type] of [[eight, 'uint8'], [four, 'uint4']]) {
            if (!types.includes(type)) assert.equal(state, 'no', type);
            if (state === 'no') assert.match(detail, /^webnn leaves it, or a part of it, to the CPU$/);
        }
    }, SHARED);

    nodeTest('itself computes what it is said to compute', async ({ service, tab }) => {
        await tab.evaluate(COUNTER);
        const found = readCase('vision_mnist_ms_digit3');
        const model = service.addModel('digits', found.onnx);
        for (const runs of [1, 2]) {
            check(found, await service.run(model, found.inputs, PINNED));
            await tab.waitForSelector(`html[data-dispatches="${runs}"]`, { state: 'attached' });
        }
    }, { faults: COUNTS, faulty: 'webnn' });

    nodeTest('computes what sees in a folder that reads, too, however many texts there are', async ({ service, tab }) => {
        await tab.evaluate(COUNTER);
        const model = service.addFolder('clip', filesIn(path.join(makeFamilies(), 'clip')));
        const { bytes } = disc();
        const picture = { name: 'image', datatype: 'UINT8', shape: [bytes.length], bytes };
        for (const labels of [['a disc'], ['a disc', 'a square', 'stripes']]) {
            const { data } = await service.run(model, [picture], { ...PINNED,
                task: 'zero-shot-image-classification', input: { image: { tensor: 0, media_type: 'image/png' }, labels } });
            assert.equal(data.ok, true, JSON.stringify(data.error));
            assert.equal(data.result.labels.length, labels.length);
        }
        await tab.waitForSelector('html[data-dispatches="2"]', { state: 'attached' });
    }, { faults: COUNTS, faulty: 'webnn' });

    // Of the first and the third it is given graphs all the same, which compute sizes.
    for (const [name, reason] of [
        ['text_encoder_vespa_dummy', /fixed sizes, .* are free: input_ids, attention_mask, token_type_ids$/],
        ['vision_superres_test', /fixed sizes, .* are free: input$/],
        ['audio_silero_vad', /fixed sizes, .* are free: input, state$/],
        ['op_add_uint8', /it has its operators not at all, or not for its datatypes$/],
    ])
        nodeTest(`takes no part of ${name}, and this is said`, async ({ service, tab }) => {
            const found = readCase(name);
            const model = service.addModel(name, found.onnx);
            const answer = await service.run(model, found.inputs, BOTH);
            check(found, answer);
            const { platform, fallbacks: [why] } = answer.data.executed_on;
            assert.deepEqual([platform, why.platform, why.code], ['wasm', 'webnn', 'platform_unsupported']);
            assert.match(why.reason, reason);
            const { data } = await service.run(model, found.inputs, PINNED);
            assert.deepEqual([data.ok, data.error.code, data.retryable], [false, 'platform_unsupported', false]);
            assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
        }, SHARED);

    nodeTest('takes no part of a folder whose sizes are free, and this is said', async ({ service, tab }) => {
        const model = service.addFolder('vectors', embedder());
        const task = { task: 'embed', input: { texts: ['bad'] } };
        const { data: { ok, executed_on: on } } = await service.run(model, [], { ...task, ...BOTH });
        assert.equal(ok, true);
        assert.deepEqual([on.platform, on.fallbacks[0].code], ['wasm', 'platform_unsupported']);
        assert.match(on.fallbacks[0].reason, /are free: input_ids, attention_mask$/);
        const { data } = await service.run(model, [], { ...task, ...PINNED });
        assert.deepEqual([data.ok, data.error.code], [false, 'platform_unsupported']);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    }, SHARED);

    nodeTest('falls back at once from what it cannot build, with its reason', async ({ service, tab }) => {
        const found = readCase('op_scatter_elements_with_negative_indices');
        const model = service.addModel('scatter', found.onnx);
        const answer = await service.run(model, found.inputs, BOTH);
        check(found, answer);
        const { platform, fallbacks: [why] } = answer.data.executed_on;
        assert.deepEqual([platform, why.platform, why.code], ['wasm', 'webnn', 'operator_unsupported']);
        assert.match(why.reason, /scatterElements only supports constant indices/);
        const { data } = await service.run(model, found.inputs, PINNED);
        assert.deepEqual([data.ok, data.error.code, data.retryable], [false, 'operator_unsupported', false]);
        await tab.waitForSelector('html[data-replaced="2"]', { state: 'attached' });
        const add = readCase('op_add');
        check(add, await service.run(service.addModel('op_add', add.onnx), add.inputs, PINNED));
    });

    nodeTest('that hangs costs its worker only, and is there again', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        await service.run(model, add.inputs); // so that what WASM takes to start does not count
        const answer = await service.run(model, add.inputs, { ...BOTH, deadline_ms: 12000 });
        check(add, answer);
        const { platform, fallbacks: [why] } = answer.data.executed_on;
        assert.deepEqual([platform, why.platform, why.code], ['wasm', 'webnn', 'engine_hung']);
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        assert.equal(service.messages.some((m) => m.type === 'capability_report'
            && !m.data.capabilities.platforms.webnn.available), false);
    }, { faults: onBuild('() => new Promise(() => {})'), faulty: 'webnn' });

    nodeTest('that loses its context is replaced', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        const { data } = await service.run(model, add.inputs, PINNED);
        assert.deepEqual([data.error.code, data.retryable], ['device_lost', true], data.error.message);
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
    }, {
        faults: `{ const create = ML.prototype.createContext;
            ML.prototype.createContext = async function (...options) {
                return globalThis.lostContext = await create.apply(this, options);
            }; }` + onBuild('() => { globalThis.lostContext.destroy(); return new Promise(() => {}); }'),
        faulty: 'webnn',
    });

    for (const [what, faults, reason] of [
        ['computes wrong', ADDS_WRONG, /cpu: a test graph gave a wrong result/],
        ['gives no context', NO_CONTEXT, /cpu: no device/],
    ]) {
        nodeTest(`that ${what} is not available, and the models run elsewhere`, async ({ service }) => {
            const { webnn: report } = service.capabilities.platforms;
            assert.equal(report.available, false);
            assert.match(report.reason, reason);
            const add = readCase('op_add');
            const model = service.addModel('op_add', add.onnx);
            const answer = await service.run(model, add.inputs, BOTH);
            check(add, answer);
            assert.match(answer.data.executed_on.fallbacks[0].reason, reason);
            assert.equal((await service.run(model, add.inputs, PINNED)).data.error.code, 'platform_unsupported');
        }, { faults, faulty: 'webnn' });
    }
});
