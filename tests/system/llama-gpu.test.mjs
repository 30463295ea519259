// tier: full
/**
 * Language models on a GPU, behind the daemon: by name also where that is a software adapter, as Firefox's here;
 * by `auto` where it is none, and only once the guard has found it right.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { claimHardware, spoiledPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

const test = testsOf(() => null);
const long = { timeout: 600_000 * patience };
const byName = { platform: 'webgpu', fallback: false };
/** In the kernel for norms: what the model says is then surer than it should be. */
const WRONG_NORM = { from: '1\\.0 ?/ ?sqrt\\(', to: '1.5/sqrt(' };
/** In the kernel that stores keys and values: as 16-bit floats they are too small, and nothing else is wrong. */
const WRONG_HALVES = { from: '= (f16|vec4<f16>)\\(src\\[', to: '= $1(0.75) * $1(src[' };
/** In the kernel for positions: only what stands behind the end of the guard's own prompt is rotated wrong. */
const WRONG_FAR = { from: 'let theta_base = ([^;]*);', to: 'let theta_far = $1; let theta_base = select(theta_far, 0.0, theta_far > 400.0);' };

/** Calls `body` with a daemon that has one Firefox, on a software adapter, and two models, in which a page with such a GPU runs. */
async function withFirefox(spoils, plant, body) {
    const page = spoils && spoiledPage(spoils, plant);
    const daemon = new Daemon({ config: { pool: { exploration: '0%', recheck: '0%' }, ...(page && { bridge: { page } }),
        'browser.chrome': { max_connections: 0 }, 'browser.firefox': { gpu: 'software', max_connections: 1 } } });
    putGguf(daemon.store, 'abc', { embd: 32, layers: 1, follow: 'abcdefgh' });
    putGguf(daemon.store, 'random', { embd: 32, layers: 1 });
    try {
        await body(await daemon.start());
    } finally {
        await daemon.stop();
        if (page) fs.rmSync(page, { recursive: true, force: true });
    }
}

async function complete(daemon, model, more = {}) {
    const { status, json, text } = await daemon.infer({ model_name: model, inputs: 'abc', timeout_ms: 60_000 * patience,
        options: { temperature: 0, max_tokens: 4 }, ...more });
    assert.equal(status, 200, text);
    return { text: json.result.text, ...json.executed_on };
}

/** What the guard says of webgpu, once it says anything. */
const found = (daemon, model) => until(async () => {
    const { json } = await daemon.get(`/v1/models/${model}`);
    return json.numerics.verdicts.find(({ platform, verdict }) => platform === 'webgpu' && verdict !== 'unknown');
}, { what: `a verdict on ${model}`, timeout: 300_000 * patience, every: 100 });

/** What routing thinks of webgpu. */
async function standing(daemon, model) {
    const { json } = await daemon.get(`/v1/hardware?model_name=${model}`);
    return json.options.find(({ platform }) => platform === 'webgpu').standing;
}

test('a software adapter is right when it is named, and not used by auto', long, () => withFirefox(null, null, async (daemon) => {
    const { text, platform } = await complete(daemon, 'abc');
    assert.deepEqual([text, platform, await standing(daemon, 'abc')], ['defg', 'wasm', 'software']);
    const { text: same, platform: named, engine, adapter, numerics } = await complete(daemon, 'abc', byName);
    assert.deepEqual([same, named, engine, adapter.is_fallback, numerics], ['defg', 'webgpu', 'llama', true, 'unchecked']);
    const { verdict, detail } = await found(daemon, 'abc');
    assert.equal(verdict, 'trusted', detail);
    assert.equal((await complete(daemon, 'abc')).platform, 'wasm');
    assert.equal((await complete(daemon, 'abc', byName)).numerics, 'ok');
}));

const everywhere = { 'engine-webgpu': claimHardware, 'engine-gpu_llama': claimHardware };

/** With such a GPU, `auto` never gets a wrong answer. */
const isFoundOut = (plant) => withFirefox(everywhere, plant, async (daemon) => {
    const right = await complete(daemon, 'random');
    assert.equal(right.platform, 'wasm');
    const { verdict, detail } = await found(daemon, 'random');
    assert.equal(verdict, 'wrong', detail);
    for (let i = 0; i < 3; i++) {
        const { text, platform } = await complete(daemon, 'random');
        assert.deepEqual([text, platform], [right.text, 'wasm']);
    }
    const { platform, numerics } = await complete(daemon, 'random', byName);
    assert.deepEqual([platform, numerics], ['webgpu', 'wrong']);
    assert.equal(await standing(daemon, 'random'), 'wrong');
});

test('a GPU that computes wrong is found out, and never used by auto', long, () => isFoundOut(WRONG_NORM));

test('so is one that computes wrong in 16-bit floats alone', long, () => isFoundOut(WRONG_HALVES));

/** Trusted for a short prompt, which no more than ours reaches the wrong positions. */
test('a GPU that computes only the prompt of a client wrong is found out', long, () => withFirefox(everywhere, WRONG_FAR, async (daemon) => {
    await complete(daemon, 'abc');
    const { verdict: short, detail: none } = await found(daemon, 'abc');
    assert.equal(short, 'trusted', none);
    await complete(daemon, 'random', { ...byName, inputs: 'abcdefghij'.repeat(80) });
    const { verdict, detail } = await found(daemon, 'random');
    assert.equal(verdict, 'wrong', detail);
}));
