/**
 * Brings each attempt to an engine worker and its answer back: the queues, the order of platforms
 * to fall back through, deadlines and cancelling. It is the only place that decides any of these;
 * what becomes of an engine worker is decided in workers.js. No browser globals: ports, clock and
 * timer are handed in.
 */
import { INITIAL_CREDIT } from '../shared/messages.js';
import { Alarm } from './alarm.js';
import { Attempt, checkTask } from './attempt.js';
import { Attempts } from './attempts.js';
import { Lanes } from './lanes.js';
import { Models } from './models.js';
import { Patience } from './patience.js';
import { Workers } from './workers.js';

/** @typedef {import('../shared/messages.js').Envelope} Envelope */
/** @typedef {import('./lane.js').Lane} Lane */
/** @typedef {import('../shared/messages.js').Build} Build */
/** @typedef {import('../shared/messages.js').Credit} Credit */
/** @typedef {import('../shared/messages.js').EngineInfo} EngineInfo */
/** @typedef {import('../shared/messages.js').ErrorBody} ErrorBody */
/** @typedef {import('../shared/messages.js').FromEngine} FromEngine */
/** @typedef {import('../shared/messages.js').EngineSettings} EngineSettings */
/** @typedef {import('../shared/messages.js').PlatformReport} PlatformReport */

/**
 * What the dispatcher asks of its surroundings.
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
 * @property {(worker: string, build: Build, reason: string) => void} begin a worker of that name is wanted,
 *   in the place of the one that has it; the reason why that one does not do, if there is one
 * @property {(worker: string) => void} close a worker is not wanted any more
 * @property {() => void} changed something that people look at
 * @property {() => void} lost a platform is gone: the service must know at once
 */

/** A quick answer is waited for on the spot for so long at the most. */
const LINGER_MS = 4;
/** A `model_load` names no deadline; one that takes longer than this is a hang. */
const LOAD_DEADLINE_MS = 600000;

export class Dispatcher {
    /**
     * @param {Surroundings} around @param {readonly Build[]} builds
     * @param {Record<string, PlatformReport>} [absent] why other platforms are not to be had here
     */
    constructor(around, builds, absent = {}) {
        this._around = around;
        this._idleSince = 0; /* when an answer went last */
        this._absent = new Map(Object.entries(absent));
        this._lanes = new Lanes(builds);
        this._attempts = new Attempts();
        this._models = new Models(this._lanes, (lane) => this._workers.close(lane), (models) => {
            around.send('model_status', { models });
            around.changed();
        });
        this._patience = new Patience(this._models.residents);
        this._alarm = new Alarm(around, () => this._tick());
        this._workers = new Workers(this._lanes, this._models, around, {
            fail: (attempt, error) => this._failOrFallBack(attempt, error),
            lose: (attempt, error) => this._lose(attempt, error),
            place: (attempt) => this._place(attempt),
            again: (attempt, error) => this._again(attempt, error),
            pump: (lane) => this._pump(lane),
        }, this._alarm);
        /** @type {Record<string, string>} */
        this.engines = {};
        /** @type {Record<string, EngineInfo>} */
        this.engineInfo = {};
        /** @type {Credit} */
        this._initialCredit = INITIAL_CREDIT;
        this._idleUnload = Infinity;
        this._counts = { answered: 0, failed: 0 };
        this._loads = 0;
    }

    // --- requests from the service ------------------------------------------------------------

    /** @param {EngineSettings} settings @param {number} budget bytes
     * @param {Credit} [initialCredit] of a stream
     * @param {number} [idleUnload] ms after which a model that nobody asks for is unloaded, where it has a worker of its own */
    configure(settings, budget, initialCredit = INITIAL_CREDIT, idleUnload = Infinity) {
        this._models.residents.budget = budget;
        this._initialCredit = initialCredit;
        this._idleUnload = idleUnload;
        this._workers.configure(settings);
        this._unloadIdle(this._around.now());
    }

