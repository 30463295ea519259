/** Work that is done so much at a time; the rest waits for its turn. It uses no browser globals. */

/** One line. */
export class Lane {
    /** @param {number} most at a time */
    constructor(most) {
        this._most = most;
        this._running = 0;
        /** @type {(() => void)[]} */
        this._waiting = [];
    }

    get isIdle() {
        return this._running === 0;
    }

    /** @param {() => Promise<void>} work */
    async take(work) {
        if (this._running === this._most) await new Promise((/** @type {(nothing: void) => void} */ resolve) => this._waiting.push(resolve));
        else this._running++;
        try {
            await work();
        } finally {
            const next = this._waiting.shift();
            if (next) next();
            else this._running--;
        }
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

    /** @param {string} name @param {() => Promise<void>} work */
    async take(name, work) {
        const lane = this._lanes.get(name) ?? new Lane(this._most);
        this._lanes.set(name, lane);
        try {
            await lane.take(work);
        } finally {
            if (lane.isIdle) this._lanes.delete(name);
        }
    }
}
