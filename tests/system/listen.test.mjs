// tier: full
/** Live sound from its clients to a model that hears, in a real browser: the text is what was said, whoever sends it and however. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { cutting } from '../lib/cutting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { cliPath, ownModels, root } from '../lib/paths.mjs';
import { python } from '../lib/python.mjs';
import { makeSpeech, wordErrorRate } from '../lib/spoken.mjs';

const MODEL = 'digit-words';
/** Segments of some words each: pauses of more than 500 ms end them. */
const speech = makeSpeech(20, { words: 24, pauses: [200, 150, 250, 900, 200, 700] });

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
/** What the daemon heard in the file. @type {string[]} */
let heard = [];

before(async () => {
    daemon = new Daemon({ config: { api: { allowed_hosts: '127.0.0.1' } } }); // clients come through a proxy, too
    fs.cpSync(path.join(ownModels, MODEL), path.join(daemon.store, MODEL), { recursive: true });
    await daemon.start();
    fs.writeFileSync(path.join(daemon.folder, 'said.wav'), speech.bytes);
});
after(() => daemon.stop());

const linesOf = (text) => text.trimEnd().split('\n');

test('a WAV file becomes the words that were said', async () => {
    const { code, out, problems } = await webinfer(daemon, ['transcribe', '--live', MODEL, path.join(daemon.folder, 'said.wav')]);
    assert.equal(code, 0, problems);
    heard = linesOf(out);
    assert.ok(heard.length > 4, out);
    const rate = wordErrorRate(speech.text, heard.join(' '));
    assert.ok(rate <= 0.05, `${rate} of the words are wrong: ${speech.text}\n${out}`);
});

test('a pipe in odd pieces, cut connections and Python give the same, to the byte, at once', async () => {
    const proxy = await cutting(daemon.url, 700, 1500, 900, 400);
    const odd = new Promise((resolve, reject) => {
        const child = spawn(cliPath, ['transcribe', '--live', MODEL, '-'], { env: { ...process.env, WEBINFER_URL: daemon.url, ASAN_OPTIONS: 'exitcode=99' } });
        let out = '', problems = '';
        child.stdout.on('data', (text) => (out += text));
        child.stderr.on('data', (text) => (problems += text));
        child.on('close', (code) => (code === 0 ? resolve(linesOf(out)) : reject(new Error(`${code}: ${problems}`))));
        const sizes = [1, 3, 777, 12_345, 2, 65_537];
        const write = (/** @type {number} */ at, /** @type {number} */ i) => {
            if (at >= speech.pcm.length) return child.stdin.end();
            const size = sizes[i % sizes.length];
            return child.stdin.write(speech.pcm.subarray(at, at + size), () => write(at + size, i + 1));
        };
        write(0, 0);
    });
    const cut = webinfer(daemon, ['transcribe', '--live', MODEL, path.join(daemon.folder, 'said.wav'), '--json'], { env: { WEBINFER_URL: proxy.url } });
    const example = python([path.join(root, 'examples/listen.py'), MODEL, path.join(daemon.folder, 'said.wav')], { env: { WEBINFER_URL: daemon.url } });
    try {
        assert.deepEqual(await odd, heard);
        assert.deepEqual(linesOf((await example).stdout).filter(Boolean), heard);
        const { code, out, problems } = await cut;
        assert.equal(code, 0, problems);
        const events = linesOf(out).map((line) => JSON.parse(line)), finals = events.filter(({ event }) => event === 'final').map(({ data }) => data);
        assert.deepEqual(finals.map(({ text }) => text).filter(Boolean), heard);
        assert.deepEqual(finals.map(({ segment }) => segment), finals.map((_, i) => i));
        assert.ok(finals.every(({ executed_on: { browser } }) => browser === 'chrome'));
        assert.equal(events.at(-1).event, 'done');
        assert.equal(proxy.limits.length, 0, 'each connection was cut');
    } finally {
        proxy.close();
    }
});

test('errors of the service are told: a model that hears nothing, a rate that is none', async () => {
    for (const [words, why] of [[['builtin/echo'], /answered 4\d\d/], [[MODEL, '--rate', '7000'], /sampling_rate/]]) {
        const { code, problems } = await webinfer(daemon, ['transcribe', '-', '--live', ...words], { input: speech.pcm });
        assert.equal(code, 1, problems);
        assert.match(problems, why);
    }
});
