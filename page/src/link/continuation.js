/**
 * Where a stream goes on, as its engine takes it: text and tokens that came as tensors behind the
 * inputs, because their JSON would not fit a message (webinfer-streams(7), "A long continuation"), and
 * a long text's whole input likewise (webinfer-inputs(7), "Long text"). No browser globals here.
 */

/** @typedef {import('../shared/messages.js').Envelope} Envelope */
/** @typedef {import('../shared/messages.js').TensorEntry} TensorEntry */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {Envelope} message a task_request @param {ArrayBuffer | null} buffer that its tensors lie in
 * @param {number} section where they begin
 * @returns {Envelope} one whose text and tokens are a string and a list; or itself, if they are that
 *     already, or if what it says is not so
 */
export function unpackContinuation(message, buffer, section) {
    const { continue: from, tensors } = message.data;
    const places = [from?.text, from?.tokens].filter(isPlace).map(({ tensor }) => tensor);
    if (places.length === 0 || !buffer || !Array.isArray(tensors)) return message;
    const first = tensors.length - places.length;
    if (places.some((place, i) => place !== first + i)) return message;
    try {
        const read = (/** @type {any} */ value, /** @type {(entry: TensorEntry) => any} */ as) =>
            (isPlace(value) ? as(tensors[value.tensor]) : value);
        const text = read(from.text, (entry) => readText(buffer, section, entry));
        const tokens = read(from.tokens, (entry) => readTokens(buffer, section, entry));
        return {
            ...message, data: { ...message.data, tensors: tensors.slice(0, first), continue: { ...from, text, tokens } },
        };
    } catch {
        return message;
    }
}

/**
 * Divides text and tokens into those of several answers.
 * @param {Envelope} message a task_request whose text and tokens are a string and a list
 * @returns {Envelope} one whose `continue.answers` have theirs; or itself, as above
 */
export function unpackAnswers(message) {
    const { continue: from } = message.data;
    if (!Array.isArray(from?.answers)) return message;
    const bytes = new TextEncoder().encode(from.text ?? '');
    const tokens = Array.isArray(from.tokens) ? from.tokens : [];
    const at = { text: 0, token: 0 };
    try {
        const answers = from.answers.map((/** @type {any} */ { text_bytes: size, tokens: count, ended = false, finish_reason: why }) => {
            const before = { ...at };
            at.text += sizeOf(size);
            at.token += sizeOf(count);
            return {
                text: decoder.decode(bytes.subarray(before.text, at.text)), tokens: tokens.slice(before.token, at.token), ended,
                ...(why !== undefined && { finish_reason: why }),
            };
        });
        if (at.text !== bytes.length || at.token !== tokens.length) return message;
        return { ...message, data: { ...message.data, continue: { ...from, answers } } };
    } catch {
        return message;
    }
}

/** @param {unknown} size @returns {number} */
function sizeOf(size) {
    if (Number.isSafeInteger(size) && Number(size) >= 0) return Number(size);
    throw new TypeError('it is no size');
}

/**
 * @param {Envelope} message a task_request without a continuation in tensors @param {ArrayBuffer | null} buffer
 * @param {number} section
 * @returns {Envelope} one whose input is what its last tensor says; or itself, as above
 */
export function unpackInput(message, buffer, section) {
    const { input, tensors } = message.data;
    const place = input?.json;
    if (!isPlace(place) || !buffer || !Array.isArray(tensors) || place.tensor !== tensors.length - 1) return message;
    try {
        const read = JSON.parse(readText(buffer, section, tensors[place.tensor]));
        return { ...message, data: { ...message.data, tensors: tensors.slice(0, -1), input: read } };
    } catch {
        return message;
    }
}

/** @param {any} value @returns {value is {tensor: number}} */
const isPlace = (value) => typeof value === 'object' && value !== null && Number.isSafeInteger(value.tensor);

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
