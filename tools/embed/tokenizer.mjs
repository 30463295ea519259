// The sample embedder's tokenizer: WordPiece's kind as llama.cpp reads it from a GGUF file, in
// which a word starts with ▁. Lower case; a word that is not in it is spelt.

import { ASCII, CONTROL, NORMAL, UNKNOWN } from '../../tests/lib/gguf-vocabulary.mjs';

/** @typedef {import('../../tests/lib/gguf-vocabulary.mjs').Vocabulary} Vocabulary */

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const UNKNOWN_ID = 1, FIRST = 2, LAST = 3;

/** @param {string[]} words @returns {Vocabulary} */
export function makeVocabulary(words) {
    const characters = ASCII.filter((one) => one === one.toLowerCase());
    const whole = words.filter((word) => word.length > 1);
    const tokens = [...SPECIAL, ...characters.map((one) => `▁${one}`), ...characters,
        ...whole.map((word) => `▁${word}`)];
    return {
        model: 'bert', tokens,
        scores: tokens.map(() => 0),
        types: tokens.map((_, id) => {
            if (id < SPECIAL.length)
                return id === UNKNOWN_ID ? UNKNOWN : CONTROL;
            return NORMAL;
        }),
        ids: {
            padding: 0, unknown: UNKNOWN_ID, bos: FIRST, cls: FIRST, eos: LAST, seperator: LAST,
            mask: 4,
        },
        addStart: true, addSpace: false,
    };
}

/**
 * @param {string[]} tokens
 * @returns {(text: string) => number[]} with the first and the last token
 */
export function makeEncoder(tokens) {
    const ids = new Map(tokens.map((token, id) => [token, id]));

    /** The longest piece, again and again. @param {string} word */
    function encodeWord(word) {
        const found = [];
        for (let rest = `▁${word}`; rest;) {
            let length = rest.length;
            while (length && !ids.has(rest.slice(0, length)))
                length--;
            if (!length)
                return [UNKNOWN_ID];
            found.push(/** @type {number} */ (ids.get(rest.slice(0, length))));
            rest = rest.slice(length);
        }
        return found;
    }

    return (text) => [FIRST, ...(text.toLowerCase().match(/[a-z0-9]+|[^a-z0-9\s]/g) ?? [])
        .flatMap(encodeWord), LAST];
}
