/**
 * Checks a client's WGSL before a browser gets it: the position of its entry, and the size of its workgroup with the given
 * overrides, because Firefox makes pipelines with workgroups beyond its adapter's limits. All other errors in a source are
 * reported by the browser's compiler.
 */

/** `at`: where it begins in the source. @typedef {{text: string, at: number}} Token */
/** @typedef {{name: string, args: Token[][]}} Attribute */
/** A line and a column, from 1. @typedef {{line: number, column: number}} Place */
/** @typedef {{at: number, size: Token[][]}} Entry `size`: what `@workgroup_size` has; empty: it is not there */
/** @typedef {{id: string, value: Token[]}} Named an override or a constant: what it is given by, and what it has otherwise */

const TOKENS = /[\p{XID_Start}_][\p{XID_Continue}_]*|\d[\w.]*|<<|>>|\S/gu;
/** Characters that end a line, and with it a comment. */
const BREAK = /[\n\v\f\r\u0085\u2028\u2029]/;
const OPENING = new Map([['(', ')'], ['{', '}'], ['[', ']']]);
/** Operators by how strongly they bind, the weakest first. */
const LEVELS = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '%']];
/** @type {Readonly<Record<string, (a: number, b: number) => number>>} */
const OPERATORS = Object.freeze({
    '|': (a, b) => a | b, '^': (a, b) => a ^ b, '&': (a, b) => a & b, '<<': (a, b) => a << b, '>>': (a, b) => a >> b,
    '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => Math.trunc(a / b), '%': (a, b) => a % b,
});
/** @type {Readonly<Record<string, (...values: number[]) => number>>} */
const FUNCTIONS = Object.freeze({ u32: Math.trunc, i32: Math.trunc, abs: Math.abs, max: Math.max, min: Math.min });
/** Deeper ones are not told: of parentheses, and of names that are made of others. */
const DEPTH_MAX = 64;

export class Wgsl {
    /** @param {string} source */
    constructor(source) {
        this._source = source;
        /** The functions with `@compute`, by their names. @type {Map<string, Entry>} */
        this.entries = new Map();
        /** @type {Map<string, Named>} */
        this._named = new Map();
        this._read(tokensOf(source));
    }

    /** @param {number} at @returns {Place} */
    placeOf(at) {
        const lines = this._source.slice(0, at).split('\n');
        return { line: lines.length, column: lines[lines.length - 1].length + 1 };
    }

    /**
     * How many invocations a workgroup of it has in each dimension; null where that cannot be told.
     * @param {Entry} entry @param {Readonly<Record<string, number>>} constants values of overrides
     * @returns {number[] | null}
     */
    sizeOf({ size }, constants) {
        /** @type {Map<string, number | null>} */
        const known = new Map();
        const lookUp = (/** @type {string} */ name, /** @type {number} */ depth) => {
            const named = this._named.get(name), told = known.get(name);
            if (!named || told !== undefined) return told ?? null;
            known.set(name, null); // it may be made of itself
            const isGiven = named.id !== '' && Object.hasOwn(constants, named.id);
            const value = isGiven ? constants[named.id] : new Sum(named.value, lookUp, depth).value();
            known.set(name, value);
            return value;
        };
        const values = size.map((tokens) => new Sum(tokens, lookUp, 0).value());
        const isTold = values.length > 0 && values.every((value) => Number.isSafeInteger(value) && Number(value) > 0);
        return isTold ? [...values, 1, 1].slice(0, 3).map(Number) : null;
    }

    /** Reads the declarations outside of functions. @param {Token[]} tokens */
    _read(tokens) {
        /** @type {Attribute[]} */
        let attributes = [];
        for (let i = 0; i < tokens.length;) {
            const { text } = tokens[i], name = tokens[i + 1]?.text ?? '';
            let end = i + 1;
            if (text === '@') {
                const [first, behind] = [i + 2, tokens[i + 2]?.text === '(' ? closing(tokens, i + 2) + 1 : i + 2];
                attributes.push({ name, args: split(tokens.slice(first + 1, behind - 1)) });
                i = behind;
                continue;
            }
            if (text === 'fn') this._readFunction(name, tokens[i].at, attributes);
            if (text === 'override' || text === 'const') {
                while (end < tokens.length && tokens[end].text !== ';') end++;
                this._readNamed(name, tokens.slice(i + 2, end), attributes, text === 'override');
            } else if (OPENING.has(text)) {
                end = closing(tokens, i) + 1;
            }
            attributes = [];
            i = end;
        }
    }

    /** @param {string} name @param {number} at @param {Attribute[]} attributes */
    _readFunction(name, at, attributes) {
        if (!attributes.some((one) => one.name === 'compute')) return;
        this.entries.set(name, { at, size: attributes.find((one) => one.name === 'workgroup_size')?.args ?? [] });
    }

