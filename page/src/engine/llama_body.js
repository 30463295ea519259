/**
 * The options of a request to a language model, and the members of llama.cpp's request for them. Only the
 * members in this table reach llama.cpp.
 */
import { Failure } from './failure.js';
import { checkOptions } from './options.js';
import { GGUF_RULES } from './task_rules.js';

/** @typedef {'chat' | 'complete' | 'embed' | 'rerank' | 'tokenize'} TextTask */
/** @typedef {Record<string, any>} Options */

/** Options of sampling, by llama.cpp's names for them. */
const SAMPLING = Object.freeze({
    max_tokens: 'n_predict', temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p',
    repeat_penalty: 'repeat_penalty', frequency_penalty: 'frequency_penalty',
    presence_penalty: 'presence_penalty',
});
/** The options that a model's own file may set, by their names there (general.sampling.…). */
const OWN = Object.freeze({
    temperature: 'temp', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p', repeat_penalty: 'penalty_repeat',
});
/** If neither the request nor the model says anything, every token is possible, as in OpenAI's API. llama.cpp's own
 * default are the 40 most likely tokens with at least 0.05 of the best one's probability. */
const FREE = Object.freeze({ top_p: 1, top_k: 0, min_p: 0 });
/** llama.cpp takes this seed for "any". */
const ANY_SEED = 0xffffffff;

/** Which of the tasks with text it is. @param {unknown} task @returns {TextTask} @throws {Failure} */
export function taskOf(task) {
    if (typeof task === 'string' && Object.hasOwn(GGUF_RULES, task)) return /** @type {TextTask} */ (task);
    throw new Failure('input_invalid', 'a language model takes text',
        { field: 'inputs', expected: 'a text, texts or messages' });
}

/** @param {TextTask} task @param {Options | undefined} options
 * @returns {Options} what of them is said; null says nothing @throws {Failure} */
export const optionsOf = (task, options) => checkOptions(task, GGUF_RULES[task], options);

/** The sampling settings of a model's own file. @param {import('./gguf.js').Head} head
 * @returns {Options} */
export function samplingOf({ values }) {
    const said = Object.entries(OWN).map(([name, theirs]) => [name, values.get(`general.sampling.${theirs}`)])
        .filter(([, value]) => Number.isFinite(value));
    return Object.fromEntries(said);
}

/**
 * The body of a completion.
 * @param {string} prompt without the start token @param {Options} options checked
 * @param {{grammar: string | null, stop: readonly string[], preserved: readonly string[], cache: boolean,
 *   choice: number, sampling: Options}} more
 *   `choice`: which of several answers; `sampling`: as the options, where these say nothing: what the model says
 */
export function completionBody(prompt, options, { grammar, stop, preserved, cache, choice, sampling }) {
    /** @type {Record<string, any>} */
    const body = { prompt, stream: true, verbose: true, return_progress: true, cache_prompt: cache, stop };
    const said = { ...sampling, ...options };
    // If only the most likely token counts, llama.cpp need not weigh all of them.
    const asked = said.temperature === 0 ? said : { ...FREE, ...said };
    for (const [name, theirs] of Object.entries(SAMPLING)) if (name in asked) body[theirs] = asked[name];
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
