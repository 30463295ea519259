/** The messages of a conversation: checked, and as a template expects them. */
import { invalid, isObject } from './tools.js';

/** @typedef {{id: string, type: 'function', function: {name: string, arguments: string}}} Call */
/**
 * @typedef {object} Message
 * @property {'system' | 'user' | 'assistant' | 'tool'} role
 * @property {string | null} content null only beside calls
 * @property {string} [name]
 * @property {Call[]} [tool_calls]
 * @property {string} [tool_call_id]
 * @property {string} [reasoning_content]
 */

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];
const PICTURES = ['image_url', 'image', 'input_image'];
/** What a template does that expects a call's arguments as an object, and what one that expects their
 * text. */
const WRITES_JSON = /\barguments\b['"\])]*\s*\|\s*tojson/;
const WRITES_TEXT = /\barguments\b['"\])]*\s*(?:\+|~|-?\}\})/;
/** What a template asks that knows a call by its message having no content. */
const ASKS_FOR_NULL = /\bcontent['"\])]*\s+is\s+(?:not\s+)?(?:none|None|null)\b/;

/**
 * @param {unknown} messages inputs.messages
 * @returns {Message[]}
 * @throws {Failure} input_invalid
 */
export function checkMessages(messages) {
    if (!Array.isArray(messages) || messages.length === 0) {
        throw invalid('inputs.messages', 'There are no messages.', 'a list of at least one message');
    }
    return messages.map((message, i) => checkMessage(message, `inputs.messages[${i}]`));
}

/** @param {unknown} message @param {string} field @returns {Message} */
function checkMessage(message, field) {
    if (!isObject(message) || !ROLES.includes(message.role)) {
        throw invalid(`${field}.role`, 'A message has no role, or one that is not known.', ROLES.join(', '));
    }
    for (const word of ['name', 'tool_call_id', 'reasoning_content']) {
        if (message[word] !== undefined && message[word] !== null && typeof message[word] !== 'string') {
            throw invalid(`${field}.${word}`, 'It is not a string.', 'a string');
        }
    }
    const calls = checkCalls(message.tool_calls ?? [], message.role, `${field}.tool_calls`);
    const content = textOf(message.content, `${field}.content`);
    if (content === null && calls.length === 0) {
        throw invalid(`${field}.content`, 'A message has no content.',
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

/** @param {unknown} content @param {string} field @returns {string | null} */
function textOf(content, field) {
    if (content === undefined || content === null) return null;
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) {
        throw invalid(field, 'The content of a message is neither text nor a list of parts.',
            'a string, or a list of parts of type "text"');
    }
    return content.map((part, i) => {
        const type = isObject(part) ? part.type : undefined;
        if (PICTURES.includes(type)) {
            throw invalid(`${field}[${i}]`, 'This model takes no pictures.', 'parts of type "text"');
        }
        if (type !== 'text' || typeof part.text !== 'string') {
            throw invalid(`${field}[${i}]`, 'A part of a message is not text.',
                '{"type": "text", "text": TEXT}');
        }
        return part.text;
    }).join('\n');
}

/** @param {unknown} calls @param {string} role @param {string} field @returns {Call[]} */
function checkCalls(calls, role, field) {
    if (!Array.isArray(calls) || (calls.length > 0 && role !== 'assistant')) {
        throw invalid(field, 'The calls of a message are no list, or not of an assistant.',
            'a list, in a message of the role assistant');
    }
    return calls.map((call, i) => {
        const made = isObject(call) && isObject(call.function) ? call.function : {};
        if (typeof made.name !== 'string') {
            throw invalid(`${field}[${i}].function.name`, 'A call has no name.', 'a string');
        }
        const given = made.arguments ?? '{}';
        if (typeof given !== 'string' || !isObject(parsed(given))) {
            throw invalid(`${field}[${i}].function.arguments`,
                'The arguments of a call are not a JSON object.',
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
 * As this template takes them: arguments as an object or as text, no content as null or as empty.
 * @param {Message[]} messages @param {string} template
 */
export function forTemplate(messages, template) {
    const isObjects = WRITES_JSON.test(template) || !WRITES_TEXT.test(template);
    const nothing = ASKS_FOR_NULL.test(template) ? null : '';
    return messages.map((message) => ({
        ...message,
        content: message.content ?? nothing,
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
 * With `text` behind the system message, or before the first message of the user.
 * @param {Message[]} messages @param {'system' | 'user'} role @param {string} text
 * @returns {Message[]}
 */
export function withText(messages, role, text) {
    const first = role === 'system' ? 0 : messages.findIndex((message) => message.role === role);
    const message = messages[first];
    if (message?.role !== role) return [{ role, content: text }, ...messages];
    const content = role === 'system' ? `${message.content}\n\n${text}` : `${text}\n\n${message.content}`;
    return messages.with(first, { ...message, content });
}
