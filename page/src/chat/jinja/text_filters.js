/** The filters that take or make texts and numbers. */
import { REQUIRED } from './bind.js';
import { unsupported, wrong } from './errors.js';
import { fixed, percent } from './format.js';
import { attributeOf } from './methods.js';
import { unary } from './operators.js';
import { SPACE } from './lexer.js';
import * as strings from './strings.js';
import { indentOf, json, str } from './text.js';
import { Dict, Float, Markup, Tuple, Undefined, integer, isInteger, isNumber, isTrue, itemsOf, lengthOf, numberOf, typeName } from './values.js';

/** @import { Filter, Runtime } from './list_filters.js' */
/** @import { Value } from './values.js' */

const { textOnly, countOnly } = strings;
const WORD_STARTS = new RegExp(`((?:[-({[<]|${SPACE})+)`);
const INTEGER = /^[-+]?\d+(?:_\d+)*$/;
const FLOAT = /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i;
const ODD_FLOAT = /^[-+]?(?:inf|infinity|nan)$/i;
/** @type {Record<string, string>} */
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

/** A filter of a text alone. @param {(text: string) => Value} run @returns {Filter} */
const ofText = (run) => [{}, (value, _, { budget }) => (value instanceof Markup ? fail('this filter of escaped text') : run(str(value, budget)))];

/** @param {string} what @returns {never} */
function fail(what) {
    throw unsupported(what);
}

/** @param {Value} value @param {Value} otherwise @param {Value} base @returns {Value} */
function toInteger(value, otherwise, base) {
    if (value instanceof Undefined) throw wrong(value.reason);
    if (isInteger(value)) return Number(value);
    if (value instanceof Float) return Number.isFinite(value.value) ? integer(Math.trunc(value.value)) : fail('a number that is not finite as an integer');
    if (typeof value !== 'string') return otherwise;
    if (base !== 10) return withBase(strings.strip(value, null, 'both'), countOnly(base), otherwise);
    const text = strings.strip(value, null, 'both');
    if (INTEGER.test(text)) return integer(Number(text.replaceAll('_', '')));
    const float = toFloat(value, null);
    return float === null ? otherwise : toInteger(float, otherwise, base);
}

/** @param {string} text @param {number} base @param {Value} otherwise */
function withBase(text, base, otherwise) {
    if (![2, 8, 16].includes(base)) throw unsupported(`integers to the base ${base}`);
    const [, sign, digits] = /^([-+]?)(?:0[xob])?([\da-z]+)$/i.exec(text) ?? [];
    const isOne = digits && [...digits.toLowerCase()].every((one) => parseInt(one, 36) < base);
    if (!isOne) return /^[-+]?[\d.]+$/.test(text) ? fail('such digits of another base') : otherwise;
    return integer(Number(`${sign}1`) * parseInt(digits, base));
}

/** @param {Value} value @param {Value} otherwise @returns {Value} */
function toFloat(value, otherwise) {
    if (value instanceof Undefined) throw wrong(value.reason);
    if (isNumber(value)) return new Float(numberOf(value));
    if (typeof value !== 'string') return otherwise;
    const text = strings.strip(value, null, 'both');
    if (/[^\x00-\x7f]/.test(text) && /^[\p{Nd}.]+$/u.test(text)) throw unsupported('digits beyond ASCII');
    if (ODD_FLOAT.test(text)) throw unsupported('numbers that are not finite');
    return FLOAT.test(text) ? new Float(Number(text.replaceAll('_', ''))) : otherwise;
}

/** @param {Value} value @param {Value} precision @param {Value} method @returns {Value} */
function round(value, precision, method) {
    if (value instanceof Undefined) throw wrong(value.reason);
    if (!isNumber(value)) throw wrong(`a ${typeName(value)} cannot be rounded`);
    const decimals = countOnly(precision);
    if (decimals < 0 || decimals > 15) throw unsupported('a precision below 0 or above 15');
    const number = numberOf(value);
    if (method === 'common') {
        if (isInteger(value)) return Number(value);
        return new Float((number < 0 || Object.is(number, -0) ? -1 : 1) * Number(fixed(Math.abs(number), decimals)));
    }
    if (method !== 'ceil' && method !== 'floor') throw wrong('the method of rounding is "common", "ceil" or "floor"');
    const scale = 10 ** decimals;
    return new Float((method === 'ceil' ? Math.ceil(number * scale) : Math.floor(number * scale)) / scale);
}

/** @param {string} text @param {Value} width @param {Value} isFirst @param {Value} isBlank @param {Runtime} runtime */
function indent(text, width, isFirst, isBlank, { budget }) {
    const margin = typeof width === 'string' ? width : ' '.repeat(Math.min(10000, Math.max(0, countOnly(width))));
    const [first, ...rest] = isTrue(isBlank) ? `${text}\n`.split('\n').slice(0, -1) : strings.splitLines(`${text}\n`, false);
    if (isTrue(isBlank) && /[\r\v\f\x1c-\x1e\x85\u2028\u2029]/.test(text)) throw unsupported('indent of such ends of lines');
    budget.room(text.length + margin.length * (rest.length + 1));
    const made = [first, ...rest.map((line) => (line || isTrue(isBlank) ? margin + line : line))].join('\n');
    return isTrue(isFirst) ? margin + made : made;
}

