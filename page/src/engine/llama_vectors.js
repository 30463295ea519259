/** What a language model computes of texts without writing any: embeddings, and scores of documents. */
import { shortened } from './dimensions.js';
import { failureOf } from './llama_failure.js';

/** @typedef {import('./engine.js').Outcome} Outcome */
/** @typedef {import('./llama_body.js').Options} Options */
/** @typedef {import('./llama_slots.js').Slots} Slots */
/** @typedef {import('./run.js').Run} Run */

/** @param {Slots} slots
 * @param {string[]} texts @param {Options} options @param {boolean} alone @param {Run} run
 * @returns {Promise<Outcome>} */
export async function embed(slots, texts, { dimensions, normalize = true }, alone, run) {
    /** @type {number[][]} */
    const rows = [];
    let tokens = 0;
    for (const text of texts) {
        await slots.run({
            action: 'embedding', body: { input: text, embd_normalize: normalize ? 2 : -1 }, alone,
            signal: run.signal,
            onStep: (ms) => run.stepTook(ms),
            onResult: (data) => {
                rows.push(shortened(data.data[0].embedding, dimensions, normalize));
                tokens += data.usage?.prompt_tokens ?? 0;
            },
        }).catch((thrown) => {
            throw failureOf(thrown, null);
        });
        run.progress('prompt', rows.length, texts.length);
    }
    const width = rows[0]?.length ?? 0;
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, index) => values.set(row, index * width));
    return {
        tensors: [{
            name: 'embeddings', datatype: 'FP32', shape: [rows.length, width],
            bytes: new Uint8Array(values.buffer),
        }],
        result: { usage: usageOf(tokens) },
    };
}

/** @param {Slots} slots
 * @param {string} query @param {string[]} documents @param {boolean} alone @param {Run} run
 * @returns {Promise<Outcome>} */
export async function rerank(slots, query, documents, alone, run) {
    /** @type {number[]} */
    const scores = [];
    let tokens = 0;
    for (const document of documents) {
        await slots.run({
            action: 'rerank', body: { query, document }, alone, signal: run.signal,
            onStep: (ms) => run.stepTook(ms),
            onResult: (data) => {
                scores.push(data.score);
                tokens += data.tokens_evaluated ?? 0;
            },
        }).catch((thrown) => {
            throw failureOf(thrown, null);
        });
        run.progress('prompt', scores.length, documents.length);
    }
    return { tensors: [], result: { scores, usage: usageOf(tokens) } };
}

/** @param {number} tokens */
const usageOf = (tokens) => ({ prompt_tokens: tokens, completion_tokens: 0, cached_tokens: 0 });
