/**
 * Answers that the service has not acknowledged, in the order in which they were made. They are
 * sent again after every reconnect, so that a dropped socket loses none.
 */
export class Outbox {
    constructor() {
        /** @type {Map<string, string | ArrayBuffer>} */
        this._frames = new Map();
    }

    /** @param {string} attempt @param {string | ArrayBuffer} frame */
    keep(attempt, frame) {
        this._frames.set(attempt, frame);
    }

    /** @param {unknown} attempts a list from the service; anything else is ignored */
    acknowledge(attempts) {
        if (!Array.isArray(attempts)) return;
        for (const attempt of attempts) this._frames.delete(attempt);
    }

    /** @param {string} attempt */
    has(attempt) {
        return this._frames.has(attempt);
    }

    ids() {
        return [...this._frames.keys()];
    }

    entries() {
        return [...this._frames];
    }

    clear() {
        this._frames.clear();
    }
}
