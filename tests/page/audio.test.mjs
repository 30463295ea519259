// tier: full
/** The tasks with sound, in Node: against the library's own pipelines on the same model, and what is refused. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { areFinite, piecesOf } from '../../page/src/pipeline/speech.js';
import { segmentsOf } from '../../page/src/pipeline/sound/segments.js';
import { decodeSound } from '../../page/src/pipeline/sound/decode.js';
import { windowsOf } from '../../page/src/pipeline/sound/windows.js';
import { planOf } from '../../page/src/pipeline/whisper.js';
import { writeWav } from '../../page/src/shared/wav.js';
import { makeFamilies } from '../lib/families.mjs';
import { engineOf, filesIn, loaded, outcomeOf, runOf, taskOf } from './support/library.mjs';

const familiesFolder = makeFamilies();
const folder = (name) => path.join(familiesFolder, name);

/** Tones, one after the other, with silence between them: something that models tell apart. */
function sound(seconds, rate = 16000) {
    return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
        const time = i / rate;
        return time % 0.5 > 0.4 ? 0 : 0.5 * Math.sin(2 * Math.PI * (200 + 150 * Math.floor(time * 2)) * time);
    });
}

/** A task with that sound, as a WAV file. */
function heard(samples, input = {}, rate = 16000) {
    const bytes = samples instanceof Uint8Array ? samples : writeWav(samples, rate);
    return {
        input: { ...input, audio: { tensor: 0, media_type: 'audio/wav' } }, frame: bytes.buffer, section: 0,
        tensors: [{ name: 'audio', datatype: 'UINT8', shape: [bytes.length], offset: 0, byte_length: bytes.length }],
    };
}

/** What the model reads of that sound: 16 bits have less than a number has. */
const asRead = (samples, rate = 16000) =>
    decodeSound(writeWav(samples, rate), {}, rate, { signal: new AbortController().signal, step: async () => {} });
const ask = (model, task, samples, options, input, rate) =>
    outcomeOf(model, task, {}, options, heard(samples, input, rate)).then(({ result }) => result);
const refused = (code, field, expected) => (error) => {
    assert.deepEqual([error.code, error.field], [code, field], error.message);
    assert.match(`${error.message} ${error.expected}`, expected);
    return true;
};

const ASR = 'automatic-speech-recognition';
const whisper = await loaded(folder('whisper'));
const pipelineOf = ({ library, model, tokenizer, processor }, Class) => new library[Class]({ task: '', model, tokenizer, processor });

test('a Whisper hears what the library makes of it, in each language and task', async () => {
    const pipeline = pipelineOf(whisper, 'AutomaticSpeechRecognitionPipeline');
    const samples = sound(1.7);
    for (const options of [{ language: 'de' }, { language: 'en', translate: true }]) {
        const { text } = await pipeline(await asRead(samples), { language: options.language, task: options.translate ? 'translate' : 'transcribe' });
        const result = await ask(whisper, ASR, samples, options);
        assert.deepEqual(result, { text: text.trim(), language: options.language, duration: 1.7 });
    }
    const { language } = await ask(whisper, ASR, samples, {});
    assert.ok(['en', 'de'].includes(language), language);
});

test('times of sentences and words are those of the library', async () => {
    const pipeline = pipelineOf(whisper, 'AutomaticSpeechRecognitionPipeline');
    const samples = sound(1.3);
    for (const [timestamps, wish] of [['segment', true], ['word', 'word']]) {
        const { chunks } = await pipeline(await asRead(samples), { language: 'en', task: 'transcribe', return_timestamps: wish });
        const { segments } = await ask(whisper, ASR, samples, { language: 'en', timestamps });
        assert.ok(segments.length > 0);
        if (timestamps === 'word') assert.deepEqual(segments.map(({ text }) => text), chunks.map(({ text }) => text.trim()));
        for (const { start, end } of segments) assert.ok(start >= 0 && start <= end && end <= 1.3, `${start} to ${end}`);
    }
});

