/**
 * How models write calls of functions. A template that speaks of tools shows by its marks which way
 * its model was trained; a model without such a template is told a way in the system message.
 */
import { literal } from './gbnf.js';
import { schemaRule } from './schema.js';
import { THINK, END_THINK } from './parser.js';

/** @import { Tool } from './tools.js' */
/** @import { RuleSet } from './gbnf.js' */

/**
 * `begin` and `end` are marks around a call, or around a `list` of calls; `bare` says that an answer which
 * begins with `{` is a call too; `tags`, where a call is no JSON, are those around its parts. `calls`: how many a
 * grammar lets through where several are allowed.
 * @typedef {object} Format
 * @property {string} name
 * @property {string} [begin]
 * @property {string} [end]
 * @property {boolean} [list]
 * @property {boolean} [bare]
 * @property {import('./tagged_call.js').Marks} [tags]
 * @property {'arguments' | 'parameters'} key under which the arguments are
 * @property {number} calls
 * @property {[string, string, string]} written before the first call, between two, behind the last
 */

/** @satisfies {Record<string, Format>} */
export const FORMATS = {
    /** <tool_call>{"name": …, "arguments": {…}}</tool_call>, each call in marks of its own. */
    hermes: {
        name: 'hermes', begin: '<tool_call>', end: '</tool_call>', key: 'arguments', calls: 8,
        written: ['<tool_call>\n', '\n</tool_call>\n<tool_call>\n', '\n</tool_call>'],
    },
    /** [TOOL_CALLS][{"name": …, "arguments": {…}}, …] */
    mistral: {
        name: 'mistral', begin: '[TOOL_CALLS]', list: true, key: 'arguments', calls: 8,
        written: ['[TOOL_CALLS][', ', ', ']'],
    },
    /** [TOOL_CALLS]f[ARGS]{…}, each call behind a mark of its own: newer models of Mistral's. */
    args: {
        name: 'mistral', begin: '[TOOL_CALLS]', key: 'arguments', calls: 8,
        tags: { open: '', named: ['[ARGS]'], id: '[CALL_ID]', json: true },
        written: ['[TOOL_CALLS]', '[TOOL_CALLS]', ''],
    },
    /** <tool_call><function=f><parameter=a>…</parameter></function></tool_call>: Qwen3-Coder. */
    functions: {
        name: 'functions', begin: '<tool_call>', end: '</tool_call>', key: 'arguments', calls: 8,
        tags: {
            open: '<function=', named: ['>'], key: ['<parameter=', '>'], value: ['', '</parameter>'], close: '</function>',
        },
        written: ['<tool_call>\n', '\n</tool_call>\n<tool_call>\n', '\n</tool_call>'],
    },
    /** <tool_call>f<arg_key>a</arg_key><arg_value>…</arg_value></tool_call>: GLM. */
    pairs: {
        name: 'pairs', begin: '<tool_call>', end: '</tool_call>', key: 'arguments', calls: 8,
        tags: {
            open: '', named: ['\n', '<'], key: ['<arg_key>', '</arg_key>'], value: ['<arg_value>', '</arg_value>'],
            close: '</tool_call>',
        },
        written: ['<tool_call>', '\n<tool_call>', ''],
    },
    /** {"name": …, "parameters": {…}}, sometimes behind a mark. */
    llama3: {
        name: 'llama3', begin: '<|python_tag|>', bare: true, key: 'parameters', calls: 1,
        written: ['', '', ''],
    },
    /** {"name": …, "arguments": {…}} */
    generic: { name: 'generic', bare: true, key: 'arguments', calls: 1, written: ['', '', ''] },
};

/**
 * The way of a template, and whether it shows the tools to its model by itself. Templates whose calls
 * are in a language that is not known here are not asked for them.
 * @param {string} template
 * @returns {{format: Format, isNative: boolean}}
 */
export function formatOf(template) {
    const isNative = /\btools\b/.test(template);
    const has = (/** @type {string[]} */ ...marks) => marks.every((mark) => template.includes(mark));
    if (!isNative) return { format: FORMATS.generic, isNative };
    if (has('<tool_call>', '<function=', '<parameter=')) return { format: FORMATS.functions, isNative };
    if (has('<tool_call>', '<arg_key>', '<arg_value>')) return { format: FORMATS.pairs, isNative };
    if (has('[TOOL_CALLS]', '[ARGS]')) return { format: FORMATS.args, isNative };
    if (/<function=|<arg_key>|\[ARGS\]|<\|channel\|>/.test(template)) return { format: FORMATS.generic, isNative: false };
    if (template.includes('<tool_call>')) return { format: FORMATS.hermes, isNative };
    if (template.includes('[TOOL_CALLS]')) return { format: FORMATS.mistral, isNative };
    if (/<\|python_tag\|>|<\|start_header_id\|>/.test(template)) return { format: FORMATS.llama3, isNative };
    return { format: FORMATS.generic, isNative };
}

/** Further marks that must come out as text even if they are single tokens. @param {Format | null} format @returns {string[]} */
export function marksOf(format) {
    const { id, named = [], key = [], value = [] } = format?.tags ?? {};
    return [id, ...named, ...key, ...value].filter((mark) => mark !== undefined && mark.length > 1).map(String);
}

