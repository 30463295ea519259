// tier: full
/** What graphs put out, as the service's guard gets it: from the recorder, and from models in Node. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { plain } from '../../page/src/engine/answer.js';
import { readHead } from '../../page/src/engine/gguf.js';
import { LlamaAnswer } from '../../page/src/engine/llama_answer.js';
import { Pieces } from '../../page/src/engine/llama_pieces.js';
import { LIKELY, RawOutputs } from '../../page/src/engine/raw.js';
import { writeWav } from '../../page/src/shared/wav.js';
import { makeFamilies } from '../lib/families.mjs';
import { disc } from '../lib/media.mjs';
import { ggufBytes } from './support/gguf.mjs';
import { engineOf, loaded, runOf, taskOf } from './support/library.mjs';
import { pictureFile } from './support/pictures.mjs';

const folder = (name) => path.join(makeFamilies(), name);
const float32 = (values, dims = [values.length]) => ({ type: 'float32', data: Float32Array.from(values), dims });
const numbers = ({ datatype, bytes }) => [...new (datatype === 'INT32' ? Int32Array : Float32Array)(bytes.slice().buffer)];
/** By their names. */
const made = (raw) => Object.fromEntries(raw.instead({ tensors: [] }).tensors.map((one) => [one.name, one]));

test('a graph tells its real outputs, as of its first run', () => {
    const raw = new RawOutputs();
    const logits = float32([1, 2, 3, 4], [2, 2]);
    raw.graph('model', { logits, ids: { type: 'int64', data: BigInt64Array.of(1n), dims: [1] } });
    logits.data.fill(9);
    raw.graph('model', { logits });
    raw.graph('encoder', { state: { type: 'float16', data: Uint16Array.of(0x3c00, 0xc000), dims: [1, 2] } });
    const { 'model/logits': first, 'encoder/state': half, ...none } = made(raw);
    assert.deepEqual(none, {});
    assert.deepEqual([first.datatype, first.shape, numbers(first)], ['FP32', [2, 2], [1, 2, 3, 4]]);
    assert.deepEqual([half.datatype, half.shape, numbers(half)], ['FP32', [1, 2], [1, -2]]);
});

test('what depends on how much is read at a time is told of no graph', () => {
    const raw = new RawOutputs();
    raw.graph('decoder', { logits: float32([1]), 'present.0.key': float32([1]) });
    raw.graph('embed_tokens', { inputs_embeds: float32([1]) });
    assert.deepEqual(made(raw), {});
});

test('of many numbers some are told, and those without an order by their size', () => {
    const raw = new RawOutputs();
    raw.note('many', Float32Array.from({ length: 600_000 }, (_, i) => i), [600, 1000]);
    const [{ shape, bytes }] = Object.values(made(raw));
    assert.deepEqual([shape, bytes.length], [[200_000], 800_000]);
    const unordered = new RawOutputs();
    unordered.isUnordered = true;
    unordered.graph('model', { logits: float32([2, -1, 3]) });
    assert.deepEqual(numbers(made(unordered)['model/logits']), [-1, 2, 3]);
    for (let i = 0; i < 100; i++) raw.note(`more ${i}`, Float32Array.of(i));
    assert.equal(Object.keys(made(raw)).length, 24);
});

test('they come in the place of what the task has made', () => {
    const raw = new RawOutputs();
    raw.step(7, [-0.1, -3]);
    const { tensors, result, precision } = raw.instead({ tensors: [{ name: 'audio' }], precision: 'fp32',
        result: { text: 'said', usage: { prompt_tokens: 1 }, timings: { prompt_n: 1 } } });
    assert.deepEqual([result, precision], [{ raw: true, usage: { prompt_tokens: 1 }, timings: { prompt_n: 1 } }, 'fp32']);
    assert.deepEqual(tensors.map(({ name, shape }) => [name, shape]), [['tokens', [1]], ['likely', [1, LIKELY]]]);
    assert.deepEqual(numbers(tensors[1]), [...Float32Array.of(-0.1, -3, -Infinity, -Infinity, -Infinity)]);
});

