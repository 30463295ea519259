/**
 * What a request may ask of a language model, and what llama.cpp's server is asked for it: the table
 * here, and nothing else, reaches it.
 */
import { Failure } from './failure.js';
import { checkOptions, TEXT_RULES, whole } from './options.js';

/** @typedef {import('./options.js').Rule} Rule */
/** @typedef {'chat' | 'complete' | 'embed' | 'rerank' | 'tokenize'} TextTask */
/** @typedef {Record<string, any>} Options */

/** Options of sampling, by llama.cpp's names for them. */
const SAMPLING = Object.freeze({
    max_tokens: 'n_predict', temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p',
    repeat_penalty: 'repeat_penalty', frequency_penalty: 'frequency_penalty',
    presence_penalty: 'presence_penalty',
});
const { context } = TEXT_RULES;
/** @type {Readonly<Record<string, Rule>>} */
const WRITING = Object.freeze({ ...TEXT_RULES, grammar: 'text', json_schema: 'any' });
/** Which options each task has. @type {Readonly<Record<TextTask, Readonly<Record<string, Rule>>>>} */
const OPTIONS = Object.freeze({
    chat: { ...WRITING, tools: 'any', tool_choice: 'any', response_format: 'any', chat_template_kwargs: 'any' },
    complete: WRITING,
    embed: { dimensions: whole(), normalize: 'flag', context },
    rerank: { context },
    tokenize: { context },
});
/** llama.cpp takes this seed for "any". */
const ANY_SEED = 0xffffffff;

/** Which of the tasks with text it is. @param {unknown} task @returns {TextTask} @throws {Failure} */
export function taskOf(task) {
    if (typeof task === 'string' && Object.hasOwn(OPTIONS, task)) return /** @type {TextTask} */ (task);
    throw new Failure('input_invalid', 'a language model takes text',
        { field: 'inputs', expected: 'a text, texts or messages' });
}

/** @param {TextTask} task @param {Options | undefined} options
 * @returns {Options} what of them is said; null says nothing @throws {Failure} */
export const optionsOf = (task, options) => checkOptions(task, OPTIONS[task], options);

/**
 * The body of a completion.
 * @param {string} prompt without the start token @param {Options} options checked
 * @param {{grammar: string | null, stop: readonly string[], preserved: readonly string[], cache: boolean,
 *   choice: number}} more
 *   `choice`: which of several answers
 */
export function completionBody(prompt, options, { grammar, stop, preserved, cache, choice }) {
    /** @type {Record<string, any>} */
    const body = { prompt, stream: true, verbose: true, return_progress: true, cache_prompt: cache, stop };
    for (const [name, theirs] of Object.entries(SAMPLING)) if (name in options) body[theirs] = options[name];
    if ('seed' in options) body.seed = seedOf(options.seed + choice);
    if (options.logprobs) body.n_probs = Math.max(1, options.top_logprobs ?? 0);
    if (options.logit_bias) {
        body.logit_bias = Object.entries(options.logit_bias).map(([id, bias]) =>
            [Number(id), bias === -100 ? false : bias]);
    }
    if (grammar) body.grammar = grammar;
    if (preserved.length > 0) body.preserved_tokens = preserved;
    return body;
}

/** @param {number} seed */
const seedOf = (seed) => ((seed % ANY_SEED) + ANY_SEED) % ANY_SEED;
