/**
 * How models write calls of functions. A template that speaks of tools shows by its marks which way
 * its model was trained; a model without such a template is told a way in the system message.
 */
import { literal } from './gbnf.js';
import { schemaRule } from './schema.js';
import { THINK, END_THINK } from './parser.js';

/** @typedef {import('./tools.js').Tool} Tool */
/** @typedef {import('./gbnf.js').RuleSet} RuleSet */

/**
 * `begin` and `end` are marks around a call, or around a `list` of calls; `bare` says that an answer which
 * begins with `{` is a call too. `calls`: how many a grammar lets through where several are allowed.
 * @typedef {object} Format
 * @property {string} name
 * @property {string} [begin]
 * @property {string} [end]
 * @property {boolean} [list]
 * @property {boolean} [bare]
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
 * are in another language than JSON are not asked for them.
 * @param {string} template
 * @returns {{format: Format, isNative: boolean}}
 */
export function formatOf(template) {
    const isNative = /\btools\b/.test(template);
    if (!isNative || /<function=|<arg_key>|\[ARGS\]/.test(template)) {
        return { format: FORMATS.generic, isNative: false };
    }
    if (template.includes('<tool_call>')) return { format: FORMATS.hermes, isNative };
    if (template.includes('[TOOL_CALLS]')) return { format: FORMATS.mistral, isNative };
    if (/<\|python_tag\|>|<\|start_header_id\|>/.test(template)) return { format: FORMATS.llama3, isNative };
    return { format: FORMATS.generic, isNative };
}

/**
 * An expression for one call or several of these tools.
 * @param {Format} format @param {Tool[]} tools @param {boolean} isOne @param {RuleSet} rules
 */
export function callsExpression(format, tools, isOne, rules) {
    const call = rules.rule(tools.map(({ function: { name, parameters } }, i) => {
        const field = `options.tools[${i}].function.parameters`;
        const given = schemaRule({ type: 'object', ...parameters ?? { properties: {} } }, rules, field);
        return `${literal(`{"name": ${JSON.stringify(name)}, "${format.key}": `)} ${given} "}"`;
    }).join(' | '));
    const [before, between, behind] = format.written.map(literal);
    const more = isOne || format.calls === 1 ? '' : `(${between} ${call}){0,${format.calls - 1}}`;
    return [before, call, more, behind].filter((part) => part !== '' && part !== '""').join(' ');
}

/**
 * What tells a model of the tools whose template does not.
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
