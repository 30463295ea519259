// tier: full
/** POST /v1/compute with `source`: clients' own WGSL in real browsers, what is refused of it, and kernels that do not end. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { ENDLESS } from '../lib/kernels.mjs';
import * as kserve from '../lib/kserve.mjs';
import * as processes from '../lib/processes.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const KERNEL_TIME_MS = 2000;
const people = { ada: 'user', root: 'admin', farm: 'node' };
const tokens = tokensOf(people);
const as = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ models: ['twice'], config: {
        api: { kernel_time: `${KERNEL_TIME_MS}ms` },
        pool: { max_connections: 2, max_retries: 0, verify: 'off' }, // whatever uses up an attempt fails
        'browser.firefox': { max_connections: 1 },
    } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const browsers = ['chrome', 'firefox'];
const SCALE = `override factor: f32 = 2;
override wide: u32 = 32u;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(wide)
fn scale(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&x)) { y[id.x] = factor * x[id.x]; }
}
`;
const tensor = (name, data, datatype = 'FP32') => ({ name, datatype, shape: [data.length], data });
const output = (name, size, datatype = 'FP32') => ({ name, datatype, shape: [size] });
const scale = { source: SCALE, entry: 'scale', inputs: [tensor('x', [1, 2, 3])], outputs: [output('y', 3)], workgroups: [1, 1, 1] };

const compute = (body, who = 'root') => daemon.post('/v1/compute', body, as(who));

/** It computes, and right. */
async function assertScales(browser, more = {}) {
    const { status, json, text } = await compute({ ...scale, browser, ...more });
    assert.equal(status, 200, `${browser}: ${text}`);
    const factor = more.constants?.factor ?? 2;
    assert.deepEqual(json.outputs, [{ name: 'y', datatype: 'FP32', shape: [3], data: [factor, 2 * factor, 3 * factor] }]);
    return json;
}

for (const browser of browsers) {
    test(`a client's own kernel runs in ${browser}, with its constants`, async () => {
        const json = await assertScales(browser, { id: 'mine', constants: { factor: -0.5, wide: 3 } });
        const { executed_on: ran, performance } = json;
        assert.deepEqual([json.id, json.kernel, ran.engine, ran.platform, ran.browser, ran.numerics, ran.simulated],
            ['mine', null, 'kernels', 'webgpu', browser, 'unchecked', false]);
        assert.deepEqual([ran.fallbacks, performance.attempts], [[], 1]);
        assert.ok(performance.gpu_ms >= 0 && performance.gpu_ms !== null, JSON.stringify(performance));
    });

    test(`whole numbers, several outputs and numbers that are none come through in ${browser}`, async () => {
        const source = `@group(0) @binding(0) var<storage, read> a: array<i32>;
            @group(0) @binding(1) var<storage, read> b: array<f32>;
            @group(0) @binding(2) var<storage, read_write> c: array<u32>;
            @group(0) @binding(3) var<storage, read_write> d: array<f32>;
            @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
                c[id.x] = bitcast<u32>(a[id.x]); d[id.x] = b[id.x];
            }`;
        const bytes = (array) => Buffer.from(array.buffer);
        const { headers, body } = kserve.encode({ source, browser, workgroups: [2, 1, 1], parameters: { binary_data_output: true },
            outputs: [output('c', 2, 'UINT32'), output('d', 2)] },
        [{ name: 'a', datatype: 'INT32', shape: [2], bytes: bytes(new Int32Array([-1, 7])) },
            { name: 'b', datatype: 'FP32', shape: [2], bytes: bytes(new Float32Array([NaN, -Infinity])) }]);
        const answer = await daemon.request('/v1/compute', { method: 'POST', headers: { ...headers, ...as('root').headers }, body });
        assert.equal(answer.status, 200, answer.text);
        const { outputs: [c, d] } = kserve.decode(answer);
        assert.deepEqual([kserve.values('UINT32', c.bytes), kserve.values('FP32', d.bytes)], [[4294967295, 7], [NaN, -Infinity]]);
    });

    test(`what is written out of bounds in ${browser} meets nothing of others, and nothing of others is seen`, async () => {
        const kept = await compute({ kernel: 'relu', browser, platform: 'webgpu', fallback: false,
            inputs: [tensor('x', Array(4096).fill(7))] });
        assert.equal(kept.status, 200, kept.text);
        const wild = `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
            @group(0) @binding(1) var<storage, read_write> z: array<f32>;
            @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
                y[id.x * 4096u + 16u] = 9.0; y[0x3fffffffu - id.x] = 9.0 + z[id.x];
            }`;
        const { json, text } = await compute({ source: wild, browser, inputs: [], workgroups: [64, 1, 1],
            outputs: [output('y', 16), output('z', 4096)] });
        assert.ok(json.outputs, text);
        // Within its own tensor a write beyond its end may go anywhere, and nowhere else.
        assert.ok(json.outputs[0].data.every((value) => value === 0 || value === 9));
        assert.ok(json.outputs[1].data.every((value) => value === 0), 'another tensor was written');
        const idle = `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
            @compute @workgroup_size(1) fn main() { if (y[0] == 5.0) { y[1] = 1.0; } }`;
        const seen = await compute({ source: idle, browser, inputs: [], workgroups: [1, 1, 1], outputs: [output('y', 4096)] });
        assert.ok(seen.json.outputs[0].data.every((value) => value === 0), 'what another run had left was seen');
    });

    test(`an error is told with its line and column in ${browser}`, async () => {
        const source = `// ü\n@compute @workgroup_size(1)\nfn main() {\n    let a = missing;\n}\n`;
        const { status, json, text } = await compute({ ...scale, source, entry: 'main', browser });
        assert.deepEqual([status, json.code, json.field], [422, 'kernel_invalid', 'source'], text);
        const [{ line, column, message }] = json.errors;
        assert.deepEqual([line, column], [4, 13], text);
        assert.match(message, /missing/);
        assert.ok(json.errors.length <= 20);
    });

    test(`what the adapter or the source does not allow is told in ${browser}, and the next one is right`, async () => {
        const unbound = SCALE.replace('var<storage, read_write> y', 'var<storage, read_write> y: array<f32>;\n@group(0) @binding(2) var<storage, read_write> q');
        const cases = [
            ['no such entry', { entry: 'main' }, 'entry', /one of scale/],
            ['a missing binding', { source: unbound.replace('y[id.x] =', 'q[id.x] =') }, 'source', undefined],
            ['an extra tensor', { inputs: [...scale.inputs, tensor('more', [1])] }, 'source', undefined],
            ['too many workgroups', { workgroups: [65536, 1, 1] }, 'workgroups', /at most 65535/],
            ['a workgroup that is too large', { source: SCALE.replace('wide: u32 = 32u', 'wide: u32 = 1u << 20') }, 'source', /256|1024|invocations|at most/],
            ['one that is too large by its constants', { constants: { wide: 100_000 } }, 'source', /at most/],
            ['a size that is no number', { source: SCALE.replace('= 32u', '= u32(1.5 * f32(wide))') }, 'source', undefined],
            ['an unknown constant', { constants: { nothing: 1 } }, 'source', undefined],
        ];
        for (const [what, more, field, expected] of cases) {
            const { status, json, text } = await compute({ ...scale, browser, ...more });
            assert.deepEqual([status, json.code, json.field], [422, 'kernel_invalid', field], `${what}: ${text}`);
            if (expected) assert.match(json.expected ?? '', expected, `${what}: ${text}`);
        }
        await assertScales(browser);
    });
}

