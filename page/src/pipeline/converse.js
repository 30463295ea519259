/** Language models that read what they go on from: texts and conversations. */
import { plain } from '../engine/answer.js';
import { Failure, throwIfCancelled } from '../engine/failure.js';
import { Decoder } from './decoder.js';
import { generate } from './generate.js';
import { contextOf, promptOf, WRITING } from './writing.js';

/** @typedef {import('../engine/engine.js').Outcome} Outcome */
/** @typedef {import('../engine/llama.js').Chat} Chat */
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
        run: async (loaded, task, run) => goOn(loaded, await conversation(loaded, task, run), task, run),
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
async function conversation(loaded, { input, options }, run) {
    refuseGrammars(options);
    const { chat, tokenizer } = loaded;
    const template = templateOf(tokenizer.chat_template, options.tools);
    const { prompt, stop, preserved, makeParser } = await /** @type {Chat} */ (chat).prepare({
        template, bos: tokenizer.bos_token ?? '', eos: tokenizer.eos_token ?? '',
        messages: input?.messages, options,
    });
    throwIfCancelled(run.signal);
    // A template writes the start token itself.
    const tokens = tokensOf(loaded, prompt, template === null);
    return { tokens, stop: options.stop ?? [], ends: stop, preserved, parser: makeParser(0) };
}

/** A folder's only one, or the one that fits of several with names. @param {any} given @param {any} tools */
function templateOf(given, tools) {
    if (typeof given === 'string') return given;
    const named = (tools?.length > 0 ? given?.tool_use : null) ?? given?.default;
    return typeof named === 'string' ? named : null;
}

/** What can only be promised by a grammar. @param {Options} options */
function refuseGrammars({ tool_choice: choice = 'auto', response_format: format }) {
    if (choice !== 'auto' && choice !== 'none') throw noGrammar('tool_choice', '"auto" or "none"');
    if (format !== undefined && format?.type !== 'text') {
        throw noGrammar('response_format', '{"type": "text"}');
    }
}

/** @param {string} name @param {string} expected */
const noGrammar = (name, expected) => new Failure('input_invalid',
    `The option "${name}" is not possible so: grammars are for models in GGUF files.`,
    { field: `options.${name}`, expected });

/** @param {Loaded} loaded @param {string} text
 * @param {boolean} special with what the model's tokenizer puts around @returns {number[]} */
function tokensOf({ tokenizer, model }, text, special) {
    /** @type {number[]} */
    const ids = tokenizer.encode(text, { add_special_tokens: special });
    const { bos_token_id: first, eos_token_id: last, eos_token: end } = tokenizer;
    // The start token once, also where the text has it; and no end token where the text is to go on.
    if (special && first !== undefined && ids[0] === first && ids[1] === first) ids.shift();
    if (special && ids.length > 1 && ids[ids.length - 1] === last && !text.endsWith(end)) ids.pop();
    if (ids.length > 0) return ids;
    const { bos_token_id: start = first } = model._prepare_generation_config(null, {});
    if (typeof start === 'number') return [start];
    throw new Failure('input_invalid', 'The text is empty, and the model has no token to begin with.',
        { field: 'inputs', expected: 'a text that is not empty' });
}
