/**
 * One answer of a language model as it grows: text and tokens, through the parser of a chat's output,
 * into parts for the client and a result at the end. Where another node had begun the answer, what it
 * has sent already is dropped, as long as it is the same.
 */
import { Failure } from './failure.js';

/** @import { Part, Run } from './run.js' */
/** @typedef {{text?: string, reasoning?: string, tool_calls?: any[]}} Delta */
/** Turns the output into deltas. @typedef {{push(text: string): Delta[], end(): Delta[], readonly calledTools: boolean}} Parser */
/** @typedef {{prompt_tokens: number, completion_tokens: number, cached_tokens: number}} Usage */
/** The log probability of a token, or of one of its alternatives. @typedef {{token: string, id: number, logprob: number,
 *   bytes: number[], top_logprobs?: Logprob[]}} Logprob */
/** A stretch of the model's output. @typedef {{text?: string, tokens?: number[], logprobs?: Logprob[]}} Stretch */
/** The largest contents of a part; then it is emitted, with or without credit. */
const MOST = Object.freeze({ characters: 8000, tokens: 1000, logprobs: 12 });

/** The parser for text outside a chat. @returns {Parser} */
export const plain = () => ({ push: (text) => [{ text }], end: () => [], calledTools: false });

export class Answer {
    /**
     * @param {Run} run @param {number} index which of several answers @param {Parser} parser
     * @param {Sent | null} sent what the client has already
     */
    constructor(run, index, parser, sent) {
        this._run = run;
        this._index = index;
        this._parser = parser;
        this._sent = sent;
        /** All of it. */
        this._whole = new Content();
        /** Contents that wait to be sent. */
        this._pending = new Content();
        this.finish = '';
        /** The text of the request's at which it ended. @type {string | null} */
        this.stop = null;
        /** @type {Usage} */
        this.usage = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0 };
        /** @type {Record<string, number>} */
        this.timings = {};
    }

    /** The model has written more. @param {Stretch} stretch */
    add({ text = '', tokens = [], logprobs = [] }) {
        const content = new Content();
        content.tokens.push(...tokens);
        content.logprobs.push(...logprobs);
        for (const delta of text ? this._parser.push(text) : []) content.add(delta);
        this._grow(content);
    }

    /** The model has ended. @param {string} reason @param {string | null} stop @throws {Failure} if the client has more of it */
    end(reason, stop) {
        const content = new Content();
        for (const delta of this._parser.end()) content.add(delta);
        this._grow(content);
        this.finish = reason === 'stop' && this._parser.calledTools ? 'tool_calls' : reason;
        this.stop = this.finish === 'stop' ? stop : null;
        this._sent?.finish();
        if (this._run.isStream && !this._sent?.ended) this._emit(this.finish);
    }

    /** The result without the contents that the parts carried. @returns {Record<string, any>} */
    result() {
        const stop = this.stop === null ? {} : { stop_sequence: this.stop };
        return { ...(this._run.isStream ? {} : this._whole.toJSON()), finish_reason: this.finish, ...stop };
    }

    /** @param {Content} content */
    _grow(content) {
        this._whole.append(content);
        if (!this._run.isStream) return;
        const more = this._sent ? this._sent.without(content) : content;
        if (!more) return;
        this._pending.append(more);
        // While the client takes none, what comes is put together.
        if (this._pending.isFull || (this._run.hasCredit && this._pending.hasContent)) this._emit();
    }

    /** @param {string} [finish] */
    _emit(finish) {
        const { text, tokens, ...rest } = this._pending.toJSON();
        /** @type {Part} */
        const part = { index: this._index };
        if (text) part.text = text;
        if (tokens.length > 0) part.tokens = tokens;
        if (Object.keys(rest).length > 0 || finish) part.result = { ...rest, ...(finish ? { finish_reason: finish } : {}) };
        this._pending = new Content();
        this._run.emit(part);
    }
}

/** A stretch of an answer. */
class Content {
    constructor() {
        this.text = '';
        this.reasoning = '';
        /** @type {number[]} */
        this.tokens = [];
        /** @type {any[]} */
        this.calls = [];
        /** @type {any[]} */
        this.logprobs = [];
    }

