// tier: full
/** The clients of live sound against a daemon that is played and breaks: what is lost is sent or told again, once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { cliPath, root } from '../lib/paths.mjs';
import { PlayedSound, namesOf } from '../lib/played-sound.mjs';
import { python } from '../lib/python.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { until } from '../lib/wait.mjs';

const SEGMENT = 160_000;
/** 16-bit samples that say where they are. */
const sound = Buffer.from(Uint16Array.from({ length: 500_000 }, (_, i) => (i * 7919) & 0xffff).buffer);
const names = namesOf(sound, SEGMENT);

/** @type {string} */
let folder;
/** @type {PlayedSound} */
let played;
before(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-listen-')); });
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(async () => { played = await new PlayedSound(SEGMENT).listen(); });
afterEach(() => played.close());

const daemon = () => /** @type {any} */ ({ folder, temporary: folder, url: played.url });
const transcribe = (input, ...words) => webinfer(daemon(), ['transcribe', '--live', 'hears', ...words], { input });
const linesOf = (text) => text.trim().split('\n');

/** The faults of a sound of seven pieces, and of the connections that read its events. */
const breaks = () => {
    played.faults = ['lost', 'unanswered', 'busy', 'short', 'conflict', 'beheaded', 'lost'];
    played.cuts = [0, 1, 4, 5];
};

/** A WAV file of these samples, with a chunk behind them that is no sound. */
function wav(samples, rate, size = samples.length) {
    const head = Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x02\0\x10\0data\0\0\0\0', 'latin1');
    head.writeUInt32LE(rate, 24);
    head.writeUInt32LE(size, 40);
    return Buffer.concat([head, samples, Buffer.from('LIST\x04\0\0\0abcd', 'latin1')]);
}

test('a file, a WAV file and raw samples from a pipe give each segment as a line', async () => {
    const file = path.join(folder, 'sound.wav');
    fs.writeFileSync(file, wav(sound, 22_050));
    const heard = await transcribe('', file, '--language', 'en', '--pause', '1s', '--option', 'timestamps=word');
    assert.deepEqual([heard.code, linesOf(heard.out), heard.problems], [0, names, '']);
    assert.deepEqual(played.opened.at(-1), { model_name: 'hears', format: 's16le', sampling_rate: 22_050, channels: 1, partials: false,
        language: 'en', pause_ms: 1000, options: { timestamps: 'word' } });
    const raw = await transcribe(sound, '-', '--encoding', 'f32le', '--rate', '8000', '--channels', '2');
    assert.deepEqual([raw.code, linesOf(raw.out)], [0, names], raw.problems);
    assert.deepEqual(played.opened.at(-1), { model_name: 'hears', format: 'f32le', sampling_rate: 8000, channels: 2, partials: false });
    for (const { sound: had, ended, removed } of played.streams.values()) {
        assert.ok(had.equals(sound));
        assert.deepEqual([ended, removed], [true, false]);
    }
});

test('with --json each event is a line, and a segment that fails is told among the others', async () => {
    played.failing = 1;
    const { code, out, problems } = await transcribe(sound, '-', '--json');
    assert.equal(code, 1);
    assert.match(problems, /segment 1 has no text\nwebinfer: the server answered 500: it could not be heard/);
    const events = linesOf(out).map((line) => JSON.parse(line));
    assert.deepEqual(events.filter(({ event }) => event === 'final').map(({ data }) => data.text), names.filter((_, i) => i !== 1));
    assert.equal(events.filter(({ event }) => event === 'partial').length, names.length);
    assert.deepEqual(events.at(-1), { event: 'done', data: { segments: names.length, heard_ms: 1 } });
    assert.equal(played.opened[0].partials, true);
});

test('it sends again what did not arrive, and only that, and reads on where it was', async () => {
    breaks();
    const { code, out, problems } = await transcribe(sound, '-');
    assert.deepEqual([code, linesOf(out), problems], [0, names, '']);
    assert.ok(played.stream.sound.equals(sound));
    assert.deepEqual([played.faults, played.cuts], [[], []]);
});

test('a stream that is gone, a daemon that is not there and what is no sound are told', async () => {
    const nobody = await webinfer(daemon(), ['transcribe', '--live', 'hears', '-', '--url', 'http://127.0.0.1:1'], { input: sound });
    assert.equal(nobody.code, 3);
    for (const [input, words, why] of [['OggS this is no WAV file', [], /Ogg files[^]*expected: WAV/], [wav(sound, 8000), ['--rate', '8000'], /whose header describes/],
        [sound, ['--encoding', 'mp3'], /allowed: s16le, f32le/], [sound, ['--rate', 'x'], /--rate takes a number/],
        [sound, ['--model', 'other'], /--live names the model/], [sound, ['--format', 'srt'], /--format srt and --live/]]) {
        const wrong = await transcribe(input, '-', ...words);
        assert.equal(wrong.code, 2, wrong.problems);
        assert.match(wrong.problems, why);
    }
    assert.equal(played.streams.size, 0);
    played.faults = ['gone'];
    const gone = await transcribe(sound, '-');
    assert.equal(gone.code, 1);
    assert.match(gone.problems, /answered 404[^]*the stream no longer exists/);
    const odd = await transcribe(sound.subarray(0, 1001), '-');
    assert.deepEqual([odd.code, linesOf(odd.out)], [0, namesOf(sound.subarray(0, 1000), SEGMENT)]);
    assert.match(odd.problems, /in the middle of a sample; its last 1 bytes/);
});

test('^C ends the sound and waits for its texts; twice it leaves them', async () => {
    for (const times of [1, 2]) {
        const child = spawn(cliPath, ['transcribe', '--live', 'hears', '-', '--json'], { env: { ...process.env, WEBINFER_URL: played.url } });
        let out = '', problems = '';
        child.stdout.on('data', (text) => (out += text));
        child.stderr.on('data', (text) => (problems += text));
        const ended = new Promise((resolve) => child.on('close', resolve));
        const before = played.streams.size;
        child.stdin.write(sound);
        await until(() => played.streams.size > before && [...played.streams.values()].at(-1)?.sound.length === sound.length, { what: 'all sound' });
        const stream = [...played.streams.values()].at(-1);
        if (times === 2) Object.defineProperty(stream, 'ended', { get: () => false, set: () => {} });
        child.kill('SIGINT');
        await until(() => /the sound ends here/.test(problems), { what: 'the first ^C' });
        if (times === 2) child.kill('SIGINT');
        assert.equal(await ended, times === 1 ? 0 : 1, problems);
        assert.equal(stream.removed, times === 2);
        assert.equal(/"done"/.test(out), times === 1);
    }
});

test('on a terminal what may change stands on one line, and goes when it is final', async () => {
    const file = path.join(folder, 'sound.raw');
    fs.writeFileSync(file, sound);
    const terminal = new Terminal(daemon(), ['transcribe', '--live', 'hears', file]);
    assert.equal(await terminal.ended, 0, terminal.seen);
    assert.ok(terminal.seen.includes(`\r\x1b[2m${names[0].slice(0, 4)}\x1b[0m\x1b[K\r\x1b[K${names[0]}\r\n`), JSON.stringify(terminal.seen));
    assert.equal(played.opened[0].partials, true);
});

test('Python takes any source, sends again what did not arrive, and ends what nobody listens to', async () => {
    const file = path.join(folder, 'python.raw');
    fs.writeFileSync(file, sound);
    const run = (/** @type {string} */ name) => python(['-m', 'unittest', name], { cwd: path.join(root, 'tests/python'),
        env: { WEBINFER_URL: played.url, WEBINFER_SOUND: file, WEBINFER_NAMES: JSON.stringify(names) } });
    await run('listening.Sync');
    const told = played.opened.find(({ language }) => language);
    assert.deepEqual(told, { model_name: 'hears', language: 'en', pause_ms: 200, options: { timestamps: 'word' }, partials: true,
        format: 's16le', sampling_rate: 8000, channels: 1 });
    assert.equal([...played.streams.values()].filter(({ removed }) => removed).length, 2); // who left, and who lost the microphone
    await run('listening.Async');
    for (const name of ['it_goes_on_where_it_was', 'it_goes_on_where_it_was_by_asyncio']) {
        breaks();
        await run(`listening.Broken.test_${name}`);
        assert.deepEqual([played.faults, played.cuts], [[], []]);
    }
    played.faults = ['gone'];
    await run('listening.Broken.test_a_stream_that_is_gone');
});
