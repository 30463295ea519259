/** What llama.cpp's errors mean to whoever asked. */
import { Failure } from './failure.js';

/** An action of llama.cpp's has failed, and it goes on. */
export class ActionError extends Error {}

/** What llama.cpp says of a request that it does not take.
 * @param {unknown} thrown @param {string | null} grammar */
export function failureOf(thrown, grammar) {
    const message = thrown instanceof Error ? thrown.message : '';
    if (grammar && /sampler|grammar/i.test(message)) {
        return new Failure('input_invalid', `the grammar cannot be used: ${message.slice(0, 300)}`,
            { field: 'options.grammar' });
    }
    return thrown instanceof ActionError ? new Failure('inference_failed', message.slice(0, 500)) : thrown;
}
