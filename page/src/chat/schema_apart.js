/**
 * Whether two schemas of a `oneOf` are apart: that what the grammar of the one lets through is never valid
 * under the other. Where that is not seen, a grammar for both would let through what holds under both.
 */
import { isObject } from '../shared/checks.js';
import { isValid } from './schema_valid.js';

/** @import { Schema } from './schema_merge.js' */
/** @import { Root } from './schema_valid.js' */

/** Properties within properties that are looked at. */
const MAX_DEPTH = 4;

/**
 * @typedef {object} Around
 * @property {string} at
 * @property {(schema: unknown) => Schema} flatten
 * @property {(flat: Schema) => string[]} typesOf those that its grammar lets through; empty: any
 * @property {Root} root
 */

/** @param {Schema} one @param {Schema} other both flat @param {Around} around @param {number} [depth] @returns {boolean} */
export function isApart(one, other, around, depth = 0) {
    const values = literalsOf(one);
    if (values) return values.every((value) => !isValid(value, other, around.at, around.root));
    const types = around.typesOf(one);
    if (one.anyOf || one.oneOf || types.length === 0) return false;
    return types.every((type) => !allows(other, type) || (type === 'object' && areMembersApart(one, other, around, depth)));
}

/** @param {Schema} flat @returns {unknown[] | null} */
function literalsOf(flat) {
    if (Object.hasOwn(flat, 'const')) return [flat.const];
    return Array.isArray(flat.enum) ? flat.enum : null;
}

/** Whether a value of the type may be valid. @param {Schema} other @param {string} type */
function allows(other, type) {
    const values = literalsOf(other);
    if (values && !values.some((value) => isOfType(value, type))) return false;
    if (other.type === undefined) return true;
    const types = [other.type].flat();
    return types.includes(type) || (type === 'integer' && types.includes('number')) || (type === 'number' && types.includes('integer'));
}

/** @param {unknown} value @param {string} type */
function isOfType(value, type) {
    if (type === 'object') return isObject(value);
    if (type === 'array') return Array.isArray(value);
    if (type === 'null') return value === null;
    return typeof value === (type === 'integer' ? 'number' : type);
}

/** @param {Schema} one @param {Schema} other @param {Around} around @param {number} depth */
function areMembersApart(one, other, around, depth) {
    const [mine, theirs] = [one, other].map(({ properties, required }) => ({
        properties: isObject(properties) ? properties : {}, required: Array.isArray(required) ? required.map(String) : [],
    }));
    const isClosed = (one.properties !== undefined || one.required !== undefined) && (one.additionalProperties ?? false) === false;
    const written = new Set([...Object.keys(mine.properties), ...mine.required]);
    if (isClosed && theirs.required.some((name) => !written.has(name))) return true;
    if (other.additionalProperties === false && mine.required.some((name) => !Object.hasOwn(theirs.properties, name))) return true;
    return depth < MAX_DEPTH && mine.required.some((name) => {
        if (!Object.hasOwn(mine.properties, name) || !Object.hasOwn(theirs.properties, name)) return false;
        return isApart(around.flatten(mine.properties[name]), around.flatten(theirs.properties[name]), around, depth + 1);
    });
}
