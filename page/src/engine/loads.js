/** The loads of an engine, one at a time, each shared by all callers that wait for it. */
import { throwIfCancelled } from './failure.js';

/** @typedef {(loaded: number, total: number) => void} Told */
/** @typedef {(onProgress: Told, signal: AbortSignal) => Promise<void>} Load */

export class Loads {
    constructor() {
        /** @type {Loading | null} */
        this._present = null;
    }

    /** Waits for the running load, or begins one.
     * @param {Load} load @param {Told} onProgress
     * @param {AbortSignal} cancelled ends one caller's wait; the load ends with the last of them */
    async join(load, onProgress, cancelled) {
        // One that all have left can only fail; what it holds must be free before the next begins.
        while (this._present?.isAbandoned) await this._present.settled();
        throwIfCancelled(cancelled);
        this._present ??= new Loading((report, signal) =>
            load(report, signal).finally(() => { this._present = null; }));
        await this._present.wait(onProgress, cancelled);
        throwIfCancelled(cancelled);
    }
}

/** One load: it reports its progress to each caller that waits, and ends with the last of them. */
class Loading {
    /** @param {Load} load begun at once */
    constructor(load) {
        this._stop = new AbortController();
        /** @type {Set<Told>} */
        this._told = new Set();
        this._promise = load((loaded, total) => {
            for (const tell of this._told) tell(loaded, total);
        }, this._stop.signal);
    }

    get isAbandoned() {
        return this._stop.signal.aborted;
    }

    /** Resolves when it has ended, well or not. */
    settled() {
        return this._promise.catch(() => {});
    }

    /** @param {Told} onProgress @param {AbortSignal} cancelled ends the caller's wait */
    async wait(onProgress, cancelled) {
        this._told.add(onProgress);
        const leave = () => {
            this._told.delete(onProgress);
            if (this._told.size === 0) this._stop.abort();
        };
        cancelled.addEventListener('abort', leave, { once: true });
        try {
            await this._promise;
        } finally {
            cancelled.removeEventListener('abort', leave);
        }
    }
}
