/**
 * One run of a model as its engine sees it: it can be stopped here, and its parts are sent here as far as its
 * client accepts them (webinfer-protocol(7), "Streams").
 */
import { yieldOnce } from '../shared/yield.js';
import { cancelled, Failure } from './failure.js';
import { RawOutputs } from './raw.js';
import { Turns } from './turns.js';

/** @import { Credit, FromEngine, MadePart, RunMessage } from '../shared/messages.js' */
/** A part that an engine emits: `index` names one of several answers, `result` is any object.
 * @typedef {{index?: number, text?: string, tokens?: number[], result?: Record<string, any>}} Part */

/** Bytes of a part's text and of its result's JSON, together. */
export const PART_MAX = 64000;
const TOKENS_MAX = 4096;
/** Between steps the event loop turns at least so often. */
const TURN_MS = 4;
/** Parts of steps shorter than this are sent together, at the next turn. */
const QUICK_STEP_MS = 1;
/** The weight of the newest step in what a step usually takes. */
const WEIGHT = 0.3;
/** At most four reports a second, as the protocol says. */
const PROGRESS_EVERY_MS = 250;
/** The interval of signs of life from a run of steps that sends nothing else. */
const LIFE_EVERY_MS = 5000;

export class Run {
    /** @param {RunMessage} task @param {(message: FromEngine) => void} post to the link worker
     * @param {Turns} [turns] shared with the other runs in the worker */
    constructor(task, post, turns = new Turns()) {
        this._task = task;
        this._post = post;
        this._isCancelled = false;
        /** Made when the signal is first used: most runs are too short for that. @type {AbortController | undefined} */
        this._aborter = undefined;
        this._turns = turns;
        /** This run as an owner of turns. */
        this._owner = {};
        this.tellsWaiting = false; /* whether the link worker is told when it waits for its turn */
        this._isTakenToWait = task.waits === true; /* whether the link worker counts it as waiting */
        this._asideMs = 0; /* excluded from its own time, in addition to the turns of others */
        this.sessionMs = 0; /* the part of its own time that sessions of a runtime took; the rest is the page's */
        /** Told when only its device still works for it. */
        this.onSubmitted = () => {};
        /** The engine's present phase. @type {import('./errors.js').Phase} */
        this.phase = 'load';
        /** The beginning of the answer, made on another node, that the engine continues. */
        this.from = task.stream?.from ?? null;
        /** Null: the answer is the task's result. */
        this.raw = task.raw ? new RawOutputs() : null;
        /** The number of the next part; at the end, the number of parts of the answer. */
        this.seq = this.from?.seq ?? 0;
        this.waitedMs = 0; /* for credit */
        /** Null: it is not a stream. @type {Credit | null} */
        this._credit = task.stream ? { ...task.stream.credit } : null;
        this._used = { parts: 0, bytes: 0 };
        /** Parts made, and not posted yet. @type {MadePart[]} */
        this._made = [];
        this._sent = { parts: 0, bytes: 0 };
        this._stepMs = 0; /* the usual time of a step; 0: unknown */
        /** By its own time. @type {number | null} */
        this._stepBegan = null;
        this._turned = performance.now();
        /** When progress was last reported. */
        this._progressed = -Infinity;
        /** When the service last got a message about it. */
        this._told = this._turned;
        /** These end a wait. */
        this._onCredit = () => {};
        this._onCancel = () => {};
    }

    /** Aborted when the answer is no longer wanted. */
    get signal() {
        if (!this._aborter) {
            this._aborter = new AbortController();
            if (this._isCancelled) this._aborter.abort();
        }
        return this._aborter.signal;
    }

    get isStream() {
        return this._credit !== null;
    }

    /** Whether the client accepts another part. An engine that computes several answers in one step checks
     * this, and leaves out an answer for which it is false, rather than let all wait in `step`. */
    get hasCredit() {
        return this._credit === null || isBelow(this._used, this._credit);
    }

    /** Its own time, in ms: without the turns of others and without waits for its client. */
    get ownMs() {
        return performance.now() - this.othersMs - this._asideMs;
    }

    /** How long others have had their turns, in ms. */
    get othersMs() {
        return this._turns.othersMs(this._owner);
    }

    get hasTurn() {
        return this._turns.isOf(this._owner);
    }

    // --- the engine's ------------------------------------------------------------------------------

