/**
 * The details of a segment that openai/whisper returns in addition to its text: its tokens, the mean of their
 * log-probabilities, the compression ratio of its text, and the probability that there is no speech.
 */
import { floats } from '../../engine/tensors.js';
import { deflate } from '../image/png.js';
import { highest, likelihood } from '../sampling.js';

/** Where what is heard begins, in hundredths of a second; `no_speech_prob` is 0 where the model does not tell it.
 * @typedef {{seek: number, tokens: number[], avg_logprob: number, compression_ratio: number,
 *   no_speech_prob: number, temperature: number}} Measures */
/** How likely a token was, and in which pass. @typedef {{token: number, logprob: number, seek: number,
 *   silence: number}} Likely */
/** The model's output from a position in a window on.
 * @typedef {{tokens: number[], logprobs: number[], silence: number, start: number}} Pass */

/** Watches a window while the library's generate processes it: in one pass, or, with times, in several. */
export class Watch {
    /** @param {{begin: number, precision: number, start: number, silence: number | undefined}} ids the first time and
     * its seconds, the decoder's start token, and the token that means "no speech" */
    constructor(ids) {
        this._ids = ids;
        /** @type {Pass[]} */
        this._passes = [];
        this._length = Infinity;
        /** How many tokens the decoder begins with. */
        this._prefix = 0;
    }

    /** A token is about to be chosen. @param {bigint[][]} ids all so far @param {any} logits after all rules */
    choose([ids], logits) {
        if (ids.length <= this._length) {
            const start = ids.lastIndexOf(BigInt(this._ids.start));
            this._passes.push({ tokens: [], logprobs: [], silence: 0, start });
            this._prefix = ids.length;
        }
        this._length = ids.length;
        const values = floats(logits), token = highest(values), pass = this._passes[this._passes.length - 1];
        pass.tokens.push(token);
        pass.logprobs.push(likelihood(values, token, 0).logprob);
    }

    /** The first step reads what the decoder begins with; what follows its start token tells whether anybody speaks.
     * @param {any} logits [1, tokens, vocabulary] as the graph gives them */
    read(logits) {
        const { silence } = this._ids, pass = this._passes[this._passes.length - 1];
        if (silence === undefined || pass.tokens.length > 1 || logits.dims[1] <= pass.start) return;
        const row = floats(logits.slice(null, [pass.start, pass.start + 1], null).to('float32'));
        pass.silence = Math.exp(likelihood(row, silence, 0).logprob);
    }

    /** The measures of the window's tokens, each in its place. @param {number} offset when the window begins
     * @returns {(Likely | undefined)[]} undefined: the decoder began with it */
    likely(offset) {
        let seek = Math.round(100 * offset);
        const likely = this._passes.flatMap(({ tokens, logprobs, silence }, i) => {
            const { count, time } = i < this._passes.length - 1 ? this._kept(tokens) : { count: tokens.length, time: 0 };
            const begin = seek;
            seek += Math.round(100 * time);
            return logprobs.slice(0, count).map((logprob, at) => ({ token: tokens[at], logprob, seek: begin, silence }));
        });
        return [...Array.from({ length: this._prefix }, () => undefined), ...likely];
    }

    /** After the last time that ends one segment and begins another, the library transcribes again and drops its text.
     * @param {number[]} tokens of a pass that another follows @returns {{count: number, time: number}} */
    _kept(tokens) {
        const { begin, precision } = this._ids;
        const count = tokens.findLastIndex((token, i) => i > 0 && token >= begin && tokens[i - 1] >= begin);
        return { count, time: (tokens[count - 1] - begin) * precision };
    }
}

/** @param {Likely[]} likely of a segment's tokens, its times' included @param {string} text
 * @returns {Promise<Measures>} */
export async function measured(likely, text) {
    const [{ seek, silence }] = likely;
    return {
        seek, tokens: likely.map(({ token }) => token), temperature: 0, // each is the likeliest
        avg_logprob: meanOf(likely.map(({ logprob }) => logprob)),
        compression_ratio: await compressionOf(text), no_speech_prob: silence,
    };
}

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Bytes of a text by those of it in zlib's format: what repeats itself has a high one. @param {string} text */
async function compressionOf(text) {
    const bytes = new TextEncoder().encode(text);
    return bytes.length / (await deflate(bytes)).length;
}
