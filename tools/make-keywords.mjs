// Makes models/keywords from nothing: lets voices that are computed say the keywords, trains the
// network with PyTorch (Debian: python3-torch, and libopenblas0 for speed), and writes it as a
// Hugging Face folder, with a few test sounds. Seeded; some minutes of one core.
//
//     cd tools && node make-keywords.mjs && node check-tasks.mjs

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wav } from '../tests/lib/media.mjs';
import { makeRandom } from './digits/random.mjs';
import { RATE, names, say } from './keywords/voice.mjs';
import { runTrainer } from './train.mjs';

const folder = fileURLToPath(new URL('../models/keywords', import.meta.url));

/** @param {number} seed @param {number} count @param {boolean} held */
function draw(seed, count, held) {
    const random = makeRandom(seed);
    return Array.from({ length: count }, (_, i) => say(random, names[i % names.length], held));
}

const splits = { train: draw(1, 7200, false), validation: draw(2, 900, false), test: draw(3, 2700, true) };
fs.mkdirSync(`${folder}/samples`, { recursive: true });
runTrainer('tasks/keywords.py', {
    'names.json': JSON.stringify(names),
    ...Object.fromEntries(Object.entries(splits).map(([name, sounds]) =>
        [`${name}.samples`, Buffer.concat(sounds.map(({ buffer }) => Buffer.from(buffer)))])),
}, folder);
// The first of the test's, one of each.
names.forEach((name, i) => fs.writeFileSync(`${folder}/samples/${name}.wav`, wav(RATE, splits.test[i])));
