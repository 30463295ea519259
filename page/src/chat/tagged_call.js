/**
 * Reads, character by character, a call of models that put marks around its parts:
 * `f[ARGS]{…}`, `<function=f><parameter=a>…</parameter></function>`, or `f<arg_key>a</arg_key><arg_value>…`.
 * Arguments that come one by one are passed on as the members of an object: as a text if their schema says so,
 * and otherwise as JSON if they are valid JSON.
 */
import { isSpace, JsonValue } from './json_value.js';

/**
 * The marks of a way: before and after the name, around a key and around a value, and at the end. With `json` the
 * arguments are an object after the name, and there may be an id of the call after `id`.
 * @typedef {{open: string, named: string[], json?: boolean, id?: string, key?: [string, string], value?: [string, string],
 *   close?: string}} Marks
 */

/** A key of more characters is taken for none. */
const MAX_KEY = 256;

export class TaggedCallReader {
    /**
     * @param {Marks} marks @param {ReadonlyMap<string, any>} tools the schemas of what may be called, by name
     * @param {{named: (name: string) => void, gave: (text: string) => void}} listener `gave`: a part of the arguments
     */
    constructor(marks, tools, listener) {
        this._marks = marks;
        this._tools = tools;
        this._listener = listener;
        /** @type {'name' | 'id' | 'json' | 'gap' | 'key' | 'before' | 'value'} */
        this._state = 'name';
        /** The text since the state began. */
        this._text = '';
        this._key = '';
        this._count = 0; /* of arguments */
        this._inside = new JsonValue();
        /** @type {any} */
        this._schema = null;
        this._isNamed = false;
    }

    /** Whether the listener has heard of it. */
    get isNamed() {
        return this._isNamed;
    }

    /** @param {string} one UTF-16 unit @returns {'more' | 'end' | 'bad'} */
    take(one) {
        if (this._state === 'json') return this._inJson(one);
        this._text += one;
        const { key = ['', ''], value = ['', ''], named } = this._marks;
        switch (this._state) {
        case 'name': return this._inName();
        case 'id': return this._text.endsWith(named[0]) ? this._go('json') : short(this._text);
        case 'gap': return this._inGap();
        case 'key': return this._inKey(key[1]);
        case 'before': return this._opens(value[0], 'value');
        default: return this._text.endsWith(value[1]) ? this._give(this._text.slice(0, -value[1].length)) : 'more';
        }
    }

    /** @param {TaggedCallReader['_state']} state @param {string} [text] of it that has come @returns {'more'} */
    _go(state, text = '') {
        this._state = state;
        this._text = text;
        return 'more';
    }

    /** @param {string} mark that must come now, behind white space @param {TaggedCallReader['_state']} state behind it */
    _opens(mark, state) {
        const text = this._text.trimStart();
        if (text === mark) return this._go(state);
        return mark.startsWith(text) ? 'more' : 'bad';
    }

    _inName() {
        const { open, named, id = '', json } = this._marks;
        const text = this._text.trimStart();
        if (text.length < open.length) return open.startsWith(text) ? 'more' : 'bad';
        if (!text.startsWith(open)) return 'bad';
        const rest = text.slice(open.length);
        const ends = id ? [...named, id] : named;
        for (const [name, schema] of this._tools) {
            const end = rest.startsWith(name) ? ends.find((mark) => rest === name + mark) : undefined;
            if (end === undefined) continue;
            this._isNamed = true;
            this._schema = schema;
            this._listener.named(name);
            if (json) return this._go(end === id ? 'id' : 'json');
            return this._go('gap', end === '<' ? end : '');
        }
        const mayBe = [...this._tools.keys()].some((name) => ends.some((mark) => (name + mark).startsWith(rest)));
        return mayBe ? 'more' : 'bad';
    }

    /** @param {string} one @returns {'more' | 'end' | 'bad'} */
    _inJson(one) {
        if (this._text === '' && isSpace(one)) return 'more';
        if (this._text === '' && one !== '{') return 'bad';
        this._text = one; // only whether there was any matters
        const verdict = this._inside.take(one);
        if (verdict === 'bad' || verdict === 'behind') return 'bad';
        this._listener.gave(one);
        return verdict;
    }

    /** Before a key, or at the end. */
    _inGap() {
        const { key = ['', ''], close = '' } = this._marks;
        const text = this._text.trimStart();
        if (text === key[0]) return this._go('key');
        if (text === close) {
            this._listener.gave(this._count > 0 ? '}' : '{}');
            return 'end';
        }
        return key[0].startsWith(text) || close.startsWith(text) ? 'more' : 'bad';
    }

    /** @param {string} end */
    _inKey(end) {
        if (!this._text.endsWith(end)) return short(this._text);
        this._key = this._text.slice(0, -end.length);
        return this._go(this._marks.value?.[0] ? 'before' : 'value');
    }

    /** @param {string} text */
    _give(text) {
        const written = this._marks.value?.[0] ? text : text.replace(/^\n|\n$/g, '');
        const value = valueOf(written, this._schema?.properties?.[this._key]);
        this._listener.gave(`${this._count++ > 0 ? ', ' : '{'}${JSON.stringify(this._key)}: ${value}`);
        return this._go('gap');
    }
}

/** @param {string} text @returns {'more' | 'bad'} */
const short = (text) => (text.length <= MAX_KEY ? 'more' : 'bad');

/** An argument as JSON. @param {string} text @param {any} schema */
function valueOf(text, schema) {
    if (schema?.type !== 'string') {
        try {
            return JSON.stringify(JSON.parse(text));
        } catch {
            // It is a text, whatever it was to be.
        }
    }
    return JSON.stringify(text);
}
