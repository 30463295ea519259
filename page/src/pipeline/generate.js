/**
 * An answer, token by token: the prompt in pieces, then in each step the token chosen by the model's own rules
 * and the request's sampling, until a stop, an end token, the requested length, or the end of the context.
 * Tokens that another node has already sent are not computed again: they are read as input.
 */
import { Answer, begunOf, Sent } from '../engine/answer.js';
import { Failure } from '../engine/failure.js';
import { StopTexts } from '../engine/stop_texts.js';
import { vocabularyOf } from './decoder.js';
import { Detokenizer, tokenText } from './detokenizer.js';
import { searchText } from './beam_search.js';
import { Beams, beamsOf, toLogarithms } from './generation/beams.js';
import { rulesOf } from './generation/rules.js';
import { generationOf, ownMost } from './generation/settings.js';
import { Sampler, likelihood, tell } from './sampling.js';
import { SparseRow } from './sparse_row.js';
import { endTokens } from './stops.js';

/** @import { Logprob, Parser } from '../engine/answer.js' */
/** @import { Outcome } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Decoder } from './decoder.js' */
/** @import { Needed } from './gpu_logits.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Best } from './sampling.js' */
/** @typedef {Record<string, any>} Options */
/**
 * The beginning to continue. `tokens` are those that the decoder reads; `read` those of the request's own text
 * if an encoder reads it. `stop` are texts that end the answer, `ends` end tokens in addition to the model's own;
 * `preserved` are special tokens that come out as text. `task` is its name in config.json.
 * @typedef {{tokens: readonly number[], read?: readonly number[], stop: readonly string[], ends: readonly string[],
 *   preserved: readonly string[], parser: Parser, task?: string}} Prompt
 */

/** The temperature if a request names none and the folder's settings sample. */
const TEMPERATURE = 1;
/** Options that only have a meaning with sampling. A seed is not one of them: the service gives one to each
 * request, so that an answer can continue elsewhere. */
const OF_CHANCE = Object.freeze(['top_k', 'top_p', 'min_p']);
/** What is needed of the logits of a piece of the prompt. */
const LEAST = Object.freeze({ best: 1, ids: Object.freeze([]) });
/** After so many tokens in a row that the best did not decide, whole rows are read. */
const MISSES_MAX = 4;

/**
 * @param {Loaded} loaded @param {Prompt} prompt @param {Options} options
 * @param {number} context tokens that the decoder has room for @param {Run} run
 * @param {(tokens: readonly number[]) => Promise<Decoder>} begin gives a decoder that has read some of
 *   these tokens, or none
 * @param {number} [index] which of several answers
 * @returns {Promise<Outcome>}
 */
export async function generate(loaded, prompt, options, context, run, begin, index = 0) {
    const { tokens } = prompt;
    if (tokens.length >= context) {
        const message = `the prompt has ${tokens.length} tokens, the model's context here ${context}`;
        throw new Failure('context_length_exceeded', message,
            { field: 'inputs', expected: `fewer than ${context} tokens` });
    }
    return new Writing(loaded, prompt, options, context, run, index).write(begin);
}

class Writing {
    /** @param {Loaded} loaded @param {Prompt} prompt @param {Options} options @param {number} context
     * @param {Run} run @param {number} index */
    constructor(loaded, prompt, options, context, run, index) {
        const begun = begunOf(run.from, index);
        const { config, tokenizer } = loaded;
        const { tokens, parser, stop, ends, preserved } = prompt;
        const settings = generationOf(loaded, prompt.task);
        const room = context - tokens.length;
        this._loaded = loaded;
        this._prompt = prompt;
        this._options = options;
        this._run = run;
        this._most = Math.min(options.max_tokens ?? ownMost(settings, tokens.length), room);
        this._answer = new Answer(run, index, parser, begun && new Sent(begun));
        this._sent = begun?.tokens ?? [];
        /** Whether another node has made all of it. */
        this._hadEnded = begun?.ended === true;
        this._detokenizer = new Detokenizer(tokenizer, config.is_encoder_decoder ? [] : tokens, preserved);
        this._stops = new StopTexts(stop);
        this._ends = endTokens(loaded, ends);
        this._rules = ownRules(loaded, settings, prompt, options, { most: this._most, ends: [...this._ends] });
        const sampling = samplingOf(settings, options);
        this._sampler = new Sampler(sampling);
        /** Null: token after token is chosen. */
        this._search = sampling.temperature === 0 && !run.raw && settings.num_beams > 1 ? beamsOf(settings) : null;
        this._renormalizes = settings.renormalize_logits === true;
        this._row = new SparseRow();
        this._misses = 0; /* tokens in a row that the best did not decide */
        /** The prompt's and the answer's. */
        this._tokens = [...tokens];
        /** How many of the answer's, an end token among them. */
        this._made = 0;
        this._finish = '';
    }