    /** Does the work when it is the run's turn in its worker. @template T @param {() => Promise<T>} work
     * @param {AbortSignal} [signal] ends the wait, if not the run's own
     * @returns {Promise<T>} @throws {Failure} if it was cancelled before */
    take(work, signal) {
        const { isFree } = this._turns;
        const ends = isFree ? undefined : signal ?? this.signal;
        if (!this.tellsWaiting) return this._turns.take(this._owner, work, ends);
        if (!isFree) this._tellWaiting(true);
        return this._turns.take(this._owner, () => {
            this._tellWaiting(false);
            return work();
        }, ends);
    }

    /** Waits without counting the wait as its own time. @template T @param {Promise<T>} what @returns {Promise<T>} */
    async aside(what) {
        const began = this.ownMs;
        try {
            return await what;
        } finally {
            this._asideMs += this.ownMs - began;
        }
    }

    /** To be awaited before each step: the event loop turns, a cancel is heard, and the run waits for credit.
     * @throws {Failure} if it was cancelled */
    async step() {
        if (this._stepBegan !== null) this._noteStep(this.ownMs - this._stepBegan);
        if (performance.now() - this._turned >= TURN_MS) await this._turn();
        if (!this.hasCredit) await this._creditComes(() => this.hasCredit);
        this._throwIfCancelled();
        this._tellLife();
        this._stepBegan = this.ownMs;
    }

    /** To be awaited within long work that is not a step: the event loop turns, and a cancel is heard.
     * @throws {Failure} if it was cancelled */
    async rest() {
        if (performance.now() - this._turned >= TURN_MS) await this._turn();
        this._throwIfCancelled();
        this._tellLife();
    }

    /** The device has got all of the run's work: the next run may begin. */
    submitted() {
        this.onSubmitted();
    }

    /** To be awaited when there is nothing to do for a while. @param {number} ms
     * @throws {Failure} if it was cancelled */
    async pause(ms) {
        this._flush();
        await new Promise((/** @type {(value: void) => void} */ resolve) => {
            const timer = setTimeout(resolve, ms);
            this._onCancel = () => {
                clearTimeout(timer);
                resolve();
            };
        });
        this._turned = performance.now();
        this._stepBegan = null;
        this._throwIfCancelled();
    }

    /** Sends a part of the answer; does nothing if parts were not requested. Parts beyond the credit are
     * kept until there is some. @param {Part} part @throws {Failure} if it is too large */
    emit(part) {
        if (!this._credit) return;
        const { index = 0, tokens, result } = part;
        const text = part.text?.replace(UNREADABLE, '\ufffd');
        const bytes = bytesOf(text) + (result ? bytesOf(JSON.stringify(result)) : 0);
        if (bytes > PART_MAX || (tokens?.length ?? 0) > TOKENS_MAX) {
            throw new Failure('answer_too_large', `a part of the answer has ${bytes} bytes and ${tokens?.length ?? 0} tokens`,
                { expected: `at most ${PART_MAX} bytes of text and result, and ${TOKENS_MAX} tokens` });
        }
        const { attempt, message_id: id, from } = this._task;
        const seq = this.seq++;
        const json = JSON.stringify({
            id: `${id}.${seq}`, type: 'task_part', from, timestamp: Date.now(),
            data: { attempt_id: attempt, seq, index, text, tokens, result },
        });
        this._made.push({ seq, bytes, json });
        add(this._used, bytes);
        if (this._stepMs === 0 || this._stepMs >= QUICK_STEP_MS) this._flush();
    }

    /** Notes the time of a step that was not awaited here, because others share it. @param {number} ms */
    stepTook(ms) {
        this._noteStep(ms);
    }

    /** Reports progress before the first part. Work in one piece is not reported, because each message wakes the
     * link worker, the browser and the service, on cores that the runtime's threads need.
     * @param {string} phase such as "prompt" @param {number} done @param {number} total */
    progress(phase, done, total) {
        const now = performance.now();
        const isLast = done >= total;
        if (this._progressed === -Infinity && (isLast || total === 1)) return;
        if (!isLast && now - this._progressed < PROGRESS_EVERY_MS) return;
        this._progressed = now;
        this._told = now;
        this._post({ type: 'progress', attempt: this._task.attempt, phase, done, total, step_ms: this._stepMs });
    }

