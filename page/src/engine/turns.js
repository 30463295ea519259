/**
 * The turns in an engine worker, whose runtime does one thing at a time. A run of a session is a turn, and so is
 * creating or releasing a session. A task with many turns lets others have theirs in between.
 */
import { inLine } from './failure.js';

/** An owner of turns: any object; the time of its turns, in ms, is written to it. @typedef {{turnsMs?: number}} Owner */
/** @typedef {{owner: Owner | null, begin: () => void}} Waiting */

export class Turns {
    constructor() {
        this._isTaken = false;
        /** The owner of the present turn. @type {Owner | null} */
        this._owner = null;
        this._began = 0;
        this._allMs = 0; /* total time of all owners' turns */
        /** In the order in which they came. @type {Waiting[]} */
        this._waiting = [];
        this._overtook = false; /* the last turn went to an owner that had come later than others */
    }

    get isFree() {
        return !this._isTaken;
    }

    /** Whether it is the owner's turn. @param {Owner} owner */
    isOf(owner) {
        return this._isTaken && this._owner === owner;
    }

    /**
     * Does the work in the owner's turn. Waiting owners follow in their order, but an owner without a turn so far
     * is next, so that short tasks do not wait for all long ones.
     * @template T @param {Owner | null} owner null: the turn counts for no owner @param {() => Promise<T>} work
     * @param {AbortSignal} [signal] ends the wait
     * @returns {Promise<T>} @throws {Failure} if it was cancelled before
     */
    async take(owner, work, signal) {
        if (this._isTaken) await this._comes(owner, signal);
        else this._begin(owner);
        try {
            return await work();
        } finally {
            this._end();
        }
    }

    /** The total time of others' turns so far, in ms: the difference of two values is the time that was not the owner's.
     * @param {Owner} owner */
    othersMs(owner) {
        const isOther = this._isTaken && this._owner !== null && this._owner !== owner;
        return this._allMs - (owner.turnsMs ?? 0) + (isOther ? performance.now() - this._began : 0);
    }

    /** @param {Owner | null} owner @param {AbortSignal | undefined} signal @returns {Promise<void>} */
    _comes(owner, signal) {
        return inLine(this._waiting, (begin) => ({ owner, begin }), signal);
    }

    /** @param {Owner | null} owner */
    _begin(owner) {
        this._isTaken = true;
        this._owner = owner;
        this._began = performance.now();
    }

    _end() {
        this._count(performance.now() - this._began);
        this._isTaken = false;
        const next = this._next();
        if (!next) return;
        this._begin(next.owner);
        next.begin();
    }

    /** @param {number} ms */
    _count(ms) {
        if (!this._owner) return;
        this._allMs += ms;
        this._owner.turnsMs = (this._owner.turnsMs ?? 0) + ms;
    }

    /** @returns {Waiting | undefined} */
    _next() {
        const fresh = this._waiting.findIndex(({ owner }) => owner !== null && owner.turnsMs === undefined);
        // Not twice in a row, or waiting owners might wait for ever.
        this._overtook = fresh > 0 && !this._overtook;
        const [next] = this._waiting.splice(this._overtook ? fresh : 0, 1);
        return next;
    }
}
