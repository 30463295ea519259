/**
 * JSON schemas as grammars. Everything that such a grammar accepts is valid under the schema, but it does not
 * accept everything that is valid. Properties come in the schema's order. Others are accepted only if
 * `additionalProperties` asks for them. There is little white space. Only valid values of `enum` and `const` are
 * accepted.
 *
 * A keyword of JSON Schema that no grammar can express is refused by its name, and so is a `oneOf` whose
 * schemas can be valid at the same time. Unknown keywords and formats are annotations, as in the standard.
 */
import { Failure } from '../engine/failure.js';
import { isObject } from '../shared/checks.js';
import { RuleSet, literal } from './gbnf.js';
import { integersBetween } from './integers.js';
import { MAX_BYTES, MAX_DEPTH, MAX_REPEATS, byteLength } from './limits.js';
import { objectRule } from './schema_object.js';
import { expressionOfPattern } from './pattern.js';
import { isApart } from './schema_apart.js';
import { assertions, merge, same } from './schema_merge.js';
import { isValid } from './schema_valid.js';

/** @import { Schema } from './schema_merge.js' */

/** Keywords that restrict validity and that a grammar cannot express. A keyword with a value here has no
 * effect at that value. @type {Record<string, unknown>} */
const REFUSED = {
    not: undefined, if: undefined, then: undefined, else: undefined, patternProperties: undefined,
    propertyNames: undefined,
    dependentRequired: undefined, dependentSchemas: undefined, dependencies: undefined, contains: undefined,
    minContains: undefined, maxContains: undefined, unevaluatedProperties: false, unevaluatedItems: false,
    uniqueItems: false,
    multipleOf: undefined, minProperties: 0, maxProperties: undefined, $dynamicRef: undefined,
    $recursiveRef: undefined,
};
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
/** The types that a schema without `type` describes, by its keywords. */
const WORDS_OF = {
    object: ['properties', 'required', 'additionalProperties'],
    array: ['items', 'prefixItems', 'minItems', 'maxItems'],
    string: ['pattern', 'minLength', 'maxLength', 'format'],
    number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};
const FORMATS = /** @type {const} */ (['date', 'time', 'date-time', 'uuid']);
/** Schemas looked at, those that are merged again and again counted each time. */
const MAX_WORK = 10000;
/** Values that are looked at under a schema. */
const MAX_CHECKS = 50000;
/** An integer has at most 16 digits. */
const LAST_INTEGER = 1e16;

/**
 * @param {unknown} schema
 * @param {string} [field] which part of the request it is
 * @returns {string} a grammar that llama.cpp takes
 * @throws {Failure} input_invalid
 */
export function grammarOfSchema(schema, field = 'options.json_schema') {
    const rules = new RuleSet(field);
    return rules.grammar(schemaRule(schema, rules, field));
}

/**
 * The rule for a schema among others of a grammar.
 * @param {unknown} schema @param {RuleSet} rules @param {string} field
 * @returns {string} its name
 */
export function schemaRule(schema, rules, field) {
    checkSize(schema, field);
    return new Converter(schema, rules, field).run();
}

/**
 * That a schema, or another object from a client, is small enough to be worked on.
 * @param {unknown} value @param {string} field @param {number} [most] bytes
 */
export function checkSize(value, field, most = MAX_BYTES) {
    const expected = `JSON of at most ${most} bytes, ${3 * MAX_DEPTH} levels deep`;
    /** @type {[unknown, number][]} */
    const open = [[value, 1]];
    for (let next = open.pop(); next; next = open.pop()) {
        const [one, depth] = next;
        if (typeof one !== 'object' || one === null) continue;
        if (depth > 3 * MAX_DEPTH) {
            throw new Failure('input_invalid', `${field} is nested too deeply`, { field, expected });
        }
        for (const inner of Object.values(one)) open.push([inner, depth + 1]);
    }
    if (byteLength(JSON.stringify(value) ?? '') > most) {
        throw new Failure('input_invalid', `${field} is too large`, { field, expected });
    }
}

