/** Requests as JSON with bytes behind it, and replies as values. */
import { BadAnswer } from './errors.js';
import { encodeInputs } from './inputs.js';
import { tensorOfWire } from './tensors.js';

/** @import { InferSettings } from './index.d.ts' */
/** @import { Reply, Request } from './http.js' */
/** @import { Binary } from './inputs.js' */

const HEAD_LENGTH = 'Inference-Header-Content-Length';
/** The settings of a request that are members of its body; all others that a task is given are options of it, */
const MEMBERS = ['options', 'task', 'model_type', 'platform', 'browser', 'node', 'fallback', 'precision', 'outputs',
    'priority', 'timeout_ms', 'id', 'publish'];
/** but for these. */
const OTHERS = ['deadline', 'idempotent', 'signal'];
const OF_STREAMS = ['resumable', 'stall_timeout_ms', 'onProgress'];
const OF_BENCHMARKS = ['kernel', 'runs', 'warmup', 'threads', 'optimization', 'profile'];
const SETTINGS = new Set([...MEMBERS, ...OTHERS, ...OF_STREAMS]);
/** The most that a request without a timeout gets; some for the way; the most of a timer. */
const TIMEOUT_MOST_MS = 600_000, WAY_MS = 30_000, TIMER_MOST_MS = 2 ** 31 - 1;

/** The answer of a model; index.d.ts describes the members. */
export class Answer {
    /** @param {any} value the JSON @param {Uint8Array<ArrayBuffer>} binary the bytes behind it */
    constructor(value, binary) {
        const outputs = tensorsOf(value.outputs, binary);
        const { id, model_name, kernel, model_type, result, executed_on, performance } = value;
        if (typeof id !== 'string' || typeof (kernel ?? model_name) !== 'string' || !executed_on || !performance)
            throw new TypeError('it has no id, model_name, executed_on or performance');
        this.id = id;
        this.model_name = kernel ?? model_name;
        this.model_type = model_type ?? null;
        this.outputs = Object.fromEntries(outputs.map((tensor) => [tensor.name, tensor]));
        this.result = result ?? null;
        this.executed_on = executed_on;
        this.performance = performance;
    }

    /** The text of its result; '' where it has none. */
    get text() {
        return typeof this.result?.text === 'string' ? this.result.text : '';
    }
}

/** @param {any[]} outputs as JSON @param {Uint8Array<ArrayBuffer>} binary */
function tensorsOf(outputs, binary) {
    let at = 0;
    const tensors = outputs.map((output) => {
        const size = output.parameters?.binary_data_size;
        const bytes = size === undefined ? null : binary.subarray(at, at + size);
        at += bytes?.byteLength ?? 0;
        return tensorOfWire(output, bytes);
    });
    if (at !== binary.byteLength) throw new RangeError('it has bytes that no tensor claims');
    return tensors;
}

/** @param {any} value @param {Uint8Array<ArrayBuffer>} binary @returns {Answer} */
function answerOf(value, binary) {
    try {
        return new Answer(value, binary);
    } catch (error) {
        throw new BadAnswer(`the answer is not as webinfer-api(7) has it: ${/** @type {Error} */ (error).message}`);
    }
}