/** The parts of a stream that goes on from there, and its result. */
async function streamed(samples, from = null, options = {}) {
    const stream = { from, credit: { parts: 100, bytes: 1e6 } };
    const task = { ...taskOf(ASR, {}, { language: 'en', ...options }), ...heard(samples), stream };
    const run = runOf(task);
    const { result } = await engineOf(whisper).run(task, run);
    await run.end();
    const parts = run.posted.filter(({ type }) => type === 'parts').flatMap((message) => message.parts);
    return { result, parts: parts.map(({ json }) => JSON.parse(json).data) };
}

test('a long sound is heard window by window, and each is a part of the stream', async () => {
    const samples = sound(5.3);
    const { parts, result } = await streamed(samples);
    assert.equal(parts.length, windowsOf(samples, 16000, 32000).length);
    assert.ok(parts.length >= 3);
    assert.equal(parts.map(({ text }) => text).join(''), result.text);
    assert.equal(result.duration, 5.3);
});

test('a stream that goes on repeats no part, and ends with the same answer', async () => {
    const samples = sound(5.3);
    const { parts, result } = await streamed(samples);
    for (let seq = 1; seq <= parts.length; seq++) {
        const text = parts.slice(0, seq).map((part) => part.text).join('');
        const rest = await streamed(samples, { seq, text, tokens: [] });
        assert.deepEqual(rest, { parts: parts.slice(seq), result }, `from part ${seq}`);
    }
});

/** How often something is called meanwhile that the graph of a Whisper's encoder runs by. */
async function encodings(work) {
    const { handler: encoder } = whisper.model.sessions.model;
    const run = encoder.run.bind(encoder);
    let runs = 0;
    encoder.run = (...feeds) => {
        runs++;
        return run(...feeds);
    };
    try {
        await work();
        return runs;
    } finally {
        encoder.run = run;
    }
}

test('a stream with times goes on from the last window that another node has heard', async () => {
    const samples = sound(5.3);
    const options = { timestamps: 'segment' };
    const { parts, result } = await streamed(samples, null, options);
    assert.ok(parts.length >= 3 && result.segments.length > 0);
    for (let seq = 1; seq <= parts.length; seq++) {
        const sent = parts.slice(0, seq);
        const from = { seq, text: sent.map(({ text }) => text).join(''), tokens: sent.flatMap(({ tokens }) => tokens) };
        const runs = await encodings(async () =>
            assert.deepEqual(await streamed(samples, from, options), { parts: parts.slice(seq), result }, `from part ${seq}`));
        assert.ok(seq < parts.length || runs === 0, `${runs} runs`);
    }
    // Of the times of words, and of what does not say where each window ends, all is heard again.
    const words = await streamed(samples, null, { timestamps: 'word' });
    const one = { seq: 1, text: words.parts[0].text, tokens: [] };
    assert.deepEqual(await streamed(samples, one, { timestamps: 'word' }), { parts: words.parts.slice(1), result: words.result });
    const again = await streamed(samples, { seq: 1, text: parts[0].text, tokens: [] }, options);
    assert.deepEqual(again, { parts: parts.slice(1), result });
    // Nor of a sound that the other browser has decoded to more windows than there are here.
    const [{ tokens: [start] }] = parts;
    const more = { seq: parts.length + 1, text: 'x', tokens: Array(parts.length + 1).fill(start) };
    assert.deepEqual(await streamed(samples, more, options), { parts: [], result });
});

test('what a Whisper computes counts as memory until its answer is there', async () => {
    const engine = engineOf(whisper);
    const task = { ...taskOf(ASR, {}, { language: 'en', timestamps: 'segment' }), ...heard(sound(1.7)) };
    const run = runOf(task);
    const sizes = [];
    const { step } = run;
    run.step = () => {
        sizes.push(whisper.caches.bytes);
        return step.call(run);
    };
    await engine.run(task, run);
    assert.ok(sizes.some((bytes) => bytes > 0), `${sizes}`);
    assert.deepEqual([whisper.caches.bytes, engine.memory()], [0, 0]);
});

