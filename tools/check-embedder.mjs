// Runs models/nest under native llama.cpp (node-llama-cpp): whether it splits text as the trainer
// does, and how often the nearest neighbour of a held-out sentence is about the same topic.
//
//     cd tools && npm ci --ignore-scripts
//     npm i --no-save --ignore-scripts node-llama-cpp@3.22.1 && node check-embedder.mjs

import { LlamaLogLevel, getLlama } from 'node-llama-cpp';
import { fileURLToPath } from 'node:url';
import { makeRandom } from './digits/random.mjs';
import { drawSentence, topics } from './embed/sentences.mjs';
import { makeEncoder } from './embed/tokenizer.mjs';

const SENTENCES = 600;
const RIGHT_NEEDED = 0.95;

const llama = await getLlama({
    build: 'never', gpu: false, maxThreads: 1, logLevel: LlamaLogLevel.error,
});
const modelPath = fileURLToPath(new URL('../models/nest/nest-F32.gguf', import.meta.url));
const model = await llama.loadModel({ modelPath });
const context = await model.createEmbeddingContext({ contextSize: 128, threads: 1 });
const encode = makeEncoder(/** @type {any} */ (model.fileInfo.metadata.tokenizer).ggml.tokens);

/** @param {string} text of unit length @returns {Promise<readonly number[]>} */
async function embed(text) {
    const tokens = model.tokenize(text, false), wanted = encode(text).slice(1, -1);
    if (tokens.join() !== wanted.join())
        throw new Error(`tokens of "${text}": got ${tokens}, wanted ${wanted}`);
    const { vector } = await context.getEmbeddingFor(text), length = Math.hypot(...vector);
    return vector.map((value) => value / length);
}

/** @param {readonly number[]} a @param {readonly number[]} b */
const similarity = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The index of the nearest other one. @param {readonly number[][]} vectors @param {number} of */
function nearest(vectors, of) {
    const scores = vectors.map((one, i) => i === of ? -Infinity : similarity(one, vectors[of]));
    return scores.indexOf(Math.max(...scores));
}

/** @param {string[]} texts @returns {Promise<any>} */
async function embedAll(texts) {
    const vectors = [];
    for (const text of texts)
        vectors.push(await embed(text));
    return vectors;
}

const few = ['The cat sleeps.', 'A dog and a horse are here.', 'It may rain today.',
    'Tomorrow there is snow and wind.', 'I play the piano.', 'She sings a song.',
    'My salary is small.', 'The bank wants its money.', 'The doctor gave me medicine.', 'I have a fever.'];
const fewVectors = await embedAll(few);
few.forEach((text, i) => console.log(`${text} -> ${few[nearest(fewVectors, i)]}`));

const random = makeRandom(2), names = Object.keys(topics);
const sentences = Array.from({ length: SENTENCES }, (_, i) =>
    drawSentence(random, 'test', i % names.length));
const vectors = await embedAll(sentences.map(({ text }) => text));
const right = sentences.filter(({ text, topic }, i) => {
    const other = sentences[nearest(vectors, i)];
    if (other.topic !== topic)
        console.log(`wrong: ${text} -> ${other.text}`);
    return other.topic === topic;
}).length;
console.log(`${(100 * right / SENTENCES).toFixed(1)} % of ${SENTENCES} held-out sentences have a ` +
    'nearest neighbour of their topic');
process.exit(right / SENTENCES >= RIGHT_NEEDED ? 0 : 1);
