/** One load of a model, for all who wait for it: each is told how far it is, and it ends with the last of them. */

/** @typedef {(loaded: number, total: number) => void} Told */

export class Loading {
    /** @param {(onProgress: Told, signal: AbortSignal) => Promise<void>} load begun at once */
    constructor(load) {
        this._stop = new AbortController();
        /** @type {Set<Told>} */
        this._told = new Set();
        this._promise = load((loaded, total) => {
            for (const tell of this._told) tell(loaded, total);
        }, this._stop.signal);
    }

    /** @param {Told} onProgress @param {AbortSignal} cancelled one who no longer waits */
    async wait(onProgress, cancelled) {
        this._told.add(onProgress);
        const leave = () => {
            this._told.delete(onProgress);
            if (this._told.size === 0) this._stop.abort();
        };
        cancelled.addEventListener('abort', leave, { once: true });
        if (cancelled.aborted) leave();
        try {
            await this._promise;
        } finally {
            cancelled.removeEventListener('abort', leave);
        }
    }
}