test('the encoder runs once for each window, also where it tells the language, and only for what is not said yet', async () => {
    const samples = sound(5.3);
    const { length } = windowsOf(samples, 16000, 32000);
    let found;
    assert.equal(await encodings(async () => { found = await ask(whisper, ASR, samples, {}); }), length);
    assert.equal(await encodings(() => streamed(samples, { seq: length - 1, text: 'all but', tokens: [] })), 1);
    assert.deepEqual(await ask(whisper, ASR, samples, { language: found.language }), found);
    const times = { timestamps: 'segment' };
    const { language, ...rest } = await ask(whisper, ASR, samples, times);
    assert.deepEqual({ language, ...rest }, await ask(whisper, ASR, samples, { language, ...times }));
});

test('a cancelled run ends at its next step', async () => {
    const task = { ...taskOf(ASR, {}, { language: 'en' }), ...heard(sound(5)) };
    const run = runOf(task);
    const ends = assert.rejects(engineOf(whisper).run(task, run), (error) => error.code === 'cancelled');
    run.cancel();
    await ends;
});

test('what a model cannot do is refused by name, and the next request is right', async () => {
    const samples = sound(1);
    const ctc = await loaded(folder('wav2vec2'));
    const { _tokenizer: tokens } = ctc.tokenizer;
    const timeless = { ...ctc, tokenizer: { _tokenizer: tokens, _tokenizerJSON: { decoder: { type: 'Fuse' } } } };
    for (const [model, bytes, options, code, field, expected] of [
        [whisper, samples, { language: 'xx' }, 'input_invalid', 'options.language', /one of en, de/],
        [whisper, samples, { timestamps: 'letter' }, 'input_invalid', 'options.timestamps', /none, segment, word/],
        [whisper, samples, { beams: 2 }, 'input_invalid', 'options.beams', /one of language/],
        [whisper, samples, { language: 'en', prompt: 'so' }, 'input_invalid', 'options.prompt', /startofprev/],
        [ctc, samples, { language: 'en' }, 'input_invalid', 'options.language', /no such option/],
        [timeless, samples, { timestamps: 'word' }, 'input_invalid', 'options.timestamps', /word_delimiter_token none$/],
        [ctc, sound(0.02), {}, 'audio_invalid', 'inputs.audio', /320 samples .* 16000 Hz.* at least 400 samples/],
        [whisper, new Uint8Array(100), {}, 'audio_invalid', 'inputs.audio', /WAV/],
        [whisper, writeWav(samples, 16000).slice(0, 1000), {}, 'audio_invalid', 'inputs.audio', /cut short/],
    ]) {
        await assert.rejects(ask(model, ASR, bytes, options), refused(code, field, expected));
    }
    const { text } = await pipelineOf(ctc, 'AutomaticSpeechRecognitionPipeline')(await asRead(samples));
    assert.deepEqual(await ask(ctc, ASR, samples, {}), { text, duration: 1 });
    const unsaid = { ...ctc, config: { ...ctc.config, conv_kernel: [10, 'many'] } };
    assert.deepEqual(await ask(unsaid, ASR, samples, {}), { text, duration: 1 });
});

/** The files of a family, of which preprocessor_config.json says something else. */
function saying(name, settings) {
    const files = filesIn(folder(name)), file = 'preprocessor_config.json';
    const content = { ...JSON.parse(new TextDecoder().decode(files[file])), ...settings };
    return { ...files, [file]: new TextEncoder().encode(JSON.stringify(content)) };
}

