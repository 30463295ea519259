/**
 * Texts in the form for a model: checked, in tokens, as many in one run as fit, and padded to the longest of
 * them.
 */
import { Failure } from '../engine/failure.js';
import { LIMITS } from '../engine/task_rules.js';

/** @import { Run } from '../engine/run.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Tokenizer } from './tokenizer/tokenizer.js' */
/** A text in tokens; `types` gives the text, of two, that each token belongs to, if the model takes that; `sequences` and `spans`
 * give its position, as in Encoding.
 * @typedef {{ids: number[], types: number[] | null, sequences: number[], spans: (import('./tokenizer/processors.js').Span | null)[]}} Encoded */
/** The result of a model's run for several texts: `rows` says which.
 * @typedef {{rows: number[], length: number, outputs: Record<string, any>}} Batch */

/** Texts of one run, tokens with the padding, and numbers that the model makes of these. */
const BATCH = Object.freeze({ texts: 32, tokens: 4096, numbers: 16 << 20 });

/** @param {any} text @param {string} name @returns {string} @throws {Failure} */
export function textOf(text, name) {
    if (typeof text === 'string' && text !== '') return text;
    throw new Failure('input_invalid', `the task has no ${name}`,
        { field: `inputs.${name}`, expected: 'a text that is not empty' });
}

/** @param {any} texts @param {string} name @returns {string[]} @throws {Failure} */
export function textsOf(texts, name) {
    const fits = Array.isArray(texts) && texts.length > 0 && texts.length <= LIMITS.texts && texts.every(isText);
    if (fits) return texts;
    throw new Failure('input_invalid', `the task has no ${name}`,
        { field: `inputs.${name}`, expected: `a list of 1 to ${LIMITS.texts} texts that are not empty` });
}

/** @param {any} pairs @returns {[string, string][]} @throws {Failure} */
export function pairsOf(pairs) {
    const fits = Array.isArray(pairs) && pairs.length > 0 && pairs.length <= LIMITS.texts
        && pairs.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
    if (fits) return pairs;
    throw new Failure('input_invalid', 'the task has no pairs',
        { field: 'inputs.pairs', expected: `a list of 1 to ${LIMITS.texts} pairs of texts that are not empty` });
}

/** @param {any} text */
const isText = (text) => typeof text === 'string' && text !== '';

// --- tokens ------------------------------------------------------------------------------------------

/** The tokenizer. @param {Loaded} loaded @throws {Failure} if the folder has none */
export function tokenizerOf({ tokenizer }) {
    if (tokenizer) return tokenizer;
    throw new Failure('model_invalid', 'the folder has no file tokenizer.json');
}

/** @param {Loaded} loaded @param {string} text @param {string | null} [pair]
 * @param {boolean} [special] with the tokens that stand around every text @returns {Encoded} */
export function encode(loaded, text, pair = null, special = true) {
    tokenizerOf(loaded);
    const { ids, types, sequences, spans } = /** @type {Tokenizer} */ (loaded.words).encode(text, pair, special);
    return { ids, types: takesTypes(loaded) ? types : null, sequences, spans };
}

/** Whether the model is told to which of two texts a token belongs. @param {Loaded} loaded */
const takesTypes = ({ model }) => model?.sessions?.model?.inputNames?.includes('token_type_ids') ?? false;

/** The tokens of a text, or of two, within what the model takes.
 * @param {Loaded} loaded @param {string} text @param {string | null} pair
 * @param {{truncate?: boolean, field?: string}} [options] `truncate`: what is too long is cut
 * @returns {Encoded} @throws {Failure} if it is too long */
export function encodeWithin(loaded, text, pair, { truncate = false, field = 'inputs' } = {}) {
    const encoded = encode(loaded, text, pair);
    const { length: limit } = loaded.limits;
    if (encoded.ids.length <= limit) return encoded;
    if (truncate) return cut(encoded, limit, loaded.limits.keepsEnd);
    throw new Failure('context_length_exceeded',
        `a text has ${encoded.ids.length} tokens, and the model takes ${limit}`,
        { field, expected: `at most ${limit} tokens, or options.truncate` });
}

/** The tokens of each of several, as encodeWithin gives them; the event loop turns in between.
 * @param {Loaded} loaded @param {readonly (string | [string, string])[]} given texts, or pairs of them
 * @param {Run} run @param {Parameters<typeof encodeWithin>[3]} [options]
 * @returns {Promise<Encoded[]>} @throws {Failure} if one is too long, or the run was cancelled */
export async function encodeAll(loaded, given, run, options) {
    const all = [];
    for (const one of given) {
        const [text, pair] = typeof one === 'string' ? [one, null] : one;
        all.push(encodeWithin(loaded, text, pair, options));
        await run.rest();
    }
    return all;
}

