// How a dialogue becomes text: ChatML, with tools as Hermes has them.

/** @typedef {import('./dialogues.mjs').Dialogue} Dialogue */
/** @typedef {import('./dialogues.mjs').Message} Message */

export const START = '<|im_start|>', END = '<|im_end|>';
/** Pieces of text that are one token each. */
export const MARKS = ['<tools>', '</tools>', '<tool_call>', '</tool_call>', '<tool_response>',
    '</tool_response>'];

/** What the model's file has; `renderDialogue` below does the same. */
export const TEMPLATE = `{%- macro text(content) -%}
    {%- if content is string -%}
        {{- content -}}
    {%- elif content -%}
        {%- for part in content -%}{{- part.text -}}{%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- set has_system = messages[0].role in ['system', 'developer'] -%}
{%- if has_system or tools -%}
    {{- '${START}system\\n' -}}
    {%- if has_system -%}{{- text(messages[0].content) -}}{%- endif -%}
    {%- if has_system and tools -%}{{- '\\n' -}}{%- endif -%}
    {%- if tools -%}
        {{- '<tools>\\n' -}}
        {%- for tool in tools -%}{{- (tool | tojson) + '\\n' -}}{%- endfor -%}
        {{- '</tools>' -}}
    {%- endif -%}
    {{- '${END}\\n' -}}
{%- endif -%}
{%- for message in messages -%}
    {%- if message.role == 'tool' -%}
        {{- '${START}tool\\n<tool_response>\\n' + text(message.content) -}}
        {{- '\\n</tool_response>${END}\\n' -}}
    {%- elif not (loop.first and has_system) -%}
        {{- '${START}' + message.role + '\\n' + text(message.content) -}}
        {%- for call in message.tool_calls or [] -%}
            {{- '<tool_call>\\n{"name": ' + (call.function.name | tojson) + ', "arguments": ' -}}
            {%- if call.function.arguments is string -%}
                {{- call.function.arguments -}}
            {%- else -%}
                {{- call.function.arguments | tojson -}}
            {%- endif -%}
            {{- '}\\n</tool_call>' -}}
        {%- endfor -%}
        {{- '${END}\\n' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '${START}assistant\\n' -}}{%- endif -%}
`;

/**
 * JSON as Jinja's tojson writes it: a space after each comma and colon.
 * @param {any} value
 * @returns {string}
 */
export function toJson(value) {
    if (Array.isArray(value))
        return `[${value.map(toJson).join(', ')}]`;
    if (typeof value !== 'object' || value === null)
        return JSON.stringify(value);
    const members = Object.entries(value)
        .map(([key, one]) => `${JSON.stringify(key)}: ${toJson(one)}`);
    return `{${members.join(', ')}}`;
}

/** What an assistant's message is as text. @param {Message} message */
export function answerText({ content, tool_calls: calls = [] }) {
    return (content ?? '') + calls.map((/** @type {any} */ call) =>
        `<tool_call>\n{"name": ${toJson(call.function.name)}, ` +
        `"arguments": ${toJson(call.function.arguments)}}\n</tool_call>`).join('');
}

/**
 * The dialogue's text in pieces, in order; `learned` are those that the model has to say.
 * @param {Dialogue} dialogue
 * @returns {{text: string, learned: boolean}[]}
 */
export function renderDialogue({ messages, tools }) {
    const system = messages[0].role === 'system' ? messages[0].content : null;
    const parts = [];
    if (system !== null || tools.length) {
        const list = tools.length
            ? `<tools>\n${tools.map((one) => `${toJson(one)}\n`).join('')}</tools>` : '';
        const text = [system, list].filter(Boolean).join('\n');
        parts.push({ text: `${START}system\n${text}${END}\n`, learned: false });
    }
    for (const message of messages.slice(system === null ? 0 : 1)) {
        if (message.role === 'assistant')
            parts.push({ text: `${START}assistant\n`, learned: false },
                { text: answerText(message) + END, learned: true }, { text: '\n', learned: false });
        else if (message.role === 'tool')
            parts.push({
                text: `${START}tool\n<tool_response>\n${message.content}\n</tool_response>${END}\n`,
                learned: false,
            });
        else
            parts.push({ text: `${START}user\n${message.content}${END}\n`, learned: false });
    }
    return parts;
}
