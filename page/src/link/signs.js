/**
 * What runs say before their answers: parts of these, how far they are, that they go on, that they wait for
 * the turns of others. What is for the service goes there; and each of them moves the time when a run is
 * taken to hang.
 */

/** @typedef {import('./alarm.js').Alarm} Alarm */
/** @typedef {import('./attempt.js').Attempt} Attempt */
/** @typedef {import('./dispatcher.js').Surroundings} Surroundings */
/** @typedef {import('./lane.js').Lane} Lane */
/** @typedef {import('./patience.js').Patience} Patience */

export class Signs {
    /** @param {Surroundings} around @param {Patience} patience @param {Alarm} alarm */
    constructor(around, patience, alarm) {
        this._around = around;
        this._patience = patience;
        this._alarm = alarm;
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').PartsMessage} message */
    parts(lane, message) {
        const attempt = lane.outstanding.get(message.attempt);
        if (!attempt || attempt.cancelled) return;
        this._patience.noteStep(attempt, message.step_ms);
        for (const { seq, bytes, json } of message.parts) {
            attempt.commit(seq, bytes);
            this._around.part(attempt.id, seq, json);
        }
        this._heard(lane, attempt);
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').ProgressMessage} message */
    progress(lane, { attempt: id, phase, loaded_bytes, total_bytes, done, total, step_ms: stepMs = 0 }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled) return;
        this._patience.noteStep(attempt, stepMs);
        this._heard(lane, attempt);
        if (attempt.loadOnly) return;
        this._around.send('task_progress', {
            attempt_id: id, phase, platform: attempt.platform, loaded_bytes, total_bytes, done, total,
        });
    }

    /** All that a model's own worker has shares its steps. @param {Lane} lane @param {number} stepMs what one took; 0: it
     * was none */
    life(lane, stepMs) {
        lane.longestStep = Math.max(lane.longestStep, stepMs);
        for (const attempt of lane.outstanding.values()) {
            if (attempt.cancelled) continue;
            this._patience.noteStep(attempt, stepMs);
            this._heard(lane, attempt);
        }
    }

    /** @param {Lane} lane @param {import('../shared/messages.js').TurnMessage} message */
    turn(lane, { attempt: id, waits }) {
        const attempt = lane.outstanding.get(id);
        if (!attempt || attempt.cancelled || attempt.stopping) return;
        if (waits) return attempt.waitsForTurn();
        attempt.hasTurn(this._around.now());
        this._alarm.set(attempt.due);
    }

    /** A run goes on, and may take so long again. @param {Lane} lane @param {Attempt} attempt */
    _heard(lane, attempt) {
        if (attempt.stopping) return;
        if (lane.key !== null || attempt.committed) attempt.limit = this._patience.hangLimit(lane, attempt);
        attempt.heard(this._around.now());
        this._alarm.set(attempt.due);
    }
}
