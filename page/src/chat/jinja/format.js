/** Python's `%` and str.format(), as far as templates use them. */
import { unsupported, wrong } from './errors.js';
import { repr, str } from './text.js';
import { Dict, Float, Tuple, isNumber, numberOf, typeName } from './values.js';

/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */

const SPEC = /%(?:\(([^()]*)\))?([-+ 0#]*)(\d*|\*)(?:\.(\d*))?([a-zA-Z%]?)/g;
/** A field is at most so wide, and has so many decimals. */
const MAX_WIDTH = 10000, MAX_DECIMALS = 100;

/** @param {string} format @param {Value} given @param {Budget} budget @returns {string} */
export function percent(format, given, budget) {
    const args = given instanceof Tuple ? given.items : [given];
    let used = 0, isNamed = false;
    const text = format.replace(SPEC, (whole, name, flags, width, precision, kind) => {
        budget.step();
        if (kind === '%') return '%';
        if (width === '*' || flags.includes('#') || Number(width) > MAX_WIDTH || Number(precision) > MAX_DECIMALS) throw unsupported(`"${whole}" in a format`);
        isNamed ||= name !== undefined;
        const value = name === undefined ? args[used++] : named(given, name);
        if (value === undefined) throw wrong('there are fewer values than the format asks for');
        return padded(converted(value, kind, flags, precision, budget), flags, Number(width), kind);
    });
    const isAll = isNamed || used >= args.length || (!(given instanceof Tuple) && (given instanceof Dict || Array.isArray(given)));
    if (!isAll) throw wrong('there are more values than the format asks for');
    return budget.text(text);
}

/** @param {Value} given @param {string} name @returns {Value} */
function named(given, name) {
    const value = given instanceof Dict ? given.get(name) : undefined;
    if (value === undefined) throw wrong(`the format asks for ${name.slice(0, 40)}, which is not there`);
    return value;
}

/** @param {Value} value @param {string} kind @param {string} flags @param {string | undefined} precision @param {Budget} budget */
function converted(value, kind, flags, precision, budget) {
    if (kind === 's' || kind === 'r') {
        const text = kind === 's' ? str(value, budget) : repr(value, budget);
        return precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join('');
    }
    if (!'diufFxXo'.includes(kind) || kind === '') throw kind === '' ? wrong('a format ends within a field') : unsupported(`"%${kind}" in a format`);
    if (!isNumber(value)) throw wrong(`"%${kind}" takes a number, not a ${typeName(value)}`);
    if (precision !== undefined && !'fF'.includes(kind)) throw unsupported(`a precision of "%${kind}" in a format`);
    const number = numberOf(value);
    if (!Number.isFinite(number)) throw unsupported('a number that is not finite in a format');
    const size = Math.abs(number);
    const isNegative = number < 0 || (Object.is(number, -0) && 'fF'.includes(kind));
    const sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
    return sign + digits(size, kind, precision, value);
}

/** @param {number} size @param {string} kind @param {string | undefined} precision @param {Value} value */
function digits(size, kind, precision, value) {
    if ('fF'.includes(kind)) return fixed(size, precision === undefined ? 6 : Number(precision));
    if ('diu'.includes(kind)) return BigInt(Math.trunc(size)).toString();
    if (value instanceof Float) throw wrong(`"%${kind}" takes an integer`);
    const text = size.toString(kind === 'o' ? 8 : 16);
    return kind === 'X' ? text.toUpperCase() : text;
}

/** Like toFixed, exact, and half to even. @param {number} size @param {number} decimals */
export function fixed(size, decimals) {
    if (size >= 1e21) throw unsupported('a number from 1e21 on in a format');
    // toFixed rounds the exact binary value; only of two that are equally near it takes the larger.
    const text = size.toFixed(decimals);
    const [, exact] = size.toFixed(100).split('.');
    if (decimals >= 100 || !/^50*$/.test(exact.slice(decimals))) return text;
    const down = decimals === 0 ? String(BigInt(Math.trunc(size))) : size.toFixed(100).slice(0, decimals - 100);
    return Number(down.at(-1)) % 2 === 0 ? down : text;
}

/** @param {string} text @param {string} flags @param {number} width @param {string} kind */
function padded(text, flags, width, kind) {
    const missing = width - Array.from(text).length;
    if (missing <= 0) return text;
    if (flags.includes('-')) return text + ' '.repeat(missing);
    if (!flags.includes('0') || kind === 's' || kind === 'r') return ' '.repeat(missing) + text;
    const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** str.format() with fields that are a number or a name, or none. @param {string} format @param {Value[]} args @param {Map<string, Value>} kwargs @param {Budget} budget */
export function formatFields(format, args, kwargs, budget) {
    let used = 0;
    return budget.text(format.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (whole, field) => {
        budget.step();
        if (whole === '{{' || whole === '}}') return whole[0];
        if (field === undefined) throw wrong('a single brace in a format');
        if (!/^\w*$/.test(field)) throw unsupported(`"${whole.slice(0, 40)}" in a format`);
        const value = field === '' ? args[used++] : /^\d+$/.test(field) ? args[Number(field)] : kwargs.get(field);
        if (value === undefined) throw wrong(`there is no value for "${whole.slice(0, 40)}" of a format`);
        return str(value, budget);
    }));
}