/** No value can be valid: an alternative is left out then. */
class NothingLeft extends Failure {}

export class Converter {
    /** @param {unknown} schema @param {RuleSet} rules @param {string} field */
    constructor(schema, rules, field) {
        this._root = schema;
        this.rules = rules;
        this._field = field;
        this._work = 0;
        /** The rules of what is referred to, by its reference. @type {Map<string, string>} */
        this._references = new Map();
        /** Those whose rules are still to be made. @type {[string, string][]} */
        this._open = [];
        this._checks = 0;
        /** Schemas within each other, of those under which a value is looked at. */
        this._nested = 0;
        /** @type {import('./schema_valid.js').Root} */
        this._validity = {
            field, patterns: new Map(), find: (reference, at) => this._find(reference, at), check: (flat, at) => this._check(flat, at),
            within: (at, run) => this._within(at, run), invalid: (at, what) => this.invalid(at, what),
        };
    }

    run() {
        const name = this.value(this._root, '#', 0);
        // Not made where they are met: references may form a chain that is longer than our stack.
        for (let next = this._open.pop(); next; next = this._open.pop()) {
            const [reference, rule] = next;
            this.rules.define(rule, this.value(this._find(reference), reference, 0));
        }
        return name;
    }

    /**
     * @param {unknown} schema @param {string} at a pointer to it @param {number} depth
     * @returns {string} the name of a rule
     */
    value(schema, at, depth) {
        if (schema === true) return this.rules.shared('value');
        if (schema === false) throw this.refusal(at, 'false, which allows nothing,');
        if (isObject(schema) && typeof schema.$ref === 'string'
            && Object.keys(assertions(schema)).length === 1) {
            return this._reference(schema.$ref, at);
        }
        const flat = this._flat(schema, at, depth);
        this._check(flat, at);
        if (Object.hasOwn(flat, 'const')) return this._literals([flat.const], flat, at);
        if (Object.hasOwn(flat, 'enum')) return this._literals(flat.enum, flat, at);
        if (flat.anyOf || flat.oneOf) return this._anyOf(flat, at, depth);
        const types = this._types(flat, at);
        if (types.length === 0) return this.rules.shared('value');
        return this._either(types.map((type) => this._typed(type, flat, at, depth + 1)), at);
    }

    /** @param {Schema} flat @param {string} at */
    _check(flat, at) {
        const refused = Object.keys(flat).find((word) => Object.hasOwn(REFUSED, word) && flat[word] !== REFUSED[word]);
        if (refused) throw this.refusal(at, `"${refused}"`);
        if (flat.type !== undefined) this._types(flat, at);
        for (const word of WORDS_OF.number) {
            if (!['number', 'undefined'].includes(typeof flat[word])) throw this.invalid(at, `"${word}" is not a number`);
        }
    }

    /** Looks at a value under a schema within another. @param {string} at @param {() => boolean} run */
    _within(at, run) {
        if (++this._checks > MAX_CHECKS || ++this._nested > 4 * MAX_DEPTH) {
            throw this.invalid(at, 'there are more values and alternatives than allowed, or it contains itself');
        }
        const isIt = run();
        this._nested--;
        return isIt;
    }

    /** @param {string} at @param {string} what */
    refusal(at, what) {
        return new Failure('input_invalid', `the schema cannot be used: ${what} at ${at} is not supported`, {
            field: this._field,
            expected: 'type, properties, required, additionalProperties, items, prefixItems, enum, const, '
                + 'anyOf, oneOf of schemas that exclude each other, allOf, local $ref, bounds of lengths and integers, pattern, and the formats '
                + 'date, time, date-time and uuid',
        });
    }

    /** @param {string} at @param {string} what */
    invalid(at, what) {
        return new Failure('input_invalid', `the schema is not valid: ${what} at ${at}`,
            { field: this._field });
    }

