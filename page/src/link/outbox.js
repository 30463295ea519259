/**
 * Messages that the service has not acknowledged: answers in the order in which they were made, and before
 * each answer the parts of its stream. They are sent again after every reconnect, so that a dropped socket
 * loses none.
 */

/** A stream's parts that are kept, oldest first, and the seq of the next one to be made.
 * @typedef {{parts: {seq: number, json: string}[], next: number}} Stream */

export class Outbox {
    constructor() {
        /** @type {Map<string, string | ArrayBuffer>} */
        this._frames = new Map();
        /** The streams of attempts that have made a part and are not acknowledged. @type {Map<string, Stream>} */
        this._streams = new Map();
    }

    /** @param {string} attempt @param {string | ArrayBuffer} frame */
    keep(attempt, frame) {
        this._frames.set(attempt, frame);
    }

    /** @param {string} attempt @param {number} seq one more than the last @param {string} json */
    keepPart(attempt, seq, json) {
        let stream = this._streams.get(attempt);
        if (!stream) this._streams.set(attempt, stream = { parts: [], next: seq });
        stream.parts.push({ seq, json });
        stream.next = seq + 1;
    }

    /** Their answers, and what came before those. @param {unknown} attempts a list from the service;
     * anything else is ignored */
    acknowledge(attempts) {
        if (!Array.isArray(attempts)) return;
        for (const attempt of attempts) {
            this._frames.delete(attempt);
            this._streams.delete(attempt);
        }
    }

    /** Parts below a seq. @param {unknown} next {ATTEMPT: seq} from the service; anything else is ignored */
    acknowledgeParts(next) {
        if (typeof next !== 'object' || next === null) return;
        for (const [attempt, seq] of Object.entries(next)) {
            const parts = this._streams.get(attempt)?.parts;
            if (!parts || !Number.isSafeInteger(seq)) continue;
            const kept = parts.findIndex((part) => part.seq >= seq);
            parts.splice(0, kept < 0 ? parts.length : kept);
        }
    }

    /** The rest of a stream is no longer wanted. @param {unknown} attempt */
    dropParts(attempt) {
        this._streams.delete(/** @type {string} */ (attempt));
    }

    /** @param {string} attempt */
    drop(attempt) {
        this._frames.delete(attempt);
    }

    /** @param {string} attempt */
    has(attempt) {
        return this._frames.has(attempt);
    }

    ids() {
        return [...this._frames.keys()];
    }

    /** The next seq of each stream that has made a part. @returns {Record<string, number>} */
    next() {
        return Object.fromEntries([...this._streams].map(([attempt, { next }]) => [attempt, next]));
    }

    /** Every part that is kept, each stream's in order. @returns {string[]} */
    parts() {
        return [...this._streams.values()].flatMap(({ parts }) => parts.map(({ json }) => json));
    }

    entries() {
        return [...this._frames];
    }

    clear() {
        this._frames.clear();
        this._streams.clear();
    }
}
