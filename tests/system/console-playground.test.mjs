// tier: full
/** The playground against the real daemon with real browsers: what a microphone hears becomes text, and Chromium and Firefox get the same input. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { short } from '../../page/src/console/playground/numbers.js';
import { clear, guard } from '../lib/cleanup.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { ownModels } from '../lib/paths.mjs';
import { makeSpeech } from '../lib/spoken.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

/** What the microphone hears, over and over: each time it is a segment, as the pauses around it are long. */
const speech = makeSpeech(3, { words: 3, pauses: [900, 200, 200, 900] });
/** @type {Daemon} */
let daemon;
let browser, tab, close, folder;
const problems = [];
const test = testsOf(() => daemon);

before(async () => {
    folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-')));
    const file = path.join(folder, 'speech.wav');
    fs.writeFileSync(file, speech.bytes);
    daemon = new Daemon({ models: ['rows'], config: { pool: { min_connections: 1, max_connections: 2, numerics: 'off' },
        'browser.chrome': { max_connections: 1 }, 'browser.firefox': { max_connections: 1 } } });
    fs.cpSync(path.join(ownModels, 'digit-words'), path.join(daemon.store, 'digit-words'), { recursive: true });
    [browser] = await Promise.all([launch({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-audio-capture=${file}`] }), daemon.start()]);
    ({ tab, close } = await browser.openTab(problems));
    await noteViolations(tab);
});
after(async () => {
    await close?.();
    await browser?.close();
    await daemon.stop();
    clear(folder);
});

async function open(where) {
    await tab.goto(`${daemon.url}/#/`);
    await tab.goto(`${daemon.url}/#/try/${where}`);
    await tab.waitForSelector(`main[data-view=try][data-state=filled][data-address="#/try/${where}"] form.try`);
}

test('what the microphone hears is text, segment by segment', async () => {
    await open('digit-words');
    await tab.locator('.live button', { hasText: 'Listen' }).click();
    // A busy machine may lose some of the sound, which begins anew behind each pause.
    await tab.waitForFunction((wanted) => [...document.querySelectorAll('.live [role=log] p')].some(({ textContent }) => textContent === wanted), speech.text);
    await tab.locator('.live button', { hasText: 'Stop listening' }).click();
    await tab.waitForSelector('.live[data-live=off]');
    assert.deepEqual(problems, []);
});

test('one input side by side in two browsers: each computes it, and they are compared', async () => {
    const places = ['chrome/wasm', 'firefox/wasm'];
    await open(`rows?${places.map((one) => `at=${one}`).join('&')}`);
    await tab.fill('#try-seed', '3');
    const asked = [];
    tab.on('request', (one) => one.url().endsWith('/v1/infer') && asked.push(one.postDataJSON()));
    await tab.locator('form.try button', { hasText: 'Run' }).click();
    await tab.waitForFunction(() => document.querySelectorAll('.run[data-state=done]').length === 2);
    assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll('.run')].map(({ dataset }) => dataset.at)), places);
    assert.deepEqual(asked.map(({ browser: kind, platform, fallback }) => [`${kind}/${platform}`, fallback]), places.map((at) => [at, false]));
    assert.deepEqual(asked[0].inputs, asked[1].inputs);
    const shown = await tab.evaluate(() => [...document.querySelectorAll('.run')].map(({ innerText }) => innerText));
    for (const [i, body] of asked.entries()) {
        const { executed_on: ran, outputs: [{ data }] } = await daemon.answer(body);
        assert.equal(`${ran.browser}/${ran.platform}`, places[i]);
        assert.ok(shown[i].includes(data.map(short).join(', ')), shown[i]);
    }
    assert.match(await tab.evaluate(() => [...document.querySelectorAll('table')].at(-1).innerText), /y (?:is equal|: the largest difference is)/);
    assert.deepEqual((await daemon.status()).sessions.map(({ kind }) => kind).sort(), ['chrome', 'firefox']);
    assert.deepEqual(problems, []);
});
