// tier: full
/** builtin/vector, builtin/mlp and builtin/transformer in real browsers, against plain loops of the test's own. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before } from 'node:test';
import { safari } from '../lib/browsers.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { rightModel } from '../lib/kernel-models.mjs';
import { inputsOf, largest } from '../lib/kernels.mjs';
import * as kserve from '../lib/kserve.mjs';
import { until } from '../lib/wait.mjs';

/** Of the largest value, beside which sums in single precision are right, one after the other. */
const TOLERANCE = 5e-5;

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: {
        pool: { max_connections: 3, recheck: '0%' }, 'browser.firefox': { max_connections: 1 }, 'browser.safari': safari(),
    } }).start();
});
after(() => daemon.stop());

const shapes = { vector: [[0], [1], [17], [1000]], mlp: [[1, 784], [17, 784], [0, 784]],
    transformer: [[1, 1, 64], [2, 17, 64], [1, 128, 64]] };
const all = Object.entries(shapes).flatMap(([model, list]) => list.map((shape) => ({ model, shape })));
const everywhere = [...['chrome', 'firefox', 'safari'].map((browser) => ({ browser, platform: 'wasm' })),
    ...['chrome', 'firefox'].map((browser) => ({ browser, platform: 'webgpu' })),
    ...['chrome', 'safari'].map((browser) => ({ browser, platform: 'webgl' }))];

const inputOf = (shape) => inputsOf({ shapes: { x: shape } })[0];
const tensor = ({ name, shape, values }) => ({ name, datatype: 'FP32', shape, data: values });
const request = ({ model, shape, input = inputOf(shape) }, more = {}) =>
    ({ model_name: `builtin/${model}`, inputs: [tensor(input)], fallback: false, ...more });
const infer = (one, more) => daemon.infer(request(one, more));

/** What the loops make of a case, once. */
const known = new Map();
function wanted({ model, shape }) {
    const name = `${model} ${shape}`;
    if (!known.has(name)) known.set(name, rightModel[model](inputOf(shape)));
    return known.get(name);
}

function isRight(one, output, what) {
    const { shape, values } = wanted(one), most = Math.max(1, largest(values.map(Math.abs)));
    assert.deepEqual([output.name, output.datatype, output.shape], ['y', 'FP32', shape], what);
    assert.equal(output.data.length, values.length, what);
    for (const [i, value] of values.entries())
        assert.ok(Math.abs(output.data[i] - value) <= TOLERANCE * most, `${what}: element ${i} is ${output.data[i]}, not ${value}`);
}

async function check(one, where = { platform: 'wasm' }) {
    const answer = await infer(one, where), what = `${one.model} [${one.shape}] on ${where.browser} ${where.platform}`;
    assert.equal(answer.status, 200, `${what}: ${answer.text}`);
    const { outputs, executed_on: ran } = answer.json;
    assert.equal(outputs.length, 1);
    isRight(one, outputs[0], what);
    assert.deepEqual([ran.platform, ran.engine, ran.precision, ran.fallbacks, ran.simulated],
        [where.platform, 'kernels', 'fp32', [], false]);
    if (where.browser) assert.equal(ran.browser, where.browser);
    return answer.json;
}

test('a daemon that has just started answers, with nothing to download', async () => {
    const { json } = await daemon.infer({ model_name: 'builtin/mlp', inputs: [tensor(inputOf([1, 784]))] });
    isRight({ model: 'mlp', shape: [1, 784] }, json.outputs[0], 'on auto');
    assert.deepEqual([json.executed_on.platform, json.executed_on.numerics], ['wasm', 'ok'], 'auto takes no software adapter');
});

for (const where of everywhere) {
    test(`every model is right in ${where.browser} on ${where.platform}, alone and twelve at once beside another`, async () => {
        const alone = [];
        for (const one of all) alone.push((await check(one, where)).outputs);
        const some = Array.from({ length: 12 }, (_, i) => i % all.length);
        const beside = Array.from({ length: 12 }, () => daemon.infer({ model_name: 'twice', browser: where.browser,
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] }));
        const together = await Promise.all(some.map((i) => check(all[i], where)));
        for (const [at, i] of some.entries()) assert.deepEqual(together[at].outputs, alone[i]);
        for (const { json } of await Promise.all(beside)) assert.deepEqual(json.outputs[0].data, [2, 4]);
    });
}

test('what comes later in a text changes nothing before it', async () => {
    const shape = [1, 17, 64], first = inputOf(shape), from = 9 * 64;
    const other = { ...first, values: first.values.map((value, i) => (i < from ? value : -value + 1)) };
    for (const where of everywhere.slice(0, 4)) {
        const [a, b] = await Promise.all([first, other].map(async (input) =>
            (await infer({ model: 'transformer', input }, where)).json.outputs[0].data));
        assert.deepEqual(a.slice(0, from), b.slice(0, from), JSON.stringify(where));
        for (let position = from; position < a.length; position += 64)
            assert.notDeepEqual(a.slice(position, position + 64), b.slice(position, position + 64));
    }
});

