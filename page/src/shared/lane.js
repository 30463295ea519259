/** Work that is done so much at a time; the rest waits for its turn. It uses no browser globals. */

/** One line. */
export class Lane {
    /** @param {number} most at a time */
    constructor(most) {
        this._most = most;
        this._running = 0;
        /** From the first to the last. @type {Set<() => void>} */
        this._waiting = new Set();
    }

    get isIdle() {
        return this._running === 0;
    }

    /** @param {() => Promise<void>} work @param {AbortSignal} [end] it is not wanted any more: what waits leaves the line, and rejects */
    async take(work, end) {
        end?.throwIfAborted();
        if (this._running === this._most) await this._turn(end);
        else this._running++;
        try {
            await work();
        } finally {
            const [next] = this._waiting;
            if (next) next();
            else this._running--;
        }
    }

    /** @param {AbortSignal} [end] @returns {Promise<void>} */
    _turn(end) {
        return new Promise((resolve, reject) => {
            const leave = () => {
                this._waiting.delete(go);
                reject(end?.reason);
            };
            const go = () => {
                this._waiting.delete(go);
                end?.removeEventListener('abort', leave);
                resolve();
            };
            this._waiting.add(go);
            end?.addEventListener('abort', leave);
        });
    }
}

/** A line for each name, while there is work of it. */
export class Lanes {
    /** @param {number} most of one name at a time */
    constructor(most) {
        this._most = most;
        /** @type {Map<string, Lane>} */
        this._lanes = new Map();
    }

    /** @param {string} name @param {() => Promise<void>} work @param {AbortSignal} [end] */
    async take(name, work, end) {
        const lane = this._lanes.get(name) ?? new Lane(this._most);
        this._lanes.set(name, lane);
        try {
            await lane.take(work, end);
        } finally {
            if (lane.isIdle && this._lanes.get(name) === lane) this._lanes.delete(name);
        }
    }
}
