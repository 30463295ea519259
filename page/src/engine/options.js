/** Checks the options of a request: each has a rule, and options without a rule are refused. */
import { isObject } from '../shared/checks.js';
import { Failure } from './failure.js';
import { LIMITS } from './task_rules.js';

/** @typedef {{least: number, most: number, whole?: boolean}} Range */
/** A number in a range; a truth value; one of some words; a text of at most so many bytes; a list of at most
 * so many of them; a list of at most so many things; an object; biases of tokens; an object of one type; what
 * the task checks by itself; what it refuses, and why.
 * @typedef {Range | 'flag' | 'object' | 'biases' | 'any' | {among: readonly string[]} | {bytes: number}
 *   | {texts: number, bytes: number} | {items: number} | {type: string} | {refused: string}} Rule */

const encoder = new TextEncoder();

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

/** The prompts of a request: one or several. @param {any} input @returns {unknown[]} */
export const promptsOf = (input) => (Array.isArray(input?.prompts) && input.prompts.length > 0
    ? input.prompts : [input?.prompt]);

/** What a rule expects, if a value breaks it. @param {Exclude<Rule, {refused: string}>} rule
 * @param {any} value @returns {string | null} */
function misses(rule, value) {
    if (rule === 'any') return null;
    if (rule === 'flag') return typeof value === 'boolean' ? null : 'true or false';
    if (rule === 'object') return isObject(value) ? null : 'an object';
    if (rule === 'biases') {
        return isBias(value) ? null : `at most ${LIMITS.biases} token ids, each with a number from -100 to 100`;
    }
    if ('among' in rule) return rule.among.includes(value) ? null : `one of ${rule.among.join(', ')}`;
    if ('least' in rule) {
        const { least, most, whole } = rule;
        const fits = typeof value === 'number' && value >= least && value <= most
            && (!whole || Number.isInteger(value));
        return fits ? null : `a${whole ? ' whole' : ''} number from ${least} to ${most}`;
    }
    if ('type' in rule) return value.type === rule.type ? null : `{"type": "${rule.type}"}`;
    if ('items' in rule) {
        return Array.isArray(value) && value.length <= rule.items ? null : `a list of at most ${rule.items}`;
    }
    if (!('texts' in rule)) return isText(value, rule.bytes) ? null : `a text of 1 to ${rule.bytes} bytes`;
    const fits = Array.isArray(value) && value.length <= rule.texts
        && value.every((one) => isText(one, rule.bytes));
    return fits ? null : `at most ${rule.texts} texts of 1 to ${rule.bytes} bytes`;
}

/** @param {any} value @param {number} most */
const isText = (value, most) => typeof value === 'string' && value.length > 0
    && (value.length * 3 <= most || encoder.encode(value).length <= most);

/** @param {any} bias */
const isBias = (bias) => isObject(bias)
    && Object.keys(bias).length <= LIMITS.biases
    && Object.entries(bias).every(([id, value]) =>
        /^\d{1,9}$/.test(id) && typeof value === 'number' && Math.abs(value) <= 100);
