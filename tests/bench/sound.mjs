/**
 * ./dev bench sound: how soon live sound is text, in a real browser, and how many streams one bears.
 *
 * `text`: digits are spoken at real time; from a word's end to the first partial (or final) that has it, and from
 * the end of the pause behind a row to its final, each beside one run on such a segment.
 * `streams`: as many at once as are told, twice as many each time, until the text of one is more than 2 s behind.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { commandLine, number, parts as partsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { ownModels } from '../lib/paths.mjs';
import { finals, SoundClient } from '../lib/sound-client.mjs';
import { makeSpeech } from '../lib/spoken.mjs';
import { quantile, table } from './figures.mjs';

/** Milliseconds of sound in a POST, as from a microphone. */
const PIECE_MS = 100;
const BYTES_PER_MS = 32;
const PAUSE_MS = 500;
/** The text of a stream that is further behind lags. */
const LAG_MS = 2000;

const model = { model_name: 'digit-words' };

async function startDaemon() {
    const daemon = new Daemon({ logToFile: true, config: { pool: { numerics: 'off', recycle_after: 0 } } });
    fs.cpSync(path.join(ownModels, 'digit-words'), path.join(daemon.store, 'digit-words'), { recursive: true });
    return daemon.start();
}

/** Sends it as it is spoken. @returns {Promise<{began: number, lag: number}>} when the first sample was spoken, and the
 *   largest lag that an answer told */
async function speak(client, pcm) {
    const began = performance.now();
    let lag = 0;
    for (let at = 0; at < pcm.length; at += PIECE_MS * BYTES_PER_MS) {
        const piece = pcm.subarray(at, at + PIECE_MS * BYTES_PER_MS);
        await wait(Math.max(0, began + (at + piece.length) / BYTES_PER_MS - performance.now()));
        const { status, json, text } = await client.post(piece, at);
        if (status === 429) return { began, lag: Infinity };
        if (status !== 200) throw new Error(text);
        lag = Math.max(lag, json.lag_ms);
    }
    await client.end();
    return { began, lag };
}

/** Notes when each event came. */
async function take(reader, events) {
    for await (const { event, json } of reader) events.push({ event, json, at: performance.now() });
}

/** One run on such a sound, as a client sees it. */
async function oneRun(daemon, pcm) {
    const began = performance.now();
    await daemon.answer({ ...model, inputs: { audio: pcm.toString('base64'), format: 's16le', sampling_rate: 16000 } });
    return performance.now() - began;
}

/** @param {Daemon} daemon @param {number} rows of four digits */
async function timeText(daemon, rows) {
    const { pcm, words } = makeSpeech(701, { words: 4 * rows, pauses: [900, 150, 150, 150] });
    const client = await new SoundClient(daemon).begin({ ...model, pause_ms: PAUSE_MS });
    const reader = client.read(), events = [];
    const taken = take(reader, events);
    const { began } = await speak(client, pcm);
    await taken;
    const late = { word: [], pause: [], run: [] };
    for (const final of finals(reader)) {
        const said = words.filter(({ start_ms: start, end_ms: end }) => start >= final.start_ms && end <= final.end_ms);
        const own = events.filter(({ json }) => json.segment === final.segment && json.text !== undefined);
        for (const [i, { end_ms: end }] of said.entries()) {
            const first = own.find(({ json }) => json.text.split(' ').filter(Boolean).length > i);
            if (first) late.word.push(first.at - began - end);
        }
        const { at } = own.find(({ event }) => event === 'final');
        late.pause.push(at - began - said.at(-1).end_ms - PAUSE_MS);
        late.run.push(await oneRun(daemon, pcm.subarray(final.start_ms * BYTES_PER_MS, final.end_ms * BYTES_PER_MS)));
    }
    return late;
}

/** The largest lag of so many streams at once. */
async function lagOf(daemon, count, rows) {
    const streams = await Promise.all(Array.from({ length: count }, async (_, i) => {
        const client = await new SoundClient(daemon).begin(model);
        const reader = client.read();
        return { client, reader, pcm: makeSpeech(800 + i, { words: 4 * rows, pauses: [900, 150, 150, 150] }).pcm };
    }));
    const lags = await Promise.all(streams.map(async ({ client, pcm }) => (await speak(client, pcm)).lag));
    await Promise.all(streams.map(({ client }) => client.cancel()));
    return Math.max(...lags);
}

async function main() {
    const { only, rows, most } = commandLine('./dev bench sound',
        'How soon live sound is text, and how many streams a browser bears: tables, and a line of JSON.', {
            only: partsOf(['text', 'streams']),
            rows: number(12, 'of four digits that are spoken'),
            most: number(32, 'streams at once'),
        });
    const result = { cpus: os.cpus().length };
    const daemon = await startDaemon();
    await oneRun(daemon, makeSpeech(1).pcm); // it is loaded
    if (only.includes('text')) {
        result.text = await timeText(daemon, rows);
        console.log(table('Until text is there, ms', ['from', 'median', '95 %', 'highest'],
            Object.entries({ "a word's end to its partial": result.text.word, "the pause's end to the final": result.text.pause,
                'one run on such a segment': result.text.run }).map(([name, list]) =>
                [name, quantile(list, 0.5), quantile(list, 0.95), Math.max(...list)])));
    }
    if (only.includes('streams')) {
        result.streams = [];
        for (let count = 1; count <= most; count *= 2) {
            const lag = await lagOf(daemon, count, Math.ceil(rows / 3));
            result.streams.push({ count, lag_ms: lag });
            if (lag > LAG_MS) break;
        }
        console.log(table('Streams at once', ['streams', 'largest lag, ms'],
            result.streams.map(({ count, lag_ms: lag }) => [String(count), lag])));
    }
    await daemon.stop();
    console.log(JSON.stringify(result));
}

await main();