/** @param {string} text @param {Record<string, Value>} given */
function truncate(text, { length, killwords, end, leeway }) {
    const most = countOnly(length), mark = textOnly(end);
    if (most < lengthOf(mark) || countOnly(leeway) < 0) throw wrong('truncate to less than its end mark');
    const points = Array.from(text);
    if (points.length <= most + countOnly(leeway)) return text;
    const kept = points.slice(0, most - lengthOf(mark)).join('');
    if (isTrue(killwords)) return kept + mark;
    const space = kept.lastIndexOf(' ');
    return (space < 0 ? kept : kept.slice(0, space)) + mark;
}

/** @type {Record<string, Filter>} */
export const TEXT_FILTERS = {
    default: [{ default_value: '', boolean: false }, (value, { default_value: otherwise, boolean }) =>
        (value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? otherwise : value)],
    string: [{}, (value, _, { budget }) => (value instanceof Markup ? value : str(value, budget))],
    safe: [{}, (value, _, { budget }) => (value instanceof Markup ? value : new Markup(str(value, budget)))],
    escape: [{}, (value, _, { budget }) => (value instanceof Markup ? value
        : new Markup(budget.text(str(value, budget).replace(/[&<>'"]/g, (one) => ENTITIES[one]))))],
    upper: ofText((text) => text.toUpperCase()),
    lower: ofText((text) => text.toLowerCase()),
    capitalize: ofText(strings.capitalize),
    title: ofText((text) => text.split(WORD_STARTS).filter(Boolean).map((word) => {
        const [first, ...rest] = Array.from(word);
        return first.toUpperCase() + rest.join('').toLowerCase();
    }).join('')),
    trim: [{ chars: null }, (value, { chars }, { budget }) => strings.strip(plain(value, budget), chars, 'both')],
    center: [{ width: 80 }, (value, { width }, { budget }) => {
        budget.room(Math.max(0, countOnly(width)));
        return strings.pad(plain(value, budget), countOnly(width), ' ', 'both');
    }],
    replace: [{ old: REQUIRED, new: REQUIRED, count: null }, (value, { old, new: by, count }, { budget }) =>
        strings.replace(plain(value, budget), str(old, budget), str(by, budget), count === null ? -1 : countOnly(count), (length) => budget.room(length))],
    indent: [{ width: 4, first: false, blank: false }, (value, { width, first, blank }, runtime) => indent(textOnly(value), width, first, blank, runtime)],
    truncate: [{ length: 255, killwords: false, end: '...', leeway: null }, (value, given) =>
        truncate(textOnly(value), { ...given, leeway: given.leeway ?? 5 })],
    wordcount: ofText((text) => (text.match(/[\p{L}\p{N}_]+/gu) ?? []).length),
    int: [{ default: 0, base: 10 }, (value, { default: otherwise, base }) => toInteger(value, otherwise, base)],
    float: [{ default: new Float(0) }, (value, { default: otherwise }) => toFloat(value, otherwise)],
    abs: [{}, (value) => (isNumber(value) && numberOf(value) < 0 ? unary('-', value) : unary('+', value))],
    round: [{ precision: 0, method: 'common' }, (value, { precision, method }) => round(value, precision, method)],
    attr: [{ name: REQUIRED }, (value, { name }, { budget }) => attributeOf(value, str(name, budget), budget) ?? new Undefined(`there is no attribute ${str(name, budget)}`)],
    tojson: [{ ensure_ascii: false, indent: null, separators: null, sort_keys: false }, (value, given, { budget }) => {
        const indented = indentOf(given.indent);
        const pair = given.separators === null ? [indented === null ? ', ' : ',', ': '] : [...itemsOf(given.separators)].map(textOnly);
        if (pair.length !== 2) throw wrong('the separators of JSON are two texts');
        return json(value, { isAscii: isTrue(given.ensure_ascii), indent: indented, separators: [pair[0], pair[1]], isSorted: isTrue(given.sort_keys) }, budget);
    }],
};

/** @param {Value} value @param {import('./budget.js').Budget} budget */
const plain = (value, budget) => (value instanceof Markup ? fail('this filter of escaped text') : str(value, budget));

/** `format`, whose arguments are those of "%". @param {Value} value @param {Value[]} args @param {Map<string, Value>} kwargs @param {Runtime} runtime */
export function format(value, args, kwargs, { budget }) {
    if (args.length > 0 && kwargs.size > 0) throw wrong('format takes arguments by place or by name, not both');
    return percent(plain(value, budget), kwargs.size > 0 ? new Dict(kwargs) : new Tuple(args), budget);
}
