/** The tasks with text that write none: vectors, labels, spans, scores. */
import { TEXT_CLASSIFICATION, ZERO_SHOT_CLASSIFICATION } from './labels.js';
import { FILL_MASK, QUESTION_ANSWERING, TOKEN_CLASSIFICATION } from './spans.js';
import { encode, textOf } from './texts.js';
import { EMBED, RERANK } from './vectors.js';

/** @typedef {import('./tasks.js').Task} Task */

/** @type {Task} */
const TOKENIZE = {
    options: {},
    async run(loaded, { input }) {
        const { ids } = encode(loaded, textOf(input?.text, 'text'), null, input.add_special === true);
        return { tensors: [], result: { tokens: ids } };
    },
};

/** @type {Readonly<Record<string, Task>>} */
export const TEXT_TASKS = Object.freeze({
    embed: EMBED, rerank: RERANK, tokenize: TOKENIZE, 'text-classification': TEXT_CLASSIFICATION,
    'zero-shot-classification': ZERO_SHOT_CLASSIFICATION, 'token-classification': TOKEN_CLASSIFICATION,
    'question-answering': QUESTION_ANSWERING, 'fill-mask': FILL_MASK,
});
