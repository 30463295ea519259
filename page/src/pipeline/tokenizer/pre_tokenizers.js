/** The pre-tokenizers of tokenizer.json, as the Rust library has them (tokenizers 0.22, src/pre_tokenizers): a row each. They cut
 * a text into pieces, each of which is tokens of its own. */
import { escaped } from '../../shared/escaped.js';
import { byteCharactersOf } from './bytes.js';
import { patternOf, translated, WORDS } from './pattern.js';
import { matchesOf } from './piece.js';
import { rowOf } from './refusal.js';

/** @import { Match, Piece } from './piece.js' */
/** @typedef {(pieces: Piece[]) => Piece[]} PreTokenizer */

const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/gu, SPACE = /\p{White_Space}/gu, NUMBERS = /\p{N}+/gu, NUMBER = /\p{N}/gu;
/** The pattern by which GPT-2 splits. */
const GPT2 = new RegExp(translated("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"), 'gu');

/** @type {Record<string, (settings: any, where: string) => PreTokenizer>} */
const PRE_TOKENIZERS = {
    BertPreTokenizer: () => (pieces) => cutAll(cutAll(pieces, SPACE, 'Removed'), PUNCTUATION, 'Isolated'),
    ByteLevel: byteLevelOf,
    CharDelimiterSplit: ({ delimiter }) => {
        const expression = new RegExp(escaped(delimiter), 'gu');
        return (pieces) => cutAll(pieces, expression, 'Removed');
    },
    Digits: ({ individual_digits: individual = false }) => (pieces) =>
        (individual ? cutAll(pieces, NUMBER, 'Isolated') : cutAll(pieces, NUMBERS, 'Isolated')),
    FixedLength: ({ length = 5 }) => {
        const expression = new RegExp(`[^]{1,${length}}`, 'gu');
        return (pieces) => cutAll(pieces, expression, 'Isolated');
    },
    Metaspace: metaspaceOf,
    Punctuation: ({ behavior = 'Isolated' }, where) => {
        rowOf(BEHAVIORS, behavior, `${where}.behavior`);
        return (pieces) => cutAll(pieces, PUNCTUATION, behavior);
    },
    Sequence: ({ pretokenizers }, where) => {
        const steps = pretokenizers.map((/** @type {any} */ one, /** @type {number} */ at) => preTokenizerOf(one, `${where}.pretokenizers[${at}]`));
        return (pieces) => steps.reduce((/** @type {Piece[]} */ made, /** @type {PreTokenizer} */ step) => step(made), pieces);
    },
    Split: ({ pattern, behavior, invert = false }, where) => {
        const expression = patternOf(pattern, where);
        rowOf(BEHAVIORS, behavior, `${where}.behavior`);
        return (pieces) => cutAll(pieces, expression, behavior, invert);
    },
    UnicodeScripts: () => (pieces) => pieces.flatMap(byScripts),
    Whitespace: () => (pieces) => cutAll(pieces, WORDS, 'Removed', true),
    WhitespaceSplit: () => (pieces) => cutAll(pieces, SPACE, 'Removed'),
};

/** @param {any} settings null: there is none @param {string} where @returns {PreTokenizer} */
export function preTokenizerOf(settings, where) {
    if (settings === null || settings === undefined) return (pieces) => pieces;
    return rowOf(PRE_TOKENIZERS, settings.type, where)(settings, where);
}

/** @param {any} settings @returns {PreTokenizer} */
function byteLevelOf({ add_prefix_space: prefix = true, use_regex: cuts = true }) {
    return (pieces) => {
        const led = pieces.map((piece) => (prefix && !piece.text.startsWith(' ') ? piece.prepended(' ') : piece));
        return (cuts ? cutAll(led, GPT2, 'Isolated') : led).map((piece) => piece.map(byteCharactersOf));
    };
}

/** @param {any} settings @returns {PreTokenizer} */
function metaspaceOf({ replacement = '\u2581', prepend_scheme: named, add_prefix_space: prefix, split = true }) {
    const scheme = prefix === false ? 'never' : named ?? 'always';
    const space = / /gu, mark = new RegExp(escaped(replacement), 'gu');
    return (pieces) => {
        const marked = pieces.map((piece) => {
            const made = piece.replaced(matchesOf(piece.text, space), replacement);
            const leads = scheme === 'always' || (scheme === 'first' && piece.isFirst);
            return leads && !made.text.startsWith(replacement) ? made.prepended(replacement) : made;
        });
        return split ? cutAll(marked, mark, 'MergedWithNext') : marked;
    };
}

// --- cutting -----------------------------------------------------------------------------------------

/** How matches are treated: as separate pieces, dropped, or merged with their neighbours. @type {Record<string, (matches: Match[]) => Match[]>} */
const BEHAVIORS = {
    Isolated: (matches) => matches,
    Removed: (matches) => matches.filter(({ isMatch }) => !isMatch),
    Contiguous: (matches) => merged(matches, (match, before) => match.isMatch === before),
    MergedWithPrevious: (matches) => merged(matches, (match, before) => match.isMatch && !before),
    MergedWithNext: (matches) => merged(matches.map(mirrored).reverse(), (match, before) => match.isMatch && !before).reverse().map(mirrored),
};

/** @param {Match} match */
const mirrored = ({ start, end, isMatch }) => ({ start: -end, end: -start, isMatch });

/** @param {Match[]} matches @param {(match: Match, wasMatch: boolean) => boolean} joins whether it is a part of the one before */
function merged(matches, joins) {
    /** @type {Match[]} */
    const made = [];
    let wasMatch = false;
    for (const match of matches) {
        const last = made.at(-1);
        if (last && joins(match, wasMatch)) last.end = match.end;
        else made.push({ ...match });
        wasMatch = match.isMatch;
    }
    return made;
}

/** @param {Piece[]} pieces @param {RegExp} expression @param {string} behavior @param {boolean} [invert] what does not match is cut at */
function cutAll(pieces, expression, behavior, invert = false) {
    return pieces.flatMap((piece) => {
        const matches = matchesOf(piece.text, expression);
        if (invert) for (const match of matches) match.isMatch = !match.isMatch;
        return BEHAVIORS[behavior](matches).map(({ start, end }) => piece.slice(start, end));
    });
}

// --- scripts -----------------------------------------------------------------------------------------

const SCRIPTS = ['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Hebrew', 'Arabic', 'Syriac', 'Thaana', 'Devanagari', 'Bengali', 'Gurmukhi',
    'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Thai', 'Lao', 'Tibetan', 'Myanmar', 'Georgian', 'Hangul',
    'Ethiopic', 'Cherokee', 'Khmer', 'Mongolian', 'Han', 'Common', 'Inherited']
    .map((name) => /** @type {[string, RegExp]} */ ([name, new RegExp(`\\p{Script=${name}}`, 'u')]));
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\u30fc]/u;

/** A space is of any script; Japanese is one with Chinese. @param {string} character */
function scriptOf(character) {
    if (character === ' ') return 'Any';
    if (JAPANESE.test(character)) return 'Han';
    return SCRIPTS.find(([, expression]) => expression.test(character))?.[0] ?? 'Unknown';
}

/** Spaces before the first script are of no piece. @param {Piece} piece */
function byScripts(piece) {
    /** @type {number[]} */
    const cuts = [];
    let last = '', at = 0;
    for (const character of piece.text) {
        const script = scriptOf(character);
        if (script !== 'Any') {
            if (script !== last) cuts.push(at);
            last = script;
        }
        at += character.length;
    }
    cuts.push(at);
    return cuts.slice(1).map((end, index) => piece.slice(cuts[index], end));
}
