// Makes models/digit-words from nothing: lets voices that are computed say digits after each other,
// trains the network with PyTorch (Debian: python3-torch, and libopenblas0 for speed), and writes it as
// a Hugging Face folder, with a few test sounds. Seeded; six minutes of one core.
//
//     cd tools && node make-digit-words.mjs && node check-tasks.mjs

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wav } from '../tests/lib/media.mjs';
import { makeRandom } from './digits/random.mjs';
import { saySequence } from './digit-words/speech.mjs';
import { names } from './digit-words/words.mjs';
import { RATE } from './keywords/voice.mjs';
import { runTrainer } from './train.mjs';

/** @typedef {import('./digit-words/speech.mjs').Spoken} Spoken */

const folder = fileURLToPath(new URL('../models/digit-words', import.meta.url));

/** Mostly short pauses, a few of none, up to a second. @param {import('./digits/random.mjs').Random} random */
const drawPause = (random) => Math.max(0, random.between(-0.15, 1)) ** 2;

/** @param {number} seed @param {number} count @param {boolean} held */
function draw(seed, count, held) {
    const random = makeRandom(seed);
    return Array.from({ length: count }, () => {
        const words = Math.floor(random.between(held ? 1 : 0, 9));
        return saySequence(random, {
            count: words, pause: () => (words > 0 ? drawPause(random) : random.between(0.5, 8)),
            noise: random.between(8, 50), peak: random.between(0, 30), held,
        });
    });
}

/** @param {{samples: Int16Array, words: Spoken[]}[]} sounds */
const factsOf = (sounds) => JSON.stringify(sounds.map(({ samples, words }) => ({ samples: samples.length,
    words: words.map(({ word, first, end }) => [names.indexOf(word), first, end]) })));

const splits = { train: draw(1, 1800, false), validation: draw(2, 100, false), test: draw(3, 400, true) };
fs.mkdirSync(`${folder}/samples`, { recursive: true });
runTrainer('tasks/digit_words.py', {
    'names.json': JSON.stringify(names),
    ...Object.fromEntries(Object.entries(splits).flatMap(([name, sounds]) => [
        [`${name}.samples`, Buffer.concat(sounds.map(({ samples }) => Buffer.from(samples.buffer)))],
        [`${name}.json`, factsOf(sounds)],
    ])),
}, folder);
// The first of the test's with three words and with five.
for (const count of [3, 5]) {
    const { samples, words } = splits.test.find((one) => one.words.length === count) ?? splits.test[0];
    fs.writeFileSync(`${folder}/samples/${words.map(({ word }) => word).join('-')}.wav`, wav(RATE, samples));
}
