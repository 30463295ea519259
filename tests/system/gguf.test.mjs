// tier: quick, sanitized
/** GGUF files in the store: what the daemon tells of them, and what it refuses before a browser is asked. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { ggufBytes, hostileFiles } from '../lib/gguf-hostile.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1048576;

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** Puts a model of these files into the store. */
function put(name, files) {
    const folder = path.join(daemon.store, name);
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, bytes] of Object.entries(files))
        fs.writeFileSync(path.join(folder, file), bytes);
}

const show = async (name) => (await daemon.get(`/v1/models/${name}`)).json;

before(async () => {
    daemon = new Daemon({
        config: { pool: { min_connections: 0, max_connections: 0, model_budget: '128M' }, models: { slots: 2 } },
    });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

test('a model tells what its file says of it, and what it will take', async () => {
    const q8 = ggufBytes({ type: 'q8_0', context: 512 });
    put('tiny', { 'tiny-Q8_0.gguf': q8, 'tiny-F16.gguf': ggufBytes({ type: 'f16', template: null }) });
    const model = await show('tiny');
    assert.deepEqual([model.type, model.architecture, model.quantization, model.context_length, model.chat, model.title],
        ['text_generation', 'llama', 'Q8_0', 512, true, 'random llama']);
    assert.ok(model.parameters > 1000);
    assert.deepEqual(model.warnings, []);
    const { weights, kv_per_slot: kv, compute, total, limit, context, slots, fits } = model.memory;
    // One block with one head of keys and values, each 16 long, in 4 bytes.
    assert.deepEqual([weights, kv, limit, context, slots, fits], [q8.length, 512 * 32 * 4, 128 * MIB, 512, 2, true]);
    assert.equal(total, weights + 2 * kv + compute);
});

test('weights that are slow in browsers are warned of, once in the log', async () => {
    for (let i = 0; i < 2; i++) {
        const f16 = await show('tiny:F16');
        assert.equal(f16.chat, false);
        assert.match(f16.warnings.join(), /F16 weights are slow in WebAssembly/);
    }
    await daemon.logs(/F16 weights are slow/);
    assert.equal(daemon.log.split('F16 weights are slow').length, 2);
    put('slow', { 'slow-Q4_0.gguf': ggufBytes({ type: 'q4_0' }) });
    await until(async () => (await daemon.get('/v1/models')).json.models.some(({ name }) => name === 'slow'),
        { what: 'the folder was read again' });
    const { out } = await webinfer(daemon, ['list', '--wide']);
    assert.match(out, /slow +[\d.]+ kB +gguf +text_generation +- +Q4_0 +Q4_0, \S+M parameters, chat, 2 x 2048 tokens in \d+ MiB/);
    assert.match(out, /MODEL +WARNING\nslow +Q4_0 weights are slow/);
});

test('an embedder is one by its file, whatever its name', async () => {
    put('gpt2-large', { 'm.gguf': ggufBytes({ arch: 'bert', pooling: 'mean' }) });
    const model = await show('gpt2-large');
    assert.deepEqual([model.type, model.pooling, model.memory.kv_per_slot], ['text_embedding', 'mean', 0]);
});

test('a model that fits no page is a 413 with the figures', async () => {
    put('large', { 'm.gguf': ggufBytes({ embd: 1024, ffn: 8192, layers: 1, type: 'f32' }) });
    const { status, json } = await daemon.infer({ model_name: 'large', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    assert.deepEqual([status, json.code, json.field], [413, 'model_too_large', 'model_name']);
    assert.match(json.detail, /large needs \d+ MiB in a page \(\d+ of weights, .*\[pool\] model_budget is 128 MiB/);
    const model = await show('large');
    assert.equal(model.memory.fits, false);
    assert.match(model.warnings.join(), /large needs \d+ MiB/);
});

/** What only an engine, or who renders the template, can find. */
const LEFT_TO_OTHERS = ['a tensor out of alignment', 'no heads', 'an end token that is none',
    'a template of a megabyte', 'a template that never ends'];

test('a file that is wrong is a 422 that names it, and the daemon lives on', async () => {
    let number = 0;
    for (const [what, bytes] of Object.entries(hostileFiles())) {
        const name = `hostile${number++}`;
        put(name, { 'm.gguf': bytes });
        const { status, json } = await daemon.get(`/v1/models/${name}`);
        if (LEFT_TO_OTHERS.includes(what)) {
            assert.equal(status, 200, `${what}: ${json.detail}`);
            continue;
        }
        assert.deepEqual([status, json.code, json.field], [422, 'model_invalid', 'm.gguf'], what);
        assert.match(json.detail, /^m\.gguf /, what);
    }
    assert.match((await daemon.get('/v1/models/hostile1')).json.detail, /is a pointer of Git LFS, not the file itself; run "git lfs pull"/);
    assert.equal((await show('tiny')).quantization, 'Q8_0');
});
