/** What a request may ask of a task: each option by a rule, and nothing that has none. */
import { Failure } from './failure.js';

/** @typedef {{least: number, most: number, whole?: boolean}} Range */
/** A number in a range; a truth value; one of some words; a text, or one of at most so many characters; a
 * list of at most so many of them; biases of tokens; an object of one type; what the task checks by itself;
 * what it refuses, and why.
 * @typedef {Range | 'flag' | 'text' | 'biases' | 'any' | {among: readonly string[]} | {text: number}
 *   | {texts: number, length: number} | {type: string} | {refused: string}} Rule */

const WHOLE = 2147483647;
const BIASES_MAX = 1024;

/** @param {number} [most] @returns {Range} */
export const whole = (most = WHOLE) => ({ least: 1, most, whole: true });

/** What may be asked of models that write or read text, whichever engine has them.
 * @satisfies {Readonly<Record<string, Rule>>} */
export const TEXT_RULES = Object.freeze({
    max_tokens: whole(),
    temperature: { least: 0, most: 100 },
    top_p: { least: 0, most: 1 },
    top_k: { least: 0, most: WHOLE, whole: true },
    min_p: { least: 0, most: 1 },
    repeat_penalty: { least: 0, most: 100 },
    frequency_penalty: { least: -2, most: 2 },
    presence_penalty: { least: -2, most: 2 },
    seed: { least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, whole: true },
    n: whole(64),
    logprobs: 'flag',
    top_logprobs: { least: 0, most: 20, whole: true },
    logit_bias: 'biases',
    stop: { texts: 16, length: 1024 },
    deterministic: 'flag',
    context: { least: 16, most: WHOLE, whole: true },
});

/**
 * @param {string} task @param {Readonly<Record<string, Rule>>} rulesOfTask
 * @param {Record<string, any> | undefined} options
 * @returns {Record<string, any>} what of them is said; null says nothing
 * @throws {Failure} naming the first that is unknown, or has no such value
 */
export function checkOptions(task, rulesOfTask, options) {
    /** @type {Record<string, any>} */
    const checked = {};
    const names = Object.keys(rulesOfTask);
    for (const [name, value] of Object.entries(options ?? {})) {
        if (value === null || value === undefined) continue;
        const field = `options.${name.slice(0, 64)}`;
        if (!Object.hasOwn(rulesOfTask, name)) {
            throw new Failure('input_invalid', `a task "${task}" has no option "${name.slice(0, 64)}"`,
                { field, expected: names.length > 0 ? `one of ${names.join(', ')}` : 'no options' });
        }
        const rule = rulesOfTask[name];
        if (typeof rule === 'object' && 'refused' in rule) {
            throw new Failure('input_invalid', `the option "${name}" is not possible: ${rule.refused}`,
                { field });
        }
        const expected = misses(rule, value);
        if (expected) throw new Failure('input_invalid', `the option "${name}" is not usable`,
            { field, expected });
        checked[name] = value;
    }
    return checked;
}

/** What answers are to: one prompt, or several. @param {any} input @returns {unknown[]} */
export const promptsOf = (input) => (Array.isArray(input?.prompts) && input.prompts.length > 0
    ? input.prompts : [input?.prompt]);

/** What a rule expects, if a value is not so. @param {Exclude<Rule, {refused: string}>} rule
 * @param {any} value @returns {string | null} */
function misses(rule, value) {
    if (rule === 'any') return null;
    if (rule === 'flag') return typeof value === 'boolean' ? null : 'true or false';
    if (rule === 'text') return typeof value === 'string' ? null : 'a text';
    if (rule === 'biases') {
        return isBias(value) ? null : `at most ${BIASES_MAX} token ids, each with a number from -100 to 100`;
    }
    if ('among' in rule) return rule.among.includes(value) ? null : `one of ${rule.among.join(', ')}`;
    if ('least' in rule) {
        const { least, most, whole } = rule;
        const fits = typeof value === 'number' && value >= least && value <= most
            && (!whole || Number.isInteger(value));
        return fits ? null : `a${whole ? ' whole' : ''} number from ${least} to ${most}`;
    }
    if ('type' in rule) return value.type === rule.type ? null : `{"type": "${rule.type}"}`;
    if ('text' in rule) return isText(value, rule.text) ? null : `a text of 1 to ${rule.text} characters`;
    const fits = Array.isArray(value) && value.length <= rule.texts
        && value.every((one) => isText(one, rule.length));
    return fits ? null : `at most ${rule.texts} texts of 1 to ${rule.length} characters`;
}

/** @param {any} value @param {number} most */
const isText = (value, most) => typeof value === 'string' && value.length > 0 && value.length <= most;

/** @param {any} bias */
const isBias = (bias) => typeof bias === 'object' && !Array.isArray(bias)
    && Object.keys(bias).length <= BIASES_MAX
    && Object.entries(bias).every(([id, value]) =>
        /^\d{1,9}$/.test(id) && typeof value === 'number' && Math.abs(value) <= 100);
