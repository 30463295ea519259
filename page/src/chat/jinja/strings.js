/** The methods of Python's strings. */
import { unsupported, wrong } from './errors.js';
import { SPACE } from './lexer.js';
import { Tuple, Undefined, characters, isInteger, isText, itemsOf, lengthOf, typeName } from './values.js';

/** @import { Value } from './values.js' */

const START_SPACES = new RegExp(`^${SPACE}+`), SPACES = new RegExp(`${SPACE}+`);
const ALL_SPACES = new RegExp(`^${SPACE}+$`);
const isSpace = (/** @type {string} */ one) => ALL_SPACES.test(one);
const LINES = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;
/** Where titles are not written in capitals, or a capital is several letters. */
const TITLES = /[\u01c4-\u01cc\u01f1-\u01f3\u10d0-\u10ff]/;

/** @param {Value} value @returns {string} */
export function textOnly(value) {
    if (typeof value === 'string') return value;
    throw isText(value) ? unsupported('escaped text as an argument') : wrong(value instanceof Undefined ? value.reason : `a text is expected, not a ${typeName(value)}`);
}

/** @param {Value} value @returns {number} */
export function countOnly(value) {
    if (isInteger(value)) return Number(value);
    throw wrong(`an integer is expected, not a ${typeName(value)}`);
}

/** @param {string} text @param {Value} chars null: white space @param {'left' | 'right' | 'both'} side */
export function strip(text, chars, side) {
    const set = chars === null ? null : new Set(characters(textOnly(chars)));
    const points = characters(text);
    const isStripped = (/** @type {string} */ one) => (set ? set.has(one) : isSpace(one));
    let [start, end] = [0, points.length];
    if (side !== 'right') while (start < end && isStripped(points[start])) start++;
    if (side !== 'left') while (end > start && isStripped(points[end - 1])) end--;
    return points.slice(start, end).join('');
}

/** @param {string} text @param {Value} separator @param {Value} most */
export function split(text, separator, most) {
    const limit = countOnly(most) < 0 ? Infinity : countOnly(most);
    if (separator === null) return splitSpaces(text, limit);
    const by = separatorOf(separator);
    const parts = text.split(by);
    return parts.length <= limit + 1 ? parts : [...parts.slice(0, limit), parts.slice(limit).join(by)];
}

/** @param {Value} separator */
function separatorOf(separator) {
    const by = textOnly(separator);
    if (by === '') throw wrong('an empty separator');
    return by;
}

/** @param {string} text @param {number} limit */
function splitSpaces(text, limit) {
    const parts = [];
    let rest = text.replace(START_SPACES, '');
    while (rest && parts.length < limit) {
        const space = SPACES.exec(rest);
        parts.push(space ? rest.slice(0, space.index) : rest);
        rest = space ? rest.slice(space.index + space[0].length) : '';
    }
    return rest ? [...parts, rest] : parts;
}

/** From the right. @param {string} text @param {Value} separator @param {Value} most */
export function rsplit(text, separator, most) {
    const limit = countOnly(most) < 0 ? Infinity : countOnly(most);
    if (separator === null) return reversed(splitSpaces(turned(text), limit)).map(turned);
    const by = separatorOf(separator);
    return reversed(split(turned(text), turned(by), limit === Infinity ? -1 : limit)).map(turned);
}

/** @param {string} text */
const turned = (text) => characters(text).reverse().join('');
/** @param {string[]} parts */
const reversed = (parts) => [...parts].reverse();

/** @param {string} text @param {boolean} isKept whether with the ends of lines @returns {string[]} */
export function splitLines(text, isKept) {
    const lines = [];
    let from = 0;
    for (const { 0: end, index } of text.matchAll(LINES)) {
        lines.push(text.slice(from, index + (isKept ? end.length : 0)));
        from = index + end.length;
    }
    return from < text.length ? [...lines, text.slice(from)] : lines;
}

/** @param {string} text @param {string} old @param {string} by @param {number} most below 0: all @param {(length: number) => void} room */
export function replace(text, old, by, most, room) {
    const parts = old === '' ? ['', ...characters(text), ''] : text.split(old);
    const count = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
    room(text.length + count * (by.length - old.length));
    const rest = parts.slice(count);
    return [...parts.slice(0, count), rest.join(old)].join(by);
}

/** The part of a text from one place to another. @param {string} text @param {Value} start @param {Value} end */
export function between(text, start, end) {
    if (start === null && end === null) return text;
    return characters(text).slice(start === null ? 0 : countOnly(start), end === null ? undefined : countOnly(end)).join('');
}