/** What the service refuses before any browser has it. */
const bad = [
    ['a source that is too large', { source: ' '.repeat(64 * 1024 + 1) }, 400, 'invalid_field', 'source', /65536|64/],
    ['a kernel beside it', { kernel: 'relu' }, 400, 'invalid_field', 'kernel', /source/],
    ['options', { options: {} }, 400, 'invalid_field', 'options', /source/],
    ['no outputs', { outputs: undefined }, 400, 'missing_field', 'outputs', /name/],
    ['no workgroups', { workgroups: undefined }, 400, 'missing_field', 'workgroups', /x, y, z/],
    ['workgroups of none', { workgroups: [1, 0, 1] }, 400, 'invalid_field', 'workgroups', /x, y, z/],
    ['a constant that is no number', { constants: { factor: 'two' } }, 400, 'invalid_field', 'constants.factor', /number/],
    ['another platform', { platform: 'wasm' }, 400, 'invalid_field', 'platform', /webgpu/],
    ['nine tensors', { inputs: Array.from({ length: 8 }, (_, i) => tensor(`t${i}`, [1])) }, 400, 'invalid_field', 'outputs', /8/],
    ['two tensors of one name', { outputs: [output('x', 3)] }, 400, 'invalid_field', 'outputs[0].name', /another name/],
    ['a datatype that is not bound', { inputs: [tensor('x', [1], 'INT64')] }, 422, 'input_datatype', 'inputs[0].datatype', /FP32/],
    ['an output that is not bound', { outputs: [output('y', 3, 'FP64')] }, 400, 'invalid_field', 'outputs[0].datatype', /FP32/],
    ['half a word', { outputs: [output('y', 3, 'FP16')] }, 400, 'invalid_field', 'outputs[0].shape', /4 bytes/],
    ['a GiB of output', { outputs: [output('y', 2 ** 28)] }, 413, 'answer_too_large', 'outputs', /smaller/],
];
test('what is wrong with a request is told, and the next one is right', async () => {
    for (const [what, more, status, code, field, expected] of bad) {
        const { status: is, json, text } = await compute({ ...scale, ...more });
        assert.deepEqual([is, json.code, json.field], [status, code, field], `${what}: ${text}`);
        assert.match(`${json.expected ?? ''} ${json.allowed ?? ''}`, expected, `${what}: ${text}`);
    }
    const named = await compute({ kernel: 'relu', inputs: scale.inputs, workgroups: [1, 1, 1] });
    assert.deepEqual([named.status, named.json.code, named.json.field], [400, 'invalid_field', 'workgroups']);
    await assertScales('chrome');
});

