/** Values as Python writes them: str(), repr() and json.dumps(). */
import { unsupported, wrong } from './errors.js';
import { Dict, Float, Markup, Range, Tuple, Undefined, View, isText, typeName } from './values.js';

/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */

/** Values within each other. */
const MAX_DEPTH = 200;

/** @param {Value} value @param {Budget} budget @returns {string} */
export function str(value, budget) {
    if (typeof value === 'string') return value;
    if (value instanceof Markup) return value.text;
    if (value instanceof Undefined) return '';
    return repr(value, budget);
}

/** @param {Value} value @param {Budget} budget @param {number} [depth] @returns {string} */
export function repr(value, budget, depth = 0) {
    budget.step();
    if (depth > MAX_DEPTH) throw wrong(`it writes a value of more than ${MAX_DEPTH} levels`);
    /** @param {Value} one */
    const inner = (one) => repr(one, budget, depth + 1);
    /** @param {Value[]} items */
    const list = (items) => items.map(inner).join(', ');
    return budget.text(reprOf(value, inner, list));
}

/** @param {Value} value @param {(one: Value) => string} inner @param {(items: Value[]) => string} list @returns {string} */
function reprOf(value, inner, list) {
    if (value === null) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (typeof value === 'number') return reprInteger(value);
    if (typeof value === 'string') return reprText(value);
    if (Array.isArray(value)) return `[${list(value)}]`;
    if (value instanceof Float) return reprFloat(value.value);
    if (value instanceof Tuple) return value.items.length === 1 ? `(${inner(value.items[0])},)` : `(${list(value.items)})`;
    if (value instanceof Dict) return `{${value.entries().map(([key, one]) => `${inner(key)}: ${inner(one)}`).join(', ')}}`;
    if (value instanceof View) return `${value.name}([${list(value.items)}])`;
    if (value instanceof Range) return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`;
    if (value instanceof Undefined) return 'Undefined';
    if (value instanceof Markup) return `Markup(${reprText(value.text)})`;
    throw unsupported(`the text of a ${typeName(value)}`);
}

/** @param {number} value */
export const reprInteger = (value) => (Number.isSafeInteger(value) ? String(value) : BigInt(value).toString());

/** Python's shortest form of a float. @param {number} value */
export function reprFloat(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
    if (Object.is(value, -0)) return '-0.0';
    const [digits, power] = value.toExponential().split('e');
    const exponent = Number(power);
    if (exponent < -4 || exponent >= 16) return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
    // JavaScript writes small ones with an exponent from 1e-7 on, large ones from 1e21 on: neither is left here.
    return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** @type {Record<string, string>} */
const ESCAPES = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** @param {string} text */
export function reprText(text) {
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    const inside = text.replace(/[\\\p{C}\p{Z}]/gu, (one) => (one === ' ' ? one : ESCAPES[one] ?? hexEscape(one)));
    return `${quote}${quote === "'" ? inside.replaceAll("'", "\\'") : inside}${quote}`;
}

/** @param {string} one */
function hexEscape(one) {
    const code = Number(one.codePointAt(0));
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** @typedef {{isAscii: boolean, indent: string | null, separators: [string, string], isSorted: boolean}} JsonStyle */

/**
 * Python's json.dumps.
 * @param {Value} value @param {JsonStyle} style @param {Budget} budget @param {string} [margin] of its line
 * @returns {string}
 */
export function json(value, style, budget, margin = '\n') {
    budget.step();
    if (margin.length > MAX_DEPTH * (1 + (style.indent?.length ?? 0))) throw wrong(`it writes a value of more than ${MAX_DEPTH} levels`);
    if (Array.isArray(value) || value instanceof Tuple) {
        const items = Array.isArray(value) ? value : value.items;
        return budget.text(brackets('[]', items, style, margin, (one, inner) => json(one, style, budget, inner)));
    }
    if (value instanceof Dict) {
        const [, colon] = style.separators;
        return budget.text(brackets('{}', sorted(value.entries(), style), style, margin,
            ([key, one], inner) => `${jsonText(jsonKey(key), style)}${colon}${json(one, style, budget, inner)}`));
    }
    return budget.text(jsonPlain(value, style));
}

/** @param {Value} value @param {JsonStyle} style */
function jsonPlain(value, style) {
    if (isText(value)) return jsonText(value instanceof Markup ? value.text : value, style);
    if (value === null) return 'null';
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'number') return reprInteger(value);
    if (value instanceof Float) return jsonFloat(value.value);
    throw wrong(`a ${typeName(value)} cannot be written as JSON`);
}

/** @param {number} value */
const jsonFloat = (value) => (Number.isFinite(value) ? reprFloat(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity');

/** @param {Value} key @returns {string} */
function jsonKey(key) {
    if (isText(key)) return key instanceof Markup ? key.text : key;
    if (key === null || typeof key === 'boolean') return String(key);
    if (typeof key === 'number') return reprInteger(key);
    if (key instanceof Float) return jsonFloat(key.value);
    throw wrong(`a ${typeName(key)} cannot be a key in JSON`);
}

/** @param {[Value, Value][]} entries @param {JsonStyle} style */
function sorted(entries, { isSorted }) {
    if (!isSorted) return entries;
    if (entries.some(([key]) => typeof key !== 'string')) throw unsupported('sort_keys for keys that are no text');
    return entries.toSorted(([a], [b]) => compareTexts(a, b));
}

/** By code points. @param {string} a @param {string} b */
export function compareTexts(a, b) {
    const length = Math.min(a.length, b.length);
    let i = 0;
    while (i < length && a[i] === b[i]) i++;
    if (i === length) return a.length - b.length;
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    const isSurrogate = (/** @type {number} */ unit) => (unit & 0xf800) === 0xd800;
    return isSurrogate(one) === isSurrogate(other) ? one - other : isSurrogate(one) ? 1 : -1;
}

/** @template T @param {string} pair @param {T[]} items @param {JsonStyle} style @param {string} margin
 * @param {(item: T, margin: string) => string} write */
function brackets([open, close], items, { indent, separators: [comma] }, margin, write) {
    if (items.length === 0) return open + close;
    const inner = margin + (indent ?? '');
    // Without an indent, `margin` only counts the levels.
    if (indent === null) return open + items.map((item) => write(item, `${margin} `)).join(comma) + close;
    return open + inner + items.map((item) => write(item, inner)).join(comma + inner) + margin + close;
}

/** @type {Record<string, string>} */
const SHORT = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' };

/** @param {string} text @param {JsonStyle} style */
function jsonText(text, { isAscii }) {
    const escaped = isAscii ? /["\\\x00-\x1f\x7f-\uffff]/g : /["\\\x00-\x1f]/g;
    return `"${text.replace(escaped, (one) => SHORT[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** @param {Value} indent as the filter is given it @returns {string | null} */
export function indentOf(indent) {
    if (indent === null) return null;
    if (typeof indent === 'string') return indent;
    if (typeof indent === 'number' || typeof indent === 'boolean') return ' '.repeat(Math.min(1000, Math.max(0, Number(indent))));
    throw wrong(`an indent of JSON cannot be a ${typeName(indent)}`);
}
