// tier: full
// quick: twelve at once, beside a model, are answered as each alone, in chrome on wasm
// quick: bad requests are told what is wrong, and the next one is right
// quick: a kernel is no model
/** POST /v1/compute and GET /v1/kernels: our own kernels in real browsers, against plain loops of the test's own. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { safari } from '../lib/browsers.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { checkKernel, long, right, shapes } from '../lib/kernels.mjs';
import * as kserve from '../lib/kserve.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: {
        pool: { max_connections: 3 }, 'browser.chrome': { gpu: 'software' }, 'browser.firefox': { gpu: 'software', max_connections: 1 },
        'browser.safari': safari(),
    } }).start();
});
after(() => daemon.stop());

const x = { name: 'x', shape: [2], values: [1, 2] };
const tensor = ({ name, shape, values }) => ({ name, datatype: 'FP32', shape, data: values });

const compute = (kernel, inputs, more = {}) => daemon.post('/v1/compute', { kernel, inputs, ...more });

/** The answer, held against the loops. */
const check = (one, more) => checkKernel(daemon, one, more);

test('auto takes no software adapter', async () => {
    const { json } = await compute('relu', [tensor(x)]);
    assert.deepEqual([json.executed_on.platform, json.executed_on.fallbacks], ['wasm', []]);
});

/** Those that have a GPU, if only in software: where WebGL is in workers, and where in the document alone. */
const onGpu = [...['chrome', 'firefox'].map((browser) => ({ browser, platform: 'webgpu' })),
    ...['chrome', 'safari'].map((browser) => ({ browser, platform: 'webgl' }))];
for (const where of [...['chrome', 'firefox', 'safari'].map((browser) => ({ browser, platform: 'wasm' })), ...onGpu]) {
    test(`every kernel is right in ${where.browser} on ${where.platform}, for odd shapes and for none`, async () => {
        for (const one of shapes) await check(one, where);
    });
}

for (const where of onGpu) {
    test(`what takes more rounds or workgroups than one dispatch may have is right in ${where.browser} on ${where.platform}`, async () => {
        for (const one of long) await check(one, where);
    });
}

test('a kernel with more rounds in one step than an adapter goes takes another platform, or is told so', async () => {
    const wide = { name: 'q', shape: [1, 1], values: [1] }, e = 70_000;
    const inputs = [wide, { ...wide, name: 'k' }, { name: 'v', shape: [1, e], values: Array(e).fill(2) }].map(tensor);
    const { json } = await compute('attention', inputs, { platform: 'webgpu', fallback: false });
    assert.deepEqual([json.code, json.field], ['platform_unsupported', 'inputs']);
    assert.match(json.expected, /60000 rounds/);
    const again = await compute('attention', inputs, { platform: 'webgpu', browser: 'chrome' });
    assert.equal(again.json.executed_on.platform, 'webgl', again.text);
    assert.deepEqual(again.json.executed_on.fallbacks.map(({ platform, code }) => [platform, code]), [['webgpu', 'platform_unsupported']]);
    assert.ok(again.json.outputs[0].data.every((value) => value === 2));
    const deep = { name: 'q', shape: [1, e], values: Array(e).fill(1) };
    const last = await compute('attention', [deep, { ...deep, name: 'k' }, { ...wide, name: 'v' }].map(tensor), { platform: 'webgl' });
    assert.equal(last.json.executed_on.platform, 'wasm', last.text);
    assert.deepEqual(last.json.executed_on.fallbacks.map(({ platform, code }) => [platform, code]), [['webgl', 'platform_unsupported']]);
    assert.deepEqual(last.json.outputs[0].data, [1]);
});

test('the kernels that are listed are those that were tried, each with what it takes', async () => {
    const { kernels } = (await daemon.get('/v1/kernels')).json;
    assert.deepEqual(kernels.map(({ name }) => name), Object.keys(right).sort());
    const matmul = kernels.find(({ name }) => name === 'matmul');
    assert.deepEqual(matmul.inputs, [{ name: 'a', datatypes: ['FP32', 'FP16'], shape: ['*', 'm', 'k'] },
        { name: 'b', datatypes: ['FP32', 'FP16'], shape: ['*', 'k', 'n'] }]);
    assert.deepEqual(matmul.outputs, [{ name: 'c', datatypes: ['FP32', 'FP16'], shape: ['*', 'm', 'n'] }]);
    assert.deepEqual(matmul.platforms, ['webgpu', 'webgl', 'wasm']);
    const { properties } = kernels.find(({ name }) => name === 'reduce').options;
    assert.deepEqual([properties.operation.default, properties.operation.enum], ['sum', ['sum', 'mean', 'max', 'min']]);
});

