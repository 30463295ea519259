/** The exceptions. The message is a sentence about the fault; `field`, `expected` and `allowed` are members of their own. */

/** @import { ErrorFacts } from './index.d.ts' */

/** Something went wrong between this program and webinferd; index.d.ts describes the members. */
export class WebinferError extends Error {
    static { this.prototype.name = 'WebinferError'; }
    /** @param {string} detail a sentence @param {ErrorFacts & { cause?: unknown }} facts */
    constructor(detail, { cause, ...facts }) {
        super(detail, cause === undefined ? undefined : { cause });
        this.code = facts.code;
        this.status = facts.status ?? null;
        this.field = facts.field ?? null;
        this.expected = facts.expected ?? null;
        this.allowed = facts.allowed ?? null;
        this.retryAfter = facts.retryAfter ?? null;
        this.requestId = facts.requestId ?? null;
        this.problem = facts.problem ?? null;
    }
}

/** The service refused the request or failed at it. */
export class ServiceError extends WebinferError { static { this.prototype.name = 'ServiceError'; } }

/**
 * There was no answer, or the connection broke before the answer was complete. `code` is `refused` (nothing was sent),
 * `connection_lost` or `timed_out`.
 */
export class Unreachable extends WebinferError { static { this.prototype.name = 'Unreachable'; } }

/** The answering program is not webinferd, or its answer breaks the protocol: `code` is `bad_answer`. */
export class BadAnswer extends WebinferError {
    static { this.prototype.name = 'BadAnswer'; }
    /** @param {string} detail @param {number} [status] of HTTP */
    constructor(detail, status) {
        super(detail, { code: 'bad_answer', status });
    }
}

/** @param {unknown} value */
const textOf = (value) => (typeof value === 'string' ? value : null);

/**
 * The exception for a problem document (RFC 9457).
 * @param {any} problem @param {Partial<ErrorFacts>} [head] from the head of the answer
 * @returns {WebinferError}
 */
export function errorOfProblem(problem, { status, retryAfter, requestId } = {}) {
    if (typeof problem?.code !== 'string')
        return new BadAnswer(`the program that answered with status ${status} is not webinferd: its error has no code. ` +
            'Check the address', status ?? undefined);
    return new ServiceError(textOf(problem.detail) ?? textOf(problem.title) ?? problem.code, {
        code: problem.code, status: status ?? (Number.isInteger(problem.status) ? problem.status : null), retryAfter,
        field: textOf(problem.field), expected: textOf(problem.expected), allowed: textOf(problem.allowed),
        requestId: requestId ?? textOf(problem.request_id), problem });
}

/**
 * The exception for an answer whose status is 300 or more.
 * @param {number} status @param {Headers} headers @param {Uint8Array} body
 */
export function errorOfReply(status, headers, body) {
    const told = headers.get('Retry-After') ?? '';
    let problem = null;
    try {
        problem = JSON.parse(new TextDecoder().decode(body));
    } catch {
        // Not a problem document: errorOfProblem says so.
    }
    return errorOfProblem(problem, { status, retryAfter: /^\d{1,9}$/.test(told) ? Number(told) : null,
        requestId: headers.get('X-Request-Id') });
}
