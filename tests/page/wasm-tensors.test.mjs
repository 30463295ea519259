// tier: full
/** Keys and values that stay in WASM memory from one step to the next: right, and gone when nobody needs them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { HELD, heldTensor, isHeld, staying } from '../../page/src/engine/wasm_tensors.js';
import { makeFamilies } from '../lib/families.mjs';
import { chirp } from '../lib/media.mjs';
import { engineOf, loaded, outcomeOf, runOf, taskOf } from './support/library.mjs';
import { memories, ort } from './support/ort.mjs';

const models = {};
for (const name of ['gpt2', 'bart', 'whisper']) models[name] = await loaded(path.join(makeFamilies(), name));
const TEXT = 'The fox sees the dog in the forest';
const sound = chirp(16000, 0.9).bytes;
const SIZE = 12;

/** Tensors that runs have made and left in WASM memory; the most that there were of them at a time; what comes
 * before each run. */
let made = [], most = 0, before = () => {};
const there = () => made.filter(({ location }) => location === HELD).length;
for (const { model } of Object.values(models)) {
    for (const { handler } of Object.values(model.sessions)) {
        const run = handler.run.bind(handler);
        handler.run = async (...given) => {
            before();
            const results = await run(...given);
            made.push(...Object.values(results).filter(({ location }) => location === HELD));
            most = Math.max(most, there());
            return results;
        };
    }
}
beforeEach(() => {
    made = [];
    most = 0;
    before = () => {};
});

const write = (model, prompt, options) => outcomeOf(models[model], model === 'gpt2' ? 'complete' : 'text2text-generation',
    { prompt }, { max_tokens: SIZE, temperature: 0, logit_bias: { 263: -100 }, ...options });
const ASR = 'automatic-speech-recognition';
const hear = (options) => outcomeOf(models.whisper, ASR, {}, options, {
    input: { audio: { tensor: 0, media_type: 'audio/wav' } }, frame: Uint8Array.from(sound).buffer, section: 0,
    tensors: [{ name: 'audio', datatype: 'UINT8', shape: [sound.length], offset: 0, byte_length: sound.length }] });

for (const [name, work] of [
    ['GPT-2', () => write('gpt2', TEXT)],
    ['BART', () => write('bart', TEXT)],
    ['Whisper', () => hear({ language: 'en' })],
    ["Whisper with words' times", () => hear({ language: 'en', timestamps: 'word' })],
    ['Whisper that finds out the language', () => hear({})],
])
    test(`${name}: what a step has made goes with the next, and all of it with the answer`, async () => {
        await work();
        // A key and a value of each of two layers, those of the encoder, too, before and after a step.
        assert.ok(made.length > 16 && most <= 16, `${made.length}, ${most}`);
        assert.equal(there(), 0);
    });

test('the next turn goes on from what is kept, whole and cut, and computes the same', async () => {
    const fresh = async (prompt) => {
        await models.gpt2.caches.dispose();
        return (await write('gpt2', prompt)).result;
    };
    const longer = `${TEXT} and runs`, other = `${TEXT.slice(0, 20)} a cat`;
    const alone = [await fresh(longer), await fresh(other)];
    await fresh(TEXT);
    for (const [i, prompt] of [longer, other].entries()) {
        const { result } = await write('gpt2', prompt);
        assert.deepEqual(result.tokens, alone[i].tokens);
        assert.ok(result.usage.cached_tokens > 0);
    }
    const { tensors } = models.gpt2.caches;
    assert.ok(tensors.length > 0 && tensors.every(({ location }) => location === 'cpu'), 'what is kept is no part of WASM memory');
    assert.equal(there(), 0);
});

test('a run that is cancelled leaves nothing there', async () => {
    const task = taskOf('complete', { prompt: TEXT }, { max_tokens: 500, temperature: 0, logit_bias: { 263: -100 } });
    const run = runOf(task), { step } = run;
    let steps = 0;
    run.step = () => {
        if (steps++ === 5) run.cancel();
        return step.call(run);
    };
    await assert.rejects(engineOf(models.gpt2).run(task, run), { code: 'cancelled' });
    assert.ok(made.length > 0);
    assert.equal(there(), 0);
});

test('a run that fails leaves nothing there', async () => {
    let runs = 0;
    before = () => {
        if (++runs === 5) throw new Error('no more');
    };
    await assert.rejects(write('bart', TEXT), ({ cause }) => cause.message === 'no more');
    assert.ok(made.length > 0);
    assert.equal(there(), 0);
});

// Views of memory that only one thread has would be empty from then on; this is shared, however many threads there are.
for (const [name, writes] of [['GPT-2', 'gpt2'], ['BART', 'bart']])
    test(`${name}: what stays is right when its memory grows in the middle of an answer`, async () => {
        const tokens = async () => {
            await models[writes].caches.dispose();
            return (await write(writes, TEXT)).result.tokens;
        };
        const alone = await tokens();
        before = () => memories.forEach((memory) => memory.grow(1));
        assert.deepEqual(await tokens(), alone);
        assert.ok(made.length > 16 && memories.every(({ buffer }) => buffer instanceof SharedArrayBuffer));
    });

test('memory does not grow over 200 answers', async () => {
    const answers = async (count) => {
        for (let i = 0; i < count; i++) {
            await write('gpt2', `${TEXT} ${i}`, { max_tokens: 3 });
            await write('bart', `${TEXT} ${i}`, { max_tokens: 3 });
        }
        return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    };
    const before = await answers(10);
    assert.equal(await answers(100), before);
});

test('a tensor is its memory\'s until it is disposed of, once', () => {
    const released = [], wasm = { _OrtReleaseTensor: (handle) => released.push(handle) };
    const data = Float32Array.of(1, 2);
    const tensor = heldTensor(ort.Tensor, 'float32', [2], { wasm, data, handle: 7 });
    assert.deepEqual([tensor.location, tensor.data, isHeld(data, wasm), isHeld(data, {})], [HELD, data, true, false]);
    tensor.dispose();
    tensor.dispose();
    assert.deepEqual([tensor.location, isHeld(data, wasm), released], ['none', false, [7]]);
});

test('what stays is what the next step needs', () => {
    const outputNames = ['logits', 'present.0.decoder.key', 'present.0.encoder.key'];
    const past = (length) => ({ 'past_key_values.0.encoder.key': { dims: [1, 2, length, 4] } });
    assert.deepEqual(staying({ outputNames }, past(0)), { stay: [false, true, true] });
    assert.deepEqual(staying({ outputNames }, past(9)), { stay: [false, true, false] });
    assert.deepEqual(staying({ outputNames: ['logits'] }, {}), {});
    assert.deepEqual(staying({}, {}), {});
});
