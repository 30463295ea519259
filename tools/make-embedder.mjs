// Makes models/nest from nothing: draws sentences, trains the network with PyTorch (Debian:
// python3-torch, and libopenblas0 for speed), and writes it as GGUF. Seeded; a few minutes of one
// core. Nothing of it is needed to build or test webinfer.
//
//     cd tools && node make-embedder.mjs && node check-embedder.mjs

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
    bool, f32, shapeMetadata, string, u32, vocabularyMetadata, writeFile,
} from '../tests/lib/gguf.mjs';
import { bertTensors } from '../tests/lib/gguf-tensors.mjs';
import { makeRandom } from './digits/random.mjs';
import { drawSentence, spoilt, topics, vocabularyWords } from './embed/sentences.mjs';
import { makeEncoder, makeVocabulary } from './embed/tokenizer.mjs';
import { train, withWeights } from './train.mjs';

const SENTENCES = 40000;
const EPSILON = 1e-6;
const vocabulary = makeVocabulary(vocabularyWords());
const SHAPE = {
    arch: /** @type {const} */ ('bert'), type: /** @type {const} */ ('f32'), embd: 64, layers: 2,
    heads: 2, kv: 2, ffn: 128, vocab: vocabulary.tokens.length, context: 128,
};
const folder = fileURLToPath(new URL('../models/nest/', import.meta.url));

const random = makeRandom(1), encode = makeEncoder(vocabulary.tokens);
const tensors = bertTensors({ ...SHAPE, pooling: 'mean' }, () => new Float32Array(0));
const sentences = Array.from({ length: SENTENCES }, (_, i) => {
    const plain = drawSentence(random, 'train', i % Object.keys(topics).length);
    const { text, topic, word } = i % 4 === 0 ? plain : spoilt(random, plain);
    return { tokens: encode(text), topic, word };
});
const weights = train('embed/train.py', {
    'shape.json': JSON.stringify({
        ...SHAPE, epsilon: EPSILON, tensors: tensors.map(({ name }) => name),
    }),
    'sentences.json': JSON.stringify(sentences),
});
fs.mkdirSync(folder, { recursive: true });
writeFile(path.join(folder, 'nest-F32.gguf'), {
    ...shapeMetadata(SHAPE),
    'general.name': string('Nest'),
    'general.description': string('The sample embedder of webinfer'),
    'general.license': string('apache-2.0'),
    'bert.attention.layer_norm_epsilon': f32(EPSILON),
    'bert.attention.causal': bool(false),
    'bert.pooling_type': u32(1),
    'tokenizer.ggml.token_type_count': u32(2),
    ...vocabularyMetadata(vocabulary),
}, withWeights(tensors, weights, 'f32'));
