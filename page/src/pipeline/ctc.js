/**
 * Models with a CTC head, such as Wav2Vec2: they spell. Every few milliseconds of sound give a letter, or a
 * blank; repeats count once, and a blank between them makes two (Graves et al., 2006).
 */
import { Failure } from '../engine/failure.js';
import { numbersOf } from './image/input.js';
import { likelihood } from './sampling.js';
import { featuresOf } from './sound/features.js';
import { measured } from './sound/measures.js';
import { rounded } from './sound/segments.js';
import { innerTokenizer, tokenizerFile } from './theirs.js';

/** @import { Loaded } from './loading.js' */
/** @import { Extractor } from './sound/features.js' */
/** @import { Segment } from './sound/segments.js' */
/** @import { Said, Times } from './whisper.js' */

/** `delimiter`: the token between two words, where times are asked for.
 * @typedef {{timestamps: Times, details: boolean, delimiter?: number, language?: undefined}} Plan */
/** A part of a sound: the frame `i` is heard from `lead + i · step` seconds on, for `step`.
 * @typedef {{step: number, lead: number}} Frames */

/** A spelt text, and its first and last frames. @typedef {Segment & {first: number, last: number}} Spelt */

/** Seconds without a word that end a segment. */
const PAUSE = 0.5;

/** The checked request to a model that has no options except for times.
 * @param {Loaded} loaded @param {Record<string, any>} options @returns {Plan} @throws {Failure} */
export function planOf({ config, model, tokenizer }, options) {
    if (!/ForCTC$/.test(config.architectures?.[0] ?? model.constructor.name)) {
        throw new Failure('platform_unsupported',
            `speech is not recognised here by models of the type ${config.model_type}`,
            { expected: 'Whisper, or a model with a CTC head such as Wav2Vec2ForCTC' });
    }
    const { timestamps = 'none', details = false, ...others } = options;
    const asked = Object.keys(others).find((name) => others[name] !== false);
    if (asked) {
        throw new Failure('input_invalid',
            `a model of the type ${config.model_type} has no option "${asked}": it writes down what it hears`,
            { field: `options.${asked}`, expected: 'no such option' });
    }
    if (timestamps === 'none') return { timestamps, details };
    const delimiter = delimiterOf(tokenizer);
    if (delimiter !== undefined) return { timestamps, details, delimiter };
    throw new Failure('input_invalid',
        'this model tells no times: its tokenizer.json has no CTC decoder with a word_delimiter_token',
        { field: 'options.timestamps', expected: 'none' });
}

/** @param {any} tokenizer of transformers.js @returns {Record<string, any> | undefined} */
function decoderOf(tokenizer) {
    const { decoder } = tokenizerFile(tokenizer);
    return decoder?.type === 'CTC' ? decoder : undefined;
}

/** The token between two words. @param {any} tokenizer of transformers.js @returns {number | undefined} */
const delimiterOf = (tokenizer) =>
    innerTokenizer(tokenizer).token_to_id(decoderOf(tokenizer)?.word_delimiter_token ?? '');

/** The most probable letter at each time, as text.
 * @param {Loaded} loaded @param {Plan} plan @param {Float32Array} samples one window
 * @param {number} offset when it begins, in seconds @returns {Promise<Said>} */
export async function spell(loaded, { timestamps, details, delimiter }, samples, offset) {
    const { model, listens, tokenizer, config } = loaded;
    const { logits } = await model(featuresOf(loaded, samples));
    const [, times, letters] = logits.dims;
    const numbers = numbersOf(logits);
    const tokens = Array.from({ length: times },
        (_, i) => highest(numbers.subarray(i * letters, (i + 1) * letters)));
    const text = ` ${textOf(loaded, tokens)}`;
    if (delimiter === undefined) return { text };
    const seconds = samples.length / /** @type {Extractor} */ (listens).rate;
    const words = wordsOf(loaded, tokens, delimiter,
        framesOf(config, samples.length, times, seconds), offset);
    if (timestamps === 'word') return { text, segments: words.map(timed) };
    const measure = async (/** @type {Spelt} */ spelt) => ({ ...timed(spelt), ...details
        ? await measuresOf(tokenizer, tokens, spelt, numbers, letters, offset) : {} });
    return { text, segments: await Promise.all(joined(words).map(measure)), words: words.map(timed) };
}

/** @param {Spelt} spelt @returns {Segment} */
const timed = ({ start, end, text }) => ({ start, end, text });

