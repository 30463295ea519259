/**
 * Renders the chat template of a model. The template comes with the model and is not trusted: it has only the
 * variables that Hugging Face's templates expect, and limits on its output. Its time is limited because this
 * runs in a worker that can be ended (template_client.js).
 *
 * The text equals that of jinja2 with the settings of transformers. Constructs that would render differently are
 * refused by name (jinja/).
 */
import { Budget } from './jinja/budget.js';
import { TemplateError } from './jinja/errors.js';
import { Interpreter } from './jinja/interpreter.js';
import { parse } from './jinja/statements.js';
import { formatTime } from './jinja/time.js';
import { Callable, valueOf } from './jinja/values.js';
import { byteLength } from './limits.js';

/** @import { Value } from './jinja/values.js' */

/** Limit for a template, in bytes. */
export const MAX_TEMPLATE = 65536;
/** The text that comes out is at most so many times what goes in, as JSON, and so much more. */
const OUTPUT_TIMES = 4;
const OUTPUT_MORE = 65536;

/** The last template that was read: nearly always the next one too.
 * @type {{source: string, program: import('./jinja/parser.js').Node[]} | null} */
let last = null;

/**
 * @param {string} source @param {Record<string, unknown>} variables
 * @param {Date} [now]
 * @returns {string}
 * @throws {TemplateError}
 */
export function renderTemplate(source, variables, now = new Date()) {
    const limit = OUTPUT_TIMES * JSON.stringify(variables).length + OUTPUT_MORE;
    const budget = new Budget(limit, `${OUTPUT_TIMES} times what goes in, and ${OUTPUT_MORE}`);
    const given = Object.entries(variables).filter(([, data]) => data !== undefined);
    try {
        return new Interpreter(budget).run(read(source), [...functions(now), ...given.map(named)]);
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new TemplateError('render', 'it is nested too deeply');
    }
}

/** @param {[string, unknown]} variable @returns {[string, Value]} */
const named = ([name, data]) => [name, valueOf(data)];

/** @param {string} source */
function read(source) {
    if (last?.source === source) return last.program;
    if (byteLength(source) > MAX_TEMPLATE) {
        throw new TemplateError('template', `it has more than ${MAX_TEMPLATE} bytes`);
    }
    const program = parse(source);
    last = { source, program };
    return program;
}

/** The functions that transformers adds. @param {Date} now @returns {[string, Value][]} */
const functions = (now) => [
    ['raise_exception', new Callable('raise_exception', ([message]) => {
        throw new TemplateError('raised', typeof message === 'string' ? message : 'it says no reason in words');
    })],
    ['strftime_now', new Callable('strftime_now', ([format]) => formatTime(now, String(format)))],
];
