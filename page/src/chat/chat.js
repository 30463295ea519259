/**
 * From a conversation to what the engine is given, and to what reads its answer: the prompt by the
 * model's template, the grammar that the request asks for, and the parser of the output.
 */
import { Failure } from '../engine/failure.js';
import { isObject } from '../shared/checks.js';
import { behindThoughts, callsExpression, formatOf, marksOf, toolsPrompt } from './formats.js';
import { RuleSet } from './gbnf.js';
import { checkGrammar } from './grammar.js';
import { MAX_BYTES, byteLength } from './limits.js';
import { checkMessages, forTemplate, withText, withoutTools } from './messages.js';
import { END_THINK, OutputParser, THINK } from './parser.js';
import { checkSize, schemaRule } from './schema.js';
import { invalid, toolUse } from './tools.js';

/** @import { Format } from './formats.js' */
/** @import { ToolUse } from './tools.js' */
/** @import { Delta, Thinking } from './parser.js' */

/** The required form of an answer: any text, JSON valid under a schema, or text of a grammar of the client's.
 * @typedef {{kind: 'text'} | {kind: 'schema', schema: unknown, field: string} |
 *   {kind: 'grammar', text: string}} Form */

/**
 * @typedef {object} Prepared
 * @property {string} prompt with the start token's text only if the template writes it
 * @property {string | null} grammar
 * @property {string[]} stop texts that end an answer, in addition to the request's own: end tokens that the
 *     template writes, for models that know them as text only
 * @property {string[]} preserved marks that must come out as text even where they are special tokens
 * @property {OutputParser} parser of the first answer
 * @property {(choice: number) => OutputParser} makeParser for another answer to the same prompt; each answer
 * has its own parser
 * @property {string} [warning]
 */

/** For a model without a template. */
export const DEFAULT_TEMPLATE = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

const END_TOKENS = ['<|im_end|>', '<|eot_id|>', '<|end_of_text|>', '<|endoftext|>', '<|end|>',
    '<end_of_turn>'];
/** Names of a template's own variables, which a request's `chat_template_kwargs` cannot replace. */
const RESERVED = new Set([
    'messages', 'tools', 'documents', 'add_generation_prompt', 'bos_token', 'eos_token', 'raise_exception',
    'strftime_now',
    'range', 'namespace', 'loop', 'true', 'false', 'none', 'True', 'False', 'None',
]);
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/**
 * @param {object} request
 * @param {string | null | undefined} request.template of the model
 * @param {string | null} [request.bos] the text of the start token
 * @param {string | null} [request.eos] of the end token
 * @param {unknown} request.messages inputs.messages @param {Record<string, any>} [request.options]
 * @param {string} [request.picture] the text for a picture if the template takes only text; without it
 *   messages have no pictures
 * @param {(template: string, variables: Record<string, unknown>) => Promise<string>} request.render
 * @returns {Promise<Prepared>}
 * @throws {Failure} with the faulty field
 */
