/**
 * Requests at random, made from the API's description and nothing else: which operations there are,
 * what their paths, queries and bodies have, and in which ways one member of them is wrong.
 *
 * Two things the description cannot say, and a `Ground` does: what exists (models, nodes, jobs), and
 * what is meant by the members that take any value.
 */
import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';

const MEDIA = ['application/json', 'multipart/form-data', 'application/octet-stream'];
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value) &&
    !Buffer.isBuffer(value);

/** What ends, removes or changes what others use: all that only an admin may, and that is removed. */
export const changes = ({ method, rank }) =>
    method === 'DELETE' || (rank === 'admin' && method !== 'GET');

/**
 * @typedef {{id: string, method: string, path: string, rank: string, parameters: any[],
 *     contents: Record<string, any>, needsBody: boolean, responses: any}} Operation
 */

/** Not asked at random: their answers have no end. tests/system/watching.test.mjs and channels.test.mjs read them. */
const ENDLESS = ['GET /v1/events', 'GET /v1/channels'];
/** How deep values may lie that are of a schema which refers to itself. */
const DEEPEST = 4;

export class Description {
    #ajv = new Ajv({ strict: false, formats: { binary: true } });
    /** Compiled, by the schema. */
    #checks = new WeakMap();

    constructor(document) {
        // Schemas are compiled one by one, and refer to each other by the name of the document.
        this.document = JSON.parse(JSON.stringify(document).replaceAll('"#/', '"api#/'));
        this.#ajv.addSchema({ ...this.document, $id: 'api' });
    }

    /** @returns {Operation[]} */
    get operations() {
        return Object.entries(this.document.paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, said]) => ({
                id: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path,
                rank: said['x-rank'], parameters: said.parameters ?? [],
                contents: said.requestBody?.content ?? {}, needsBody: said.requestBody?.required ?? false,
                responses: said.responses }))).filter(({ id }) => !ENDLESS.includes(id));
    }

    /** Where the schema is a reference, what it refers to. */
    resolve(schema) {
        while (schema.$ref) {
            const { $ref, ...more } = schema;
            const found = $ref.slice('api#/'.length).split('/').reduce((value, key) => value[key], this.document);
            schema = { ...found, ...more };
        }
        return schema;
    }

    /** What requests of a task take as `options`; of all of them where it is not named. */
    options(task) {
        const tasks = Object.entries(this.document['x-tasks'])
            .filter(([name]) => task === undefined || name === task);
        return { anyOf: tasks.flatMap(([, { options, gguf_options: more }]) =>
            more ? [options, more] : [options]) };
    }

    fits(schema, value) {
        if (!this.#checks.has(schema))
            this.#checks.set(schema, this.#ajv.compile(schema));
        return this.#checks.get(schema)(value);
    }

    /**
     * Values that a schema allows. `words(name)` has values that make sense for a member, which are
     * taken rather than others where the schema allows them; `most` bounds the members of the whole
     * that need not be there.
     */
    values(schema, words, most = 4, name = '', depth = 0) {
        // Of several tasks at once no model takes any.
        const isOptions = schema.$ref?.endsWith('/TaskOptions');
        const made = this.#plain(isOptions ? this.options() : this.resolve(schema), words, most, name, depth);
        const known = words(name).filter((value) => Buffer.isBuffer(value) || this.fits(schema, value));
        if (known.length === 0) return made;
        return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: made });
    }

    #plain(schema, words, most, name, depth) {
        if ('const' in schema) return fc.constant(schema.const);
        if (schema.enum) return fc.constantFrom(...schema.enum);
        if (schema.anyOf)
            return fc.oneof(...schema.anyOf.filter((one) => depth < DEEPEST || !holdsOthers(one))
                .map((one) => this.values(one, words, most, name, depth)));
        switch (schema.type) {
        case 'object': return this.#object(schema, words, most, depth);
        case 'array': return fc.array(this.values(schema.items, words, most, name, depth + 1),
            { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 3, 3) });
        case 'string': return fc.string({ minLength: schema.minLength ?? 0,
            maxLength: Math.max(schema.minLength ?? 0, Math.min(schema.maxLength ?? 40, 40)), unit: 'grapheme-ascii' });
        case 'integer': return small(schema, (min, max) =>
            fc.maxSafeInteger().map((n) => min + Math.abs(n) % (max - min + 1)));
        case 'number': return small(schema, (min, max) =>
            fc.double({ min, max, noNaN: true, noDefaultInfinity: true }));
        case 'boolean': return fc.boolean();
        case 'null': return fc.constant(null);
        default: throw new Error(`${name} has no type: ${JSON.stringify(schema)}`);
        }
    }

    #object(schema, words, most, depth) {
        const { properties = {}, required = [], additionalProperties: more } = schema;
        const names = Object.keys(properties);
        const model = {};
        for (const name of names) model[name] = this.values(properties[name], words, most, name, depth + 1);
        // A few of those that need not be there: with many nearly nothing would be accepted.
        const fixed = names.filter((name) => required.includes(name) || (depth === 0 && ALWAYS.includes(name)));
        const free = names.filter((name) => !fixed.includes(name));
        const made = few(free, depth === 0 ? most : 3).chain((kept) => fc.record(
            Object.fromEntries([...new Set([...fixed, ...kept])].map((name) => [name, model[name]])),
            { noNullPrototype: true }));
        if (!isObject(more) || names.length > 0) return made;
        return fc.dictionary(fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }),
            this.values(more, words, most, '', depth + 1), { maxKeys: 3 });
    }

    /**
     * The ways in which one member of an accepted value may be wrong: where, how, and the value then.
     * `asText`: in a form, where a string cannot be of another type.
     * @returns {{field: string, how: string, value: any}[]}
     */
    faults(schema, value, asText = false, field = '') {
        const known = this.resolve(schema);
        const found = [];
        const several = known.anyOf?.find((one) => this.fits(one, value));
        // One that another of the types allows is none.
        if (several) return this.faults(several, value, asText, field).filter((fault) => !this.fits(known, fault.value));
        const add = (name, how, change) => {
            const changed = { ...value };
            change(changed);
            found.push({ field: field + name, how, value: changed });
        };
        if (Array.isArray(value) && known.items && value.length > 0 && isObject(value[0]))
            return this.faults(known.items, value[0], asText, `${field.slice(0, -1)}[0].`)
                .map((fault) => ({ ...fault, value: [fault.value, ...value.slice(1)] }));
        if (!isObject(value) || !known.properties) return found;
        if (known.additionalProperties === false)
            add('unheard_of', 'unknown', (object) => (object.unheard_of = 'x'));
        for (const name of known.required ?? []) add(name, 'missing', (object) => delete object[name]);
        for (const [name, row] of Object.entries(known.properties)) {
            for (const [how, wrong] of this.#wrong(row, asText))
                if (!asText || !['string', undefined].includes(this.resolve(row).type) ||
                    typeof wrong === 'string') add(name, how, (object) => (object[name] = wrong));
            for (const fault of asText ? [] : this.faults(row, value[name], false, `${field}${name}.`))
                found.push({ ...fault, value: { ...value, [name]: fault.value } });
        }
        return found;
    }

    /** Values that a schema refuses, each with what is wrong with it; an empty part of a form is none. */
    #wrong(schema, asText) {
        const row = this.resolve(schema);
        const wrong = [['of another type', true], ['of another type', 17.5], ['of another type', 'x y'],
            ['of another type', ['x']], ['of another type', { x: 1 }]];
        if (row.enum) wrong.push(['no word of the list', 'unheard of']);
        if (row.maximum !== undefined) wrong.push(['too large', row.maximum + 1]);
        if (row.minimum !== undefined) wrong.push(['too small', row.minimum - 1]);
        if (row.minLength > 0 && !asText) wrong.push(['too short', '']);
        if (row.maxLength < 1e5) wrong.push(['too long', 'x'.repeat(row.maxLength + 1)]);
        if (row.maxItems < 1e4) wrong.push(['too long', Array(row.maxItems + 1).fill('x')]);
        return wrong.filter(([, value]) => !this.fits(schema, value));
    }
}

