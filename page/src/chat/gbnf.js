/** Writing grammars in GBNF: literals, classes of characters, and a set of rules. */
import { Failure } from '../engine/failure.js';
import { checkGrammar } from './grammar.js';
import { MAX_BYTES } from './limits.js';

/** Characters by their code points, both ends included, in order and apart.
 * @typedef {[number, number][]} Ranges */

export const LAST_POINT = 0x10ffff;

/** Characters that a literal must escape. @type {Record<string, string>} */
const ESCAPED = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A literal that matches `text`. @param {string} text */
export function literal(text) {
    const inside = text.replace(/[\\"\x00-\x1f\x7f]/g, (one) => ESCAPED[one] ?? hex(one.charCodeAt(0)));
    return `"${inside}"`;
}

/** A class that matches one character. @param {Ranges} ranges not empty */
export function characters(ranges) {
    const parts = ranges.map(([low, high]) => (low === high ? point(low) : `${point(low)}-${point(high)}`));
    return `[${parts.join('')}]`;
}

/** @param {number} code */
function point(code) {
    if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`;
    if (code > 0x7e) return `\\u${code.toString(16).padStart(4, '0')}`;
    return /[A-Za-z0-9]/.test(String.fromCharCode(code)) ? String.fromCharCode(code) : hex(code);
}

/** @param {number} code below 256 */
function hex(code) {
    return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** @param {Ranges} ranges in any order @returns {Ranges} */
export function tidy(ranges) {
    /** @type {Ranges} */
    const out = [];
    for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
        const last = out[out.length - 1];
        if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
        else out.push([low, high]);
    }
    return out;
}

/** All others. @param {Ranges} ranges @returns {Ranges} */
export function complement(ranges) {
    /** @type {Ranges} */
    const out = [];
    let next = 0;
    for (const [low, high] of tidy(ranges)) {
        if (low > next) out.push([next, low - 1]);
        next = high + 1;
    }
    if (next <= LAST_POINT) out.push([next, LAST_POINT]);
    return out;
}

/** Those of `ranges` that are not in `others`. @param {Ranges} ranges @param {Ranges} others */
export function without(ranges, others) {
    return complement([...complement(ranges), ...others]);
}

/** The rules that are shared by all that are made here, by name; those that a rule names come with it. */
const SHARED = {
    ws: '(" " | "\\n" [ \\t]{0,20})?',
    char: '[^"\\\\\\x00-\\x1f] | "\\\\" (["\\\\/bfnrt] | "u" unit)',
    unit: '[0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex',
    hex: '[0-9a-fA-F]',
    string: '"\\"" char* "\\""',
    integer: '"-"? ("0" | [1-9] [0-9]{0,15})',
    number: 'integer ("." [0-9]{1,16})? ([eE] [+\\x2d]? [0-9]{1,2})?',
    boolean: '"true" | "false"',
    null: '"null"',
    value: 'object | array | string | number | boolean | null',
    member: 'string ":" ws value',
    object: '"{" ws (member ("," ws member)* ws)? "}"',
    array: '"[" ws (value ("," ws value)* ws)? "]"',
    date: '[0-9] [0-9] [0-9] [0-9] "-" day | leap "-02-29"',
    day: '("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8]) | ("0" [13-9] | "1" [0-2]) "-" ("29" | "30") | ("0" [13578] | "1" [02]) "-31"',
    leap: '[0-9] [0-9] ("0" [48] | [2468] [048] | [13579] [26]) | ("0" [048] | [2468] [048] | [13579] [26]) "00"',
    time: '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,9})? '
        + '("Z" | [+\\x2d] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
    'date-time': 'date "T" time',
    uuid: 'hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}',
};
/** @typedef {keyof typeof SHARED} Shared */

/** The rules of one grammar. */
export class RuleSet {
    /** @param {string} field the part of the request that it is made from */
    constructor(field) {
        this.field = field;
        /** @type {Map<string, string>} */
        this._bodies = new Map();
        /** @type {Map<string, string>} */
        this._names = new Map();
        this._size = 0;
    }

    /** A rule of the shared ones. @param {Shared} name */
    shared(name) {
        if (this._bodies.has(name)) return name;
        this.define(name, SHARED[name]);
        const bare = SHARED[name].replace(/"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{[^}]*\}/g, ' ');
        for (const used of bare.match(/[a-z][a-z-]*/g) ?? []) this.shared(/** @type {Shared} */ (used));
        return name;
    }

    /** The name of a rule with this body: an earlier one, where it is the same. @param {string} body */
    rule(body) {
        const name = this._names.get(body) ?? this.reserve();
        if (!this._bodies.has(name)) this.define(name, body);
        this._names.set(body, name);
        return name;
    }

    /** A name to be defined later. */
    reserve() {
        return `r${++this._reserved}`;
    }

    _reserved = 0;

    /** @param {string} name @param {string} body */
    define(name, body) {
        this._bodies.set(name, body);
        this._size += name.length + body.length;
        if (this._size <= MAX_BYTES) return;
        throw new Failure('input_invalid',
            `the grammar for ${this.field} would have more than ${MAX_BYTES} bytes`,
            { field: this.field, expected: 'less: fewer alternatives, shorter repeats' });
    }

    /**
     * The grammar, whose root has this body.
     * @param {string} body
     * @throws {Failure} if the engine could not take it
     */
    grammar(body) {
        this.define('root', body);
        const rest = [...this._bodies].filter(([name]) => name !== 'root');
        const text = [['root', body], ...rest].map(([name, one]) => `${name} ::= ${one}\n`).join('');
        checkGrammar(text, this.field);
        return text;
    }
}