test('nothing of it is kept: neither as a job, nor for an Idempotency-Key', async () => {
    const { headers } = as('root');
    const kept = await daemon.post('/v1/compute', scale, { headers: { ...headers, 'Idempotency-Key': 'once' } });
    assert.deepEqual([kept.status, kept.json.code, kept.json.field], [400, 'invalid_field', 'Idempotency-Key'], kept.text);
    const stored = await daemon.post('/v1/jobs', scale, { headers });
    assert.deepEqual([stored.status, stored.json.code], [400, 'unknown_field'], stored.text);
    assert.ok(Object.hasOwn(scale, stored.json.field));
});

test('a user may not send one, unless the operator says so', async () => {
    const { status, json, text } = await compute(scale, 'ada');
    assert.deepEqual([status, json.code], [403, 'rank'], text);
    const own = await compute({ kernel: 'relu', inputs: scale.inputs }, 'ada');
    assert.equal(own.status, 200, own.text);
    await daemon.reload({ api: { custom_kernels: 'off' } });
    const off = await compute(scale);
    assert.deepEqual([off.status, off.json.code, off.json.field], [403, 'rank', 'source'], off.text);
    await daemon.reload({ api: { custom_kernels: 'user' } });
    assert.equal((await compute(scale, 'ada')).status, 200);
    await daemon.reload({ api: { custom_kernels: 'admin' } });
});

test('a node that joined is given kernels, and none of a client\'s own', async () => {
    const node = new FakeNode(`${daemon.bridgeUrl}/#token=${tokens.farm}`);
    node.capabilities = { ...capabilities, task_types: ['inference', 'compute'], engines: { ...capabilities.engines, kernels: '1' },
        platforms: { ...capabilities.platforms, webgpu: { available: true } } };
    await node.join();
    const { status, json, text } = await compute({ ...scale, node: node.id });
    assert.deepEqual([status, json.code], [503, 'unavailable'], text);
    assert.match(json.detail, /only in browsers that the service has started/);
    const tasks = () => node.received.filter(({ message }) => message.type === 'task_request');
    assert.equal(tasks().length, 0);
    await compute({ kernel: 'relu', inputs: scale.inputs, platform: 'wasm', node: node.id });
    assert.equal(tasks().length, 1);
    await node.close();
});

test('webinfer compute runs a file of WGSL, and shows where one is wrong', async () => {
    const file = path.join(daemon.folder, 'scale.wgsl'), inputs = path.join(daemon.folder, 'x.json');
    fs.writeFileSync(file, SCALE);
    fs.writeFileSync(inputs, JSON.stringify(scale.inputs));
    const run = (...words) => webinfer(daemon, ['compute', file, ...words], { env: { WEBINFER_TOKEN: tokens.root } });
    const words = ['--inputs', inputs, '--result', 'y=FP32[3]', '--workgroups', '1', '--entry', 'scale'];
    const ran = await run(...words, '--constant', 'factor=3');
    assert.equal(ran.code, 0, ran.problems);
    assert.match(ran.out, /y FP32\[3\] = 3, 6, 9/);
    fs.writeFileSync(file, SCALE.replace('factor *', 'factr *'));
    const wrong = await run(...words);
    assert.equal(wrong.code, 1);
    assert.match(wrong.problems, /line 7, column \d+: .*factr/);
    const lacking = await run('--inputs', inputs);
    assert.equal(lacking.code, 2);
    assert.match(lacking.problems, /--result NAME=DATATYPE\[SHAPE\]/);
});

// --- kernels that do not end ---------------------------------------------------------------------------

const endless = (browser, workgroups = [1, 1, 1]) =>
    ({ source: ENDLESS, browser, inputs: [], outputs: [output('y', 64, 'UINT32')], workgroups });
/** So many invocations take the cores for minutes, although each of them ends. */
const MANY = [65535, 64, 1];

/** Each pid of a session's processes with the seconds of the CPU that it has had. */
const costs = (session) =>
    new Map(processes.descendants(session.driver_pid).map(({ pid }) => [pid, processes.cost(pid).cpuSeconds]));

