/**
 * The parts of a task that came as tensors after its inputs (webinfer-streams(7), "Text as tensors"): a long input, and
 * the text and the tokens of a continuation. It uses no browser globals.
 */
import { isObject } from '../shared/checks.js';

/** @import { Envelope, TensorEntry } from '../shared/messages.js' */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {Envelope} message a task_request @param {ArrayBuffer | null} buffer that its tensors lie in
 * @param {number} section where they begin
 * @returns {Envelope} one whose input, text and tokens are an object, a string and a list, and whose `continue.answers`
 *     have their own; or itself, where that cannot be
 */
export function unpack(message, buffer, section) {
    try {
        return unpackAnswers(unpackTensors(message, buffer, section));
    } catch {
        return message; // as it is it will be refused
    }
}

/** @param {Envelope} message @param {ArrayBuffer | null} buffer @param {number} section @returns {Envelope} */
function unpackTensors(message, buffer, section) {
    const { input, continue: from, tensors } = message.data;
    const places = [input, from?.text, from?.tokens].filter(isPlace).map(({ tensor }) => tensor);
    if (places.length === 0) return message;
    const first = tensors.length - places.length;
    if (!buffer || places.some((place, i) => place !== first + i)) throw new TypeError('they are not the last tensors');
    const read = (/** @type {any} */ value, /** @type {(entry: TensorEntry) => any} */ as) =>
        (isPlace(value) ? as(tensors[value.tensor]) : value);
    const data = {
        ...message.data, tensors: tensors.slice(0, first),
        input: read(input, (entry) => JSON.parse(readText(buffer, section, entry))),
        continue: from && {
            ...from, text: read(from.text, (entry) => readText(buffer, section, entry)),
            tokens: read(from.tokens, (entry) => readTokens(buffer, section, entry)),
        },
    };
    return { ...message, data };
}

/** Divides text and tokens into those of several answers. @param {Envelope} message @returns {Envelope} */
function unpackAnswers(message) {
    const { continue: from } = message.data;
    if (!Array.isArray(from?.answers)) return message;
    const bytes = new TextEncoder().encode(from.text ?? '');
    const tokens = from.tokens ?? [];
    const at = { text: 0, token: 0 };
    const answers = from.answers.map((/** @type {any} */ { text_bytes: size, tokens: count, ended = false, finish_reason: why }) => {
        const before = { ...at };
        at.text += sizeOf(size);
        at.token += sizeOf(count);
        return {
            text: decoder.decode(bytes.subarray(before.text, at.text)), tokens: tokens.slice(before.token, at.token), ended,
            ...(why !== undefined && { finish_reason: why }),
        };
    });
    if (at.text !== bytes.length || at.token !== tokens.length) throw new TypeError('there is more than they have');
    return { ...message, data: { ...message.data, continue: { ...from, answers } } };
}

/** @param {unknown} size @returns {number} */
function sizeOf(size) {
    if (Number.isSafeInteger(size) && Number(size) >= 0) return Number(size);
    throw new TypeError('it is no size');
}

/** @param {any} value @returns {value is {tensor: number}} */
const isPlace = (value) => isObject(value) && Number.isSafeInteger(value.tensor);

/** @param {ArrayBuffer} buffer @param {number} section @param {TensorEntry} entry */
function readText(buffer, section, { datatype, offset, byte_length: size }) {
    if (datatype !== 'UINT8') throw new TypeError('text is not of bytes');
    return decoder.decode(new Uint8Array(buffer, section + offset, size));
}

/** @param {ArrayBuffer} buffer @param {number} section @param {TensorEntry} entry */
function readTokens(buffer, section, { datatype, offset, byte_length: size }) {
    if (datatype !== 'INT64') throw new TypeError('tokens are not integers');
    return Array.from(new BigInt64Array(buffer, section + offset, size / 8), Number);
}
