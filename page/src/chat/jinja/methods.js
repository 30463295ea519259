/** The attributes of values: methods of Python's that change nothing. */
import { REQUIRED, bind } from './bind.js';
import { unsupported, wrong } from './errors.js';
import { formatFields } from './format.js';
import { equal } from './operators.js';
import * as strings from './strings.js';
import { Callable, Dict, Float, Lazy, Markup, Namespace, Range, Tuple, Undefined, View, isNumber } from './values.js';

/** @import { Parameters } from './bind.js' */
/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */

const { textOnly, countOnly } = strings;

/** `hasNames`: whether the arguments may be given by name.
 * @typedef {{parameters: Parameters, run: (self: any, given: Record<string, Value>, budget: Budget) => Value, hasNames: boolean}} Method */

/** @param {Parameters} parameters @param {Method['run']} run @param {boolean} [hasNames] @returns {Method} */
const method = (parameters, run, hasNames = false) => ({ parameters, run, hasNames });

const PART = { part: REQUIRED, start: null, end: null };
const FILL = { width: REQUIRED, fill: ' ' };
const SPLIT = { sep: null, maxsplit: -1 };

/** @param {'left' | 'right' | 'both'} side */
const stripper = (side) => method({ chars: null }, (text, { chars }) => strings.strip(text, chars, side));
/** @param {'left' | 'right' | 'both'} side */
const padder = (side) => method(FILL, (text, { width, fill }, budget) => {
    budget.room(Math.max(0, countOnly(width)));
    return strings.pad(text, countOnly(width), fill, side);
});
/** @param {boolean} isLast @param {boolean} isStrict */
const finder = (isLast, isStrict) => method(PART, (text, { part, start, end }) => {
    const at = strings.find(text, textOnly(part), start, end, isLast);
    if (at < 0 && isStrict) throw wrong('the text is not found');
    return at;
});
/** @param {(text: string) => Value} run */
const plain = (run) => method({}, (text) => run(text));

/** @type {Record<string, Method>} */
const TEXT = {
    strip: stripper('both'), lstrip: stripper('left'), rstrip: stripper('right'),
    split: method(SPLIT, (text, { sep, maxsplit }) => strings.split(text, sep, maxsplit), true),
    rsplit: method(SPLIT, (text, { sep, maxsplit }) => strings.rsplit(text, sep, maxsplit), true),
    splitlines: method({ keepends: false }, (text, { keepends }) => strings.splitLines(text, Boolean(countOnly(keepends))), true),
    replace: method({ old: REQUIRED, new: REQUIRED, count: -1 }, (text, { old, new: by, count }, budget) =>
        strings.replace(text, textOnly(old), textOnly(by), countOnly(count), (length) => budget.room(length))),
    startswith: method(PART, (text, { part, start, end }) => strings.hasEnd(text, part, (one) => isIn(text, start) && strings.between(text, start, end).startsWith(one))),
    endswith: method(PART, (text, { part, start, end }) => strings.hasEnd(text, part, (one) => isIn(text, start) && strings.between(text, start, end).endsWith(one))),
    find: finder(false, false), rfind: finder(true, false), index: finder(false, true), rindex: finder(true, true),
    count: method(PART, (text, { part, start, end }) => (isIn(text, start) ? strings.count(strings.between(text, start, end), textOnly(part)) : 0)),
    join: method({ items: REQUIRED }, (text, { items }, budget) => strings.join(text, items, (length) => budget.room(length))),
    lower: plain((text) => text.toLowerCase()), upper: plain((text) => text.toUpperCase()),
    capitalize: plain(strings.capitalize), title: plain(strings.title), swapcase: plain(strings.swapCase), casefold: plain(strings.caseFold),
    center: padder('both'), ljust: padder('right'), rjust: padder('left'),
    zfill: method({ width: REQUIRED }, (text, { width }, budget) => {
        budget.room(Math.max(0, countOnly(width)));
        return strings.zeroFill(text, countOnly(width));
    }),
    partition: method({ sep: REQUIRED }, (text, { sep }) => strings.partition(text, sep, false)),
    rpartition: method({ sep: REQUIRED }, (text, { sep }) => strings.partition(text, sep, true)),
    removeprefix: method({ part: REQUIRED }, (text, { part }) => (text.startsWith(textOnly(part)) ? text.slice(part.length) : text)),
    removesuffix: method({ part: REQUIRED }, (text, { part }) => (part !== '' && text.endsWith(textOnly(part)) ? text.slice(0, -part.length) : text)),
    ...Object.fromEntries(['isalpha', 'isalnum', 'isascii', 'isdecimal', 'isdigit', 'islower', 'isnumeric', 'isspace', 'istitle', 'isupper']
        .map((name) => [name, plain((text) => strings.isAll(name, text))])),
};

