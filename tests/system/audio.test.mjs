// tier: full
/**
 * Sound through the daemon and a real browser, asked for by OpenAI's own client and on the command line;
 * what is no sound, and that the next request is right.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { writeWav } from '../../page/src/shared/wav.js';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { root } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {OpenAI} */
let client;
const test = testsOf(() => daemon);
/** Tones, which the model hears as it likes; longer than a window of the tiny Whisper, 2 s. */
const tones = Float32Array.from({ length: 40000 }, (_, i) => 0.5 * Math.sin(i * (200 + 100 * Math.floor(i / 8000)) / 2546));
const wav = writeWav(tones, 16000);
const named = (bytes = wav, name = 'a.wav') => toFile(bytes, name);
const transcribe = async (more = {}, bytes = wav, name = 'a.wav') =>
    client.audio.transcriptions.create({ model: 'whisper@wasm', language: 'en', file: await named(bytes, name), ...more });

before(async () => {
    daemon = new Daemon();
    putFamilies(daemon.store, ['whisper', 'vits']);
    await daemon.start();
    client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any key', maxRetries: 0 });
});
after(() => daemon.stop());

test('a transcription in every form, and as a stream', async () => {
    const { text, usage } = await transcribe();
    assert.ok(text.length > 0);
    assert.deepEqual(usage, { type: 'duration', seconds: 3 });
    assert.equal(await transcribe({ response_format: 'text' }), `${text}\n`);
    const verbose = await transcribe({ response_format: 'verbose_json' });
    assert.deepEqual([verbose.task, verbose.language, verbose.duration], ['transcribe', 'en', 2.5]);
    assert.ok(verbose.segments.length > 0 && verbose.segments.every(({ id, start, end }, i) => id === i && start <= end));
    const { words } = await transcribe({ response_format: 'verbose_json', timestamp_granularities: ['word'] });
    assert.ok(words.length > 0 && words.every(({ word }) => typeof word === 'string'));
    const [{ text: first }] = verbose.segments;
    const srt = await transcribe({ response_format: 'srt' });
    assert.match(srt, /^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n/);
    assert.ok(srt.includes(first));
    assert.match(await transcribe({ response_format: 'vtt' }), /^WEBVTT\n\n00:00:0\d\.\d{3} --> /);
    const events = [];
    for await (const event of await transcribe({ stream: true })) events.push(event);
    const done = events.pop();
    assert.deepEqual([done.type, done.text], ['transcript.text.done', text]);
    assert.ok(events.length >= 2);
    assert.equal(events.map(({ type, delta }) => (assert.equal(type, 'transcript.text.delta'), delta)).join(''), text);
    const accepted = { headers: { Accept: 'text/event-stream' } };
    await assert.rejects(client.audio.transcriptions.create(
        { model: 'whisper@wasm', response_format: 'srt', file: await named() }, accepted),
    ({ status, param }) => status === 400 && param === 'stream');
    const translated = await client.audio.translations.create(
        { model: 'whisper@wasm', response_format: 'verbose_json', file: await named() });
    assert.deepEqual([translated.task, typeof translated.text], ['translate', 'string']);
});

test('speech as a file and as samples', async () => {
    const ask = { model: 'vits@wasm', input: 'hello, you', voice: 'alloy' };
    const whole = await client.audio.speech.create(ask);
    assert.equal(whole.headers.get('content-type'), 'audio/wav');
    const bytes = Buffer.from(await whole.arrayBuffer());
    assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
    const raw = await client.audio.speech.create({ ...ask, response_format: 'pcm' });
    assert.deepEqual(Buffer.from(await raw.arrayBuffer()), bytes.subarray(44));
    await assert.rejects(client.audio.speech.create({ ...ask, response_format: 'mp3' }), ({ status, param, error }) => {
        assert.deepEqual([status, param], [400, 'response_format']);
        assert.match(error.message, /wav, pcm/);
        return true;
    });
    await assert.rejects(client.audio.speech.create({ ...ask, speed: 2 }), ({ status, param }) => status === 400 && param === 'speed');
});

test('an Idempotency-Key is for answers in JSON', async () => {
    const keyed = (key) => ({ headers: { 'Idempotency-Key': key } });
    const heard = async (key, more = {}) => client.audio.transcriptions.create(
        { model: 'whisper@wasm', language: 'en', file: await named(), ...more }, keyed(key));
    const { text } = await transcribe();
    assert.equal((await heard('json')).text, text);
    assert.equal((await heard('json')).text, text); // the form's boundary is another one
    await assert.rejects(heard('json', { temperature: 0 }), ({ status, code }) => status === 400 && code === 'idempotency_mismatch');
    assert.equal((await heard('verbose', { response_format: 'verbose_json' })).duration, 2.5);
    const speak = { model: 'vits@wasm', input: 'hello, you', voice: 'alloy' };
    for (const ask of [() => heard('srt', { response_format: 'srt' }), () => client.audio.speech.create(speak, keyed('wav'))])
        await assert.rejects(ask, ({ status, param }) => status === 400 && param === 'Idempotency-Key');
});

