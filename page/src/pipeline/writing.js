/** Code shared by all tasks that write: narrower options, their room, and the text that they continue. */
import { Failure } from '../engine/failure.js';

/** @import { Loaded } from './loading.js' */
/** @import { Rule } from '../engine/options.js' */

/** The default limit for the tokens of a conversation. */
const CONTEXT = 8192;

/** @type {Rule} */
const NO_GRAMMAR = Object.freeze({ refused: 'grammars are for models in GGUF files' });
/** Options that are narrower here than for models in GGUF files. @type {Readonly<Record<string, Rule>>} */
export const NARROWER = Object.freeze({
    n: { least: 1, most: 1, whole: true }, grammar: NO_GRAMMAR, json_schema: NO_GRAMMAR,
    response_format: { type: 'text' },
});

/** How many tokens an answer may have with all before it.
 * @param {Loaded} loaded @param {Record<string, any>} options @throws {Failure} */
export function contextOf({ context, limits: { length } }, { context: wanted }) {
    if (wanted <= length || wanted === undefined) return Math.min(length, wanted ?? (context || CONTEXT));
    throw new Failure('input_invalid', `the model has a context of ${length} tokens`,
        { field: 'options.context', expected: `at most ${length}` });
}

/** @param {any} input @returns {string} */
export function promptOf(input) {
    if (typeof input?.prompt === 'string') return input.prompt;
    throw new Failure('input_invalid', 'the task has no prompt', { field: 'inputs.prompt', expected: 'a text' });
}
