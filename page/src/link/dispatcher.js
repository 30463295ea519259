/**
 * Brings each attempt to an engine worker and its answer back: queues, the order of fallback platforms,
 * deadlines and cancelling. All decisions about these are made here; decisions about engine workers are
 * made in workers.js. It uses no browser globals: ports, clock and timer are passed in.
 */
import { INITIAL_CREDIT } from '../shared/messages.js';
import { DeadlineTimer } from './deadline_timer.js';
import { Attempt, checkTask } from './attempt.js';
import { Attempts } from './attempts.js';
import { Lanes } from './lanes.js';
import { Limits } from './limits.js';
import { Models } from './models.js';
import { Liveness } from './liveness.js';
import { Tuning } from './tuning.js';
import { Workers } from './workers.js';

/** @import { Build, Credit, EngineInfo, EngineSettings, Envelope, ErrorBody, FromEngine, PlatformReport } from '../shared/messages.js' */
/** @import { Lane } from './lane.js' */

/**
 * The functions that the dispatcher needs from its surroundings.
 * @typedef {object} Surroundings
 * @property {() => number} now milliseconds, monotonic
 * @property {(run: () => void, ms: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 * @property {() => string} nextId a fresh message id
 * @property {() => string} nodeId
 * @property {(attempt: string, frame: ArrayBuffer) => void} answer an engine's finished frame
 * @property {(attempt: string, seq: number, json: string) => void} part an engine's finished task_part
 * @property {(attempt: string, data: Record<string, any>) => void} fail a task_response without tensors
 * @property {(type: string, data: Record<string, any>) => void} send any other message
 * @property {(worker: string, build: Build, reason: string) => void} begin a worker with that name is needed;
 *   it replaces the one that has the name; the reason why that one is replaced, if there is one
 * @property {(worker: string) => void} close a worker is no longer needed
 * @property {() => void} changed something that people look at
 * @property {() => void} lost a platform is gone: the service must know at once
 */

/** A `model_load` names no deadline; one that takes longer than this is a hang. */
const LOAD_DEADLINE_MS = 600000;

/** The answer to what was not begun by a page that is paused. @param {string} attempt @param {string} request */
export const returned = (attempt, request) => ({
    attempt_id: attempt, reply_to: request, ok: false, retryable: true,
    error: { code: 'node_paused', message: 'the node is paused, and had not begun it' },
});

export class Dispatcher {
    /**
     * @param {Surroundings} around @param {readonly Build[]} builds
     * @param {Record<string, PlatformReport>} [others] reports on platforms without a worker: whether they are available
     *   here, or why not
     */
    constructor(around, builds, others = {}) {
        this._around = around;
        this._others = new Map(Object.entries(others));
        this._lanes = new Lanes(builds);
        this.attempts = new Attempts();
        this.models = new Models(this._lanes, (lane) => this.workers.close(lane), (models) => {
            around.send('model_status', { models });
            around.changed();
        });
        this._limits = new Limits(this.models.residents);
        this._timer = new DeadlineTimer(around, () => this._tick());
        this.workers = new Workers(this._lanes, this.models, around, {
            fail: (attempt, error) => this._failOrFallBack(attempt, error),
            lose: (attempt, error) => this._lose(attempt, error),
            place: (attempt) => this._place(attempt),
            again: (attempt, error) => this._again(attempt, error),
            pump: (lane) => this._pump(lane),
            silence: (lane) => this._limits.silence(lane),
        }, this._timer, this._others);
        this._liveness = new Liveness(around, this._limits, this._timer, this.workers, (attempt, error) => this._failOrFallBack(attempt, error));
        this._tuning = new Tuning(around, this._lanes, this._timer);
        /** @type {Record<string, string>} */
        this.engines = {};
        /** @type {Record<string, EngineInfo>} */
        this.engineInfo = {};
        /** @type {Credit} */
        this._initialCredit = INITIAL_CREDIT;
        this._counts = { answered: 0, failed: 0 };
        this._loads = 0;
        this._paused = false;
    }

    // --- requests from the service ------------------------------------------------------------

    /** @param {EngineSettings} settings @param {number} budget bytes
     * @param {Credit} [initialCredit] of a stream
     * @param {number} [idleUnload] ms without requests after which a model with its own worker is unloaded */
    configure(settings, budget, initialCredit = INITIAL_CREDIT, idleUnload = Infinity) {
        this.models.allow(budget);
        this._initialCredit = initialCredit;
        this.models.idleUnload = idleUnload;
        this.workers.configure(settings);
        this._timer.set(this.models.rest(this._around.now()));
    }

