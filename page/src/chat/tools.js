/** The tools that a request offers, and what it says about their use: checked. */
import { Failure } from '../engine/failure.js';
import { LIMITS } from '../engine/task_rules.js';
import { isObject } from '../shared/checks.js';
import { checkSize } from './schema.js';

/** @typedef {{name: string, description?: string, parameters?: Record<string, unknown>}} ToolFunction */
/** @typedef {{type: 'function', function: ToolFunction}} Tool */
/** `tools`: those that may be called.
 * @typedef {{mode: 'none' | 'auto' | 'required', tools: Tool[], isNamed: boolean}} ToolUse */

const NAME = new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.tool_name}}$`);

/**
 * @param {unknown} tools @param {unknown} choice options.tools and options.tool_choice
 * @returns {ToolUse}
 * @throws {Failure} input_invalid
 */
export function toolUse(tools, choice) {
    const list = checkTools(tools ?? []);
    const mode = choice ?? 'auto';
    if (mode === 'none' || (mode === 'auto' && list.length === 0)) {
        return { mode: 'none', tools: [], isNamed: false };
    }
    if (mode === 'auto' || mode === 'required') {
        if (list.length === 0) {
            throw invalid('options.tool_choice', 'it requires a tool, and none is offered',
                '"auto" or "none" without tools');
        }
        return { mode, tools: list, isNamed: false };
    }
    const name = isObject(mode) && isObject(mode.function) ? mode.function.name : undefined;
    const named = list.filter((tool) => tool.function.name === name);
    if (named.length === 0) {
        throw invalid('options.tool_choice', 'it is not an allowed word, and names none of the tools',
            '"none", "auto", "required" or {"type": "function", "function": {"name": NAME}}');
    }
    return { mode: 'required', tools: named, isNamed: true };
}

/** @param {unknown} tools @returns {Tool[]} */
function checkTools(tools) {
    if (!Array.isArray(tools)) throw invalid('options.tools', 'the tools are no list', 'a list');
    checkSize(tools, 'options.tools', LIMITS.tools);
    const list = tools.map((tool, i) => checkTool(tool, `options.tools[${i}]`));
    const names = new Set();
    list.forEach(({ function: { name } }, i) => {
        if (names.has(name)) {
            throw invalid(`options.tools[${i}].function.name`, `there is another tool called "${name}"`);
        }
        names.add(name);
    });
    return list;
}

/** @param {unknown} tool @param {string} field @returns {Tool} */
function checkTool(tool, field) {
    if (!isObject(tool) || tool.type !== 'function' || !isObject(tool.function)) {
        throw invalid(field, 'only functions can be tools',
            '{"type": "function", "function": {"name", "description", "parameters"}}');
    }
    const { name, description, parameters } = tool.function;
    if (typeof name !== 'string' || !NAME.test(name)) {
        throw invalid(`${field}.function.name`, 'the name of a function is not valid',
            `1 to ${LIMITS.tool_name} letters, digits, "_" and "-"`);
    }
    if (description !== undefined && description !== null && typeof description !== 'string') {
        throw invalid(`${field}.function.description`, 'the description of a function is not a string');
    }
    if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
        throw invalid(`${field}.function.parameters`, 'the parameters of a function are no JSON schema',
            'an object');
    }
    checkSize(parameters, `${field}.function.parameters`);
    if (isObject(parameters) && (parameters.type ?? 'object') !== 'object') {
        throw invalid(`${field}.function.parameters`,
            'the parameters of a function have a type other than object',
            '"type": "object"');
    }
    return {
        type: 'function',
        function: { name, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) },
    };
}

/** @param {string} field @param {string} message @param {string} [expected] */
export function invalid(field, message, expected) {
    return new Failure('input_invalid', message, { field, expected });
}