    /** @param {(tokens: readonly number[]) => Promise<Decoder>} begin @returns {Promise<Outcome>} */
    async write(begin) {
        const { caches } = this._loaded;
        for (const token of this._search && !this._hadEnded ? [] : this._begun()) this._take(token, []);
        if (this._hadEnded && !this._finish) this._takeEnd();
        const began = this._times();
        const counts = { cached: 0, read: 0, began: this._made };
        let read = began;
        if (!this._finish) {
            const decoder = await begin(this._tokens);
            decoder.most = this._prompt.tokens.length + this._most;
            caches.hold(decoder);
            try {
                read = await this._goOn(decoder, counts);
            } finally {
                decoder.letGo();
                caches.letGo(decoder);
            }
        }
        this._end();
        return { tensors: [], result: this._result(counts, [began, read, this._times()]) };
    }

    /** So far. */
    _times() {
        const { ownMs, sessionMs } = this._run;
        return { ownMs, sessionMs };
    }

    /** @param {Decoder} decoder @param {{cached: number, read: number}} counts to be filled
     * @returns {Promise<{ownMs: number, sessionMs: number}>} when the prompt was read */
    async _goOn(decoder, counts) {
        counts.cached = decoder.count;
        let logits = await this._read(decoder);
        counts.read = decoder.count - counts.cached;
        const read = this._times();
        if (this._search) await this._takeBest(decoder, /** @type {Float32Array} */ (logits), this._search);
        else while (!await this._step(decoder, logits)) logits = await decoder.read(this._tokens, this._needed());
        return read;
    }

    /** The text that beams find; it comes as a whole. @param {Decoder} decoder @param {Float32Array} logits
     * @param {Pick<import('./generation/beams.js').Search, 'beams' | 'lengthPenalty' | 'early'>} search */
    async _takeBest(decoder, logits, search) {
        const wanted = this._options.logprobs === true;
        const { tokens, notes } = await searchText(this._loaded.caches, new Beams({ ...search, most: this._most, ends: this._ends }),
            [...this._tokens], { decoder, logits },
            { score: (before, own) => this._logarithms(before, own), note: (own, token) => (wanted ? this._logprob(own, token) : null) });
        for (const [at, token] of tokens.entries()) {
            if (this._ends.has(token)) return this._takeEnd();
            this._take(token, wanted ? [notes[at]] : []);
        }
    }

    /** The log probabilities by which beams are compared. @param {readonly number[]} tokens before @param {Float32Array} logits stay as they are */
    _logarithms(tokens, logits) {
        const row = logits.slice();
        toLogarithms(row);
        this._rules.change(tokens, row);
        this._sampler.adjust(row, tokens);
        if (this._renormalizes) toLogarithms(row);
        return row;
    }

    /** The tokens of an answer that another node had begun, if they are some of the model's; where they are
     * not, it is made from the start, and has to come out the same. */
    _begun() {
        const most = vocabularyOf(this._loaded.config) ?? Infinity;
        return this._sent.every((id) => Number.isInteger(id) && id >= 0 && id < most) ? this._sent : [];
    }

    /** The prompt, in pieces, as far as it is not in the cache. @param {Decoder} decoder */
    async _read(decoder) {
        const { _tokens: { length: total } } = this;
        // So that it can be told how long the first piece takes.
        this._run.progress('prompt', decoder.count, total);
        const { promptChunk } = this._loaded;
        for (;;) {
            const { count } = decoder;
            const end = Math.min(total, count + (promptChunk?.tokens() ?? total));
            const began = this._run.ownMs;
            const logits = await decoder.read(this._tokens.slice(0, end), end === total ? this._needed() : LEAST);
            promptChunk?.note(end - count, this._run.ownMs - began);
            this._run.progress('prompt', end, total);
            if (end === total) return logits;
        }
    }

    /** What the next token needs of the logits; null: all. @returns {Needed | null} */
    _needed() {
        if (this._search || this._run.raw || this._options.logprobs === true || this._misses >= MISSES_MAX) return null;
        const best = this._sampler.needs, ids = this._rules.touches(this._tokens);
        return best === null || ids === null ? null : { best, ids: [...ids, ...this._sampler.changes(this._tokens)] };
    }

    /** The next token. @param {Decoder} decoder @param {Float32Array | Best} logits that it has read
     * @returns {Promise<boolean>} whether it was the last */
    async _step(decoder, logits) {
        if (logits instanceof Float32Array) this._stepBy(logits);
        else {
            const token = this._decided(logits);
            this._misses = token === null ? this._misses + 1 : 0;
            if (token === null) this._stepBy(await decoder.row());
            else this._next(token, []);
        }
        return this._finish !== '';
    }

    /** @param {Float32Array} logits */
    _stepBy(logits) {
        const wanted = this._options.logprobs === true;
        const own = wanted ? logits.slice() : logits;
        this._rules.change(this._tokens, logits);
        const token = this._sampler.choose(logits, this._tokens, this._made);
        if (this._run.raw) tell(this._run.raw, logits);
        this._next(token, wanted && !this._ends.has(token) ? [this._logprob(own, token)] : []);
    }

