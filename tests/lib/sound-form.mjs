/** Sounds sent as OpenAI's endpoints take them: as a form. */
import assert from 'node:assert/strict';
import { writeWav } from '../../page/src/shared/wav.js';

/** Two and a half seconds of tones, which a model hears as it likes. */
export const tones = writeWav(Float32Array.from({ length: 40000 }, (_, i) => 0.5 * Math.sin(i * (200 + 100 * Math.floor(i / 8000)) / 2546)), 16000);

/** @param {import('./daemon.mjs').Daemon} daemon @param {string} where transcriptions or translations
 * @param {Record<string, string | string[]>} values of the form @param {Uint8Array} [wav] */
export async function hear(daemon, where, values, wav = tones) {
    const form = new FormData();
    for (const [name, value] of Object.entries(values)) for (const one of [value].flat()) form.append(name, one);
    form.append('file', new Blob([wav]), 'a.wav');
    const answer = await fetch(`${daemon.url}/v1/audio/${where}`, { method: 'POST', body: form });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return JSON.parse(text);
}
