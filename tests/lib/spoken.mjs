/** Digits that are said, for tests of what listens: computed from a seed, with what is said and when. */
import { makeRandom } from '../../tools/digits/random.mjs';
import { saySequence } from '../../tools/digit-words/speech.mjs';
import { RATE } from '../../tools/keywords/voice.mjs';
import { wav } from './media.mjs';

/** @typedef {{word: string, start_ms: number, end_ms: number}} SpokenWord */

/**
 * `pcm`: 16-bit little-endian samples, mono, at `rate`; `samples`: the same from -1 to 1; `bytes`: a WAV file of
 * them; `text`: the words with a space between; `words`: when each begins and ends.
 * @typedef {{rate: number, pcm: Buffer, samples: Float32Array, bytes: Buffer, text: string, words: SpokenWord[]}} Speech
 */

/**
 * Digits in a voice that models/digit-words was not trained with.
 * @param {number} seed the same seed gives the same bytes
 * @param {{words?: number, pauses?: number[], noise?: number, peak?: number}} [manner] `words`: how many; `pauses`: before
 * each word and behind the last, in ms, taken in turn (each 200); `noise` and `peak` in dB: how far the noise is
 * below the words (30), and the highest sample below the most there is (6)
 * @returns {Speech}
 */
export function makeSpeech(seed, { words: count = 4, pauses = [200], noise = 30, peak = 6 } = {}) {
    const pause = (/** @type {number} */ i) => pauses[i % pauses.length] / 1000;
    const { samples: values, words } = saySequence(makeRandom(seed), { count, pause, noise, peak, held: true });
    const ms = (/** @type {number} */ sample) => Math.round(sample * 1000 / RATE);
    return {
        rate: RATE,
        pcm: Buffer.from(values.buffer, values.byteOffset, values.byteLength),
        samples: Float32Array.from(values, (value) => value / 32768),
        bytes: wav(RATE, values),
        text: words.map(({ word }) => word).join(' '),
        words: words.map(({ word, first, end }) => ({ word, start_ms: ms(first), end_ms: ms(end) })),
    };
}

/** How many words are wrong, missing or too many: the least number of edits.
 * @param {string} said @param {string} heard */
export function wordErrors(said, heard) {
    const [wanted, found] = [said, heard].map((text) => text.split(/\s+/).filter(Boolean));
    let row = Array.from({ length: found.length + 1 }, (_, i) => i);
    for (const [i, word] of wanted.entries()) {
        const next = [i + 1];
        for (const [j, other] of found.entries())
            next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (word === other ? 0 : 1)));
        row = next;
    }
    return row[found.length];
}

/** The word error rate: errors for each word that is said. @param {string} said @param {string} heard */
export const wordErrorRate = (said, heard) => wordErrors(said, heard) / said.split(' ').length;
