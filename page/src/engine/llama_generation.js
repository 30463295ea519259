/**
 * The answers of one task of a language model: one or several, from the start or from where another node has
 * stopped.
 */
import { begunOf, Sent } from './answer.js';
import { Failure } from './failure.js';
import { LlamaAnswer } from './llama_answer.js';
import { completionBody, samplingOf } from './llama_body.js';
import { failureOf } from './llama_failure.js';

/** @import { Outcome } from './engine.js' */
/** @import { Loaded } from './llama_bring.js' */
/** @import { Parser } from './answer.js' */
/** @import { Options } from './llama_body.js' */
/** @import { Run } from './run.js' */
/** @import { Begun } from '../shared/messages.js' */
/** A prompt as llama.cpp is to complete it, without the start token; `preserved` are special tokens that
 * come out as text.
 * @typedef {{text: string, grammar: string | null, stop: readonly string[], preserved: readonly string[],
 *   parser: (choice: number) => Parser, cost: () => Cost | null}} Prompt */
/** The cost of a grammar; `add` throws if it is too high. @typedef {{add: (text: string) => void}} Cost */
/** The owner, and whether nothing else is computed meanwhile.
 * `steady`: see Request in llama_slots.js. @typedef {{owner: string | null, alone: boolean, steady: boolean}} Terms */

/** @param {Loaded} loaded
 * @param {Prompt[]} prompts each of which has as many answers as the options say @param {Options} options
 * @param {Terms} terms @param {Run} run @returns {Promise<Outcome>} */
export async function generate(loaded, prompts, options, terms, run) {
    const { slots } = loaded;
    const each = options.n ?? 1;
    if (each > slots.count) {
        throw new Failure('input_invalid', `the model gives at most ${slots.count} answers at a time here`,
            { field: 'options.n', expected: `at most ${slots.count}` });
    }
    const generation = new Generation(loaded, prompts, options, terms, run);
    return { tensors: [], result: resultOf(await generation.answers(), each) };
}

class Generation {
    /** @param {Loaded} loaded
     * @param {Prompt[]} prompts @param {Options} options @param {Terms} terms @param {Run} run */
    constructor(loaded, prompts, options, terms, run) {
        this._loaded = loaded;
        this._prompts = prompts;
        this._each = options.n ?? 1;
        this._options = options;
        this._terms = terms;
        this._run = run;
        /** Ends all of the answers. */
        this._stop = new AbortController();
        if (run.signal.aborted) this._stop.abort();
        else run.signal.addEventListener('abort', () => this._stop.abort(), { once: true });
    }

    /** Makes all answers, as many at a time as there are slots; if one fails, the others end. */
    async answers() {
        const count = this._prompts.length * this._each;
        /** @type {LlamaAnswer[]} */
        const made = [];
        let next = 0;
        const work = async () => {
            while (next < count) {
                const index = next++;
                made[index] = await this.answer(index);
            }
        };
        const working = Array.from({ length: Math.min(count, this._loaded.slots.count) }, work);
        try {
            await Promise.all(working);
            return made;
        } catch (thrown) {
            this._stop.abort();
            await Promise.allSettled(working);
            throw thrown;
        }
    }

    /** The prompt of an answer. @param {number} index */
    _promptOf(index) {
        return this._prompts[Math.floor(index / this._each)];
    }

    /** Which of its prompt's answers it is. @param {number} index */
    _choiceOf(index) {
        return index % this._each;
    }

    /** One of the task's answers, which another node may have begun. @param {number} index */
    answer(index) {
        const begun = begunOf(this._run.from, index);
        if (!begun) return this._make(index);
        if (begun.ended) return this._ended(index, begun);
        if (this._isGreedy(index) && begun.text && this._has(begun.tokens)) {
            return this._goOn(index, begun.text, begun.tokens);
        }
        return this._make(index, { sent: new Sent(begun) });
    }

    /** Skips an answer that its client has completely. The first answer to a prompt counts the prompt's tokens.
     * @param {number} index @param {Begun} begun */
    async _ended(index, begun) {
        const { tokens = [], finish_reason: reason = 'stop' } = begun;
        const prompt = this._promptOf(index), choice = this._choiceOf(index);
        const answer = this._answer(index, prompt, prompt.parser(choice), new Sent(begun));
        if (choice === 0) {
            const options = { ...this._options, max_tokens: 1 };
            await this._complete(prompt, options, choice, answer);
        }
        answer.usage.completion_tokens = tokens.length;
        answer.finish = reason;
        return answer;
    }

