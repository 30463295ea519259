/** The tests of templates: `x is …`. */
import { REQUIRED, bind } from './bind.js';
import { unsupported, wrong } from './errors.js';
import { binary, compare, contains, equal } from './operators.js';
import { isAll } from './strings.js';
import { str } from './text.js';
import { Callable, Dict, Float, Markup, Range, Tuple, Undefined, isNumber, isText, iterate } from './values.js';

/** @import { Parameters } from './bind.js' */
/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */
/** @typedef {{hasFilter: (name: string) => boolean}} Known */
/** @typedef {(value: Value, given: Record<string, Value>, budget: Budget, known: Known) => boolean} Run */

/** @param {string} operator @returns {[Parameters, Run]} */
const comparison = (operator) => [{ other: REQUIRED }, (value, { other }, budget) => compare(operator, value, other, budget)];
/** @param {(value: Value, budget: Budget) => boolean} run @returns {[Parameters, Run]} */
const plain = (run) => [{}, (value, _, budget) => run(value, budget)];
/** @param {Value} value @param {Value} by @param {number} rest @param {Budget} budget */
const leaves = (value, by, rest, budget) => equal(binary('%', value, by, budget), rest, budget);

/** @type {Record<string, [Parameters, Run]>} */
const TESTS = {
    defined: plain((value) => !(value instanceof Undefined)),
    undefined: plain((value) => value instanceof Undefined),
    none: plain((value) => value === null),
    boolean: plain((value) => typeof value === 'boolean'),
    true: plain((value) => value === true),
    false: plain((value) => value === false),
    integer: plain((value) => typeof value === 'number'),
    float: plain((value) => value instanceof Float),
    number: plain(isNumber),
    string: plain(isText),
    mapping: plain((value) => value instanceof Dict),
    sequence: plain((value) => isText(value) || Array.isArray(value) || [Tuple, Dict, Range, Undefined].some((type) => value instanceof type)),
    iterable: plain((value) => iterate(value) !== null),
    callable: plain((value) => value instanceof Callable || value instanceof Undefined),
    escaped: plain((value) => value instanceof Markup),
    lower: plain((value, budget) => isAll('islower', str(value, budget))),
    upper: plain((value, budget) => isAll('isupper', str(value, budget))),
    odd: plain((value, budget) => leaves(value, 2, 1, budget)),
    even: plain((value, budget) => leaves(value, 2, 0, budget)),
    divisibleby: [{ num: REQUIRED }, (value, { num }, budget) => leaves(value, num, 0, budget)],
    in: [{ seq: REQUIRED }, (value, { seq }, budget) => contains(seq, value, budget)],
    sameas: [{ other: REQUIRED }, (value, { other }) => isSame(value, other)],
    filter: [{}, (value, _, __, { hasFilter }) => hasFilter(value)],
    test: [{}, (value) => typeof value === 'string' && Object.hasOwn(TESTS, value)],
    ...Object.fromEntries(Object.entries({
        '==': ['eq', 'equalto', '=='], '!=': ['ne', '!='], '<': ['lt', 'lessthan', '<'], '<=': ['le', '<='], '>': ['gt', 'greaterthan', '>'], '>=': ['ge', '>='],
    }).flatMap(([operator, names]) => names.map((name) => [name, comparison(operator)]))),
};

/** Identity: Python shares small integers; which texts it shares cannot be known. @param {Value} a @param {Value} b */
function isSame(a, b) {
    const isOpen = (isText(a) && isText(b)) || (typeof a === 'number' && typeof b === 'number' && (a < -5 || a > 256)) || (a instanceof Float && b instanceof Float);
    if (isOpen) throw unsupported('"is sameas" of texts or numbers');
    return a === b;
}

/** @param {string} name */
export const hasTest = (name) => Object.hasOwn(TESTS, name);

/** @param {string} name @param {Value} value @param {Value[]} args @param {Map<string, Value>} kwargs @param {Budget} budget @param {Known} known */
export function runTest(name, value, args, kwargs, budget, known) {
    if (!hasTest(name)) throw wrong(`there is no test "${name.slice(0, 40)}"`);
    const [parameters, run] = TESTS[name];
    return run(value, bind(name, parameters, args, kwargs), budget, known);
}
