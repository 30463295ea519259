/** Following one JSON value character by character, as strictly as JSON.parse: whether it is still one,
 * and where it ends. */

const LITERALS = ['true', 'false', 'null'];
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** A number of more characters is taken for none. */
const MAX_NUMBER = 64;

/**
 * The role of a character in a value: a part of it, its last one, the first one after it, or an error.
 * @typedef {'more' | 'end' | 'behind' | 'bad'} Verdict
 */

export class JsonValue {
    constructor() {
        /** The brackets that are open. @type {string[]} */
        this._open = [];
        /** @type {'value' | 'first' | 'key' | 'colon' | 'comma' | 'string' | 'escape' | 'hex' | 'number'
         *   | 'literal'} */
        this._state = 'value';
        this._isKey = false;
        this._word = '';
    }

    /** @param {string} one UTF-16 unit @returns {Verdict} */
    take(one) {
        switch (this._state) {
        case 'string': return this._inString(one);
        case 'escape': return this._afterBackslash(one);
        case 'hex': return this._inHex(one);
        case 'number': return this._inNumber(one);
        case 'literal': return this._inLiteral(one);
        }
        if (isSpace(one)) return 'more';
        switch (this._state) {
        case 'colon': return one === ':' ? this._go('value') : 'bad';
        case 'comma': return this._afterValue(one);
        case 'key': return one === '"' ? this._beginString(true) : 'bad';
        case 'first': return this._afterBracket(one);
        default: return this._beginValue(one);
        }
    }

    /** @param {JsonValue['_state']} state @returns {Verdict} */
    _go(state) {
        this._state = state;
        return 'more';
    }

    /** @param {string} one @returns {Verdict} */
    _beginValue(one) {
        if (one === '{' || one === '[') {
            this._open.push(one);
            return this._go('first');
        }
        if (one === '"') return this._beginString(false);
        this._word = one;
        if (/[-0-9]/.test(one)) return this._go('number');
        return /[tfn]/.test(one) ? this._go('literal') : 'bad';
    }

    /** @param {string} one @returns {Verdict} */
    _afterBracket(one) {
        if (this._open[this._open.length - 1] === '[') {
            return one === ']' ? this._close() : this._beginValue(one);
        }
        if (one === '}') return this._close();
        return one === '"' ? this._beginString(true) : 'bad';
    }

    /** @param {string} one @returns {Verdict} */
    _afterValue(one) {
        const isObject = this._open[this._open.length - 1] === '{';
        if (one === ',') return this._go(isObject ? 'key' : 'value');
        return one === (isObject ? '}' : ']') ? this._close() : 'bad';
    }

    /** @returns {Verdict} */
    _close() {
        this._open.pop();
        return this._ended();
    }

    /** @returns {Verdict} */
    _ended() {
        this._state = 'comma';
        return this._open.length === 0 ? 'end' : 'more';
    }

    /** @param {boolean} isKey @returns {Verdict} */
    _beginString(isKey) {
        this._isKey = isKey;
        return this._go('string');
    }

    /** @param {string} one @returns {Verdict} */
    _inString(one) {
        if (one === '\\') return this._go('escape');
        if (one !== '"') return one < ' ' ? 'bad' : 'more';
        return this._isKey ? this._go('colon') : this._ended();
    }

    /** @param {string} one @returns {Verdict} */
    _afterBackslash(one) {
        this._word = '';
        if (one === 'u') return this._go('hex');
        return /["\\/bfnrt]/.test(one) ? this._go('string') : 'bad';
    }

    /** @param {string} one @returns {Verdict} */
    _inHex(one) {
        if (!/[0-9A-Fa-f]/.test(one)) return 'bad';
        this._word += one;
        return this._word.length === 4 ? this._go('string') : 'more';
    }

    /** @param {string} one @returns {Verdict} */
    _inNumber(one) {
        if (/[-+.0-9eE]/.test(one)) {
            this._word += one;
            return this._word.length > MAX_NUMBER ? 'bad' : 'more';
        }
        if (!NUMBER.test(this._word)) return 'bad';
        return this._ended() === 'end' ? 'behind' : this.take(one);
    }

    /** @param {string} one @returns {Verdict} */
    _inLiteral(one) {
        this._word += one;
        if (LITERALS.includes(this._word)) return this._ended();
        return LITERALS.some((literal) => literal.startsWith(this._word)) ? 'more' : 'bad';
    }
}

/** White space of JSON. @param {string} one */
export function isSpace(one) {
    return one === ' ' || one === '\n' || one === '\t' || one === '\r';
}
