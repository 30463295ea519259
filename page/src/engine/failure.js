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

export const cancelled = () => new Failure('cancelled', 'The attempt was cancelled.');

/** @param {AbortSignal} signal @throws {Failure} */
export function throwIfCancelled(signal) {
    if (signal.aborted) throw cancelled();
}
