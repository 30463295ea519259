/**
 * What becomes of an attempt whose time is over, or whose run gives no sign of life: it is asked to stop, if
 * it can be; else its worker ends; what had not begun fails here, and may fall back.
 */

/** @typedef {import('./attempt.js').Attempt} Attempt */
/** @typedef {import('./lane.js').Lane} Lane */
/** @typedef {import('./patience.js').Patience} Patience */
/** @typedef {import('./workers.js').Workers} Workers */

/** So long after the first look at a silent worker is the second. */
const SECOND_LOOK_MS = 1000;

export class Overdue {
    /**
     * @param {Patience} patience @param {Workers} workers
     * @param {(attempt: Attempt, error: import('../shared/messages.js').ErrorBody) => void} fail it fails here, and
     *   may fall back
     */
    constructor(patience, workers, fail) {
        this._patience = patience;
        this._workers = workers;
        this._fail = fail;
    }

    /** The attempt's present state has lasted too long. @param {Lane | undefined} lane its own @param {Attempt} attempt
     * @param {number} now */
    expire(lane, attempt, now) {
        if (attempt.startedAt && lane) {
            if (now < attempt.deadline && this._patience.isHeldBy(lane, attempt)) return this._doubt(lane, attempt, now);
            const mayStop = (lane.canStop(attempt) || attempt.waits) && !attempt.cancelled && !attempt.stopping;
            return mayStop ? this._stop(lane, attempt, now) : this.end(lane, attempt, now);
        }
        const isBusy = lane?.ready ?? false;
        if (isBusy && now < attempt.deadline) {
            attempt.due = attempt.deadline; // others run before it: that is no fault of the platform
            return;
        }
        lane?.withdraw(attempt);
        const message = isBusy ? 'the deadline passed before the engine was free'
            : `the engine for ${attempt.platform} was not ready in time`;
        this._fail(attempt, { code: isBusy ? 'deadline_exceeded' : 'engine_hung', message });
    }

    /** It seems to keep its worker by its grammar: looked at twice, since a machine that slept has all silent.
     * @param {Lane} lane @param {Attempt} attempt @param {number} now */
    _doubt(lane, attempt, now) {
        if (attempt.isDoubted) return this._workers.endHeld(lane, attempt);
        attempt.isDoubted = true;
        attempt.due = now + SECOND_LOOK_MS;
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
        attempt.due = now + this._patience.stopGrace(lane, attempt);
        lane.channel?.post({ type: 'cancel', attempt: attempt.id });
    }
}

/** @param {Attempt} attempt @param {number} now */
const noAnswer = ({ platform, startedAt }, now) =>
    `the engine gave no answer on ${platform} within ${Math.round(now - startedAt)} ms`;
