/** Language models that read what they go on from: texts and conversations. */
import { plain } from '../engine/answer.js';
import { conversation, tokensOf } from './conversation.js';
import { Decoder } from './decoder.js';
import { generate } from './generate.js';
import { answerSeeing, hasPictures, picturesOf } from './seeing.js';
import { contextOf, promptOf, WRITING } from './writing.js';

/** @typedef {import('../engine/engine.js').Outcome} Outcome */
/** @typedef {import('../engine/run.js').Run} Run */
/** @typedef {import('./generate.js').Prompt} Prompt */
/** @typedef {import('./loading.js').Loaded} Loaded */
/** @typedef {import('./tasks.js').CheckedTask} CheckedTask */
/** @typedef {Record<string, any>} Options */

/** @type {Readonly<Record<string, import('./tasks.js').Task>>} */
export const CONVERSE_TASKS = Object.freeze({
    complete: {
        options: WRITING,
        run: async (loaded, task, run) => goOn(loaded, completion(loaded, task), task, run),
    },
    chat: {
        options: Object.freeze({
            ...WRITING, tools: 'any', tool_choice: 'any', response_format: 'any', chat_template_kwargs: 'any',
        }),
        run: async (loaded, task, run) => (hasPictures(task.input?.messages)
            ? answerSeeing(loaded, task, task.input.messages, run)
            : goOn(loaded, await talk(loaded, task, run), task, run)),
    },
});

/** @param {Loaded} loaded @param {Prompt} prompt @param {CheckedTask} task @param {Run} run
 * @returns {Promise<Outcome>} */
async function goOn(loaded, prompt, { options, ...task }, run) {
    const { caches } = loaded;
    const owner = task.owner ?? null;
    /** @type {{decoder?: Decoder, tokens: readonly number[]}} */
    const state = { tokens: [] };
    const begin = async (/** @type {readonly number[]} */ tokens) => {
        const beginning = options.deterministic ? null : await caches.take(owner, tokens);
        state.tokens = tokens;
        return state.decoder = new Decoder(loaded, {}, beginning ?? undefined);
    };
    try {
        return await generate(loaded, prompt, options, contextOf(loaded, options), run, begin);
    } finally {
        const { decoder, tokens } = state;
        // What cannot be kept is no loss to the answer, and not what it failed by.
        const read = tokens.slice(0, decoder?.count ?? 0);
        if (decoder?.cache) await caches.keep(owner, read, decoder.cache).catch(() => {});
    }
}

/** @param {Loaded} loaded @param {CheckedTask} task @returns {Prompt} */
function completion(loaded, { input, options }) {
    const tokens = tokensOf(loaded, promptOf(input), true);
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
