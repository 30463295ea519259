/** The attempts that are not answered, by id. */

/** @import { Attempt } from './attempt.js' */

/** @extends {Map<string, Attempt>} */
export class Attempts extends Map {
    constructor() {
        super();
        /** Told when there is none left. @type {(() => void)[]} */
        this._waiting = [];
    }

    /** @param {string} id */
    delete(id) {
        const was = super.delete(id);
        if (this.size === 0) for (const told of this._waiting.splice(0)) told();
        return was;
    }

    /** Settles when there is none. @returns {Promise<void>} */
    ended() {
        return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this._waiting.push(resolve));
    }

    /** For heartbeats and resuming. */
    unanswered() {
        return this._ids((attempt) => !attempt.loadOnly && !attempt.cancelled);
    }

    running() {
        return this._ids((attempt) => attempt.startedAt > 0 && !attempt.loadOnly);
    }

    /** Those of which nothing was done yet. */
    unbegun() {
        return [...this.values()].filter(({ begun }) => !begun);
    }

    /** The running and waiting work by model and platform, the oldest first. @returns {import('../shared/messages.js').Doing[]} */
    doing() {
        /** @type {Map<string, import('../shared/messages.js').Doing>} */
        const all = new Map();
        for (const { model: { name }, platform, startedAt, loadOnly } of this.values()) {
            const key = `${platform} ${name}`, one = all.get(key) ?? { name, platform, running: 0, waiting: 0, loading: false };
            all.set(key, one);
            if (loadOnly) one.loading = true;
            else if (startedAt > 0) one.running++;
            else one.waiting++;
        }
        return [...all.values()];
    }

    /** When the oldest run began; Infinity if none has. */
    busySince() {
        let since = Infinity;
        for (const { startedAt } of this.values()) if (startedAt) since = Math.min(since, startedAt);
        return since;
    }

    /** @param {(attempt: Attempt) => boolean} fits */
    _ids(fits) {
        return [...this.values()].filter(fits).map(({ id }) => id);
    }
}