    /** @param {number} index @param {{sent?: Sent, grammar?: string}} [more] `sent`: what the client of it
     *   has already; `grammar` instead of the prompt's */
    async _make(index, { sent, grammar } = {}) {
        const own = this._promptOf(index), choice = this._choiceOf(index);
        const answer = this._answer(index, own, own.parser(choice), sent ?? null);
        const prompt = grammar ? { ...own, grammar, cost: () => null } : own;
        await this._complete(prompt, this._options, choice, answer);
        return answer;
    }

    /** Whether the next token depends on nothing but those before it. @param {number} index */
    _isGreedy(index) {
        const { temperature, logprobs, tools } = this._options;
        return temperature === 0 && !logprobs && !tools && !this._promptOf(index).grammar;
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
        const own = this._promptOf(index), choice = this._choiceOf(index);
        const prompt = { ...own, text: own.text + text };
        if (tokens.length >= most || !await this._isReadAs(own.text, prompt.text, tokens)) {
            const grammar = this._isPlain(tokens) ? beginningWith(tokens) : undefined;
            return this._make(index, { sent: new Sent({ text, tokens }), grammar });
        }
        const parser = own.parser(choice);
        parser.push(text);
        const answer = this._answer(index, own, parser, null);
        const options = most < Infinity
            ? { ...this._options, max_tokens: most - tokens.length } : this._options;
        await this._complete(prompt, options, choice, answer);
        answer.usage.prompt_tokens -= tokens.length;
        answer.usage.completion_tokens += tokens.length;
        return answer;
    }

    /** Whether a text of the prompt and more is read as the prompt's tokens and those that were sent.
     * @param {string} start the prompt @param {string} whole with more behind it @param {number[]} sent */
    async _isReadAs(start, whole, sent) {
        const { alone } = this._terms;
        const [before, all] = await this._loaded.tokenizer.ids([start, whole],
            { alone, signal: this._stop.signal, onStep: (ms) => this._run.stepTook(ms) });
        const expected = [...before, ...sent];
        return all.length === expected.length && all.every((id, index) => id === expected[index]);
    }

    /** Whether each byte of them is a character. @param {number[]} tokens */
    _isPlain(tokens) {
        return tokens.every((id) => this._loaded.pieces.bytes(id).every((byte) => byte < 0x80));
    }

    /** @param {number} index @param {Prompt} prompt @param {Parser} parser @param {Sent | null} sent */
    _answer(index, { stop, preserved }, parser, sent) {
        const { logprobs = false, top_logprobs: topLogprobs = 0 } = this._options;
        return new LlamaAnswer(this._run, index, parser, this._loaded.pieces, { logprobs, topLogprobs, stop, preserved }, sent);
    }

    /** @param {Prompt} prompt
     * @param {Options} options @param {number} choice @param {LlamaAnswer} answer */
    async _complete({ text: prompt, grammar, stop, preserved, cost: watch }, options, choice, answer) {
        const { slots, prefixes } = this._loaded;
        const { owner, alone, steady } = this._terms;
        // A deterministic answer must not continue from a cache that was computed together with others.
        const cache = !options.deterministic && prefixes.mayUse(owner, prompt);
        const cost = watch();
        let text = prompt;
        await slots.run({
            action: 'completion', alone, steady, signal: this._stop.signal,
            body: completionBody(prompt, options, {
                grammar, stop, preserved, cache, choice, sampling: samplingOf(this._loaded.head),
            }),
            onStep: (ms) => this._run.stepTook(ms),
            onResult: (data) => {
                const more = answer.take(data);
                text += more;
                cost?.add(more);
            },
        }).catch((thrown) => {
            throw failureOf(thrown, grammar);
        }).finally(() => prefixes.add(owner, text));
    }
}

/** A grammar of answers that begin with these tokens. No vocabulary has a token with the last id.
 * @param {number[]} tokens */
const beginningWith = (tokens) =>
    `root ::= ${tokens.map((id) => `<[${id}]>`).join(' ')} any*\nany ::= !<[2147483647]>`;

/** @param {LlamaAnswer[]} answers @param {number} each how many to a prompt, of which the first tells of it */
function resultOf(answers, each) {
    const [first] = answers;
    const { timings } = first;
    const usage = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0 };
    answers.forEach(({ usage: one }, index) => {
        usage.completion_tokens += one.completion_tokens;
        if (index % each > 0) return;
        usage.prompt_tokens += one.prompt_tokens;
        usage.cached_tokens += one.cached_tokens;
    });
    if (answers.length === 1) return { ...first.result(), usage, timings };
    return { choices: answers.map((answer, index) => ({ index, ...answer.result() })), usage, timings };
}

