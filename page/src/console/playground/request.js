/** A request of the playground: POST /v1/infer, answered in parts where the model makes parts. */
import { ApiError, open } from '../api.js';
import { readEvents } from '../watch.js';
import { framed, isBinary, unframed } from './binary.js';

/** @typedef {{text: string, tokens: number, first: number}} Progress */

/** An error that the person has to correct: `field` is the id of the field. */
export class FieldError extends Error {
    /** @param {string} field @param {string} text a whole sentence */
    constructor(field, text) {
        super(text);
        this.field = field;
    }
}

/** @param {{model: string, task?: string, inputs: any, options?: Record<string, any>, parameters?: Record<string, any>, at?: import('./places.js').Place}} asked
 * @returns {Record<string, any>} the body, without its files */
export function bodyOf({ model, task, inputs, options = {}, parameters, at = null }) {
    return {
        model_name: model, ...(task && { task }), inputs, ...(Object.keys(options).length && { options }), ...(parameters && { parameters }),
        ...(at && { browser: at.browser, platform: at.platform, fallback: false }),
    };
}

/** The same with files in it, in base64. @param {Record<string, any>} body @param {Record<string, File | Blob>} [files] members of `inputs` */
export async function withFiles(body, files = {}) {
    const members = await Promise.all(Object.entries(files).map(async ([name, file]) => [name, await base64Of(file)]));
    return members.length ? { ...body, inputs: { ...body.inputs, ...Object.fromEntries(members) } } : body;
}

/** @param {Blob} file @returns {Promise<string>} */
export async function base64Of(file) {
    const bytes = new Uint8Array(await file.arrayBuffer()), pieces = [];
    for (let at = 0; at < bytes.length; at += 24_576) pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 24_576))));
    return pieces.join('');
}

/** Sends it, and joins what comes. @param {Record<string, any>} body with its files @param {{signal: AbortSignal,
 * onPart?: (part: any) => void, onProgress?: (progress: any) => void}} options
 * @returns {Promise<any>} the answer, as it would have come without parts */
export async function run(body, { signal, onPart, onProgress }) {
    if (isBinary(body)) return runBinary(body, signal);
    const joined = new Joined();
    /** @type {any} */
    let done = null;
    try {
        await readEvents('/v1/infer', {
            signal, body: JSON.stringify(body),
            take(event, data) {
                if (event === 'part') {
                    joined.add(data);
                    onPart?.(data);
                } else if (event === 'progress') {
                    onProgress?.(data);
                } else if (event === 'error') {
                    throw new ApiError(data.status ?? 500, data);
                } else if (event === 'done') {
                    done = data;
                }
            },
        });
    } catch (error) {
        if (error instanceof ApiError || signal.aborted) throw error;
        throw broken();
    }
    if (!done) throw broken();
    return joined.answer(done);
}

/** A binary answer arrives as a whole. @param {Record<string, any>} body @param {AbortSignal} signal */
async function runBinary(body, signal) {
    const { head, bytes } = framed(body);
    const response = await open('/v1/infer', { method: 'POST', body: bytes, signal,
        headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head) } });
    try {
        return unframed(await response.arrayBuffer(), response.headers.get('Inference-Header-Content-Length'));
    } catch (error) {
        if (signal.aborted) throw error;
        throw broken();
    }
}

const broken = () => new ApiError(0, { detail: 'the connection to the daemon broke before the answer was whole', code: 'unreachable' });

/** Joins the parts of an answer. */
class Joined {
    /** @type {Map<number, {text: string, tokens: number[], result: any}>} */
    #answers = new Map();

    /** @param {any} part */
    add({ index = 0, text = '', tokens = [], result = {} }) {
        const one = this.#answers.get(index) ?? { text: '', tokens: [], result: {} };
        this.#answers.set(index, one);
        one.text += text;
        one.tokens.push(...tokens);
        const { reasoning, logprobs, ...rest } = result;
        if (reasoning) one.result.reasoning = (one.result.reasoning ?? '') + reasoning;
        if (logprobs) one.result.logprobs = [...one.result.logprobs ?? [], ...logprobs];
        Object.assign(one.result, rest);
    }

    /** @param {any} done what came at the end */
    answer(done) {
        if (this.#answers.size === 0) return done;
        const said = (/** @type {number} */ index) => {
            const one = this.#answers.get(index);
            return one ? { ...one.result, text: one.text, ...(one.tokens.length && { tokens: one.tokens }) } : {};
        };
        const { choices } = done.result ?? {};
        const result = choices ? { ...done.result, choices: choices.map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...said(one.index ?? i), ...one })) }
            : { ...said(0), ...done.result };
        return { ...done, result };
    }
}