    /**
     * A schema with what it refers to and its `allOf` put in.
     * @param {unknown} schema @param {string} at @param {number} depth @returns {Schema}
     */
    _flat(schema, at, depth) {
        if (schema === true) return {};
        if (!isObject(schema)) throw this.invalid(at, 'there is neither an object nor a boolean');
        if (depth > MAX_DEPTH || ++this._work > MAX_WORK) {
            throw this.invalid(at,
                `it is larger than allowed, or it contains itself (at most ${MAX_DEPTH} levels)`);
        }
        let { allOf = [], $ref, ...flat } = assertions(schema);
        if (!Array.isArray(allOf)) throw this.invalid(at, '"allOf" is not a list');
        if ($ref !== undefined && typeof $ref !== 'string') throw this.invalid(at, '"$ref" is not a string');
        const others = $ref === undefined ? allOf : [this._find($ref), ...allOf];
        for (const other of others) {
            flat = merge(flat, this._flat(other, at, depth + 1),
                (word) => this.refusal(at, `"${word}" said twice, differently,`));
        }
        return flat;
    }

    /** @param {string} reference @param {string} at */
    _reference(reference, at) {
        let name = this._references.get(reference);
        if (!name) {
            this._find(reference, at);
            name = this.rules.reserve();
            this._references.set(reference, name);
            this._open.push([reference, name]);
        }
        return name;
    }

