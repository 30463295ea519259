/** Python's operators. */
import { unsupported, wrong } from './errors.js';
import { percent } from './format.js';
import { compareTexts } from './text.js';
import { Dict, Float, Lazy, Markup, Range, Tuple, Undefined, View, integer, isInteger, isNumber, isText, itemsOf, iterate, numberOf, typeName } from './values.js';

/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */

/** Lists within lists that are compared. */
const MAX_DEPTH = 200;

/** @param {Value} a @param {Value} b @param {Budget} budget @param {number} [depth] @returns {boolean} */
export function equal(a, b, budget, depth = 0) {
    budget.step();
    if (depth > MAX_DEPTH) throw wrong(`it compares values of more than ${MAX_DEPTH} levels`);
    if (isNumber(a) && isNumber(b)) return numberOf(a) === numberOf(b);
    if (isText(a) && isText(b)) return plain(a) === plain(b);
    if (a instanceof Undefined) return b instanceof Undefined;
    /** @param {Value[]} one @param {Value[]} other */
    const same = (one, other) => one.length === other.length && one.every((item, i) => equal(item, other[i], budget, depth + 1));
    if (Array.isArray(a) && Array.isArray(b)) return same(a, b);
    if ((a instanceof Tuple && b instanceof Tuple) || (a instanceof Range && b instanceof Range)) return same(a.items, b.items);
    if (a instanceof Dict && b instanceof Dict) {
        return a.size === b.size && a.entries().every(([key, value]) => b.has(key) && equal(value, b.get(key), budget, depth + 1));
    }
    if (a instanceof View && b instanceof View && a !== b) throw unsupported('a comparison of the views of dicts');
    return a === b;
}

/** @param {Value} text */
const plain = (text) => (text instanceof Markup ? text.text : text);

/** Below zero if `a` is less. @param {Value} a @param {Value} b @param {Budget} budget @param {string} [operator] @param {number} [depth] @returns {number} */
export function order(a, b, budget, operator = '<', depth = 0) {
    budget.step();
    if (depth > MAX_DEPTH) throw wrong(`it compares values of more than ${MAX_DEPTH} levels`);
    if (isNumber(a) && isNumber(b)) return numberOf(a) - numberOf(b);
    if (isText(a) && isText(b)) return compareTexts(plain(a), plain(b));
    const lists = Array.isArray(a) && Array.isArray(b) ? [a, b] : a instanceof Tuple && b instanceof Tuple ? [a.items, b.items] : null;
    if (!lists) throw wrong(`"${operator}" between a ${typeName(a)} and a ${typeName(b)}`);
    const [one, other] = lists;
    const at = one.findIndex((item, i) => i >= other.length || !equal(item, other[i], budget, depth + 1));
    if (at < 0 || at >= other.length) return one.length - other.length;
    return order(one[at], other[at], budget, operator, depth + 1);
}

/** @param {string} operator @param {Value} a @param {Value} b @param {Budget} budget @returns {boolean} */
export function compare(operator, a, b, budget) {
    switch (operator) {
    case '==': return equal(a, b, budget);
    case '!=': return !equal(a, b, budget);
    case 'in': return contains(b, a, budget);
    case 'not in': return !contains(b, a, budget);
    case '<': return order(a, b, budget, operator) < 0;
    case '<=': return order(a, b, budget, operator) <= 0;
    case '>': return order(a, b, budget, operator) > 0;
    default: return order(a, b, budget, operator) >= 0;
    }
}

/** @param {Value} all @param {Value} one @param {Budget} budget @returns {boolean} */
export function contains(all, one, budget) {
    if (isText(all)) {
        if (!isText(one)) throw wrong(`"in" of a text takes a text, not a ${typeName(one)}`);
        return plain(all).includes(plain(one));
    }
    if (all instanceof Dict) return all.has(one);
    if (!iterate(all)) throw wrong(`"in" of a ${typeName(all)}`);
    for (const item of itemsOf(all)) if (item === one || equal(item, one, budget)) return true;
    return false;
}

/** @param {string} operator @param {Value} a @param {Value} b @param {Budget} budget @returns {Value} */
export function binary(operator, a, b, budget) {
    if (operator === '%' && isText(a)) {
        if (a instanceof Markup) throw unsupported('"%" of escaped text');
        return percent(a, b, budget);
    }
    if (isNumber(a) && isNumber(b)) return arithmetic(operator, a, b);
    if (operator === '+') return added(a, b, budget);
    if (operator === '*' && isInteger(b)) return repeated(a, Number(b), budget);
    if (operator === '*' && isInteger(a)) return repeated(b, Number(a), budget);
    throw mismatch(operator, a, b);
}

/** @param {string} operator @param {Value} a @param {Value} b */
function mismatch(operator, a, b) {
    const missing = a instanceof Undefined ? a : b instanceof Undefined ? b : null;
    return wrong(missing ? missing.reason : `"${operator}" between a ${typeName(a)} and a ${typeName(b)}`);
}

/** @param {Value} a @param {Value} b @param {Budget} budget @returns {Value} */
function added(a, b, budget) {
    if (typeof a === 'string' && typeof b === 'string') return budget.text(a + b);
    if (isText(a) && isText(b)) throw unsupported('"+" of escaped text');
    /** @param {Value[]} one @param {Value[]} other */
    const joined = (one, other) => {
        budget.list(one.length + other.length);
        return [...one, ...other];
    };
    if (Array.isArray(a) && Array.isArray(b)) return joined(a, b);
    if (a instanceof Tuple && b instanceof Tuple) return new Tuple(joined(a.items, b.items));
    throw mismatch('+', a, b);
}

