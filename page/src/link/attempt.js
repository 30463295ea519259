/**
 * One dispatch of a job to this node: what is to run, the platforms still to try and why earlier
 * ones did not do, and its clock.
 */
import { isObject, positive } from '../shared/checks.js';
import { BUILTIN, INITIAL_CREDIT } from '../shared/messages.js';
import { isModel } from '../shared/model.js';
import { Residents } from './residents.js';

/** @import { Continuation, Credit, Envelope, Model, TensorEntry } from '../shared/messages.js' */

/** An attempt whose answer takes longer than this is first reported as accepted. The report is only for people who look,
 * and wakes this worker, the browser and the service while they compute. */
export const ACCEPT_AFTER_MS = 100;

/** Failures that another platform may do better than; the rest is the input's or the network's. */
const FALLBACK_CODES = new Set([
    'model_invalid', 'operator_unsupported', 'platform_unsupported', 'inference_failed', 'device_lost',
    'engine_crashed', 'engine_hung', 'out_of_memory',
]);
/** Failures of this node rather than of the request: another node, or a later try, may do better. */
const RETRYABLE_CODES = new Set([
    'device_lost', 'engine_crashed', 'engine_hung', 'out_of_memory', 'model_fetch_failed',
]);

export class Attempt {
    /**
     * @param {string} id @param {Envelope} request
     * @param {ArrayBuffer | null} buffer the frame that its tensors lie in
     * @param {number} section where they begin
     * @param {number} now milliseconds
     */
    constructor(id, request, buffer, section, now) {
        const { data, options } = request;
        this.id = id;
        this._request = request;
        this.requestId = request.id;
        /** @type {Model} */
        this.model = data.model;
        this.key = Residents.key(data.model);
        this.engine = data.model.engine;
        this.isBuiltin = this.engine === 'builtin';
        /** How often it is run to be measured. @type {import('../shared/messages.js').BenchmarkOrder | null} */
        this.benchmark = data.benchmark ?? null;
        this.isEcho = data.model.name === BUILTIN.echo && !this.benchmark;
        this.loadOnly = request.type === 'model_load';
        /** The task of a language model. @type {string | null} */
        this.task = data.task ?? null;
        /** Which one of the engine `kernels` it is to run. @type {string | null} */
        this.kernel = data.kernel ?? null;
        /** The program to run there instead: a client's own kernel. @type {import('../shared/messages.js').Program | null} */
        this.program = data.program ?? null;
        this.isShort = data.short === true || this.loadOnly; /* makes no text */
        /** @type {string[]} */
        this.platforms = data.platforms;
        this.index = 0; /* the index of the platform that it waits for or runs on */
        this.mayFallBack = data.fallback !== false;
        /** @type {Record<string, any> | null} */
        this.options = options && Object.keys(options).length > 0 ? options : null;
        this.isStream = data.stream === true;
        /** Where another node has stopped. @type {Continuation | null} */
        this.from = data.continue ?? null;
        this.nextPart = this.from?.seq ?? 0; /* for a stream */
        this.committed = false; /* a part was made: neither falls back nor begins again */
        /** Total credit. @type {Credit} */
        this.credit = INITIAL_CREDIT;
        /** Total parts and bytes sent. @type {Credit} */
        this.sent = { parts: 0, bytes: 0 };
        /** @type {TensorEntry[]} */
        this.tensors = data.tensors ?? [];
        this.buffer = buffer;
        this.section = section;
        /** @type {import('../shared/messages.js').Fallback[]} */
        this.fallbacks = [];
        this.acceptDue = this.loadOnly ? Infinity : now + ACCEPT_AFTER_MS;
        this.deadline = now + data.deadline_ms;
        /** The time of loading and running on the first platform, measured elsewhere; 0: unknown. */
        this.usualMs = positive(data.usual_ms);
        this.startedAt = 0; /* when it was handed to an engine; 0: not running */
        this.begun = false; /* it was, once: perhaps on another platform */
        this.due = this.deadline; /* when its present state has lasted too long */
        this.limit = Infinity; /* how long its run may give no sign of life */
        this.waits = false; /* its run has no turn yet, among others in its worker */
        this.share = this.deadline; /* when its run has had its part of the time */
        this.cancelled = false;
        /** Why it is being stopped, if not cancelled. @type {import('../shared/messages.js').ErrorBody | null} */
        this.stopping = null;
        this.spares = false; /* its model does not fit in addition to the loaded ones */
        this.again = false; /* its first worker did not come up */
        this.doubtedAt = 0; /* since when it seems to keep its silent worker by its grammar; 0: it does not */
        this.isTrusted = false; /* its worker has answered since then */
    }

    get platform() {
        return this.platforms[this.index];
    }

