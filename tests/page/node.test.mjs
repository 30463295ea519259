// tier: full
// quick: a node > echoes every datatype, scalars and empty tensors
// quick: models > are right on wasm
// quick: models > refuse wrong inputs by name without harm
// quick: models > take a picture and give labels as model.json says
/** The built page in a real Chromium against the stand-in service: the protocol's every day. */
import assert from 'node:assert/strict';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findsFeatures } from './support/everywhere.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { builtin } from './support/models.mjs';
import { picture } from '../lib/picture.mjs';
import { describe } from '../lib/tier.mjs';

const ECHO = builtin('echo');
const floats = (name, ...values) => ({
    name, datatype: 'FP32', shape: [values.length], bytes: new Uint8Array(Float32Array.from(values).buffer),
});

const nodeTest = nodeTests();

/** SIMD alone hangs, which costs four seconds: what comes after it has as long, for a worker that begins anew. */
function hangs(name, content) {
    if (name.startsWith('features-')) {
        return `{ const { Module } = WebAssembly; WebAssembly.Module = function (bytes) {
            while (bytes.includes(0xfd)); return new Module(bytes); }; }${content}`;
    }
    if (!name.startsWith('main-')) return content;
    assert.ok(content.includes('2e4'), 'the limit is found');
    return content.toString().replaceAll('2e4', '4e3');
}

