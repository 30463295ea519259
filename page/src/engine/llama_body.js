/**
 * What a request may ask of a language model, and what llama.cpp's server is asked for it: the table
 * here, and nothing else, reaches it.
 */
import { Failure } from './failure.js';

/** @typedef {'chat' | 'complete' | 'embed' | 'rerank' | 'tokenize'} TextTask */
/** @typedef {{least: number, most: number, whole?: boolean}} Range */
/** @typedef {Record<string, any>} Options */

const WHOLE = 2147483647;
/** Options that are numbers. @type {Readonly<Record<string, Range>>} */
export const NUMBERS = Object.freeze({
    max_tokens: { least: 1, most: WHOLE, whole: true },
    temperature: { least: 0, most: 100 },
    top_p: { least: 0, most: 1 },
    top_k: { least: 0, most: WHOLE, whole: true },
    min_p: { least: 0, most: 1 },
    repeat_penalty: { least: 0, most: 100 },
    frequency_penalty: { least: -2, most: 2 },
    presence_penalty: { least: -2, most: 2 },
    seed: { least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, whole: true },
    n: { least: 1, most: 64, whole: true },
    top_logprobs: { least: 0, most: 20, whole: true },
    context: { least: 16, most: WHOLE, whole: true },
    dimensions: { least: 1, most: WHOLE, whole: true },
});
/** Those that llama.cpp has, by its names for them. */
const SAMPLING = Object.freeze({
    max_tokens: 'n_predict', temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p',
    repeat_penalty: 'repeat_penalty', frequency_penalty: 'frequency_penalty',
    presence_penalty: 'presence_penalty',
});
const FLAGS = ['logprobs', 'deterministic', 'normalize'];
const TEXTS = Object.freeze([
    ...Object.keys(SAMPLING), 'seed', 'n', 'logprobs', 'top_logprobs', 'logit_bias', 'stop', 'grammar',
    'json_schema',
    'deterministic', 'context',
]);
/** Which options each task has. @type {Readonly<Record<TextTask, readonly string[]>>} */
const OPTIONS = Object.freeze({
    chat: [...TEXTS, 'tools', 'tool_choice', 'response_format', 'chat_template_kwargs'],
    complete: TEXTS,
    embed: ['dimensions', 'normalize', 'context'],
    rerank: ['context'],
    tokenize: ['context'],
});
export const STOPS_MAX = 16;
export const STOP_BYTES = 1024;
export const BIASES_MAX = 1024;
/** llama.cpp takes this seed for "any". */
const ANY_SEED = 0xffffffff;

/** Which of the tasks with text it is. @param {unknown} task @returns {TextTask} @throws {Failure} */
export function taskOf(task) {
    if (typeof task === 'string' && Object.hasOwn(OPTIONS, task)) return /** @type {TextTask} */ (task);
    throw new Failure('input_invalid', 'A language model takes text.',
        { field: 'inputs', expected: 'a text, texts or messages' });
}

/**
 * @param {TextTask} task @param {Options | undefined} options
 * @returns {Options} what of them is said; null says nothing
 * @throws {Failure} naming the first that is unknown, or has no such value
 */
export function checkOptions(task, options) {
    /** @type {Options} */
    const checked = {};
    for (const [name, value] of Object.entries(options ?? {})) {
        if (value === null || value === undefined) continue;
        if (!OPTIONS[task].includes(name)) {
            throw wrong(name, `A task "${task}" has no option "${name.slice(0, 64)}".`,
                `one of ${OPTIONS[task].join(', ')}`);
        }
        checkOption(name, value);
        checked[name] = value;
    }
    return checked;
}

/** @param {string} name @param {any} value */
function checkOption(name, value) {
    const range = NUMBERS[name];
    if (range) {
        const fits = typeof value === 'number' && value >= range.least && value <= range.most
            && (!range.whole || Number.isInteger(value));
        if (!fits) {
            throw wrong(name, `The option "${name}" is out of range.`,
                `${range.whole ? 'a whole' : 'a'} number from ${range.least} to ${range.most}`);
        }
    } else if (FLAGS.includes(name) && typeof value !== 'boolean') {
        throw wrong(name, `The option "${name}" is no truth value.`, 'true or false');
    } else if (name === 'stop' && !isStops(value)) {
        throw wrong(name, 'The option "stop" is no list of texts.',
            `at most ${STOPS_MAX} texts of 1 to ${STOP_BYTES} characters`);
    } else if (name === 'logit_bias' && !isBias(value)) {
        throw wrong(name, 'The option "logit_bias" is no object of biases.',
            `at most ${BIASES_MAX} token ids, each with a number from -100 to 100`);
    } else if (name === 'grammar' && typeof value !== 'string') {
        throw wrong(name, 'The option "grammar" is no text.', 'a grammar in GBNF');
    }
}

/** @param {any} stops */
const isStops = (stops) => Array.isArray(stops) && stops.length <= STOPS_MAX
    && stops.every((stop) => typeof stop === 'string' && stop.length > 0 && stop.length <= STOP_BYTES);

/** @param {any} bias */
export const isBias = (bias) => typeof bias === 'object' && !Array.isArray(bias)
    && Object.keys(bias).length <= BIASES_MAX
    && Object.entries(bias).every(([id, value]) =>
        /^\d{1,9}$/.test(id) && typeof value === 'number' && Math.abs(value) <= 100);

/** @param {string} name @param {string} message @param {string} expected */
const wrong = (name, message, expected) =>
    new Failure('input_invalid', message, { field: `options.${name.slice(0, 64)}`, expected });

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
