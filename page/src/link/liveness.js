/**
 * Messages of runs before their answers: parts of answers, progress, signs of life, waits for the turns of others.
 * Those for the service are passed on, and each moves the time at which the run counts as a hang. A run whose
 * time is over, or that gives no sign of life, is asked to stop if it can; otherwise its worker ends. An attempt
 * that had not begun fails here, and may fall back.
 */

/** @import { DeadlineTimer } from './deadline_timer.js' */
/** @import { Attempt } from './attempt.js' */
/** @import { Surroundings } from './dispatcher.js' */
/** @import { Lane } from './lane.js' */
/** @import { Limits } from './limits.js' */
/** @import { Workers } from './workers.js' */

/** The time between the first and the second look at a silent worker. */
const SECOND_LOOK_MS = 1000;

export class Liveness {
    /**
     * @param {Surroundings} around @param {Limits} limits @param {DeadlineTimer} timer @param {Workers} workers
     * @param {(attempt: Attempt, error: import('../shared/messages.js').ErrorBody) => void} fail it fails here, and
     *   may fall back
     */
    constructor(around, limits, timer, workers, fail) {
        this._around = around;
        this._limits = limits;
        this._timer = timer;
        this._workers = workers;
        this._fail = fail;
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').PartsMessage} message */
    parts(lane, message) {
        const attempt = lane.outstanding.get(message.attempt);
        if (!attempt || attempt.cancelled) return;
        for (const { seq, bytes, json } of message.parts) {
            attempt.commit(seq, bytes);
            this._around.part(attempt.id, seq, json);
        }
        this._heard(lane, attempt, message.step_ms);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').ProgressMessage} message */
    progress(lane, { attempt: id, phase, loaded_bytes, total_bytes, done, total, step_ms: stepMs = 0 }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled) return;
        this._heard(lane, attempt, stepMs);
        if (attempt.loadOnly) return;
        this._around.send('task_progress', {
            attempt_id: id, phase, platform: attempt.platform, loaded_bytes, total_bytes, done, total,
        });
    }

    /** All runs of a model's own worker share its steps. @param {Lane} lane @param {number} stepMs the time of one; 0: it
     * was no step */
    life(lane, stepMs) {
        lane.longestStep = Math.max(lane.longestStep, stepMs);
        for (const attempt of lane.outstanding.values()) if (!attempt.cancelled) this._heard(lane, attempt, stepMs);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').TurnMessage} message */
    turn(lane, { attempt: id, waits }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled || attempt.stopping) return;
        if (waits) return attempt.waitsForTurn();
        attempt.hasTurn(this._around.now());
        this._timer.set(attempt.due);
    }

    /** A run has given a sign, and its limit begins again. @param {Lane} lane @param {Attempt} attempt
     * @param {number} stepMs the time of a step; 0: unknown */
    _heard(lane, attempt, stepMs) {
        this._limits.noteStep(attempt, stepMs);
        if (attempt.stopping) return;
        if (lane.key !== null || attempt.committed) attempt.limit = this._limits.hang(lane, attempt);
        attempt.heard(this._around.now());
        this._timer.set(attempt.due);
    }

    // --- no sign ---------------------------------------------------------------------------------------

    /** The attempt's present state has lasted too long. @param {Lane | undefined} lane its own @param {Attempt} attempt
     * @param {number} now */
    expire(lane, attempt, now) {
        if (attempt.startedAt && lane) {
            if (now < attempt.deadline && this._limits.isHeldBy(lane, attempt)) {
                if (!attempt.doubtedAt) return this._doubt(lane, attempt, now);
                if (lane.turnedAt < attempt.doubtedAt) return this._workers.endHeld(lane, attempt);
                if (!attempt.isTrusted) return attempt.trust(now);
            }
            const mayStop = (lane.canStop(attempt) || attempt.waits) && !attempt.cancelled && !attempt.stopping;
            return mayStop ? this._stop(lane, attempt, now) : this.end(lane, attempt, now);
        }
        const isBusy = lane?.ready ?? false;
        if (isBusy && now < attempt.deadline) {
            attempt.due = attempt.deadline; // others run before it, which is not the platform's fault
            return;
        }
        lane?.withdraw(attempt);
        this._fail(attempt, isBusy ? { code: 'deadline_exceeded', message: 'the deadline passed before the engine was free' }
            : { code: 'engine_hung', message: `the engine for ${attempt.platform} was not ready in time` });
    }

    /** Its grammar seems to keep its worker busy. A second look follows, because all workers are silent after a machine has
     * slept or a browser was stopped. A grammar computes in one piece; a worker that answers meanwhile has just woken, or
     * waits for something else, such as its GPU: its limit begins once more.
     * @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _doubt(lane, attempt, now) {
        attempt.doubtedAt = now;
        attempt.due = now + SECOND_LOOK_MS;
        lane.channel?.post({ type: 'sign' });
    }

    /** A worker has answered a sign: its event loop turns. @param {Lane} lane */
    sign(lane) {
        lane.turnedAt = this._around.now();
    }

    /** Ends a run by ending its worker. @param {Lane} lane @param {Attempt} attempt @param {number} now */
    end(lane, attempt, now) {
        this._workers.end(lane, attempt.cancelled ? 'its run was cancelled' : noAnswer(attempt, now));
    }

    /** Asks a run whose time is over, or that gives no sign, to stop at its next step, or to stop waiting for a turn. If
     * only its time on this platform is over, another platform follows. @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _stop(lane, attempt, now) {
        attempt.stopping = now < attempt.deadline ? { code: 'engine_hung', message: noAnswer(attempt, now) }
            : { code: 'deadline_exceeded', message: 'the deadline passed while it ran' };
        attempt.due = now + this._limits.stopGrace(lane, attempt);
        lane.channel?.post({ type: 'cancel', attempt: attempt.id });
    }
}

/** @param {Attempt} attempt @param {number} now */
const noAnswer = ({ platform, startedAt }, now) =>
    `the engine gave no answer on ${platform} within ${Math.round(now - startedAt)} ms`;
