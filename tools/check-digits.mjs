// Runs models/digits/model.onnx under another runtime, onnxruntime-node, and compares its logits with
// those that the trainer's own arithmetic recorded for the sample pictures.
//
//     cd tools && npm ci --ignore-scripts && node check-digits.mjs

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { decodePng } from './digits/png.mjs';
import { SIZE } from './digits/render.mjs';
import { normalise } from './digits/samples.mjs';

const TOLERANCE = 1e-4; // 32-bit sums against 64-bit ones, logits of about ±10
const folder = fileURLToPath(new URL('../models/digits/', import.meta.url));
const expected = JSON.parse(fs.readFileSync(`${folder}samples/expected.json`, 'utf8'));

const session = await ort.InferenceSession.create(`${folder}model.onnx`);
const batch = new Float32Array(expected.length * SIZE * SIZE);
for (const [i, { file }] of expected.entries())
    batch.set(normalise(decodePng(fs.readFileSync(`${folder}samples/${file}`))), i * SIZE * SIZE);
const { logits } = await session.run({
    image: new ort.Tensor('float32', batch, [expected.length, 1, SIZE, SIZE]),
});
const classes = logits.dims[1];

let worst = 0;
let right = 0;
for (const [i, { file, digit, logits: wanted }] of expected.entries()) {
    const got = [...logits.data.slice(i * classes, (i + 1) * classes)].map(Number);
    worst = Math.max(worst, ...got.map((value, k) => Math.abs(value - wanted[k])));
    const best = got.indexOf(Math.max(...got));
    right += best === digit ? 1 : 0;
    console.log(`${file}: ${best}`);
}
console.log(`onnxruntime-node differs from the trainer by at most ${worst.toExponential(2)}`);
console.log(`${right} of ${expected.length} sample pictures are right`);
if (!(worst <= TOLERANCE)) {
    console.error(`more than ${TOLERANCE}: model.onnx is not the trained network`);
    process.exit(1);
}
