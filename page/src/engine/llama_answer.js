/** An answer that grows by what llama.cpp's server hands over, token by token. */
import { Answer } from './answer.js';
import { StopTexts } from './stop_texts.js';

/** @import { Logprob } from './answer.js' */
/** @import { Pieces } from './llama_pieces.js' */
/** The requested form of an answer. For texts that end it, and for special tokens that have a text, see Prompt.
 * @typedef {{logprobs: boolean, topLogprobs: number, stop: readonly string[], preserved: readonly string[]}} Wanted */

export class LlamaAnswer extends Answer {
    /**
     * @param {import('./run.js').Run} run @param {number} index which of several answers
     * @param {import('./answer.js').Parser} parser @param {Pieces} pieces @param {Wanted} wanted
     * @param {import('./answer.js').Sent | null} sent what the client has already
     */
    constructor(run, index, parser, pieces, wanted, sent) {
        super(run, index, parser, sent);
        this._pieces = pieces;
        this._wanted = wanted;
        this._decoder = new TextDecoder('utf-8', { ignoreBOM: true });
        this._stops = new StopTexts(wanted.stop);
    }

    /** A result of llama.cpp's. @param {any} data @returns {string} what it adds to what the model has written */
    take(data) {
        const { prompt_progress: progress, __verbose: said, choices: [choice] = [] } = data;
        if (progress) this._run.progress('prompt', progress.processed, progress.total);
        else if (choice?.finish_reason) this._finish(data, choice.finish_reason);
        else if (said && choice) return this._write(said.tokens ?? [], choice.logprobs?.content ?? []);
        return '';
    }

    /** @param {number[]} tokens @param {any[]} likely what llama.cpp says of each */
    _write(tokens, likely) {
        const written = tokens.map((id) => this._textOf(id)).join('');
        for (const one of likely) this._run.raw?.step(one.id, likelyOf(one));
        const logprobs = this._wanted.logprobs ? likely.filter(({ id }) => !this._pieces.isEnd(id)).map((one) => this._entry(one)) : [];
        this.add({ text: this._stops.push(written), tokens, logprobs });
        this._run.goesOn();
        return written;
    }

    /** The token's text as far as it is certain: bytes that may begin a character wait for the rest. @param {number} id */
    _textOf(id) {
        if (this._pieces.isSilent(id, this._wanted.preserved)) return '';
        return this._decoder.decode(this._pieces.bytes(id), { stream: true });
    }

    /** @param {any} likely @returns {Logprob} */
    _entry({ id, logprob, top_logprobs: top }) {
        const others = (top ?? []).slice(0, this._wanted.topLogprobs);
        return {
            ...this._pieces.entry({ id, logprob }),
            top_logprobs: others.map((/** @type {any} */ other) => this._pieces.entry(other)),
        };
    }

    /** Adds text that was held back, unless it is a part of a character. @param {any} data @param {string} reason */
    _finish({ usage, timings, __verbose: said }, reason) {
        this.usage = {
            prompt_tokens: usage?.prompt_tokens ?? said?.tokens_evaluated ?? 0,
            completion_tokens: usage?.completion_tokens ?? said?.tokens_predicted ?? 0,
            cached_tokens: timings?.cache_n ?? 0,
        };
        this.timings = timings ?? {};
        this.add({ text: this._stops.end() });
        this.end(reason, this._stops.found ?? (said?.stop_type === 'word' ? said.stopping_word : null));
    }
}

/** @param {Logprob} entry */
const likelyOf = ({ id, logprob, top_logprobs: top = [] }) =>
    [logprob, ...top.filter((other) => other.id !== id).map((other) => other.logprob)];
