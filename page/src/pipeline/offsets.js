/**
 * Where in a text its tokens are. Tokenizers of JavaScript do not say it, so the tokens' own texts are found
 * again in it: letters are compared without case and accents, and what has no text of its own, such as an
 * unknown word, is what lies between its neighbours. Offsets count characters (code points), as in other
 * tokenizers.
 */
import { BYTES } from './detokenizer.js';

/** Where a token begins and ends; null: it stands for nothing in the text.
 * @typedef {[number, number] | null} Span */
/** A character to compare, and where in the text it is. @typedef {{folded: string, at: number}} Letter */

/** So many letters may lie between two tokens before the next is taken for another. */
const REACH = 64;
/** What tokens begin with that the text has not: SentencePiece's and byte-level BPE's space, and the marks of
 * WordPiece's and BPE's pieces of words. */
const MARKS = /^(?:##|▁|Ġ)|<\/w>$/g;

/**
 * @param {string} text @param {readonly string[]} pieces the tokens as the vocabulary has them
 * @param {boolean} isBytes whether their characters stand for bytes
 * @param {(index: number) => boolean} isSpecial whether it stands for nothing in the text
 * @returns {Span[]}
 */
export function offsetsOf(text, pieces, isBytes, isSpecial) {
    const letters = lettersOf(text);
    /** @type {Span[]} */
    const spans = [];
    let cursor = 0;
    /** Tokens whose texts were not found since the last that was. @type {number[]} */
    let unknown = [];
    pieces.forEach((piece, index) => {
        spans.push(null);
        if (isSpecial(index)) return;
        const folded = fold((isBytes ? readable(piece) : piece).replace(MARKS, ''));
        const from = folded === '' ? -1 : find(letters, folded, cursor, unknown.length > 0 ? REACH : 0);
        if (from < 0) return void unknown.push(index);
        share(letters, unknown, cursor, from, spans);
        unknown = [];
        cursor = from + [...folded].length;
        spans[index] = [letters[from].at, letters[cursor - 1].at + 1];
    });
    share(letters, unknown, cursor, letters.length, spans);
    return spans;
}

/** The letters of a text, without what no token says: space, accents. @param {string} text
 * @returns {Letter[]} */
const lettersOf = (text) => [...text].flatMap((character, at) =>
    [...fold(character)].map((folded) => ({ folded, at })));

/** @param {string} text */
const fold = (text) => text.normalize('NFKD').replace(/[\p{M}\p{C}\s]/gu, '').toLowerCase();

/** The first place from `cursor` on, no more than `reach` letters on, where a token's text is.
 * @param {Letter[]} letters @param {string} folded @param {number} cursor @param {number} reach */
function find(letters, folded, cursor, reach) {
    const wanted = [...folded];
    const last = Math.min(cursor + reach, letters.length - wanted.length);
    let inside = -1;
    for (let from = cursor; from <= last; from++) {
        if (!wanted.every((letter, index) => letters[from + index].folded === letter)) continue;
        if (from === cursor || letters[from].at - letters[from - 1].at > 1) return from;
        if (inside < 0) inside = from;
    }
    return inside; // no word begins with it
}

/** Gives tokens that were not found what lies between: the words there one each, the last the rest.
 * @param {Letter[]} letters @param {number[]} unknown @param {number} from @param {number} to
 * @param {Span[]} spans */
function share(letters, unknown, from, to, spans) {
    let cursor = from;
    unknown.forEach((index, nth) => {
        if (cursor >= to) return;
        let end = cursor + 1;
        const isLast = nth === unknown.length - 1;
        while (end < to && (isLast || isWord(letters[end - 1], letters[end]))) end++;
        spans[index] = [letters[cursor].at, letters[end - 1].at + 1];
        cursor = end;
    });
}

/** Whether two letters that follow each other are of one word: Chinese characters are one each.
 * @param {Letter} one @param {Letter} next */
const isWord = (one, next) => next.at - one.at <= 1 && !/\p{Script=Han}/u.test(one.folded + next.folded);

// --- byte-level BPE ----------------------------------------------------------------------------------

/** A piece whose characters stand for bytes, as text. @param {string} piece */
function readable(piece) {
    const bytes = [...piece].map((character) => BYTES.get(character));
    if (bytes.some((byte) => byte === undefined)) return piece;
    try {
        const whole = Uint8Array.from(/** @type {number[]} */ (bytes));
        return new TextDecoder('utf-8', { fatal: true }).decode(whole);
    } catch {
        return ''; // a part of a character
    }
}
