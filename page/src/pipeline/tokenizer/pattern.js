/**
 * Patterns of tokenizer.json as regular expressions of JavaScript. They are written for Oniguruma: white space, digits, word
 * characters and word boundaries are those of Unicode, "." matches all but a line feed, and "^" and "$" match at each line's ends.
 * Patterns without an equivalent are refused.
 */
import { escaped } from '../../shared/escaped.js';
import { Failure } from '../../engine/failure.js';

/** Within brackets. */
const SPACE = '\\p{White_Space}', DIGIT = '\\p{Nd}', HEX = '0-9A-Fa-f';
/** Letters of words, as Oniguruma has them within brackets; outside of these it has more (²³¹¼½¾), by its table of Latin-1. Rust's
 * `regex`, which the library itself uses, has others. */
const CLASS_WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}', WORD = `${CLASS_WORD}\\xb2\\xb3\\xb9\\xbc-\\xbe`, RUST_WORD = `${CLASS_WORD}\\p{Join_Control}`;
/** Escapes that are classes: their members, where they stand alone. @type {ReadonlyMap<string, string>} */
const CLASSES = new Map([['s', SPACE], ['w', WORD], ['d', DIGIT], ['h', HEX]]);
/** Within brackets. @type {ReadonlyMap<string, string>} */
const WITHIN = new Map([['s', SPACE], ['w', CLASS_WORD], ['d', DIGIT], ['h', HEX], ['S', '\\P{White_Space}'], ['D', '\\P{Nd}']]);
/** Other characters that have another meaning outside of brackets. @type {ReadonlyMap<string, string>} */
const PLAIN = new Map([['.', '[^\\n]'], ['^', '(?<![^\\n])'], ['$', '(?=\\n|(?![^]))'], [']', '\\]'], ['{', '\\{'], ['}', '\\}'],
    ['\\b', `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`], ['\\A', '(?<![^])'], ['\\z', '(?![^])'], ['\\Z', '(?=\\n?(?![^]))'], ['\\-', '-']]);
/** Letters whose other case is more than one. @type {ReadonlyMap<string, string>} */
const FOLDED = new Map([['s', 'sS\\u017f'], ['k', 'kK\\u212a']]);
/** Characters that the flag u requires to be unescaped. */
const NEEDLESS = /^[^\\^$.*+?()[\]{}|/\-\p{L}\p{N}]$/u;

export const WHITE_SPACE = new RegExp(SPACE, 'u');
export const WORDS = new RegExp(`[${RUST_WORD}]+|[^${RUST_WORD}${SPACE}]+`, 'gu');
export const STARTS_WITH_WORD = new RegExp(`^[${RUST_WORD}]`, 'u'), ENDS_WITH_WORD = new RegExp(`[${RUST_WORD}]$`, 'u');

/** @param {any} pattern {"String": …} or {"Regex": …} @param {string} where of the file it is @returns {RegExp} with the flag g */
export function patternOf(pattern, where) {
    if (typeof pattern?.String === 'string') return new RegExp(escaped(pattern.String), 'gu');
    if (typeof pattern?.Regex === 'string') return expressionOf(pattern.Regex, where);
    throw new Failure('model_invalid', `tokenizer.json: ${where} has no pattern`, { expected: '{"String": …} or {"Regex": …}' });
}

/** @param {string} source @param {string} where @returns {RegExp} */
function expressionOf(source, where) {
    try {
        return new RegExp(translated(source), 'gu');
    } catch (thrown) {
        throw new Failure('model_invalid', `tokenizer.json: the expression of ${where} is none that this page can compute: ${String(thrown).slice(0, 200)}`);
    }
}

/** The beginning of a group without case, an escape, an interval, a range of letters, what begins a class within another, or
 * a character. */