    /** A task_request. @param {Envelope} request @param {ArrayBuffer | null} buffer @param {number} section */
    request(request, buffer, section) {
        const id = request.data.attempt_id;
        if (typeof id !== 'string' || this._attempts.has(id)) return;
        const wrong = checkTask(request);
        if (wrong) {
            this._counts.failed++;
            this._around.fail(id, { attempt_id: id, reply_to: request.id, ok: false, error: wrong, retryable: false });
            return;
        }
        const now = this._around.now();
        this._patience.noteGap(this._attempts.size > 0 ? 0 : now - this._idleSince);
        const attempt = new Attempt(id, request, buffer, section, now);
        if (attempt.isStream) attempt.credit = this._initialCredit;
        this._admit(attempt);
    }

    /** A task_credit: what an attempt may send from now on. @param {string} id @param {Credit} credit */
    credit(id, credit) {
        const attempt = this._attempts.get(id);
        if (!attempt?.isStream || attempt.cancelled) return;
        attempt.grant(credit, this._around.now());
        this._alarm.set(attempt.due);
        if (attempt.startedAt) this._laneOf(attempt)?.channel?.post({ type: 'credit', attempt: id, credit: attempt.credit });
    }

    /** A model_load. @param {Envelope} request */
    load(request) {
        const data = { deadline_ms: LOAD_DEADLINE_MS, ...request.data };
        if (checkTask({ ...request, data })) return;
        this._admit(new Attempt(`load-${++this._loads}`, { ...request, data }, null, 0, this._around.now()));
    }

    /** A model_unload: every version of the model, on every platform. @param {string} name */
    unload(name) {
        this._models.unload(name);
    }

    /** @param {string} id of an attempt */
    cancel(id) {
        const attempt = this._attempts.get(id);
        if (!attempt || attempt.cancelled) return;
        const lane = this._laneOf(attempt);
        if (!attempt.startedAt) {
            lane?.withdraw(attempt);
            this._attempts.delete(id);
            this._around.changed();
            return;
        }
        attempt.cancelled = true;
        attempt.acceptDue = Infinity;
        lane?.channel?.post({ type: 'cancel', attempt: id });
        const now = this._around.now();
        const grace = this._patience.grace(lane, attempt, now - attempt.startedAt);
        if (lane && grace === 0) return this._end(lane, attempt, now);
        attempt.due = now + grace;
        this._alarm.set(attempt.due);
    }

    /** The service no longer knows us: nobody waits for any attempt. */
    reset() {
        for (const id of [...this._attempts.keys()]) this.cancel(id);
    }

    // --- engine workers -----------------------------------------------------------------------

    /** @param {string} worker its name @param {import('./lane.js').EngineChannel} channel @param {number} generation */
    attach(worker, channel, generation) {
        this._workers.attach(worker, channel, generation);
    }

    /** The document saw the worker die. @param {string} worker @param {number} generation @param {string} reason */
    died(worker, generation, reason) {
        this._workers.died(worker, generation, reason);
    }

    /** A message from an engine worker. @param {string} worker @param {number} generation @param {FromEngine} message */
    onEngine(worker, generation, message) {
        const lane = this._workers.current(worker, generation);
        if (!lane) return;
        switch (message.type) {
        case 'answer': return this._onAnswer(lane, message);
        case 'failure': return this._onFailure(lane, message);
        case 'parts': return this._onParts(lane, message);
        case 'progress': return this._onProgress(lane, message);
        case 'lives': return this._onLife(lane, message);
        case 'model':
            if (message.state === 'loaded') {
                lane.needed = Math.max(lane.needed, message.memory ?? 0);
                this._models.loaded(message.key, lane.platform, message.load_ms ?? 0, message.memory ?? 0);
                if (lane.key !== null) this._onLife(lane, { type: 'lives', step_ms: 0 });
            }
            return;
        case 'turn': return this._onTurn(lane, message);
        case 'cache': return this._models.counts(message.key, lane.platform, { kept: message.bytes });
        case 'twice': return this._models.counts(message.key, lane.platform, { twice: message.bytes });
        case 'slots': return this._models.note(message.key, lane.platform, { slots: message.slots });
        case 'speed': return this._models.note(message.key, lane.platform, { speed: message.speed });
        case 'start': return this._workers.starts(lane, message.up, message.threads);
        case 'device_lost':
            return this._workers.replace(lane, { code: 'device_lost', message: message.reason });
        case 'log': return this._around.send('log', { level: message.level, message: message.message });
        case 'capabilities':
            Object.assign(this.engines, message.engines);
            Object.assign(this.engineInfo, message.engine_info);
            lane.equip(message.engine_info, message.steps);
            return this._workers.ready(lane, message.platforms[lane.platform]);
        }
    }