for (const where of [{ platform: 'wasm' }, ...onGpu]) {
    test(`tensors come and go in binary, with numbers that are none, on ${where.browser ?? ''} ${where.platform}`, async () => {
        const values = [NaN, -1, Infinity, -Infinity, 2];
        const bytes = Buffer.from(new Float32Array(values).buffer);
        const { headers, body } = kserve.encode({ kernel: 'relu', fallback: false, ...where, parameters: { binary_data_output: true } },
            [{ name: 'x', datatype: 'FP32', shape: [5], bytes }]);
        const answer = await daemon.request('/v1/compute', { method: 'POST', headers, body });
        assert.equal(answer.status, 200, answer.text);
        const { outputs: [output] } = kserve.decode(answer);
        assert.deepEqual(kserve.values('FP32', output.bytes), [NaN, 0, Infinity, 0, 2]);
    });
}

/** Some halves: their bits, and what they are. */
const HALVES = [[0x3c00, 1], [0xbc00, -1], [0x3800, 0.5], [0x4200, 3], [0xc400, -4], [0x0400, 2 ** -14], [0x0001, 2 ** -24], [0x8000, 0]];

for (const where of [{ platform: 'wasm' }, ...onGpu]) for (const [depth, columns] of [[257, 5], [256, 8]]) {
    test(`matrices of halves have a product of halves on ${where.browser ?? ''} ${where.platform}, over ${depth}, where the adapter has them`, async () => {
        const [a, b] = [[3, depth], [depth, columns]].map((shape) => ({ shape,
            picked: Array.from({ length: kserve.count(shape) }, (_, i) => HALVES[(i * i + i) % 19 % HALVES.length]) }));
        const wanted = right.matmul([a, b].map(({ shape, picked }) => ({ shape, values: picked.map(([, value]) => value) })), {});
        const { headers, body } = kserve.encode({ kernel: 'matmul', fallback: false, ...where, parameters: { binary_data_output: true } },
            [a, b].map(({ shape, picked }, i) => ({ name: 'ab'[i], datatype: 'FP16', shape, bytes: kserve.pack('FP16', picked.map(([bits]) => bits)) })));
        const answer = await daemon.request('/v1/compute', { method: 'POST', headers, body });
        if (where.platform === 'webgpu' && where.browser === 'chrome' && answer.status === 422) { // SwiftShader has none
            assert.deepEqual([answer.json.code, answer.json.field], ['platform_unsupported', 'inputs'], answer.text);
            return assert.match(answer.json.detail, /has no shader-f16/);
        }
        assert.equal(answer.status, 200, answer.text);
        const { outputs: [output], executed_on: ran } = kserve.decode(answer);
        assert.deepEqual([output.datatype, output.shape, ran.platform, ran.precision], ['FP16', [3, columns], where.platform, 'fp16']);
        for (const [i, is] of kserve.values('FP16', output.bytes).entries())
            assert.ok(Math.abs(is - wanted.values[i]) <= Math.abs(wanted.values[i]) * 2 ** -11, `element ${i} is ${is}, not ${wanted.values[i]}`);
    });
}

test('an answer says what ran, and has the client\'s id', async () => {
    const answer = await check({ kernel: 'add', shapes: { a: [2], b: [2] } }, { id: 'mine' });
    assert.equal(answer.id, 'mine');
    assert.equal(answer.kernel, 'add');
    assert.ok(!('model_name' in answer) && !('model_type' in answer));
    assert.equal(answer.executed_on.precision, 'fp32');
    assert.equal(answer.executed_on.numerics, 'ok');
    assert.equal(answer.performance.attempts, 1);
});