test('a setting that is not honoured is refused by its name and value', async () => {
    for (const [name, settings, message] of [
        ['whisper', { chunk_length: 0 }, /chunk_length is 0.*from 1 to 60/], ['whisper', { chunk_length: 'many' }, /chunk_length is "many"/],
        ['whisper', { sampling_rate: 3 }, /sampling_rate is 3/], ['whisper', { dither: 0.1 }, /dither is 0\.1/],
        ['whisper', { n_fft: 401 }, /n_fft is 401.*even/], ['whisper', { padding_side: 'left' }, /padding_side is "left".*right/],
        ['clap', { truncation: 'fusion' }, /truncation is "fusion".*rand_trunc/], ['clap', { truncation: undefined }, /truncation is missing, and then "fusion"/],
        ['clap', { hop_length: 1 }, /hop_length is 1,/], ['ast', { sampling_rate: 8000 }, /sampling_rate is 8000.*16000/],
        ['ast', { do_normalize: null }, /do_normalize is null/], ['ast', { do_normalize: 1 }, /do_normalize is 1,.*true or false/], ['wav2vec2', { sampling_rate: -16000 }, /sampling_rate is -16000/],
    ]) await assert.rejects(loaded(saying(name, settings)), refused('model_invalid', undefined, new RegExp(`^preprocessor_config\\.json: ${message.source}`)));
});

test('what Python computes counts, whatever the file says of it, and what the file lacks is as in Python', async () => {
    const model = await loaded(saying('whisper', { n_samples: 5, nb_max_frames: -1, mel_filters: [['x']], hop_length: undefined, n_fft: undefined }));
    assert.deepEqual(await ask(model, ASR, sound(1.3), { language: 'en' }), await ask(whisper, ASR, sound(1.3), { language: 'en' }));
    await model.dispose();
});

test('sounds of which nothing is known are refused', async () => {
    const model = await loaded(saying('wav2vec2', { feature_extractor_type: 'MoonshineFeatureExtractor' }));
    await assert.rejects(ask(model, ASR, sound(1), {}), refused('platform_unsupported', undefined, /MoonshineFeatureExtractor does .*WhisperFeatureExtractor/));
    await model.dispose();
});

/** The tests' wav2vec2, where its graph is sure of these letters, a frame each; `-` is a blank. */
async function spelling(letters, type = 'float32') {
    const ctc = await loaded(folder('wav2vec2'));
    const { vocab_size: size } = ctc.config;
    const sure = [...letters].flatMap((letter) => Array.from({ length: size },
        (_, token) => (token === ctc.tokenizer._tokenizer.token_to_id(letter === '-' ? '<pad>' : letter) ? 1 : -1)));
    const Half = globalThis.Float16Array ?? Uint16Array;
    const bits = Uint16Array.from(sure, (value) => (value > 0 ? 0x3c00 : 0xbc00));
    const data = type === 'float16' ? new Half(bits.buffer) : Float32Array.from(sure);
    const logits = new ctc.library.Tensor(type, data, [1, letters.length, size]);
    return { ...ctc, model: Object.assign(Object.create(ctc.model), { _call: async () => ({ logits }) }) };
}

test('letters are told from numbers of 16 bits, too', async () => {
    const { text } = await ask(await spelling('C', 'float16'), ASR, sound(1), {});
    assert.equal(text, 'C');
});

test('what is spelt has times, and a blank between equal letters makes them two', async () => {
    const letters = '--HHE-LL-LO---|-|-O-DD-------------------|TO-|---';
    const model = await spelling(letters);
    // A frame is 20 ms, and its middle that of the 25 ms that it sees.
    const words = [{ start: 0.04, end: 0.22, text: 'HELLO' }, { start: 0.36, end: 0.44, text: 'OD' },
        { start: 0.84, end: 0.88, text: 'TO' }];
    assert.deepEqual(await ask(model, ASR, sound(1), { timestamps: 'none' }), { text: 'HELLO OD TO', duration: 1 });
    assert.deepEqual(await ask(model, ASR, sound(1), { timestamps: 'word' }),
        { text: 'HELLO OD TO', segments: words, duration: 1 });
    const { segments } = await ask(model, ASR, sound(1.5), { timestamps: 'segment' });
    assert.deepEqual(segments, [{ start: 0.04, end: 0.88, text: 'HELLO OD TO' }]);
    const apart = await spelling(`HI|${'-'.repeat(25)}|NO${'|'.repeat(19)}`);
    assert.deepEqual((await ask(apart, ASR, sound(1), { timestamps: 'segment' })).segments,
        [{ start: 0, end: 0.04, text: 'HI' }, { start: 0.58, end: 0.62, text: 'NO' }]);
    const { segments: none, text } = await ask(await spelling('-'.repeat(49)), ASR, sound(1), { timestamps: 'word' });
    assert.deepEqual([none, text], [[], '']);
    const unsaid = { ...model, config: { ...model.config, conv_stride: undefined } };
    assert.deepEqual((await ask(unsaid, ASR, sound(0.98), { timestamps: 'word' })).segments, words);
});