/** @param {string} text @param {Value} ends a text or a tuple of texts @param {(one: string) => boolean} has */
export function hasEnd(text, ends, has) {
    if (ends instanceof Tuple) return ends.items.some((one) => has(textOnly(one)));
    return has(textOnly(ends));
}

/** Where `part` is, in characters, or -1. @param {string} text @param {string} part @param {Value} start @param {Value} end @param {boolean} isLast */
export function find(text, part, start, end, isLast) {
    const inside = between(text, start, end);
    const at = isLast ? inside.lastIndexOf(part) : inside.indexOf(part);
    if (at < 0) return -1;
    const length = lengthOf(text);
    const from = start === null ? 0 : countOnly(start);
    if (from > length) return -1;
    return Math.max(0, from < 0 ? from + length : from) + lengthOf(inside.slice(0, at));
}

/** @param {string} text @param {string} part */
export function count(text, part) {
    return part === '' ? lengthOf(text) + 1 : text.split(part).length - 1;
}

/** @param {string} text */
export function capitalize(text) {
    const [first = ''] = characters(text);
    return titleCase(first) + text.toLowerCase().slice(first.toLowerCase().length);
}

/** @param {string} one */
function titleCase(one) {
    const upper = one.toUpperCase();
    if (TITLES.test(one) || upper.length > one.length) throw unsupported(`the title case of ${one}`);
    return upper;
}

/** @param {string} text */
export function title(text) {
    if (text.includes('\u03a3')) throw unsupported('the title case of \u03a3');
    let isCased = false;
    return characters(text).map((one) => {
        const made = isCased ? one.toLowerCase() : titleCase(one);
        isCased = /\p{Cased}/u.test(one);
        return made;
    }).join('');
}

/** @param {string} text */
export function swapCase(text) {
    if (text.includes('\u03a3')) throw unsupported('swapcase() of \u03a3');
    return characters(text).map((one) => (/\p{Uppercase}/u.test(one) ? one.toLowerCase() : /\p{Lowercase}/u.test(one) ? one.toUpperCase() : one)).join('');
}

/** @param {string} text */
export function caseFold(text) {
    if (/[^\x00-\x7f]/.test(text)) throw unsupported('casefold() of letters beyond ASCII');
    return text.toLowerCase();
}

/** @param {string} text @param {number} width @param {Value} fill @param {'left' | 'right' | 'both'} side where it is filled */
export function pad(text, width, fill, side) {
    const by = textOnly(fill);
    if (lengthOf(by) !== 1) throw wrong('the text to fill with must be one character');
    const missing = Math.max(0, width - lengthOf(text));
    const left = side === 'left' ? missing : side === 'right' ? 0 : Math.floor(missing / 2) + (missing & width & 1);
    return by.repeat(left) + text + by.repeat(missing - left);
}

/** @param {string} text @param {number} width */
export function zeroFill(text, width) {
    const sign = /^[-+]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(Math.max(0, width - lengthOf(text))) + text.slice(sign.length);
}

/** @param {string} text @param {Value} separator @param {boolean} isLast @returns {Tuple} */
export function partition(text, separator, isLast) {
    const by = separatorOf(separator);
    const at = isLast ? text.lastIndexOf(by) : text.indexOf(by);
    if (at < 0) return new Tuple(isLast ? ['', '', text] : [text, '', '']);
    return new Tuple([text.slice(0, at), by, text.slice(at + by.length)]);
}

/** @param {string} by @param {Value} items @param {(length: number) => void} room */
export function join(by, items, room) {
    const texts = [...itemsOf(items)].map(textOnly);
    room(texts.reduce((sum, one) => sum + one.length, 0) + by.length * texts.length);
    return texts.join(by);
}

/** Patterns for non-empty texts whose characters are all of one kind. @type {Record<string, RegExp>} */
const KINDS = {
    isalpha: /^\p{L}+$/u, isalnum: /^[\p{L}\p{N}]+$/u, isdecimal: /^\p{Nd}+$/u, isdigit: /^\p{Nd}+$/u, isnumeric: /^\p{N}+$/u, isspace: ALL_SPACES,
};

/** @param {string} name of the method @param {string} text */
export function isAll(name, text) {
    if (name === 'isascii') return !/[^\x00-\x7f]/.test(text);
    if (name === 'isdigit' && /\p{No}/u.test(text)) throw unsupported('isdigit() of such digits');
    if (name === 'isnumeric' && /\p{Unified_Ideograph}/u.test(text)) throw unsupported('isnumeric() of ideographs');
    if (name === 'islower') return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
    if (name === 'isupper') return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
    if (name === 'istitle') return /\p{Cased}/u.test(text) && title(text) === text;
    return KINDS[name].test(text);
}
