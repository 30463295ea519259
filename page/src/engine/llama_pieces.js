/**
 * What each token of a GGUF model reads as: llama.cpp names only the text that it has sent, which of a token that is held back,
 * or that ends within a character, is nothing (llama_vocab::token_to_piece of llama.cpp).
 */
import { BYTES } from '../pipeline/tokenizer/bytes.js';
import { KIND } from './gguf.js';

/** @import { Head } from './gguf.js' */
/** @import { Logprob } from './answer.js' */

/** What `tokenizer.ggml.model` says of a vocabulary whose texts have a character for each byte. */
const BYTE_LEVEL = 'gpt2';
/** What stands for a space in the others. */
const SPACE = /\u2581/gu;

export class Pieces {
    /** @param {Head} head @param {readonly number[]} ends tokens that end an answer, whatever the file has them for */
    constructor({ values, vocabulary, specials }, ends) {
        this._vocabulary = vocabulary;
        this._specials = specials;
        this._ends = new Set(ends);
        this._isByteLevel = values.get('tokenizer.ggml.model') === BYTE_LEVEL;
    }

    /** Whether it ends an answer. @param {number} id */
    isEnd(id) {
        return this._ends.has(id);
    }

    /** Whether it has no text in an answer. @param {number} id @param {readonly string[]} preserved texts that have one */
    isSilent(id, preserved) {
        const kind = this._vocabulary.kind(id);
        if (kind !== KIND.control && kind !== KIND.unknown && !this.isEnd(id)) return false;
        return !preserved.some((text) => this._specials.get(text) === id);
    }

    /** @param {number} id @returns {Uint8Array} */
    bytes(id) {
        const text = this._vocabulary.text(id) ?? '', kind = this._vocabulary.kind(id);
        if (kind === KIND.byte) return Uint8Array.of(parseInt(text.slice('<0x'.length), 16));
        if (kind !== KIND.normal || this.isEnd(id)) return encoder.encode(text);
        return this._isByteLevel ? levelBytes(text) : encoder.encode(text.replace(SPACE, ' '));
    }

    /** As lists of probabilities name it. @param {{id: number, logprob: number}} likely @returns {Logprob} */
    entry({ id, logprob }) {
        const bytes = this.bytes(id);
        return { token: decoder.decode(bytes), id, logprob, bytes: [...bytes] };
    }
}

/** @param {string} text */
function levelBytes(text) {
    const bytes = [...text].map((character) => BYTES.get(character));
    return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : encoder.encode(text);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
