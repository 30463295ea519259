/**
 * One engine worker as the link worker sees it: a queue of attempts, and those that were handed
 * over. Models run one at a time; echoes, which cannot hang, are handed over several at once so
 * that the bridge is never idle between them. A lane outlives its worker: when the worker is
 * replaced, the queue stays.
 */

/** @typedef {import('./attempt.js').Attempt} Attempt */
/** @typedef {import('../shared/messages.js').Build} Build */
/** @typedef {import('../shared/messages.js').ToEngine} ToEngine */
/** @typedef {import('../shared/messages.js').PlatformReport} PlatformReport */

/** What a lane needs of its channel. @typedef {{watches: boolean, post(message: ToEngine): void, ask(message: ToEngine, ms: number): void, close(): void}} EngineChannel */

const ECHO_WINDOW = 32;

export class Lane {
    /** @param {Build} build */
    constructor(build) {
        this.build = build;
        /** @type {EngineChannel | null} */
        this.channel = null;
        this.generation = 0;
        this.ready = false; /* the worker has reported its capabilities */
        this.readyDue = Infinity; /* when a worker that replaced another has taken too long to */
        this.upDue = Infinity; /* when its engine has taken too long to come up */
        this.barredUntil = 0; /* the platform is not used before, whatever its worker says */
        /** What the worker said while it was barred. @type {PlatformReport | null} */
        this.barredReport = null;
        /** What the platform can do here; null until it has been probed. @type {PlatformReport | null} */
        this.report = null;
        /** @type {Attempt[]} */
        this.queue = [];
        /** Handed over, oldest first. @type {Map<string, Attempt>} */
        this.outstanding = new Map();
        this.proven = false; /* the worker has answered: its engine is set up, and its GPU works */
        this.memory = 0; /* bytes of WASM memory, as last reported */
        this.leftovers = false; /* something was unloaded, so part of the memory may be garbage */
    }

    /** A new worker takes over. @param {EngineChannel} channel @param {number} generation */
    attach(channel, generation) {
        this.channel = channel;
        this.generation = generation;
    }

    /** The worker is given up. @returns {Attempt[]} what it had not answered, oldest first */
    detach() {
        const lost = [...this.outstanding.values()];
        this.outstanding.clear();
        this.channel?.close();
        this.channel = null;
        this.ready = false;
        this.readyDue = Infinity;
        this.upDue = Infinity;
        this.proven = false;
        this.memory = 0;
        this.leftovers = false;
        return lost;
    }

    /** The attempt that may be handed over now, if any. @returns {Attempt | undefined} */
    next() {
        if (!this.ready || this.queue.length === 0) return undefined;
        if (this.outstanding.size === 0) return this.queue.shift();
        if (!this.queue[0].isEcho || this.outstanding.size >= ECHO_WINDOW) return undefined;
        for (const running of this.outstanding.values()) if (!running.isEcho) return undefined;
        return this.queue.shift();
    }

    isIdle() {
        return this.outstanding.size === 0 && this.queue.length === 0;
    }

    /** @param {string} key of a model */
    needs(key) {
        for (const attempt of this.outstanding.values()) if (attempt.key === key) return true;
        return this.queue.some((attempt) => attempt.key === key);
    }
}