    /** Gives builds whose worker did not start another chance. */
    revive() {
        this._workers.revive();
    }

    // --- what others look at --------------------------------------------------------------------

    platforms() {
        return this._workers.platforms();
    }

    isProbed() {
        return this._workers.isProbed();
    }

    get counts() {
        return { ...this._counts, replaced: this._workers.replaced };
    }

    unanswered() {
        return this._attempts.unanswered();
    }

    running() {
        return this._attempts.running();
    }

    /** How long the oldest run has been going on; 0 if none is. */
    busySinceMs() {
        const since = this._attempts.busySince();
        return since === Infinity ? 0 : this._around.now() - since;
    }

    /** @param {string} id */
    has(id) {
        return this._attempts.has(id);
    }

    models() {
        return this._models.residents.states();
    }

    // --- the way of an attempt -------------------------------------------------------------------

    /** @param {Attempt} attempt */
    _admit(attempt) {
        this._attempts.set(attempt.id, attempt);
        this._place(attempt);
        this._alarm.set(Math.min(attempt.acceptDue, attempt.due));
        this._around.changed();
    }

    /** Queues the attempt for the first of its platforms that can be had. @param {Attempt} attempt */
    _place(attempt) {
        for (;;) {
            const lane = this._laneOf(attempt) ?? this._open(attempt);
            if (lane && (lane.report === null || lane.report.available)) {
                attempt.wait(this._around.now());
                this._alarm.set(attempt.due);
                lane.queue.push(attempt);
                return this._pump(lane);
            }
            const reason = (lane?.report ?? this._absent.get(attempt.platform))?.reason
                ?? 'this page has no engine for it';
            const message = `${attempt.platform} is not available: ${reason}`;
            // A barred platform works elsewhere, and here again later.
            const code = lane?.barredUntil ? 'engine_hung' : 'platform_unsupported';
            if (!attempt.canFallBackFrom(code)) return this._finishFailed(attempt, { code, message });
            attempt.fallBack(code, message);
        }
    }

    /** Begins the worker of a model that has its own. @param {Attempt} attempt */
    _open(attempt) {
        const lane = this._lanes.open(attempt);
        if (lane) this._workers.begin(lane);
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
        for (let attempt = lane.next(); attempt; attempt = lane.next()) this._start(lane, attempt);
        if (!lane.ready) return;
        if (lane.outstanding.size === 0) this._workers.renew(lane);
        if (!lane.ready || !lane.isIdle()) return;
        lane.idleSince = this._around.now();
        this._models.idle(lane);
        this._workers.trim(lane);
        if (lane.key !== null) this._alarm.set(lane.idleSince + this._idleUnload);
    }

