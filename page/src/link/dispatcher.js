/**
 * Brings each attempt to an engine worker and its answer back: the queues, the order of platforms
 * to fall back through, deadlines, cancelling, and the replacement of engine workers that hang,
 * crash or lose their device. It is the only place that decides any of
 * these. No browser globals: ports, clock and timer are handed in.
 */
import { BUILD_OF_PLATFORM } from '../shared/messages.js';
import { Alarm } from './alarm.js';
import { Attempt, checkTask, isRetryable } from './attempt.js';
import { Lane } from './lane.js';
import { Models } from './models.js';
import { RunTimes } from './run_times.js';

/** @typedef {import('../shared/messages.js').Envelope} Envelope */
/** @typedef {import('../shared/messages.js').Build} Build */
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
 * @property {(attempt: string, data: Record<string, any>) => void} fail a task_response without tensors
 * @property {(type: string, data: Record<string, any>) => void} send any other message
 * @property {(build: Build, reason: string) => void} replace a new worker is wanted for the build
 * @property {() => void} changed something that people look at
 * @property {() => void} lost a platform is gone: the service must know at once
 */

/** WASM memory never shrinks. A worker whose memory is past this and partly garbage is replaced. */
export const MEMORY_FLOOR = 256 << 20;
const MEMORY_FACTOR = 2;
/** The least time that a cancelled run gets to end by itself: between its steps, or because the
 * answer is nearly there. */
const CANCEL_GRACE_MS = 100;
/** What ending a run on the GPU costs beside its models: the service then brings a fresh browser. */
const FRESH_BROWSER_MS = 2000;
/** A worker that replaces another takes a second or two to come up. One that takes longer than this
 * waits for something that the old one has left stuck, such as the GPU. */
const RESTART_LIMIT_MS = 10000;
/** Whoever ends a run on the GPU leaves it busy for as long as what was queued takes; a new worker's
 * small probe may get through in between. A service that owns the browser brings a fresh one. */
const BARRED_MS = 60000;
const STILL_BUSY = 'The GPU may still be busy with a run that was ended.';
/** A `model_load` names no deadline; one that takes longer than this is a hang. */
const LOAD_DEADLINE_MS = 600000;

export class Dispatcher {
    /**
     * @param {Surroundings} around @param {readonly Build[]} builds
     * @param {Record<string, PlatformReport>} [absent] why other platforms are not to be had here
     */
    constructor(around, builds, absent = {}) {
        this._around = around;
        this._absent = new Map(Object.entries(absent));
        /** @type {Map<Build, Lane>} */
        this._lanes = new Map(builds.map((build) => [build, new Lane(build)]));
        /** @type {Map<string, Attempt>} */
        this._attempts = new Map();
        this._models = new Models(this._lanes, (models) => {
            around.send('model_status', { models });
            around.changed();
        });
        this._times = new RunTimes();
        /** @type {EngineSettings} */
        this._settings = { credential: '', threads: 1 };
        /** @type {Record<string, string>} */
        this.engines = {};
        this.counts = { answered: 0, failed: 0, replaced: 0 };
        this._loads = 0;
        this._alarm = new Alarm(around, () => this._tick());
    }

    // --- requests from the service ------------------------------------------------------------

    /** @param {EngineSettings} settings @param {number} budget bytes */
    configure(settings, budget) {
        this._settings = settings;
        this._models.residents.budget = budget;
        for (const lane of this._lanes.values()) lane.port?.postMessage({ type: 'settings', settings }, []);
    }