/** Whether a part of a text can begin there. @param {string} text @param {Value} start */
const isIn = (text, start) => start === null || countOnly(start) <= Array.from(text).length;

/** @type {Record<string, Method>} */
const DICT = {
    get: method({ key: REQUIRED, default: null }, (/** @type {Dict} */ dict, given) => (dict.has(given.key) ? dict.get(given.key) : given.default)),
    items: method({}, (/** @type {Dict} */ dict) => new View('dict_items', dict.entries().map((entry) => new Tuple([...entry])))),
    keys: method({}, (/** @type {Dict} */ dict) => new View('dict_keys', dict.keys())),
    values: method({}, (/** @type {Dict} */ dict) => new View('dict_values', dict.values())),
    copy: method({}, (/** @type {Dict} */ dict) => new Dict(dict.entries())),
};

/** @type {Record<string, Method>} */
const SEQUENCE = {
    count: method({ value: REQUIRED }, (self, { value }, budget) => listOf(self).filter((one) => equal(one, value, budget)).length),
    index: method({ value: REQUIRED }, (self, { value }, budget) => {
        const at = listOf(self).findIndex((one) => equal(one, value, budget));
        if (at < 0) throw wrong('the value is not in the list');
        return at;
    }),
};

/** @type {Record<string, Method>} */
const LIST = { ...SEQUENCE, copy: method({}, (list) => [...list]) };

/** @param {Value} self @returns {Value[]} */
const listOf = (self) => (Array.isArray(self) ? self : self.items);

/** Methods that change what they are of: the sandbox hides them. */
const CHANGING = {
    list: ['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'],
    dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};
/** Attributes of Python's that are not here. */
const MISSING = {
    text: ['encode', 'expandtabs', 'format_map', 'isidentifier', 'isprintable', 'maketrans', 'translate'],
    dict: ['fromkeys'],
    number: ['real', 'imag', 'numerator', 'denominator', 'bit_length', 'bit_count', 'conjugate', 'is_integer', 'hex', 'fromhex', 'as_integer_ratio', 'to_bytes', 'from_bytes'],
    range: ['start', 'stop', 'step'],
    view: ['mapping', 'isdisjoint'],
    lazy: ['send', 'throw', 'close'],
    markup: [...Object.keys(TEXT), 'format', 'escape', 'unescape', 'striptags'],
    function: ['name', 'arguments', 'catch_kwargs', 'catch_varargs', 'caller', 'explicit_caller'],
};

/** @typedef {{is: (value: Value) => boolean, methods?: Record<string, Method>, changing?: string[], missing?: string[]}} Kind */
/** @type {Kind[]} */
const KINDS = [
    { is: (value) => typeof value === 'string', methods: TEXT, missing: MISSING.text },
    { is: (value) => value instanceof Dict, methods: DICT, changing: CHANGING.dict, missing: MISSING.dict },
    { is: Array.isArray, methods: LIST, changing: CHANGING.list },
    { is: (value) => value instanceof Tuple, methods: SEQUENCE },
    { is: (value) => value instanceof Range, methods: SEQUENCE, missing: MISSING.range },
    { is: (value) => isNumber(value) || value instanceof Float, missing: MISSING.number },
    { is: (value) => value instanceof View, missing: MISSING.view },
    { is: (value) => value instanceof Lazy, missing: MISSING.lazy },
    { is: (value) => value instanceof Markup, missing: MISSING.markup },
    { is: (value) => value instanceof Callable, missing: MISSING.function },
];

/** The result of Python's getattr(), or undefined. @param {Value} value @param {string} name @param {Budget} budget @returns {Value | undefined} */
export function attributeOf(value, name, budget) {
    if (value instanceof Undefined) throw wrong(value.reason);
    if (value instanceof Namespace) return value.members.get(name);
    if (typeof value === 'string' && name === 'format') return new Callable(name, (args, kwargs) => formatFields(value, args, kwargs, budget));
    const kind = KINDS.find(({ is }) => is(value));
    if (!kind) return undefined;
    if (kind.changing?.includes(name)) return new Undefined(`${name}() changes a value, which templates must not`);
    if (kind.missing?.includes(name)) throw unsupported(`.${name}`);
    return kind.methods && Object.hasOwn(kind.methods, name) ? bound(kind.methods[name], value, name, budget) : undefined;
}

/** @param {Method} one @param {Value} self @param {string} name @param {Budget} budget */
function bound({ parameters, run, hasNames }, self, name, budget) {
    return new Callable(name, (args, kwargs) => {
        if (kwargs.size > 0 && !hasNames) throw wrong(`${name}() takes no arguments by name`);
        const made = run(self, bind(name, parameters, args, kwargs), budget);
        if (typeof made === 'string') return budget.text(made);
        if (Array.isArray(made)) budget.list(made.length);
        return made;
    });
}