test('what is no sound is refused by what is wrong with it, and the next request is right', async () => {
    const { text } = await transcribe();
    const three = Buffer.from(wav);
    three.writeUInt32LE(3 * 3600 * 32000, 40);
    const odd = Buffer.from(wav);
    odd.writeUInt16LE(85, 20); // a format that has no decoder here
    for (const [bytes, name, code, param, message] of [
        [Buffer.alloc(0), 'a.wav', 'audio_invalid', 'file', /the sound is empty/],
        [wav.subarray(0, 30), 'a.wav', 'audio_invalid', 'file', /no format or no samples/],
        [wav.subarray(0, 5000), 'a.wav', 'audio_invalid', 'file', /cut short/],
        [three, 'a.wav', 'audio_too_large', 'file', /10800 s.*3600 s/],
        [odd, 'a.wav', 'audio_invalid', 'file', /samples of 16 bits in the format 85/],
        [Buffer.concat([Buffer.from('OggS'), Buffer.alloc(100)]), 'a.ogg', 'audio_invalid', 'file', /does not decode the ogg/],
        [Buffer.from('hello'), 'a.txt', 'audio_invalid', 'file', /not a sound file/],
    ]) {
        await assert.rejects(transcribe({}, bytes, name), (error) => {
            assert.deepEqual([error.status, error.code, error.param], [400, code, param], error.message);
            assert.match(error.message, message);
            return true;
        });
        assert.equal((await transcribe()).text, text);
    }
    const json = await daemon.post('/v1/audio/transcriptions', { model: 'whisper' });
    assert.equal(json.status, 415);
    assert.match(json.json.error.message, /multipart\/form-data/);
    await assert.rejects(transcribe({ model: 'vits@wasm' }), ({ status, param }) => status === 400 && param === 'model');
});

test('a WAV of unknown length is heard, and what is cut is refused, also twelve at once', async () => {
    const { text } = await transcribe();
    const ofSize = (size) => {
        const file = Buffer.from(wav);
        file.writeUInt32LE(size, 40);
        return file;
    };
    const flac = fs.readFileSync(path.join(root, 'tests/sounds/tone.flac'));
    const heard = async (file) => assert.equal((await transcribe({}, file)).text, text);
    const refused = (file, name, message) => assert.rejects(transcribe({}, file, name), (error) => {
        assert.deepEqual([error.status, error.code, error.param], [400, 'audio_invalid', 'file'], error.message);
        assert.match(error.message, message);
        return true;
    });
    const asks = [
        () => heard(ofSize(0)), () => heard(ofSize(0x7ffff000)), () => heard(ofSize(0xffffffff)),
        () => refused(Buffer.from(wav).subarray(0, 50000), 'a.wav', /WAV file is cut short: 80000 bytes of samples are announced, and 49956 there/),
        () => refused(flac.subarray(0, 5000), 'a.flac', /flac file is cut short: 22050 samples are announced, and \d+ there/),
        () => refused(flac.subarray(0, -1), 'a.flac', /flac file is cut short: its last frame is not whole/),
    ];
    for (const ask of asks) await ask();
    await Promise.all([...asks, ...asks].map((ask) => ask()));
    await heard(wav);
});

test('webinfer transcribe prints text and subtitles', async () => {
    const file = path.join(daemon.folder, 'a.wav');
    fs.writeFileSync(file, wav);
    const { text } = await transcribe();
    const run = (...more) => webinfer(daemon, ['transcribe', file, '--model', 'whisper', '--language', 'en', '--platform', 'wasm', ...more]);
    assert.equal((await run()).out, `${text}\n`);
    assert.match((await run('--format', 'vtt')).out, /^WEBVTT\n\n00:00:0/);
    const chosen = () => webinfer(daemon, ['transcribe', file, '--language', 'en', '--platform', 'wasm']);
    assert.equal((await chosen()).out, `${text}\n`); // the other model of sounds speaks
    putFamilies(daemon.store, { listener: 'whisper' });
    await until(async () => (await daemon.get('/v1/models')).json.models.some(({ name }) => name === 'listener'), { what: 'the model' });
    assert.match((await chosen()).problems, /2 models that transcribe.*--model[^]*listener, whisper/);
    assert.match((await run('--format', 'mp4')).problems, /text, srt, vtt, json/);
});
