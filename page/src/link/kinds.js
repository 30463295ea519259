/**
 * How many tasks of each kind an engine worker may have at a time: echoes, and the tasks of each of its engines;
 * short tasks are a separate kind if the engine has slots for them. While a device works for a run of a loaded model,
 * the worker prepares the next one.
 */

/** @import { Attempt } from './attempt.js' */
/** @import { EngineInfo } from '../shared/messages.js' */

/** Echoes, and counts, at a time. */
const ECHO_WINDOW = 32;
const COUNTS = 1024;
/** Tasks of an engine with one slot whose runs overlap. */
const OVERLAPPING = 2;

class Kind {
    /** @param {number} limit of them run at a time
     * @param {boolean} isBeside they neither wait for others of the worker nor keep them waiting */
    constructor(limit, isBeside) {
        this.limit = limit;
        this.isBeside = isBeside;
        this.running = 0;
    }
}

export class Kinds {
    /** @param {Record<string, EngineInfo>} engines what the worker said of them
     * @param {readonly string[]} [overlaps] those whose runs overlap */
    constructor(engines, overlaps = []) {
        this._engines = engines;
        this._overlaps = overlaps;
        this._echoes = new Kind(ECHO_WINDOW, false);
        /** Others run between two of their runs. */
        this._benchmarks = new Kind(1, true);
        /** @type {Map<string, {any: Kind, short: Kind | null}>} */
        this._ofEngines = new Map();
        /** @type {Kind[]} */
        this._all = [this._echoes, this._benchmarks];
    }

    /** @param {Attempt} attempt @returns {Kind} the same for all of a kind */
    of({ isEcho, engine, isShort, benchmark }) {
        if (isEcho) return this._echoes;
        const { any, short } = this._ofEngines.get(engine) ?? this._add(engine);
        if (benchmark && !any.isBeside) return this._benchmarks;
        return isShort && short ? short : any;
    }

    /** @param {string} engine that nothing was asked of yet */
    _add(engine) {
        const { slots = 1, short_slots: shortSlots = 0 } = this._engines[engine] ?? {};
        const limit = engine === 'builtin' ? COUNTS : slots, isBeside = limit > 1;
        const most = !isBeside && this._overlaps.includes(engine) ? OVERLAPPING : limit;
        const kinds = { any: new Kind(most, isBeside), short: shortSlots > 0 ? new Kind(shortSlots, true) : null };
        this._ofEngines.set(engine, kinds);
        this._all.push(kinds.any);
        if (kinds.short) this._all.push(kinds.short);
        return kinds;
    }

    /** Whether another of the kind may run now. @param {Kind} kind */
    takes(kind) {
        if (kind.running >= kind.limit) return false;
        return kind.isBeside || this._all.every((other) => other.running === 0 || other === kind || other.isBeside);
    }

    /** Whether all running tasks end soon: tasks that overlap others may take for ever. */
    get areSoonDone() {
        return this._all.every(({ running, isBeside }) => running === 0 || !isBeside);
    }
}