test('of llama.cpp it is each token with what it says of it', async () => {
    const raw = new RawOutputs();
    const pieces = new Pieces(await readHead(async () => ggufBytes({ embd: 32, layers: 1 })), []);
    const wanted = { logprobs: true, topLogprobs: LIKELY, stop: [], preserved: [] };
    const answer = new LlamaAnswer({ raw, isStream: false, goesOn() {} }, 0, plain(), pieces, wanted, null);
    const top = [{ id: 4, logprob: -1 }, { id: 3, logprob: -2 }, { id: 9, logprob: -4 }];
    answer.take({ choices: [{ text: 'a', finish_reason: null, logprobs: { content: [{ id: 3, logprob: -2, top_logprobs: top }] } }],
        __verbose: { tokens: [3] } });
    const { tokens, likely } = made(raw);
    assert.deepEqual([numbers(tokens), numbers(likely)], [[3], [-2, -1, -4, -Infinity, -Infinity]]);
});

/** A task that is asked for it, and one that is not. */
async function both(name, task, input, options, more = {}) {
    const model = await loaded(folder(name));
    const [raw, usual] = await Promise.all([{ raw: true }, {}].map(async (asked) => {
        const message = { ...taskOf(task, input, options), ...more, ...asked };
        const run = runOf(message);
        const outcome = await engineOf(model).run(message, run);
        return run.raw?.instead(outcome) ?? outcome;
    }));
    await model.dispose();
    return { raw: Object.fromEntries(raw.tensors.map((one) => [one.name, one])), result: raw.result, usual };
}

const best = (logits) => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));

test('text: the logits of the first token, and the tokens', async () => {
    const { raw, result, usual } = await both('gpt2', 'complete', { prompt: 'The fox sees the dog' }, { max_tokens: 6, temperature: 0 });
    assert.deepEqual(Object.keys(raw).sort(), ['likely', 'logits', 'tokens']);
    const tokens = numbers(raw.tokens), likely = numbers(raw.likely);
    assert.deepEqual(tokens, usual.result.tokens);
    assert.equal(best(numbers(raw.logits)), tokens[0]);
    assert.deepEqual(raw.likely.shape, [6, LIKELY]);
    for (let at = 0; at < likely.length; at++) assert.ok(at % LIKELY === 0 || likely[at] <= likely[at - 1], `${at}`);
    assert.deepEqual(Object.keys(result), ['raw', 'usage', 'timings']);
});

test('vectors: what they are made of', async () => {
    const { raw } = await both('bert', 'embed', { texts: ['The fox', 'The dog sees the fox'] }, {});
    assert.deepEqual(Object.keys(raw), ['model/last_hidden_state']);
    assert.equal(raw['model/last_hidden_state'].shape[0], 2);
});

test('a picture: the logits of its labels', async () => {
    const { raw, usual } = await both('vit', 'image-classification', { image: { tensor: 0, media_type: 'image/png' } }, {}, pictureFile(disc()));
    assert.equal(best(numbers(raw['model/logits'])), usual.result.labels[0].index);
});

test('speech: what the encoder makes of the sound, and the tokens of what is heard', async () => {
    const bytes = writeWav(Float32Array.from({ length: 16000 }, (_, i) => Math.sin(i / 9) / 2), 16000);
    const { raw } = await both('whisper', 'automatic-speech-recognition', { audio: { tensor: 0, media_type: 'audio/wav' } },
        { max_tokens: 5, language: 'en' }, { frame: bytes.buffer, tensors: [{ name: 'audio', datatype: 'UINT8',
            shape: [bytes.length], offset: 0, byte_length: bytes.length }] });
    assert.deepEqual(Object.keys(raw).sort(), ['likely', 'logits', 'model/last_hidden_state', 'tokens']);
    assert.equal(best(numbers(raw.logits)), numbers(raw.tokens)[0]);
});
