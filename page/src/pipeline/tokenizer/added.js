/**
 * Tokens that were added to a vocabulary, as the Rust library finds them (tokenizers 0.22, tokenizer/added_vocabulary.rs): first
 * those that are not normalised, in the text as it is, then the others, in what the normalizer makes of the rest.
 */
import { escaped } from '../../shared/escaped.js';
import { ENDS_WITH_WORD, STARTS_WITH_WORD, WHITE_SPACE } from './pattern.js';
import { Piece } from './piece.js';

/** @typedef {{id: number, content: string, single_word: boolean, lstrip: boolean, rstrip: boolean, normalized: boolean, special: boolean}} Added */
/** A part of a text: the text of an added token, or text for the model. @typedef {{piece: Piece, token: Added | null}} Part */
/** @typedef {{expression: RegExp, tokens: Map<string, Added>} | null} Finder */

export class AddedTokens {
    /** @param {readonly any[]} added @param {(piece: Piece) => Piece} normalize @param {ReadonlyMap<string, number>} ids of the model */
    constructor(added, normalize, ids) {
        this._normalize = normalize;
        /** @type {Added[]} */
        this.tokens = numbered(added, ids);
        /** The last of those of one content counts. */
        this.byId = new Map(this.tokens.map((token) => [token.id, token]));
        this.byContent = new Map(this.tokens.map((token) => [token.content, token]));
        const plain = this.tokens.filter(({ normalized }) => !normalized), others = this.tokens.filter(({ normalized }) => normalized);
        this._plain = finderOf(plain.map((token) => [token.content, token]));
        this._normalized = finderOf(others.map((token) => [normalize(Piece.of(token.content)).text, token]));
    }

    /** @param {string} text @returns {Part[]} */
    split(text) {
        return cut(Piece.of(text), this._plain)
            .flatMap((part) => (part.token ? [part] : cut(this._normalize(part.piece), this._normalized)));
    }
}

/** Numbers are those of the model, and behind them: what the file says is not heeded.
 * @param {readonly any[]} added @param {ReadonlyMap<string, number>} ids @returns {Added[]} */
function numbered(added, ids) {
    /** @type {Map<string, number>} */
    const own = new Map();
    let most = -1;
    return added.filter(({ content }) => content !== '').map(({ content, single_word = false, lstrip = false, rstrip = false, special = false, normalized = !special }) => {
        const id = own.get(content) ?? ids.get(content) ?? Math.max(most + 1, ids.size);
        own.set(content, id);
        most = Math.max(most, id);
        return { id, content, single_word, lstrip, rstrip, special, normalized };
    });
}

/** If several begin at one place, the longest is found. @param {[string, Added][]} tokens @returns {Finder} */
function finderOf(tokens) {
    const contents = [...new Set(tokens.map(([content]) => content))].filter((content) => content !== '').sort((a, b) => b.length - a.length);
    return contents.length > 0 ? { expression: new RegExp(contents.map(escaped).join('|'), 'gu'), tokens: new Map(tokens) } : null;
}

/** @param {Piece} piece @param {Finder} finder @returns {Part[]} */
function cut(piece, finder) {
    const { text } = piece;
    /** @type {Part[]} */
    const parts = [];
    let last = 0;
    const push = (/** @type {number} */ start, /** @type {number} */ end, /** @type {Added | null} */ token) => {
        if (start < end) parts.push({ piece: piece.slice(start, end), token });
    };
    for (const { index, 0: found } of finder ? text.matchAll(finder.expression) : []) {
        const token = /** @type {Added} */ (finder?.tokens.get(found));
        let start = index, end = index + found.length;
        if (token.single_word && (ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) || STARTS_WITH_WORD.test(text.slice(end)))) continue;
        while (token.lstrip && start > last && WHITE_SPACE.test(text[start - 1])) start--;
        while (token.rstrip && end < text.length && WHITE_SPACE.test(text[end])) end++;
        push(last, start, null);
        push(start, end, token);
        last = Math.max(last, end);
    }
    push(last, text.length, null);
    return parts;
}
