/**
 * What one task has a language model write: one answer or several, from the start or from where
 * another node has stopped.
 */
import { begunOf, Sent } from './answer.js';
import { Failure } from './failure.js';
import { LlamaAnswer } from './llama_answer.js';
import { completionBody } from './llama_body.js';
import { failureOf } from './llama_failure.js';

/** @typedef {import('./engine.js').Outcome} Outcome */
/** @typedef {import('./llama_bring.js').Loaded} Loaded */
/** @typedef {import('./answer.js').Parser} Parser */
/** @typedef {import('./llama_body.js').Options} Options */
/** @typedef {import('./run.js').Run} Run */
/** @typedef {import('../shared/messages.js').Begun} Begun */
/** A prompt as llama.cpp is to complete it, without the start token; `preserved` are special tokens that
 * come out as text.
 * @typedef {{text: string, grammar: string | null, stop: readonly string[], preserved: readonly string[],
 *   parser: (choice: number) => Parser}} Prompt */
/** Whose it is, and whether nothing else is computed meanwhile.
 * @typedef {{owner: string | null, alone: boolean}} Terms */

/** @param {Loaded} loaded
 * @param {Prompt} prompt @param {Options} options @param {Terms} terms @param {Run} run
 * @returns {Promise<Outcome>} */
export async function generate(loaded, prompt, options, terms, run) {
    const { slots, bos, addsStart } = loaded;
    const count = options.n ?? 1;
    if (count > slots.count) {
        throw new Failure('input_invalid', `the model gives at most ${slots.count} answers at a time here`,
            { field: 'options.n', expected: `at most ${slots.count}` });
    }
    // llama.cpp adds the start token itself.
    if (addsStart && bos && prompt.text.startsWith(bos)) {
        prompt = { ...prompt, text: prompt.text.slice(bos.length) };
    }
    const generation = new Generation(loaded, prompt, options, terms, run);
    return { tensors: [], result: resultOf(await generation.answers(count)) };
}

class Generation {
    /** @param {Loaded} loaded
     * @param {Prompt} prompt @param {Options} options @param {Terms} terms @param {Run} run */
    constructor(loaded, prompt, options, terms, run) {
        this._loaded = loaded;
        this._prompt = prompt;
        this._options = options;
        this._terms = terms;
        this._run = run;
        /** Ends all of the answers. */
        this._stop = new AbortController();
        if (run.signal.aborted) this._stop.abort();
        else run.signal.addEventListener('abort', () => this._stop.abort(), { once: true });
    }

    /** All of them; where one fails the others end. @param {number} count */
    async answers(count) {
        const made = Array.from({ length: count }, (_, index) => this.answer(index));
        try {
            return await Promise.all(made);
        } catch (thrown) {
            this._stop.abort();
            await Promise.allSettled(made);
            throw thrown;
        }
    }

    /** One of the task's answers, which another node may have begun. @param {number} index */
    answer(index) {
        const begun = begunOf(this._run.from, index);
        if (!begun) return this._make(index);
        if (begun.ended) return this._ended(index, begun);
        if (this._isGreedy && begun.text && this._has(begun.tokens)) return this._goOn(index, begun.text, begun.tokens);
        return this._make(index, { sent: new Sent(begun) });
    }

    /** Of one that its client has all of, nothing is made; the first tells what the prompt takes.
     * @param {number} index @param {Begun} begun */
    async _ended(index, begun) {
        const { tokens = [], finish_reason: reason = 'stop' } = begun;
        const answer = this._answer(index, this._prompt.parser(index), new Sent(begun));
        if (index === 0) {
            const options = { ...this._options, max_tokens: 1 };
            await this._complete(this._prompt, options, index, (data) => answer.take(data));
        }
        answer.usage.completion_tokens = tokens.length;
        answer.finish = reason;
        return answer;
    }

    /** @param {number} index @param {{sent?: Sent, grammar?: string}} [more] `sent`: what the client of it
     *   has already; `grammar` instead of the prompt's */
    async _make(index, { sent, grammar } = {}) {
        const answer = this._answer(index, this._prompt.parser(index), sent ?? null);
        const prompt = grammar ? { ...this._prompt, grammar } : this._prompt;
        await this._complete(prompt, this._options, index, (data) => answer.take(data));
        return answer;
    }

    /** Whether the next token depends on nothing but those before it. */
    get _isGreedy() {
        const { temperature, logprobs, tools } = this._options;
        return temperature === 0 && !logprobs && !tools && !this._prompt.grammar;
    }

