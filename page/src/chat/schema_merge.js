/**
 * Merges schemas that apply at the same time (`allOf`, keywords next to a `$ref` or an `anyOf`) into one.
 * Keywords that one schema cannot express are refused by name.
 */
import { isObject } from '../shared/checks.js';

/** @typedef {Record<string, any>} Schema */

/** Words that say nothing about what is valid. */
const NOTES = new Set([
    '$schema', '$id', '$anchor', '$comment', '$defs', 'definitions', 'title', 'description', 'default',
    'examples',
    'example', 'deprecated', 'readOnly', 'writeOnly', 'strict', 'contentMediaType', 'contentEncoding',
]);

/** For each keyword, the narrower of two bounds. @type {Record<string, (a: any, b: any) => any>} */
const MERGED = {
    minimum: Math.max, exclusiveMinimum: Math.max, minLength: Math.max, minItems: Math.max,
    maximum: Math.min, exclusiveMaximum: Math.min, maxLength: Math.min, maxItems: Math.min,
    required: (a, b) => [...new Set([...a, ...b])],
    items: (a, b) => ({ allOf: [a, b] }),
    properties: (a, b) => mergeProperties(a, b),
    type: (a, b) => commonTypes([a].flat(), [b].flat()),
    enum: (a, b) => a.filter((/** @type {any} */ one) =>
        b.some((/** @type {any} */ other) => same(one, other))),
};

/** The words of `schema` that say what is valid. @param {Schema} schema @returns {Schema} */
export function assertions(schema) {
    return Object.fromEntries(Object.entries(schema).filter(([word]) => !NOTES.has(word)));
}

/**
 * @param {Schema} one @param {Schema} other both without `$ref` and `allOf`
 * @param {(word: string) => Error} refusal
 * @returns {Schema}
 */
export function merge(one, other, refusal) {
    const [a, b] = [constAsEnum(assertions(one)), constAsEnum(assertions(other))];
    if (closes(a, b) || closes(b, a)) throw refusal('additionalProperties');
    if (!same(a.prefixItems, b.prefixItems) && (covers(a, b) || covers(b, a))) throw refusal('items');
    const out = { ...a };
    for (const [word, value] of Object.entries(b)) {
        if (!Object.hasOwn(a, word) || same(a[word], value)) out[word] = value;
        else if (!Object.hasOwn(MERGED, word)) throw refusal(word);
        else out[word] = mergeWord(word, a[word], value, refusal);
    }
    return out;
}

/** @param {string} word @param {any} a @param {any} b @param {(word: string) => Error} refusal */
function mergeWord(word, a, b, refusal) {
    const isList = word === 'required' || word === 'enum';
    const isProperties = word === 'properties';
    for (const value of [a, b]) {
        if (isList ? !Array.isArray(value) : isProperties && !isObject(value)) throw refusal(word);
    }
    return MERGED[word](a, b);
}

/** Whether `a` says something of other properties than its own, and `b` names others.
 * @param {Schema} a @param {Schema} b */
function closes(a, b) {
    return ![undefined, true].includes(a.additionalProperties) && isObject(b.properties)
        && Object.keys(b.properties).some((name) => !Object.hasOwn(a.properties ?? {}, name));
}

/** Whether the items of `a` are some of those that `b` has at the beginning. @param {Schema} a @param {Schema} b */
function covers(a, b) {
    return ![undefined, true].includes(a.items) && b.prefixItems !== undefined;
}

/** @param {Schema} schema @returns {Schema} */
function constAsEnum(schema) {
    if (!Object.hasOwn(schema, 'const')) return schema;
    const { const: only, ...rest } = schema;
    return { ...rest, enum: Array.isArray(rest.enum) ? rest.enum.filter((one) => same(one, only)) : [only] };
}

/** @param {Schema} a @param {Schema} b */
function mergeProperties(a, b) {
    /** @type {[string, any][]} */
    const entries = Object.entries(a).map(([name, one]) =>
        [name, Object.hasOwn(b, name) ? { allOf: [one, b[name]] } : one]);
    for (const [name, one] of Object.entries(b)) if (!Object.hasOwn(a, name)) entries.push([name, one]);
    return Object.fromEntries(entries);
}

/** @param {unknown[]} a @param {unknown[]} b */
function commonTypes(a, b) {
    const both = a.filter((one) => b.includes(one) || (one === 'integer' && b.includes('number')));
    if (!both.includes('integer') && a.includes('number') && b.includes('integer')) both.push('integer');
    return both;
}

/** Whatever the order of members. @param {any} a @param {any} b @returns {boolean} */
export function same(a, b) {
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i]));
    if (!isObject(a) || !isObject(b)) return a === b;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}