test('times of a long sound are those of all its windows', async () => {
    const model = await spelling('-A|-');
    const { text, segments } = await ask(model, ASR, sound(61), { timestamps: 'word' });
    const begins = windowsOf(await asRead(sound(61)), 16000, 480000).map(({ first }) => Math.round(first / 160) / 100);
    assert.equal(text, begins.map(() => 'A').join(' '));
    assert.ok(segments.length >= 3 && segments.every(({ start }, i) => Math.abs(start - begins[i] - 0.02) < 0.011));
});

test('sounds are classified as the library does', async () => {
    const model = await loaded(folder('ast'));
    const samples = sound(1);
    const expected = await pipelineOf(model, 'AudioClassificationPipeline')(await asRead(samples), { top_k: 3 });
    const { labels } = await ask(model, 'audio-classification', samples, { top: 3 });
    assert.deepEqual(labels.map(({ label }) => label), expected.map(({ label }) => label));
    for (const [i, { probability }] of labels.entries()) assert.ok(Math.abs(probability - expected[i].score) < 1e-5);
    await assert.rejects(ask(model, 'audio-classification', sound(61), {}), refused('audio_too_large', 'inputs.audio', /61 s .* 60 s/));
});

test('sounds are compared with texts as the library does', async () => {
    const model = await loaded(folder('clap'));
    const samples = sound(0.8, 48000);
    const names = ['good dog', 'bad cat', 'river'];
    const expected = await pipelineOf(model, 'ZeroShotAudioClassificationPipeline')(await asRead(samples, 48000), names);
    const { labels } = await ask(model, 'zero-shot-audio-classification', samples, {}, { labels: names }, 48000);
    for (const { label, index, probability } of labels) {
        assert.equal(names[index], label);
        assert.ok(Math.abs(probability - expected.find((one) => one.label === label).score) < 1e-5);
    }
    assert.ok(labels[0].probability >= labels[2].probability);
    const long = () => ask(model, 'zero-shot-audio-classification', sound(3.5, 48000), {}, { labels: names }, 48000);
    assert.deepEqual(await long(), await long());
    await assert.rejects(ask(model, 'zero-shot-audio-classification', samples, {}, {}, 48000), refused('input_invalid', 'inputs.labels', /texts/));
    await assert.rejects(ask(model, 'zero-shot-audio-classification', samples, {}, { labels: ['dog '.repeat(250)] }, 48000),
        refused('context_length_exceeded', 'inputs.labels', /\d+ tokens, and the model takes \d+/));
});

test('a CLAP reads labels with all their marks, padded to the longest', async () => {
    const clap = await loaded(folder('clap'));
    const seen = [];
    const heard = async (inputs) => {
        seen.push(inputs);
        return clap.model(inputs);
    };
    const model = { ...clap, model: Object.assign(Object.create(clap.model), { _call: heard }) };
    const most = Array.from({ length: 1000 }, (_, i) => 'dog '.repeat(i + 1)).findLast((label) => clap.words.encode(label).ids.length <= clap.limits.length);
    const labels = ['bad cat', most];
    await ask(model, 'zero-shot-audio-classification', sound(0.8, 48000), { hypothesis_template: '{}' }, { labels }, 48000);
    const rows = seen[0].input_ids.tolist().map((row) => row.map(Number)), wanted = labels.map((label) => clap.words.encode(label).ids);
    assert.deepEqual(rows.map((row, i) => row.slice(0, wanted[i].length)), wanted);
    assert.equal(rows[0].at(-1), clap.tokenizer.pad_token_id);
    assert.deepEqual(seen[0].attention_mask.tolist().map((row) => row.filter(Boolean).length), wanted.map(({ length }) => length));
    await clap.dispose();
});

