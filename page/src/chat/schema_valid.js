/**
 * Whether a value is valid under a schema: for those that `enum` and `const` name, of which a grammar
 * lets through the valid ones only. It knows the words that become grammars, and refuses the others.
 */
import { isObject } from '../shared/checks.js';
import { parseGrammar } from './grammar.js';
import { accepts } from './grammar_cost.js';
import { RuleSet } from './gbnf.js';
import { expressionOfPattern } from './pattern.js';
import { assertions, same } from './schema_merge.js';

/** @import { Schema } from './schema_merge.js' */

/**
 * What the root schema provides.
 * @typedef {object} Root
 * @property {(reference: string, at: string) => unknown} find the schema that a `$ref` names
 * @property {(flat: Schema, at: string) => void} check that all keywords are known
 * @property {(at: string, run: () => boolean) => boolean} within limits the number and the depth of the schemas that are visited
 * @property {(at: string, what: string) => Error} invalid
 * @property {string} field
 * @property {Map<string, import('./grammar.js').Rules>} patterns those that were met, as grammars
 */

/** @type {Record<string, (value: any) => boolean>} */
const TYPES = {
    object: isObject, array: Array.isArray, string: (value) => typeof value === 'string', number: (value) => typeof value === 'number',
    integer: Number.isInteger, boolean: (value) => typeof value === 'boolean', null: (value) => value === null,
};
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-](\d\d):(\d\d))$/i;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** @type {Record<string, (text: string) => boolean>} */
const FORMATS = {
    date: isDate, time: isTime, uuid: (text) => UUID.test(text),
    'date-time': (text) => /^.{10}t/is.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
};

/** @param {string} text */
function isDate(text) {
    const [year, month, day] = (DATE.exec(text) ?? []).slice(1).map(Number);
    if (!(month >= 1 && month <= 12 && day >= 1)) return false;
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return day <= (month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

/** @param {string} text */
function isTime(text) {
    const [hour, minute, second, zoneHour = 0, zoneMinute = 0] = (TIME.exec(text) ?? []).slice(1).map((one) => Number(one ?? 0));
    return hour <= 23 && minute <= 59 && second <= 59 && zoneHour <= 23 && zoneMinute <= 59;
}

/** @param {unknown} value @param {unknown} schema @param {string} at @param {Root} root @returns {boolean} */
export function isValid(value, schema, at, root) {
    return root.within(at, () => isValidThere(value, schema, at, root));
}

/** @param {unknown} value @param {unknown} schema @param {string} at @param {Root} root @returns {boolean} */
function isValidThere(value, schema, at, root) {
    if (typeof schema === 'boolean') return schema;
    if (!isObject(schema)) throw root.invalid(at, 'there is neither an object nor a boolean');
    const { $ref, allOf = [], anyOf, oneOf, ...flat } = assertions(schema);
    root.check(flat, at);
    /** @param {unknown} one */
    const holds = (one) => isValid(value, one, at, root);
    return ($ref === undefined || holds(root.find($ref, at)))
        && listOf(allOf, 'allOf', at, root).every(holds)
        && (anyOf === undefined || listOf(anyOf, 'anyOf', at, root).some(holds))
        && (oneOf === undefined || listOf(oneOf, 'oneOf', at, root).filter(holds).length === 1)
        && isOfWords(value, flat, at, root);
}

/** @param {unknown} list @param {string} word @param {string} at @param {Root} root @returns {unknown[]} */
function listOf(list, word, at, root) {
    if (Array.isArray(list)) return list;
    throw root.invalid(at, `"${word}" is no list`);
}

/** @param {unknown} value @param {Schema} flat @param {string} at @param {Root} root @returns {boolean} */
function isOfWords(value, flat, at, root) {
    if (flat.type !== undefined && ![flat.type].flat().some((type) => Object.hasOwn(TYPES, type) && TYPES[type](value))) return false;
    if (Object.hasOwn(flat, 'const') && !same(value, flat.const)) return false;
    if (flat.enum !== undefined && !listOf(flat.enum, 'enum', at, root).some((one) => same(value, one))) return false;
    if (typeof value === 'number') return isBetween(value, flat);
    if (typeof value === 'string') return isText(value, flat, at, root);
    if (Array.isArray(value)) return isList(value, flat, at, root);
    return !isObject(value) || isMembers(value, flat, at, root);
}

/** @param {number} value @param {Schema} flat */
function isBetween(value, { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity }) {
    return value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
}

/** @param {string} value @param {Schema} flat @param {string} at @param {Root} root */
function isText(value, { minLength = 0, maxLength = Infinity, pattern, format }, at, root) {
    const length = Array.from(value).length;
    if (length < minLength || length > maxLength) return false;
    if (typeof format === 'string' && Object.hasOwn(FORMATS, format) && !FORMATS[format](value)) return false;
    return pattern === undefined || hasPattern(value, pattern, at, root);
}

/** By the grammar of the pattern, since an expression of JavaScript may take for ever.
 * @param {string} value @param {unknown} pattern @param {string} at @param {Root} root */
function hasPattern(value, pattern, at, root) {
    if (typeof pattern !== 'string') throw root.invalid(at, '"pattern" is not a string');
    const rules = root.patterns.get(pattern) ?? rulesOf(pattern, at, root);
    root.patterns.set(pattern, rules);
    return accepts(rules, JSON.stringify(value), root.field);
}

/** @param {string} pattern @param {string} at @param {Root} root */
function rulesOf(pattern, at, root) {
    const rules = new RuleSet(root.field);
    return parseGrammar(rules.grammar(`"\\"" ${expressionOfPattern(pattern, rules, at)} "\\""`));
}

/** @param {unknown[]} value @param {Schema} flat @param {string} at @param {Root} root */
function isList(value, { items = true, prefixItems = [], minItems = 0, maxItems = Infinity }, at, root) {
    if (value.length < minItems || value.length > maxItems) return false;
    const first = listOf(prefixItems, 'prefixItems', at, root);
    return value.every((one, i) => (i < first.length ? isValid(one, first[i], `${at}/prefixItems/${i}`, root) : isValid(one, items, `${at}/items`, root)));
}

/** @param {Record<string, unknown>} value @param {Schema} flat @param {string} at @param {Root} root */
function isMembers(value, { properties = {}, required = [], additionalProperties = true }, at, root) {
    if (!isObject(properties)) throw root.invalid(at, '"properties" is not an object');
    if (!listOf(required, 'required', at, root).every((name) => Object.hasOwn(value, String(name)))) return false;
    return Object.entries(value).every(([name, one]) => (Object.hasOwn(properties, name)
        ? isValid(one, properties[name], `${at}/properties/${name}`, root) : isValid(one, additionalProperties, `${at}/additionalProperties`, root)));
}
