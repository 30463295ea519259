/** The messages of a conversation: checked, and as a template expects them. */
import { isObject } from '../shared/checks.js';
import { invalid } from './tools.js';

/** @typedef {{id: string, type: 'function', function: {name: string, arguments: string}}} Call */
/** @typedef {{type: 'text', text: string} | {type: 'image'}} Part */
/**
 * @typedef {object} Message
 * @property {'system' | 'user' | 'assistant' | 'tool'} role
 * @property {string | Part[] | null} content null only together with calls, parts only if there is a picture
 * @property {string} [name]
 * @property {Call[]} [tool_calls]
 * @property {string} [tool_call_id]
 * @property {string} [reasoning_content]
 */

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];
const PICTURES = ['image_url', 'image', 'input_image'];
/** Signs that a template expects a call's arguments as an object, and signs that it expects their
 * text. */
const WRITES_JSON = /\barguments\b['"\])]*\s*\|\s*tojson/;
const WRITES_TEXT = /\barguments\b['"\])]*\s*(?:\+|~|-?\}\})/;
/** The sign of a template that takes lists of parts. */
const TAKES_PARTS = /['"]image(?:_url)?['"]/;
/** The sign of a template that recognises a call by the missing content of its message. */
const ASKS_FOR_NULL = /\bcontent['"\])]*\s+is\s+(?:not\s+)?(?:none|None|null)\b/;

/**
 * @param {unknown} messages inputs.messages
 * @param {boolean} [hasVision] whether the user's may have pictures: parts of the type "image"
 * @returns {Message[]}
 * @throws {Failure} input_invalid
 */
export function checkMessages(messages, hasVision = false) {
    if (!Array.isArray(messages) || messages.length === 0) {
        throw invalid('inputs.messages', 'there are no messages', 'a list of at least one message');
    }
    return messages.map((message, i) => checkMessage(message, `inputs.messages[${i}]`, hasVision));
}

/** @param {unknown} message @param {string} field @param {boolean} hasVision @returns {Message} */
function checkMessage(message, field, hasVision) {
    if (!isObject(message) || !ROLES.includes(message.role)) {
        throw invalid(`${field}.role`, 'a message has no role, or one that is not known', ROLES.join(', '));
    }
    for (const word of ['name', 'tool_call_id', 'reasoning_content']) {
        if (message[word] !== undefined && message[word] !== null && typeof message[word] !== 'string') {
            throw invalid(`${field}.${word}`, 'it is not a string', 'a string');
        }
    }
    const calls = checkCalls(message.tool_calls ?? [], message.role, `${field}.tool_calls`);
    const content = contentOf(message.content, `${field}.content`, hasVision && message.role === 'user');
    if (content === null && calls.length === 0) {
        throw invalid(`${field}.content`, 'a message has no content',
            'a string, or a list of parts of type "text"');
    }
    return {
        role: message.role === 'developer' ? 'system' : message.role,
        content,
        ...(message.name ? { name: message.name } : {}),
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
        ...(message.tool_call_id ? { tool_call_id: message.tool_call_id } : {}),
        ...(message.reasoning_content ? { reasoning_content: message.reasoning_content } : {}),
    };
}

/** @param {unknown} content @param {string} field @param {boolean} hasVision
 * @returns {string | Part[] | null} */
function contentOf(content, field, hasVision) {
    if (content === undefined || content === null) return null;
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) {
        throw invalid(field, 'the content of a message is neither text nor a list of parts',
            'a string, or a list of parts of type "text"');
    }
    const parts = content.map((part, i) => checkPart(part, `${field}[${i}]`, hasVision));
    return parts.some(({ type }) => type === 'image') ? parts : textOf(parts, '');
}

/** @param {any} part @param {string} field @param {boolean} hasVision @returns {Part} */
function checkPart(part, field, hasVision) {
    const type = isObject(part) ? part.type : undefined;
    if (hasVision && type === 'image') return { type };
    if (PICTURES.includes(type)) throw invalid(field, 'this model takes no pictures', 'parts of type "text"');
    if (type !== 'text' || typeof part.text !== 'string') {
        throw invalid(field, 'a part of a message is not text', '{"type": "text", "text": TEXT}');
    }
    return { type, text: part.text };
}

/** @param {string | Part[]} content @param {string} picture the text for one */
const textOf = (content, picture) => (typeof content === 'string' ? content
    : content.map((part) => (part.type === 'text' ? part.text : picture)).join('\n'));

/** @param {string | Part[]} content @returns {Part[]} */
const partsOf = (content) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content);

/** @param {unknown} calls @param {string} role @param {string} field @returns {Call[]} */
function checkCalls(calls, role, field) {
    if (!Array.isArray(calls) || (calls.length > 0 && role !== 'assistant')) {
        throw invalid(field, 'the calls of a message are no list, or not of an assistant',
            'a list, in a message of the role assistant');
    }
    return calls.map((call, i) => {
        const made = isObject(call) && isObject(call.function) ? call.function : {};
        if (typeof made.name !== 'string') {
            throw invalid(`${field}[${i}].function.name`, 'a call has no name', 'a string');
        }
        const given = made.arguments ?? '{}';
        if (typeof given !== 'string' || !isObject(parsed(given))) {
            throw invalid(`${field}[${i}].function.arguments`,
                'the arguments of a call are not a JSON object',
                'a string that holds a JSON object');
        }
        const id = typeof call.id === 'string' ? call.id : '';
        return { id, type: 'function', function: { name: made.name, arguments: given } };
    });
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/**
 * Messages in the form that this template takes: arguments as an object or as text, missing content as null
 * or as an empty text, and, if pictures are possible, content as lists or as text.
 * @param {Message[]} messages @param {string} template @param {string} [picture] the text for one
 */
export function forTemplate(messages, template, picture) {
    const isObjects = WRITES_JSON.test(template) || !WRITES_TEXT.test(template);
    const nothing = ASKS_FOR_NULL.test(template) ? null : '';
    /** @param {string | Part[]} content */
    const written = (content) => (picture !== undefined && TAKES_PARTS.test(template) ? partsOf(content)
        : textOf(content, picture ?? ''));
    return messages.map((message) => ({
        ...message,
        content: message.content === null ? nothing : written(message.content),
        ...(message.tool_calls ? {
            tool_calls: message.tool_calls.map((call) => ({
                ...call,
                function: isObjects
                    ? { ...call.function, arguments: JSON.parse(call.function.arguments) } : call.function,
            })),
        } : {}),
    }));
}

/**
 * For a template that knows nothing of tools: calls and their results as text of the assistant and the
 * user, results that follow each other in one message.
 * @param {Message[]} messages
 * @returns {Message[]}
 */
export function withoutTools(messages) {
    /** @type {Message[]} */
    const out = [];
    /** @type {Map<string, string>} */
    const names = new Map();
    let isResult = false;
    for (const message of messages) {
        for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name);
        const last = out[out.length - 1];
        if (message.role !== 'tool') {
            out.push(callsAsText(message));
        } else {
            const name = message.name ?? names.get(message.tool_call_id ?? '') ?? 'The function';
            const text = `${name} returned: ${message.content}`;
            if (isResult) last.content += `\n${text}`;
            else out.push({ role: 'user', content: text });
        }
        isResult = message.role === 'tool';
    }
    return out;
}

/** @param {Message} message @returns {Message} */
function callsAsText({ tool_calls: calls, ...message }) {
    if (!calls) return message;
    const lines = calls.map(({ function: { name, arguments: given } }) =>
        `{"name": ${JSON.stringify(name)}, "arguments": ${given}}`);
    return { ...message, content: [message.content, ...lines].filter(Boolean).join('\n') };
}

/**
 * Adds `text` after the system message, or before the first message of the user.
 * @param {Message[]} messages @param {'system' | 'user'} role @param {string} text
 * @returns {Message[]}
 */
export function withText(messages, role, text) {
    const first = role === 'system' ? 0 : messages.findIndex((message) => message.role === role);
    const message = messages[first];
    if (message?.role !== role) return [{ role, content: text }, ...messages];
    const { content: said } = message;
    const content = Array.isArray(said) ? [...partsOf(text), ...said]
        : role === 'system' ? `${said}\n\n${text}` : `${text}\n\n${said}`;
    return messages.with(first, { ...message, content });
}
