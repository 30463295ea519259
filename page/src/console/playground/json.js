/** JSON that a person typed: what it says, or the line and the column where it stops being JSON. */
import { FieldError } from './request.js';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
// eslint-disable-next-line no-control-regex -- JSON has none of them within strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /(?:true|false|null)(?!\w)/y;
/** Deeper than this nothing is that we are given. */
const MOST_DEPTH = 64;

/** Parses a text as JSON, and throws the position at which that fails. */
class Scanner {
    at = 0;

    /** @param {string} text */
    constructor(text) {
        this.text = text;
    }

    all() {
        this.#value(0);
        this.#take(SPACE);
        if (this.at < this.text.length) this.#stop('the end');
    }

    /** @param {number} depth */
    #value(depth) {
        this.#take(SPACE);
        if (depth > MOST_DEPTH) this.#stop(`at most ${MOST_DEPTH} levels`);
        const first = this.text[this.at];
        if (first === '{') this.#several('}', depth, true);
        else if (first === '[') this.#several(']', depth, false);
        else if (!this.#take(STRING) && !this.#take(NUMBER) && !this.#take(WORD)) this.#stop('a value');
    }

    /** @param {string} end @param {number} depth @param {boolean} isNamed */
    #several(end, depth, isNamed) {
        this.at++;
        this.#take(SPACE);
        if (this.#sign(end)) return;
        do {
            this.#take(SPACE);
            if (isNamed) {
                if (!this.#take(STRING)) this.#stop('a name in double quotes');
                this.#take(SPACE);
                if (!this.#sign(':')) this.#stop('a colon');
            }
            this.#value(depth + 1);
            this.#take(SPACE);
        } while (this.#sign(','));
        if (!this.#sign(end)) this.#stop(`a comma or ${end}`);
    }

    /** @param {string} sign */
    #sign(sign) {
        if (this.text[this.at] !== sign) return false;
        this.at++;
        return true;
    }

    /** @param {RegExp} pattern @returns {boolean} whether it was there, and more than nothing */
    #take(pattern) {
        pattern.lastIndex = this.at;
        const length = pattern.exec(this.text)?.[0].length ?? 0;
        this.at += length;
        return length > 0;
    }

    /** @param {string} expected */
    #stop(expected) {
        throw { at: this.at, expected };
    }
}

/** @param {string} text @returns {{line: number, column: number, expected: string, found: string} | null} where it stops
 * being JSON, counted from 1; null: it is JSON */
export function faultOf(text) {
    try {
        new Scanner(text).all();
        return null;
    } catch (error) {
        const { at, expected } = /** @type {{at: number, expected: string}} */ (error);
        const before = text.slice(0, at).split('\n');
        const found = at < text.length ? `“${String.fromCodePoint(text.codePointAt(at) ?? 0)}”` : 'the end of the text';
        return { line: before.length, column: [...before[before.length - 1]].length + 1, expected, found };
    }
}

/** @param {string} field @param {string} text @returns {any} @throws {FieldError} with line and column */
export function parseJson(field, text) {
    const fault = faultOf(text);
    if (fault) throw new FieldError(field,
        `This is no JSON: line ${fault.line}, column ${fault.column} has ${fault.found}, where ${fault.expected} was expected.`);
    return JSON.parse(text);
}