/** @param {Value} value @param {number} times @param {Budget} budget @returns {Value} */
function repeated(value, times, budget) {
    const count = Math.max(0, times);
    if (typeof value === 'string') {
        budget.room(value.length * count);
        return value.repeat(value ? count : 0);
    }
    if (value instanceof Markup) throw unsupported('"*" of escaped text');
    const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : null;
    if (!items) throw mismatch('*', value, times);
    budget.list(items.length * count);
    const made = Array.from({ length: items.length && count }, () => items).flat();
    return Array.isArray(value) ? made : new Tuple(made);
}

/** @param {string} operator @param {Value} a @param {Value} b @returns {Value} */
function arithmetic(operator, a, b) {
    const [x, y] = [numberOf(a), numberOf(b)];
    const isDivision = operator === '/' || operator === '//' || operator === '%';
    if (isDivision && y === 0) throw wrong('division by zero');
    const isFloat = a instanceof Float || b instanceof Float || operator === '/' || (operator === '**' && y < 0);
    if (operator === '**' && ((x === 0 && y < 0) || (x < 0 && !Number.isInteger(y)))) throw wrong('such a power is no number');
    const made = compute(operator, x, y);
    if (!isFloat) return integer(made);
    if (operator === '**' && !Number.isFinite(made) && Number.isFinite(x) && Number.isFinite(y)) throw wrong('the power is too large');
    return new Float(made);
}

/** @param {string} operator @param {number} x @param {number} y */
function compute(operator, x, y) {
    switch (operator) {
    case '+': return x + y;
    case '-': return x - y;
    case '*': return x * y;
    case '/': return x / y;
    case '**': return x ** y;
    case '//': return (x - modulo(x, y)) / y;
    default: return modulo(x, y);
    }
}

/** With the sign of the divisor. @param {number} x @param {number} y */
function modulo(x, y) {
    const rest = x % y;
    return rest !== 0 && (rest < 0) !== (y < 0) ? rest + y : rest;
}

/** @param {string} operator @param {Value} value @returns {Value} */
export function unary(operator, value) {
    if (value instanceof Undefined) throw wrong(value.reason);
    if (!isNumber(value)) throw wrong(`"${operator}" of a ${typeName(value)}`);
    const made = operator === '-' ? -numberOf(value) : numberOf(value);
    return value instanceof Float ? new Float(made) : integer(made);
}

/** `value[key]`, or undefined if Python would have no such item. @param {Value} value @param {Value} key @returns {Value | undefined} */
export function itemAt(value, key) {
    if (value instanceof Dict) return isHashable(key) ? value.get(key) : undefined;
    if (!isInteger(key)) return undefined;
    const items = sequence(value);
    const at = Number(key) < 0 ? Number(key) + (items?.length ?? 0) : Number(key);
    const item = items?.[at];
    return value instanceof Markup && item !== undefined ? new Markup(item) : item;
}

/** @param {Value} key @returns {boolean} */
const isHashable = (key) => !(Array.isArray(key) || key instanceof Dict || (key instanceof Tuple && !key.items.every(isHashable)));

/** The items of a sequence. @param {Value} value @returns {Value[] | null} */
function sequence(value) {
    if (Array.isArray(value)) return value;
    if (value instanceof Tuple || value instanceof Range) return value.items;
    return isText(value) ? [...itemsOf(value)] : null;
}

/** `value[start:stop:step]`. @param {Value} value @param {Value[]} bounds @param {Budget} budget @returns {Value} */
export function slice(value, [start, stop, step], budget) {
    const items = sequence(value);
    if (!items) throw wrong(`a ${typeName(value)} has no slices`);
    for (const one of [start, stop, step]) if (one !== null && !isInteger(one)) throw wrong(`a slice to a ${typeName(one)}`);
    const by = step === null ? 1 : Number(step);
    if (by === 0) throw wrong('a slice with a step of 0');
    const [low, high] = by > 0 ? [0, items.length] : [-1, items.length - 1];
    /** @param {Value} bound @param {number} otherwise */
    const place = (bound, otherwise) => (bound === null ? otherwise
        : Math.min(high, Math.max(low, Number(bound) < 0 ? Number(bound) + items.length : Number(bound))));
    const [from, to] = [place(start, by > 0 ? low : high), place(stop, by > 0 ? high : low)];
    const made = [];
    for (let i = from; by > 0 ? i < to : i > to; i += by) made.push(items[i]);
    budget.list(isText(value) ? 0 : made.length);
    if (typeof value === 'string') return budget.text(made.join(''));
    if (value instanceof Markup) return new Markup(made.join(''));
    if (value instanceof Range) return new Range(value.start + from * value.step, value.start + to * value.step, value.step * by);
    return Array.isArray(value) ? made : new Tuple(made);
}

/** Sorted as Python's sorted() does: stable, also in reverse. @param {Value[]} items @param {(item: Value) => Value} keyOf @param {boolean} isReverse @param {Budget} budget */
export function sorted(items, keyOf, isReverse, budget) {
    const keyed = items.map((item) => ({ item, key: keyOf(item) }));
    budget.list(items.length);
    keyed.sort((a, b) => (isReverse ? order(b.key, a.key, budget) : order(a.key, b.key, budget)));
    return keyed.map(({ item }) => item);
}

/** A generator. @param {Iterable<Value>} items */
export const lazy = (items) => new Lazy(items[Symbol.iterator]());
