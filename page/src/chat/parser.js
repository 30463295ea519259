/**
 * Splits a model's output as it arrives: its reasoning, its function calls, and the text for the client.
 * The joined parts are the same wherever the text was cut. Only text that may be the beginning of something
 * else is held back. A call that is not JSON, or names no existing function, is text like any other. If a
 * call breaks off in its arguments, the rest of it is text.
 */
import { CallReader } from './call_reader.js';
import { isSpace } from './json_value.js';
import { TaggedCallReader } from './tagged_call.js';

/** @typedef {{index: number, id?: string, type?: 'function',
 *   function: {name?: string, arguments?: string}}} CallDelta */
/** @typedef {{text?: string, reasoning?: string, tool_calls?: CallDelta[]}} Delta */

/** Whether thoughts come first: `open` where the prompt has begun them.
 * @typedef {'none' | 'maybe' | 'open'} Thinking */

export const THINK = '<think>';
export const END_THINK = '</think>';

export class OutputParser {
    /**
     * @param {{format?: import('./formats.js').Format | null, names?: Iterable<string>, thinking?: Thinking,
     *     schemas?: ReadonlyMap<string, any>, idOf?: (index: number) => string}} [how] `names` of the functions that may
     *     be called, and the `schemas` of their arguments; no `format`: none
     */
    constructor({ format = null, names = [], schemas = new Map(), thinking = 'none', idOf = (index) => `call_${index}` } = {}) {
        this._format = format;
        this._tools = new Map([...names].map((name) => [name, schemas.get(name)]));
        this._idOf = idOf;
        this._mayThink = thinking === 'maybe';
        /** @type {'thoughts' | 'begin' | 'text' | 'call' | 'after' | 'between'} */
        this._state = thinking === 'open' ? 'thoughts' : 'begin';
        this._isFirstThought = true;
        /** Whether white space at the beginning of the text is no part of it. */
        this._isTrimmed = false;
        /** Text that has arrived and is not processed yet. */
        this._rest = '';
        /** The processed text of a call while it may still turn out to be text. */
        this._raw = '';
        /** @type {CallReader | TaggedCallReader | null} */
        this._reader = null;
        this._isInList = false;
        this._calls = 0;
        /** @type {Delta[]} */
        this._out = [];
    }

    /** Whether a call has begun. */
    get calledTools() {
        return this._calls > 0;
    }

    /** @param {string} text whole characters @returns {Delta[]} */
    push(text) {
        this._rest += text;
        while (this._rest !== '' && this._step());
        return this._out.splice(0);
    }

    /** The model has ended. @returns {Delta[]} */
    end() {
        const isCall = this._state === 'call';
        const isTaken = this._state === 'after' || (isCall && this._reader?.isNamed);
        const rest = isTaken ? '' : this._raw + this._rest;
        this._rest = this._raw = '';
        if (this._state === 'thoughts') this._say('reasoning', rest);
        else if (this._state === 'text' || isCall || rest.trim() !== '') this._say('text', rest);
        else if (this._state === 'begin' && !this._isTrimmed) this._say('text', rest);
        this._state = 'text';
        return this._out.splice(0);
    }

    /** @returns {boolean} whether there is something left that can be decided now */
    _step() {
        switch (this._state) {
        case 'thoughts': return this._thoughts();
        case 'begin': return this._begin();
        case 'text': return this._text();
        case 'call': return this._call();
        case 'after': return this._after();
        case 'between': return this._between();
        }
    }

    _thoughts() {
        if (this._isFirstThought) this._rest = this._rest.trimStart();
        const found = this._rest.indexOf(END_THINK);
        // White space before the mark is no part of the thoughts: it is held back with it.
        const end = found < 0 ? this._rest.length - beginningOf(END_THINK, this._rest) : found;
        const thoughts = this._rest.slice(0, end).trimEnd();
        if (thoughts !== '') this._isFirstThought = false;
        this._say('reasoning', thoughts);
        this._rest = this._rest.slice(found < 0 ? thoughts.length : found + END_THINK.length);
        if (found < 0) return false;
        this._isTrimmed = true;
        this._state = 'begin';
        return true;
    }

    /** The beginning of the answer, where thoughts or a call may stand. */
    _begin() {
        const rest = this._rest.trimStart();
        if (this._isTrimmed) this._rest = rest;
        if (rest === '' && (this._isTrimmed || this._mayThink || this._format)) return false;
        if (this._mayThink) {
            if (rest.startsWith(THINK)) {
                this._rest = rest.slice(THINK.length);
                this._mayThink = false;
                this._state = 'thoughts';
                return true;
            }
            if (THINK.startsWith(rest)) return false;
        }
        return this._maybeCall(rest);
    }

