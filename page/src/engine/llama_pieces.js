/**
 * The text of each token of a GGUF model (llama_vocab::token_to_piece of llama.cpp). llama.cpp reports only the text that it has
 * sent, which is empty for a token that is held back or that ends within a character.
 */
import { BYTES } from '../pipeline/tokenizer/bytes.js';
import { KIND } from './gguf.js';

/** @import { Head } from './gguf.js' */
/** @import { Logprob } from './answer.js' */

/** The character that represents a space. */
const SPACE = /\u2581/gu;
/** Kinds of tokens whose text appears in each answer. @type {readonly number[]} */
const TOLD = Object.freeze([KIND.normal, KIND.user, KIND.byte]);

/** How the text of a normal token is read, by `tokenizer.ggml.model`. @type {Readonly<Record<string, (text: string) => Uint8Array>>} */
const READ = Object.freeze({
    gpt2: levelBytes, hybriddna: levelBytes, whitespace: levelBytes, plamo2: (text) => encoder.encode(text), rwkv: unescapedBytes,
});
/** Those whose merges are of characters, by `tokenizer.ggml.pre`: they are read as all others are, SentencePiece's. */
const OF_CHARACTERS = Object.freeze(['gemma4', 'granite-embed-multi-311m', 'sarvam-moe']);

export class Pieces {
    /** @param {Head} head @param {readonly number[]} ends tokens that end an answer, whatever the file has them for */
    constructor({ values, vocabulary, specials }, ends) {
        this._vocabulary = vocabulary;
        this._specials = specials;
        this._ends = new Set(ends);
        const model = String(values.get('tokenizer.ggml.model')), pre = String(values.get('tokenizer.ggml.pre'));
        this._read = Object.hasOwn(READ, model) && !OF_CHARACTERS.includes(pre) ? READ[model] : spacedBytes;
    }

    /** Whether it ends an answer. @param {number} id */
    isEnd(id) {
        return this._ends.has(id);
    }

    /** Whether it has no text in an answer. @param {number} id @param {readonly string[]} preserved texts that have one */
    isSilent(id, preserved) {
        if (TOLD.includes(this._vocabulary.kind(id)) && !this.isEnd(id)) return false;
        return !preserved.some((text) => this._specials.get(text) === id);
    }

    /** @param {number} id @returns {Uint8Array} */
    bytes(id) {
        const text = this._vocabulary.text(id) ?? '', kind = this._vocabulary.kind(id);
        if (kind === KIND.byte) return Uint8Array.of(parseInt(text.slice('<0x'.length), 16));
        if (kind !== KIND.normal || this.isEnd(id)) return encoder.encode(text);
        return this._read(text);
    }

    /** As lists of probabilities name it. @param {{id: number, logprob: number}} likely @returns {Logprob} */
    entry({ id, logprob }) {
        const bytes = this.bytes(id);
        return { token: decoder.decode(bytes), id, logprob, bytes: [...bytes] };
    }
}

/** @param {string} text */
const spacedBytes = (text) => encoder.encode(text.replace(SPACE, ' '));

/** A character for each byte. @param {string} text */
function levelBytes(text) {
    const bytes = [...text].map((character) => BYTES.get(character));
    return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : encoder.encode(text);
}

/** "\\x" and the digits of a byte, or what C escapes. @param {string} text */
function unescapedBytes(text) {
    const parts = text.match(/\\x[0-9a-f]{2}|\\[^]|[^\\]+/gu) ?? [];
    return Uint8Array.from(parts.flatMap((part) => {
        if (/^\\x./u.test(part)) return [parseInt(part.slice(2), 16)];
        return [...encoder.encode(part.startsWith('\\') ? ESCAPED.get(part) ?? part.slice(1) : part)];
    }));
}

const ESCAPED = new Map([['\\t', '\t'], ['\\n', '\n'], ['\\r', '\r']]);
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