    /** @param {Delta} delta */
    add({ text = '', reasoning = '', tool_calls: calls = [] }) {
        this.text += text;
        this.reasoning += reasoning;
        for (const call of calls) this._addCall(call);
    }

    /** A call's name and arguments come in stretches. @param {any} more */
    _addCall(more) {
        const call = this.calls.find(({ index }) => index === more.index);
        if (!call) return void this.calls.push({ ...more, function: { ...more.function } });
        const { name, arguments: text } = more.function ?? {};
        if (name !== undefined) call.function.name = name;
        if (text !== undefined) call.function.arguments = (call.function.arguments ?? '') + text;
    }

    /** @param {Content} other */
    append(other) {
        this.add({ text: other.text, reasoning: other.reasoning, tool_calls: other.calls });
        this.tokens.push(...other.tokens);
        this.logprobs.push(...other.logprobs);
    }

    get hasContent() {
        return this.text !== '' || this.reasoning !== '' || this.calls.length > 0 || this.logprobs.length > 0;
    }

    get isFull() {
        return this.text.length + this.reasoning.length >= MOST.characters || this.tokens.length >= MOST.tokens
            || this.logprobs.length >= MOST.logprobs;
    }

    /** @returns {{text: string, tokens: number[], reasoning?: string, tool_calls?: any[], logprobs?: any[]}} */
    toJSON() {
        const { text, tokens, reasoning, calls, logprobs } = this;
        return {
            text, tokens, ...(reasoning ? { reasoning } : {}), ...(calls.length > 0 ? { tool_calls: calls } : {}),
            ...(logprobs.length > 0 ? { logprobs } : {}),
        };
    }
}

/** The part of one answer that the client has. @param {Run['from']} from @param {number} index
 * @returns {import('../shared/messages.js').Begun | null} null: nothing */
export function begunOf(from, index) {
    const begun = from?.answers ? from.answers[index] : index === 0 && from ? { text: from.text, tokens: from.tokens } : null;
    return begun && (begun.text || begun.tokens?.length || begun.ended) ? begun : null;
}

/** The beginning that the client of a stream already has; it is computed again and must come out the same. */
export class Sent {
    /** @param {import('../shared/messages.js').Begun} begun */
    constructor({ text = '', tokens = [], ended = false }) {
        /** Whether the client has all of it: then nothing is compared. */
        this.ended = ended;
        this._text = text;
        this._tokens = tokens;
        this._at = { text: 0, tokens: 0 };
    }

    /** The rest of a stretch, if the client has not all of it.
     * @param {Content} content @returns {Content | null} @throws {Failure} `stream_diverged` */
    without(content) {
        if (this.ended) return null;
        const before = { ...this._at };
        if (before.tokens >= this._tokens.length && before.text >= this._text.length) return content;
        const rest = new Content();
        rest.tokens = this._drop('tokens', content.tokens);
        rest.text = this._drop('text', [...content.text]).join('');
        if (rest.text === '' && (rest.tokens.length === 0 || this._tokens.length === 0)) return null;
        // These members belong to the last of a stretch's tokens.
        rest.reasoning = content.reasoning;
        rest.calls = content.calls;
        rest.logprobs = content.logprobs;
        return rest;
    }

    /** The answer is at its end. @throws {Failure} if the client has more */
    finish() {
        if (this.ended) return;
        if (this._at.tokens < this._tokens.length || this._at.text < this._text.length) throw diverged();
    }

    /** @param {'text' | 'tokens'} kind @param {any[]} items @returns {any[]} those that were not sent */
    _drop(kind, items) {
        const had = kind === 'text' ? this._text : this._tokens;
        let index = 0;
        for (; index < items.length && this._at[kind] < had.length; index++) {
            const item = items[index];
            const same = kind === 'text' ? this._text.startsWith(item, this._at.text) : item === this._tokens[this._at.tokens];
            if (!same) throw diverged();
            this._at[kind] += kind === 'text' ? item.length : 1;
        }
        return items.slice(index);
    }
}

const diverged = () => new Failure('stream_diverged', 'the answer differs from that of the node that began it');
