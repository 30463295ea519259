// tier: full
/**
 * A voice detector that has a graph for 8 kHz and one for 16, of which WebGPU computes the second wrong, in a real browser:
 * that the first was right says nothing of the second. What is right onnxruntime-node says.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import * as ort from 'onnxruntime-node';
import * as cases from '../lib/cases.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { claimHardware, spoiledPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

const NAME = 'audio_silero_vad';
/** @type {Daemon} */
let daemon;
let page = '';
const test = testsOf(() => daemon);

before(async () => {
    if (!sharedModels) return;
    page = spoiledPage({ 'engine-webgpu': claimHardware, 'engine-gpu_kernels': claimHardware });
    daemon = await new Daemon({ models: [NAME], config: { bridge: { page },
        pool: { exploration: '0%', recheck: '0%' } } }).start();
});
after(async () => {
    await daemon?.stop();
    if (page) fs.rmSync(page, { recursive: true, force: true });
});

/** What it is asked: the case's sound, of 16 kHz, or its first half as one of 8. */
function request(hertz) {
    const [input, state] = cases.load(NAME).inputs;
    const samples = new Float32Array(Uint8Array.from(input.bytes).buffer).slice(0, hertz === 16000 ? 576 : 288);
    return { samples, state: new Float32Array(Uint8Array.from(state.bytes).buffer), hertz };
}

async function ask({ samples, state, hertz }) {
    const { status, json, text } = await daemon.infer({ model_name: NAME, platform: 'webgpu', fallback: false, timeout_ms: 120_000, inputs: [
        { name: 'input', datatype: 'FP32', shape: [1, samples.length], data: [...samples] },
        { name: 'state', datatype: 'FP32', shape: [2, 1, 128], data: [...state] },
        { name: 'sr', datatype: 'INT64', shape: [], data: [hertz] }] });
    assert.equal(status, 200, text);
    return { numerics: json.executed_on.numerics, output: json.outputs.find(({ name }) => name === 'output').data[0] };
}

async function right({ samples, state, hertz }) {
    const session = await ort.InferenceSession.create(path.join(sharedModels, NAME, 'model.onnx'));
    const { output } = await session.run({ input: new ort.Tensor('float32', samples, [1, samples.length]),
        state: new ort.Tensor('float32', state, [2, 1, 128]), sr: new ort.Tensor('int64', BigInt64Array.of(BigInt(hertz)), []) });
    return Number(output.data[0]);
}

const found = (verdict) => until(async () => (await daemon.get(`/v1/models/${NAME}`)).json.numerics.verdicts
    .find((one) => one.platform === 'webgpu' && one.verdict === verdict), { what: `the verdict ${verdict}`, timeout: 120_000 * patience, every: 500 });

test('8 kHz are right and trusted, and 16 are found out for themselves', { timeout: 600_000 * patience, skip: !sharedModels && 'there are no shared model cases' }, async () => {
    const low = request(8000), high = request(16000);
    assert.equal((await ask(low)).numerics, 'unchecked');
    assert.equal((await found('trusted')).scope, 'model');
    const trusted = await ask(low);
    assert.equal(trusted.numerics, 'ok');
    assert.ok(Math.abs(trusted.output - await right(low)) < 1e-4, `${trusted.output} instead of ${await right(low)}`);

    const wrong = await ask(high);
    assert.ok(Math.abs(wrong.output - await right(high)) > 1e-4, 'WebGPU computes it right by now: take another model');
    assert.equal(wrong.numerics, 'unchecked');
    const verdict = await found('wrong');
    assert.deepEqual([verdict.scope, verdict.input.shapes], ['input', 'input FP32 [1, 576], state FP32 [2, 1, 128], sr INT64 []']);
    assert.equal((await ask(high)).numerics, 'wrong');
    assert.equal((await ask(low)).numerics, 'ok');
});