const holdsOthers = ({ properties, items, additionalProperties: more }) => !properties && Boolean((items ?? more)?.$ref);

/** Without these nothing runs here, or nothing is sent; of a body that need not have them. */
const ALWAYS = ['platform', 'file', 'image', 'messages', 'prompt', 'input', 'inputs', 'parameters'];

const few = (names, most) => (names.length === 0 ? fc.constant([])
    : fc.array(fc.constantFrom(...names), { maxLength: most }));

/** Rather a small number than a large one: what is asked for has to end. */
function small({ minimum: min = -1e6, maximum: max = 1e6 }, within) {
    const low = Math.max(min, Math.min(max, 0));
    return fc.oneof({ weight: 6, arbitrary: within(low, Math.min(max, low + 16)) },
        { weight: 1, arbitrary: within(min, max) }, { weight: 1, arbitrary: fc.constantFrom(min, max) });
}

/** The media type in which a body of that operation is sent, one that the description has. */
export const mediaOf = ({ contents }) => Object.keys(contents)
    .sort((a, b) => (MEDIA.indexOf(a) + 1 || 9) - (MEDIA.indexOf(b) + 1 || 9));

/** A body as bytes, and what its headers say of it. */
export function encode(type, body) {
    if (type === 'multipart/form-data') return form(body);
    const json = Buffer.from(JSON.stringify(body ?? {}));
    if (type === 'application/octet-stream')
        return { body: json, headers: { 'Content-Type': type, 'Inference-Header-Content-Length': json.length } };
    return { body: json, headers: { 'Content-Type': type } };
}

function form(members) {
    const boundary = 'a-line-that-nothing-has';
    const parts = Object.entries(members).flatMap(([name, value]) => {
        const file = Buffer.isBuffer(value);
        const bytes = file || typeof value === 'string' ? value : JSON.stringify(value);
        return [`--${boundary}\r\nContent-Disposition: form-data; name="${name}"` +
            `${file ? '; filename="file"' : ''}\r\n\r\n`, bytes, '\r\n'];
    });
    return { body: Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part))),
        headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` } };
}
