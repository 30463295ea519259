/**
 * Whose turn it is in an engine worker, whose runtime does one thing at a time. A run of a session has a
 * turn, and so has what creates or releases one: what takes many turns has others in between.
 */
import { inLine } from './failure.js';

/** Who has turns: any object, which is told how long it had them, in ms, if it has. @typedef {{turnsMs?: number}} Owner */
/** @typedef {{owner: Owner | null, begin: () => void}} Waiting */

export class Turns {
    constructor() {
        this._isTaken = false;
        /** Whose turn it is. @type {Owner | null} */
        this._owner = null;
        this._began = 0;
        this._allMs = 0; /* that all owners have had them */
        /** In the order in which they came. @type {Waiting[]} */
        this._waiting = [];
        this._overtook = false; /* the last turn was that of one who had come later than others */
    }

    get isFree() {
        return !this._isTaken;
    }

    /** Whether it is the owner's turn. @param {Owner} owner */
    isOf(owner) {
        return this._isTaken && this._owner === owner;
    }

    /**
     * Does the work when it is the owner's turn, who has others after it: those who wait, in their order. Who
     * has had none before is next, so that what is short does not wait for all that is long.
     * @template T @param {Owner | null} owner null: whoever waits for it @param {() => Promise<T>} work
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

    /** How long others have had their turns since there are any, in ms: two differ by what was not the owner's.
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
        // Not twice in a row, or those who wait would wait for ever.
        this._overtook = fresh > 0 && !this._overtook;
        const [next] = this._waiting.splice(this._overtook ? fresh : 0, 1);
        return next;
    }
}