for (const where of [{ browser: 'chrome', platform: 'wasm' }, ...onGpu]) {
    test(`twelve at once, beside a model, are answered as each alone, in ${where.browser} on ${where.platform}`, async () => {
        const some = shapes.filter(({ kernel }) => ['matmul', 'attention', 'softmax'].includes(kernel)).slice(0, 12);
        const alone = [];
        for (const one of some) alone.push((await check(one, where)).outputs);
        const beside = Array.from({ length: 12 }, () => daemon.infer({ model_name: 'twice',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] }));
        const together = await Promise.all(some.map((one) => check(one, where)));
        for (const [i, { outputs }] of together.entries()) assert.deepEqual(outputs, alone[i]);
        for (const { json } of await Promise.all(beside)) assert.deepEqual(json.outputs[0].data, [2, 4]);
    });
}

/** Each with its status, code, field, and what is expected or allowed there. */
const bad = [
    ['an unknown kernel', { kernel: 'dance', inputs: [tensor(x)] }, 404, 'kernel_not_found', 'kernel', /add, attention/],
    ['no kernel', { inputs: [tensor(x)] }, 400, 'missing_field', 'kernel', undefined],
    ['an unknown field', { kernel: 'relu', inputs: [tensor(x)], model_name: 'twice' }, 400, 'unknown_field', 'model_name', /kernel/],
    ['no tensors', { kernel: 'relu', inputs: 'text' }, 400, 'invalid_field', 'inputs', /array|list/],
    ['a missing input', { kernel: 'add', inputs: [{ ...tensor(x), name: 'a' }] }, 422, 'input_missing', 'inputs', /a \[\*\], b \[\*\]/],
    ['an unknown input', { kernel: 'relu', inputs: [{ ...tensor(x), name: 'z' }] }, 422, 'input_unknown', 'inputs[0].name', /x \[\*\]/],
    ['a wrong datatype', { kernel: 'relu', inputs: [{ ...tensor(x), datatype: 'INT32' }] }, 422, 'input_datatype', 'inputs[0].datatype', /FP32/],
    ['shapes that do not fit', { kernel: 'matmul', inputs: [{ ...tensor(x), name: 'a', shape: [1, 2] },
        { ...tensor(x), name: 'b', shape: [1, 2] }] }, 422, 'input_shape', 'inputs[1].shape', /\[\*,k,n\]/],
    ['an unknown option', { kernel: 'relu', inputs: [tensor(x)], options: { slope: 1 } }, 400, 'unknown_field', 'options.slope', undefined],
    ['an option beyond its limits', { kernel: 'attention', inputs: [], options: { scale: -1 } }, 400, 'invalid_field', 'options.scale', /0/],
    ['an output of a TiB', { kernel: 'matmul', inputs: [
        { name: 'a', datatype: 'FP32', shape: [262144, 0], data: [] },
        { name: 'b', datatype: 'FP32', shape: [0, 262144], data: [] }] }, 413, 'answer_too_large', 'inputs', /smaller/],
    ['a platform that has none', { kernel: 'relu', inputs: [tensor(x)], platform: 'webnn', fallback: false }, 422,
        'platform_unsupported', 'platform', undefined],
    ['an unknown browser', { kernel: 'relu', inputs: [tensor(x)], browser: 'lynx' }, 400, 'invalid_field', 'browser', /chrome/],
];
test('bad requests are told what is wrong, and the next one is right', async () => {
    for (const [what, body, status, code, field, expected] of bad) {
        const { status: is, json, text } = await daemon.post('/v1/compute', body);
        assert.deepEqual([is, json.code, json.field], [status, code, field], `${what}: ${text}`);
        if (expected) assert.match(`${json.expected ?? ''} ${json.allowed ?? ''}`, expected, `${what}: ${text}`);
    }
    await check({ kernel: 'add', shapes: { a: [2], b: [2] } });
});

test('where a browser has no WebGL 2, it says so, or the kernel takes wasm', async () => {
    const where = { browser: 'firefox', platform: 'webgl' };
    const { status, json } = await compute('relu', [tensor(x)], { ...where, fallback: false });
    assert.deepEqual([status, json.code, json.field], [422, 'platform_unsupported', 'platform']);
    assert.match(json.detail, /this browser gives no WebGL 2 context/);
    assert.equal(json.allowed, 'webgpu, wasm');
    const { executed_on: ran } = (await compute('relu', [tensor(x)], where)).json;
    assert.deepEqual([ran.platform, ran.browser, ran.fallbacks[0].platform], ['wasm', 'firefox', 'webgl']);
    assert.match(ran.fallbacks[0].reason, /this browser gives no WebGL 2 context/);
});

