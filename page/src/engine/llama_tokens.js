/**
 * The token ids of a text. llama.cpp's server has no action for that here. But a completion takes biases for
 * texts, and ends with its settings, which list the tokens of those texts in order. Texts of special tokens are
 * cut out before, and passed as ids.
 */
import { escaped } from '../shared/escaped.js';

/** @import { Head } from './gguf.js' */
/** @import { Request, Slots } from './llama_slots.js' */

/** The request for a completion whose settings are wanted: one token is computed. */
const BODY = Object.freeze({ prompt: '.', n_predict: 0, stream: true, verbose: true, cache_prompt: false });

export class Tokenizer {
    /** @param {Slots} slots @param {Head} head */
    constructor(slots, head) {
        this._slots = slots;
        this._specials = head.specials;
        const texts = [...this._specials.keys()].sort((a, b) => b.length - a.length);
        this._pattern = texts.length > 0 ? new RegExp(`(${texts.map(escaped).join('|')})`, 'u') : null;
    }

    /**
     * The token ids as in a prompt, without the tokens that are added before and after every text.
     * @param {string[]} texts @param {Pick<Request, 'alone' | 'signal' | 'onStep'>} more
     * @returns {Promise<number[][]>} of each text
     */
    async ids(texts, more) {
        // Each text's tokens have its place as their bias.
        const biases = texts.flatMap((text, place) => this._pieces(text).map((piece) => [piece, place]));
        /** @type {number[][]} */
        const ids = texts.map(() => []);
        await this._slots.run({
            ...more, action: 'completion', body: { ...BODY, logit_bias: biases },
            onResult: ({ __verbose: said }) => {
                for (const { token, bias } of said?.generation_settings?.logit_bias ?? []) {
                    ids[bias]?.push(token);
                }
            },
        });
        return ids;
    }

    /** @param {string} text @returns {(string | number)[]} */
    _pieces(text) {
        const pieces = this._pattern ? text.split(this._pattern) : [text];
        return pieces.filter(Boolean).map((piece) => this._specials.get(piece) ?? piece);
    }
}
