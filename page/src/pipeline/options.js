/** What a request may ask of a task: each option by a rule, and nothing that has none. */
import { Failure } from '../engine/failure.js';
import { BIASES_MAX, isBias } from '../engine/llama_body.js';

/** @typedef {import('../engine/llama_body.js').Range} Range */
/** A number in a range; a truth value; one of some words; a text of at most so many characters; a list of
 * at most so many of them; biases of tokens; what the task checks by itself; what it refuses, and why.
 * @typedef {Range | 'flag' | 'biases' | 'any' | {among: readonly string[]} | {text: number}
 *   | {texts: number, length: number} | {refused: string}} Rule */

/** @type {Readonly<{whole: (most: number) => Range}>} */
export const rules = Object.freeze({ whole: (most) => ({ least: 1, most, whole: true }) });

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
            throw new Failure('input_invalid', `A task "${task}" has no option "${name.slice(0, 64)}".`,
                { field, expected: names.length > 0 ? `one of ${names.join(', ')}` : 'no options' });
        }
        const rule = rulesOfTask[name];
        if (typeof rule === 'object' && 'refused' in rule) {
            throw new Failure('input_invalid', `The option "${name}" is not possible: ${rule.refused}.`,
                { field });
        }
        const expected = misses(rule, value);
        if (expected) throw new Failure('input_invalid', `The option "${name}" is not usable.`,
            { field, expected });
        checked[name] = value;
    }
    return checked;
}

/** What a rule expects, if a value is not so. @param {Exclude<Rule, {refused: string}>} rule
 * @param {any} value @returns {string | null} */
function misses(rule, value) {
    if (rule === 'any') return null;
    if (rule === 'flag') return typeof value === 'boolean' ? null : 'true or false';
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
    if ('text' in rule) return isText(value, rule.text) ? null : `a text of 1 to ${rule.text} characters`;
    const fits = Array.isArray(value) && value.length <= rule.texts
        && value.every((one) => isText(one, rule.length));
    return fits ? null : `at most ${rule.texts} texts of 1 to ${rule.length} characters`;
}

/** @param {any} value @param {number} most */
const isText = (value, most) => typeof value === 'string' && value.length > 0 && value.length <= most;