/** Truncates like Hugging Face's tokenizers: drops tokens from the end, or the beginning, of the longer of two texts until all fit. If
 * the number left is odd and the first text is not longer, the second keeps one more. Tokens added around the texts stay.
 * @param {Encoded} encoded @param {number} limit @param {boolean} keepsEnd @returns {Encoded} */
function cut({ ids, types, sequences, spans }, limit, keepsEnd) {
    const counts = [0, 1].map((text) => sequences.filter((one) => one === text).length);
    const [first, second] = counts;
    const room = Math.max(0, limit - (ids.length - first - second));
    const half = first > second ? Math.floor(room / 2) : Math.ceil(room / 2);
    const keptSecond = Math.min(second, Math.max(half, room - first));
    const kept = [Math.min(first, room - keptSecond), keptSecond];
    const seen = [0, 0];
    const stays = sequences.map((text) => {
        if (text < 0) return true;
        const place = seen[text]++;
        return keepsEnd ? place >= counts[text] - kept[text] : place < kept[text];
    });
    /** @template T @param {T[]} list */
    const left = (list) => list.filter((_, at) => stays[at]);
    return { ids: left(ids), types: types && left(types), sequences: left(sequences), spans: left(spans) };
}

/** Tokens of all of them. @param {readonly Encoded[]} all */
export const usageOf = (all) => ({
    prompt_tokens: all.reduce((sum, { ids }) => sum + ids.length, 0), completion_tokens: 0, cached_tokens: 0,
});

// --- runs --------------------------------------------------------------------------------------------

/**
 * Runs the model for all texts and hands each run's outputs over, which are gone after it.
 * @param {Loaded} loaded @param {readonly Encoded[]} all @param {Run} run
 * @param {(batch: Batch) => void | Promise<void>} take
 * @param {number} [width] numbers that the model makes of a token, where these are many
 */
export async function forward(loaded, all, run, take, width) {
    let done = 0;
    for (const rows of batches(all.map(({ ids }) => ids.length), width)) {
        const length = Math.max(...rows.map((row) => all[row].ids.length));
        const outputs = await loaded.model.forward(inputsOf(loaded, rows.map((row) => all[row]), length));
        try {
            await take({ rows, length, outputs });
        } finally {
            for (const output of Object.values(outputs)) output?.dispose?.();
        }
        run.progress('prompt', done += rows.length, all.length);
    }
}

/** Which texts run together: of similar length, so that little is padded.
 * @param {readonly number[]} lengths @param {number} [width] numbers that are made of each token
 * @returns {number[][]} */
export function batches(lengths, width = 1) {
    const tokens = Math.min(BATCH.tokens, Math.floor(BATCH.numbers / width));
    const order = lengths.map((_, row) => row).sort((a, b) => lengths[b] - lengths[a] || a - b);
    /** @type {number[][]} */
    const made = [];
    for (const row of order) {
        const last = made.at(-1);
        const room = last && Math.min(BATCH.texts, Math.floor(tokens / Math.max(1, lengths[last[0]])));
        if (last && room && last.length < room) last.push(row);
        else made.push([row]);
    }
    return made;
}

/** A graph's inputs for texts that are padded to a length. @param {Loaded} loaded @param {readonly Encoded[]} texts
 * @param {number} length @returns {Record<string, any>} */
export function inputsOf({ library, tokenizer }, texts, length) {
    const dims = [texts.length, length];
    /** @param {(text: Encoded, at: number) => number} value less than 2^32: the lower half of 64 bits */
    const tensor = (value) => {
        const halves = new Uint32Array(2 * texts.length * length);
        texts.forEach((text, row) => {
            for (let at = 0; at < length; at++) halves[2 * (row * length + at)] = value(text, at);
        });
        return new library.Tensor('int64', new BigInt64Array(halves.buffer), dims);
    };
    const padding = tokenizer.pad_token_id ?? 0;
    return {
        input_ids: tensor(({ ids }, at) => ids[at] ?? padding),
        attention_mask: tensor(({ ids }, at) => (at < ids.length ? 1 : 0)),
        ...(texts[0].types ? { token_type_ids: tensor(({ types }, at) => types?.[at] ?? 0) } : {}),
    };
}

/** The output of that name. @param {Record<string, any>} outputs @param {string} name @param {string} task
 * @returns {any} @throws {Failure} if the model has none, and so is none for the task */
export function outputOf(outputs, name, task) {
    if (outputs[name]) return outputs[name];
    const names = Object.keys(outputs).join(', ').slice(0, 200);
    throw new Failure('input_invalid', `the model has no output "${name}": it does not do the task ${task}`,
        { field: 'task', expected: `a model whose outputs (${names}) include ${name}` });
}

/** One text's result as it is, several as a list. @param {Record<string, any>[]} results */
export const oneOrMore = (results) => (results.length === 1 ? results[0] : { results });