    /** @param {Lane} lane @param {Attempt} attempt */
    _start(lane, attempt) {
        if (!attempt.isBuiltin) this._models.makeRoom(attempt);
        attempt.start(this._around.now(), this._patience.hangLimit(lane, attempt));
        // A worker that computes for another may hear of it no sooner than a step of that has ended.
        if (!attempt.isBuiltin && !lane.canStop(attempt) && lane.besides(attempt).length > 0) attempt.waitsForTurn();
        this._alarm.set(attempt.due);
        lane.hand(attempt);
        const run = attempt.message(this._around.nextId(), this._around.nodeId(), !lane.proven);
        // Not while there is another attempt, which may need us meanwhile.
        if (this._attempts.size === 1 && this._patience.isQuick(attempt)) lane.channel?.ask(run, LINGER_MS);
        else lane.channel?.post(run);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').AnswerMessage} message */
    _onAnswer(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        this._attempts.delete(attempt.id);
        this._idleSince = this._around.now();
        lane.proven ||= !attempt.isBuiltin;
        if (message.frame) this._patience.noteRun(attempt, message.own_ms, message.load_ms);
        if (!attempt.cancelled && message.frame) {
            this._counts.answered++;
            this._around.answer(attempt.id, message.frame);
        }
        this._pump(lane);
        this._around.changed();
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').FailureMessage} message */
    _onFailure(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        if (!attempt.isBuiltin) this._models.failed(attempt, attempt.cancelled ? null : message.error.message);
        if (message.poisoned) this._workers.replace(lane, brokenBeside(message.error));
        const stopped = message.error.code === 'cancelled' ? attempt.stopping : null;
        this._failOrFallBack(attempt, stopped ?? message.error);
        this._pump(lane);
    }

    /** @param {Lane} lane @param {{attempt: string, memory: number}} message */
    _take(lane, message) {
        lane.memory = message.memory;
        return lane.take(message.attempt);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').PartsMessage} message */
    _onParts(lane, message) {
        const attempt = lane.outstanding.get(message.attempt);
        if (!attempt || attempt.cancelled) return;
        this._patience.noteStep(attempt, message.step_ms);
        for (const { seq, bytes, json } of message.parts) {
            attempt.commit(seq, bytes);
            this._around.part(attempt.id, seq, json);
        }
        this._heard(lane, attempt);
    }

    /** A run goes on, and may take so long again. @param {Lane} lane @param {Attempt} attempt */
    _heard(lane, attempt) {
        if (attempt.stopping) return;
        if (lane.key !== null || attempt.committed) attempt.limit = this._patience.hangLimit(lane, attempt);
        attempt.heard(this._around.now());
        this._alarm.set(attempt.due);
    }

    /** The attempt's worker is gone. What only ran beside the one at fault may have another.
     * @param {Attempt} attempt @param {ErrorBody} error */
    _lose(attempt, error) {
        const lane = this._laneOf(attempt);
        // Where several share each step, nobody knows whose fault it was: each must be tried alone.
        const isInnocent = lane?.key === null && lane.isBeside(attempt) && attempt.tensors.length === 0;
        if (isInnocent && !attempt.committed && !attempt.stopping) this._again(attempt, error);
        else this._failOrFallBack(attempt, error);
    }

    /** @param {Attempt} attempt @param {ErrorBody} error */
    _failOrFallBack(attempt, error) {
        if (attempt.cancelled) {
            this._attempts.delete(attempt.id);
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
        this._attempts.delete(attempt.id);
        if (attempt.loadOnly) return;
        this._counts.failed++;
        this._around.fail(attempt.id, {
            attempt_id: attempt.id, reply_to: attempt.requestId, ok: false,
            error: { ...error, message: error.message.slice(0, 1000) }, retryable: attempt.isRetryable(error.code),
            executed_on: { platform: attempt.platform, fallbacks: attempt.fallbacks, simulated: false },
            ...(attempt.isStream ? { parts: attempt.nextPart } : {}),
        });
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').ProgressMessage} message */
    _onProgress(lane, { attempt: id, phase, loaded_bytes, total_bytes, done, total, step_ms: stepMs = 0 }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled) return;
        this._patience.noteStep(attempt, stepMs);
        this._heard(lane, attempt);
        if (attempt.loadOnly) return;
        this._around.send('task_progress', {
            attempt_id: id, phase, platform: attempt.platform, loaded_bytes, total_bytes, done, total,
        });
    }

    /** All that a model's own worker has shares its steps. @param {Lane} lane @param {import('../shared/messages.js').LivesMessage} message */
    _onLife(lane, { step_ms: stepMs }) {
        lane.longestStep = Math.max(lane.longestStep, stepMs);
        for (const attempt of lane.outstanding.values()) {
            if (attempt.cancelled) continue;
            this._patience.noteStep(attempt, stepMs);
            this._heard(lane, attempt);
        }
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').TurnMessage} message */
    _onTurn(lane, { attempt: id, waits }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled || attempt.stopping) return;
        if (waits) return attempt.waitsForTurn();
        attempt.hasTurn(this._around.now());
        this._alarm.set(attempt.due);
    }

    // --- the clock ----------------------------------------------------------------------------------

    _tick() {
        const now = this._around.now();
        this._workers.tick(now);
        this._unloadIdle(now);
        for (const attempt of [...this._attempts.values()]) {
            if (!this._attempts.has(attempt.id)) continue;
            if (attempt.acceptDue <= now) {
                attempt.acceptDue = Infinity;
                this._around.send('task_accepted', { attempt_id: attempt.id, reply_to: attempt.requestId });
            }
            if (attempt.due <= now) this._expire(attempt, now);
        }
        for (const attempt of this._attempts.values()) this._alarm.set(Math.min(attempt.acceptDue, attempt.due));
    }

    /** Unloads the models with workers of their own that nobody has asked for too long. @param {number} now */
    _unloadIdle(now) {
        for (const lane of this._lanes.values()) {
            if (lane.key === null || !lane.isIdle()) continue;
            const due = lane.idleSince + this._idleUnload;
            if (due <= now) this._models.rested(lane);
            else this._alarm.set(due);
        }
    }

    /** @param {Attempt} attempt @param {number} now */
    _expire(attempt, now) {
        const lane = this._laneOf(attempt);
        if (attempt.startedAt && lane) {
            const mayStop = (lane.canStop(attempt) || attempt.waits) && !attempt.cancelled && !attempt.stopping;
            return mayStop ? this._stop(lane, attempt, now) : this._end(lane, attempt, now);
        }
        const isBusy = lane?.ready ?? false;
        if (isBusy && now < attempt.deadline) {
            attempt.due = attempt.deadline; // others run before it: that is no fault of the platform
            return;
        }
        lane?.withdraw(attempt);
        const message = isBusy ? 'The deadline passed before the engine was free.'
            : `The engine for ${attempt.platform} was not ready in time.`;
        this._failOrFallBack(attempt, { code: isBusy ? 'deadline_exceeded' : 'engine_hung', message });
    }

    /** Asks a run whose time is over, or which gives no sign, to stop at its next step, or to wait for no turn. If it
     * is that on its platform alone, another follows. @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _stop(lane, attempt, now) {
        attempt.stopping = now < attempt.deadline ? { code: 'engine_hung', message: noAnswer(attempt, now) }
            : { code: 'deadline_exceeded', message: 'The deadline passed while it ran.' };
        attempt.due = now + this._patience.stopGrace(lane, attempt);
        lane.channel?.post({ type: 'cancel', attempt: attempt.id });
    }

    /** Ends a run by ending its worker. @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _end(lane, attempt, now) {
        this._workers.end(lane, attempt.cancelled ? 'Its run was cancelled.' : noAnswer(attempt, now));
    }

    /** @param {Attempt} attempt @returns {Lane | undefined} */
    _laneOf(attempt) {
        return this._lanes.of(attempt);
    }
}

/** @param {Attempt} attempt @param {number} now */
const noAnswer = ({ platform, startedAt }, now) =>
    `The engine gave no answer on ${platform} within ${Math.round(now - startedAt)} ms.`;

/** What others are told whose worker one has broken: what that failed by says nothing of them.
 * @param {ErrorBody} error @returns {ErrorBody} */
const brokenBeside = (error) => (error.code === 'device_lost' ? error
    : { code: 'engine_crashed', message: `A task broke the engine worker: ${error.message}` });