test('a fallback to wasm is told', async () => {
    const { json } = await compute('relu', [tensor(x)], { platform: 'webnn' });
    assert.equal(json.executed_on.platform, 'wasm');
    assert.equal(json.executed_on.fallbacks[0].platform, 'webnn');
});

test('a fresh page compiles what others like it have used, before anybody asks', async () => {
    const where = { browser: 'chrome', platform: 'webgpu', fallback: false };
    const before = (await compute('softmax', [tensor(x)], where)).json.executed_on.node;
    const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes.filter(({ browser }) => browser === 'chrome');
    const [{ session }] = (await nodes()).filter(({ id }) => id === before);
    assert.ok((await daemon.post(`/v1/sessions/${session}/recycle`, {})).status < 300);
    await until(async () => (await nodes()).every(({ id }) => id !== before), { what: 'the page has gone', timeout: 60_000 });
    await compute('relu', [tensor(x)], { browser: 'chrome', platform: 'wasm' });
    const fresh = await until(async () => (await nodes()).find(({ models }) => models?.some(({ name, platform, state }) =>
        name === 'builtin/kernels' && platform === 'webgpu' && state === 'loaded')), { what: 'kernels on webgpu', timeout: 60_000 });
    const { json } = await compute('softmax', [tensor(x)], { ...where, node: fresh.id });
    assert.equal(json.performance.warm, true);
});

test('a kernel is no model', async () => {
    const { status, json } = await daemon.infer({ model_name: 'builtin/kernels', inputs: [tensor(x)] });
    assert.deepEqual([status, json.code], [404, 'model_not_found']);
    const { data } = (await daemon.get('/v1/models')).json;
    assert.ok(!JSON.stringify(data).includes('kernels'));
});

for (const [what, where] of [['a kernel', { browser: 'chrome', platform: 'wasm' }],
    ['a kernel in the document', { browser: 'safari', platform: 'webgl' }]]) {
    test(`${what} that runs past its deadline ends, and the next one is right`, async () => {
        const long = 200_000, bytes = Buffer.alloc(4 * long);
        const { headers, body } = kserve.encode({ kernel: 'attention', timeout_ms: 1000, ...where },
            ['q', 'k', 'v'].map((name) => ({ name, datatype: 'FP32', shape: [long, 1], bytes })));
        const { status, json } = await daemon.request('/v1/compute', { method: 'POST', headers, body });
        assert.deepEqual([status, json.code], [504, 'deadline_exceeded'], JSON.stringify(json));
        await check({ kernel: 'add', shapes: { a: [2], b: [2] } }, where);
    });
}

test('webinfer compute lists the kernels, and runs one over .npy files', async () => {
    const list = await webinfer(daemon, ['compute']);
    assert.equal(list.code, 0, list.problems);
    assert.match(list.out, /^matmul +a\[\*, ?m, ?k\], b\[\*, ?k, ?n\] +c\[\*, ?m, ?n\] +c = a · b\./m);
    const inputs = path.join(daemon.folder, 'inputs.json');
    fs.writeFileSync(inputs, JSON.stringify([tensor({ name: 'x', shape: [2, 2], values: [1, 2, 3, 5] })]));
    const folder = path.join(daemon.folder, 'outputs');
    const ran = await webinfer(daemon, ['compute', 'reduce', '--inputs', inputs, '--option', 'operation=max', '--output', folder]);
    assert.equal(ran.code, 0, ran.problems);
    assert.match(ran.out, /y FP32\[2\]/);
    const file = path.join(folder, 'y.npy'), bytes = fs.readFileSync(file);
    assert.deepEqual(kserve.values('FP32', bytes.subarray(-8)), [2, 5]);
    const again = await webinfer(daemon, ['compute', 'relu', '--tensor', `x=${file}`]);
    assert.match(again.out, /y FP32\[2\] = 2, 5/, again.problems);
    const { code, problems } = await webinfer(daemon, ['compute', 'relu']);
    assert.equal(code, 2);
    assert.match(problems, /--tensor NAME=FILE\.npy/);
});