    /** The token that the best decide; null: the others may matter. @param {Best} best */
    _decided(best) {
        return this._sampler.pick(this._row.changed(best, (row) => {
            this._rules.change(this._tokens, row);
            this._sampler.adjust(row, this._tokens);
        }), this._made);
    }

    /** @param {number} token @param {Logprob[]} logprobs */
    _next(token, logprobs) {
        if (this._ends.has(token)) return this._takeEnd();
        this._take(token, logprobs);
        this._run.goesOn();
    }

    /** A token that says nothing but that this is the end. */
    _takeEnd() {
        this._made++;
        this._finish = 'stop';
    }

    /** @param {number} token @param {Logprob[]} logprobs */
    _take(token, logprobs) {
        if (this._finish) return;
        this._tokens.push(token);
        this._made++;
        const text = this._stops.push(this._detokenizer.push(token));
        this._answer.add({ text, tokens: [token], logprobs });
        if (this._stops.isFound) this._finish = 'stop';
        else if (this._made >= this._most) this._finish = 'length';
    }

    /** Adds text that was held back, unless it is a part of a character. */
    _end() {
        this._answer.add({ text: this._stops.end() });
        this._answer.end(this._finish, this._stops.found);
    }

    /** @param {Float32Array} logits the model's own @param {number} token @returns {Logprob} */
    _logprob(logits, token) {
        const words = /** @type {import('./tokenizer/tokenizer.js').Tokenizer} */ (this._loaded.words);
        const { logprob, top } = likelihood(logits, token, this._options.top_logprobs ?? 0);
        const entry = (/** @type {import('./sampling.js').Likely} */ one) => ({ ...tokenText(words, one.id), ...one });
        return { ...entry({ id: token, logprob }), top_logprobs: top.map(entry) };
    }

    /** @param {{cached: number, read: number, began: number}} counts
     * @param {{ownMs: number, sessionMs: number}[]} times when it began, had read the prompt, and ended */
    _result({ cached, read, began }, [start, middle, end]) {
        const prompt = (this._prompt.read ?? this._prompt.tokens).length;
        const made = this._made - began;
        return {
            ...this._answer.result(),
            usage: {
                prompt_tokens: prompt, completion_tokens: this._made, cached_tokens: Math.min(cached, prompt),
            },
            timings: {
                cache_n: cached,
                ...timesOf('prompt', this._prompt.read?.length ?? read, middle.ownMs - start.ownMs),
                ...timesOf('predicted', made, end.ownMs - middle.ownMs, Math.max(0, made - 1)),
                predicted_session_ms: end.sessionMs - middle.sessionMs,
            },
        };
    }
}

/** As llama-server tells them. @param {string} name @param {number} count @param {number} ms
 * @param {number} [timed] how many of them took that time: an answer's first comes with its prompt */
function timesOf(name, count, ms, timed = count) {
    return {
        [`${name}_n`]: count, [`${name}_ms`]: ms,
        [`${name}_per_token_ms`]: timed > 0 ? ms / timed : 0,
        [`${name}_per_second`]: ms > 0 ? (1000 * timed) / ms : 0,
    };
}

/**
 * How the next token is chosen: as the request says, else as the folder does, whose model samples only if
 * its generation_config.json says so.
 * @param {any} config of the model's generation @param {Options} options
 * @returns {import('./sampling.js').Sampling}
 */
export function samplingOf(config, options) {
    const isChance = config.do_sample === true || OF_CHANCE.some((name) => options[name] !== undefined);
    return {
        temperature: options.temperature ?? (isChance ? config.temperature ?? TEMPERATURE : 0),
        topK: options.top_k ?? config.top_k ?? 0,
        topP: options.top_p ?? config.top_p ?? 1,
        minP: options.min_p ?? config.min_p ?? 0,
        repeat: options.repeat_penalty ?? 1,
        frequency: options.frequency_penalty ?? 0,
        presence: options.presence_penalty ?? 0,
        bias: Object.entries(options.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias]),
        seed: options.seed ?? anySeed(),
    };
}

const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/**
 * The folder's rules: forbidden repetitions and words, forced first and last tokens.
 * @param {Loaded} loaded @param {Record<string, any>} settings @param {Prompt} prompt @param {Options} options
 * @param {{most: number, ends: number[]}} answer tokens of it, and those that end it
 */
function ownRules({ config }, settings, { tokens, read }, { repeat_penalty: penalty }, { most, ends }) {
    const begin = tokens.length;
    // The request's replaces it.
    const asked = penalty === undefined ? settings : { ...settings, repetition_penalty: 1 };
    return rulesOf(asked, { begin, read: read ?? (config.is_encoder_decoder ? null : tokens), most: begin + most, ends });
}