/**
 * An expression for one call or several of these tools.
 * @param {Format} format @param {Tool[]} tools @param {boolean} isOne @param {RuleSet} rules
 */
export function callsExpression(format, tools, isOne, rules) {
    const call = rules.rule(tools.map(({ function: { name, parameters } }, i) => {
        const field = `options.tools[${i}].function.parameters`;
        if (format.tags && !format.tags.json) return taggedCall(format.tags, name, parameters, rules, field);
        const given = schemaRule({ type: 'object', ...parameters ?? { properties: {} } }, rules, field);
        if (format.tags) return `${literal(name + format.tags.named[0])} ${given}`;
        return `${literal(`{"name": ${JSON.stringify(name)}, "${format.key}": `)} ${given} "}"`;
    }).join(' | '));
    const [before, between, behind] = format.written.map(literal);
    const more = isOne || format.calls === 1 ? '' : `(${between} ${call}){0,${format.calls - 1}}`;
    return [before, call, more, behind].filter((part) => part !== '' && part !== '""').join(' ');
}

/**
 * A call whose arguments come one by one, in the order of their schema.
 * @param {import('./tagged_call.js').Marks} tags @param {string} name @param {Record<string, any> | undefined} parameters
 * @param {RuleSet} rules @param {string} field
 */
function taggedCall({ open, named, key = ['', ''], value = ['', ''], close = '' }, name, parameters, rules, field) {
    const lines = value[0] ? ['', ''] : ['\n', '\n']; // around a value that has no mark before it
    const free = rules.rule(`${upTo(value[1], rules)} "\\n"`);
    const required = new Set(parameters?.required ?? []);
    const all = Object.entries(parameters?.properties ?? {}).map(([word, schema]) => {
        const begin = literal(`${key[0]}${word}${key[1]}${value[0] ? '\n' : ''}${value[0]}${lines[0]}`);
        const end = literal(`${lines[1]}${value[1]}\n`);
        const given = isFree(schema) ? free : `${plainRule(schema, rules, `${field}.properties.${word}`)} ${end}`;
        return required.has(word) ? `${begin} ${given}` : `(${begin} ${given})?`;
    });
    return [literal(`${open}${name}${named[0]}${open ? '\n' : ''}`), ...all, literal(close)].join(' ');
}

/** Whether any text goes for it: it says nothing else, or refers to other parts of its schema. @param {any} schema */
const isFree = (schema) => schema?.enum === undefined && schema?.const === undefined
    && ((schema?.type ?? 'string') === 'string' || JSON.stringify(schema).includes('"$ref"'));

/** Texts stand there without quotes. @param {any} schema @param {RuleSet} rules @param {string} field */
function plainRule(schema, rules, field) {
    const words = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
    const areTexts = words.length > 0 && words.every((/** @type {unknown} */ word) => typeof word === 'string');
    return areTexts ? `(${words.map(literal).join(' | ')})` : schemaRule(schema, rules, field);
}

/**
 * The text that describes the tools to a model whose template does not.
 * @param {Tool[]} tools @param {boolean} isRequired
 */
export function toolsPrompt(tools, isRequired) {
    const list = tools.map(({ function: one }) => JSON.stringify(one)).join('\n');
    const when = isRequired ? 'Answer by calling one' : 'To call one, answer';
    return `You can call these functions:\n${list}\n\n${when} with only a JSON object of this form, and `
        + 'nothing else: '
        + '{"name": "the name of the function", "arguments": {"name of a parameter": "its value"}}';
}

/**
 * An expression for thoughts, as far as the prompt has not ended them, before an answer.
 * @param {import('./parser.js').Thinking} thinking @param {string} answer an expression
 * @param {RuleSet} rules
 */
export function behindThoughts(thinking, answer, rules) {
    if (thinking === 'none') return answer;
    const thoughts = `${upTo(END_THINK, rules)} [ \\n]{0,4}`;
    return thinking === 'open' ? `${thoughts} (${answer})`
        : `([ \\n]{0,2} ${literal(THINK)} ${thoughts})? (${answer})`;
}

/**
 * Any text that ends with the first `mark` in it: a rule for each number of its characters that
 * were seen last.
 * @param {string} mark @param {RuleSet} rules
 */
function upTo(mark, rules) {
    const letters = [...new Set(mark)];
    const states = Array.from(mark, () => rules.reserve());
    const others = `[^${letters.map((one) => one.replace(/[\]\\^-]/, '\\$&')).join('')}] ${states[0]}`;
    states.forEach((state, seen) => {
        const steps = letters.map((letter) => {
            const next = longestBeginning(mark, mark.slice(0, seen) + letter);
            return next === mark.length ? literal(letter) : `${literal(letter)} ${states[next]}`;
        });
        rules.define(state, [...steps, others].join(' | '));
    });
    return states[0];
}

/** How many of the last characters of `text` are the first of `mark`.
 * @param {string} mark @param {string} text */
function longestBeginning(mark, text) {
    let length = Math.min(mark.length, text.length);
    while (!text.endsWith(mark.slice(0, length))) length--;
    return length;
}
