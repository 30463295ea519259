/**
 * Requests as tritonclient (Python, over HTTP) sends them, byte for byte over a socket of their own,
 * and the forms that this client and the protocol need answers to have. Neither is taken from what
 * the daemon says of itself.
 */
import Ajv from 'ajv/dist/2020.js';
import { Wire } from './wire.mjs';

/* --- forms: open_inference_rest.yaml, generate_rest.yaml, and Triton's documents of its extensions --- */

const string = { type: 'string' }, integer = { type: 'integer' };
const object = (required, properties = {}) => ({ type: 'object', required, properties });
const list = (items) => ({ type: 'array', items });
const value = object(['name', 'datatype', 'shape'],
    { name: string, datatype: string, shape: list(integer) });
const typed = object(['name', 'data_type', 'dims'],
    { name: string, data_type: { type: 'string', pattern: '^TYPE_' }, dims: list(integer) });
const stat = object(['count', 'ns'], { count: { type: 'integer', minimum: 0 }, ns: { type: 'integer', minimum: 0 } });
const stats = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit'];
const text = { text_output: string, model_name: string, model_version: string };

const forms = {
    live: object(['live'], { live: { const: true } }),
    ready: object(['ready'], { ready: { const: true } }),
    server: object(['name', 'version', 'extensions'],
        { name: string, version: string, extensions: list(string) }),
    model: object(['name', 'platform', 'versions', 'inputs', 'outputs'],
        { name: string, platform: string, versions: list(string), inputs: list(value), outputs: list(value) }),
    config: object(['name', 'platform', 'backend', 'max_batch_size', 'input', 'output'],
        { name: string, max_batch_size: integer, input: list(typed), output: list(typed) }),
    stats: object(['model_stats'], { model_stats: list(object(
        ['name', 'version', 'last_inference', 'inference_count', 'execution_count', 'inference_stats', 'batch_stats'],
        { name: string, version: string, last_inference: integer, inference_count: integer,
            execution_count: integer, batch_stats: list({ type: 'object' }),
            inference_stats: object(stats, Object.fromEntries(stats.map((name) => [name, stat]))) })) }),
    infer: object(['model_name', 'outputs'], { model_name: string, model_version: string, id: string,
        outputs: list({ allOf: [value], oneOf: [
            { required: ['data'], properties: { data: list({ type: ['number', 'string', 'boolean'] }) } },
            { required: ['parameters'],
                properties: { parameters: object(['binary_data_size'], { binary_data_size: integer }) } }] }) }),
    generate: object(['text_output', 'model_name', 'model_version'], text),
    event: object(['text_output', 'model_name', 'model_version', 'done'], { ...text, done: { type: 'boolean' } }),
    index: list(object(['name', 'version', 'state', 'reason'], { name: string, version: string,
        state: { enum: ['READY', 'LOADING', 'UNAVAILABLE'] }, reason: string })),
    error: object(['error'], { error: { type: 'string', minLength: 4 } }),
};
const ajv = new Ajv();
const validators = Object.fromEntries(
    Object.entries(forms).map(([name, form]) => [name, ajv.compile(form)]));

/** Throws unless the JSON has that form. */
export function checkForm(name, json) {
    const validate = validators[name];
    if (validate(json)) return json;
    throw new Error(`no ${name}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(json).slice(0, 1000)}`);
}

/* --- requests ---------------------------------------------------------------------------------------- */

/** BYTES in binary. @param {(string | Buffer)[]} elements */
export const packBytes = (elements) => Buffer.concat(elements.flatMap((one) => {
    const bytes = Buffer.from(one), length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
}));

/** The elements of BYTES in binary. @returns {Buffer[]} */
export function unpackBytes(bytes) {
    const elements = [];
    for (let at = 0; at < bytes.length;) {
        const end = at + 4 + bytes.readUInt32LE(at);
        elements.push(bytes.subarray(at + 4, end));
        at = end;
    }
    return elements;
}

/**
 * What its method `infer` makes: members in its order, no spaces.
 * @param {{name: string, datatype: string, shape: number[], bytes?: Buffer, data?: any[]}[]} inputs
 * @param {{outputs?: {name: string, binary: boolean}[], id?: string, parameters?: object}} [more]
 * @returns {{body: Buffer, jsonSize?: number}}
 */
export function inferBody(inputs, { outputs, id, parameters = {} } = {}) {
    const all = { ...parameters, ...(outputs ? {} : { binary_data_output: true }) };
    const json = Buffer.from(JSON.stringify({
        ...(id ? { id } : {}),
        inputs: inputs.map(({ name, shape, datatype, bytes, data }) => ({ name, shape, datatype,
            ...(bytes ? { parameters: { binary_data_size: bytes.length } } : { data }) })),
        ...(outputs ? { outputs: outputs.map(({ name, binary }) =>
            ({ name, parameters: { binary_data: binary } })) } : {}),
        ...(Object.keys(all).length ? { parameters: all } : {}),
    }));
    const tensors = inputs.flatMap(({ bytes }) => bytes ? [bytes] : []);
    return { body: Buffer.concat([json, ...tensors]), ...(tensors.length ? { jsonSize: json.length } : {}) };
}

/** The client, with one connection, which is kept alive and made again where it was closed. */
export class TritonClient {
    /** @type {Wire | undefined} */
    #wire;

    /** @param {string} url */
    constructor(url) { this.url = url; }

    /** The request's head has no Content-Type, whatever its body is. */
    async ask(method, target, { body, jsonSize } = {}) {
        if (!this.#wire || this.#wire.closed) this.#wire = new Wire(this.url);
        const length = method === 'POST' ? `Content-Length: ${body?.length ?? 0}\r\n` : '';
        this.#wire.write(`${method} /${target} HTTP/1.1\r\nHost: ${this.#wire.host}\r\n` +
            (jsonSize === undefined ? '' : `Inference-Header-Content-Length: ${jsonSize}\r\n`) +
            `${length}\r\n${body ? body.toString('latin1') : ''}`);
        const answer = await this.#wire.answer();
        if (!answer) throw new Error(`${method} ${target}: no answer`);
        const size = answer.head.match(/^inference-header-content-length: (\d+)/im)?.[1];
        const bytes = Buffer.from(answer.text, 'latin1');
        const head = size === undefined ? bytes : bytes.subarray(0, Number(size));
        if (answer.status !== 200) checkForm('error', JSON.parse(head.toString()));
        return { status: answer.status, head: answer.head, text: head.toString(),
            rest: size === undefined ? null : bytes.subarray(Number(size)),
            get json() { return JSON.parse(head.toString()); } };
    }

    /** A GET whose answer has that form. */
    async get(target, form) {
        const answer = await this.ask('GET', target);
        if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${answer.text}`);
        checkForm(form, answer.json);
        return answer;
    }

    /** What the method `infer` gives: outputs with `bytes` or `data`. Throws where that would. */
    async infer(model, inputs, more) {
        const answer = await this.ask('POST', `v2/models/${model}/infer`, inferBody(inputs, more));
        if (answer.status !== 200)
            throw Object.assign(new Error(`${model}: ${answer.status} ${answer.text}`), { answer });
        const json = checkForm('infer', answer.json);
        let at = 0;
        for (const output of json.outputs) {
            const size = output.parameters?.binary_data_size;
            if (size === undefined) continue;
            output.bytes = answer.rest.subarray(at, at += size);
        }
        if (at !== (answer.rest?.length ?? 0)) throw new Error(`${answer.rest.length - at} bytes of no output`);
        return { ...answer, json };
    }

    close() { this.#wire?.destroy(); }
}
