/** Language models that read what they go on from: texts and conversations. */
import { plain } from '../engine/answer.js';
import { promptsOf } from '../engine/options.js';
import { conversation, tokensOf } from './conversation.js';
import { Decoder } from './decoder.js';
import { generate } from './generate.js';
import { hasPictures, picturesOf, see, seeOne } from './vision_chat.js';
import { contextOf, promptOf } from './writing.js';

/** @import { Outcome } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Prompt } from './generate.js' */
/** @import { Loaded } from './loading.js' */
/** @import { CheckedTask } from './tasks.js' */
/** @typedef {Record<string, any>} Options */
/** The reader of a prompt, and the tokens by which its keys and values are kept.
 * @typedef {{keysOf: (tokens: readonly number[]) => readonly number[],
 *   decoderOf: (beginning?: import('./kv_cache.js').Beginning) => Decoder}} Reading */

/** @type {Readonly<Record<string, import('./tasks.js').Task>>} */
export const CONVERSE_TASKS = Object.freeze({
    complete,
    chat: async (loaded, task, run) => (hasPictures(task.input?.messages)
        ? goOnSeeing(loaded, await see(loaded, task, task.input.messages, run), task, run)
        : goOn(loaded, await talk(loaded, task, run), task, run)),
});

/** The tokens of a conversation as the model would read it.
 * @param {Loaded} loaded @param {CheckedTask} task @param {Run} run @returns {Promise<readonly number[]>} */
export async function conversationTokens(loaded, task, run) {
    const { messages } = task.input ?? {};
    const { tokens } = hasPictures(messages) ? (await see(loaded, task, messages, run)).prompt
        : await talk(loaded, task, run);
    return tokens;
}

/** Each prompt after the other. @param {Loaded} loaded @param {CheckedTask} task @param {Run} run
 * @returns {Promise<Outcome>} */
async function complete(loaded, task, run) {
    const made = [];
    for (const [index, text] of promptsOf(task.input).entries()) {
        const prompt = completion(loaded, text, task.options);
        const { result } = await goOn(loaded, prompt, task, run, readingOf(loaded), index);
        made.push(/** @type {Record<string, any>} */ (result));
    }
    if (made.length === 1) return { tensors: [], result: made[0] };
    const usage = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0 };
    for (const { usage: one } of made) {
        for (const name of /** @type {(keyof typeof usage)[]} */ (Object.keys(usage))) usage[name] += one[name];
    }
    const [{ timings }] = made;
    const choices = made.map(({ usage: _, timings: __, ...answer }, index) => ({ index, ...answer }));
    return { tensors: [], result: { choices, usage, timings } };
}

/** The answer to what is said about the task's one picture.
 * @param {Loaded} loaded @param {CheckedTask} task @param {string} words @param {Run} run */
export const answerAbout = async (loaded, task, words, run) =>
    goOnSeeing(loaded, await seeOne(loaded, task, words, run), task, run);

/** @param {Loaded} loaded @param {import('./vision_chat.js').Seen} seen @param {CheckedTask} task @param {Run} run */
const goOnSeeing = (loaded, { prompt, ...reading }, task, run) => goOn(loaded, prompt, task, run, reading);

/** Reads text alone. @param {Loaded} loaded @returns {Reading} */
const readingOf = (loaded) => ({
    keysOf: (tokens) => tokens, decoderOf: (beginning) => new Decoder(loaded, {}, beginning),
});

/** @param {Loaded} loaded @param {Prompt} prompt @param {CheckedTask} task @param {Run} run
 * @param {Reading} [reading] @param {number} [index] which of several answers
 * @returns {Promise<Outcome>} */
async function goOn(loaded, prompt, { options, ...task }, run, reading = readingOf(loaded), index = 0) {
    const { caches } = loaded;
    const owner = task.owner ?? null;
    /** @type {{decoder?: Decoder, tokens: readonly number[]}} */
    const state = { tokens: [] };
    const begin = async (/** @type {readonly number[]} */ tokens) => {
        const beginning = options.deterministic ? null : await caches.take(owner, reading.keysOf(tokens));
        state.tokens = tokens;
        state.decoder = reading.decoderOf(beginning ?? undefined);
        return state.decoder;
    };
    try {
        return await generate(loaded, prompt, options, contextOf(loaded, options), run, begin, index);
    } finally {
        const { decoder, tokens } = state;
        // A failure to keep the cache neither harms the answer nor hides its own error.
        const read = reading.keysOf(tokens.slice(0, decoder?.count ?? 0));
        if (decoder?.cache) await caches.keep(owner, read, decoder.cache).catch(() => {});
    }
}

/** @param {Loaded} loaded @param {unknown} text @param {Options} options @returns {Prompt} */
function completion(loaded, text, options) {
    const tokens = tokensOf(loaded, promptOf({ prompt: text }), true);
    return { tokens, stop: options.stop ?? [], ends: [], preserved: [], parser: plain() };
}

/** @param {Loaded} loaded @param {CheckedTask} task @param {Run} run @returns {Promise<Prompt>} */
async function talk(loaded, { input, options }, run) {
    const pictures = picturesOf(loaded);
    const { text, isTemplated, ...prompt } =
        await conversation(loaded, input?.messages, options, run, pictures);
    // A template writes the start token itself, unless it is of a model that sees.
    return { ...prompt, tokens: tokensOf(loaded, text, !isTemplated || pictures !== null) };
}
