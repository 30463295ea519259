/**
 * Python's values, as far as templates meet them. Text, booleans, None and integers are JavaScript's own; lists are
 * arrays; all others are classes of these here. Strings count in code points.
 */
import { unsupported, wrong } from './errors.js';

/** @typedef {any} Value */

/** A number of Python's type float. */
export class Float {
    /** @param {number} value */
    constructor(value) {
        this.value = value;
    }
}

export class Tuple {
    /** @param {Value[]} items */
    constructor(items) {
        this.items = items;
    }
}

export class Undefined {
    /** @param {string} reason what is not there */
    constructor(reason) {
        this.reason = reason;
    }
}

/** Text that is safe in HTML: Python would escape what is added to it. */
export class Markup {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
    }
}

/** A generator: it can be gone through once. */
export class Lazy {
    /** @param {Iterator<Value>} items */
    constructor(items) {
        this.items = items;
    }
}

/** The results of dict.items(), keys() and values(). */
export class View {
    /** @param {'dict_items' | 'dict_keys' | 'dict_values'} name @param {Value[]} items */
    constructor(name, items) {
        this.name = name;
        this.items = items;
    }
}

export class Range {
    /** @param {number} start @param {number} stop @param {number} step */
    constructor(start, stop, step) {
        this.start = start;
        this.stop = stop;
        this.step = step;
        this.length = Math.max(0, Math.ceil((stop - start) / step));
    }

    get items() {
        return Array.from({ length: this.length }, (_, i) => this.start + i * this.step);
    }
}

export class Namespace {
    /** @type {Map<string, Value>} */
    members = new Map();
}

/** @typedef {(args: Value[], kwargs: Map<string, Value>) => Value} Apply */

export class Callable {
    /** @param {string} name @param {Apply} apply */
    constructor(name, apply) {
        this.name = name;
        this.apply = apply;
    }
}

export class Dict {
    /** @type {Map<string, [Value, Value]>} */
    _entries = new Map();

    /** @param {Iterable<[Value, Value]>} [entries] */
    constructor(entries = []) {
        for (const [key, value] of entries) this.set(key, value);
    }

    get size() {
        return this._entries.size;
    }

    /** @param {Value} key @param {Value} value */
    set(key, value) {
        const hash = hashOf(key), known = this._entries.get(hash);
        if (known) known[1] = value;
        else this._entries.set(hash, [key, value]);
    }

    /** @param {Value} key @returns {Value | undefined} */
    get(key) {
        return this._entries.get(hashOf(key))?.[1];
    }

    /** @param {Value} key */
    has(key) {
        return this._entries.has(hashOf(key));
    }

    entries() {
        return [...this._entries.values()];
    }

    keys() {
        return this.entries().map(([key]) => key);
    }

    values() {
        return this.entries().map(([, value]) => value);
    }
}

/** The same for keys that are equal. @param {Value} key @returns {string} */
function hashOf(key) {
    if (typeof key === 'string') return `s${key}`;
    if (key instanceof Markup) return `s${key.text}`;
    if (isNumber(key)) return `n${numberOf(key)}`;
    if (key === null) return 'none';
    if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashOf))}`;
    if (key instanceof Undefined) return 'undefined';
    throw wrong(`a ${typeName(key)} cannot be a key`);
}

/** Data of the request as values. @param {unknown} data @returns {Value} */
export function valueOf(data) {
    if (Array.isArray(data)) return data.map(valueOf);
    if (typeof data === 'number') return Number.isInteger(data) ? data : new Float(data);
    if (typeof data !== 'object' || data === null) return data ?? null;
    return new Dict(Object.entries(data).filter(([, one]) => one !== undefined).map(([key, one]) => [key, valueOf(one)]));
}

/** @type {[Function, string][]} */
const NAMES = [[Array, 'list'], [Float, 'float'], [Tuple, 'tuple'], [Dict, 'dict'], [Undefined, 'Undefined'], [Markup, 'Markup'],
    [Lazy, 'generator'], [Range, 'range'], [Namespace, 'Namespace'], [Callable, 'function']];
/** @type {Record<string, string>} */
const PRIMITIVES = { string: 'str', number: 'int', boolean: 'bool', object: 'NoneType' };

/** @param {Value} value @returns {string} the name of its type */
export function typeName(value) {
    if (value instanceof View) return value.name;
    return NAMES.find(([type]) => value instanceof type)?.[1] ?? PRIMITIVES[typeof value] ?? 'object';
}

/** @param {Value} value */
export const isInteger = (value) => typeof value === 'number' || typeof value === 'boolean';
/** @param {Value} value */
export const isNumber = (value) => isInteger(value) || value instanceof Float;
/** @param {Value} value */
export const numberOf = (value) => (value instanceof Float ? value.value : Number(value));
/** @param {Value} value */
export const isText = (value) => typeof value === 'string' || value instanceof Markup;

/** An integer that was computed. @param {number} value */
export function integer(value) {
    if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
    throw unsupported('an integer of more than 53 bits');
}

/** @param {Value} value */
export function isTrue(value) {
    if (value === null || value === false || value === 0 || value === '' || value instanceof Undefined) return false;
    if (value instanceof Float) return value.value !== 0;
    if (value instanceof Markup) return value.text !== '';
    if (value instanceof Dict) return value.size > 0;
    const items = Array.isArray(value) ? value : value instanceof Tuple || value instanceof View || value instanceof Range ? value.items : null;
    return !items || items.length > 0;
}

const ASTRAL = /[\ud800-\udfff]/;

/** The characters of a text. @param {string} text */
export const characters = (text) => (ASTRAL.test(text) ? Array.from(text) : text.split(''));

/** @param {string} text */
export const lengthOf = (text) => (ASTRAL.test(text) ? Array.from(text).length : text.length);

/** The items of what can be gone through, else null. A generator is used up by it.
 * @param {Value} value @returns {Iterable<Value> | null} */
export function iterate(value) {
    if (Array.isArray(value)) return value;
    if (typeof value === 'string') return characters(value);
    if (value instanceof Markup) return characters(value.text);
    if (value instanceof Dict) return value.keys();
    if (value instanceof Undefined) return [];
    if (value instanceof Lazy) return { [Symbol.iterator]: () => ({ next: () => value.items.next() }) };
    return value instanceof Tuple || value instanceof View || value instanceof Range ? value.items : null;
}

/** @param {Value} value @returns {Iterable<Value>} */
export function itemsOf(value) {
    const items = iterate(value);
    if (!items) throw wrong(`a ${typeName(value)} cannot be iterated`);
    return items;
}

/** Python's len(), else null. @param {Value} value @returns {number | null} */
export function sizeOf(value) {
    if (typeof value === 'string') return lengthOf(value);
    if (value instanceof Markup) return lengthOf(value.text);
    if (Array.isArray(value) || value instanceof Range) return value.length;
    if (value instanceof Dict) return value.size;
    if (value instanceof Undefined) return 0;
    return value instanceof Tuple || value instanceof View ? value.items.length : null;
}