/** How likely the tokens of its frames were, including blanks; the listed tokens are those that are spelt. The model does
 * not say whether there is speech. @param {any} tokenizer @param {number[]} tokens of all frames @param {Spelt} spelt
 * @param {Float32Array} logits @param {number} letters @param {number} offset */
async function measuresOf(tokenizer, tokens, { first, last, text }, logits, letters, offset) {
    const likely = tokens.slice(first, last + 1).map((token, i) => ({ token, seek: Math.round(100 * offset), silence: 0,
        logprob: likelihood(logits.subarray((first + i) * letters, (first + i + 1) * letters), token, 0).logprob }));
    const measures = await measured(likely, text);
    return { ...measures, tokens: measures.tokens.filter((token, i, all) =>
        token !== tokenizer.pad_token_id && token !== all[i - 1]) };
}

/** @param {ArrayLike<number>} values @returns {number} the index of the highest, of equal ones the first */
function highest(values) {
    let best = 0;
    for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
    return best;
}

/** The text of a CTC decoder for tokens; the only special ones that it needs are blanks and delimiters. Delimiters with
 * only blanks between them count once. @param {Loaded} loaded @param {number[]} tokens @returns {string} */
function textOf({ tokenizer, words }, tokens) {
    const own = /** @type {import('./tokenizer/tokenizer.js').Tokenizer} */ (words);
    if (!decoderOf(tokenizer)) return own.decode(tokens, true);
    const read = [tokenizer.pad_token_id, delimiterOf(tokenizer)];
    return own.decode(tokens.filter((token) => read.includes(token) || !own.isSpecial(token))).replace(/ {2,}/g, ' ');
}

/** A word is heard from its first letter's first frame to its last letter's last.
 * @param {Loaded} loaded @param {number[]} tokens @param {number} delimiter @param {Frames} frames
 * @param {number} offset @returns {Spelt[]} */
function wordsOf(loaded, tokens, delimiter, { step, lead }, offset) {
    const bounds = [-1, ...tokens.flatMap((token, i) => (token === delimiter ? [i] : [])), tokens.length];
    return bounds.slice(1).flatMap((end, i) => {
        const within = tokens.slice(bounds[i] + 1, end);
        const text = within.length > 0 ? textOf(loaded, within).trim() : '';
        const isLetter = (/** @type {number} */ token) => token !== loaded.tokenizer.pad_token_id;
        const first = bounds[i] + 1 + within.findIndex(isLetter);
        const last = bounds[i] + 1 + within.findLastIndex(isLetter);
        return text ? [{ start: rounded(offset + lead + first * step),
            end: rounded(offset + lead + (last + 1) * step), text, first, last }] : [];
    });
}

/** Words as segments: one ends where a pause follows. @param {Spelt[]} words */
function joined(words) {
    /** @type {Spelt[]} */
    const segments = [];
    for (const word of words) {
        const { end, text, last } = word, before = segments[segments.length - 1];
        if (before && word.start - before.end < PAUSE) Object.assign(before, { end, text: `${before.text} ${text}`, last });
        else segments.push({ ...word });
    }
    return segments;
}

/** The times of frames: a frame represents the middle of its convolutions' receptive field. The network's step is the
 * product of its strides; without strides the sound is divided evenly. @param {Record<string, any>} config
 * @param {number} samples @param {number} times @param {number} seconds @returns {Frames} */
function framesOf(config, samples, times, seconds) {
    const least = leastOf(config);
    if (least === 1) return { step: seconds / times, lead: 0 };
    const stride = config.conv_stride.reduce((/** @type {number} */ all, /** @type {number} */ one) => all * one, 1);
    const rate = samples / seconds;
    return { step: stride / rate, lead: (least - stride) / 2 / rate };
}

/** Samples of which models that listen by convolutions, such as Wav2Vec2, make their first number.
 * @param {Record<string, any>} config */
export function leastOf({ conv_kernel: kernels, conv_stride: strides }) {
    if (!areSizes(kernels) || !areSizes(strides) || kernels.length !== strides.length) return 1;
    return kernels.reduceRight((least, kernel, i) => (least - 1) * strides[i] + kernel, 1);
}

/** @param {any} sizes @returns {sizes is number[]} */
const areSizes = (sizes) => Array.isArray(sizes) && sizes.every((size) => Number.isInteger(size) && size > 0);
