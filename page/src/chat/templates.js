/**
 * Rendering the chat template of a model, which comes with the model and is not trusted: it has the
 * variables that Hugging Face's templates expect and nothing else, and bounds on what it makes. What
 * bounds its time is that this runs in a worker that can be ended (template_client.js).
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { byteLength } from './limits.js';

/** Of a template, in bytes. */
export const MAX_TEMPLATE = 65536;
/** The text that comes out is at most so many times what goes in, as JSON, and so much more. */
const OUTPUT_TIMES = 4;
const OUTPUT_MORE = 65536;
/** Items of all lists that a template makes, and of one that it asks `range` for. */
const MAX_ITEMS = 4000000;
const MAX_RANGE = 100000;

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
    'October', 'November', 'December'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/**
 * What is wrong: `raised` is the template's own refusal of these messages, `template` one that is
 * no template, `render` anything that went wrong with these messages.
 * @typedef {'raised' | 'template' | 'render'} Kind
 */
export class TemplateError extends Error {
    /** @param {Kind} kind @param {string} message */
    constructor(kind, message) {
        super(message);
        this.kind = kind;
    }
}

/** The last template that was read: nearly always the next one too.
 * @type {{source: string, program: any} | null} */
let last = null;

/**
 * @param {string} source @param {Record<string, unknown>} variables
 * @returns {string}
 * @throws {TemplateError}
 */
export function renderTemplate(source, variables) {
    const limit = OUTPUT_TIMES * JSON.stringify(variables).length + OUTPUT_MORE;
    const program = read(source);
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals(), ...variables })) environment.set(name, value);
    try {
        const text = new BoundedInterpreter(environment, limit).run(program).value;
        if (typeof text === 'string') return text;
    } catch (error) {
        if (error instanceof TemplateError) throw error;
        throw new TemplateError('render', messageOf(error));
    }
    throw new TemplateError('render', 'it gave no text');
}

/** @param {string} source */
function read(source) {
    if (last?.source === source) return last.program;
    if (byteLength(source) > MAX_TEMPLATE) {
        throw new TemplateError('template', `it has more than ${MAX_TEMPLATE} bytes`);
    }
    try {
        const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
        last = { source, program };
        return program;
    } catch (error) {
        throw new TemplateError('template', messageOf(error));
    }
}

/** What templates may call, and the constants. @returns {Record<string, unknown>} */
function globals() {
    return {
        true: true, false: false, none: null, True: true, False: false, None: null, range,
        raise_exception: (/** @type {unknown} */ message) => {
            throw new TemplateError('raised', String(message).slice(0, 1000));
        },
        strftime_now: (/** @type {unknown} */ format) => formatTime(new Date(), String(format)),
    };
}

/** An interpreter that looks at the size of every value that is made. */
class BoundedInterpreter extends Interpreter {
    /** @param {Environment} environment @param {number} limit of a text */
    constructor(environment, limit) {
        super(environment);
        this._limit = limit;
        this._items = 0;
    }

    /** @override @param {any} statement @param {Environment} environment @returns {any} */
    evaluate(statement, environment) {
        const made = super.evaluate(statement, environment);
        const { value } = made;
        if (typeof value === 'string' && value.length > this._limit) {
            throw new TemplateError('render', `it makes a text of more than ${this._limit} characters `
                + `(${OUTPUT_TIMES} times what goes in, and ${OUTPUT_MORE})`);
        }
        // A name is no new list; of what lies in another list or object, that cannot be said.
        if (Array.isArray(value) && statement?.type !== 'Identifier'
            && (this._items += value.length) > MAX_ITEMS) {
            throw new TemplateError('render', `it makes lists of more than ${MAX_ITEMS} items`);
        }
        return made;
    }
}

/** Python's. @param {number} first @param {number} [end] @param {number} [step] */
function range(first, end, step = 1) {
    const [from, to] = end === undefined ? [0, first] : [first, end];
    const count = Math.max(0, Math.ceil((to - from) / step));
    if (![from, to, step].every(Number.isInteger) || step === 0) {
        throw new TypeError('range() takes integers, and no step of 0');
    }
    if (count > MAX_RANGE) throw new RangeError(`range() of more than ${MAX_RANGE} numbers`);
    return Array.from({ length: count }, (_, i) => from + i * step);
}

/**
 * Python's strftime with what templates use of it, in English and in UTC: the same on every node.
 * @param {Date} time @param {string} format
 */
export function formatTime(time, format) {
    const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
    const [month, day] = [MONTHS[time.getUTCMonth()], DAYS[time.getUTCDay()]];
    const hour = time.getUTCHours();
    /** @type {Record<string, string>} */
    const parts = {
        Y: String(time.getUTCFullYear()), y: two(time.getUTCFullYear() % 100), m: two(time.getUTCMonth() + 1),
        d: two(time.getUTCDate()), B: month, b: month.slice(0, 3), A: day, a: day.slice(0, 3), H: two(hour),
        I: two(hour % 12 || 12), p: hour < 12 ? 'AM' : 'PM', M: two(time.getUTCMinutes()),
        S: two(time.getUTCSeconds()), '%': '%',
    };
    return format.replace(/%(.)/g, (whole, letter) => (Object.hasOwn(parts, letter) ? parts[letter] : whole));
}

/** @param {unknown} error */
function messageOf(error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
