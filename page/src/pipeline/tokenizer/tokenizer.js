/**
 * A tokenizer.json: turns texts into tokens with their positions, and tokens into text. It does the same as the Rust library
 * (tokenizers 0.22), and refuses what it does not know.
 */
import { Failure } from '../../engine/failure.js';
import { AddedTokens } from './added.js';
import { bytesOf } from './bytes.js';
import { decoding, tokenBytes } from './decoders.js';
import { modelOf } from './models.js';
import { normalizerOf } from './normalizers.js';
import { preTokenizerOf } from './pre_tokenizers.js';
import { joined, processorOf } from './processors.js';

/** @import { Piece } from './piece.js' */
/** @import { Encoding, Span } from './processors.js' */

export class Tokenizer {
    /** @param {any} file tokenizer.json @throws {Failure} for what this does not know */
    constructor(file) {
        if (typeof file?.model !== 'object' || file.model === null) throw new Failure('model_invalid', 'tokenizer.json has no model');
        const normalize = normalizerOf(file.normalizer, 'normalizer');
        this._model = modelOf(file.model);
        this._added = new AddedTokens(file.added_tokens ?? [], normalize, this._model.ids);
        this._preTokenize = preTokenizerOf(file.pre_tokenizer, 'pre_tokenizer');
        this._process = processorOf(file.post_processor, 'post_processor');
        this._decode = decoding(file.decoder, 'decoder');
        this._decoder = file.decoder;
        this._texts = new Map([...this._model.ids].map(([token, id]) => [id, token]));
    }

    /** @param {number} id @returns {string | undefined} as the vocabulary has it */
    tokenOf(id) { return this._added.byId.get(id)?.content ?? this._texts.get(id); }

    /** @param {string} token @returns {number | undefined} */
    idOf(token) { return this._added.byContent.get(token)?.id ?? this._model.ids.get(token); }

    /** @param {string} token @returns {number | undefined} of one that was added to the vocabulary: it is found in texts as a whole */
    addedOf(token) { return this._added.byContent.get(token)?.id; }

    /** @param {number} id */
    isSpecial(id) { return this._added.byId.get(id)?.special ?? false; }

    /** @param {number} id @returns {number[]} the bytes of a token for itself */
    bytesOf(id) {
        const token = this.tokenOf(id) ?? '';
        return this.isSpecial(id) ? [...bytesOf(token)] : tokenBytes(token, this._decoder);
    }

    /** @param {string} text @param {string | null} [pair] @param {boolean} [special] with the tokens around texts @returns {Encoding} */
    encode(text, pair = null, special = true) {
        const encodings = [this._encode(text, 0), ...(pair === null ? [] : [this._encode(pair, 1)])];
        return joined(this._process(encodings, special));
    }

    /** @param {readonly number[]} ids @param {boolean} [skips] special tokens have no text @returns {string} */
    decode(ids, skips = false) {
        const tokens = ids.map((id) => (skips && this.isSpecial(id) ? undefined : this.tokenOf(id)));
        return this._decode(tokens.filter((token) => token !== undefined));
    }

    /** @param {string} text @param {number} sequence @returns {Encoding} */
    _encode(text, sequence) {
        /** @type {Encoding} */
        const made = { ids: [], types: [], sequences: [], spans: [], texts: [] };
        const push = (/** @type {number} */ id, /** @type {string} */ said, /** @type {Span} */ span) => {
            made.ids.push(id);
            made.types.push(sequence);
            made.sequences.push(sequence);
            made.texts.push(said);
            made.spans.push(span);
        };
        for (const { piece, token } of this._added.split(text)) {
            if (token) {
                push(token.id, piece.text, [piece.from[0], piece.to[piece.to.length - 1]]);
                continue;
            }
            for (const word of this._preTokenize([piece])) {
                if (word.text === '') continue;
                const placeOf = placesOf(word);
                for (const { id, start, end } of this._model.tokenize(word.text)) {
                    push(id, this._texts.get(id) ?? '', [word.from[placeOf(start)], word.to[placeOf(Math.max(start, end - 1))]]);
                }
            }
        }
        return made;
    }
}

/** Which UTF-16 unit of a piece a byte of it belongs to. @param {Piece} piece @returns {(byte: number) => number} */
function placesOf({ text }) {
    if (ASCII.test(text)) return (byte) => byte;
    /** @type {number[]} */
    const places = [];
    let at = 0;
    for (const character of text) {
        for (let left = bytesOf(character).length; left > 0; left--) places.push(at);
        at += character.length;
    }
    return (byte) => places[byte];
}
const ASCII = /^[\0-\x7f]*$/;
