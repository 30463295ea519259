// tier: full
/**
 * Live sound in a real browser: the words that are said, while they are said. The sample hears rows of digits in
 * voices that it was not trained with.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { ownModels } from '../lib/paths.mjs';
import { finals, hear, randomOf, SoundClient } from '../lib/sound-client.mjs';
import { makeSpeech, wordErrors } from '../lib/spoken.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
/** Of the words that are said, so many may be wrong. */
const WRONG = 0.05;
/** Seconds by which a word may be heard early or late. */
const TIME = 0.06;
/** Rows of four digits, with a pause of 0.8 s before each. */
const speak = (seed, words) => makeSpeech(seed, { words, pauses: [800, 150, 150, 150] });
const model = { model_name: 'digit-words' };
const textOf = (list) => list.map(({ text }) => text).join(' ');
const told = (list) => list.map(({ executed_on: _, ...rest }) => rest);

before(async () => {
    daemon = new Daemon({ config: { pool: { numerics: 'off' } } });
    fs.cpSync(path.join(ownModels, 'digit-words'), path.join(daemon.store, 'digit-words'), { recursive: true });
    await daemon.start();
});
after(() => daemon.stop());

test('what is said is written down, each word at its time, and alike in whatever pieces', async () => {
    const { pcm, text, words } = speak(501, 80);
    const whole = await hear(daemon, pcm, undefined, { ...model, options: { timestamps: 'word' } });
    const wrong = wordErrors(text, textOf(whole.finals));
    assert.ok(wrong <= WRONG * words.length, `${wrong} of ${words.length}: ${textOf(whole.finals)}`);
    assert.equal(whole.finals.length, 20);
    const heard = whole.finals.flatMap((final) => final.words);
    if (wrong === 0)
        for (const [i, { text: word, start_ms: start, end_ms: end }] of heard.entries()) {
            assert.equal(word.trim(), words[i].word);
            for (const off of [start - words[i].start_ms, end - words[i].end_ms])
                assert.ok(Math.abs(off) < 1000 * TIME, `${word}: ${start} to ${end}, said ${JSON.stringify(words[i])}`);
        }
    const random = randomOf(3);
    const pieces = await hear(daemon, pcm, () => 1 + Math.floor(random() ** 4 * 600_000), { ...model, options: { timestamps: 'word' } });
    assert.deepEqual(told(pieces.finals), told(whole.finals));
});

/** Sends it as it would be spoken, so many times faster. */
async function sendPaced(client, pcm, speed) {
    const began = performance.now();
    while (client.position < pcm.length) {
        await client.send(pcm.subarray(0, client.position + 3200));
        await wait(Math.max(0, client.position / 32 / speed - (performance.now() - began)));
    }
}

test('at real time and ten times faster: the same finals, with partials on the way', async () => {
    const { pcm, text } = speak(502, 8); // some 8 s
    const { finals: whole } = await hear(daemon, pcm, undefined, model);
    for (const speed of [1, 10]) {
        const client = await new SoundClient(daemon).begin(model);
        const reader = client.read();
        await reader.begun();
        await sendPaced(client, pcm, speed);
        await client.end();
        await reader.ended();
        assert.deepEqual(told(finals(reader)), told(whole));
        const partials = reader.events.filter(({ event }) => event === 'partial');
        if (speed > 1) continue;
        assert.ok(partials.length >= 2, JSON.stringify(reader.events));
        for (const { json } of partials) {
            const final = textOf(whole.filter(({ segment }) => segment === json.segment));
            assert.ok(json.stable <= json.text.length && [...json.text].length >= json.stable, JSON.stringify(json));
            assert.ok(json.text.slice(0, json.stable).split(' ').slice(0, -1).every((word) => final.includes(word)), `${json.text}: ${final}`);
        }
    }
    assert.ok(wordErrors(text, textOf(whole)) <= 1, textOf(whole));
});

test('a browser that dies in mid-segment: nothing is lost, and nothing is told twice', async () => {
    const { pcm } = speak(503, 24);
    const { finals: whole } = await hear(daemon, pcm, undefined, model);
    const client = await new SoundClient(daemon).begin(model);
    const reader = client.read();
    const lost = await daemon.metric('webinfer_jobs_lost_total');
    const browsers = [...daemon.processes('browser'), ...daemon.processes('renderer')].map(({ pid }) => pid);
    for (const pid of browsers) process.kill(pid, 'SIGSTOP'); // so that a segment is in its hands when it dies
    await client.send(pcm.subarray(0, pcm.length / 2));
    await until(async () => (await daemon.metric('webinfer_jobs_running')) === 1, { what: 'a segment to run' });
    for (const pid of browsers) process.kill(pid, 'SIGKILL');
    await client.send(pcm);
    await client.end();
    await reader.ended(90_000);
    assert.equal(reader.last.event, 'done', JSON.stringify(reader.last));
    assert.deepEqual(told(finals(reader)), told(whole));
    assert.ok(await daemon.metric('webinfer_jobs_lost_total') > lost);
    await daemon.ready();
});

test('twelve at once beside other requests: each gives what it gives alone', async () => {
    const spoken = Array.from({ length: 12 }, (_, i) => speak(520 + i, 4));
    const alone = [];
    for (const { pcm } of spoken) alone.push(told((await hear(daemon, pcm, undefined, model)).finals));
    const other = () => daemon.answer({ ...model, inputs: { audio: spoken[0].bytes.toString('base64') } });
    const before = (await other()).result.text;
    const busy = Promise.all(Array.from({ length: 12 }, other));
    const random = randomOf(4);
    const together = await Promise.all(spoken.map(async ({ pcm }) =>
        told((await hear(daemon, pcm, () => 1 + Math.floor(random() * 30_000), model)).finals)));
    assert.deepEqual(together, alone);
    for (const { result } of await busy) assert.equal(result.text, before);
    await until(async () => (await daemon.metric('webinfer_jobs_running')) === 0, { what: 'nothing to run' });
});
