/** The words of a template, with white space removed where jinja2's `trim_blocks` and `lstrip_blocks` remove it. */
import { TemplateError } from './errors.js';

/** @typedef {'data' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator' | 'eof'} Type */
/** `begin` and `end` have "block" or "variable" as their value.
 * @typedef {{type: Type, value: string, line: number}} Token */

/** White space of Python's. */
export const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const ONE_SPACE = new RegExp(SPACE);
const ONLY_SPACE = new RegExp(`^${SPACE}*$`);
const PATTERNS = /** @type {[Type, RegExp][]} */ ([
    ['float', /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y],
    ['integer', /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y],
    ['name', /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy],
    ['string', /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y],
    ['operator', /\*\*|\/\/|==|!=|>=|<=|[-+/*%~[\](){}>=<.:|,;]/y],
]);
const SPACES = new RegExp(`${SPACE}+`, 'y');
const BEGIN = new RegExp(`\\{%([-+]?)${SPACE}*raw${SPACE}*(?:-%\\}${SPACE}*|%\\})|\\{([%{#])([-+]?)`, 'g');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*(?:\\+%\\}|-%\\}${SPACE}*|%\\}\\n?)`, 'g');
const ENDS = {
    comment: new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, 'g'),
    block: new RegExp(`\\+%\\}|-%\\}${SPACE}*|%\\}\\n?`, 'y'),
    variable: new RegExp(`-\\}\\}${SPACE}*|\\}\\}`, 'y'),
};
/** @type {Record<string, string>} */
const BRACKETS = { '(': ')', '[': ']', '{': '}' };

/** @param {string} source @returns {Token[]} */
export function tokenize(source) {
    return new Lexer(source.replace(/\r\n?/g, '\n').replace(/\n$/, '')).run();
}

class Lexer {
    /** @param {string} source */
    constructor(source) {
        this._source = source;
        this._at = 0;
        /** Whether what was last taken ended a line. */
        this._isLineStart = true;
        /** @type {Token[]} */
        this._tokens = [];
        this._line = 1;
        this._counted = 0;
    }

    run() {
        for (let found = this._find(BEGIN); found; found = this._find(BEGIN)) this._tag(found);
        this._data(this._source.slice(this._at));
        this._token('eof', '');
        return this._tokens;
    }

    /** @param {RegExp} pattern */
    _find(pattern) {
        pattern.lastIndex = this._at;
        return pattern.exec(this._source);
    }

    /** @param {RegExpExecArray} found */
    _tag(found) {
        const [whole, rawSign, kind, sign] = found;
        this._data(this._stripped(found.index, kind ? sign : rawSign, kind !== '{'));
        this._take(found.index, whole);
        if (kind === undefined) this._raw();
        else if (kind === '#') this._comment();
        else this._inside(kind === '%' ? 'block' : 'variable');
    }

    /** The text before a tag. @param {number} end @param {string} sign @param {boolean} isBlock */
    _stripped(end, sign, isBlock) {
        const text = this._source.slice(this._at, end);
        if (sign === '-') return trimmedEnd(text);
        const line = text.lastIndexOf('\n') + 1;
        const isStripped = sign !== '+' && isBlock && (line > 0 || this._isLineStart);
        return isStripped && ONLY_SPACE.test(text.slice(line)) ? text.slice(0, line) : text;
    }

    _raw() {
        const end = this._find(RAW_END);
        if (!end) throw this._error('{% raw %} without {% endraw %}');
        this._data(this._stripped(end.index, end[1], true));
        this._take(end.index, end[0]);
    }

    _comment() {
        const end = this._find(ENDS.comment);
        if (!end) throw this._error('{# without #}');
        this._take(end.index, end[0]);
    }

    /** @param {'block' | 'variable'} kind */
    _inside(kind) {
        /** The brackets to come. @type {string[]} */
        const open = [];
        this._token('begin', kind);
        for (;;) {
            const end = open.length === 0 ? this._find(ENDS[kind]) : null;
            if (end) {
                this._token('end', kind);
                this._take(this._at, end[0]);
                return;
            }
            this._word(open);
        }
    }

    /** @param {string[]} open */
    _word(open) {
        const space = this._find(SPACES);
        if (space) {
            this._take(this._at, space[0]);
            return;
        }
        for (const [type, pattern] of PATTERNS) {
            const [value] = this._find(pattern) ?? [''];
            if (!value || (type === 'float' && this._source[this._at - 1] === '.')) continue;
            if (Object.hasOwn(BRACKETS, value)) open.push(BRACKETS[value]);
            else if (/^[)\]}]$/.test(value) && open.pop() !== value) throw this._error(`"${value}" in this place`);
            this._token(type, value);
            this._take(this._at, value);
            return;
        }
        throw this._error(this._at < this._source.length
            ? `the character ${JSON.stringify(String.fromCodePoint(Number(this._source.codePointAt(this._at))))} in this place`
            : 'a tag without its end');
    }

    /** @param {string} text */
    _data(text) {
        if (text) this._token('data', text);
    }

    /** @param {Type} type @param {string} value */
    _token(type, value) {
        for (let next = this._source.indexOf('\n', this._counted); next >= 0 && next < this._at; next = this._source.indexOf('\n', this._counted)) {
            this._line++;
            this._counted = next + 1;
        }
        this._tokens.push({ type, value, line: this._line });
    }

    /** @param {number} from @param {string} text */
    _take(from, text) {
        this._at = from + text.length;
        this._isLineStart = text.endsWith('\n');
    }

    /** @param {string} message */
    _error(message) {
        return new TemplateError('template', `line ${this._source.slice(0, this._at).split('\n').length}: ${message}`);
    }
}

/** @param {string} text */
function trimmedEnd(text) {
    let end = text.length;
    while (end > 0 && ONE_SPACE.test(text[end - 1])) end--;
    return text.slice(0, end);
}

/** @type {Record<string, string>} */
const ESCAPES = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '\n': '', '\\': '\\', "'": "'", '"': '"' };

/** The value of a literal, by Python's rules. @param {Token} token */
export function textOf({ value, line }) {
    return value.slice(1, -1).replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g, (whole, x, u, long, octal, one) => {
        const hex = x ?? u ?? long;
        const code = hex ? parseInt(hex, 16) : parseInt(octal, 8);
        if (/^[xuUN]$/.test(one) || code > 0x10ffff) throw new TemplateError('template', `line ${line}: the escape ${whole} is not whole, or not supported`);
        if (one !== undefined) return ESCAPES[one] ?? whole;
        return String.fromCodePoint(code);
    });
}
