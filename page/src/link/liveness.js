/**
 * What runs say before their answers: parts of these, how far they are, that they go on, that they wait for
 * the turns of others. What is for the service goes there; and each of them moves the time when a run is
 * taken to hang. One whose time is over, or which gives no sign of life, is asked to stop, if it can be; else
 * its worker ends; what had not begun fails here, and may fall back.
 */

/** @import { DeadlineTimer } from './deadline_timer.js' */
/** @import { Attempt } from './attempt.js' */
/** @import { Surroundings } from './dispatcher.js' */
/** @import { Lane } from './lane.js' */
/** @import { Limits } from './limits.js' */
/** @import { Workers } from './workers.js' */

/** So long after the first look at a silent worker is the second. */
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

    /** All that a model's own worker has shares its steps. @param {Lane} lane @param {number} stepMs what one took; 0: it
     * was none */
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

    /** A run goes on, and may take so long again. @param {Lane} lane @param {Attempt} attempt
     * @param {number} stepMs that a step of it takes; 0: nobody knows */
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
            }
            const mayStop = (lane.canStop(attempt) || attempt.waits) && !attempt.cancelled && !attempt.stopping;
            return mayStop ? this._stop(lane, attempt, now) : this.end(lane, attempt, now);
        }
        const isBusy = lane?.ready ?? false;
        if (isBusy && now < attempt.deadline) {
            attempt.due = attempt.deadline; // others run before it: that is no fault of the platform
            return;
        }
        lane?.withdraw(attempt);
        this._fail(attempt, isBusy ? { code: 'deadline_exceeded', message: 'the deadline passed before the engine was free' }
            : { code: 'engine_hung', message: `the engine for ${attempt.platform} was not ready in time` });
    }

    /** It seems to keep its worker by its grammar: looked at twice, since a machine that slept has all silent. A grammar
     * computes in one piece; a worker that answers meanwhile waits for something else, such as its GPU.
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

    /** Asks a run whose time is over, or which gives no sign, to stop at its next step, or to wait for no turn. If it
     * is that on its platform alone, another follows. @param {Lane} lane @param {Attempt} attempt @param {number} now */
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
