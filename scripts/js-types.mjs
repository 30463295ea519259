// Makes sdk/js/types.d.ts of what `webinferd --print-openapi` prints (standard input): the JSON that the
// client sends and receives. Only the schemas that the package uses are taken, with those that they refer to.
// Members that are always there come first; schemas are sorted by name.
import fs from 'node:fs';

const ROOTS = ['InferRequest', 'InferAnswer', 'StreamPart', 'StreamProgress', 'StreamDone', 'Benchmark', 'Status',
    'Nodes', 'Hardware', 'Models', 'Model', 'Pull', 'PullEvent', 'Order', 'Removed', 'Job', 'Jobs', 'Verb', 'Problem'];
const PLAIN = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };
const WIDTH = 110;
/** Types that refer to themselves, which the description has as lists in lists to a certain depth. */
const RECURSIVE = {
    JsonValue: 'JsonScalar | Array<JsonValue> | { [name: string]: JsonValue }',
    TensorData: 'Array<number | boolean> | Array<string> | Array<TensorData>',
};

const { components: { schemas } } = JSON.parse(fs.readFileSync(0, 'utf8'));
/** The schemas that are used. @type {Set<string>} */
const used = new Set();

const quoted = (value) => (typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : JSON.stringify(value));
const memberName = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

/** Words in lines of at most WIDTH characters. @param {string[]} words @param {string} between */
function filled(words, between) {
    const lines = [''];
    for (const word of words) {
        const line = lines.at(-1);
        if (line && line.length + between.length + word.length > WIDTH) lines.push(word);
        else lines[lines.length - 1] = line ? line + between + word : word;
    }
    return lines;
}

/** A comment, or nothing. @param {string | undefined} text @param {string} indent */
function comment(text, indent) {
    if (!text) return '';
    const lines = filled(text.replaceAll('*/', '*\\/').split(' '), ' ');
    if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
    return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/** The members of an object, each with its description; further ones are of the type that it gives them. */
function membersOf({ properties, required = [], additionalProperties: more }, indent) {
    const inner = `${indent}    `;
    const row = ([name, schema]) => `${comment(schema.description, inner)}${inner}${memberName(name)}` +
        `${required.includes(name) ? '' : '?'}:${spaced(typeOf(schema, inner))};\n`;
    const rows = Object.entries(properties), isNeeded = ([name]) => required.includes(name);
    const sorted = [...rows.filter(isNeeded), ...rows.filter((one) => !isNeeded(one))];
    const known = `{\n${sorted.map(row).join('')}${indent}}`;
    return more ? `${known} & ${mapOf(typeOf(more, indent))}` : known;
}

/** A type after its colon. @param {string} type */
const spaced = (type) => (type.startsWith('\n') ? type : ` ${type}`);

/** Types of which one holds, each once. @param {string[]} types @param {string} indent */
function unionOf(types, indent) {
    const among = [...new Set(types)];
    if (among.some((one) => one.includes('\n')) || among.join(' | ').length <= WIDTH) return among.join(' | ');
    return `\n${filled(among, ' | ').map((line) => `${indent}    | ${line}`).join('\n')}`;
}

/** A schema as a type. @param {any} schema @param {string} indent of the line in which it is */
function typeOf(schema, indent) {
    if (schema.$ref) return nameOf(schema.$ref.split('/').at(-1));
    if (schema.anyOf) return unionOf(schema.anyOf.map((one) => typeOf(one, indent)), indent);
    if ('enum' in schema || 'const' in schema) return unionOf((schema.enum ?? [schema.const]).map(quoted), indent);
    if (schema.type === 'array') return `Array<${typeOf(schema.items, indent)}>`;
    if (schema.properties) return membersOf(schema, indent);
    if (schema.type === 'object') return mapOf(typeOf(schema.additionalProperties, indent));
    return PLAIN[schema.type];
}

/** An object with members of any names. A type may refer to itself here, and not in a Record. @param {string} type */
const mapOf = (type) => `{ [name: string]: ${type} }`;

/** Notes that a schema is used. @param {string} name */
function nameOf(name) {
    if (!used.has(name)) {
        used.add(name);
        typeOf(schemas[name], '');
    }
    return name;
}

function declarationOf(name) {
    const schema = schemas[name], about = comment(schema.description, '');
    if (name in RECURSIVE) return `${about}export type ${name} = ${RECURSIVE[name]};\n`;
    if (schema.properties && !schema.additionalProperties)
        return `${about}export interface ${name} ${membersOf(schema, '')}\n`;
    return `${about}export type ${name} =${spaced(typeOf(schema, ''))};\n`;
}

ROOTS.forEach(nameOf);
process.stdout.write(`/**
 * The JSON that webinferd takes and answers. Made by scripts/js-types.mjs of the description of the API: do not edit.
 */

${[...used].sort().map(declarationOf).join('\n')}`);
