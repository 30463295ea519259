/** Has a tokenizer of transformers.js use ours for what its own library computes: that passes over settings in silence. */
import { innerTokenizer } from '../theirs.js';

/** @import { Tokenizer } from './tokenizer.js' */

/** @param {any} theirs @param {Tokenizer} ours */
export function adopt(theirs, ours) {
    Object.assign(innerTokenizer(theirs), {
        encode: (/** @type {string} */ text, { text_pair: pair = null, add_special_tokens: special = true, return_token_type_ids: typed = false } = {}) => {
            const { ids, types, texts } = ours.encode(text, pair, special);
            return { ids, tokens: texts, attention_mask: ids.map(() => 1), ...(typed ? { token_type_ids: types } : {}) };
        },
        tokenize: (/** @type {string} */ text, { text_pair: pair = null, add_special_tokens: special = false } = {}) => ours.encode(text, pair, special).texts,
        decode: (/** @type {(number | bigint)[]} */ ids, { skip_special_tokens: skips = false } = {}) => ours.decode(ids.map(Number), skips),
    });
}