export async function prepareChat({
    template: own, bos, eos, messages: given, options = {}, picture, render,
}) {
    const template = own || DEFAULT_TEMPLATE;
    if (byteLength(template) > MAX_BYTES) {
        throw new Failure('model_invalid', `the model's chat template has more than ${MAX_BYTES} bytes`);
    }
    const use = toolUse(options.tools, options.tool_choice);
    const form = answerForm(options);
    if (form.kind === 'grammar' && use.mode !== 'none') {
        throw invalid('options.grammar', 'a grammar cannot be combined with tools',
            'either of the two, or "tool_choice": "none"');
    }
    const kwargs = checkKwargs(options.chat_template_kwargs);
    const { format, isNative } = formatOf(template);
    const { messages, begun } = splitBegun(checkMessages(given, picture !== undefined));
    const variables = {
        ...kwargs,
        tools: isNative && use.mode !== 'none' ? use.tools : null,
        documents: null,
        add_generation_prompt: true,
        bos_token: bos ?? '',
        eos_token: eos ?? '',
    };
    /** @param {import('./messages.js').Message[]} told */
    const rendered = (told) => render(template, { ...variables, messages: forTemplate(told, template, picture) });
    const turn = await (isNative ? rendered(messages) : renderTold(messages, use, rendered));
    const { text, thinking } = goOnWith(begun, thinkingOf(template, turn));
    const prompt = turn + text;
    const called = use.mode === 'none' ? null : format;
    const makeParser = parsers(prompt, called, use, thinking);
    return {
        prompt,
        grammar: form.kind === 'grammar' ? form.text : grammarOf(form, called, use, thinking),
        stop: END_TOKENS.filter((token) => template.includes(token)),
        preserved: [called?.begin, called?.end, ...marksOf(called), ...(thinking === 'none' ? [] : [THINK, END_THINK])]
            .filter((mark) => mark !== undefined),
        parser: makeParser(0),
        makeParser,
        ...(own ? {} : { warning: 'the model has no chat template; ChatML is used, which it may not know' }),
    };
}

/**
 * If a conversation ends with a text of the assistant, the answer continues that text.
 * @param {import('./messages.js').Message[]} messages
 */
function splitBegun(messages) {
    const last = messages[messages.length - 1];
    if (last.role !== 'assistant' || last.tool_calls) return { messages, begun: null };
    if (messages.length > 1) return { messages: messages.slice(0, -1), begun: last };
    throw invalid('inputs.messages', 'the answer to continue has no message before it',
        'a message of another role before it');
}

/**
 * The text that follows the beginning of the assistant's turn, and whether the model is to think then.
 * @param {import('./messages.js').Message | null} begun @param {Thinking} thinking
 * @returns {{text: string, thinking: Thinking}}
 */
function goOnWith(begun, thinking) {
    const said = String(begun?.content ?? ''), thought = thinking === 'none' ? '' : begun?.reasoning_content ?? '';
    if (!said && !thought) return { text: '', thinking };
    const opened = thinking === 'open' || !thought ? '' : `${THINK}\n`;
    if (!said) return { text: opened + thought, thinking: 'open' };
    const closed = thought || thinking === 'open' ? `\n${END_THINK}\n\n` : '';
    return { text: opened + thought + closed + said, thinking: 'none' };
}

/**
 * For a template that knows nothing of tools. Where it takes no system message, in which the model is
 * told of them, the first of the user's is the place.
 * @param {import('./messages.js').Message[]} messages @param {ToolUse} use
 * @param {(messages: import('./messages.js').Message[]) => Promise<string>} rendered
 */
async function renderTold(messages, use, rendered) {
    const plain = withoutTools(messages);
    if (use.mode === 'none') return rendered(plain);
    const told = toolsPrompt(use.tools, use.mode === 'required');
    try {
        return await rendered(withText(plain, 'system', told));
    } catch (error) {
        if (plain[0].role === 'system') throw error;
        return rendered(withText(plain, 'user', told));
    }
}

/** The form that an answer must have. @param {Record<string, any>} options @returns {Form} */
export function answerForm({ grammar, json_schema: schema, response_format: format }) {
    const given = { grammar, json_schema: schema, response_format: format?.type === 'text' ? null : format };
    const fields = Object.entries(given)
        .filter(([, value]) => value !== undefined && value !== null).map(([word]) => `options.${word}`);
    if (fields.length > 1) {
        throw invalid(fields[1], `it cannot be combined with ${fields[0]}`,
            'one of grammar, json_schema and response_format');
    }
    switch (fields[0]) {
    case 'options.grammar':
        checkGrammar(grammar);
        return { kind: 'grammar', text: grammar };
    case 'options.json_schema': return { kind: 'schema', schema, field: fields[0] };
    case 'options.response_format': return responseForm(format);
    default: return { kind: 'text' };
    }
}

