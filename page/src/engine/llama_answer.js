/** An answer that grows by what llama.cpp's server hands over, token by token. */
import { Answer } from './answer.js';

/** @import { Logprob } from './answer.js' */

export class LlamaAnswer extends Answer {
    /**
     * @param {import('./run.js').Run} run @param {number} index which of several answers
     * @param {import('./answer.js').Parser} parser @param {{logprobs: boolean, topLogprobs: number}} wanted
     * @param {import('./answer.js').Sent | null} sent what the client has already
     */
    constructor(run, index, parser, wanted, sent) {
        super(run, index, parser, sent);
        this._wanted = wanted;
    }

    /** A result of llama.cpp's. @param {any} data */
    take(data) {
        const { prompt_progress: progress, __verbose: said, choices: [choice] = [] } = data;
        if (progress) return this._run.progress('prompt', progress.processed, progress.total);
        if (choice?.finish_reason) return this._finish(data, choice.finish_reason);
        if (!said || !choice) return;
        const entries = this._wanted.logprobs ? choice.logprobs?.content ?? [] : [];
        const logprobs = entries.map((/** @type {any} */ entry) => this._entry(entry));
        for (const one of logprobs) this._run.raw?.step(one.id, likelyOf(one));
        this.add({ text: choice.text, tokens: said.tokens ?? [], logprobs });
        this._run.goesOn();
    }

    /** @param {any} entry @returns {Logprob} */
    _entry({ token, id, logprob, bytes, top_logprobs: top }) {
        return { token, id, logprob, bytes, top_logprobs: (top ?? []).slice(0, this._wanted.topLogprobs) };
    }

    /** @param {any} data @param {string} reason */
    _finish({ usage, timings, __verbose: said }, reason) {
        this.usage = {
            prompt_tokens: usage?.prompt_tokens ?? said?.tokens_evaluated ?? 0,
            completion_tokens: usage?.completion_tokens ?? said?.tokens_predicted ?? 0,
            cached_tokens: timings?.cache_n ?? 0,
        };
        this.timings = timings ?? {};
        this.end(reason);
    }
}

/** @param {Logprob} entry */
const likelyOf = ({ id, logprob, top_logprobs: top = [] }) =>
    [logprob, ...top.filter((other) => other.id !== id).map((other) => other.logprob)];