    /** A task_request. @param {Envelope} request @param {ArrayBuffer | null} buffer @param {number} section */
    request(request, buffer, section) {
        const id = request.data.attempt_id;
        if (typeof id !== 'string' || this._attempts.has(id)) return;
        const wrong = checkTask(request);
        if (wrong) {
            this.counts.failed++;
            this._around.fail(id, { attempt_id: id, reply_to: request.id, ok: false, error: wrong, retryable: false });
            return;
        }
        this._admit(new Attempt(id, request, buffer, section, this._around.now()));
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
            if (lane) lane.queue = lane.queue.filter((queued) => queued !== attempt);
            this._attempts.delete(id);
            this._around.changed();
            return;
        }
        attempt.cancelled = true;
        attempt.acceptDue = Infinity;
        lane?.port?.postMessage({ type: 'cancel', attempt: id }, []);
        const now = this._around.now();
        const cost = this._endingCost(attempt.platform);
        const left = this._times.left(attempt.key, attempt.platform, now - attempt.startedAt);
        if (lane && left !== undefined && left > Math.max(CANCEL_GRACE_MS, cost)) return this._end(lane, attempt, now);
        // What is left costs less than ending it. Where nothing is known, waiting as long as ending
        // would cost wastes at most twice what knowing the future would.
        attempt.due = now + Math.max(CANCEL_GRACE_MS, cost);
        this._alarm.set(attempt.due);
    }

    /** What it costs to end the platform's worker. @param {string} platform */
    _endingCost(platform) {
        return this._models.residents.reloadMs(platform) + (platform === 'webgpu' ? FRESH_BROWSER_MS : 0);
    }

    /** The service no longer knows us: nobody waits for any attempt. */
    reset() {
        for (const id of [...this._attempts.keys()]) this.cancel(id);
    }

    // --- engine workers -----------------------------------------------------------------------

    /** @param {Build} build @param {import('./lane.js').Port} port @param {number} generation */
    attach(build, port, generation) {
        const lane = this._lanes.get(build);
        if (!lane) return;
        const replaces = lane.generation > 0;
        lane.attach(port, generation);
        if (replaces) {
            lane.readyDue = this._around.now() + RESTART_LIMIT_MS;
            this._alarm.set(lane.readyDue);
        }
        port.postMessage({ type: 'settings', settings: this._settings }, []);
    }

    /** The document saw the worker die. @param {Build} build @param {number} generation @param {string} reason */
    died(build, generation, reason) {
        const lane = this._lanes.get(build);
        if (!lane || lane.generation !== generation || !lane.port) return;
        const early = !lane.ready;
        this._replace(lane, { code: 'engine_crashed', message: `The engine worker died: ${reason}` }, !early);
        if (early) this._settle(lane, { available: false, reason: `The engine worker does not start: ${reason}` });
    }

    /** A message from an engine worker. @param {Build} build @param {number} generation @param {FromEngine} message */
    onEngine(build, generation, message) {
        const lane = this._lanes.get(build);
        if (!lane || lane.generation !== generation || !lane.port) return;
        switch (message.type) {
        case 'answer': return this._onAnswer(lane, message);
        case 'failure': return this._onFailure(lane, message);
        case 'progress': return this._onProgress(lane, message);
        case 'model':
            if (message.state === 'loaded') this._models.loaded(message.key, build, message.load_ms ?? 0);
            return;
        case 'device_lost':
            return this._replace(lane, { code: 'device_lost', message: message.reason }, true);
        case 'log': return this._around.send('log', { level: message.level, message: message.message });
        case 'capabilities':
            Object.assign(this.engines, message.engines);
            lane.ready = true;
            lane.readyDue = Infinity;
            if (lane.barredUntil) {
                lane.barredReport = message.platforms[build];
                return;
            }
            return this._settle(lane, message.platforms[build]);
        }
    }

    /** @returns {Record<string, PlatformReport>} */
    platforms() {
        const unknown = { available: false, reason: 'still being probed' };
        return Object.fromEntries([...this._lanes].map(([build, lane]) => [build, lane.report ?? unknown]));
    }

    /** Whether every engine worker has said what it can do. */
    isProbed() {
        return [...this._lanes.values()].every((lane) => lane.report !== null);
    }

    /** Gives builds whose worker did not start another chance. */
    revive() {
        for (const lane of this._lanes.values()) {
            if (!lane.port) this._around.replace(lane.build, 'its worker did not start');
        }
    }

    // --- what others look at --------------------------------------------------------------------

    /** Attempts not answered, for heartbeats and resuming. */
    unanswered() {
        return [...this._attempts.values()].filter((a) => !a.loadOnly && !a.cancelled).map((a) => a.id);
    }

    running() {
        return [...this._attempts.values()].filter((a) => a.startedAt && !a.loadOnly).map((a) => a.id);
    }

    /** How long the oldest run has been going on; 0 if none is. */
    busySinceMs() {
        let since = Infinity;
        for (const { startedAt } of this._attempts.values()) if (startedAt) since = Math.min(since, startedAt);
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
            const lane = this._laneOf(attempt);
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

    /** Hands over what the lane can take. @param {Lane} lane */
    _pump(lane) {
        for (let attempt = lane.next(); attempt; attempt = lane.next()) this._start(lane, attempt);
        if (lane.ready && lane.isIdle()) this._trim(lane);
    }

    /** @param {Lane} lane @param {Attempt} attempt */
    _start(lane, attempt) {
        if (!attempt.isEcho) this._models.makeRoom(attempt);
        attempt.start(this._around.now());
        this._alarm.set(attempt.due);
        lane.outstanding.set(attempt.id, attempt);
        const buffer = attempt.takeBuffer();
        lane.port?.postMessage({
            type: 'run', attempt: attempt.id, load_only: attempt.loadOnly,
            message_id: this._around.nextId(), reply_to: attempt.requestId, from: this._around.nodeId(),
            key: attempt.key, model: attempt.model, precision: attempt.precision, outputs: attempt.outputs,
            input: attempt.input, tensors: attempt.tensors, buffer, section: attempt.section,
            fallbacks: attempt.fallbacks,
        }, buffer ? [buffer] : []);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').AnswerMessage} message */
    _onAnswer(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        this._attempts.delete(attempt.id);
        if (message.frame && !attempt.isEcho) this._noteTime(attempt, message.load_ms);
        if (!attempt.cancelled && message.frame) {
            this.counts.answered++;
            this._around.answer(attempt.id, message.frame);
        }
        this._pump(lane);
        this._around.changed();
    }

    /** @param {Attempt} attempt @param {number} loadMs */
    _noteTime(attempt, loadMs) {
        const ms = this._around.now() - attempt.startedAt - loadMs;
        this._times.note(attempt.key, attempt.platform, ms, loadMs === 0);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').FailureMessage} message */
    _onFailure(lane, message) {
        const attempt = this._take(lane, message);
        if (!attempt) return;
        this._models.failed(attempt, attempt.cancelled ? null : message.error.message);
        if (message.poisoned) this._replace(lane, message.error, true);
        this._failOrFallBack(attempt, message.error);
        this._pump(lane);
    }

    /** @param {Lane} lane @param {{attempt: string, memory: number}} message */
    _take(lane, message) {
        lane.memory = message.memory;
        const attempt = lane.outstanding.get(message.attempt);
        lane.outstanding.delete(message.attempt);
        return attempt;
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
        this.counts.failed++;
        this._around.fail(attempt.id, {
            attempt_id: attempt.id, reply_to: attempt.requestId, ok: false,
            error: { ...error, message: error.message.slice(0, 1000) }, retryable: isRetryable(error.code),
            executed_on: { platform: attempt.platform, fallbacks: attempt.fallbacks, simulated: false },
        });
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').ProgressMessage} message */
    _onProgress(lane, { attempt: id, phase, loaded_bytes, total_bytes }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled || attempt.loadOnly) return;
        this._around.send('task_progress', {
            attempt_id: id, phase, platform: attempt.platform, loaded_bytes, total_bytes,
        });
    }

    // --- engine workers come and go -----------------------------------------------------------

    /**
     * Gives a lane's worker up; the queue stays for the next one.
     * @param {Lane} lane @param {ErrorBody} error what its unanswered attempts failed with
     * @param {boolean} respawn whether to ask for another at once
     */
    _replace(lane, error, respawn) {
        const lost = lane.detach();
        this.counts.replaced++;
        this._models.forget(lane.build);
        if (respawn) this._around.replace(lane.build, error.message);
        for (const attempt of lost) this._failOrFallBack(attempt, error);
        this._around.changed();
    }

    /**
     * A worker that replaced another does not come up: the platform is not to be had until it does.
     * @param {Lane} lane
     */
    _giveUp(lane) {
        const message = `The engine worker for ${lane.build} did not come back within ${RESTART_LIMIT_MS / 1000} s.`;
        lane.readyDue = Infinity;
        this._lose(lane, message);
        this._failQueue(lane, { code: 'engine_hung', message });
    }

    /**
     * Takes the platform away. The service is told before anything fails for it, so that what it
     * tries again goes elsewhere; it may give us a fresh browser.
     * @param {Lane} lane @param {string} reason
     */
    _lose(lane, reason) {
        lane.report = { available: false, reason };
        this._around.lost();
    }

    /** @param {Lane} lane @param {ErrorBody} error */
    _failQueue(lane, error) {
        const { queue } = lane;
        lane.queue = [];
        for (const attempt of queue) this._failOrFallBack(attempt, error);
        this._around.changed();
    }

    /** @param {Lane} lane @param {number} until */
    _bar(lane, until) {
        lane.barredUntil = until;
        lane.barredReport = null;
        this._lose(lane, STILL_BUSY);
        this._alarm.set(until);
    }

    /** @param {Lane} lane */
    _unbar(lane) {
        lane.barredUntil = 0;
        if (lane.barredReport) this._settle(lane, lane.barredReport);
        lane.barredReport = null;
    }

    /** A worker has said, or shown, what it can do. @param {Lane} lane @param {PlatformReport} report */
    _settle(lane, report) {
        lane.report = report;
        const queued = lane.queue;
        if (!report.available) {
            lane.queue = [];
            for (const attempt of queued) this._place(attempt);
        }
        this._pump(lane);
        this._around.changed();
    }

    /** Replaces an idle worker whose memory is far past the budget and partly garbage. @param {Lane} lane */
    _trim(lane) {
        const limit = Math.max(MEMORY_FLOOR, MEMORY_FACTOR * this._models.residents.budget);
        if (!lane.leftovers || lane.memory <= limit) return;
        const mib = Math.round(lane.memory / 1048576);
        this._replace(lane, { code: 'engine_crashed', message: `WASM memory had grown to ${mib} MiB` }, true);
    }

    // --- the clock ----------------------------------------------------------------------------------

    _tick() {
        const now = this._around.now();
        for (const lane of this._lanes.values()) {
            if (lane.barredUntil && lane.barredUntil <= now) this._unbar(lane);
            if (lane.readyDue <= now) this._giveUp(lane);
        }
        for (const attempt of [...this._attempts.values()]) {
            if (!this._attempts.has(attempt.id)) continue;
            if (attempt.acceptDue <= now) {
                attempt.acceptDue = Infinity;
                this._around.send('task_accepted', { attempt_id: attempt.id, reply_to: attempt.requestId });
            }
            if (attempt.due <= now) this._expire(attempt, now);
        }
        for (const attempt of this._attempts.values()) this._alarm.set(Math.min(attempt.acceptDue, attempt.due));
        for (const lane of this._lanes.values()) this._alarm.set(Math.min(lane.readyDue, lane.barredUntil || Infinity));
    }

    /** @param {Attempt} attempt @param {number} now */
    _expire(attempt, now) {
        const lane = this._laneOf(attempt);
        if (attempt.startedAt && lane) return this._end(lane, attempt, now);
        const isBusy = lane?.ready ?? false;
        if (isBusy && now < attempt.deadline) {
            attempt.due = attempt.deadline; // others run before it: that is no fault of the platform
            return;
        }
        if (lane) lane.queue = lane.queue.filter((queued) => queued !== attempt);
        const message = isBusy ? 'The deadline passed before the engine was free.'
            : `The engine for ${attempt.platform} was not ready in time.`;
        this._failOrFallBack(attempt, { code: isBusy ? 'deadline_exceeded' : 'engine_hung', message });
    }

    /** Ends a run by ending its worker. @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _end(lane, attempt, now) {
        const ms = Math.round(now - attempt.startedAt);
        const message = attempt.cancelled ? 'Its run was cancelled.'
            : `The engine gave no answer on ${attempt.platform} within ${ms} ms.`;
        if (lane.build === 'webgpu') this._bar(lane, now + BARRED_MS);
        this._replace(lane, { code: 'engine_hung', message }, true);
        if (lane.barredUntil) this._failQueue(lane, { code: 'engine_hung', message: STILL_BUSY });
    }

    /** @param {Attempt} attempt @returns {Lane | undefined} */
    _laneOf(attempt) {
        return this._lanes.get(BUILD_OF_PLATFORM[attempt.platform]);
    }
}