/** What part of a core all of a session's processes use; those that end meanwhile are not counted. */
async function share(session, ms) {
    const start = costs(session), began = performance.now();
    await new Promise((resolve) => { setTimeout(resolve, ms); });
    const used = [...costs(session)].reduce((sum, [pid, now]) => sum + now - (start.get(pid) ?? 0), 0);
    return used / ((performance.now() - began) / 1000);
}

/** The process in which a Chromium speaks to its GPU. */
const gpuOf = (session) => processes.withRole(session.driver_pid, 'gpu')[0].pid;

const sessionOf = async (kind) => {
    const { sessions } = (await daemon.get('/v1/status', as('root'))).json;
    return sessions.find((one) => one.kind === kind && ['ready', 'busy'].includes(one.state));
};

/** Other work of the same time, some of it in the same browsers: what has come of each. */
function beside(count) {
    const x = { inputs: [tensor('x', [-1, 2])], timeout_ms: 120_000 };
    return Promise.all(Array.from({ length: count }, (_, i) => {
        const body = { ...x, id: `job-${i}`, browser: browsers[i % 2] };
        return i % 3 === 0 ? daemon.post('/v1/infer', { ...body, model_name: 'twice' }, as('ada'))
            : daemon.post('/v1/compute', { ...body, kernel: 'relu', platform: i % 3 === 1 ? 'wasm' : 'webgpu', fallback: false }, as('ada'));
    }));
}

/** One answer for each, all right, and none that has used up an attempt. */
function assertAllRight(answers) {
    for (const [i, { status, json, text }] of answers.entries()) {
        assert.equal(status, 200, text);
        assert.deepEqual([json.id, json.outputs[0].data], [`job-${i}`, i % 3 === 0 ? [-2, 4] : [0, 2]], text);
    }
}

test('a kernel that does not end costs chrome its GPU process, and nobody else anything', async () => {
    await assertScales('chrome');
    const session = await sessionOf('chrome'), gpu = gpuOf(session);
    const [hung, others] = await Promise.all([compute(endless('chrome')), beside(18)]);
    assert.deepEqual([hung.status, hung.json.code, hung.json.field], [504, 'deadline_exceeded', 'source'], hung.text);
    assert.equal(hung.json.attempts, 1);
    await until(() => !processes.alive(gpu), { what: 'the end of the GPU process', timeout: 3000 });
    assertAllRight(others);
    await daemon.logs(/kernel_hung: end_gpu/);
    await assertScales('chrome');
    assert.equal((await sessionOf('chrome'))?.id, session.id, 'the browser is the same');
    await until(async () => await share(session, 1000) < 0.5, { what: 'a core that is free again', timeout: 3000 });
});

test('a client that does not wait for its kernel leaves none behind', async () => {
    const ended = daemon.log.match(/kernel_hung/g).length;
    const { status, json } = await compute({ ...endless('chrome'), timeout_ms: 500 });
    assert.deepEqual([status, json.code, json.field], [504, 'deadline_exceeded', 'timeout_ms']);
    await until(() => daemon.log.match(/kernel_hung/g).length > ended, { what: 'the end of the GPU process' });
    await assertScales('chrome');
});

test('the same loop is cut short in firefox, by its driver: the answer is wrong, and comes', async () => {
    const { status, json, text } = await compute(endless('firefox'));
    assert.equal(status, 200, text);
    assert.ok(json.outputs[0].data.some((value) => value !== 0));
});

test('where the GPU has no process of its own the browser is replaced, and nobody else loses anything', async () => {
    const { id, driver_pid: driver } = await sessionOf('firefox');
    const [hung, others] = await Promise.all([compute(endless('firefox', MANY)), beside(18)]);
    assert.deepEqual([hung.status, hung.json.code, hung.json.field], [504, 'deadline_exceeded', 'source'], hung.text);
    assertAllRight(others);
    await daemon.logs(/kernel_hung: kill/);
    await until(() => processes.descendants(driver).length === 0, { what: 'the end of its processes', timeout: 3000 });
    await assertScales('firefox');
    assert.notEqual((await sessionOf('firefox')).id, id);
});

test('a device that is lost in the middle is told, and the next one is right', async () => {
    await daemon.reload({ api: { kernel_time: '60s' } });
    const gpu = gpuOf(await sessionOf('chrome')), used = () => processes.cost(gpu).cpuSeconds, before_ = used();
    const asked = compute(endless('chrome'));
    await until(() => used() > before_ + 0.3, { what: 'the kernel to run' });
    process.kill(gpu, 'SIGKILL');
    const { status, json, text } = await asked;
    assert.deepEqual([status, json.code], [502, 'attempts_exhausted'], text);
    assert.match(json.detail, /not run again.*device_lost/);
    await assertScales('chrome');
});