    /** @param {number[] | undefined} tokens
     * @returns {tokens is number[]} whether they are some of the model's */
    _has(tokens) {
        return (tokens?.length ?? 0) > 0
            && tokens?.every((id) => id >= 0 && id < this._loaded.tokens) === true;
    }

    /**
     * Goes on after what was sent: after its text, if that is read as the tokens that it was made of;
     * else from the start, with those tokens and no others, if a grammar can say them: of bytes that are no
     * character it cannot.
     * @param {number} index @param {string} text @param {number[]} tokens of it
     */
    async _goOn(index, text, tokens) {
        const { max_tokens: most = Infinity } = this._options;
        const prompt = { ...this._prompt, text: this._prompt.text + text };
        const read = await this._read(prompt.text, text, tokens);
        if (!read || read.length >= most) {
            const grammar = isPlain(text) ? beginningWith(tokens) : undefined;
            return this._make(index, { sent: new Sent({ text, tokens }), grammar });
        }
        const parser = this._prompt.parser(index);
        parser.push(text);
        const answer = this._answer(index, parser, null);
        const options = most < Infinity
            ? { ...this._options, max_tokens: most - read.length } : this._options;
        await this._complete(prompt, options, index, (data) => answer.take(data));
        answer.usage.prompt_tokens -= read.length;
        answer.usage.completion_tokens += read.length;
        return answer;
    }

    /** The tokens behind the prompt's that a text of it and `text` is read as, if those that were sent are
     * all of them: of a character that several make, llama.cpp names the last.
     * @param {string} whole @param {string} text @param {number[]} sent @returns {Promise<number[] | null>} */
    async _read(whole, text, sent) {
        const { alone } = this._terms;
        const [before, all] = await this._loaded.tokenizer.ids([this._prompt.text, whole],
            { alone, signal: this._stop.signal, onStep: (ms) => this._run.stepTook(ms) });
        const tokens = all.slice(before.length);
        let found = 0;
        for (const id of tokens) if (id === sent[found]) found++;
        const isSame = before.every((id, index) => id === all[index]) && found === sent.length
            && tokens.at(-1) === sent.at(-1) && (tokens.length === sent.length || !isPlain(text));
        return isSame ? tokens : null;
    }

    /** @param {number} index @param {Parser} parser @param {Sent | null} sent */
    _answer(index, parser, sent) {
        const { logprobs = false, top_logprobs: topLogprobs = 0 } = this._options;
        return new LlamaAnswer(this._run, index, parser, { logprobs, topLogprobs }, sent);
    }

    /** @param {Prompt} prompt
     * @param {Options} options @param {number} choice @param {(data: any) => void} onResult */
    async _complete({ text: prompt, grammar, stop, preserved }, options, choice, onResult) {
        const { slots, prefixes } = this._loaded;
        const { owner, alone } = this._terms;
        // What is to repeat exactly goes on from nothing that was computed among others.
        const cache = !options.deterministic && prefixes.mayUse(owner, prompt);
        let text = prompt;
        await slots.run({
            action: 'completion', alone, signal: this._stop.signal,
            body: completionBody(prompt, options, { grammar, stop, preserved, cache, choice }),
            onStep: (ms) => this._run.stepTook(ms),
            onResult: (data) => {
                text += data.choices?.[0]?.text ?? '';
                onResult(data);
            },
        }).catch((thrown) => {
            throw failureOf(thrown, grammar);
        }).finally(() => prefixes.add(owner, text));
    }
}

/** Whether each character is one byte, and so none is made by several tokens. @param {string} text */
const isPlain = (text) => new TextEncoder().encode(text).length === text.length;

/** A grammar of answers that begin with these tokens. No vocabulary has a token with the last id.
 * @param {number[]} tokens */
const beginningWith = (tokens) =>
    `root ::= ${tokens.map((id) => `<[${id}]>`).join(' ')} any*\nany ::= !<[2147483647]>`;

/** @param {LlamaAnswer[]} answers */
function resultOf(answers) {
    const [first] = answers;
    const made = answers.reduce((sum, { usage: { completion_tokens: more } }) => sum + more, 0);
    const usage = { ...first.usage, completion_tokens: made };
    const { timings } = first;
    if (answers.length === 1) return { ...first.result(), usage, timings };
    return { choices: answers.map((answer, index) => ({ index, ...answer.result() })), usage, timings };
}

