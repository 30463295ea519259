/** Objects of a schema as rules: members in their order, commas between those that are there. */
import { characters, complement, literal } from './gbnf.js';
import { isObject } from '../shared/checks.js';

/** @import { Converter } from './schema.js' */
/** @import { RuleSet } from './gbnf.js' */
/** @typedef {{rule: string, required: boolean, many: boolean}} Member a rule for `"name": value` */

/** To so many characters a name that is not given may be like one that is. */
const MAX_LIKE = 32;

/**
 * @param {Converter} converter @param {import('./schema_merge.js').Schema} flat @param {string} at
 * @param {number} depth
 * @returns {string} the name of a rule
 */
export function objectRule(converter, flat, at, depth) {
    const { rules } = converter;
    const { properties = {}, required = [], additionalProperties } = flat;
    if (!isObject(properties)) throw converter.invalid(at, '"properties" is not an object');
    if (!Array.isArray(required) || required.some((name) => typeof name !== 'string')) {
        throw converter.invalid(at, '"required" is no list of names');
    }
    const isAny = flat.properties === undefined && required.length === 0;
    if (isAny && (additionalProperties === undefined || additionalProperties === true)) {
        return rules.shared('object');
    }
    const all = new Map(Object.entries(properties));
    for (const name of required) {
        if (all.has(name)) continue;
        if (additionalProperties === false) {
            throw converter.invalid(at, `the required ${JSON.stringify(name)} is not allowed`);
        }
        all.set(name, additionalProperties ?? true);
    }
    const kept = [...all].filter(([name, one]) => one !== false || required.includes(name));
    const members = kept.map(([name, one]) => ({
        rule: member(converter, literal(JSON.stringify(name)), one, `${at}/properties/${name}`, depth),
        required: required.includes(name), many: false,
    }));
    if (additionalProperties !== undefined && additionalProperties !== false) {
        members.push({
            rule: member(converter, otherName(rules, [...all.keys()]), additionalProperties,
                `${at}/additionalProperties`, depth),
            required: false, many: true,
        });
    }
    const ws = rules.shared('ws');
    return rules.rule(`"{" ${ws} ${members.length === 0 ? '' : `${list(rules, members)} `}"}"`);
}

/** @param {Converter} converter
 * @param {string} name an expression @param {unknown} schema @param {string} at @param {number} depth */
function member(converter, name, schema, at, depth) {
    const { rules } = converter;
    return rules.rule(`${name} ":" ${rules.shared('ws')} ${converter.value(schema, at, depth)}`);
}

/** Members in their order, and the white space behind the last.
 * @param {RuleSet} rules @param {Member[]} members */
function list(rules, members) {
    const ws = rules.shared('ws');
    const [first] = members;
    if (first.required) {
        return [first.rule, ...members.slice(1).map((one) => following(rules, one)), ws].join(' ');
    }
    // Which is the first is open: an alternative for each, with a rule for what may follow it.
    const starts = [];
    let isClosed = false;
    let rest = '';
    for (const one of [...members].reverse()) {
        if (one.required) {
            starts.length = 0;
            isClosed = true;
        }
        starts.push([one.rule, one.many ? following(rules, one) : '', rest].filter(Boolean).join(' '));
        rest = rules.rule([following(rules, one), rest].filter(Boolean).join(' '));
    }
    const all = `(${starts.reverse().join(' | ')}) ${ws}`;
    return isClosed ? all : `(${all})?`;
}

/** A member that comes after others. @param {RuleSet} rules @param {Member} member */
function following(rules, { rule, required, many }) {
    const next = rules.rule(`"," ${rules.shared('ws')} ${rule}`);
    return required ? next : `${next}${many ? '*' : '?'}`;
}

/** A name so far, as a tree of characters. @typedef {{next: Map<string, Name>, ends: boolean}} Name */

/**
 * A string that is none of `names`. As long as it equals the beginning of one of them, it has no escapes, in which
 * the name could hide; it may do so for at most MAX_LIKE characters.
 * @param {RuleSet} rules @param {string[]} names
 */
function otherName(rules, names) {
    /** @type {Name} */
    const root = { next: new Map(), ends: false };
    for (const name of names) {
        let node = root;
        const plain = /^[^"\\\x00-\x1f]*/.exec(name)?.[0] ?? '';
        for (const one of [...plain].slice(0, MAX_LIKE)) {
            const next = node.next.get(one) ?? { next: new Map(), ends: false };
            node.next.set(one, next);
            node = next;
        }
        if (node !== root || name === '') node.ends = true;
    }
    return `"\\"" ${restOfName(rules, root, 0)}`;
}

/** @param {RuleSet} rules @param {Name} node @param {number} depth @returns {string} */
function restOfName(rules, { next, ends }, depth) {
    const close = literal('"');
    /** @type {import('./gbnf.js').Ranges} */
    const used = [...next.keys()].map((one) => [one.codePointAt(0) ?? 0, one.codePointAt(0) ?? 0]);
    const parts = ends ? [] : [close];
    const others = characters(complement([...used, [0, 0x1f], [0x22, 0x22], [0x5c, 0x5c]]));
    parts.push(`${others} ${rules.shared('char')}* ${close}`);
    if (depth + 1 < MAX_LIKE) {
        for (const [one, node] of next) parts.push(`${literal(one)} ${restOfName(rules, node, depth + 1)}`);
    }
    return rules.rule(parts.join(' | '));
}
