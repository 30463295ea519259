/** Results for whole texts: embeddings, and scores of documents for a query. */
import { normalized, shortened } from '../engine/dimensions.js';
import { Failure } from '../engine/failure.js';
import { sigmoid, softmax } from '../engine/picture.js';
import { floats } from '../engine/tensors.js';
import { meansOf, OF_TOKENS } from './parts.js';
import { encode, encodeAll, forward, outputOf, textOf, textsOf, usageOf } from './texts.js';

/** @import { Run } from '../engine/run.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */
/** @typedef {'mean' | 'cls' | 'last' | 'none'} Pooling */

const POOLINGS = /** @type {const} */ (['mean', 'cls', 'last', 'none']);
/** How 1_Pooling/config.json says it (sentence-transformers). */
const POOLING_MODES = Object.freeze({
    pooling_mode_mean_tokens: 'mean', pooling_mode_cls_token: 'cls', pooling_mode_lasttoken: 'last',
});
const PROMPTS = 'config_sentence_transformers.json', SENTENCES = 'sentence_bert_config.json', POOLING = '1_Pooling/config.json';
/** The output that is pooled already. */
const POOLED = 'sentence_embedding';

/** @type {Task} */
export async function embed(loaded, { input, options }, run) {
    const texts = textsOf(input?.texts, 'texts');
    const { pooling, normalize = pooling !== 'none', dimensions, truncate } = options;
    if (pooling === 'none' && texts.length > 1) {
        throw new Failure('input_invalid', 'without pooling the vectors are those of one text',
            { field: 'inputs.texts', expected: 'one text' });
    }
    const all = await encodeAll(loaded, asWritten(loaded, texts), run, { truncate });
    const rows = (await vectors(loaded, all, pooling, run)).map((row) =>
        shortened(normalize ? normalized(row) : row, dimensions, normalize));
    const values = new Float32Array(rows.length * rows[0].length);
    rows.forEach((row, index) => values.set(row, index * row.length));
    return {
        tensors: [{
            name: 'embeddings', datatype: 'FP32', shape: [rows.length, rows[0].length],
            bytes: new Uint8Array(values.buffer),
        }],
        result: { usage: usageOf(all) },
    };
}

/** Pairs for a model that scores them, cosines for one that makes vectors. @type {Task} */
export async function rerank(loaded, { input, options: { truncate } }, run) {
    const query = textOf(input?.query, 'query'), documents = textsOf(input?.documents, 'documents');
    if (isClassifier(loaded)) {
        /** @type {[string, string][]} */
        const pairs = documents.map((document) => [query, document]);
        const all = await encodeAll(loaded, pairs, run, { truncate });
        const scores = await pairScores(loaded, all, run);
        return { tensors: [], result: { scores, usage: usageOf(all) } };
    }
    const all = await encodeAll(loaded, asWritten(loaded, [query, ...documents]), run, { truncate });
    const [asked, ...rows] = (await vectors(loaded, all, undefined, run)).map(normalized);
    const scores = rows.map((row) => row.reduce((sum, value, index) => sum + value * asked[index], 0));
    return { tensors: [], result: { scores, usage: usageOf(all) } };
}

/** Texts in the folder's form: after a prompt, in small letters (SentenceTransformer.encode, Transformer.tokenize).
 * @param {Loaded} loaded @param {readonly string[]} texts */
function asWritten({ extra }, texts) {
    const prompt = promptOf(extra), isLower = extra[SENTENCES]?.do_lower_case === true;
    return texts.map((text) => (isLower ? `${prompt}${text}`.toLowerCase() : `${prompt}${text}`));
}

/** @param {Record<string, any>} extra @returns {string} */
function promptOf({ [PROMPTS]: { prompts, default_prompt_name: name } = {} }) {
    const prompt = typeof name === 'string' && prompts && Object.hasOwn(prompts, name) ? prompts[name] : '';
    return typeof prompt === 'string' ? prompt : '';
}

/** Tokens of the prompt that are not pooled. @param {Loaded} loaded */
function promptTokens(loaded) {
    const prompt = promptOf(loaded.extra);
    return prompt && loaded.extra[POOLING]?.include_prompt === false ? encode(loaded, prompt).ids.length - 1 : 0;
}

