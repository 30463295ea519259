/** The tasks with text that write none: vectors, labels, spans, scores. */
import { conversationTokens } from './converse.js';
import { classify, classifyByLabels } from './labels.js';
import { answer, fillIn, findEntities } from './spans.js';
import { encode, textOf } from './texts.js';
import { embed, rerank } from './vectors.js';

/** @import { Task } from './tasks.js' */

/** @type {Task} */
async function tokenize(loaded, task, run) {
    const { input } = task;
    const tokens = input?.messages ? [...await conversationTokens(loaded, task, run)]
        : encode(loaded, textOf(input?.text, 'text'), null, input?.add_special === true).ids;
    return { tensors: [], result: { tokens } };
}

/** @type {Readonly<Record<string, Task>>} */
export const TEXT_TASKS = Object.freeze({
    embed, rerank, tokenize, 'text-classification': classify, 'zero-shot-classification': classifyByLabels,
    'token-classification': findEntities, 'question-answering': answer, 'fill-mask': fillIn,
});
