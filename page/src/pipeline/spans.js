/** Places in texts: what words are, what was asked for, and what belongs in a gap. */
import { Failure } from '../engine/failure.js';
import { softmax } from '../engine/picture.js';
import { floats } from '../engine/tensors.js';
import { vocabularyOf } from './decoder.js';
import { rowsOf } from './parts.js';
import { mostLikely } from './sampling.js';
import {
    encodeAll, encodeWithin, forward, oneOrMore, outputOf, textOf, textsOf, tokenizerOf, usageOf,
} from './texts.js';

/** @import { Loaded } from './loading.js' */
/** @import { Span } from './tokenizer/processors.js' */
/** @import { Task } from './tasks.js' */
/** @import { Encoded } from './texts.js' */
/** @typedef {{entity: string, score: number, start: number, end: number, word: string}} Entity */

/** Tokens of an answer to a question. */
const ANSWER_TOKENS = 15;
/** Places where an answer may begin, or end, that are looked at. */
const CANDIDATES = 32;
/** Limit for all texts with filled gaps: each word for a gap is returned with the whole text around it. */
const FILLED_TOKENS = 1 << 19;

/** @type {Task} */
export async function findEntities(loaded, { input, options }, run) {
    const { aggregation = 'none', ignore_labels: ignored = ['O'], truncate } = options;
    const texts = textsOf(input?.texts, 'texts');
    const all = await encodeAll(loaded, texts, run, { truncate });
    /** @type {{entities: Entity[]}[]} */
    const results = [];
    await forward(loaded, all, run, ({ rows, outputs, length }) => {
        const logits = outputOf(outputs, 'logits', 'token-classification');
        if (logits.dims.length !== 3 || logits.dims[1] !== length) throw misfit('token-classification');
        const values = floats(logits), width = logits.dims[2];
        rows.forEach((row, index) => {
            const own = values.subarray(index * length * width);
            const characters = [...texts[row]];
            const entities = entitiesOf(loaded, characters, all[row], own, width);
            const grouped = aggregation === 'simple' ? groups(characters, entities) : entities;
            results[row] = { entities: grouped.filter(({ entity }) => !ignored.includes(entity)) };
        });
    });
    return { tensors: [], result: { ...oneOrMore(results), usage: usageOf(all) } };
}

/** @type {Task} */
export async function answer(loaded, { input, options: { top = 1 } }, run) {
    const question = textOf(input?.question, 'question'), context = textOf(input?.context, 'context');
    const all = [encodeWithin(loaded, question, context, { field: 'inputs.context' })];
    /** @type {{answer: string, score: number, start: number, end: number}[]} */
    let answers = [];
    await forward(loaded, all, run, ({ outputs }) => {
        const starts = floats(outputOf(outputs, 'start_logits', 'question-answering'));
        const ends = floats(outputOf(outputs, 'end_logits', 'question-answering'));
        answers = answersOf(context, contextSpans(all[0]), starts, ends, top);
    });
    return { tensors: [], result: { answers, usage: usageOf(all) } };
}

/** @type {Task} */
export async function fillIn(loaded, { input, options: { top = 5 } }, run) {
    const texts = textsOf(input?.texts, 'texts');
    const { mask_token_id: mask, mask_token: word } = tokenizerOf(loaded);
    const all = await encodeAll(loaded, texts, run);
    if (all.some(({ ids }) => !ids.includes(mask))) {
        throw new Failure('input_invalid', 'there is nothing to fill in',
            { field: 'inputs.texts', expected: `texts with ${word} in them` });
    }
    checkFilled(all, mask, top);
    /** @type {Record<string, any>[]} */
    const results = [];
    loaded.left.add('logits');
    await forward(loaded, all, run, async ({ rows, outputs, length }) => {
        const logits = outputOf(outputs, 'logits', 'fill-mask');
        if (logits.dims.length !== 3 || logits.dims[1] !== length) throw misfit('fill-mask');
        const gaps = rows.map((row) => gapsOf(all[row].ids, mask));
        const values = await rowsOf(loaded, logits, gaps.flatMap((places, index) => places.map((at) => index * length + at)));
        rows.forEach((row, index) => {
            const masks = gaps[index].map((at) => fills(loaded, all[row].ids, at, /** @type {Float32Array} */ (values.shift()), top));
            results[row] = masks.length === 1 ? { fills: masks[0] } : { masks };
        });
    }, vocabularyOf(loaded.config));
    return { tensors: [], result: { ...oneOrMore(results), usage: usageOf(all) } };
}

/** @param {readonly Encoded[]} all @param {number} mask @param {number} top @throws {Failure} */
function checkFilled(all, mask, top) {
    const tokens = top * all.reduce((sum, { ids }) => sum + gapsOf(ids, mask).length * ids.length, 0);
    if (tokens <= FILLED_TOKENS) return;
    throw new Failure('input_invalid',
        `the gaps, with ${top} words for each in texts as long as these, are too many for one request`,
        { field: 'inputs.texts', expected: `gaps × options.top × tokens of the text: at most ${FILLED_TOKENS}` });
}