/** @param {Loaded} loaded */
const isClassifier = ({ model, config }) =>
    /ForSequenceClassification$/.test(String(config.architectures?.[0] ?? model.constructor.name));

/** How well each pair fits: a single label is the score; of several labels the last one means that the pair fits.
 * @param {Loaded} loaded @param {import('./texts.js').Encoded[]} all @param {Run} run */
async function pairScores(loaded, all, run) {
    /** @type {number[]} */
    const scores = [];
    await forward(loaded, all, run, ({ rows, outputs }) => {
        const logits = outputOf(outputs, 'logits', 'rerank');
        const values = floats(logits), [, count] = logits.dims;
        rows.forEach((row, index) => {
            const own = values.subarray(index * count, (index + 1) * count);
            scores[row] = count === 1 ? sigmoid(own[0]) : softmax(Array.from(own))[count - 1];
        });
    });
    return scores;
}

/** A vector for each text; with the pooling "none" for each token of the only one.
 * @param {Loaded} loaded @param {import('./texts.js').Encoded[]} all @param {Pooling | undefined} asked
 * @param {Run} run
 * @returns {Promise<Float32Array[]>} */
async function vectors(loaded, all, asked, run) {
    /** @type {Float32Array[]} */
    const made = [];
    const from = promptTokens(loaded);
    if (asked !== 'none') for (const name of OF_TOKENS) loaded.left.add(name);
    await forward(loaded, all, run, async ({ rows, outputs }) => {
        if (!asked && outputs[POOLED]) return takePooled(outputs[POOLED], rows, made);
        const pooling = asked ?? poolingOf(loaded);
        const hidden = outputOf(outputs, OF_TOKENS.find((name) => outputs[name]) ?? OF_TOKENS[0], 'embed');
        if (pooling === 'none') return takeEach(hidden, all[0].ids.length, made);
        const means = await meansOf(loaded, hidden, rows.map((row) => spanOf(pooling, all[row].ids.length, from)));
        rows.forEach((row, index) => { made[row] = means[index]; });
    });
    return made;
}

/** @param {any} output of one text @param {number} count of its tokens @param {Float32Array[]} made */
function takeEach(output, count, made) {
    const values = floats(output), width = output.dims.at(-1);
    for (let at = 0; at < count; at++) made.push(values.slice(at * width, (at + 1) * width));
}

/** @param {any} output @param {number[]} rows @param {Float32Array[]} made */
function takePooled(output, rows, made) {
    const values = floats(output), width = output.dims.at(-1);
    rows.forEach((row, index) => { made[row] = values.slice(index * width, (index + 1) * width); });
}

/** The folder's pooling, by default the mean. @param {Loaded} loaded @returns {Pooling} @throws {Failure} */
function poolingOf({ extra }) {
    const modules = extra['modules.json'];
    const other = Array.isArray(modules)
        && modules.find(({ type }) => !/(?:Transformer|Pooling|Normalize)$/.test(String(type)));
    if (other) {
        throw new Failure('platform_unsupported',
            `the folder's modules.json names ${String(other.type).slice(0, 100)}, which is not computed`,
            { field: 'options.pooling', expected: `one of ${POOLINGS.join(', ')}, to do without it` });
    }
    const said = extra[POOLING];
    if (!said) return 'mean';
    const modes = Object.keys(said).filter((name) => name.startsWith('pooling_mode_') && said[name] === true);
    const known = modes.length === 1 && POOLING_MODES[/** @type {keyof typeof POOLING_MODES} */ (modes[0])];
    if (known) return /** @type {Pooling} */ (known);
    const asked = modes.join(' and ').slice(0, 200) || 'no pooling';
    throw new Failure('platform_unsupported',
        `the folder's 1_Pooling/config.json asks for ${asked}, which is not computed here`,
        { field: 'options.pooling', expected: `one of ${POOLINGS.join(', ')}` });
}

/** The tokens whose mean is a text's vector. @param {Pooling} pooling @param {number} count of the text's tokens
 * @param {number} from the first token that counts for the mean */
function spanOf(pooling, count, from) {
    if (pooling === 'cls') return { from: 0, to: 1 };
    return { from: pooling === 'last' ? count - 1 : from, to: count };
}