    /** Whether a language model may read each of its texts in one step: what is computed of it depends on all of it. */
    get readsWhole() {
        return this.task === 'embed' || this.task === 'rerank';
    }

    /** Whether a grammar says what form its answer has. */
    get isFormed() {
        const { grammar, json_schema: schema, response_format: format, tools, tool_choice: choice } = this.options ?? {};
        const isCall = (tools ?? null) !== null && (choice ?? 'auto') !== 'auto' && choice !== 'none';
        return isCall || (grammar ?? schema ?? null) !== null || (format?.type ?? 'text') !== 'text';
    }

    hasNext() {
        return this.mayFallBack && !this.committed && this.index + 1 < this.platforms.length;
    }

    /** @param {string} code */
    canFallBackFrom(code) {
        return this.hasNext() && FALLBACK_CODES.has(code);
    }

    /** Gives the present platform up. @param {string} code @param {string} reason */
    fallBack(code, reason) {
        this.fallbacks.push({ platform: this.platform, code, reason: reason.slice(0, 500) });
        this.index++;
        this.stopping = null;
    }

    /** It begins to wait for its platform. @param {number} now */
    wait(now) {
        this.startedAt = 0;
        this.due = this._share(now);
    }

    /** Its run begins. @param {number} now @param {number} limit milliseconds after which it must hang */
    start(now, limit) {
        this.startedAt = now;
        this.begun = true;
        this.limit = limit;
        this.hasTurn(now);
    }

    /** A part of its answer was made. @param {number} seq @param {number} bytes */
    commit(seq, bytes) {
        this.nextPart = seq + 1;
        this.sent.parts++;
        this.sent.bytes += bytes;
        this.committed = true;
        this.share = this.deadline;
    }

    /** @param {Credit} credit totals; less than before changes nothing @param {number} now */
    grant({ parts, bytes }, now) {
        const waited = this.waitsForClient;
        this.credit = { parts: Math.max(this.credit.parts, parts), bytes: Math.max(this.credit.bytes, bytes) };
        if (waited && !this.stopping) this.heard(now);
    }

    /** Whether its client takes no more for now: its engine owes it no sign of life. */
    get waitsForClient() {
        const { sent, credit } = this;
        return this.committed && (sent.parts >= credit.parts || sent.bytes >= credit.bytes);
    }

    /** Whether a failure here says nothing of another node, or of a later try. @param {string} code */
    isRetryable(code) {
        return RETRYABLE_CODES.has(code) || (this.committed && FALLBACK_CODES.has(code));
    }

    /** Whether it may begin again in another worker: nothing of it was sent, and its frame is still here. */
    get isWhole() {
        return !this.committed && !this.cancelled && !this.stopping && (this.tensors.length === 0 || this.buffer !== null);
    }

    /** Its run goes on. @param {number} now */
    heard(now) {
        const owesNothing = this.waits || this.waitsForClient;
        this.doubtedAt = 0;
        this.isTrusted = false;
        this.due = owesNothing ? this.deadline : Math.min(this.share, now + this.limit);
    }

    /** Its worker is not kept by its grammar: its limit begins once more. @param {number} now */
    trust(now) {
        this.isTrusted = true;
        this.due = Math.min(this.share, now + this.limit);
    }

    /** Its run waits for the turns of others, and can give no sign of life: that is no fault of the platform. */
    waitsForTurn() {
        this.waits = true;
        this.due = this.deadline;
    }

    /** Its run has its turn. @param {number} now */
    hasTurn(now) {
        this.waits = false;
        this.share = this._share(now);
        this.heard(now);
    }

    /**
     * Until when the present platform may take. While another could still follow, this one gets
     * half of what is left, so that a hang leaves time for the next; where nothing hangs, all.
     * @param {number} now
     */
    _share(now) {
        return this.hasNext() && !this.isBuiltin ? now + (this.deadline - now) / 2 : this.deadline;
    }

    /**
     * The message to an engine worker.
     * @param {string} id a message id, for the answer @param {string} node
     * @param {boolean} unproven whether the worker has not shown yet that it works
     * @returns {import('../shared/messages.js').RunMessage}
     */
    message(id, node, unproven) {
        const { data } = this._request;
        return {
            type: 'run', attempt: this.id, load_only: this.loadOnly, message_id: id, reply_to: this.requestId, from: node,
            key: this.key, model: this.model, precision: data.precision ?? null, outputs: data.outputs ?? [], input: data.input ?? null,
            tensors: this.tensors, frame: this.takeBuffer(unproven), section: this.section, fallbacks: this.fallbacks,
            ...given({
                options: this.options, task: this.task, kernel: this.kernel, kernels: data.kernels?.length > 0 && data.kernels,
                program: this.program, benchmark: this.benchmark, owner: data.owner, alone: data.alone, raw: data.raw,
                spares: this.spares, waits: this.waits, prompt_ms: positive(data.prompt_ms),
                stream: this.isStream && { from: this.from, credit: this.credit },
            }),
        };
    }

