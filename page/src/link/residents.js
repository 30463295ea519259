/**
 * Which models are loaded in which engine worker, and which must go so that another fits the byte
 * budget: the least recently used ones that nothing queued or running needs. A model larger than the
 * whole budget is still loaded, alone.
 */

import { sizeOf, sparedSizeOf } from '../shared/model.js';

/** @import { Model, ModelState } from '../shared/messages.js' */
/** An engine's report on its model: how much of it is in use, how fast it is, and the bytes of its cached
 * results. @typedef {Pick<ModelState, 'slots' | 'speed'> & {kept?: number}} Told */
/** @typedef {{key: string, platform: string, name: string, hash: string, bytes: number, state: 'loading' | 'loaded',
 *   load_ms: number} & Told} Resident */

/** How many models that are gone stay listed, so that people can see why. */
const REMEMBERED = 32;
/** The number of models whose measured memory is remembered. */
const MEASURED = 256;

export class Residents {
    constructor() {
        this.budget = Infinity;
        /** In order of last use. @type {Map<string, Resident>} */
        this._residents = new Map();
        /** @type {Map<string, ModelState>} */
        this._gone = new Map();
        /** The bytes that loading a model has added to its worker's memory, in order of measurement.
         * @type {Map<string, number>} */
        this._measured = new Map();
    }

    /** @param {Model} model */
    static key(model) {
        return `${model.name}@${model.hash}`;
    }

    /**
     * Marks a model as used on a platform, entering it as "loading" if it was not there.
     * @param {Model} model @param {string} platform
     * @returns {boolean} whether it was new
     */
    use(model, platform) {
        const id = slot(Residents.key(model), platform);
        const found = this._residents.get(id);
        if (found) {
            this._residents.delete(id);
            this._residents.set(id, found);
            return false;
        }
        for (const [other, gone] of this._gone) {
            if (gone.name === model.name && gone.platform === platform) this._gone.delete(other); // an older version, too
        }
        this._residents.set(id, {
            key: Residents.key(model), platform, name: model.name, hash: model.hash,
            bytes: Math.max(sizeOf(model), this._measured.get(id) ?? 0), state: 'loading', load_ms: 0,
        });
        return true;
    }

    /** Whether a model to be loaded does not fit in addition to the others, and can be loaded so that its graphs are not all
     * in memory at a time. Memory on a GPU is not measured: there a model counts as a whole.
     * @param {Model} model @param {string} platform */
    spare(model, platform) {
        const resident = this._residents.get(slot(Residents.key(model), platform));
        const spared = sparedSizeOf(model);
        if (!resident || this.bytes() <= this.budget || spared === sizeOf(model) || platform === 'webnn') return false;
        if (platform === 'wasm') resident.bytes = spared;
        return true;
    }

    /**
     * The models to unload so that the rest fits the budget.
     * @param {(resident: Resident) => boolean} isBusy
     * @returns {Resident[]} least recently used first
     */
    victims(isBusy) {
        let total = this.bytes();
        const chosen = [];
        for (const resident of this._residents.values()) {
            if (total <= this.budget) break;
            if (resident.state !== 'loaded' || isBusy(resident)) continue;
            chosen.push(resident);
            total -= allOf(resident);
        }
        return chosen;
    }

    /**
     * @param {string} key @param {string} platform @param {number} loadMs
     * @param {number} memory bytes that its worker has taken for it: less than it needs where others
     *   had left some, so that the most that was seen counts, and its files' size at the least
     */
    loaded(key, platform, loadMs, memory) {
        const id = slot(key, platform);
        const resident = this._residents.get(id);
        if (!resident) return;
        resident.state = 'loaded';
        resident.load_ms = loadMs;
        resident.bytes = Math.max(resident.bytes, memory);
        this._measured.delete(id);
        this._measured.set(id, resident.bytes);
        for (const oldest of this._measured.keys()) {
            if (this._measured.size <= MEASURED) break;
            this._measured.delete(oldest);
        }
    }

    /** @param {string} key @param {string} platform @param {Told} told what it leaves out stays as it was
     * @returns {boolean} whether the model is there */
    note(key, platform, told) {
        const resident = this._residents.get(slot(key, platform));
        if (resident) Object.assign(resident, told);
        return resident !== undefined;
    }

    /** @param {string} key @param {string} platform @param {'failed' | 'evicted' | null} state what to remember
     * @param {string} [error] */
    remove(key, platform, state, error) {
        const id = slot(key, platform);
        const resident = this._residents.get(id);
        if (!resident) return;
        this._residents.delete(id);
        if (!state) return;
        const { name, hash, bytes } = resident;
        this._gone.set(id, { name, hash, platform, state, bytes, ...(error ? { error } : {}) });
        for (const oldest of this._gone.keys()) {
            if (this._gone.size <= REMEMBERED) break;
            this._gone.delete(oldest);
        }
    }

    /** @param {string} key @param {string} platform */
    isLoaded(key, platform) {
        return this._residents.get(slot(key, platform))?.state === 'loaded';
    }

    list() {
        return [...this._residents.values()];
    }

    bytes() {
        let total = 0;
        for (const resident of this._residents.values()) total += allOf(resident);
        return total;
    }

    /** The time it would take to load a platform's models again. @param {string} platform */
    reloadMs(platform) {
        let total = 0;
        for (const resident of this._residents.values()) {
            if (resident.platform === platform) total += resident.load_ms;
        }
        return total;
    }

    /** For `model_status`. @returns {ModelState[]} */
    states() {
        const live = this.list().map((resident) => {
            const { name, hash, platform, state, slots, speed } = resident;
            return { name, hash, platform, state, bytes: allOf(resident), ...(slots && { slots }), ...(speed && { speed }) };
        });
        return [...live, ...this._gone.values()];
    }
}

/** Bytes that it takes. @param {Resident} resident */
const allOf = ({ bytes, kept = 0 }) => bytes + kept;

/** @param {string} key @param {string} platform */
const slot = (key, platform) => `${platform} ${key}`;
