// The sample chat model's tokenizer: SentencePiece's kind as llama.cpp reads it from a GGUF file.
// Pieces of words and of punctuation are learned; a digit is always a token of its own.

import {
    ASCII, BYTE, CONTROL, NORMAL, UNKNOWN, USER_DEFINED, byteToken,
} from '../../tests/lib/gguf-vocabulary.mjs';
import { END, MARKS, START } from './template.mjs';

/** @typedef {import('../../tests/lib/gguf-vocabulary.mjs').Vocabulary} Vocabulary */

const SPACE = '▁';
const SPECIAL = ['<unk>', '<s>', '</s>'];
export const FIRST = 1; // the id of <s>
const marks = new RegExp(
    `(${[START, END, ...MARKS].map((mark) => mark.replaceAll('|', '\\|')).join('|')})`);
/** Nothing is joined across the borders of these: no token has letters and punctuation. */
const runs = /▁?[A-Za-z]+|▁?[^A-Za-z0-9▁\n]+|[^]/gu;

/** @param {string} text */
const escaped = (text) => text.replaceAll(' ', SPACE);

/**
 * Joins the pair that is most frequent, again and again.
 * @param {string[]} texts
 * @param {number} count of joins
 */
function learnPieces(texts, count) {
    /** @type {Map<string, number>} */
    const seen = new Map();
    for (const text of texts.flatMap((one) => one.split(marks).filter((_, i) => i % 2 === 0)))
        for (const run of escaped(text).match(runs) ?? [])
            seen.set(run, (seen.get(run) ?? 0) + 1);
    const words = [...seen].map(([run, times]) => ({ parts: [...run], times }));
    const pieces = [];
    while (pieces.length < count) {
        /** @type {Map<string, number>} */
        const pairs = new Map();
        for (const { parts, times } of words)
            for (let i = 1; i < parts.length; i++) {
                const pair = parts[i - 1] + parts[i];
                pairs.set(pair, (pairs.get(pair) ?? 0) + times);
            }
        const [best] = [...pairs].reduce((most, one) => one[1] > most[1] ? one : most, ['', 0]);
        if (!best)
            break;
        pieces.push(best);
        for (const word of words)
            word.parts = joined(word.parts, (pair) => pair === best ? 0 : -Infinity);
    }
    return pieces;
}

/**
 * Joins neighbours, those of the highest score first and then from the left, as llama.cpp does.
 * @param {string[]} parts
 * @param {(pair: string) => number} score -Infinity: no such piece
 */
function joined(parts, score) {
    const list = [...parts];
    for (;;) {
        let best = -Infinity, place = -1;
        for (let i = 1; i < list.length; i++) {
            const here = score(list[i - 1] + list[i]);
            if (here > best)
                [best, place] = [here, i];
        }
        if (place < 0)
            return list;
        list.splice(place - 1, 2, list[place - 1] + list[place]);
    }
}

/**
 * @param {string[]} texts what it has to write often
 * @param {number} size of the vocabulary
 * @returns {Vocabulary}
 */
export function learnVocabulary(texts, size) {
    const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
    const fixed = [...SPECIAL, ...bytes, START, END, ...MARKS, SPACE, ...ASCII];
    const tokens = [...fixed, ...learnPieces(texts, size - fixed.length)];
    const firstPlain = fixed.indexOf(SPACE);
    const types = tokens.map((token, id) => {
        if (id < SPECIAL.length)
            return id === 0 ? UNKNOWN : CONTROL;
        if (id < SPECIAL.length + bytes.length)
            return BYTE;
        if (MARKS.includes(token))
            return USER_DEFINED;
        return id < firstPlain ? CONTROL : NORMAL;
    });
    return {
        model: 'llama', tokens, types,
        scores: tokens.map((_, id) => id < firstPlain ? 0 : firstPlain - id),
        ids: { unknown: 0, bos: FIRST, eos: tokens.indexOf(END), padding: 2 },
        addStart: true, addSpace: false,
    };
}

/**
 * @param {{tokens: string[], scores: number[]}} vocabulary
 * @returns {(text: string) => number[]} without the start token
 */
export function makeEncoder({ tokens, scores }) {
    const ids = new Map(tokens.map((token, id) => [token, id]));
    /** @type {Map<string, number[]>} */
    const known = new Map();

    /** @param {string} run */
    function encodeRun(run) {
        let found = known.get(run);
        if (!found) {
            found = joined([...run], (pair) => scores[ids.get(pair) ?? -1] ?? -Infinity)
                .flatMap((piece) => ids.get(piece) ??
                    [...Buffer.from(piece)].map((byte) => SPECIAL.length + byte));
            known.set(run, found);
        }
        return found;
    }

    return (text) => text.split(marks).flatMap((part, i) => i % 2
        ? [/** @type {number} */ (ids.get(part))]
        : (escaped(part).match(runs) ?? []).flatMap(encodeRun));
}