    /** The frame to transfer: a copy while the original may be needed for another platform or worker, as by a run that is
     * lost before its turn.
     * @param {boolean} unproven whether the worker has not shown yet that it works */
    takeBuffer(unproven) {
        if (!this.buffer) return null;
        if (this.hasNext() || this.waits || (unproven && !this.isEcho && !this.again)) return this.buffer.slice(0);
        const buffer = this.buffer;
        this.buffer = null;
        return buffer;
    }
}

/** Those of the members that say something. @template T @param {T} members
 * @returns {{[K in keyof T]?: Exclude<T[K], null | undefined | false | 0 | ''>}} */
const given = (members) => /** @type {any} */ (Object.fromEntries(Object.entries(/** @type {any} */ (members)).filter(([, value]) => value)));

/**
 * The error of an invalid task, or null.
 * @param {Envelope} request
 * @returns {import('../shared/messages.js').ErrorBody | null}
 */
export function checkTask({ data, options }) {
    const { model, platforms, deadline_ms: deadline, outputs, kernels, program, benchmark, continue: from } = data;
    if (!isModel(model)) return invalid('model', 'an object with name, hash, engine and files');
    if (!isStrings(platforms) || platforms.length === 0) return invalid('platforms', 'a list of platform names');
    if (typeof deadline !== 'number' || !(deadline >= 0)) return invalid('deadline_ms', 'a number of milliseconds');
    if (outputs !== undefined && !isStrings(outputs)) return invalid('outputs', 'a list of output names');
    if (kernels !== undefined && !isStrings(kernels)) return invalid('kernels', 'a list of kernels');
    for (const [name, what] of Object.entries(NAMES)) {
        if ((data[name] ?? null) !== null && typeof data[name] !== 'string') return invalid(name, what);
    }
    for (const name of ['alone', 'short', 'raw']) {
        if ((data[name] ?? null) !== null && typeof data[name] !== 'boolean') return invalid(name, 'true or false');
    }
    if ((program ?? null) !== null && !isProgram(program)) return invalid('program', 'an object with source, entry, workgroups and outputs');
    if ((options ?? null) !== null && !isObject(options)) return invalid('options', 'an object');
    if ((benchmark ?? null) !== null && !isBenchmark(benchmark)) return invalid('benchmark', 'an object with runs and warmup');
    if ((from ?? null) !== null && !isContinuation(from)) return invalid('continue', 'an object with seq, text and tokens');
    return null;
}

/** Members that are texts, or not there. */
const NAMES = { task: 'the name of a task', kernel: 'the name of a kernel', owner: 'a text' };

/** @param {any} program */
const isProgram = (program) => isObject(program) && typeof program.source === 'string' && typeof program.entry === 'string'
    && (program.constants === undefined || isObject(program.constants))
    && Array.isArray(program.workgroups) && program.workgroups.length === 3 && program.workgroups.every(Number.isSafeInteger)
    && Array.isArray(program.outputs) && program.outputs.every((/** @type {any} */ output) => isObject(output)
        && typeof output.name === 'string' && typeof output.datatype === 'string' && isTokens(output.shape));

/** @param {any} order */
const isBenchmark = (order) => isObject(order) && Number.isSafeInteger(order.runs) && order.runs >= 1
    && Number.isSafeInteger(order.warmup) && order.warmup >= 0 && [undefined, 1, 'all'].includes(order.threads)
    && [undefined, 'none', 'all'].includes(order.optimization) && [undefined, true, false].includes(order.profile);

/** @param {any} from */
function isContinuation(from) {
    return isObject(from) && Number.isSafeInteger(from.seq) && from.seq >= 0
        && (from.text === undefined || typeof from.text === 'string')
        && (from.tokens === undefined || isTokens(from.tokens))
        && (from.answers === undefined || (Array.isArray(from.answers) && from.answers.length > 0 && from.answers.every(isBegun)));
}

/** One of several answers, divided from the others. @param {any} answer */
const isBegun = (answer) => isObject(answer) && typeof answer.text === 'string' && isTokens(answer.tokens)
    && typeof answer.ended === 'boolean'
    && (answer.finish_reason === undefined || typeof answer.finish_reason === 'string');

/** @param {unknown} tokens */
const isTokens = (tokens) => Array.isArray(tokens) && tokens.every(Number.isSafeInteger);

/** @param {unknown} list */
const isStrings = (list) => Array.isArray(list) && list.every((item) => typeof item === 'string');

/** @param {string} field @param {string} expected */
const invalid = (field, expected) => ({
    code: 'invalid_field', message: `the task's ${field} is not usable`, field, expected,
});
