// Makes page/src/engine/task_rules.js of what `webinferd --print-openapi` prints (standard input): the
// options of each task with their limits, as the page checks them once more.
import fs from 'node:fs';
import { shown } from './literal.mjs';

const { 'x-tasks': tasks, 'x-limits': limits, components: { schemas } } = JSON.parse(fs.readFileSync(0, 'utf8'));
const NESTED = {
    stop: { texts: limits.stops, bytes: limits.stop }, logit_bias: 'biases',
    ignore_labels: { texts: tasks['token-classification'].options.properties.ignore_labels.maxItems, bytes: limits.label },
};
const KINDS = {
    boolean: () => 'flag',
    integer: ({ minimum: least, maximum: most }) => ({ least, most, whole: true }),
    number: ({ minimum: least, maximum: most }) => ({ least, most }),
    string: ({ enum: among, maxLength: bytes }) => (among ? { among } : { bytes }),
    array: ({ maxItems: items }) => ({ items }),
    object: () => 'object',
};

/** The JSON type of all values that a schema allows, if they have one. */
function typeOf({ $ref, anyOf, type }) {
    if ($ref) return typeOf(schemas[$ref.split('/').at(-1)]);
    const types = new Set(anyOf?.map(typeOf) ?? [type]);
    return types.size === 1 ? [...types][0] : undefined;
}

const rules = ({ properties }) => Object.entries(properties)
    .map(([name, schema]) => `${name}: ${shown(NESTED[name] ?? KINDS[typeOf(schema)]?.(schema) ?? 'any')}`);

const WRITING = rules(tasks.complete.options);
const quoted = (name) => (/^\w+$/.test(name) ? name : `'${name}'`);

/** What a task adds to those of all that write, if it is one of them. */
function setOf(options) {
    const own = rules(options), writes = WRITING.every((rule) => own.includes(rule));
    const added = writes ? own.filter((rule) => !WRITING.includes(rule)) : own;
    if (writes && added.length === 0) return 'WRITING';
    return `{${[...writes ? ['...WRITING'] : [], ...added].map((rule) => `\n        ${rule},`).join('')}${added.length ? '\n    ' : ''}}`;
}

const table = (member) => Object.entries(tasks).filter(([, task]) => task[member])
    .map(([name, task]) => `    ${quoted(name)}: ${setOf(task[member])},\n`).join('');

process.stdout.write(`/** Which options a task has, and how much may be asked: src/terms/task/ says it. Made by scripts/task-rules.mjs. */

/** @import { Rule } from './options.js' */

export const LIMITS = Object.freeze({
${Object.entries(limits).map(([name, most]) => `    ${name}: ${most},\n`).join('')}});

/** @type {Readonly<Record<string, Rule>>} */
const WRITING = Object.freeze({
${WRITING.map((rule) => `    ${rule},\n`).join('')}});

/** Of models in folders. @type {Readonly<Record<string, Readonly<Record<string, Rule>>>>} */
export const FOLDER_RULES = Object.freeze({
${table('options')}});

/** Of models in GGUF files. @type {Readonly<Record<string, Readonly<Record<string, Rule>>>>} */
export const GGUF_RULES = Object.freeze({
${table('gguf_options')}});
`);