test('the guard compares them as any model, and says what it found', async () => {
    for (const model of Object.keys(shapes)) {
        const verdicts = await until(async () => {
            const { json } = await daemon.get(`/v1/models/builtin/${model}`);
            const found = json.numerics.verdicts.filter(({ verdict }) => verdict !== 'unknown');
            return found.length === 4 && found;
        }, { what: `four verdicts on ${model}` });
        assert.deepEqual(verdicts.map(({ browser, platform, engine, verdict }) => [browser, platform, engine, verdict]).sort(),
            [['chrome', 'webgl'], ['chrome', 'webgpu'], ['firefox', 'webgpu'], ['safari', 'webgl']].map((one) => [...one, 'kernels', 'trusted']));
        const { json } = await infer({ model, shape: shapes[model][1] }, { platform: 'webgpu', browser: 'chrome' });
        assert.equal(json.executed_on.numerics, 'ok');
    }
});

test('they are measured, and routing shows it; what computes nothing is not', async () => {
    const options = async (model) => (await daemon.get(`/v1/hardware?model_name=builtin/${model}`)).json.options;
    const mlp = (await options('mlp')).filter(({ standing }) => standing === 'ready');
    assert.ok(mlp.some(({ platform, measured, estimate, verdict }) =>
        platform === 'wasm' && measured && estimate.runs > 0 && verdict === 'trusted'), JSON.stringify(mlp));
    await daemon.infer({ model_name: 'builtin/echo', inputs: [] });
    assert.ok((await options('echo')).every(({ measured = false, verdict = null }) => !measured && verdict === null));
});

test('they are listed with what they take and give, as KServe has them too', async () => {
    const hash = (name) => crypto.createHash('sha256').update(`builtin\0${name}\x002`).digest('hex');
    const { models } = (await daemon.get('/v1/models')).json, names = models.map(({ name }) => name);
    for (const [model, input, output] of [['vector', [-1], [-1]], ['mlp', [-1, 784], [-1, 10]],
        ['transformer', [-1, -1, 64], [-1, -1, 64]]]) {
        assert.ok(names.includes(`builtin/${model}`));
        const { json } = await daemon.get(`/v1/models/builtin/${model}`);
        assert.deepEqual([json.builtin, json.hash, json.type, json.numerics.exempt], [true, hash(model), null, null]);
        assert.deepEqual(json.inputs, [{ name: 'x', datatype: 'FP32', shape: input }]);
        assert.deepEqual(json.outputs, [{ name: 'y', datatype: 'FP32', shape: output }]);
        const { json: served } = await daemon.get(`/v2/models/builtin/${model}`);
        assert.deepEqual([served.platform, served.inputs, served.outputs], ['webinfer_builtin', json.inputs, json.outputs]);
    }
    const one = { model: 'mlp', shape: [1, 784] }, { headers, body } = kserve.encode({ parameters: { binary_data_output: true } },
        [{ name: 'x', datatype: 'FP32', shape: one.shape, bytes: Buffer.from(new Float32Array(inputOf(one.shape).values).buffer) }]);
    const answer = kserve.decode(await daemon.request('/v2/models/builtin/mlp/infer', { method: 'POST', headers, body }));
    isRight(one, { ...answer.outputs[0], data: answer.outputs[0].values }, 'by KServe');
});

test('a stored job runs one', async () => {
    const one = { model: 'transformer', shape: [2, 17, 64] };
    const { json: { id } } = await daemon.post('/v1/jobs', request(one, { platform: 'wasm' }));
    const job = await until(async () => {
        const { json } = await daemon.get(`/v1/jobs/${id}?wait=5s`);
        return json.finished_at && json;
    }, { what: 'the job to end' });
    assert.equal(job.state, 'done');
    isRight(one, job.answer.outputs[0], 'as a job');
});

test('a benchmark runs one, on each platform', async () => {
    const one = { model: 'mlp', shape: [17, 784] }, { fallback, ...body } = request(one, { browser: 'chrome', runs: 3 });
    for (const platform of ['wasm', 'webgpu']) {
        const { status, json, text } = await daemon.post('/v1/benchmark', { ...body, platform });
        assert.equal(status, 200, text);
        assert.deepEqual([json.executed_on.platform, json.result.run_ms.length], [platform, 3]);
        isRight(one, json.outputs[0], `measured on ${platform}`);
    }
});

test('requests that wait for each other run as one, row by row as alone', async () => {
    const where = { platform: 'wasm', browser: 'chrome' }, one = { model: 'mlp', shape: [1, 784] };
    const rows = [[1, 784], [17, 784]].map((shape) => ({ model: 'mlp', shape }));
    const alone = [];
    for (const each of rows) alone.push((await check(each, where)).outputs);
    await daemon.reload({ pool: { batching: 'fixed', batch_window: '2s', max_batch: 18 } });
    const together = await Promise.all(rows.map((each) => check(each, where)));
    for (const [i, { outputs, performance }] of together.entries()) {
        assert.equal(performance.batch, 18, 'rows of both');
        assert.deepEqual(outputs, alone[i]);
    }
    await daemon.reload({ pool: { batching: 'off' } });
    assert.equal((await check(one, where)).performance.batch, undefined);
});

