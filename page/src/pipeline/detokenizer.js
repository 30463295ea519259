/**
 * The text of an answer while its tokens arrive. Only the last tokens are decoded, together with some before
 * them, because the text of a token depends on its position. Bytes that may begin a character are held back
 * until it is complete.
 */

/** @typedef {any} Tokenizer the library's */

/** A token in front of the answer says enough about where it begins. */
const CONTEXT = 4;
/** Replaces bytes that are no character yet, and also bytes before them that were one, because bytes are read together. */
const UNFINISHED = /\ufffd+$/u;
/** After so many tokens without a complete character at their end, their bytes are returned as they are. */
const PATIENCE = 32;

export class Detokenizer {
    /**
     * @param {Tokenizer} tokenizer @param {readonly number[]} before the tokens of the prompt
     * @param {readonly string[]} preserved special tokens that come out as text; others have none
     */
    constructor(tokenizer, before, preserved) {
        this._tokenizer = tokenizer;
        /** @type {{all_special_ids: number[], all_special_tokens: string[]}} */
        const { all_special_ids: ids, all_special_tokens: texts } = tokenizer;
        this._silent = new Set(ids.filter((_, at) => !preserved.includes(texts[at])));
        /** The tokens that are decoded each time: some whose text was returned, and then the new ones. @type {number[]} */
        this._tokens = before.slice(-CONTEXT).filter((id) => !this._silent.has(id));
        /** The text of the former. */
        this._known = this._decode();
        if (UNFINISHED.test(this._known)) this._forget();
        this._old = this._tokens.length;
        /** How much of the new tokens' text was returned. */
        this._given = 0;
    }

    /** @param {number} token @returns {string} the text that is certain now */
    push(token) {
        if (this._silent.has(token)) return '';
        this._tokens.push(token);
        const fresh = this._decode().slice(this._known.length);
        const isNone = this._tokens.length - this._old >= PATIENCE;
        const held = isNone ? 0 : UNFINISHED.exec(fresh)?.[0].length ?? 0;
        const text = fresh.slice(this._given, fresh.length - held);
        this._given += text.length;
        if (held === 0) this._settle();
        return text;
    }

    /** There are no more tokens. @returns {string} */
    end() {
        return this._decode().slice(this._known.length + this._given);
    }

    /** All text was returned: the new tokens become the context of the next ones. */
    _settle() {
        this._tokens = this._tokens.slice(this._old);
        this._old = this._tokens.length;
        this._known = this._decode();
        this._given = 0;
    }

    _forget() {
        this._tokens = [];
        this._known = '';
    }

    _decode() {
        if (this._tokens.length === 0) return '';
        return this._tokenizer.decode(this._tokens, { skip_special_tokens: false });
    }
}

/** A token for itself, as lists of probabilities name it. @param {import('./tokenizer/tokenizer.js').Tokenizer} words
 * @param {number} id @returns {{token: string, bytes: number[]}} */
export function tokenText(words, id) {
    const bytes = words.bytesOf(id);
    return { token: decoder.decode(Uint8Array.from(bytes)), bytes };
}

const decoder = new TextDecoder();
