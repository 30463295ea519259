/** Conversations as a folder's template writes them, and texts in its tokens. */
import { Failure, throwIfCancelled } from '../engine/failure.js';
import { generationConfig } from './theirs.js';

/** @import { Chat } from '../engine/llama.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Prompt } from './generate.js' */
/** @import { Loaded } from './loading.js' */
/** @typedef {Record<string, any>} Options */
/**
 * How pictures in messages are written: `mark` represents a picture if a template takes only text, and
 * `template` is used if the folder has none.
 * @typedef {{mark: string, template: string | null}} Pictures
 */

/**
 * A conversation as text, with the other properties of its prompt.
 * @param {Loaded} loaded @param {any} messages @param {Options} options @param {Run} run
 * @param {Pictures | null} [pictures] null: messages may have none
 * @returns {Promise<Omit<Prompt, 'tokens'> & {text: string, isTemplated: boolean}>}
 */
export async function conversation(loaded, messages, options, run, pictures = null) {
    refuseGrammars(options);
    const { chat, tokenizer } = loaded;
    const template = templateOf(tokenizer.chat_template, options.tools) ?? pictures?.template ?? null;
    const { prompt, stop, preserved, makeParser } = await /** @type {Chat} */ (chat).prepare({
        template, bos: tokenizer.bos_token ?? '', eos: tokenizer.eos_token ?? '',
        messages, options, picture: pictures?.mark,
    });
    throwIfCancelled(run.signal);
    return {
        text: prompt, isTemplated: template !== null, stop: options.stop ?? [], ends: stop, preserved,
        parser: makeParser(0),
    };
}

/** A folder's only one, or the one that fits of several with names. @param {any} given @param {any} tools */
function templateOf(given, tools) {
    if (typeof given === 'string') return given;
    const named = (tools?.length > 0 ? given?.tool_use : null) ?? given?.default;
    return typeof named === 'string' ? named : null;
}

/** Refuses options that only a grammar can guarantee. @param {Options} options */
function refuseGrammars({ tool_choice: choice = 'auto' }) {
    if (choice === 'auto' || choice === 'none') return;
    throw new Failure('input_invalid',
        'the option "tool_choice" is not possible so: grammars are for models in GGUF files',
        { field: 'options.tool_choice', expected: '"auto" or "none"' });
}

/** @param {Loaded} loaded @param {string} text
 * @param {boolean} special with what the model's tokenizer puts around @returns {number[]} */
export function tokensOf({ tokenizer, model }, text, special) {
    /** @type {number[]} */
    const ids = tokenizer.encode(text, { add_special_tokens: special });
    const { bos_token_id: first, eos_token_id: last, eos_token: end } = tokenizer;
    // The start token once, also where the text has it; and no end token where the text is to go on.
    if (special && first !== undefined && ids[0] === first && ids[1] === first) ids.shift();
    if (special && ids.length > 1 && ids[ids.length - 1] === last && !text.endsWith(end)) ids.pop();
    if (ids.length > 0) return ids;
    const { bos_token_id: start = first } = generationConfig(model);
    if (typeof start === 'number') return [start];
    throw new Failure('input_invalid', 'the text is empty, and the model has no token to begin with',
        { field: 'inputs', expected: 'a text that is not empty' });
}