describe('a node', () => {
    nodeTest('announces itself, and the token leaves the address bar', async ({ service, tab, problems }) => {
        const [{ type, from, data }] = service.messages;
        assert.deepEqual([type, from, data.protocol, data.token], ['node_announcement', '', 1, 'one-time-token']);
        const { browser, cores, cross_origin_isolated: isolated, platforms, engines } = data.capabilities;
        assert.equal(browser.name, 'chromium');
        assert.match(browser.version, /^\d+\.\d+\.\d+\.\d+$/);
        assert.equal(isolated, true);
        assert.ok(cores >= 1);
        assert.deepEqual(engines, { llama: 'b11364', kernels: '2', ort: '1.30.0', pipeline: '4.3.1', builtin: '1' });
        assert.equal(platforms.wasm.available, true);
        assert.equal(platforms.wasm.threads, cores);
        assert.equal(platforms.webgpu.available, true);
        assert.equal(platforms.webgpu.adapter.is_fallback, true);
        assert.ok(platforms.webgpu.limits.maxBufferSize > 0);
        assert.ok(platforms.webgpu.features.length > 0);
        assert.equal(platforms.webnn.available, false);
        assert.equal(await tab.evaluate('crossOriginIsolated'), true);
        assert.equal(await tab.evaluate('location.href'), `${service.url}/`);
        assert.equal(await tab.evaluate('history.length <= 2'), true);
        assert.deepEqual(problems, []);
        // This browser can suspend WASM, for which onnxruntime-web has a build of its own.
        const scripts = service.served.map((name) => name.match(/(engine-.*)-[0-9a-f]{12}\.js$/)?.[1]).filter(Boolean);
        assert.deepEqual(scripts.sort(), ['engine-wasm', 'engine-webgpu-jspi']);
    });

    nodeTest('echoes every datatype, scalars and empty tensors', async ({ service }) => {
        const tensors = [
            floats('a', 1, NaN, Infinity), { name: 'b', datatype: 'BF16', shape: [], bytes: Uint8Array.of(1, 2) },
            { name: 'none', datatype: 'INT64', shape: [0, 3], bytes: new Uint8Array(0) },
            { name: 'ü', datatype: 'BYTES', shape: [1], bytes: Uint8Array.of(1, 0, 0, 0, 65) },
        ];
        const { data, bytes, from } = await service.run(ECHO, tensors);
        assert.equal(from, 'node-1');
        assert.equal(data.ok, true);
        assert.deepEqual(data.tensors.map(({ name, datatype, shape }) => [name, datatype, shape]),
            tensors.map(({ name, datatype, shape }) => [name, datatype, shape]));
        bytes.forEach((got, i) => assert.deepEqual([...got], [...tensors[i].bytes]));
        assert.deepEqual([data.executed_on.platform, data.executed_on.engine], ['wasm', 'builtin']);
        const some = await service.run(ECHO, tensors, { outputs: ['ü'] });
        assert.deepEqual(some.data.tensors.map(({ name }) => name), ['ü']);
        assert.equal((await service.run(ECHO, [])).data.ok, true);
        const ids = service.messages.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
    }, SHARED);

    nodeTest('answers a heartbeat, and sends its own', async ({ service }) => {
        const id = service.send('heartbeat', { seq: 1 });
        const beat = await service.seen('heartbeat', (m) => m.data.reply_to === id);
        assert.deepEqual([beat.data.running, beat.data.busy_since_ms], [[], 0]);
        service.silent = true;
        await service.seen('heartbeat', (m) => !m.data.reply_to);
    }, { welcome: { heartbeat_interval_ms: 1000 } });

    nodeTest('reports its capabilities when asked, and ignores what it does not know', async ({ service, tab }) => {
        service.send('from_the_future', { x: 1 });
        service.send('capability_query', { y: 2 });
        const { data } = await service.seen('capability_report');
        assert.equal(data.capabilities.platforms.webgpu.available, true);
        assert.equal(await tab.evaluate('document.documentElement.dataset.state'), 'connected');
    });

    nodeTest('finds what it can do', findsFeatures, SHARED);

    nodeTest('says no of what hangs, and beats on meanwhile', async ({ service }) => {
        const since = service.messages.length;
        const id = service.send('capability_query', { features: ['wasm_simd', 'wasm_jspi', 'webgl2_document'] });
        const report = await service.seen('capability_report', ({ data }) => data.reply_to === id);
        const { wasm_simd: hung, wasm_jspi: after, webgl2_document: beside } = report.data.features;
        assert.deepEqual([hung.state, after.state, beside.state], ['no', 'yes', 'software']);
        assert.match(hung.detail, /^it gave no answer in /);
        assert.ok(service.messages.slice(since).some(({ type }) => type === 'heartbeat'));
    }, { alter: hangs, welcome: { heartbeat_interval_ms: 200 } });

    nodeTest('hangs up on a malformed frame and comes back', async ({ service }) => {
        service.socket.send(Buffer.from([1, 0]));
        await service.seen('close', (m) => m.code === 3007);
        await service.seen('node_announcement', (m) => m.data.resume?.node === 'node-1');
    });

    nodeTest('says bye when its page is left', async ({ service, tab }) => {
        await tab.goto('about:blank');
        // Its worker may be ended before it has said so; then the browser says that it goes away.
        const last = await service.seen('close');
        const bye = service.messages.find(({ type }) => type === 'bye');
        assert.ok(bye || last.code === 1001, `closed with ${last.code}`);
        if (bye) assert.equal(bye.data.reason, 'its page was closed');
    });

    nodeTest('stays away after bye, and when refused', async ({ service, tab }) => {
        service.send('bye', { code: 'drain', reason: 'no longer needed' });
        await tab.waitForSelector('html[data-state=stopped]', { state: 'attached' });
        service.socket.close(1001);
        await service.seen('close', (m) => m.code === 1001);
        assert.equal(await tab.evaluate('document.documentElement.dataset.state'), 'stopped');
        service.welcome = {};
        service.handle = (socket) => socket.close(1008, 'bad token');
        await tab.goto('about:blank');
        await tab.goto(`${service.url}/#token=spent&start`);
        await tab.waitForSelector('html[data-state=refused]', { state: 'attached' });
        await tab.goto('about:blank');
        await tab.goto(service.url);
        await tab.waitForSelector('html[data-state=no-token]', { state: 'attached' });
    });
});

