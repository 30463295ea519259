/** The tasks with text that write none: vectors, labels, spans, scores. */
import { EMBED, RERANK } from './vectors.js';
import { encode, textOf } from './texts.js';

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
export const TEXT_TASKS = Object.freeze({ embed: EMBED, rerank: RERANK, tokenize: TOKENIZE });
