/**
 * The models of tokenizer.json, as in the Rust library (tokenizers 0.22, src/models): they turn a piece of text into tokens.
 * A token is its number and the number of bytes of the piece that it represents; `length` −1: it represents the whole piece, as
 * other tokens do.
 */
import { bytesOf, byteToken } from './bytes.js';
import { mergesOf, mergeWord } from './bpe.js';
import { Failure } from '../../engine/failure.js';
import { rowOf } from './refusal.js';
import { bestPath, piecesOf } from './unigram.js';

/** @typedef {{id: number, start: number, end: number}} Token `start`, `end`: bytes of the piece */
/** @typedef {{ids: ReadonlyMap<string, number>, tokenize: (text: string) => Token[]}} Model */

/** @type {Record<string, (settings: any) => Model>} */
const MODELS = { BPE: bpeOf, Unigram: unigramOf, WordLevel: wordLevelOf, WordPiece: wordPieceOf };

/** @param {any} settings @returns {Model} */
export function modelOf(settings) {
    return rowOf(MODELS, settings?.type ?? guessed(settings), 'model')(settings);
}

/** Old files do not say it. @param {any} settings */
function guessed(settings) {
    if (settings?.merges) return 'BPE';
    if (Array.isArray(settings?.vocab)) return 'Unigram';
    return settings?.continuing_subword_prefix ? 'WordPiece' : settings?.vocab ? 'WordLevel' : undefined;
}

/** @param {any} vocab @returns {Map<string, number>} @throws {Failure} */
function idsOf(vocab) {
    if (typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab)) return new Map(Object.entries(vocab));
    throw new Failure('model_invalid', 'tokenizer.json: model.vocab is no object of numbers');
}

/** @param {string} token @returns {never} */
function missingUnknown(token) {
    throw new Failure('input_invalid', `the model's tokenizer has no token for a part of the text, and its vocabulary has no unk_token ${JSON.stringify(token).slice(0, 100)}`,
        { field: 'inputs', expected: 'a text of characters that the vocabulary has' });
}

/** The tokens of a piece's bytes; null: there is not one for each. @param {string} piece @param {ReadonlyMap<string, number>} ids
 * @returns {number[] | null} */
function byteIds(piece, ids) {
    const bytes = Array.from(bytesOf(piece), (byte) => ids.get(byteToken(byte)));
    return bytes.every((one) => one !== undefined) ? /** @type {number[]} */ (bytes) : null;
}

/** @param {any} settings @returns {Model} */
function wordLevelOf({ vocab, unk_token: unknown = '<unk>' }) {
    const ids = idsOf(vocab);
    return { ids, tokenize: (text) => [{ id: ids.get(text) ?? ids.get(unknown) ?? missingUnknown(unknown), start: 0, end: bytesOf(text).length }] };
}

/** @param {any} settings @returns {Model} */
function wordPieceOf({ vocab, unk_token: unknown = '[UNK]', continuing_subword_prefix: prefix = '##', max_input_chars_per_word: most = 100 }) {
    const ids = idsOf(vocab);
    const tokenize = (/** @type {string} */ text) => {
        const places = [0], whole = bytesOf(text).length;
        for (const character of text) places.push(places[places.length - 1] + character.length);
        const last = places.length - 1;
        /** @type {Token[]} */
        const tokens = [];
        const unknowns = () => [{ id: ids.get(unknown) ?? missingUnknown(unknown), start: 0, end: whole }];
        if (last > most) return unknowns();
        for (let at = 0, byte = 0; at < last;) {
            let end = last, id;
            const lead = at > 0 ? prefix : '';
            for (; end > at && id === undefined; end--) id = ids.get(lead + text.slice(places[at], places[end]));
            if (id === undefined) return unknowns();
            const start = byte;
            byte += bytesOf(text.slice(places[at], places[++end])).length;
            tokens.push({ id, start, end: byte });
            at = end;
        }
        return tokens;
    };
    return { ids, tokenize };
}

/** @param {any} settings @returns {Model} */
function bpeOf({ vocab, merges, unk_token: unknown, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, fuse_unk: fuses = false,
    byte_fallback: falls = false, ignore_merges: ignores = false, dropout = null }) {
    if (dropout) throw new Failure('model_invalid', `tokenizer.json: model.dropout is ${Number(dropout)}, so that tokens are left to chance`, { expected: 'null' });
    const ids = idsOf(vocab), ranks = mergesOf(merges, ids, prefix ?? '');
    /** Words come again. @type {Map<string, Token[]>} */
    const known = new Map();
    const unknownId = () => ids.get(unknown) ?? missingUnknown(unknown);
    const start = (/** @type {string} */ text) => {
        /** @type {{id: number, size: number}[]} */
        const symbols = [];
        /** @type {{id: number, size: number} | null} */
        let pending = null;
        const characters = [...text];
        characters.forEach((character, at) => {
            const piece = (at > 0 && prefix ? prefix : '') + character + (at === characters.length - 1 && suffix ? suffix : '');
            const id = ids.get(piece), { length: size } = bytesOf(character);
            if (id !== undefined) {
                if (pending) symbols.push(pending);
                pending = null;
                return void symbols.push({ id, size });
            }
            const bytes = falls ? byteIds(piece, ids) : null;
            if (bytes) return bytes.forEach((one) => symbols.push({ id: one, size: 1 }));
            if (unknown === null || unknown === undefined) return;
            if (pending && fuses) pending.size += size;
            else {
                if (pending) symbols.push(pending);
                pending = { id: unknownId(), size };
            }
        });
        if (pending) symbols.push(pending);
        return symbols;
    };
    const tokenize = (/** @type {string} */ text) => {
        const whole = ignores ? ids.get(text) : undefined;
        if (whole !== undefined) return [{ id: whole, start: 0, end: bytesOf(text).length }];
        const before = known.get(text);
        if (before) return before;
        let byte = 0;
        const tokens = mergeWord(start(text), ranks).map(({ id, size }) => ({ id, start: byte, end: byte += size }));
        if (known.size === MOST_KNOWN) known.clear();
        if (text.length <= LONGEST_KNOWN) known.set(text, tokens);
        return tokens;
    };
    return { ids, tokenize };
}
const MOST_KNOWN = 10_000, LONGEST_KNOWN = 256;

/** @param {any} settings @returns {Model} */
function unigramOf({ vocab, unk_id: unknown = null, byte_fallback: falls = false }) {
    if (!Array.isArray(vocab)) throw new Failure('model_invalid', 'tokenizer.json: model.vocab is no list of pieces and scores');
    const ids = new Map(vocab.map((/** @type {[string, number]} */ [piece], /** @type {number} */ id) => [piece, id]));
    const pieces = piecesOf(vocab);
    const tokenize = (/** @type {string} */ text) => {
        let start = 0;
        return bestPath(text, pieces, unknown !== null).flatMap((piece) => {
            const from = start, end = start += bytesOf(piece).length, id = ids.get(piece);
            if (id !== undefined) return [{ id, start: from, end }];
            const bytes = falls ? byteIds(piece, ids) : null;
            if (bytes) return bytes.map((one) => ({ id: one, start: from, end }));
            return [{ id: unknown ?? missingUnknown('unk_id'), start: from, end }];
        });
    };
    return { ids, tokenize };
}