describe('models', needsCases, () => {
    for (const platform of ['wasm', 'webgpu']) {
        nodeTest(`are right on ${platform}`, async ({ service, problems }) => {
            for (const name of ['op_add', 'vision_mnist_ms_digit3', 'text_gen_tiny_gpt2_prefill', 'op_where_long_example', 'op_add_uint8']) {
                const found = readCase(name);
                const model = service.addModel(name, found.onnx);
                const more = { platforms: [platform], fallback: false };
                const cold = await service.run(model, found.inputs, more);
                check(found, cold);
                const { platform: ran, engine, fallbacks = [], adapter } = cold.data.executed_on;
                assert.deepEqual([ran, engine, fallbacks], [platform, 'ort', []]);
                assert.equal(adapter?.is_fallback, platform === 'webgpu' ? true : undefined);
                assert.equal(cold.data.performance.warm, false);
                const warm = await service.run(model, found.inputs, more);
                check(found, warm);
                assert.deepEqual([warm.data.performance.warm, warm.data.performance.load_ms], [true, 0]);
            }
            assert.deepEqual(problems, []);
        }, SHARED);
    }

    nodeTest('that are none give a clear error, and the next one runs', async ({ service }) => {
        const wanted = {
            neg_not_onnx_html: 'model_invalid', neg_truncated_superres: 'model_invalid',
            neg_unknown_custom_op: 'operator_unsupported', neg_opset6_ptconv_Linear: 'operator_unsupported',
            neg_opset6_ptop_addmm: 'operator_unsupported',
        };
        for (const [name, code] of Object.entries(wanted)) {
            const { onnx, inputs, expect_message_contains: text } = readCase(name);
            const model = service.addModel(name, onnx);
            for (const platforms of [['wasm'], ['webgpu'], ['webgpu', 'wasm']]) {
                const { data } = await service.run(model, inputs, { platforms, fallback: platforms.length > 1 });
                assert.deepEqual([data.ok, data.error.code, data.retryable], [false, code, false], `${name} ${platforms}`);
                if (text && platforms.at(-1) === 'wasm') assert.ok(data.error.message.includes(text));
            }
        }
        const good = readCase('op_add');
        check(good, await service.run(service.addModel('op_add', good.onnx), good.inputs));
    }, SHARED);

    nodeTest('get as many WASM threads as the service said last', async ({ service }) => {
        const found = readCase('cnn_squeezenet_randw'), { inputs } = found;
        const model = service.addModel('squeezenet', found.onnx); // not short: that runs on one thread
        service.send('settings', { threads: 4 });
        service.send('settings', { model_budget_bytes: 1e9, from_the_future: 1 });
        check(found, await service.run(model, inputs));
        // Each thread is a worker whose script is the engine's module; the engine worker has its own.
        const modules = service.served.filter((name) => /ort-wasm-simd-threaded-\w+\.mjs/.test(name));
        assert.equal(modules.length, 1 + 3);
        // A number that is more than one off means another worker, in which the model is loaded again.
        for (const threads of [1, 3]) {
            service.send('settings', { threads });
            const answer = await service.run(model, inputs);
            check(found, answer);
            assert.deepEqual([answer.data.executed_on.threads, answer.data.performance.warm], [threads, false]);
            assert.equal((await service.run(model, inputs)).data.performance.warm, true);
        }
        // What is said of models' threads goes before the share, and holds at once.
        service.send('settings', { language_models: { threads: 2 } });
        assert.equal((await service.run(model, inputs)).data.executed_on.threads, 2);
        service.send('settings', { language_models: { threads: 0 } });
        assert.equal((await service.run(model, inputs)).data.executed_on.threads, 2, 'it is one less, and in use');
    });

    nodeTest('fetch only the outputs wanted', async ({ service }) => {
        const { onnx, inputs } = readCase('text_gen_tiny_gpt2_prefill');
        const model = service.addModel('gpt2', onnx);
        const { data } = await service.run(model, inputs, { outputs: ['present_1', 'logits'] });
        assert.deepEqual(data.tensors.map(({ name }) => name).sort(), ['logits', 'present_1']);
        const bad = await service.run(model, inputs, { outputs: ['nothing'] });
        assert.deepEqual([bad.data.ok, bad.data.error.code], [false, 'output_unknown']);
    }, SHARED);

    nodeTest('refuse wrong inputs by name without harm', async ({ service }) => {
        const { onnx, inputs } = readCase('op_add');
        const model = service.addModel('op_add', onnx);
        const [x, y] = inputs;
        const run = async (tensors, more) => (await service.run(model, tensors, more)).data.error;
        assert.deepEqual((({ code, field }) => [code, field])(await run([x])), ['input_missing', 'y']);
        assert.equal((await run([x, { ...y, datatype: 'BF16' }])).code, 'input_datatype');
        assert.equal((await run([x, { ...y, datatype: 'INT32' }])).code, 'input_datatype');
        assert.equal((await run([x, { ...y, shape: [3, 4, 6] }])).code, 'input_size');
        assert.equal((await run([x, y], { precision: 'fp16' })).code, 'precision_unsupported');
        assert.equal((await service.run(model, inputs, { precision: 'fp32' })).data.ok, true);
    }, SHARED);

    nodeTest('that cannot be fetched are worth another try', async ({ service }) => {
        const model = service.addModel('m', readCase('op_add').onnx);
        const [graph] = model.files;
        for (const broken of [{ url: '/models/none' }, { bytes: graph.bytes + 1 }]) {
            const { data } = await service.run({ ...model, hash: 'x', files: [{ ...graph, ...broken }] }, []);
            assert.deepEqual([data.error.code, data.retryable], ['model_fetch_failed', true]);
        }
    }, SHARED);

    nodeTest('take a picture and give labels as model.json says', async ({ service, tab }) => {
        const { onnx } = readCase('vision_mnist_ms_digit7');
        const model = service.addModel('digits', onnx, {
            labels: [...'0123456789'].map((d) => `digit ${d}`),
            picture: { input: 'Input3', width: 28, height: 28, channels: 1, layout: 'NCHW', datatype: 'FP32', invert: true, fit: 'contain', background: [255, 255, 255] },
            result: { output: 'Plus214_Output_0', activation: 'softmax', top: 3 },
        });
        const encoded = await tab.evaluate(async () => {
            const canvas = new OffscreenCanvas(112, 112);
            const context = canvas.getContext('2d');
            context.fillStyle = 'white';
            context.fillRect(0, 0, 112, 112);
            context.lineWidth = 10;
            context.beginPath();
            context.moveTo(30, 25);
            context.lineTo(80, 25);
            context.lineTo(50, 92);
            context.stroke();
            const all = ['image/png', 'image/jpeg', 'image/webp'];
            return Promise.all(all.map(async (type) =>
                [type, [...new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer())]]));
        });
        const send = (bytes, type) => service.run(model,
            [{ name: 'image', datatype: 'UINT8', shape: [bytes.length], bytes: Uint8Array.from(bytes) }],
            { input: { image: { tensor: 0, media_type: type } } });
        for (const [type, bytes] of encoded) {
            const { data } = await send(bytes, type);
            assert.equal(data.ok, true, JSON.stringify(data.error));
            assert.equal(data.result.labels.length, 3);
            assert.equal(data.result.labels[0].label, 'digit 7', `${type} ${JSON.stringify(data.result)}`);
        }
        assert.equal((await send([1, 2, 3], 'image/png')).data.error.code, 'picture_invalid');
        assert.equal((await send(encoded[0][1].slice(0, 60), 'image/png')).data.error.code, 'picture_invalid');
        assert.equal((await send(picture.bomb(), 'image/png')).data.error.code, 'picture_too_large');
    }, SHARED);

    nodeTest('are loaded, listed and unloaded on request', async ({ service }) => {
        const { onnx, inputs } = readCase('op_add');
        const model = service.addModel('op_add', onnx);
        const has = (state) => (m) => m.data.models.some((one) => one.name === 'op_add' && one.state === state);
        service.send('model_load', { model, platforms: ['wasm'] });
        await service.seen('model_status', has('loaded'));
        const { data } = await service.run(model, inputs);
        assert.equal(data.performance.warm, true);
        const since = service.messages.length;
        service.send('model_unload', { name: 'op_add' });
        await service.seen('model_status', (m) => m.data.models.length === 0, since);
        assert.equal((await service.run(model, inputs)).data.performance.warm, false);
        service.send('model_load', { model: service.addModel('bad', Buffer.from('<html>')), platforms: ['webgpu', 'wasm'] });
        const status = await service.seen('model_status', (m) =>
            m.data.models.some((one) => one.name === 'bad' && one.state === 'failed' && one.platform === 'wasm'));
        assert.ok(status.data.models.find((one) => one.name === 'bad').error.length > 0);
    });
});

