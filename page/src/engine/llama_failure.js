/** Turns llama.cpp's errors into failures for the client. */
import { Failure } from './failure.js';

/** An action of llama.cpp's has failed, and it goes on. */
export class ActionError extends Error {}

/** A prompt that is to leave room for an answer. @param {any} error */
const noRoom = ({ n_prompt_tokens: tokens, n_ctx: context }) => new Failure('context_length_exceeded',
    `the prompt has ${tokens} tokens, the model's context here ${context}`,
    { field: 'inputs', expected: `fewer than ${context} tokens` });

/** A text that is read in one piece. @param {RegExpMatchArray} match its tokens, and those that are taken */
const tooLong = ([, tokens, most]) => new Failure('context_length_exceeded',
    `a text has ${tokens} tokens, and the model takes ${most} here`, { field: 'inputs', expected: `at most ${most} tokens` });

/** Errors that llama.cpp's server distinguishes only by their text, whatever their type. @type {readonly [RegExp, (match: RegExpMatchArray) => Failure][]} */
const SAID = [
    [/^input \((\d+) tokens\) is too large to process.*\(current batch size: (\d+)\)/, tooLong],
    [/^input \((\d+) tokens\) is larger than the max context size \((\d+) tokens\)/, tooLong],
    [/^Context size has been exceeded/, () => new Failure('context_length_exceeded',
        "the prompt and the answer do not fit into the model's context", { field: 'inputs', expected: 'a shorter text, or fewer tokens of the answer' })],
    [/(?:cannot|must not) be empty/, () => new Failure('input_invalid',
        'a text is read as no tokens at all', { field: 'inputs', expected: 'a text of at least one token' })],
];
/** The types of errors (error_type of llama.cpp's server) that are the client's fault. The other types that can occur
 * here mean that llama.cpp has failed: its server has no key, no address and no state other than loaded. */
const CLIENTS = Object.freeze(['invalid_request_error', 'not_supported_error']);

/** A message about an error; or the last one before an abort: the place in the source, and the reason. */
const ERROR_LINE = /^(?:@@ERROR@@|\/source\/llama\.cpp\/(?=\S+:\d+: ))(.+)/;
/** The reason if the GPU gave llama.cpp no answer within llama.cpp's own limit. */
const GPU_SILENT = /\bggml_webgpu: .* timed out after \d+ ms/;

/** @param {string} line that llama.cpp prints @returns {string} the error that it tells of; '' if none */
export const errorLine = (line) => ERROR_LINE.exec(line)?.[1].trim() ?? '';

/** llama.cpp has aborted or trapped, and cannot be used any more.
 * @param {string} end what the runtime says of it @param {string} last llama.cpp's last error, or '' */
export function failureOfEnd(end, last) {
    const why = [end, last].filter(Boolean).join('; ').slice(0, 400);
    return new Failure(GPU_SILENT.test(last) ? 'engine_hung' : 'engine_crashed', `llama.cpp has ended: ${why}`);
}

/** @param {any} error as llama.cpp's server answers it @returns {Failure} */
export function failureOfServer(error) {
    const message = String(error.message ?? '').slice(0, 500);
    for (const [expression, make] of SAID) {
        const match = expression.exec(message);
        if (match) return make(match);
    }
    if (error.type === 'exceed_context_size_error') return noRoom(error);
    return CLIENTS.includes(error.type) ? new Failure('input_invalid', message, { field: 'inputs' })
        : new Failure('inference_failed', `llama.cpp has failed: ${message}`);
}

/** llama.cpp's error for a request that it refuses.
 * @param {unknown} thrown @param {string | null} grammar */
export function failureOf(thrown, grammar) {
    const message = thrown instanceof Error ? thrown.message : '';
    if (grammar && /sampler|grammar/i.test(message)) {
        return new Failure('input_invalid', `the grammar cannot be used: ${message.slice(0, 300)}`,
            { field: 'options.grammar' });
    }
    return thrown instanceof ActionError ? failureOfServer({ type: 'server_error', message }) : thrown;
}
