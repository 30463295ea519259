// tier: quick
/**
 * What is told of segments beside their text: against zlib and plain sums in Node (for what a CTC model spells), and
 * against onnxruntime-node, which runs a Whisper's graphs once more for each token, without keys and values.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { deflateSync } from 'node:zlib';
import * as ort from 'onnxruntime-node';
import { decodeSound } from '../../page/src/pipeline/sound/decode.js';
import { Watch } from '../../page/src/pipeline/sound/measures.js';
import { writeWav } from '../../page/src/shared/wav.js';
import { makeFamilies } from '../lib/families.mjs';
import { loaded, outcomeOf } from './support/library.mjs';

const folder = makeFamilies();
const ASR = 'automatic-speech-recognition';

function sound(seconds, rate = 16000) {
    return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
        const time = i / rate;
        return time % 0.5 > 0.4 ? 0 : 0.5 * Math.sin(2 * Math.PI * (200 + 150 * Math.floor(time * 2)) * time);
    });
}

function heard(samples) {
    const bytes = writeWav(samples, 16000);
    return {
        input: { audio: { tensor: 0, media_type: 'audio/wav' } }, frame: bytes.buffer, section: 0,
        tensors: [{ name: 'audio', datatype: 'UINT8', shape: [bytes.length], offset: 0, byte_length: bytes.length }],
    };
}
const ask = (model, samples, options) =>
    outcomeOf(model, ASR, {}, options, heard(samples)).then(({ result }) => result);
const near = (value, wanted, what) => assert.ok(Math.abs(value - wanted) < 2e-4, `${what}: ${value}, not ${wanted}`);

function logSoftmax(logits) {
    const top = Math.max(...logits);
    const all = top + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0));
    return Array.from(logits, (value) => value - all);
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** openai/whisper, utils.py: compression_ratio. */
function ratioOf(text) {
    const bytes = Buffer.from(text);
    return bytes.length / deflateSync(bytes).length;
}

/** The tests' wav2vec2, where its graph gives these letters, a frame each, with what `sure` says of each. */
async function spelling(letters, sure) {
    const ctc = await loaded(path.join(folder, 'wav2vec2'));
    const { vocab_size: size } = ctc.config;
    const ids = [...letters].map((letter) => ctc.tokenizer._tokenizer.token_to_id(letter === '-' ? '<pad>' : letter));
    const rows = ids.map((id, i) => Array.from({ length: size }, (_, token) => (token === id ? sure(i) : Math.sin(token + i) / 2)));
    const logits = new ctc.library.Tensor('float32', Float32Array.from(rows.flat()), [1, letters.length, size]);
    return { ids, rows, model: { ...ctc, model: Object.assign(Object.create(ctc.model), { _call: async () => ({ logits }) }) } };
}

test('a CTC model: the mean of its frames, the letters that are spelt, and Whisper\'s compression', async () => {
    const { ids, rows, model } = await spelling('--HHE-LL-LO|-|ODD----------------------------|TO-|---', (i) => 2 + i % 3);
    const { segments, words } = await ask(model, sound(1.1), { timestamps: 'both', details: true });
    assert.deepEqual(segments.map(({ text }) => text), ['HELLO OD', 'TO']);
    assert.deepEqual(words.map(({ text }) => text), ['HELLO', 'OD', 'TO']);
    for (const [i, first, last, spelt] of [[0, 2, 16, 'HELLO||OD'], [1, 46, 47, 'TO']]) {
        const { tokens, avg_logprob: told, compression_ratio: ratio, text, ...rest } = segments[i];
        near(told, mean(ids.slice(first, last + 1).map((id, k) => logSoftmax(rows[first + k])[id])), `segment ${i}`);
        assert.equal(ratio, ratioOf(text));
        assert.equal(tokens.map((id) => model.tokenizer._tokenizer.id_to_token?.(id) ?? model.tokenizer.decode([id])).join(''), spelt);
        assert.deepEqual([rest.seek, rest.temperature, rest.no_speech_prob], [0, 0, 0]);
    }
    assert.deepEqual(Object.keys(words[0]), ['start', 'end', 'text']);
});

test('without details segments are as they were', async () => {
    const { model } = await spelling('-A|-', () => 3);
    const { segments } = await ask(model, sound(1), { timestamps: 'segment' });
    assert.deepEqual(Object.keys(segments[0]), ['start', 'end', 'text']);
});

/** What the decoder's graph gives behind each of the tokens. */
async function logitsOf(sessions, features, tokens, pasts) {
    const { last_hidden_state: states } = await sessions.encoder.run({ input_features: features });
    const none = new ort.Tensor('float32', new Float32Array(), pasts);
    const ids = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
    const past = Object.fromEntries(sessions.decoder.inputNames.filter((name) => name.startsWith('past')).map((name) => [name, none]));
    const { logits } = await sessions.decoder.run({ input_ids: ids, encoder_hidden_states: states, ...past,
        use_cache_branch: new ort.Tensor('bool', [false], [1]) });
    const [, , size] = logits.dims;
    return tokens.map((_, i) => Array.from(logits.data.subarray(i * size, (i + 1) * size)));
}

