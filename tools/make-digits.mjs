// Makes models/digits from nothing: renders digits, trains the network, tests it on typefaces and
// kinds of noise that it never saw, and writes model.onnx, model.json, the sample pictures and the
// record of the run. Seeded: the same Node and lockfile give the same files.
//
//     cd tools && npm ci --ignore-scripts && node make-digits.mjs

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { familyNames, loadFaces } from './digits/fonts.mjs';
import { addGradients, logitsOf, makeAdam, newParameters, softmax, zeros } from './digits/network.mjs';
import { testNoise, trainingNoise } from './digits/noise.mjs';
import { toOnnx } from './digits/onnx.mjs';
import { encodePng } from './digits/png.mjs';
import { makeRandom } from './digits/random.mjs';
import { SIZE } from './digits/render.mjs';
import { makeSample, normalise } from './digits/samples.mjs';

const STEPS = 6000;
const BATCH = 32;
const RATE = 0.004;
const ACCURACY_NEEDED = 0.95;
const folder = fileURLToPath(new URL('../models/digits/', import.meta.url));

/** @type {string[]} */
const record = [];

/** @param {string} line */
function say(line) {
    console.log(line);
    record.push(line);
}

/**
 * @param {import('./digits/network.mjs').Parameters} parameters
 * @param {import('./digits/samples.mjs').Sample[]} samples
 */
function accuracy(parameters, samples) {
    let right = 0;
    for (const { digit, pixels } of samples) {
        const logits = logitsOf(parameters, normalise(pixels));
        right += logits.indexOf(Math.max(...logits)) === digit ? 1 : 0;
    }
    return right / samples.length;
}

/** @param {number} seed @param {any} faces @param {any} noises @param {number} count */
function makeSet(seed, faces, noises, count) {
    const random = makeRandom(seed);
    return Array.from({ length: count }, (_, i) => makeSample(random, faces, noises, i % 10));
}

/** Trains on fresh pictures in every step. */
function train() {
    const faces = loadFaces('train');
    const noises = Object.entries(trainingNoise);
    const random = makeRandom(20261120);
    const parameters = newParameters(random);
    const adam = makeAdam(parameters);
    const validation = makeSet(2, loadFaces('validation'), noises, 1000);
    let loss = 0;
    for (let step = 1; step <= STEPS; step++) {
        const gradients = zeros(parameters);
        for (let i = 0; i < BATCH; i++) {
            const { digit, pixels } = makeSample(random, faces, noises);
            loss += addGradients(parameters, gradients, normalise(pixels), digit);
        }
        for (const values of Object.values(gradients))
            values.forEach((value, i) => (values[i] = value / BATCH));
        adam(gradients, RATE * 0.5 * (1 + Math.cos((Math.PI * step) / STEPS)));
        if (step % 500 === 0) {
            const validated = accuracy(parameters, validation);
            say(`step ${step}: loss ${(loss / 500 / BATCH).toFixed(4)}, ` +
                `validation ${(100 * validated).toFixed(1)} %`);
            loss = 0;
        }
    }
    return parameters;
}

/** @param {import('./digits/network.mjs').Parameters} parameters */
function test(parameters) {
    const faces = loadFaces('test');
    const plain = makeSet(3, faces, [['none', trainingNoise.none]], 2000);
    say(`unseen typefaces, no noise: ${(100 * accuracy(parameters, plain)).toFixed(2)} % of 2000`);
    const all = [];
    for (const [i, noise] of Object.entries(testNoise).entries()) {
        const samples = makeSet(10 + i, faces, [noise], 2000);
        say(`unseen typefaces, unseen noise "${noise[0]}": ` +
            `${(100 * accuracy(parameters, samples)).toFixed(2)} % of 2000`);
        all.push(...samples);
    }
    const heldOut = accuracy(parameters, all);
    say(`held-out accuracy (unseen typefaces and unseen noise): ${(100 * heldOut).toFixed(2)} % of ${all.length}`);
    return heldOut;
}

/**
 * One held-out picture of each digit, with what the trainer's own arithmetic makes of it.
 * @param {import('./digits/network.mjs').Parameters} parameters
 */
function writeSamples(parameters) {
    const samples = makeSet(99, loadFaces('test'), Object.entries(testNoise), 10);
    fs.rmSync(`${folder}samples`, { recursive: true, force: true });
    fs.mkdirSync(`${folder}samples`, { recursive: true });
    const expected = samples.map(({ digit, face, noise, pixels }) => {
        const file = `${digit}.png`;
        fs.writeFileSync(`${folder}samples/${file}`, encodePng(pixels, SIZE));
        const logits = logitsOf(parameters, normalise(pixels));
        return { file, digit, face, noise, logits: [...logits], probabilities: [...softmax(logits)] };
    });
    fs.writeFileSync(`${folder}samples/expected.json`, `${JSON.stringify(expected, null, 2)}\n`);
}

const spec = {
    type: 'vision',
    labels: [...'0123456789'],
    picture: {
        input: 'image',
        width: SIZE,
        height: SIZE,
        channels: 1,
        layout: 'NCHW',
        datatype: 'FP32',
        scale: 1 / 255,
        mean: [0.5],
        std: [0.5],
        fit: 'contain',
        background: [255, 255, 255],
    },
    result: { output: 'logits', activation: 'softmax', top: 5 },
};

say(`training typefaces: ${familyNames('train').join(', ')}`);
say(`validation typefaces: ${familyNames('validation').join(', ')}`);
say(`test typefaces: ${familyNames('test').join(', ')}`);
say(`training and validation noise: ${Object.keys(trainingNoise).join(', ')}`);
say(`test noise: ${Object.keys(testNoise).join(', ')}`);
say(`${STEPS} steps of ${BATCH} fresh pictures; 1000 pictures validate`);
const parameters = train();
// The file holds 32-bit numbers: test what is shipped, not what was trained.
for (const values of Object.values(parameters))
    values.forEach((value, i) => (values[i] = Math.fround(value)));
const heldOut = test(parameters);
const onnx = toOnnx(parameters);
say(`model.onnx: ${onnx.length} bytes, SHA-256 ${createHash('sha256').update(onnx).digest('hex')}`);
if (heldOut < ACCURACY_NEEDED) {
    console.error(`not written: ${ACCURACY_NEEDED * 100} % is needed`);
    process.exit(1);
}
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(`${folder}model.onnx`, onnx);
fs.writeFileSync(`${folder}model.json`, `${JSON.stringify(spec, null, 2)}\n`);
writeSamples(parameters);
fs.writeFileSync(`${folder}training.log`, `${record.join('\n')}\n`);