test('a text is spoken as the library does, and long ones sentence by sentence', async () => {
    const model = await loaded(folder('vits'));
    const speak = (text, options = {}) => outcomeOf(model, 'text-to-speech', { text }, options);
    const { audio } = await pipelineOf(model, 'TextToAudioPipeline')('hello, you');
    const { tensors: [{ name, bytes }], result } = await speak('hello, you');
    assert.equal(name, 'audio');
    const samples = await decodeSound(bytes, {}, result.sampling_rate, { signal: new AbortController().signal, step: async () => {} });
    assert.ok(samples.every((value, i) => Math.abs(value - audio[i]) < 2 ** -14));
    assert.equal(result.duration, Math.round(audio.length / 16) / 1000);
    const long = 'it is a long text, is it not? '.repeat(30);
    const pieces = piecesOf(long);
    assert.ok(pieces.length > 1 && pieces.every((piece) => piece.length <= 300));
    assert.equal(pieces.join(' '), long.trim());
    assert.deepEqual(piecesOf('x'.repeat(700)).map((piece) => piece.length), [299, 299, 102]);
    for (const [text, options, field] of [['', {}, 'inputs'], ['a'.repeat(10001), {}, 'inputs'], ['a', { speed: 2 }, 'options.speed'], ['a', { speaker: 'x' }, 'options.speaker']]) {
        await assert.rejects(speak(text, options), refused('input_invalid', field, /./));
    }
});

test('what is spoken is finite, or no sound', () => {
    assert.equal(areFinite(new Float32Array(0)), true);
    assert.equal(areFinite(Float32Array.of(-0, 1e-45, -3.4e38, 3.4e38)), true);
    for (const wrong of [NaN, Infinity, -Infinity]) assert.equal(areFinite(Float32Array.of(0, wrong, 1)), false, String(wrong));
});

test('a prompt stands before what the decoder begins with, cut to what counts of it', async () => {
    const settings = {
        is_multilingual: true, lang_to_id: { '<|de|>': 7 }, task_to_id: { transcribe: 8, translate: 9 }, decoder_start_token_id: 5,
        no_timestamps_token_id: 10,
    };
    const tokenizer = { encode: (text) => (text === '<|startofprev|>' ? [3] : Array.from(text, (_, i) => 1000 + i)) };
    const plan = (requested) => planOf({ model: { generation_config: settings }, tokenizer }, { language: 'de', ...requested }, null);
    assert.deepEqual((await plan({ prompt: 'ab' })).arguments.decoder_input_ids, [3, 1000, 1001, 1002, 5, 7, 8, 10]);
    const { prefix, arguments: { decoder_input_ids: ids } } = await plan({ prompt: 'x'.repeat(500), translate: true, timestamps: 'segment' });
    assert.deepEqual([ids.length, prefix, ids[0], ids[1], ...ids.slice(-4)], [227, 227, 3, 1278, 1500, 5, 7, 9]);
});

test('windows end where it is quiet', () => {
    const samples = new Float32Array(1000).fill(0.5);
    samples.fill(0, 560, 580);
    const windows = windowsOf(samples, 200, 600);
    assert.deepEqual(windows.map(({ first, end }) => [first, end]), [[0, 575], [575, 1000]]);
    assert.deepEqual(windowsOf(samples.subarray(0, 600), 200, 600), [{ first: 0, end: 600 }]);
});

test('segments are what stands between two times', () => {
    const reader = { begin: 100, precision: 0.02, special: new Set([99]), decode: (ids) => ` ${ids.join('')}` };
    assert.deepEqual(segmentsOf([99, 100, 1, 2, 150, 150, 3, 200, 4, 99], reader, 10, 5), [
        { start: 10, end: 11, text: '12' }, { start: 11, end: 12, text: '3' }, { start: 12, end: 15, text: '4' },
    ]);
    assert.deepEqual(segmentsOf([100, 900], reader, 0, 5), []);
});
