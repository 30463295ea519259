// tier: full
/** Live sound in the playground: a microphone that plays a file, and a daemon that is played and breaks. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { namesOf, PlayedSound } from '../lib/played-sound.mjs';
import { until } from '../lib/wait.mjs';
import { consoles } from './support/console_tab.mjs';

const SEGMENT = 16_000;
const word = path.resolve(import.meta.dirname, '../../models/keywords/samples/left.wav');
const withConsole = consoles('main', ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${word}`]);

const MODEL = { name: 'hears', type: 'audio', format: 'huggingface', bytes: 1000, loaded: [], tasks: ['automatic-speech-recognition'] };
/** What stands there: the texts that are final, and what may still change. */
const told = (tab) => tab.evaluate(() => ({ finals: [...document.querySelectorAll('.live [role=log] p')].map((one) => one.textContent),
    partial: document.querySelector('.live .partial')?.textContent }));
const listen = (tab) => tab.locator('.live button', { hasText: 'Listen' }).click();
/** The browser tells of each request that broke as well. */
const forgive = (problems) => {
    for (const one of problems.splice(0)) assert.match(one, /^Failed to load resource/);
};
const became = (tab, state) => tab.waitForSelector(`.live[data-live=${state}]`);

test('what the microphone hears is sent once, whatever breaks, and its text stands there', () => withConsole({}, async ({ service, tab, go, problems }) => {
    const played = new PlayedSound(SEGMENT);
    Object.assign(service, { sound: played, objects: { ...service.objects, 'model/hears': MODEL } });
    played.faults = ['lost', 'unanswered', 'busy', 'short', 'conflict'];
    played.cuts = [0, 1, 4];
    await go('try/hears');
    await listen(tab);
    await until(() => played.faults.length + played.cuts.length === 0 && played.stream.sound.length > 6 * SEGMENT, { what: 'the sound' });
    await tab.waitForFunction(() => document.querySelectorAll('.live [role=log] p').length > 4);
    await tab.locator('.live button', { hasText: 'Stop listening' }).click();
    await became(tab, 'off');
    const { sound } = played.stream;
    assert.deepEqual(await told(tab), { finals: namesOf(sound, SEGMENT), partial: undefined });
    assert.ok(sound.some((byte) => byte !== 0));
    const [{ sampling_rate: rate, ...opened }] = played.opened;
    assert.deepEqual(opened, { model_name: 'hears', format: 's16le', channels: 1 });
    assert.ok(rate >= 8000 && rate <= 48_000);
    assert.equal(played.stream.removed, false);
    forgive(problems);
}));

test('a segment that fails is told, and a stream that is gone ends it', () => withConsole({}, async ({ service, tab, go, problems, said }) => {
    const played = new PlayedSound(SEGMENT);
    Object.assign(service, { sound: played, objects: { ...service.objects, 'model/hears': MODEL } });
    played.failing = 1;
    await go('try/hears');
    await listen(tab);
    await tab.waitForFunction(() => /1 of the segments have no text: it could not be heard/.test(document.querySelector('.live').textContent));
    await until(() => played.stream.sound.length > 3 * SEGMENT, { what: 'what comes behind it' });
    played.faults = ['gone'];
    await said(/not_found/);
    await became(tab, 'off');
    forgive(problems);
}));

test('leaving the view ends the stream; without the endpoint there is the file alone', () => withConsole({}, async ({ service, tab, go }) => {
    const played = new PlayedSound(SEGMENT);
    Object.assign(service, { sound: played, objects: { ...service.objects, 'model/hears': MODEL } });
    await go('try/hears');
    await listen(tab);
    await until(() => (played.stream?.sound.length ?? 0) > 0, { what: 'the sound' });
    await go('now');
    await until(() => played.stream.removed, { what: 'the end' });
    service.sound = null;
    await tab.reload();
    await go('try/hears');
    await tab.waitForSelector('form.try [data-microphone=off]');
    assert.equal(await tab.locator('.live').count(), 0);
}));
