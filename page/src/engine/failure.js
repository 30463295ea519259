/** A failure with one of the protocol's codes; errors.js classifies all other exceptions. Its text is
 * printed after other texts and a colon: it begins with a small letter, unless it begins with a name or a
 * value, and has no full stop at its end; sentences are joined with ";" or ":". */
export class Failure extends Error {
    /** @param {string} code @param {string} message
     * @param {{field?: string, expected?: string, errors?: import('../shared/messages.js').SourceError[]}} [more] */
    constructor(code, message, more = {}) {
        super(message);
        this.name = 'Failure';
        this.code = code;
        this.field = more.field;
        this.expected = more.expected;
        this.errors = more.errors;
    }
}

export const cancelled = () => new Failure('cancelled', 'the attempt was cancelled');

/** Waits until a cancel, after which `what` continues unobserved. @template T @param {Promise<T>} what
 * @param {AbortSignal} signal @returns {Promise<T>} @throws {Failure} */
export function unlessCancelled(what, signal) {
    return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(cancelled()), { once: true });
        what.then(resolve, reject);
        if (signal.aborted) reject(cancelled());
    });
}

/**
 * Waits in a line; a cancelled owner leaves it.
 * @template T @param {T[]} line @param {(begin: () => void) => T} entryOf makes the entry; code that takes an entry out calls `begin`
 * @param {AbortSignal} [signal] ends the wait @param {() => void} [left] called after that
 * @returns {Promise<void>} @throws {Failure} if it was cancelled before
 */
export const inLine = (line, entryOf, signal, left) => new Promise((resolve, reject) => {
    const leave = () => {
        line.splice(line.indexOf(entry), 1);
        reject(cancelled());
        left?.();
    };
    const entry = entryOf(() => {
        signal?.removeEventListener('abort', leave);
        resolve();
    });
    line.push(entry);
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted) leave();
});

/** @param {AbortSignal} signal @throws {Failure} */
export function throwIfCancelled(signal) {
    if (signal.aborted) throw cancelled();
}
