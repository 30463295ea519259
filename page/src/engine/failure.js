/** A failure with one of the protocol's codes; anything else that is thrown is classified by
 * errors.js. */
export class Failure extends Error {
    /** @param {string} code @param {string} message @param {{field?: string, expected?: string}} [more] */
    constructor(code, message, more = {}) {
        super(message);
        this.name = 'Failure';
        this.code = code;
        this.field = more.field;
        this.expected = more.expected;
    }
}

/** @param {AbortSignal} cancelled */
export function throwIfCancelled(cancelled) {
    if (cancelled.aborted) throw new Failure('cancelled', 'The attempt was cancelled.');
}