    /** A task_request. @param {Envelope} request @param {ArrayBuffer | null} buffer @param {number} section */
    request(request, buffer, section) {
        const id = request.data.attempt_id;
        if (typeof id !== 'string' || this.attempts.has(id)) return;
        const wrong = checkTask(request);
        if (wrong) {
            this._counts.failed++;
            this._around.fail(id, { attempt_id: id, reply_to: request.id, ok: false, error: wrong, retryable: false });
            return;
        }
        const now = this._around.now();
        const attempt = new Attempt(id, request, buffer, section, now);
        if (this._paused) return this._giveBack(attempt);
        const refusal = this.models.refusal(attempt.model);
        if (refusal) return this._refuse(attempt, refusal);
        if (attempt.isStream) attempt.credit = this._initialCredit;
        this._admit(attempt);
    }

    /** A task_credit: what an attempt may send from now on. @param {string} id @param {Credit} credit */
    credit(id, credit) {
        const attempt = this.attempts.get(id);
        if (!attempt?.isStream || attempt.cancelled) return;
        attempt.grant(credit, this._around.now());
        this._timer.set(attempt.due);
        const lane = attempt.startedAt ? this._laneOf(attempt) : undefined;
        if (!lane) return;
        lane.heardAt = this._around.now(); // it may have had nothing to say
        this.workers.watch(lane, lane.heardAt);
        lane.channel?.post({ type: 'credit', attempt: id, credit: attempt.credit });
    }

    /** A model_load. @param {Envelope} request */
    load(request) {
        /** @type {Record<string, any>} */
        const data = { deadline_ms: LOAD_DEADLINE_MS, ...request.data };
        if (this._paused || checkTask({ ...request, data }) || this.models.refusal(data.model)) return;
        this._admit(new Attempt(`load-${++this._loads}`, { ...request, data }, null, 0, this._around.now()));
    }

    /** The person pauses the page or ends the pause. Tasks that have not begun go back; the others run to their end.
     * @param {boolean} paused */
    pause(paused) {
        this._paused = paused;
        for (const attempt of paused ? this.attempts.unbegun() : []) this._giveBack(attempt);
        this._around.changed();
    }

    /** Treats the attempt as if it had not been sent. @param {Attempt} attempt */
    _giveBack(attempt) {
        this._laneOf(attempt)?.withdraw(attempt);
        this.attempts.delete(attempt.id);
        if (attempt.loadOnly) return;
        this._around.fail(attempt.id, {
            ...returned(attempt.id, attempt.requestId), ...(attempt.isStream ? { parts: attempt.nextPart } : {}),
        });
    }

    /** Another node may have room for it. Nothing of it was fetched. @param {Attempt} attempt @param {ErrorBody} error */
    _refuse(attempt, error) {
        this._counts.failed++;
        this._around.fail(attempt.id, {
            attempt_id: attempt.id, reply_to: attempt.requestId, ok: false, error, retryable: true,
            ...(attempt.isStream ? { parts: attempt.nextPart } : {}),
        });
    }

    /** A tune. @param {string} kernel @param {string} sizeClass */
    tune(kernel, sizeClass) {
        this._tuning.begin(kernel, sizeClass, this._paused);
    }

    /** @param {string} id of an attempt */
    cancel(id) {
        const attempt = this.attempts.get(id);
        if (!attempt || attempt.cancelled) return;
        const lane = this._laneOf(attempt);
        if (!attempt.startedAt) {
            lane?.withdraw(attempt);
            this.attempts.delete(id);
            this._around.changed();
            return;
        }
        attempt.cancelled = true;
        attempt.acceptDue = Infinity;
        lane?.channel?.post({ type: 'cancel', attempt: id });
        const now = this._around.now();
        const grace = this._limits.grace(lane, attempt, now - attempt.startedAt);
        if (lane && grace === 0) return this._liveness.end(lane, attempt, now);
        attempt.due = now + grace;
        this._timer.set(attempt.due);
    }

    /** The service no longer knows this node: no attempt is wanted any more. */
    reset() {
        for (const id of [...this.attempts.keys()]) this.cancel(id);
    }

    // --- engine workers -----------------------------------------------------------------------