    /** @param {string} reference @param {string} [at] @returns {unknown} */
    _find(reference, at = reference) {
        const shown = JSON.stringify(reference.slice(0, 80));
        if (reference !== '#' && !reference.startsWith('#/')) {
            throw this.refusal(at, `"$ref" to ${shown}, outside of the schema,`);
        }
        /** @type {any} */
        let found = this._root;
        for (const step of reference.split('/').slice(1)) {
            const name = unescapePointer(step);
            if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) {
                throw this.invalid(at, `"$ref" names ${shown}, which does not exist,`);
            }
            found = found[name];
        }
        return found;
    }

    /** @param {Schema} flat @param {string} at @param {number} depth */
    _anyOf({ anyOf, oneOf, ...rest }, at, depth) {
        const branches = anyOf ?? oneOf;
        if (anyOf && oneOf) throw this.refusal(at, '"anyOf" together with "oneOf"');
        if (!Array.isArray(branches) || branches.length === 0) {
            throw this.invalid(at, '"anyOf" or "oneOf" is no list of schemas');
        }
        const isAlone = Object.keys(rest).length === 0;
        const all = branches.filter((one) => one !== false).map((branch) => (isAlone ? branch : { allOf: [branch, rest] }));
        if (oneOf) this._checkApart(all, at, depth);
        const names = all.map((one, i) => this._alternative(one, `${at}/${anyOf ? 'anyOf' : 'oneOf'}/${i}`, depth + 1));
        return this._either(names.filter((name) => name !== null), at);
    }

    /** @param {unknown} schema @param {string} at @param {number} depth @returns {string | null} null where nothing is valid */
    _alternative(schema, at, depth) {
        try {
            return this.value(schema, at, depth);
        } catch (error) {
            if (error instanceof NothingLeft) return null;
            throw error;
        }
    }

    /** @param {unknown[]} branches of a "oneOf" @param {string} at @param {number} depth */
    _checkApart(branches, at, depth) {
        /** @type {Map<unknown, Schema>} */
        const known = new Map();
        /** @param {unknown} one */
        const flatten = (one) => {
            const made = known.get(one) ?? this._flat(one, at, depth + 1);
            known.set(one, made);
            return made;
        };
        /** @param {Schema} one */
        const typesOf = (one) => this._types(one, at);
        const flat = branches.map(flatten);
        for (const one of flat) {
            for (const other of flat) {
                if (one === other || isApart(one, other, { at, flatten, typesOf, root: this._validity })) continue;
                throw this.refusal(at, '"oneOf" of schemas that may hold together');
            }
        }
    }

    /** @param {string[]} names @param {string} at */
    _either(names, at) {
        if (names.length === 0) throw this._nothing(at);
        return names.length === 1 ? names[0] : this.rules.rule([...new Set(names)].join(' | '));
    }

    /** @param {string} at */
    _nothing(at) {
        return new NothingLeft('input_invalid', `the schema is not valid: nothing is allowed at ${at} by "type", "enum", "const" and the other keywords there`, { field: this._field });
    }

    /** @param {unknown} values @param {Schema} flat with them @param {string} at */
    _literals(values, flat, at) {
        if (!Array.isArray(values)) throw this.invalid(at, '"enum" is no list of values');
        const valid = values.filter((one) => same(JSON.parse(JSON.stringify(one)), one) && isValid(one, flat, at, this._validity));
        if (valid.length === 0) throw this._nothing(at);
        return this.rules.rule([...new Set(valid.map((one) => literal(JSON.stringify(one))))].join(' | '));
    }

    /** @param {Schema} flat @param {string} at @returns {string[]} empty: any */
    _types(flat, at) {
        if (flat.type !== undefined) {
            const types = [flat.type].flat();
            if (types.length === 0) throw this.invalid(at, 'no "type" is allowed');
            for (const type of types) {
                if (!TYPES.includes(type)) {
                    throw this.invalid(at, `"type" is ${JSON.stringify(type)?.slice(0, 80)}`);
                }
            }
            return types.includes('number') ? types.filter((type) => type !== 'integer') : types;
        }
        return Object.entries(WORDS_OF)
            .filter(([, words]) => words.some((word) => Object.hasOwn(flat, word))).map(([type]) => type);
    }

    /** @param {string} type @param {Schema} flat @param {string} at @param {number} depth */
    _typed(type, flat, at, depth) {
        switch (type) {
        case 'object': return objectRule(this, flat, at, depth);
        case 'array': return this._array(flat, at, depth);
        case 'string': return this._string(flat, at);
        case 'number': return this._number(flat, at);
        case 'integer': return this._integer(flat, at);
        default: return this.rules.shared(type === 'null' ? 'null' : 'boolean');
        }
    }

    /** @param {Schema} flat @param {string} at @param {number} depth */
    _array({ items, prefixItems = [], minItems, maxItems }, at, depth) {
        if (!Array.isArray(prefixItems) || Array.isArray(items)) {
            throw this.refusal(at, 'a list as "items" (write "prefixItems")');
        }
        const isOpen = items !== false && (items !== undefined || prefixItems.length === 0);
        const { min, max } = this._lengths(minItems, maxItems, at, 'Items');
        const first = prefixItems.slice(0, Math.min(prefixItems.length, max))
            .map((one, i) => this.value(one, `${at}/prefixItems/${i}`, depth));
        const [least, most] = [Math.max(0, min - first.length), isOpen ? max - first.length : 0];
        if (least > most) throw this.invalid(at, `"minItems" is more than there can be`);
        const isAny = first.length === 0 && items === undefined && least === 0 && most === Infinity;
        if (isAny) return this.rules.shared('array');
        const ws = this.rules.shared('ws');
        const item = most === 0 ? '' : this.value(items ?? true, `${at}/items`, depth);
        const more = most === 0 ? '' : this._items(item, least, most, first.length > 0);
        const inside = [first.join(` "," ${ws} `), more].filter(Boolean).join(' ');
        return this.rules.rule(inside ? `"[" ${ws} ${inside} ${ws} "]"` : `"[" ${ws} "]"`);
    }

    /** @param {string} item
     * @param {number} min @param {number} max @param {boolean} isAfter whether others stand before them */
    _items(item, min, max, isAfter) {
        const next = this.rules.rule(`"," ${this.rules.shared('ws')} ${item}`);
        if (isAfter) return next + times(min, max);
        const list = `${item}${max === 1 ? '' : ` ${next}${times(Math.max(0, min - 1), max - 1)}`}`;
        return min > 0 ? list : `(${list})?`;
    }

    /** @param {Schema} flat @param {string} at */
    _string({ minLength, maxLength, pattern, format }, at) {
        const isCounted = minLength !== undefined || maxLength !== undefined;
        const known = FORMATS.find((one) => one === format);
        if ([isCounted, pattern !== undefined, known !== undefined].filter(Boolean).length > 1) {
            throw this.refusal(at, 'more than one of a length, "pattern" and "format"');
        }
        if (known) return this.rules.rule(`"\\"" ${this.rules.shared(known)} "\\""`);
        if (pattern !== undefined) {
            if (typeof pattern !== 'string') throw this.invalid(at, '"pattern" is not a string');
            return this.rules.rule(`"\\"" ${expressionOfPattern(pattern, this.rules, at)} "\\""`);
        }
        if (!isCounted) return this.rules.shared('string');
        const { min, max } = this._lengths(minLength, maxLength, at, 'Length');
        const inside = max === 0 ? '' : `${this.rules.shared('char')}${times(min, max)} `;
        return this.rules.rule(`"\\"" ${inside}"\\""`);
    }

    /** @param {unknown} min @param {unknown} max @param {string} at @param {string} what */
    _lengths(min = 0, max = Infinity, at, what) {
        for (const one of [min, max]) {
            if (one === Infinity) continue;
            if (!Number.isInteger(one) || Number(one) < 0) {
                throw this.invalid(at, `"min${what}" or "max${what}" is no count`);
            }
            if (Number(one) > MAX_REPEATS) {
                throw this.refusal(at, `"min${what}" or "max${what}" over ${MAX_REPEATS}`);
            }
        }
        const bounds = { min: Number(min), max: Number(max) };
        if (bounds.min > bounds.max) throw this.invalid(at, `"min${what}" is more than "max${what}"`);
        return bounds;
    }

    /** @param {Schema} flat @param {string} at */
    _number(flat, at) {
        const { minimum, ...others } = flat;
        const bound = WORDS_OF.number.find((word) => Object.hasOwn(others, word));
        if (bound) throw this.refusal(at, `"${bound}" of a number that is not an integer`);
        if (minimum === undefined) return this.rules.shared('number');
        if (minimum !== 0) {
            throw this.refusal(at, 'a "minimum" other than 0 of a number that is not an integer');
        }
        this.rules.shared('number');
        return this.rules.rule('("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [+\\x2d]? [0-9]{1,2})?');
    }

    /** @param {Schema} flat @param {string} at */
    _integer(flat, at) {
        const { minimum = -Infinity, maximum = Infinity } = flat;
        const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = flat;
        const min = lowest(Math.max(Math.ceil(minimum), Math.floor(exclusiveMinimum) + 1));
        const max = -lowest(-Math.min(Math.floor(maximum), Math.ceil(exclusiveMaximum) - 1));
        if (min > max || min === Infinity || max === -Infinity) {
            throw this.refusal(at, 'bounds between which we know no integer,');
        }
        const isAny = min === -Infinity && max === Infinity;
        return isAny ? this.rules.shared('integer') : this.rules.rule(integersBetween(min, max));
    }
}

/** A lower bound that our numbers count exactly; those that no integer of a grammar reaches are none. @param {number} bound */
function lowest(bound) {
    if (Number.isSafeInteger(bound)) return bound;
    if (bound > 0) return Infinity;
    return bound <= -LAST_INTEGER ? -Infinity : -Number.MAX_SAFE_INTEGER;
}

/** @param {number} min @param {number} max */
function times(min, max) {
    if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
    return `{${min},${max}}`;
}

/** @param {string} step of a JSON pointer in the fragment of a URL */
function unescapePointer(step) {
    let plain = step;
    try {
        plain = decodeURIComponent(step);
    } catch {
        // Not escaped for a URL, so it is used unchanged.
    }
    return plain.replace(/~1/g, '/').replace(/~0/g, '~');
}
