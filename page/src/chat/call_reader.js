/**
 * One call as models write it, an object with a name and arguments, read character by character:
 * `{"name": "f", "arguments": {…}}`, the keys in any order, `parameters` for `arguments`. The
 * arguments are passed on as they come, once the name is known.
 */
import { JsonValue, isSpace } from './json_value.js';

const ARGUMENTS = ['arguments', 'parameters'];

export class CallReader {
    /**
     * @param {{has(name: string): boolean}} names of the functions that there are
     * @param {{named: (name: string) => void, gave: (text: string) => void}} listener `gave`: a part of the
     * arguments
     */
    constructor(names, listener) {
        this._names = names;
        this._listener = listener;
        /** @type {'open' | 'first' | 'key' | 'colon' | 'value' | 'comma'} */
        this._state = 'open';
        /** The key or value that is being read, and its text. */
        this._inside = new JsonValue();
        this._text = '';
        this._key = '';
        this._isNamed = false;
        /** @type {'none' | 'coming' | 'given'} */
        this._arguments = 'none';
        /** Arguments that came before the name. */
        this._early = '';
    }

    /** Whether the listener has heard of it. */
    get isNamed() {
        return this._isNamed;
    }

    /** @param {string} one UTF-16 unit @returns {'more' | 'end' | 'bad'} */
    take(one) {
        if (this._text === '' && isSpace(one)) return 'more';
        switch (this._state) {
        case 'open':
            this._state = 'first';
            return one === '{' ? 'more' : 'bad';
        case 'first':
        case 'key': return this._inKey(one);
        case 'colon':
            this._state = 'value';
            return one === ':' ? 'more' : 'bad';
        case 'value': return this._inValue(one);
        case 'comma': return this._afterValue(one);
        }
    }

    /** @param {string} one @returns {'more' | 'bad'} */
    _inKey(one) {
        if (this._text === '' && one !== '"') return 'bad';
        const verdict = this._inside.take(one);
        this._text += one;
        if (verdict === 'more' || verdict === 'bad') return verdict;
        const key = JSON.parse(this._text);
        this._key = ARGUMENTS.includes(key) ? 'arguments' : key;
        const isAgain = this._key === 'name' ? this._isNamed
            : this._key === 'arguments' && this._arguments !== 'none';
        this._begin('colon');
        return isAgain ? 'bad' : 'more';
    }

    /** @param {string} one @returns {'more' | 'end' | 'bad'} */
    _inValue(one) {
        const verdict = this._inside.take(one);
        if (verdict === 'bad') return 'bad';
        if (verdict !== 'behind') this._text += one;
        if (this._key === 'arguments' && verdict !== 'behind') this._argument(one);
        if (verdict === 'more') return 'more';
        if (!this._endValue()) return 'bad';
        this._begin('comma');
        return verdict === 'behind' ? this.take(one) : 'more';
    }

    /** A character of the arguments: passed on at once where they are an object. @param {string} one */
    _argument(one) {
        if (this._text[0] !== '{') return;
        this._arguments = 'coming';
        this._give(one);
    }

    /** @returns {boolean} whether the value is one that its key can have */
    _endValue() {
        if (this._key === 'name') return this._name(JSON.parse(this._text));
        if (this._key !== 'arguments') return true;
        if (this._arguments === 'none') {
            const value = JSON.parse(this._text);
            if (value !== null && typeof value !== 'string') return false;
            this._give(value ?? '{}');
        }
        this._arguments = 'given';
        return true;
    }

    /** @param {unknown} name */
    _name(name) {
        if (typeof name !== 'string' || !this._names.has(name)) return false;
        this._isNamed = true;
        this._listener.named(name);
        if (this._early) this._listener.gave(this._early);
        this._early = '';
        return true;
    }

    /** @param {string} text */
    _give(text) {
        if (this._isNamed) this._listener.gave(text);
        else this._early += text;
    }

    /** @param {string} one @returns {'more' | 'end' | 'bad'} */
    _afterValue(one) {
        if (one === ',') {
            this._begin('key');
            return 'more';
        }
        if (one !== '}' || !this._isNamed) return 'bad';
        if (this._arguments === 'none') this._give('{}');
        return 'end';
    }

    /** @param {CallReader['_state']} state */
    _begin(state) {
        this._state = state;
        this._inside = new JsonValue();
        this._text = '';
    }
}
