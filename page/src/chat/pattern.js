/**
 * The `pattern` of a schema: a regular expression that this module parses and writes as a rule for the
 * characters between the quotes of a JSON string. It is never run, so it cannot take long.
 *
 * Supported: characters, `.`, classes, `\d \w \s` and their opposites, `\t \n \r \xHH \uHHHH`, groups,
 * `|`, `* + ? {m,n}`, and `^` and `$` at the ends. A pattern without these two may match anywhere in the text.
 */
import { Failure } from '../engine/failure.js';
import { LAST_POINT, characters, complement, literal, tidy, without } from './gbnf.js';
import { MAX_DEPTH } from './limits.js';

/** @import { Ranges } from './gbnf.js' */

/** @type {Record<string, Ranges>} */
const CLASSES = {
    d: [[0x30, 0x39]],
    w: [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]],
    s: [[0x09, 0x0d], [0x20, 0x20], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029],
        [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]],
};
/** @type {Record<string, number>} */
const CONTROLS = { t: 9, n: 10, v: 11, f: 12, r: 13 };
/** Characters that `.` does not match. @type {Ranges} */
const LINE_ENDS = [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]];
/** Code points that a JSON string cannot contain as they are, and surrogates. @type {Ranges} */
const NOT_PLAIN = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0xd800, 0xdfff]];
/** The characters after the backslash in JSON. @type {[number, string][]} */
const JSON_ESCAPES = [[0x22, '"'], [0x5c, '\\'], [8, 'b'], [9, 't'], [10, 'n'], [12, 'f'], [13, 'r']];
const UNSUPPORTED_GROUPS = {
    '?=': 'lookahead', '?!': 'lookahead', '?<=': 'lookbehind', '?<!': 'lookbehind', '?<': 'named groups',
};

/**
 * @param {string} source @param {import('./gbnf.js').RuleSet} rules @param {string} at where in the schema
 * @returns {string} an expression for the text without its quotes
 * @throws {Failure} input_invalid
 */
export function expressionOfPattern(source, rules, at) {
    return new PatternReader(source, rules, at).read();
}

class PatternReader {
    /** @param {string} source @param {import('./gbnf.js').RuleSet} rules @param {string} at */
    constructor(source, rules, at) {
        this._points = Array.from(source);
        this._next = 0;
        this._rules = rules;
        this._where = at;
        this._depth = 0;
    }

    read() {
        const anything = `${this._rules.shared('char')}*`;
        const isFromStart = this._take('^');
        const inside = this._alternatives();
        const isToEnd = this._take('$');
        if (this._next < this._points.length) throw this._unsupported(`"${this._peek()}" in this place`);
        if ((isFromStart || isToEnd) && inside.length > 1) {
            throw this._unsupported('"^" or "$" together with "|" outside of brackets');
        }
        return [
            ...isFromStart ? [] : [anything], `(${inside.join(' | ')})`, ...isToEnd ? [] : [anything],
        ].join(' ');
    }

    /** @returns {string[]} an expression for each alternative */
    _alternatives() {
        const list = [this._sequence()];
        while (this._take('|')) list.push(this._sequence());
        return list;
    }

