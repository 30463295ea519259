/**
 * One run of a model as its engine sees it: where it is stopped, where its parts go, and how many of
 * them its client takes (webinfer-protocol(7), "Streams").
 */
import { yieldOnce } from '../shared/yield.js';
import { cancelled, Failure } from './failure.js';
import { RawOutputs } from './raw.js';
import { Turns } from './turns.js';

/** @import { Credit, FromEngine, MadePart, RunMessage } from '../shared/messages.js' */
/** What an engine emits: `index` says which of several answers, `result` is any object.
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
/** A run of steps of which nobody hears says so often that it goes on. */
const LIFE_EVERY_MS = 5000;

export class Run {
    /** @param {RunMessage} task @param {(message: FromEngine) => void} post to the link worker
     * @param {Turns} [turns] that it has with others in the worker */
    constructor(task, post, turns = new Turns()) {
        this._task = task;
        this._post = post;
        this._isCancelled = false;
        /** Made for who asks for its signal: most runs are too short for that. @type {AbortController | undefined} */
        this._aborter = undefined;
        this._turns = turns;
        /** Who it is there. */
        this._owner = {};
        this.tellsWaiting = false; /* whether the link worker is told when it waits for its turn */
        this._isTakenToWait = task.waits === true; /* what the link worker takes it for */
        this._asideMs = 0; /* that its own time has stood still, beside the turns of others */
        this.sessionMs = 0; /* of its own time, what sessions of a runtime took: the rest is the page's */
        /** What its engine is at. @type {import('./errors.js').Phase} */
        this.phase = 'load';
        /** What was made on another node, which the engine goes on from. */
        this.from = task.stream?.from ?? null;
        /** Null: its answer is what the task makes. */
        this.raw = task.raw ? new RawOutputs() : null;
        /** Of the next part; at the end, how many parts the answer has. */
        this.seq = this.from?.seq ?? 0;
        this.waitedMs = 0; /* for credit */
        /** Null: it is no stream. @type {Credit | null} */
        this._credit = task.stream ? { ...task.stream.credit } : null;
        this._used = { parts: 0, bytes: 0 };
        /** Made, and not posted yet. @type {MadePart[]} */
        this._made = [];
        this._sent = { parts: 0, bytes: 0 };
        this._stepMs = 0; /* what a step usually takes; 0: nobody knows */
        /** By its own time. @type {number | null} */
        this._stepBegan = null;
        this._turned = performance.now();
        /** When it was last said how far it is. */
        this._progressed = -Infinity;
        /** When the service heard of it last. */
        this._told = this._turned;
        /** End what is waited for. */
        this._onCredit = () => {};
        this._onCancel = () => {};
    }

    /** Aborted when nobody wants the answer any more. */
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

    /** Whether the client takes another part. An engine that computes several answers in one step looks
     * here, and leaves one out for which this is false, rather than have all wait in `step`. */
    get hasCredit() {
        return this._credit === null || isBelow(this._used, this._credit);
    }

    /** Its own time, in ms: it stands still while others have their turns and while it waits for its client. */
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

    /** Waits for what is none of its own time. @template T @param {Promise<T>} what @returns {Promise<T>} */
    async aside(what) {
        const began = this.ownMs;
        try {
            return await what;
        } finally {
            this._asideMs += this.ownMs - began;
        }
    }

    /** To be awaited before each step: the event loop turns, a cancel is heard, and credit waited for.
     * @throws {Failure} if it was cancelled */
    async step() {
        if (this._stepBegan !== null) this._noteStep(this.ownMs - this._stepBegan);
        if (performance.now() - this._turned >= TURN_MS) await this._turn();
        if (!this.hasCredit) await this._creditComes(() => this.hasCredit);
        this._throwIfCancelled();
        this._tellLife();
        this._stepBegan = this.ownMs;
    }

    /** To be awaited within long work that is no step: the event loop turns, and a cancel is heard.
     * @throws {Failure} if it was cancelled */
    async rest() {
        if (performance.now() - this._turned >= TURN_MS) await this._turn();
        this._throwIfCancelled();
        this._tellLife();
    }

    /** To be awaited where there is nothing to do for a while. @param {number} ms
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

    /** Sends a part of the answer; does nothing where nobody asked for parts. What exceeds the credit is
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

    /** A step that was not awaited here, since others share it, has taken so long. @param {number} ms */
    stepTook(ms) {
        this._noteStep(ms);
    }

    /** How far it is with what comes before the first part. Of what is one piece nothing is said: each message
     * wakes the link worker, the browser and the service, on cores that the runtime's threads want.
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

    /** How many runs of a benchmark are done. It is seldom said: whoever hears of it computes beside the next one.
     * @param {number} done @param {number} total */
    measured(done, total) {
        const now = performance.now();
        if (done !== 1 && now - this._told < LIFE_EVERY_MS) return;
        this._told = now;
        this._post({ type: 'progress', attempt: this._task.attempt, phase: 'measuring', done, total });
    }

    /** More of the answer was made, of which its client may get nothing: it has that from another node, or it is
     * held back. After the first part the service takes a silent node for a stalled one. */
    goesOn() {
        if (!this.isStream || this.seq === 0 || !this.hasCredit) return;
        const now = performance.now();
        if (now - this._told < PROGRESS_EVERY_MS) return;
        this._told = now;
        this._post({ type: 'progress', attempt: this._task.attempt, phase: 'writing', step_ms: this._stepMs });
    }

    /** A client's own kernel begins, which nobody may be able to stop, or is done: the service counts the time between.
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

    /** Nothing else may be said of what is no stream for as long as it takes. */
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

/** What the service could not read: half a character, where a text was cut within one, and NUL. */
const UNREADABLE = /[\ud800-\udfff\0]/gu;