describe('the model budget', needsCases, () => {
    nodeTest('is kept, least recently used out first', async ({ service }) => {
        const model = (name) => service.addModel(name, readCase('op_add').onnx);
        const { inputs } = readCase('op_add');
        const [a, b, c] = ['a', 'b', 'c'].map(model);
        for (const one of [a, b, a, c]) await service.run(one, inputs);
        const { data } = await service.seen('model_status', (m) => m.data.models.some((one) => one.state === 'evicted'));
        assert.deepEqual(data.models.filter((one) => one.state === 'evicted').map((one) => one.name), ['b']);
        assert.equal((await service.run(a, inputs)).data.performance.warm, true);
        assert.equal((await service.run(b, inputs)).data.performance.warm, false);
    }, { welcome: { model_budget_bytes: 300 } });

    nodeTest('costs a worker that has outgrown it its place', async ({ service, tab }) => {
        const big = readCase('light_bvlc_alexnet');
        const small = readCase('op_add');
        check(big, await service.run(service.addModel('big', big.onnx), big.inputs));
        const model = service.addModel('small', small.onnx);
        check(small, await service.run(model, small.inputs));
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        check(small, await service.run(model, small.inputs));
        await service.seen('log', (m) => /WASM memory had grown/.test(m.data.message));
    }, { welcome: { model_budget_bytes: 100 } });
});