/** @param {readonly number[]} ids @param {number} mask @returns {number[]} where they are */
const gapsOf = (ids, mask) => ids.flatMap((id, at) => (id === mask ? [at] : []));

/** @param {string} task */
const misfit = (task) => new Failure('input_invalid',
    `the model says nothing of single tokens: it does not do the task ${task}`,
    { field: 'task' });

/** @param {Float32Array} values @param {number} index @param {number} width */
const rowOf = (values, index, width) => values.subarray(index * width, (index + 1) * width);

/** The text between two positions. @param {readonly string[]} characters
 * @param {number} start @param {number} end */
const between = (characters, start, end) => characters.slice(start, end).join('');

// --- what words are ----------------------------------------------------------------------------------

/** @param {Loaded} loaded @param {readonly string[]} characters of the text @param {Encoded} encoded
 * @param {Float32Array} logits @param {number} width @returns {Entity[]} */
function entitiesOf(loaded, characters, { spans }, logits, width) {
    return spans.flatMap((span, at) => {
        if (!span) return [];
        const probabilities = softmax(Array.from(rowOf(logits, at, width)));
        const index = probabilities.indexOf(probabilities.reduce((a, b) => Math.max(a, b)));
        const [start, end] = span;
        const entity = String(loaded.config.id2label?.[index] ?? `LABEL_${index}`);
        return [{ entity, score: probabilities[index], start, end, word: between(characters, start, end) }];
    });
}

/** Neighbours of one kind together: "B-" begins one, "I-" goes on with it.
 * @param {readonly string[]} characters of the text @param {Entity[]} entities */
function groups(characters, entities) {
    /** @type {(Entity & {count: number})[]} */
    const made = [];
    for (const { entity, score, start, end } of entities) {
        const [, begins, name] = /^([BI])-(.*)$/s.exec(entity) ?? [null, 'I', entity];
        const last = made.at(-1);
        if (last && begins !== 'B' && last.entity === name) {
            Object.assign(last, { end, score: last.score + score, count: last.count + 1 });
        } else made.push({ entity: String(name), score, start, end, word: '', count: 1 });
    }
    return made.map(({ count, score, ...one }) =>
        ({ ...one, score: score / count, word: between(characters, one.start, one.end) }));
}

// --- answers -----------------------------------------------------------------------------------------

/** Where in the context each token of question and context is; null for those of the question, and those around.
 * @param {Encoded} encoded @returns {(Span | null)[]} */
const contextSpans = ({ sequences, spans }) => spans.map((span, at) => (sequences[at] === 1 ? span : null));

/** The best spans: by the product of the probabilities that they begin and end there.
 * @param {string} context @param {(Span | null)[]} spans @param {Float32Array} starts @param {Float32Array} ends
 * @param {number} top */
function answersOf(context, spans, starts, ends, top) {
    const places = spans.flatMap((span, at) => (span ? [at] : []));
    const [begin, end] = [starts, ends].map((logits) => {
        // The first token means "there is no answer", and has a share of the probability.
        const probabilities = softmax([0, ...places].map((at) => logits[at])).slice(1);
        const { ids: best } = mostLikely(Float32Array.from(places, (at) => logits[at]), CANDIDATES);
        return [...best].map((index) => ({ at: places[index], score: probabilities[index] }));
    });
    const found = begin.flatMap((first) => end
        .filter((last) => last.at >= first.at && last.at - first.at < ANSWER_TOKENS)
        .map((last) => ({ from: first.at, to: last.at, score: first.score * last.score })));
    const characters = [...context];
    return found.sort((a, b) => b.score - a.score).slice(0, top).map(({ from, to, score }) => {
        const [start] = /** @type {[number, number]} */ (spans[from]);
        const [, stop] = /** @type {[number, number]} */ (spans[to]);
        return { answer: between(characters, start, stop), score, start, end: stop };
    });
}

// --- gaps --------------------------------------------------------------------------------------------

/** The tokens that fit a gap best, by our names and by those of transformers.
 * @param {Loaded} loaded @param {number[]} ids @param {number} at
 * @param {Float32Array} logits @param {number} top */
function fills({ tokenizer }, ids, at, logits, top) {
    const probabilities = softmax(Array.from(logits));
    return [...mostLikely(logits, top).ids].map((token) => {
        const word = tokenizer.decode([token]).trim();
        const text = tokenizer.decode(ids.map((id, index) => (index === at ? token : id)),
            { skip_special_tokens: true });
        return { token, token_text: word, token_str: word, probability: probabilities[token], text, sequence: text };
    });
}
