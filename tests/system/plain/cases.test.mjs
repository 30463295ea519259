// tier: full
/**
 * The model cases through /v1/infer: all of them right with `auto` and with `wasm`; on `webgpu`
 * with fallback: false at least as many as the bare engine gets, each exception named below.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test as plainTest } from 'node:test';
import * as cases from '../../lib/cases.mjs';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { count, decode, elementSize } from '../../lib/kserve.mjs';
import { sharedModels } from '../../lib/paths.mjs';

/** What plain onnxruntime-web 1.30 cannot do on WebGPU, case by case, and how it shows. */
const webgpuExceptions = {
    audio_silero_vad: { wrong: true,
        why: "the engine's WebGPU provider computes it wrong, on every adapter" },
    light_vgg19: { code: 'deadline_exceeded', timeout_ms: 10_000,
        why: 'a software adapter needs longer than anybody waits' },
    op_cast_FLOAT16_to_FLOAT: { code: 'operator_unsupported',
        why: 'software adapters have no shader-f16' },
    op_eyelike_with_dtype: { code: 'operator_unsupported',
        why: "the WebGPU build's CPU side lacks EyeLike for this type" },
};

const skip = !sharedModels && 'the shared model cases are not beside this checkout';
const names = skip ? [] : cases.names();
const bare = skip ? {} : JSON.parse(
    fs.readFileSync(path.join(sharedModels, 'bare-engine-results.json'), 'utf8'));
const bareOnWebgpu = (name) => bare[name]?.['chromium156/webgpu-swiftshader'];
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    if (skip) return;
    daemon = await new Daemon({ models: names }).start();
});
after(() => daemon?.stop());

if (skip) plainTest('the model cases', { skip }, () => {});

/** One case on one platform; gives a problem in words, or null. */
async function run(name, platform) {
    const one = cases.load(name);
    if (one.mustFail) return refused(one, platform);
    const { answer, problem } = await daemon.tryCase(one, { platform, timeout_ms: 120_000 });
    if (problem) return problem;
    if (platform === 'wasm' && answer.executed_on.platform !== 'wasm')
        return `ran on ${answer.executed_on.platform}`;
    return null;
}

/** A case that must not load: a clear error, of the model's own making. */
async function refused(one, platform) {
    const inputs = one.inputs.length ? one.inputs : await someInputs(one.name);
    const answer = await daemon.inferBinary({ model_name: one.name, platform }, inputs);
    if (answer.status !== 422) return `${answer.status} ${answer.text.slice(0, 300)}`;
    const { code, detail, request_id: id } = answer.json;
    if (!['model_invalid', 'operator_unsupported', 'input_unknown'].includes(code))
        return `code ${code}: ${detail}`;
    return detail?.length > 10 && id ? null : `no clear error: ${answer.text}`;
}

for (const platform of ['wasm', 'auto'])
    for (const name of names)
        test(`${name} on ${platform}`, async () => {
            assert.equal(await run(name, platform), null);
        });

/** Zeros for a case that brings no inputs, as the model declares them if it can be read at all. */
async function someInputs(name) {
    const { inputs = [] } = (await daemon.get(`/v1/models/${name}`)).json;
    return inputs.map(({ name: input, datatype, shape }) => ({ name: input, datatype, shape,
        bytes: Buffer.alloc(elementSize(datatype) * count(shape)) }));
}

/** Gives 'right', 'wrong' or an error code; anything unexpected throws. */
async function onWebgpu(name, timeout) {
    const one = cases.load(name);
    if (one.mustFail) return (await refused(one, 'webgpu')) ?? 'right';
    const answer = await daemon.inferBinary({ model_name: name, platform: 'webgpu',
        fallback: false, timeout_ms: timeout }, one.inputs);
    if (answer.status !== 200) return answer.json.code;
    const decoded = decode(answer);
    assert.equal(decoded.executed_on.platform, 'webgpu');
    assert.deepEqual(decoded.executed_on.fallbacks, []);
    return cases.problem(decoded, one) ? 'wrong' : 'right';
}

/** How long the service may take for a model on a software adapter, which is slow on a busy machine, in ms. */
const WEBGPU_MS = 400_000;
const results = new Map();
for (const name of names)
    test(`${name} on webgpu without fallback`, { timeout: WEBGPU_MS + 20_000 }, async () => {
        const exception = webgpuExceptions[name];
        const got = await onWebgpu(name, exception?.timeout_ms ?? WEBGPU_MS);
        results.set(name, got);
        if (!exception) return assert.equal(got, 'right');
        // An exception that turns out right is progress, and no failure.
        const expected = ['right', exception.wrong ? 'wrong' : exception.code];
        assert.ok(expected.includes(got), `${got}, but expected ${exception.why}`);
    });

if (!skip)
    test('webgpu gets at least as many right as the bare engine', () => {
        const bareRight =
            names.filter((name) => bareOnWebgpu(name)?.result === 'ok').length;
        const ours = [...results.values()].filter((result) => result === 'right').length;
        assert.equal(results.size, names.length);
        assert.ok(ours >= bareRight, `${ours} right, the bare engine has ${bareRight}`);
    });

if (!skip)
    test('after all of that a plain case still works, in the same sessions', async () => {
        assert.equal(await run('op_add', 'auto'), null);
        const { problem } = await daemon.tryCase(cases.load('vision_mnist_ms_digit7'),
            { platform: 'webgpu', fallback: false });
        assert.equal(problem, null);
    });