    /** A message from an engine worker. @param {string} worker @param {number} generation @param {FromEngine} message */
    onEngine(worker, generation, message) {
        const lane = this.workers.current(worker, generation);
        if (!lane) return;
        lane.heardAt = this._around.now();
        switch (message.type) {
        case 'answer': return this._onAnswer(lane, message);
        case 'failure': return this._onFailure(lane, message);
        case 'parts': return this._liveness.parts(lane, message);
        case 'progress': return this._liveness.progress(lane, message);
        case 'lives': return lane.key === null ? undefined : this._liveness.life(lane, message.step_ms);
        case 'turn': return this._liveness.turn(lane, message);
        case 'sign': return this._liveness.sign(lane);
        case 'trying': return this._tuning.tries(message.choice);
        case 'tuned': return this._tuning.end(message);
        case 'model': return this._onModel(lane, message);
        case 'cache': return this.models.note(message.key, lane.platform, { kept: message.bytes });
        case 'slots': return this.models.note(message.key, lane.platform, { slots: message.slots });
        case 'speed': return this.models.note(message.key, lane.platform, { speed: message.speed });
        case 'start': return this.workers.starts(lane, message.up, message.threads);
        case 'device_lost':
            return this.workers.replace(lane, { code: 'device_lost', message: message.reason });
        case 'log': return this._around.send('log', { level: message.level, message: message.message });
        case 'capabilities':
            Object.assign(this.engines, message.engines);
            Object.assign(this.engineInfo, message.engine_info);
            lane.equip(message.engine_info, message.steps, message.overlaps);
            return this.workers.ready(lane, message.platforms[lane.platform]);
        }
    }

    // --- what others look at --------------------------------------------------------------------

    get counts() {
        return { ...this._counts, replaced: this.workers.replaced };
    }

    /** How long the oldest run has been going on; 0 if none is. */
    busySinceMs() {
        const since = this.attempts.busySince();
        return since === Infinity ? 0 : this._around.now() - since;
    }

    // --- the way of an attempt -------------------------------------------------------------------

    /** @param {Attempt} attempt */
    _admit(attempt) {
        this.attempts.set(attempt.id, attempt);
        this._place(attempt);
        this._timer.set(Math.min(attempt.acceptDue, attempt.due));
        this._around.changed();
    }

    /** Queues the attempt for the first of its platforms that can be had. @param {Attempt} attempt */
    _place(attempt) {
        for (;;) {
            const lane = this._laneOf(attempt) ?? this._open(attempt);
            // A model's own worker needs the platform as well.
            const lacking = [this._lanes.standingFor(attempt.platform), lane].find((one) => one?.report?.available === false);
            if (lane && !lacking) {
                attempt.wait(this._around.now());
                this._timer.set(attempt.due);
                lane.queue.push(attempt);
                return this._pump(lane);
            }
            const reason = (lacking?.report ?? this._others.get(attempt.platform))?.reason
                ?? 'this page has no engine for it';
            const message = `${attempt.platform} is not available: ${reason}`;
            // A barred platform works elsewhere, and here again later.
            const code = this.workers.isBarred(attempt.platform) ? 'engine_hung' : 'platform_unsupported';
            if (!attempt.canFallBackFrom(code)) return this._finishFailed(attempt, { code, message });
            attempt.fallBack(code, message);
        }
    }

    /** Begins the worker of a model that has its own, if its platform is available; for platforms without a worker the
     * document has said whether they are. @param {Attempt} attempt */
    _open(attempt) {
        const shared = this._lanes.standingFor(attempt.platform);
        const isThere = shared ? shared.report?.available !== false : this._others.get(attempt.platform)?.available === true;
        if (!isThere) return undefined;
        const lane = this._lanes.open(attempt);
        if (lane) this.workers.begin(lane);
        return lane;
    }

    /** It waits for its platform once more, but not for ever. @param {Attempt} attempt @param {ErrorBody} error */
    _again(attempt, error) {
        if (attempt.again || !attempt.isWhole) return this._failOrFallBack(attempt, error);
        attempt.again = true;
        this._place(attempt);
    }

    /** Hands over what the lane can take. @param {Lane} lane */
    _pump(lane) {
        const next = () => lane.next(({ key, platform }) => this.models.residents.isLoaded(key, platform));
        for (let attempt = next(); attempt; attempt = next()) this._start(lane, attempt);
        if (!lane.ready) return;
        if (lane.outstanding.size === 0) this.workers.renew(lane);
        if (!lane.ready || !lane.isIdle()) return;
        lane.idleSince = this._around.now();
        this.models.idle(lane);
        this.workers.trim(lane);
        if (lane.key !== null) this._timer.set(lane.idleSince + this.models.idleUnload);
    }