    /** @param {string} name @param {Token[]} rest @param {Attribute[]} attributes @param {boolean} isOverride */
    _readNamed(name, rest, attributes, isOverride) {
        const equals = rest.findIndex(({ text }) => text === '=');
        const id = attributes.find((one) => one.name === 'id')?.args[0]?.[0]?.text ?? name;
        this._named.set(name, { id: isOverride ? id : '', value: equals < 0 ? [] : rest.slice(equals + 1) });
    }
}

/** An expression of whole numbers; null is what cannot be told. */
class Sum {
    /** @param {Token[]} tokens @param {(name: string, depth: number) => number | null} lookUp @param {number} depth */
    constructor(tokens, lookUp, depth) {
        this._texts = tokens.map(({ text }) => text);
        this._lookUp = lookUp;
        this._depth = depth;
        this._at = 0;
    }

    value() {
        const value = this._level(0);
        return this._at === this._texts.length ? value : null;
    }

    /** @param {number} level @returns {number | null} */
    _level(level) {
        if (level === LEVELS.length) return this._unary();
        let value = this._level(level + 1);
        while (LEVELS[level].includes(this._texts[this._at])) {
            const operator = OPERATORS[this._texts[this._at++]], other = this._level(level + 1);
            value = value === null || other === null ? null : operator(value, other);
        }
        return value;
    }

    /** @returns {number | null} */
    _unary() {
        const text = this._texts[this._at++] ?? '';
        if (this._depth >= DEPTH_MAX) return null;
        this._depth++;
        const value = text === '-' ? negative(this._unary())
            : text === '(' ? this._closed()[0] ?? null
                : /^\d/.test(text) ? numberOf(text)
                    : this._texts[this._at] === '(' ? this._call(text)
                        : this._lookUp(text, this._depth);
        this._depth--;
        return value;
    }

    /** @param {string} name of a function @returns {number | null} */
    _call(name) {
        this._at++;
        const values = this._closed(), call = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : null;
        return call && values.length > 0 && values.every((value) => value !== null) ? call(...values.map(Number)) : null;
    }

    /** The values up to the closing parenthesis, separated by commas. @returns {Array<number | null>} */
    _closed() {
        const values = [];
        while (this._at < this._texts.length && this._texts[this._at] !== ')') {
            values.push(this._level(0));
            if (this._texts[this._at] !== ',') break;
            this._at++;
        }
        if (this._texts[this._at] !== ')') return [null];
        this._at++;
        return values;
    }
}

/** @param {number | null} value */
const negative = (value) => (value === null ? null : -value);

/** @param {string} text @returns {number | null} */
function numberOf(text) {
    const number = Number(text.replace(/(?<=^(?:0[xX][\da-fA-F]+|\d+))[iu]$/, ''));
    return Number.isFinite(number) ? number : null;
}

/** @param {string} source @returns {Token[]} */
const tokensOf = (source) => Array.from(withoutComments(source).matchAll(TOKENS), ({ 0: text, index }) => ({ text, at: index }));

/** Its comments as spaces; those between signs may lie in each other. @param {string} source */
function withoutComments(source) {
    let text = '', depth = 0, isLine = false;
    for (let i = 0; i < source.length; i++) {
        const sign = isLine ? '' : source.slice(i, i + 2);
        if (isLine && BREAK.test(source[i])) isLine = false;
        else if (depth === 0 && sign === '//') isLine = true;
        const isSign = sign === '/*' || (depth > 0 && sign === '*/');
        if (isSign) depth += sign === '/*' ? 1 : -1;
        text += isSign ? '  ' : isLine || depth > 0 ? ' ' : source[i];
        if (isSign) i++;
    }
    return text;
}

/** Where what opens at `from` closes; the end, if it does not. @param {Token[]} tokens @param {number} from */
function closing(tokens, from) {
    const open = tokens[from].text, close = OPENING.get(open);
    let depth = 0;
    for (let i = from; i < tokens.length; i++) {
        depth += tokens[i].text === open ? 1 : tokens[i].text === close ? -1 : 0;
        if (depth === 0) return i;
    }
    return tokens.length;
}

/** By the commas between them. @param {Token[]} tokens @returns {Token[][]} */
function split(tokens) {
    /** @type {Token[][]} */
    const parts = [[]];
    for (let i = 0; i < tokens.length; i++) {
        if (tokens[i].text === ',') parts.push([]);
        else if (tokens[i].text !== '(') parts[parts.length - 1].push(tokens[i]);
        else {
            const end = closing(tokens, i);
            parts[parts.length - 1].push(...tokens.slice(i, end + 1));
            i = end;
        }
    }
    return parts.filter((part) => part.length > 0);
}
