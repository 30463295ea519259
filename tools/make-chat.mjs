// Makes models/finch from nothing: draws dialogues, learns a tokenizer, trains the network with
// PyTorch (Debian: python3-torch, and libopenblas0 for speed), and writes it as GGUF, F32 and Q8_0.
// Seeded. Less than an hour of one core; nothing of it is needed to build or test webinfer.
//
//     cd tools && node make-chat.mjs && node check-chat.mjs

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
    f32, shapeMetadata, string, u32, vocabularyMetadata, writeFile,
} from '../tests/lib/gguf.mjs';
import { llamaTensors } from '../tests/lib/gguf-tensors.mjs';
import { drawDialogue, drawSum } from './chat/dialogues.mjs';
import { TEMPLATE, renderDialogue } from './chat/template.mjs';
import { FIRST, learnVocabulary, makeEncoder } from './chat/tokenizer.mjs';
import { makeRandom } from './digits/random.mjs';
import { train, withWeights } from './train.mjs';

const SHAPE = {
    arch: /** @type {const} */ ('llama'), embd: 96, layers: 4, heads: 3, kv: 3, ffn: 256,
    vocab: 640, context: 1024,
};
const BASE = 10000; // of the rotary positions
/**
 * Each round starts with the weights of the one before, at this share of the full rate of learning.
 * Its stages: how many dialogues of how many turns at most; 0 turns: a single sum.
 */
const ROUNDS = [
    { rate: 1, stages: [[25000, 0], [30000, 2], [14000, 5]] },
    { rate: 0.4, stages: [[38000, 2], [14000, 5]] },
];
const VALIDATION = 300; // dialogues
const SAMPLE = 20000; // dialogues that the tokenizer is learned from
const folder = fileURLToPath(new URL('../models/finch/', import.meta.url));

/** @typedef {import('./chat/dialogues.mjs').Dialogue} Dialogue */

/** @param {import('./digits/random.mjs').Random} random @param {number[][]} stages */
function* trainingDialogues(random, stages) {
    for (const [count, turns] of stages)
        for (let i = 0; i < count; i++)
            yield turns ? drawDialogue(random, 'train', turns) : drawSum(random);
}

/**
 * The training script's files of some dialogues.
 * @param {string} kind
 * @param {Iterable<Dialogue>} dialogues
 * @param {(text: string) => number[]} encode
 */
function tokenFiles(kind, dialogues, encode) {
    const tokens = [], learned = [], lengths = [];
    for (const dialogue of dialogues) {
        const before = tokens.length;
        tokens.push(FIRST);
        learned.push(0);
        for (const part of renderDialogue(dialogue))
            for (const id of encode(part.text)) {
                tokens.push(id);
                learned.push(part.learned ? 1 : 0);
            }
        lengths.push(tokens.length - before);
    }
    return {
        [`${kind}-tokens`]: Uint16Array.from(tokens),
        [`${kind}-learned`]: Uint8Array.from(learned),
        [`${kind}-lengths`]: Uint32Array.from(lengths),
    };
}

const sample = makeRandom(2), validation = makeRandom(3), random = makeRandom(1);
const texts = Array.from({ length: SAMPLE }, () =>
    renderDialogue(drawDialogue(sample, 'train', 4)).map(({ text }) => text).join(''));
const vocabulary = learnVocabulary(texts, SHAPE.vocab);
const encode = makeEncoder(vocabulary);
const tensors = llamaTensors({ ...SHAPE, type: 'f32', pooling: '' }, () => new Float32Array(0))
    .filter(({ name }) => name !== 'output.weight'); // it is token_embd.weight
const validationFiles = tokenFiles('validation',
    Array.from({ length: VALIDATION }, () => drawDialogue(validation, 'train', 4)), encode);
/** @type {Float32Array} */
let weights = new Float32Array(0); // none: the training starts from random ones
for (const { rate, stages } of ROUNDS)
    weights = train('chat/train.py', {
        'shape.json': JSON.stringify({
            ...SHAPE, base: BASE, rate, tensors: tensors.map(({ name }) => name),
        }),
        'start': weights,
        ...tokenFiles('train', trainingDialogues(random, stages), encode),
        ...validationFiles,
    });

fs.mkdirSync(folder, { recursive: true });
for (const type of /** @type {const} */ (['f32', 'q8_0']))
    writeFile(path.join(folder, `finch-${type.toUpperCase()}.gguf`), {
        ...shapeMetadata({ ...SHAPE, type }),
        'general.name': string('Finch'),
        'general.description': string('The sample chat model of webinfer'),
        'general.license': string('apache-2.0'),
        'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
        'llama.rope.dimension_count': u32(SHAPE.embd / SHAPE.heads),
        'llama.rope.freq_base': f32(BASE),
        'llama.vocab_size': u32(SHAPE.vocab),
        ...vocabularyMetadata(vocabulary),
        'tokenizer.chat_template': string(TEMPLATE),
    }, withWeights(tensors, weights, type));
