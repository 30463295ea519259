// tier: full
/** POST /v1/benchmark: models and kernels measured in real browsers. Runs are counted here, and answers compared; no time is. */
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['digits', 'twice', 'finch'], config: {
        pool: { max_connections: 2 }, 'browser.firefox': { max_connections: 1 },
    } }).start();
});
after(() => daemon.stop());

const measure = (body) => daemon.post('/v1/benchmark', body);
const digits = (rows) => [{ name: 'image', datatype: 'FP32', shape: [rows, 1, 28, 28],
    data: Array.from({ length: rows * 784 }, (_, i) => ((i * 7) % 11) / 11) }];

/** A benchmark's answer, whose figures are of the form that they promise. @returns {Promise<any>} */
async function measured(body) {
    const { status, json, text } = await measure(body);
    assert.equal(status, 200, `${JSON.stringify(body).slice(0, 200)}: ${text.slice(0, 500)}`);
    const { result, executed_on: ran, performance } = json, { runs = 20 } = body;
    assert.equal(result.run_ms.length, runs);
    for (const ms of [...result.run_ms, ...result.gpu_ms ?? [], result.first_ms, result.load_ms]) assert.ok(Number.isFinite(ms) && ms >= 0, text);
    assert.ok(result.gpu_ms === null || result.gpu_ms.length === runs);
    assert.ok(result.clock_ms > 0 && Number.isInteger(result.repeats) && result.repeats >= 1, text);
    for (const ms of result.run_ms) assert.ok(ms * result.repeats >= 20 * result.clock_ms * 0.999, `${ms} ms are too short for the clock: ${text}`);
    assert.ok(result.disturbed.every((index, i) => Number.isInteger(index) && index < runs && index > (result.disturbed[i - 1] ?? -1)), text);
    assert.match(result.output_hash, /^[0-9a-f]{64}$/);
    assert.deepEqual([ran.fallbacks, ran.simulated, performance.attempts], [[], false, 1]);
    if (body.browser) assert.equal(ran.browser, body.browser);
    if (body.platform) assert.equal(ran.platform, body.platform);
    return json;
}

// First: the cores are one browser's alone.
test('on one thread and on all, each as often as is asked, and the model stays where it was', async () => {
    const where = { model_name: 'digits', inputs: digits(1), runs: 2, browser: 'chrome', platform: 'wasm' };
    const hashes = new Set();
    for (const threads of [1, 'all', 1, 'all']) {
        const { result, executed_on: ran } = await measured({ ...where, threads });
        assert.equal(result.threads, ran.threads);
        if (threads === 1) assert.equal(result.threads, 1);
        hashes.add(result.threads);
    }
    if (os.availableParallelism() > 1) assert.equal(hashes.size, 2, 'all are more than one');
    const { json } = await daemon.infer({ model_name: 'digits', inputs: digits(1), browser: 'chrome', platform: 'wasm' });
    assert.deepEqual([json.executed_on.threads, json.performance.warm], [1, true]);
});

for (const platform of ['wasm', 'webgpu']) {
    test(`a graph as it is has a session of its own on ${platform}, which no request but such a benchmark gets`, async () => {
        const where = { model_name: 'digits', inputs: digits(1), browser: 'chrome', platform };
        const ask = async () => (await daemon.infer({ ...where, fallback: false })).json;
        const { outputs } = await ask();
        const [asItIs, again, usual] = [await measured({ ...where, runs: 1, optimization: 'none' }), await measured({ ...where, runs: 1, optimization: 'none' }),
            await measured({ ...where, runs: 1, optimization: 'all' })];
        assert.ok(asItIs.result.load_ms > 0);
        assert.deepEqual([again.result.load_ms, usual.result.load_ms, (await ask()).performance.warm], [0, 0, true]);
        for (const [i, value] of asItIs.outputs[0].data.entries()) assert.ok(Math.abs(value - outputs[0].data[i]) < 1e-3 * Math.max(1, Math.abs(value)));
        assert.equal((await daemon.post('/v1/models/digits/unload', {})).status, 202);
        assert.ok((await measured({ ...where, runs: 1, optimization: 'none' })).result.load_ms > 0, 'it is unloaded with its model');
        assert.deepEqual([(await ask()).performance.warm, (await ask()).performance.warm], [false, true]);
    });
}

