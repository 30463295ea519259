/**
 * The text of an answer while its tokens come. Decoded are only the last tokens, together with those
 * before them, since what a token reads as depends on where it stands. Bytes that may be a character's
 * beginning are held back until it is whole.
 */

/** @typedef {any} Tokenizer the library's */

/** A token in front of the answer says enough about where it begins. */
const CONTEXT = 4;
/** What stands for bytes that are no character yet: also for those before them that were one, as bytes are read together. */
const UNFINISHED = /\ufffd+$/u;
/** So many tokens without a whole character at their end are none at all: their bytes are given as they are. */
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
        /** What is decoded each time: tokens whose text is out, and then the new ones. @type {number[]} */
        this._tokens = before.slice(-CONTEXT).filter((id) => !this._silent.has(id));
        /** The text of the former. */
        this._known = this._decode();
        if (UNFINISHED.test(this._known)) this._forget();
        this._old = this._tokens.length;
        /** What of the latter's is out. */
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

    /** All is out: the new tokens are what the next ones stand behind. */
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
