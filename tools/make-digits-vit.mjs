// Makes models/digits-vit from nothing: renders the digits that models/digits learned from, trains a
// vision transformer on them with PyTorch (Debian: python3-torch, and libopenblas0 for speed), and
// writes it as a Hugging Face folder. Seeded; some minutes of one core.
//
//     cd tools && npm ci --ignore-scripts && node make-digits-vit.mjs && node check-tasks.mjs

import { fileURLToPath } from 'node:url';
import { loadFaces } from './digits/fonts.mjs';
import { testNoise, trainingNoise } from './digits/noise.mjs';
import { makeRandom } from './digits/random.mjs';
import { makeSample } from './digits/samples.mjs';
import { runTrainer } from './train.mjs';

const PICTURES = 60000;

/**
 * @param {number} seed
 * @param {'train' | 'validation' | 'test'} group of typefaces
 * @param {Record<string, import('./digits/noise.mjs').Noise>} noises
 * @param {number} count
 */
function draw(seed, group, noises, count) {
    const random = makeRandom(seed), faces = loadFaces(group), kinds = Object.entries(noises);
    return Array.from({ length: count }, (_, i) => makeSample(random, faces, kinds, i % 10));
}

const splits = {
    train: draw(1, 'train', trainingNoise, PICTURES),
    validation: draw(2, 'validation', trainingNoise, 1000),
    test: draw(3, 'test', testNoise, 10000),
    samples: draw(99, 'test', testNoise, 10), // those of models/digits/samples
};
runTrainer('tasks/vit.py', Object.fromEntries(Object.entries(splits).flatMap(([name, samples]) => [
    [`${name}.pixels`, Buffer.concat(samples.map(({ pixels }) => pixels))],
    [`${name}.digits`, Uint8Array.from(samples, ({ digit }) => digit)],
])), fileURLToPath(new URL('../models/digits-vit', import.meta.url)));