    /** @returns {string} */
    _sequence() {
        const parts = [];
        while (this._next < this._points.length && !/^[|)$]$/.test(this._peek())) {
            const atom = this._atom();
            parts.push(atom + this._quantifier());
        }
        return parts.join(' ') || '""';
    }

    /** @returns {string} one item of a sequence, which a repeat can follow */
    _atom() {
        if (this._take('(')) return this._group();
        if (this._take('[')) return this._oneOf(this._class());
        if (this._take('.')) return this._oneOf(complement(LINE_ENDS));
        if (/^[*+?{^]$/.test(this._peek())) throw this._unsupported(`"${this._peek()}" in this place`);
        return this._oneOf(this._character(false));
    }

    _group() {
        if (++this._depth > MAX_DEPTH) {
            throw this._unsupported(`more than ${MAX_DEPTH} groups within each other`);
        }
        this._refuseGroups();
        const inside = this._alternatives();
        if (!this._take(')')) throw this._unsupported('a group without its end');
        this._depth--;
        return this._rules.rule(inside.join(' | '));
    }

    _refuseGroups() {
        if (this._takeAll('?:')) return;
        for (const [mark, name] of Object.entries(UNSUPPORTED_GROUPS)) {
            if (this._takeAll(mark)) throw this._unsupported(name);
        }
        if (this._peek() === '?') throw this._unsupported('this kind of group');
    }

    _quantifier() {
        const mark = this._repeat();
        if (mark && this._peek() === '?') throw this._unsupported('lazy repeats');
        if (mark && /^[*+{]$/.test(this._peek())) throw this._unsupported('a repeat of a repeat');
        return mark;
    }

    _repeat() {
        for (const mark of ['*', '+', '?']) if (this._take(mark)) return mark;
        const rest = this._points.slice(this._next, this._next + 12).join('');
        const counted = /^\{([0-9]{1,4})(?:,([0-9]{0,4}))?\}/.exec(rest);
        if (!counted) {
            if (rest.startsWith('{')) throw this._unsupported('"{" without a number of at most 4 digits');
            return '';
        }
        this._next += counted[0].length;
        return counted[0];
    }

    /** @returns {Ranges} */
    _class() {
        const isNot = this._take('^');
        /** @type {Ranges} */
        const ranges = [];
        while (!this._take(']')) {
            const low = this._character(true);
            const isRange = this._peek() === '-' && this._points[this._next + 1] !== ']';
            if (!isRange) {
                ranges.push(...low);
                continue;
            }
            this._next++;
            const high = this._character(true);
            if (!isSingle(low) || !isSingle(high) || high[0][0] < low[0][0]) {
                throw this._unsupported('this range of characters');
            }
            ranges.push([low[0][0], high[0][0]]);
        }
        return isNot ? complement(ranges) : tidy(ranges);
    }

    /** A character, or a class with a name. @param {boolean} inClass @returns {Ranges} */
    _character(inClass) {
        const one = this._peek();
        if (one === '') throw this._unsupported('an end in this place');
        this._next++;
        if (one !== '\\') return [[pointOf(one), pointOf(one)]];
        const letter = this._peek();
        this._next++;
        if (Object.hasOwn(CLASSES, letter)) return CLASSES[letter];
        if (Object.hasOwn(CLASSES, letter.toLowerCase())) return complement(CLASSES[letter.toLowerCase()]);
        const point = this._escape(letter, inClass);
        return [[point, point]];
    }

    /** @param {string} letter @param {boolean} inClass @returns {number} */
    _escape(letter, inClass) {
        if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter];
        if (letter === 'x' || letter === 'u') {
            const count = letter === 'x' ? 2 : 4;
            const digits = this._points.slice(this._next, this._next + count).join('');
            if (digits.length < count || !/^[0-9A-Fa-f]+$/.test(digits)) {
                throw this._unsupported(`"\\${letter}" without its digits`);
            }
            this._next += digits.length;
            return parseInt(digits, 16);
        }
        if (/^[1-9k]$/.test(letter)) throw this._unsupported('references back');
        if (/^[bB]$/.test(letter) && !inClass) throw this._unsupported('boundaries of words');
        if (/^[pP]$/.test(letter)) throw this._unsupported('classes of Unicode');
        if (letter === '' || /^[A-Za-z0-9]$/.test(letter)) throw this._unsupported(`"\\${letter}"`);
        return pointOf(letter);
    }

    /** One of these characters, as JSON writes them. @param {Ranges} ranges */
    _oneOf(ranges) {
        const plain = without(ranges, NOT_PLAIN);
        const parts = plain.length === 0 ? []
            : [isSingle(plain) ? literal(String.fromCodePoint(plain[0][0])) : characters(plain)];
        for (const [point, letter] of JSON_ESCAPES) {
            if (ranges.some(([low, high]) => low <= point && point <= high)) {
                parts.push(literal(`\\${letter}`));
            }
        }
        if (parts.length === 0) {
            throw this._unsupported('a class of no characters, or only of control characters');
        }
        return parts.length === 1 ? parts[0] : this._rules.rule(parts.join(' | '));
    }

    _peek() {
        return this._points[this._next] ?? '';
    }

    /** @param {string} one */
    _take(one) {
        if (this._peek() !== one) return false;
        this._next++;
        return true;
    }

    /** @param {string} text */
    _takeAll(text) {
        if (this._points.slice(this._next, this._next + text.length).join('') !== text) return false;
        this._next += text.length;
        return true;
    }

    /** @param {string} what */
    _unsupported(what) {
        return new Failure('input_invalid',
            `the schema's pattern at ${this._where} cannot be used: ${what} (character ${this._next + 1}) `
                + 'is not supported',
            {
                field: this._rules.field,
                expected: 'characters, classes, groups, "|", repeats, "^" and "$" at the ends',
            });
    }
}

/** @param {Ranges} ranges */
function isSingle(ranges) {
    return ranges.length === 1 && ranges[0][0] === ranges[0][1];
}

/** @param {string} one */
function pointOf(one) {
    return one.codePointAt(0) ?? LAST_POINT;
}
