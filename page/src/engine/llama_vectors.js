/** A language model's results that are not text: embeddings, and scores of documents. */
import { shortened } from './dimensions.js';
import { failureOf } from './llama_failure.js';

/** @import { Outcome } from './engine.js' */
/** @import { Options } from './llama_body.js' */
/** @import { Slots } from './llama_slots.js' */
/** @import { Run } from './run.js' */

/** @param {Slots} slots
 * @param {string[]} texts @param {Options} options @param {boolean} alone @param {Run} run
 * @returns {Promise<Outcome>} */
export async function embed(slots, texts, { dimensions, normalize = true }, alone, run) {
    const bodies = texts.map((input) => ({ input, embd_normalize: normalize ? 2 : -1 }));
    /** @type {number[][]} */
    const rows = [];
    let tokens = 0;
    await each(slots, 'embedding', bodies, alone, run, (data, at) => {
        rows[at] = shortened(data.data[0].embedding, dimensions, normalize);
        tokens += data.usage?.prompt_tokens ?? 0;
    });
    const width = rows[0]?.length ?? 0;
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, index) => values.set(row, index * width));
    run.raw?.note('embeddings', values);
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
    const bodies = documents.map((document) => ({ query, document }));
    /** @type {number[]} */
    const scores = [];
    let tokens = 0;
    await each(slots, 'rerank', bodies, alone, run, (data, at) => {
        scores[at] = data.score;
        tokens += data.tokens_evaluated ?? 0;
    });
    run.raw?.note('logits', Float32Array.from(scores));
    return { tensors: [], result: { scores, usage: usageOf(tokens) } };
}

/** Has a task's texts computed: as many at a time as there are slots, so that other tasks' come in between.
 * @param {Slots} slots @param {'embedding' | 'rerank'} action
 * @param {Record<string, any>[]} bodies @param {boolean} alone @param {Run} run
 * @param {(data: any, at: number) => void} onResult told what came of each */
async function each(slots, action, bodies, alone, run, onResult) {
    let next = 0, done = 0;
    const some = async () => {
        while (next < bodies.length) {
            const at = next++;
            await slots.run({
                action, body: bodies[at], alone, signal: run.signal, onStep: (ms) => run.stepTook(ms),
                onResult: (data) => onResult(data, at),
            });
            run.progress('prompt', ++done, bodies.length);
        }
    };
    const ends = await Promise.allSettled(Array.from({ length: slots.count }, () => some().catch((thrown) => {
        next = bodies.length; // the others begin no more
        throw thrown;
    })));
    const failed = ends.find(({ status }) => status === 'rejected');
    if (failed) throw failureOf(/** @type {PromiseRejectedResult} */ (failed).reason, null);
}

/** @param {number} tokens */
const usageOf = (tokens) => ({ prompt_tokens: tokens, completion_tokens: 0, cached_tokens: 0 });