const PART = /\(\?i:|\\[pP]\{\^?\w+(?:=\w+)?\}|\\x\{[0-9A-Fa-f]+\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[^]|\{\d+(?:,\d*)?\}|[a-zA-Z]-[a-zA-Z]|\[\^|\[:|&&|[^]/gu;
const INTERVAL = /^\{(\d+)/;

/** @param {string} source */
export function translated(source) {
    const isFolded = source.startsWith('(?i)');
    return new Translation(isFolded).translate(isFolded ? source.slice(4) : source);
}

class Translation {
    /** @param {boolean} isFolded whether case counts nowhere */
    constructor(isFolded) {
        /** @type {string[]} */
        this._made = [];
        this._brackets = 0;
        /** For each open group, whether it ignores case. */
        this._groups = [isFolded];
        /** The quantifier before. */
        this._quantifier = '';
    }

    /** @param {string} source */
    translate(source) {
        for (const [part] of source.matchAll(PART)) {
            if (this._brackets > 0) this._inClass(part);
            else this._outside(part);
        }
        return this._made.join('');
    }

    get _isFolded() { return this._groups[this._groups.length - 1] ?? false; }

    /** @param {string} part */
    _outside(part) {
        const before = this._quantifier;
        this._quantifier = /^(?:[*+?]|\{\d.*\})$/.test(part) && !before ? part : '';
        if (part === '+' && before) return this._repeat(before);
        if (part === '[' || part === '[^') this._brackets = 1;
        else if (part === '(' || part === '(?i:') this._groups.push(part !== '(' || this._isFolded);
        else if (part === ')') this._groups.pop();
        this._made.push(part === '(?i:' ? '(?:' : this._partOutside(part));
    }

    /** @param {string} part */
    _partOutside(part) {
        if (part === '[:' || part === '&&' || /^[a-zA-Z]-/.test(part)) return Array.from(part, (one) => this._letter(one, (both) => `[${both}]`)).join('');
        const plain = PLAIN.get(part);
        if (plain) return plain;
        if (part.length > 1 && part[0] === '\\') return escapeOutside(part);
        return this._letter(part, (both) => `[${both}]`);
    }

    /** A "+" after a quantifier: after "*", "+" and "?" it is possessive, which is the same as greedy if the following item cannot
     * match the same characters; after an interval it is a repetition. @param {string} before */
    _repeat(before) {
        const [, least] = INTERVAL.exec(before) ?? [];
        if (least === undefined) return;
        if (Number(least) > 1) throw new SyntaxError(`${before}+ has no other form`);
        this._made[this._made.length - 1] = least === '0' ? '*' : '+';
    }

    /** @param {string} part */
    _inClass(part) {
        if (part === '[^' || part === '[:' || part === '&&') throw new SyntaxError(`${part} within brackets`);
        if (part === '[') return void this._brackets++; // brackets within brackets are a union
        if (part === ']' && --this._brackets > 0) return;
        const isRange = part.length === 3 && part[1] === '-';
        if (isRange && this._isFolded) this._made.push(part.toLowerCase() + part.toUpperCase());
        else if (isRange) this._made.push(part);
        else if (part.length > 1) this._made.push(escapeInClass(part));
        else if (part === '-' && /^\\[pP]\{|\}$/.test(this._made[this._made.length - 1])) this._made.push('\\-');
        else this._made.push(this._letter(part, (both) => both));
    }

    /** @param {string} one @param {(both: string) => string} fold */
    _letter(one, fold) {
        if (!this._isFolded || !/^[a-z]$/i.test(one)) return one;
        const small = one.toLowerCase();
        return fold(FOLDED.get(small) ?? small + small.toUpperCase());
    }
}

/** @param {string} escape */
function escapeOutside(escape) {
    const name = escape.slice(1), members = CLASSES.get(name.toLowerCase());
    if (members) return `[${name === name.toLowerCase() ? '' : '^'}${members}]`;
    return escapeOf(escape);
}

/** @param {string} escape */
function escapeInClass(escape) {
    const name = escape.slice(1), members = WITHIN.get(name);
    if (!members && CLASSES.has(name.toLowerCase())) throw new SyntaxError(`${escape} within brackets`);
    return members ?? escapeOf(escape);
}

/** @param {string} escape */
function escapeOf(escape) {
    const name = escape.slice(1), [, sign, not, property] = /^([pP])\{(\^?)(.*)\}$/.exec(name) ?? [];
    if (property) return `\\${(sign === 'P') === (not === '') ? 'P' : 'p'}{${propertyOf(property)}}`;
    if (name.startsWith('x{')) return `\\u{${name.slice(2, -1)}}`;
    if (/^[pPGKRXkg]/.test(name)) throw new SyntaxError(`${escape} has no other form`);
    return NEEDLESS.test(name) ? name : escape;
}

/** A script may stand without saying that it is one. @param {string} name */
function propertyOf(name) {
    if (/=/.test(name)) return name;
    try {
        new RegExp(`\\p{${name}}`, 'u');
        return name;
    } catch {
        return `Script=${name}`;
    }
}