    /** @param {Lane} lane @param {Attempt} attempt */
    _start(lane, attempt) {
        if (!attempt.isBuiltin) this.models.makeRoom(attempt);
        attempt.start(this._around.now(), this._limits.hang(lane, attempt));
        // A worker that computes for another may hear of it no sooner than a step of that has ended.
        if (!attempt.isBuiltin && !lane.canStop(attempt) && lane.besides(attempt).length > 0) attempt.waitsForTurn();
        this._timer.set(attempt.due);
        lane.hand(attempt);
        this.workers.watch(lane, attempt.startedAt);
        lane.channel?.post(attempt.message(this._around.nextId(), this._around.nodeId(), !lane.proven));
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').AnswerMessage} message */
    _onAnswer(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        this.attempts.delete(attempt.id);
        if (!attempt.cancelled && message.frame) {
            this._counts.answered++;
            this._around.answer(attempt.id, message.frame);
        }
        // Work that no client waits for comes after the answer.
        lane.proven ||= !attempt.isBuiltin;
        if (message.frame) this._limits.noteRun(attempt, message.own_ms, message.load_ms);
        this._pump(lane);
        this._around.changed();
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').FailureMessage} message */
    _onFailure(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        if (!attempt.isBuiltin) this.models.failed(attempt, attempt.cancelled ? null : message.error.message);
        if (message.poisoned) this.workers.broken(lane, message.error);
        const stopped = message.error.code === 'cancelled' ? attempt.stopping : null;
        this._failOrFallBack(attempt, stopped ?? message.error);
        this._pump(lane);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').ModelMessage} message */
    _onModel(lane, { key, state, load_ms: loadMs = 0, memory = 0 }) {
        if (state === 'left') return this.models.left(key, lane.platform);
        if (state !== 'loaded') return;
        lane.needed = Math.max(lane.needed, memory);
        this.models.loaded(key, lane.platform, loadMs, memory);
        if (lane.key !== null) return this._liveness.life(lane, 0);
        for (const attempt of lane.outstanding.values()) if (attempt.key === key) this.workers.loaded.add(attempt.engine);
    }

    /** @param {Lane} lane @param {{attempt: string, memory: number}} message */
    _take(lane, message) {
        lane.memory = message.memory;
        return lane.take(message.attempt);
    }

    /** The attempt's worker is gone. An attempt that only ran next to the faulty one may get another worker.
     * @param {Attempt} attempt @param {ErrorBody} error */
    _lose(attempt, error) {
        const lane = this._laneOf(attempt);
        // If several share each step, the faulty one is unknown: each must be tried alone. A run that had no turn is not.
        const isInnocent = lane?.key === null && (attempt.waits || (lane.isBeside(attempt) && attempt.tensors.length === 0));
        if (isInnocent && !attempt.committed && !attempt.stopping) this._again(attempt, error);
        else this._failOrFallBack(attempt, error);
    }

    /** @param {Attempt} attempt @param {ErrorBody} error */
    _failOrFallBack(attempt, error) {
        if (attempt.cancelled) {
            this.attempts.delete(attempt.id);
        } else if (attempt.canFallBackFrom(error.code)) {
            attempt.fallBack(error.code, error.message);
            this._place(attempt);
        } else {
            this._finishFailed(attempt, error);
        }
        this._around.changed();
    }

    /** @param {Attempt} attempt @param {ErrorBody} error */
    _finishFailed(attempt, error) {
        this.attempts.delete(attempt.id);
        if (attempt.loadOnly) return;
        this._counts.failed++;
        this._around.fail(attempt.id, {
            attempt_id: attempt.id, reply_to: attempt.requestId, ok: false,
            error: { ...error, message: error.message.slice(0, 1000) }, retryable: attempt.isRetryable(error.code),
            executed_on: { platform: attempt.platform, fallbacks: attempt.fallbacks, simulated: false },
            ...(attempt.isStream ? { parts: attempt.nextPart } : {}),
        });
    }

    // --- the clock ----------------------------------------------------------------------------------

    _tick() {
        const now = this._around.now();
        this.workers.tick(now);
        this._timer.set(this.models.rest(now));
        this._tuning.tick(now);
        for (const attempt of [...this.attempts.values()]) {
            if (!this.attempts.has(attempt.id)) continue;
            if (attempt.acceptDue <= now) {
                attempt.acceptDue = Infinity;
                this._around.send('task_accepted', { attempt_id: attempt.id, reply_to: attempt.requestId });
            }
            if (attempt.due <= now) this._liveness.expire(this._laneOf(attempt), attempt, now);
        }
        for (const attempt of this.attempts.values()) this._timer.set(Math.min(attempt.acceptDue, attempt.due));
    }

    /** @param {Attempt} attempt @returns {Lane | undefined} */
    _laneOf(attempt) {
        return this._lanes.of(attempt);
    }
}