    /** Reports how many runs of a benchmark are done. It does so seldom, because handling the report disturbs the next run.
     * @param {number} done @param {number} total */
    measured(done, total) {
        const now = performance.now();
        if (done !== 1 && now - this._told < LIFE_EVERY_MS) return;
        this._told = now;
        this._post({ type: 'progress', attempt: this._task.attempt, phase: 'measuring', done, total });
    }

    /** More of the answer was made, but its client may get nothing of it: the client has it from another node, or it is
     * held back. After the first part the service considers a silent node stalled. */
    goesOn() {
        if (!this.isStream || this.seq === 0 || !this.hasCredit) return;
        const now = performance.now();
        if (now - this._told < PROGRESS_EVERY_MS) return;
        this._told = now;
        this._post({ type: 'progress', attempt: this._task.attempt, phase: 'writing', step_ms: this._stepMs });
    }

    /** A client's own kernel begins or is done. It may be impossible to stop, so the service measures the time between.
     * @param {'computing' | 'computed'} phase */
    marks(phase) {
        this._post({ type: 'progress', attempt: this._task.attempt, phase });
    }

    // --- the worker's ------------------------------------------------------------------------------

    /** @param {Credit} credit totals; less than before changes nothing */
    grant({ parts, bytes }) {
        if (!this._credit) return;
        this._credit.parts = Math.max(this._credit.parts, parts);
        this._credit.bytes = Math.max(this._credit.bytes, bytes);
        this._flush();
        this._onCredit();
    }

    cancel() {
        this._isCancelled = true;
        this._aborter?.abort();
        this._onCancel();
    }

    /** After the last step: all parts have gone. @throws {Failure} if it was cancelled */
    async end() {
        this._flush();
        if (this._made.length > 0) await this._creditComes(() => this._made.length === 0);
        this._throwIfCancelled();
    }

    // --- inside ------------------------------------------------------------------------------------

    /** @throws {Failure} */
    _throwIfCancelled() {
        if (this._isCancelled) throw cancelled();
    }

    /** @param {boolean} waits */
    _tellWaiting(waits) {
        if (waits === this._isTakenToWait) return;
        this._isTakenToWait = waits;
        this._post({ type: 'turn', attempt: this._task.attempt, waits });
    }

    /** A sign of life, because a run that is not a stream may send nothing else until its end. */
    _tellLife() {
        const now = performance.now();
        if (now - this._told < LIFE_EVERY_MS) return;
        this._told = now;
        this._post({ type: 'lives', step_ms: 0 });
    }

    /** @param {number} ms */
    _noteStep(ms) {
        this._stepMs = this._stepMs === 0 ? ms : this._stepMs + WEIGHT * (ms - this._stepMs);
    }

    async _turn() {
        this._flush();
        await yieldOnce();
        this._turned = performance.now();
    }

    /** @param {() => boolean} enough */
    async _creditComes(enough) {
        const began = performance.now();
        this._flush();
        while (!enough() && !this._isCancelled) {
            await this.aside(new Promise((/** @type {(value: void) => void} */ resolve) => {
                this._onCredit = this._onCancel = resolve;
            }));
        }
        this._turned = performance.now();
        this.waitedMs += this._turned - began;
    }

    /** Posts what there is credit for. */
    _flush() {
        if (!this._credit) return;
        let count = 0;
        for (; count < this._made.length && isBelow(this._sent, this._credit); count++) add(this._sent, this._made[count].bytes);
        if (count === 0) return;
        const parts = this._made.splice(0, count);
        this._told = performance.now();
        this._post({ type: 'parts', attempt: this._task.attempt, parts, step_ms: this._stepMs });
    }
}

/** @param {Credit} totals @param {Credit} credit */
const isBelow = (totals, credit) => totals.parts < credit.parts && totals.bytes < credit.bytes;

/** Counts a part. @param {Credit} totals @param {number} bytes */
function add(totals, bytes) {
    totals.parts++;
    totals.bytes += bytes;
}

/** Bytes of a text as UTF-8. @param {string | undefined} text */
function bytesOf(text = '') {
    let bytes = text.length;
    for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        // Each half of a surrogate pair is a half of four bytes.
        if (code >= 0x80) bytes += code < 0x800 || isSurrogate(code) ? 1 : 2;
    }
    return bytes;
}

/** @param {number} code */
const isSurrogate = (code) => code >= 0xd800 && code <= 0xdfff;

/** Characters that the service could not read: half a character, if a text was cut within one, and NUL. */
const UNREADABLE = /[\ud800-\udfff\0]/gu;