for (const where of [{ browser: 'chrome', platform: 'wasm' }, { browser: 'chrome', platform: 'webgpu' }, { browser: 'firefox', platform: 'wasm' }]) {
    test(`a model is measured in ${where.browser} on ${where.platform}, and its answer is that of one run`, async () => {
        const inputs = digits(2);
        const first = await measured({ model_name: 'digits', inputs, runs: 5, warmup: 2, ...where });
        assert.deepEqual([first.model_name, first.model_type, first.executed_on.engine], ['digits', 'vision', 'ort']);
        assert.equal(first.result.threads, where.platform === 'wasm' ? first.executed_on.threads : null);
        assert.equal(first.result.gpu_ms, null);
        const again = await measured({ model_name: 'digits', inputs, runs: 3, warmup: 0, ...where });
        assert.deepEqual([again.result.load_ms, again.performance.warm], [0, true]);
        assert.equal(again.result.output_hash, first.result.output_hash);
        const { json } = await daemon.infer({ model_name: 'digits', inputs, fallback: false, ...where });
        assert.deepEqual([first.outputs, again.outputs], [json.outputs, json.outputs]);
        const ours = await measured({ model_name: 'digits', runs: 2, ...where });
        assert.deepEqual(ours.outputs[0].shape, [1, 10], 'without inputs it gets some');
        assert.equal((await measured({ model_name: 'digits', runs: 2, ...where })).result.output_hash, ours.result.output_hash);
    });
}

for (const where of [{ browser: 'chrome', platform: 'wasm' }, { browser: 'chrome', platform: 'webgpu' }, { browser: 'firefox', platform: 'webgpu' }]) {
    test(`a kernel is measured in ${where.browser} on ${where.platform}, by the GPU's clock where there is one`, async () => {
        const one = await measured({ kernel: 'matmul', runs: 4, ...where });
        assert.deepEqual([one.kernel, one.executed_on.engine, 'model_name' in one], ['matmul', 'kernels', false]);
        assert.deepEqual(one.outputs[0].shape, [256, 256]);
        if (where.platform === 'webgpu') assert.ok(one.result.gpu_ms.some((ms) => ms > 0), JSON.stringify(one.result));
        else assert.deepEqual([one.result.gpu_ms, one.result.threads], [null, 1]);
        const x = [{ name: 'x', datatype: 'FP32', shape: [3], data: [-1, 2, -3] }];
        assert.deepEqual((await measured({ kernel: 'relu', inputs: x, runs: 2, ...where })).outputs[0].data, [0, 2, 0]);
    });
}

test('a language model is measured by what it writes, and reads its prompt each time', async () => {
    const more = { model_name: 'finch', options: { max_tokens: 4 }, runs: 3, browser: 'chrome', platform: 'wasm' };
    const { result, executed_on: ran } = await measured(more);
    assert.equal(ran.engine, 'llama');
    assert.equal((await measured({ ...more, runs: 1 })).result.output_hash, result.output_hash);
    const longer = await measured({ ...more, options: { max_tokens: 8 }, runs: 1 });
    assert.notEqual(longer.result.output_hash, result.output_hash);
    const own = await measured({ ...more, inputs: 'hello', runs: 1 });
    assert.notEqual(own.result.output_hash, result.output_hash);
});

for (const platform of ['wasm', 'webgpu']) {
    test(`a built-in model over kernels is measured on ${platform}`, async () => {
        const one = await measured({ model_name: 'builtin/mlp', runs: 3, browser: 'chrome', platform });
        assert.deepEqual([one.executed_on.engine, one.outputs[0].shape], ['kernels', [1, 10]]);
        if (platform === 'webgpu') assert.ok(one.result.gpu_ms.some((ms) => ms > 0), JSON.stringify(one.result));
        else await measured({ model_name: 'builtin/mlp', runs: 1, browser: 'chrome', platform, threads: 1 });
    });
}

test('what computes nothing is measured, too', async () => {
    const echo = await measured({ model_name: 'builtin/echo', inputs: digits(1), runs: 2 });
    assert.deepEqual(echo.outputs[0].shape, [1, 1, 28, 28]);
    assert.equal((await measured({ model_name: 'builtin/count', options: { count: 3 }, inputs: [], runs: 2 })).executed_on.engine, 'builtin');
});

