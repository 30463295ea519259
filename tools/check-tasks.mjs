// Runs the task models of models/ under transformers.js in Node: digits-vit on the pictures of
// models/digits, numbers on all that was held out, keywords and digit-words on sounds that the test's
// voices say.
//
//     cd tools && npm ci --ignore-scripts && npm i --no-save --ignore-scripts @huggingface/transformers@4.3.1
//     node check-tasks.mjs

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Oracle } from '../tests/lib/oracle.mjs';
import { makeSpeech, wordErrors } from '../tests/lib/spoken.mjs';
import { decodePng } from './digits/png.mjs';
import { makeRandom } from './digits/random.mjs';
import { SIZE } from './digits/render.mjs';
import { softmax } from './digits/network.mjs';
import { names, say } from './keywords/voice.mjs';
import { COUNT, isHeldOut, spell, textOf } from './numbers/words.mjs';

const models = fileURLToPath(new URL('../models/', import.meta.url));
const oracle = new Oracle(models);
let failed = false;

/**
 * @param {string} what @param {boolean[]} right @param {number} needed share
 */
function report(what, right, needed) {
    reportShare(what, right.filter(Boolean).length / right.length, right.length, needed);
}

/**
 * @param {string} what @param {number} share that is right @param {number} count @param {number} needed
 */
function reportShare(what, share, count, needed) {
    failed ||= share < needed;
    const verdict = share < needed ? ', which is too few' : '';
    console.log(`${what}: ${(100 * share).toFixed(2)} % of ${count}${verdict}`);
}

/** @param {{result: {labels: {label: string}[]}}} answer */
const best = ({ result }) => result.labels[0].label;

/** The pictures, and whether the trainer's probabilities come out. */
async function checkDigits() {
    const expected = JSON.parse(fs.readFileSync(`${models}digits-vit/samples/expected.json`, 'utf8'));
    const right = [], same = [];
    for (const [at, digit] of [...'0123456789'].entries()) {
        const grey = decodePng(fs.readFileSync(`${models}digits/samples/${digit}.png`));
        const rgb = Uint8Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]);
        const answer = await oracle.answer('digits-vit', 'image-classification',
            { picture: { width: SIZE, height: SIZE, rgb } });
        right.push(best(/** @type {any} */ (answer)) === digit);
        const shares = softmax(Float64Array.from(expected[at]));
        same.push(answer.result.labels.every((/** @type {any} */ { label, probability }) =>
            Math.abs(probability - shares[Number(label)]) < 1e-4));
    }
    report('digits-vit: sample pictures', right, 0.9);
    report('digits-vit: probabilities as the trainer had them', same, 1);
}

async function checkNumbers() {
    const right = [];
    for (let n = 0; n < COUNT; n++) {
        if (!isHeldOut(n))
            continue;
        const { result } = await oracle.answer('numbers', 'text2text-generation', { prompt: String(n) });
        right.push(result.text === textOf(spell(n)));
    }
    report('numbers: held out', right, 0.99);
}

async function checkKeywords() {
    const random = makeRandom(4), right = [];
    for (let i = 0; i < 900; i++) {
        const wanted = names[i % names.length];
        const samples = Float32Array.from(say(random, wanted, true), (value) => value / 32768);
        const answer = await oracle.answer('keywords', 'audio-classification', { sound: { samples } });
        right.push(best(/** @type {any} */ (answer)) === wanted);
    }
    report('keywords: unseen voices and noise', right, 0.9);
}

/** Rows of digits, by what makes them harder. */
const manners = {
    'a word each': { words: 1, pauses: [100] },
    'short pauses': { words: 5, pauses: [200, 100] },
    'pauses that end a segment': { words: 5, pauses: [600, 50] },
    'no pauses': { words: 6, pauses: [0] },
    'noise at 15 dB': { words: 5, pauses: [200, 0, 400], noise: 15 },
    'noise at 8 dB': { words: 5, pauses: [200, 0, 400], noise: 8 },
    'a thousandth of the loudness': { words: 5, pauses: [200], noise: 50, peak: 60 },
    '28 seconds': { words: 45, pauses: [200, 400, 0] },
    'noise alone': { words: 0, pauses: [3000] },
};

async function checkDigitWords() {
    for (const [name, manner] of Object.entries(manners)) {
        let wrong = 0, said = 0;
        for (let seed = 0; seed < Math.max(4, 300 / (manner.words || 6)); seed++) {
            const speech = makeSpeech(1000 + seed, manner);
            const { result } = await oracle.answer('digit-words', 'automatic-speech-recognition',
                { sound: speech });
            wrong += wordErrors(speech.text, result.text);
            said += speech.words.length || 1;
        }
        reportShare(`digit-words: words, ${name}`, 1 - wrong / said, said, 0.95);
    }
}

await checkDigits();
await checkNumbers();
await checkKeywords();
await checkDigitWords();
await oracle.close();
process.exit(failed ? 1 : 0);