/** The rules for times of openai/whisper (decoding.py, ApplyTimestampRules), as far as nodes keep them. */
function ruled(logits, said, begin, end) {
    const isTime = (token) => token >= begin;
    const ban = (from, to) => logits.fill(-Infinity, from, to);
    logits[begin - 1] = -Infinity;
    if (said.length === 0) return ban(0, begin);
    const [last, before] = [said.at(-1), said.at(-2)];
    if (isTime(last) && (before === undefined || isTime(before))) ban(begin);
    else if (isTime(last)) ban(0, end);
    const likely = logSoftmax(logits);
    if (Math.log(likely.slice(begin).reduce((sum, one) => sum + Math.exp(one), 0)) > Math.max(...likely.slice(0, begin))) ban(0, begin);
    return logits;
}

test('a Whisper: its tokens as onnxruntime-node finds them, and whether anybody speaks', async () => {
    const whisper = await loaded(path.join(folder, 'whisper'));
    const { generation_config: settings, config } = whisper.model;
    const begin = settings.no_timestamps_token_id + 1, end = [settings.eos_token_id].flat()[0];
    const prefix = [settings.decoder_start_token_id, settings.lang_to_id['<|de|>'], settings.task_to_id.transcribe];
    const silence = 40;
    const tokenizer = new Proxy(whisper.tokenizer, { get: (own, name) => (name === 'encode'
        ? (text, options) => (text === '<|nospeech|>' ? [silence] : own.encode(text, options)) : Reflect.get(own, name, own)) });
    const sessions = Object.fromEntries(await Promise.all([['encoder', 'encoder_model'], ['decoder', 'decoder_model_merged']].map(async ([name, file]) =>
        [name, await ort.InferenceSession.create(path.join(folder, `whisper/onnx/${file}.onnx`))])));
    let checked = 0;
    for (const seconds of [0.9, 1.3, 1.7, 1.9]) {
        const { segments } = await ask({ ...whisper, tokenizer }, sound(seconds), { language: 'de', timestamps: 'segment', details: true });
        const samples = await decodeSound(writeWav(sound(seconds), 16000), {}, 16000, { signal: new AbortController().signal, step: async () => {} });
        const { input_features: all } = await whisper.processor(samples);
        const frames = 2 * config.max_source_positions;
        for (const seek of new Set(segments.map((one) => one.seek))) {
            const rest = all.slice(null, null, [seek, all.dims[2]]);
            const rows = new Float32Array(all.dims[1] * frames);
            for (let row = 0; row < all.dims[1]; row++) rows.set(rest.data.subarray(row * rest.dims[2], (row + 1) * rest.dims[2]), row * frames);
            const features = new ort.Tensor('float32', rows, [1, all.dims[1], frames]);
            const [segment] = segments.filter((one) => one.seek === seek);
            const { tokens } = segment;
            const logits = await logitsOf(sessions, features, [...prefix, ...tokens], [1, 2, 0, 16]);
            near(segment.no_speech_prob, Math.exp(logSoftmax(logits[0])[silence]), 'no_speech_prob');
            const logprobs = tokens.map((token, i) => {
                const likely = logSoftmax(ruled(logits[prefix.length - 1 + i], tokens.slice(0, i), begin, end));
                assert.equal(likely.indexOf(Math.max(...likely)), token, `token ${i} at ${seek} of ${seconds} s`);
                return likely[token];
            });
            near(segment.avg_logprob, mean(logprobs), 'avg_logprob');
            assert.equal(segment.compression_ratio, ratioOf(segment.text));
            assert.equal(segment.temperature, 0);
            checked++;
        }
        for (const { tokens, start, seek } of segments) near(start, Math.round(100 * (seek / 100 + (tokens[0] - begin) * 0.02)) / 100, 'start');
    }
    assert.ok(checked >= 4, String(checked));
});

test('where a Whisper listens again, tokens are those that count, from the time on where it does', () => {
    const begin = 100, end = 99, watch = new Watch({ begin, precision: 0.02, start: 90, silence: 3 });
    const row = (token, i) => Float32Array.from({ length: 220 }, (_, id) => (id === token ? 4 + i : Math.sin(id)));
    const tensor = (data) => ({ type: 'float32', data, dims: [1, data.length] });
    const heads = [0.25, 0.5].map((share) => Float32Array.from({ length: 220 }, (_, id) => (id === 3 ? Math.log(share * 219 / (1 - share)) : 0)));
    const passes = [[100, 5, 110, 110, 6, 7], [100, 8, 120, end]];
    for (const [pass, tokens] of passes.entries()) {
        const ids = [80, 90, 91, 92].map(BigInt);
        for (const [i, token] of tokens.entries()) {
            watch.choose([ids], tensor(row(token, i)));
            ids.push(BigInt(token));
            const rows = i === 0 ? 4 : 1;
            watch.read({ dims: [1, rows, 220], slice: (_, [at]) => (assert.equal(at, 1), { to: () => tensor(heads[pass]) }) });
        }
    }
    const likely = watch.likely(12);
    assert.deepEqual(likely.slice(0, 4), [undefined, undefined, undefined, undefined]);
    assert.deepEqual(likely.slice(4).map(({ token, seek }) => [token, seek]),
        [[100, 1200], [5, 1200], [110, 1200], [100, 1220], [8, 1220], [120, 1220], [end, 1220]]);
    likely.slice(4).forEach(({ token, logprob, silence }, i) => {
        near(logprob, logSoftmax(row(token, i < 3 ? i : i - 3))[token], `token ${i}`);
        near(silence, i < 3 ? 0.25 : 0.5, `silence of ${i}`);
    });
});