test('one is loaded before its first request, and unloaded; what every node has is not', async () => {
    const states = async () => (await daemon.get('/v1/models/builtin/vector')).json.loaded
        .filter(({ state }) => state === 'loaded');
    for (const verb of ['unload', 'load']) {
        const { status, text } = await daemon.post(`/v1/models/builtin/vector/${verb}`, {});
        assert.ok([200, 202].includes(status), text);
        await until(async () => (await states()).length > 0 === (verb === 'load'), { what: `vector to be ${verb}ed` });
    }
    const echo = await daemon.post('/v1/models/builtin/echo/load', {});
    assert.deepEqual([echo.status, echo.json.code], [409, 'conflict']);
    const [{ node }] = await states();
    const { json } = await daemon.infer(request({ model: 'vector', shape: [17] }, { node, platform: 'wasm' }));
    assert.equal(json.performance.warm, true);
    const { json: ready } = await daemon.post('/v2/repository/models/builtin/mlp/load', {});
    assert.equal(ready.state, 'READY');
    assert.ok(ready.nodes.length > 0);
    await check({ model: 'mlp', shape: [17, 784] });
});

const x = tensor(inputOf([1, 784]));
/** Each with its status, code, field and what is expected there. */
const bad = [
    ['a row that is too short', 'mlp', [tensor(inputOf([2, 783]))], {}, 422, 'input_shape', 'inputs[0].shape', /\[\?, 784\]/],
    ['another rank', 'mlp', [tensor(inputOf([784]))], {}, 422, 'input_shape', 'inputs[0].shape', /\[\?, 784\]/],
    ['another datatype', 'mlp', [{ ...x, datatype: 'INT32', data: Array(784).fill(1) }], {}, 422, 'input_datatype',
        'inputs[0].datatype', /FP32/],
    ['no input', 'mlp', [], {}, 422, 'input_missing', 'inputs', /x/],
    ['another input', 'mlp', [{ ...x, name: 'z' }], {}, 422, 'input_unknown', 'inputs[0].name', /x/],
    ['another output', 'mlp', [x], { outputs: [{ name: 'z' }] }, 422, 'output_unknown', 'outputs', undefined],
    ['an option', 'mlp', [x], { options: { seed: 1 } }, 400, 'unknown_field', 'options.seed', /no options/],
    ['a precision', 'mlp', [x], { precision: 'fp16' }, 422, 'precision_unsupported', 'precision', /fp32/],
    ['a position too many', 'transformer', [tensor(inputOf([1, 129, 64]))], {}, 422, 'input_shape', 'inputs[0].shape',
        /\[batch,positions,64\], where batch is 0 to 64, positions is 1 to 128/],
    ['no position', 'transformer', [tensor(inputOf([1, 0, 64]))], {}, 422, 'input_shape', 'inputs[0].shape', /1 to 128/],
    ['a batch too large', 'transformer', [tensor(inputOf([65, 1, 64]))], {}, 422, 'input_shape', 'inputs[0].shape', /0 to 64/],
    ['a platform that does not run them', 'vector', [tensor(inputOf([1]))], { platform: 'webnn' }, 422, 'platform_unsupported',
        'platform', undefined],
    ['a model that there is not', 'gru', [x], {}, 404, 'model_not_found', 'model_name', undefined],
];
test('bad requests are told what is wrong, and the next one is right', async () => {
    for (const [what, model, inputs, more, status, code, field, expected] of bad) {
        const { status: is, json, text } = await daemon.infer(
            { model_name: `builtin/${model}`, inputs, fallback: false, ...more });
        assert.deepEqual([is, json.code, json.field], [status, code, field], `${what}: ${text}`);
        if (expected) assert.match(`${json.expected ?? ''} ${json.allowed ?? ''}`, expected, `${what}: ${text}`);
    }
    const removed = await daemon.request('/v1/models/builtin/mlp', { method: 'DELETE' });
    assert.ok(removed.status >= 400, removed.text);
    const published = await daemon.post('/v1/models/builtin/mlp/publish', {});
    assert.deepEqual([published.status, published.json.code], [422, 'model_invalid'], published.text);
    await check({ model: 'mlp', shape: [1, 784] });
});

test('webinfer shows one, and runs it', async () => {
    const shown = await webinfer(daemon, ['show', 'builtin/mlp']);
    assert.equal(shown.code, 0, shown.problems);
    assert.match(shown.out, /^inputs +x FP32\[-1, 784\]$/m);
    assert.match(shown.out, /^firefox .* wasm +yes .* trusted$/m);
    const ran = await webinfer(daemon, ['infer', 'builtin/vector', '--inputs', '-'], { input: JSON.stringify(
        [{ name: 'x', datatype: 'FP32', shape: [3], data: [-1, 0, 1.5] }]) });
    assert.match(ran.out, /^y FP32\[3\] = 0, 1, 4$/m, ran.problems);
    assert.match(ran.out, /engine kernels/);
});
