/**
 * The lanes of all engine workers: one for each build, shared by its platform's models, and one for each
 * model of an engine that has workers of their own (OWN_WORKERS), as long as it is in use or loaded.
 */
import { BUILD_OF_PLATFORM, OWN_WORKERS } from '../shared/messages.js';
import { Lane } from './lane.js';

/** @typedef {import('../shared/messages.js').Build} Build */
/** @typedef {import('./attempt.js').Attempt} Attempt */

export class Lanes {
    /** @param {readonly Build[]} builds */
    constructor(builds) {
        /** By the names of their workers. @type {Map<string, Lane>} */
        this._lanes = new Map(builds.map((build) => [build, new Lane(build, build)]));
    }

    /** All of them. */
    values() {
        return [...this._lanes.values()];
    }

    /** Those that stand for a platform. */
    shared() {
        return this.values().filter(({ key }) => key === null);
    }

    /** @param {string} worker */
    get(worker) {
        return this._lanes.get(worker);
    }

    /** The lane of a model on a platform. @param {string} key @param {string} platform */
    holding(key, platform) {
        const own = this._lanes.get(nameOf(key));
        return own?.platform === platform ? own : this._lanes.get(BUILD_OF_PLATFORM[platform]);
    }

    /** The lane that an attempt would wait in, if it is there.
     * @param {Attempt} attempt @returns {Lane | undefined} */
    of({ engine, key, platform }) {
        const own = OWN_WORKERS[engine];
        if (!own) return this._lanes.get(BUILD_OF_PLATFORM[platform]);
        return own.platform === platform ? this._lanes.get(nameOf(key)) : undefined;
    }

    /** Makes the lane of a model that has a worker of its own and none yet.
     * @param {Attempt} attempt @returns {Lane | undefined} */
    open({ engine, key, platform }) {
        const own = OWN_WORKERS[engine];
        if (own?.platform !== platform || this._lanes.has(nameOf(key))) return undefined;
        const lane = new Lane(nameOf(key), own.build, platform, key);
        this._lanes.set(lane.name, lane);
        return lane;
    }

    /** @param {Lane} lane */
    remove(lane) {
        if (this._lanes.get(lane.name) === lane) this._lanes.delete(lane.name);
    }
}

/** Of a model's own worker: no build is named so. @param {string} key */
const nameOf = (key) => `model ${key}`;
