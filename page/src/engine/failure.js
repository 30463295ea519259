/** A failure with one of the protocol's codes; anything else that is thrown is classified by
 * errors.js. Its text is printed behind others' with a colon: it begins small, unless with a name or a
 * value, and has no full stop at its end; sentences are joined with ";" or ":". */
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

export const cancelled = () => new Failure('cancelled', 'the attempt was cancelled');

/** @param {AbortSignal} signal @throws {Failure} */
export function throwIfCancelled(signal) {
    if (signal.aborted) throw cancelled();
}
