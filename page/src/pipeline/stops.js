/** The tokens of the model that end an answer. Texts that end it are in engine/stop_texts.js. */
import { generationConfig } from './theirs.js';

/**
 * The tokens that end an answer: those that the model's files name, and those of `texts` that are one added token each, which then
 * never come as text.
 * @param {{tokenizer: any, words: import('./tokenizer/tokenizer.js').Tokenizer | null, model: any}} loaded
 * @param {readonly string[]} texts @returns {Set<number>}
 */
export function endTokens({ tokenizer, words, model }, texts) {
    const { eos_token_id: end } = generationConfig(model);
    const ids = [end, tokenizer.eos_token_id, ...texts.map((text) => words?.addedOf(text))].flat();
    return new Set(ids.filter((id) => typeof id === 'number'));
}