/** An object of JSON. @param {Uint8Array} body @returns {any} */
export function jsonOf(body) {
    let value = null;
    try {
        value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    } catch {
        // Not JSON: said below.
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new BadAnswer('the program that answered is not webinferd: its answer is no JSON object. Check the address');
    return value;
}

/** The JSON of a reply, and the bytes of tensors behind it. @param {Reply} reply */
function splitReply({ headers, body }) {
    const told = headers.get(HEAD_LENGTH), length = told === null ? body.byteLength : Number(told);
    if (told !== null && (!/^\d{1,15}$/.test(told) || length > body.byteLength))
        throw new BadAnswer(`the answer's head cannot have ${told.slice(0, 40)} bytes`);
    return { json: jsonOf(body.subarray(0, length)), binary: body.subarray(length) };
}

/** @param {Reply} reply @returns {Answer} */
export function readAnswer(reply) {
    const { json, binary } = splitReply(reply);
    return answerOf(json, binary);
}

/** A stored job, and its answer once that is there. @param {Reply} reply */
export function readStored(reply) {
    const { json: job, binary } = splitReply(reply);
    return { job, answer: job.answer ? answerOf(job.answer, binary) : null };
}

/** Refuses values that JSON would turn into null or {}. @this {any} @param {string} key @param {unknown} value */
function strict(key, value) {
    const given = this[key];
    if (typeof given === 'number' && !Number.isFinite(given))
        throw new RangeError(`${key}: JSON has no ${given}; send it in a tensor`);
    if (ArrayBuffer.isView(given) || [ArrayBuffer, Blob, Map, Set].some((type) => given instanceof type))
        throw new TypeError(`${key}: ${given.constructor.name} has no place in a request: it takes text, numbers, lists ` +
            'and objects; arrays as tensors, { NAME: array }, and files as image or audio');
    return value;
}

/** @param {any} value */
export const bytesOfJson = (value) => new TextEncoder().encode(JSON.stringify(value, strict));

/**
 * A POST of JSON, with bytes behind it.
 * @param {string} target @param {object} value @param {Binary} [binary]
 * @returns {Request & { headers: Record<string, string> }}
 */
export function post(target, value, binary = []) {
    const head = bytesOfJson(value);
    /** @type {Record<string, string>} */
    const headers = { 'Content-Type': binary.length ? 'application/octet-stream' : 'application/json' };
    if (binary.length) headers[HEAD_LENGTH] = String(head.byteLength);
    return { method: 'POST', target, headers, body: [head, ...binary] };
}

/** A path of the API; the slashes of a model's name stay. @param {...string} segments */
export const path = (...segments) =>
    `/v1/${segments.map(encodeURIComponent).join('/').replace(/%(2F|3A|40)/g, decodeURIComponent)}`;

/** The members that are given, as a query. @param {Record<string, string | number | boolean | null | undefined>} members */
export function query(members) {
    const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
    return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : '';
}

/** Settings of a request, and options of its task. @param {Record<string, any>} more */
export function splitSettings({ options = {}, ...more }) {
    /** @type {Record<string, any>} */
    const settings = {}, own = { ...options };
    for (const [name, value] of Object.entries(more)) (SETTINGS.has(name) ? settings : own)[name] = value;
    return { settings, options: Object.keys(own).length ? own : undefined };
}

/** The milliseconds of a timeout or until a deadline. @param {InferSettings} settings */
function timeoutOf({ timeout_ms, deadline }) {
    if (timeout_ms === undefined && deadline === undefined) return undefined;
    const ms = timeout_ms ?? Number(deadline) - Date.now();
    if (!Number.isFinite(ms) || (timeout_ms ?? 1) <= 0)
        throw new RangeError('timeout_ms is a number of milliseconds above 0, and deadline a date');
    return Math.max(1, Math.round(ms));
}

/** How long a request waits without a byte, in milliseconds. @param {number | undefined} timeout_ms of its body */
export const patienceOf = (timeout_ms) => Math.min((timeout_ms ?? TIMEOUT_MOST_MS) + WAY_MS, TIMER_MOST_MS);

/**
 * The body of a request that runs a model, and the bytes behind it.
 * Throws TypeError for a setting that there is not and for inputs that cannot be sent, RangeError for a time that is none.
 * @param {unknown} inputs @param {InferSettings & Record<string, any>} settings
 * @returns {Promise<{ body: Record<string, any>, binary: Binary }>}
 */
export async function bodyOf(inputs, settings) {
    const allowed = [...MEMBERS, ...OTHERS, ...OF_BENCHMARKS];
    const wrong = Object.keys(settings).find((name) => !allowed.includes(name));
    if (wrong) throw new TypeError(`"${wrong}" is no setting; options of the model go into options. Allowed are ${allowed}`);
    const members = Object.entries(settings).filter(([name]) => !OTHERS.includes(name)), timeout_ms = timeoutOf(settings);
    /** @type {Binary} */
    const binary = [], encoded = inputs === undefined ? undefined : await encodeInputs(inputs ?? [], binary);
    return { body: { inputs: encoded, ...Object.fromEntries(members), timeout_ms }, binary };
}