    /** A call, text, or not yet clear. @param {string} rest what is left, without white space before it */
    _maybeCall(rest) {
        const { begin = '', bare = false } = this._format ?? {};
        if (begin !== '' && begin.startsWith(rest) && rest !== begin) return false;
        if ((begin !== '' && rest.startsWith(begin)) || (bare && rest[0] === '{')) {
            this._enter(this._rest.length - rest.length, begin !== '' && rest.startsWith(begin) ? begin : '');
        } else {
            this._state = 'text';
        }
        return true;
    }

    _text() {
        const begin = this._format?.begin ?? '';
        const found = begin === '' ? -1 : this._rest.indexOf(begin);
        if (found >= 0) {
            this._say('text', this._rest.slice(0, found));
            this._rest = this._rest.slice(found);
            this._enter(0, begin);
            return true;
        }
        const held = begin === '' ? 0 : beginningOf(begin, this._rest);
        this._say('text', this._rest.slice(0, this._rest.length - held));
        this._rest = this._rest.slice(this._rest.length - held);
        return false;
    }

    /** A call begins. @param {number} space before it @param {string} mark */
    _enter(space, mark) {
        this._raw = this._rest.slice(0, space) + mark;
        this._rest = this._rest.slice(space + mark.length);
        this._isInList = false;
        this._reader = null;
        this._state = 'call';
    }

    _call() {
        for (let i = 0; i < this._rest.length; i++) {
            const one = this._rest[i];
            const isList = !this._reader && this._format?.list && !this._isInList && one === '[';
            if (isList || (!this._reader && isSpace(one))) {
                this._isInList ||= isList === true;
                this._raw += one;
                continue;
            }
            this._reader ??= this._newReader();
            const verdict = this._reader.take(one);
            if (verdict === 'bad') return this._spoiled(i);
            if (!this._reader.isNamed) this._raw += one;
            if (verdict === 'end') {
                this._leave('after', i + 1);
                return true;
            }
        }
        this._rest = '';
        return false;
    }

    _newReader() {
        const index = this._calls;
        const listener = {
            named: (/** @type {string} */ name) => {
                this._calls++;
                this._sayCall({
                    index, id: this._idOf(index), type: 'function', function: { name, arguments: '' },
                });
            },
            gave: (/** @type {string} */ text) => this._sayCall({ index, function: { arguments: text } }),
        };
        const tags = this._format?.tags;
        return tags ? new TaggedCallReader(tags, this._tools, listener) : new CallReader(this._tools, listener);
    }

    /** It is no call. @param {number} taken */
    _spoiled(taken) {
        if (!this._reader?.isNamed) this._say('text', this._raw);
        this._leave('text', taken);
        return true;
    }

    /** @param {'text' | 'after'} state @param {number} taken */
    _leave(state, taken) {
        this._rest = this._rest.slice(taken);
        this._raw = '';
        this._reader = null;
        this._state = state;
    }

    /** Behind the object of a call: the mark at its end, or the next of a list. */
    _after() {
        const rest = this._rest.trimStart();
        if (rest === '') return false;
        const end = this._isInList ? ']' : this._format?.end ?? '';
        if (end !== '' && end !== rest && end.startsWith(rest)) return false;
        if (this._isInList && rest[0] === ',') {
            this._raw = '';
            this._rest = rest.slice(1);
            this._state = 'call';
            return true;
        }
        if (end !== '' && rest.startsWith(end)) this._rest = rest.slice(end.length);
        this._state = 'between';
        return true;
    }

    /** Behind a call: another one, or text. */
    _between() {
        const rest = this._rest.replace(this._format?.bare ? /^[\s;]+/ : /^\s+/, '');
        return rest === '' ? false : this._maybeCall(rest);
    }

    /** @param {'text' | 'reasoning'} kind @param {string} text */
    _say(kind, text) {
        if (text === '') return;
        const last = this._out[this._out.length - 1];
        if (last && last[kind] !== undefined) last[kind] += text;
        else this._out.push({ [kind]: text });
    }

    /** @param {CallDelta} call */
    _sayCall(call) {
        const last = this._out[this._out.length - 1]?.tool_calls?.[0];
        if (last?.index === call.index && call.function.name === undefined) {
            last.function.arguments = (last.function.arguments ?? '') + (call.function.arguments ?? '');
        } else {
            this._out.push({ tool_calls: [call] });
        }
    }
}

/** How many characters at the end of `text` may be the beginning of `mark`.
 * @param {string} mark @param {string} text */
function beginningOf(mark, text) {
    for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
        if (text.endsWith(mark.slice(0, length))) return length;
    }
    return 0;
}
