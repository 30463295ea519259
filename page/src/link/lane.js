/**
 * One engine worker as the link worker sees it: a queue of attempts, and the attempts handed over. All engines
 * with one slot together have one run at a time. An engine with several slots runs in parallel with them, and
 * computation takes turns (engine/turns.js). If it has slots for short tasks, these do not wait for tasks that
 * generate. Echoes, which cannot hang, are handed over several at a time so that the bridge is never idle
 * between them.
 * A lane outlives its worker: when the worker is replaced, the queue stays.
 */
import { Kinds } from './kinds.js';

/** @import { Attempt } from './attempt.js' */
/** @import { Build, EngineInfo, PlatformReport, ToEngine } from '../shared/messages.js' */

/** The functions of the channel that a lane uses. @typedef {{post(message: ToEngine): void, close(): void}} EngineChannel */

export class Lane {
    /** @param {string} name of its worker @param {Build} build @param {string} [platform]
     * @param {string | null} [key] the model that it is for alone */
    constructor(name, build, platform = name, key = null) {
        this.name = name;
        this.build = build;
        this.platform = platform;
        this.key = key;
        this.closing = false; /* its model is to be unloaded: its worker ends after its running tasks, and gets no more */
        this.idleSince = Infinity; /* the time at which it became idle */
        this.needed = 0; /* bytes that its worker had taken when its model was loaded */
        /** @type {EngineChannel | null} */
        this.channel = null;
        this.generation = 0;
        this.ready = false; /* the worker has reported its capabilities */
        this.readyDue = Infinity; /* when a worker that replaced another has taken too long to */
        this.upDue = Infinity; /* when its engine has taken too long to come up */
        this.heardAt = 0; /* when its worker last sent something, or got the first of its present attempts */
        this.turnedAt = 0; /* when it answered a sign last */
        this.probesLeft = 0; /* that may fail before the platform is taken to be gone: its device was */
        this.probeDue = Infinity; /* when the next worker is to probe */
        /** The platform's report; null until it has been probed. @type {PlatformReport | null} */
        this.report = null;
        /** @type {Attempt[]} */
        this.queue = [];
        /** Handed over, oldest first. @type {Map<string, Attempt>} */
        this.outstanding = new Map();
        /** The worker's announcement of its engines. @type {Record<string, EngineInfo>} */
        this._engines = {};
        /** Those whose runs overlap. @type {readonly string[]} */
        this._overlaps = [];
        this._kinds = new Kinds(this._engines);
        /** Those whose runs can be stopped. @type {readonly string[]} */
        this.steps = [];
        this.proven = false; /* the worker has answered: its engine is set up, and its GPU works */
        this.memory = 0; /* bytes of WASM memory, as last reported */
        this.leftovers = false; /* something was unloaded, so part of the memory may be garbage */
        this.threads = 0; /* that its engine came up with; 0: it has not */
        this.outgrown = false; /* it may use another number of them now: see Workers.renew */
        this.longestStep = 0; /* ms, of a model's own worker */
    }

    /** A new worker takes over. @param {EngineChannel} channel @param {number} generation */
    attach(channel, generation) {
        this.channel = channel;
        this.generation = generation;
    }

    /** The worker's engines are to let go of a model. @param {string} key */
    unload(key) {
        this.leftovers = true;
        this.channel?.post({ type: 'unload', key });
    }

    /** Takes the announcement of its engines, before anything is handed over.
     * @param {Record<string, EngineInfo>} engines @param {readonly string[]} steps those whose runs can be stopped
     * @param {readonly string[]} [overlaps] those whose runs overlap */
    equip(engines, steps, overlaps = []) {
        this._engines = engines;
        this._overlaps = overlaps;
        this._kinds = new Kinds(engines, overlaps);
        this.steps = steps;
    }

    /** The worker is given up. @returns {Attempt[]} what it had not answered, oldest first */
    detach() {
        const lost = [...this.outstanding.values()];
        this.outstanding.clear();
        this._kinds = new Kinds(this._engines, this._overlaps);
        this.channel?.close();
        this.channel = null;
        this.closing = false;
        this.ready = false;
        this.readyDue = Infinity;
        this.upDue = Infinity;
        this.probeDue = Infinity;
        this.proven = false;
        this.memory = 0;
        this.leftovers = false;
        this.threads = 0;
        this.outgrown = false;
        this.longestStep = 0;
        this.turnedAt = 0;
        return lost;
    }

    /** The attempt that may be handed over now, if any. @param {(attempt: Attempt) => boolean} isLoaded whether its model is
     * @returns {Attempt | undefined} */
    next(isLoaded) {
        if (!this.ready || this.closing || this.queue.length === 0 || (this.outgrown && this._kinds.areSoonDone)) return undefined;
        // Tasks that can overlap others wait only for their own kind; the rest share one line.
        const lines = new Set();
        for (const [index, attempt] of this.queue.entries()) {
            const kind = this._kinds.of(attempt);
            const line = kind.isBeside ? kind : null;
            if (lines.has(line)) continue;
            if (this._kinds.takes(kind) && this._follows(attempt, isLoaded)) return this.queue.splice(index, 1)[0];
            lines.add(line);
        }
        return undefined;
    }

    /** Whether an attempt may be handed over while others of its kind run: of those that overlap, none loads a model.
     * @param {Attempt} attempt @param {(attempt: Attempt) => boolean} isLoaded */
    _follows(attempt, isLoaded) {
        if (!this._overlaps.includes(attempt.engine)) return true;
        const kind = this._kinds.of(attempt), others = [...this.outstanding.values()].filter((one) => this._kinds.of(one) === kind);
        return others.length === 0 || [attempt, ...others].every(isLoaded);
    }

    /** It waits no longer. @param {Attempt} attempt */
    withdraw(attempt) {
        this.queue = this.queue.filter((queued) => queued !== attempt);
    }

    /** Notes that the attempt is handed over. @param {Attempt} attempt */
    hand(attempt) {
        if (this.outstanding.size === 0) this.heardAt = attempt.startedAt;
        this.outstanding.set(attempt.id, attempt);
        this._kinds.of(attempt).running++;
    }

    /** The worker has done with an attempt. @param {string} id @returns {Attempt | undefined} */
    take(id) {
        const attempt = this.outstanding.get(id);
        if (!attempt) return undefined;
        this.outstanding.delete(id);
        this._kinds.of(attempt).running--;
        return attempt;
    }

    /** Whether a run of the attempt can be stopped: a benchmark between two of its runs. @param {Attempt} attempt */
    canStop(attempt) {
        return !attempt.isEcho && (attempt.benchmark !== null || this.steps.includes(attempt.engine));
    }

    /** Whether an attempt neither waits for others of the worker nor keeps them waiting.
     * @param {Attempt} attempt */
    isBeside(attempt) {
        return this._kinds.of(attempt).isBeside;
    }

    /** Others that compute in the worker meanwhile, and would be lost with it.
     * @param {Attempt} attempt */
    besides(attempt) {
        return [...this.outstanding.values()].filter((other) => other !== attempt && !other.isBuiltin);
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