/** A request that runs, which can be told of by its id. */
const runs = (id) => until(async () => (await daemon.get(`/v1/jobs/${id}`)).json.state === 'running', { what: `${id} runs` });

test('twelve at once beside a benchmark are answered as each alone, and the runs after them are disturbed', async () => {
    const where = { browser: 'chrome', platform: 'wasm' };
    const one = (i) => daemon.infer({ model_name: i % 2 ? 'twice' : 'digits', ...where,
        inputs: i % 2 ? [{ name: 'x', datatype: 'FP32', shape: [2], data: [i, 2] }] : digits(1 + i / 2) });
    const alone = [];
    for (let i = 0; i < 12; i++) alone.push((await one(i)).json.outputs);
    const before = (await measured({ model_name: 'digits', inputs: digits(64), runs: 1, ...where })).result.output_hash;
    const benchmark = measured({ model_name: 'digits', inputs: digits(64), runs: 200, id: 'beside', ...where });
    await runs('beside');
    const together = await Promise.all(Array.from({ length: 12 }, (_, i) => one(i)));
    for (const [i, { status, json }] of together.entries()) assert.deepEqual([status, json.outputs], [200, alone[i]]);
    const { result } = await benchmark;
    assert.ok(result.disturbed.length > 0 && result.disturbed.length < 200, JSON.stringify(result.disturbed));
    assert.equal(result.output_hash, before);
});

test('kernels go between two runs of another', async () => {
    const where = { browser: 'chrome', platform: 'wasm' };
    const side = [512, 512], square = (name) => ({ name, datatype: 'FP32', shape: side, data: Array(512 * 512).fill(1) });
    const benchmark = measured({ kernel: 'matmul', inputs: [square('a'), square('b')], runs: 60, id: 'kernel', ...where });
    await runs('kernel');
    const others = await Promise.all(Array.from({ length: 12 }, (_, i) => daemon.post('/v1/compute',
        { kernel: 'relu', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [i, -i] }], ...where })));
    for (const [i, { json }] of others.entries()) assert.deepEqual(json.outputs[0].data.map(Math.abs), [i, 0]);
    const { result, outputs } = await benchmark;
    assert.ok(result.disturbed.length > 0);
    assert.ok(outputs[0].data.every((value) => value === 512));
});

for (const [what, body] of [['a model', { model_name: 'digits', inputs: digits(64) }], ['a kernel', { kernel: 'attention' }],
    ['a language model', { model_name: 'finch' }], ['a count', { model_name: 'builtin/count', inputs: [], options: { count: 5, interval_ms: 5 } }]]) {
    test(`a cancel ends the benchmark of ${what} between two runs, and costs nothing else`, async () => {
        const where = { browser: 'chrome', platform: 'wasm' };
        const before = await measured({ ...body, ...where, runs: 1 });
        const benchmark = measure({ ...body, ...where, runs: 1000, id: 'long' });
        await runs('long');
        assert.equal((await daemon.request('/v1/jobs/long', { method: 'DELETE' })).status, 200);
        assert.equal((await benchmark).json.code, 'cancelled');
        const again = await measured({ ...body, ...where, runs: 1 });
        assert.deepEqual([again.executed_on.node, again.result.load_ms], [before.executed_on.node, 0]);
    });
}

test('a benchmark past its deadline ends, and the next one is right', async () => {
    const { status, json } = await measure({ kernel: 'matmul', runs: 1000, warmup: 100, timeout_ms: 300, browser: 'chrome', platform: 'wasm' });
    assert.deepEqual([status, json.code], [504, 'deadline_exceeded']);
    await measured({ kernel: 'matmul', runs: 1, browser: 'chrome', platform: 'wasm' });
});

