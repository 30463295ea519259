/**
 * The models of all engine workers: keeps them within the byte budget, passes loading and
 * unloading on, and reports every change.
 */
import { sparedSizeOf } from '../shared/model.js';
import { Residents } from './residents.js';

/** @import { Attempt } from './attempt.js' */
/** @import { Lane } from './lane.js' */
/** @import { Lanes } from './lanes.js' */

export class Models {
    /** @param {Lanes} lanes @param {(lane: Lane) => void} close ends a model's own worker
     * @param {(states: import('../shared/messages.js').ModelState[]) => void} report */
    constructor(lanes, close, report) {
        this._lanes = lanes;
        this._close = close;
        this._report = report;
        this.residents = new Residents();
        this._isLowered = false; /* the budget was, and not all that exceeds it is gone */
        /** Ms without requests after which a model with its own worker is unloaded. */
        this.idleUnload = Infinity;
        /** The most bytes of a model that the page's person allows. */
        this.most = Infinity;
    }

    /** Why the model is not loaded here, however empty the memory is; null: it may be.
     * @param {import('../shared/messages.js').Model} model @returns {import('../shared/messages.js').ErrorBody | null} */
    refusal(model) {
        const bytes = sparedSizeOf(model);
        if (bytes <= this.most) return null;
        return { code: 'model_too_large',
            message: `the model takes at least ${bytes} bytes, and the user of this node allows ${this.most} for models` };
    }

    /** What exceeds a lower budget goes: at once if nothing needs it, otherwise when that has ended. @param {number} bytes */
    allow(bytes) {
        this._isLowered ||= bytes < this.residents.budget;
        this.residents.budget = bytes;
        this._lower();
    }

    _lower() {
        if (!this._isLowered) return;
        this._isLowered = this._keepBudget();
        this.report();
    }

    /** Says how things are. */
    report() {
        this._report(this.residents.states());
    }

    /** Enters the attempt's model and unloads models that exceed the budget. If it does not fit in addition to the models
     * in use, its engine is told to spare memory. @param {Attempt} attempt */
    makeRoom(attempt) {
        if (!this.residents.use(attempt.model, attempt.platform)) return;
        this._keepBudget();
        attempt.spares = this.residents.spare(attempt.model, attempt.platform);
        this.report();
    }

    /** An engine worker has loaded a model, which may take more than was thought.
     * @param {string} key @param {string} platform @param {number} loadMs @param {number} memory bytes */
    loaded(key, platform, loadMs, memory) {
        this.residents.loaded(key, platform, loadMs, memory);
        this._keepBudget();
        this.report();
    }

    /** An engine tells more of its model. @param {string} key @param {string} platform
     * @param {import('./residents.js').Told} told */
    note(key, platform, told) {
        if (!this.residents.note(key, platform, told)) return;
        this._keepBudget();
        this.report();
    }

    /** An engine worker has the model no more, which it has loaded for a profile alone. @param {string} key @param {string} platform */
    left(key, platform) {
        if (this._lanes.holding(key, platform)?.needs(key)) return; // it is loaded again
        this.residents.remove(key, platform, null);
        this.report();
    }

    /** An attempt has failed: if its model was being loaded, it is not there.
     * @param {Attempt} attempt @param {string | null} error null: it was called off */
    failed({ key, platform }, error) {
        if (this.residents.isLoaded(key, platform)) return;
        // Another that waits for the same load goes on.
        if (error === null && this._lanes.holding(key, platform)?.needs(key)) return;
        this.residents.remove(key, platform, error === null ? null : 'failed', error ?? undefined);
        this.report();
    }

    /** Every version of the model, on every platform. @param {string} name */
    unload(name) {
        for (const resident of this.residents.list()) {
            if (resident.name === name) this._evict(resident.key, resident.platform, null);
        }
        this.report();
    }

    /** Whether a model is loaded in the lane's worker. @param {Lane} lane */
    isIn(lane) {
        return this.residents.list().some(({ key, platform, state }) =>
            state === 'loaded' && this._lanes.holding(key, platform) === lane);
    }

    /** An engine worker is gone and its models with it. @param {Lane} lane */
    forget(lane) {
        for (const { key, platform } of this.residents.list()) {
            if (this._lanes.holding(key, platform) === lane) this.residents.remove(key, platform, null);
        }
        this.report();
    }

    /** An engine worker has nothing to do. @param {Lane} lane */
    idle(lane) {
        this._lower();
        if (lane.key === null || (!lane.closing && this.residents.isLoaded(lane.key, lane.platform))) return;
        this._evict(lane.key, lane.platform, null);
        this.report();
    }

    /** Unloads models with workers of their own that have had no request for too long.
     * @param {number} now @returns {number} when another may be due; Infinity: none */
    rest(now) {
        let next = Infinity;
        for (const lane of this._lanes.values()) {
            if (lane.key === null || !lane.isIdle()) continue;
            const due = lane.idleSince + this.idleUnload;
            if (due > now) next = Math.min(next, due);
            else {
                this._evict(lane.key, lane.platform, 'evicted');
                this.report();
            }
        }
        return next;
    }

    /** Unloads what is least recently used and not needed, until the rest fits. @returns {boolean} whether it does not yet */
    _keepBudget() {
        const victims = this.residents.victims(({ key, platform }) =>
            this._lanes.holding(key, platform)?.needs(key) ?? false);
        for (const { key, platform } of victims) this._evict(key, platform, 'evicted');
        return this.residents.bytes() > this.residents.budget;
    }

    /** @param {string} key @param {string} platform @param {'evicted' | null} state */
    _evict(key, platform, state) {
        const lane = this._lanes.holding(key, platform);
        if (lane?.key === key && !lane.isIdle()) {
            lane.closing = true;
            return;
        }
        this.residents.remove(key, platform, state);
        if (!lane) return;
        if (lane.key === key) return this._close(lane);
        lane.unload(key);
    }
}