/** @param {unknown} format @returns {Form} */
function responseForm(format) {
    const field = 'options.response_format';
    const { type, json_schema: named } = isObject(format) ? format : { type: null, json_schema: null };
    if (type === 'json_object') return { kind: 'schema', schema: { type: 'object' }, field };
    if (type !== 'json_schema') {
        throw invalid(`${field}.type`, 'this form of an answer is not known',
            '"text", "json_object" or "json_schema"');
    }
    if (!isObject(named) || named.schema === undefined) {
        throw invalid(`${field}.json_schema`, 'there is no schema', '{"name": NAME, "schema": SCHEMA}');
    }
    return { kind: 'schema', schema: named.schema, field: `${field}.json_schema.schema` };
}

/** @param {unknown} kwargs @returns {Record<string, unknown>} */
function checkKwargs(kwargs) {
    const field = 'options.chat_template_kwargs';
    if (kwargs === undefined || kwargs === null) return {};
    if (!isObject(kwargs)) {
        throw invalid(field, 'it is not an object', 'an object of variables for the template');
    }
    checkSize(kwargs, field);
    for (const name of Object.keys(kwargs)) {
        if (RESERVED.has(name)) {
            throw invalid(`${field}.${name}`, 'this variable of a template cannot be set by a request');
        }
        if (!VARIABLE.test(name)) {
            throw invalid(field, 'a name is not valid for a variable', 'letters, digits and "_", at most 64');
        }
    }
    return kwargs;
}

/** @param {string} template @param {string} prompt @returns {Thinking} */
function thinkingOf(template, prompt) {
    if (!template.includes(END_THINK)) return 'none';
    const end = prompt.trimEnd();
    if (end.endsWith(THINK)) return 'open';
    return end.endsWith(END_THINK) ? 'none' : 'maybe';
}

/**
 * A call that is not required needs no grammar: it is recognised when it comes. But if an answer must have a
 * form, the grammar allows a call as the alternative.
 * @param {{kind: 'text'} | {kind: 'schema', schema: unknown, field: string}} form
 * @param {Format | null} format @param {ToolUse} use @param {Thinking} thinking
 */
function grammarOf(form, format, use, thinking) {
    const isRequired = use.mode === 'required';
    if (form.kind === 'text' && !isRequired) return null;
    const rules = new RuleSet(isRequired || form.kind === 'text' ? 'options.tools' : form.field);
    const parts = [];
    if (form.kind === 'schema' && !isRequired) parts.push(schemaRule(form.schema, rules, form.field));
    if (format) parts.push(callsExpression(format, use.tools, use.isNamed, rules));
    return rules.grammar(behindThoughts(thinking, parts.join(' | '), rules));
}

/**
 * The ids of calls are a function of the prompt and the place: the same when an answer is made once more,
 * others in the next turn. Mistral's templates take nine letters and digits.
 * @param {string} prompt @param {Format | null} format @param {ToolUse} use @param {Thinking} thinking
 * @returns {(choice: number) => OutputParser}
 */
function parsers(prompt, format, use, thinking) {
    const start = hash(prompt);
    const prefix = format?.name === 'mistral' ? '' : 'call_';
    const names = use.tools.map((tool) => tool.function.name);
    const schemas = new Map(use.tools.map(({ function: { name, parameters } }) => [name, parameters]));
    return (choice) => new OutputParser({
        format, names, schemas, thinking, idOf: (index) => `${prefix}${hash(`${start} ${choice} ${index}`)}`,
    });
}

/** Nine letters and digits that stand for a text: FNV-1a, twice. @param {string} text */
function hash(text) {
    let [a, b] = [0x811c9dc5, 0x01000193];
    for (let i = 0; i < text.length; i++) {
        a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
        b = Math.imul(b ^ text.charCodeAt(i), 0x5bd1e995) ^ (b >>> 15);
    }
    const word = (/** @type {number} */ number) => (number >>> 0).toString(36).padStart(7, '0');
    return (word(a) + word(b)).slice(-9);
}