test('routing and the guard learn nothing of a benchmark', async () => {
    const options = async () => (await daemon.get('/v1/hardware?model_name=twice')).json.options
        .map(({ browser, platform, standing, measured: is, estimate, verdict }) => ({ browser, platform, standing, is, estimate, verdict }));
    const metrics = async () => (await daemon.get('/metrics')).text.split('\n')
        .filter((line) => /^webinfer_(route_probes_total|inferences_total\{model="twice")/.test(line));
    await daemon.infer({ model_name: 'twice', browser: 'chrome', platform: 'wasm', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    const known = await options(), counted = await metrics();
    assert.ok(counted.length >= 2, counted.join());
    for (const where of [{ platform: 'wasm' }, { platform: 'webgpu' }])
        await measured({ model_name: 'twice', browser: 'chrome', runs: 10, ...where });
    await measured({ model_name: 'twice', runs: 3 });
    assert.deepEqual(await options(), known);
    assert.deepEqual(await metrics(), counted);
});

test('outputs come in binary', async () => {
    const { status, headers } = await measure({ kernel: 'matmul', runs: 1, parameters: { binary_data_output: true } });
    assert.deepEqual([status, headers['content-type']], [200, 'application/octet-stream']);
});

/** Each with its status, code, field, and what is expected or allowed there. */
const bad = [
    ['nothing to measure', {}, 400, 'missing_field', 'model_name', /model_name or kernel/],
    ['both', { model_name: 'digits', kernel: 'relu' }, 400, 'invalid_field', 'kernel', /model_name or kernel/],
    ['an unknown model', { model_name: 'dance' }, 404, 'model_not_found', 'model_name', /digits/],
    ['an unknown kernel', { kernel: 'dance' }, 404, 'kernel_not_found', 'kernel', /matmul/],
    ['no run', { model_name: 'digits', runs: 0 }, 400, 'invalid_field', 'runs', /1 to 1000/],
    ['too many runs', { model_name: 'digits', runs: 1001 }, 400, 'invalid_field', 'runs', /1 to 1000/],
    ['half a run', { model_name: 'digits', runs: 1.5 }, 400, 'invalid_field', 'runs', undefined],
    ['too long a warm-up', { model_name: 'digits', warmup: 101 }, 400, 'invalid_field', 'warmup', /0 to 100/],
    ['a fallback', { model_name: 'digits', fallback: false }, 400, 'unknown_field', 'fallback', /runs/],
    ['two threads', { model_name: 'digits', platform: 'wasm', threads: 2 }, 400, 'invalid_field', 'threads', /1 or "all"/],
    ['threads of a GPU', { model_name: 'digits', platform: 'webgpu', threads: 1 }, 400, 'invalid_field', 'threads', /wasm/],
    ['threads of anything', { model_name: 'digits', threads: 'all' }, 400, 'invalid_field', 'threads', /wasm/],
    ['threads of a language model', { model_name: 'finch', platform: 'wasm', threads: 1 }, 400, 'invalid_field', 'threads', /ONNX/],
    ['some optimization', { model_name: 'digits', optimization: 'some' }, 400, 'invalid_field', 'optimization', /none/],
    ['the optimization of a kernel', { kernel: 'relu', optimization: 'none' }, 400, 'invalid_field', 'optimization', /ONNX/],
    ['the optimization of a language model', { model_name: 'finch', optimization: 'none' }, 400, 'invalid_field', 'optimization', /ONNX/],
    ['a wrong shape', { model_name: 'digits', inputs: [{ ...digits(1)[0], shape: [784] }] }, 422, 'input_shape', 'inputs[0].shape', /28/],
    ['a wrong option', { model_name: 'finch', options: { dance: 1 } }, 400, 'unknown_field', 'options.dance', undefined],
    ['text for a kernel', { kernel: 'relu', inputs: 'hello' }, 400, 'invalid_field', 'inputs', /datatype/],
    ['a precision that is not there', { model_name: 'digits', precision: 'int4' }, 422, 'precision_unsupported', 'precision', /fp32/],
    ['an unknown browser', { model_name: 'digits', browser: 'lynx' }, 400, 'invalid_field', 'browser', /chrome/],
    ['a platform that is not there', { kernel: 'relu', platform: 'webnn' }, 422, 'platform_unsupported', 'platform', undefined],
];
test('bad requests are told what is wrong, and the next one is right', async () => {
    for (const [what, body, status, code, field, expected] of bad) {
        const { status: is, json, text } = await measure(body);
        assert.deepEqual([is, json.code, json.field], [status, code, field], `${what}: ${text}`);
        if (expected) assert.match(`${json.expected ?? ''} ${json.allowed ?? ''}`, expected, `${what}: ${text}`);
    }
    await measured({ kernel: 'relu', runs: 1 });
});
