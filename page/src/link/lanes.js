/**
 * The lanes of all engine workers: one for each build, shared by its platform's models, and one for each
 * model of an engine that has workers of their own (OWN_WORKERS) and each platform that it is on, as long as it is in
 * use or loaded.
 */
import { BUILD_OF_PLATFORM, OWN_WORKERS } from '../shared/messages.js';
import { Lane } from './lane.js';

/** @import { Build } from '../shared/messages.js' */
/** @import { Attempt } from './attempt.js' */

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

    /** The lanes that represent platforms. */
    shared() {
        return this.values().filter(({ key }) => key === null);
    }

    /** @param {string} worker */
    get(worker) {
        return this._lanes.get(worker);
    }

    /** The lane that represents a platform. @param {string} platform */
    standingFor(platform) {
        return this._lanes.get(BUILD_OF_PLATFORM[platform]);
    }

    /** The lane of a model on a platform. @param {string} key @param {string} platform */
    holding(key, platform) {
        return this._lanes.get(nameOf(key, platform)) ?? this.standingFor(platform);
    }

    /** The lane that an attempt would wait in, if it is there.
     * @param {Attempt} attempt @returns {Lane | undefined} */
    of({ engine, key, platform }) {
        return OWN_WORKERS[engine] ? this._lanes.get(nameOf(key, platform)) : this.standingFor(platform);
    }

    /** Makes the lane of a model that has a worker of its own and none yet.
     * @param {Attempt} attempt @returns {Lane | undefined} */
    open({ engine, key, platform }) {
        const build = OWN_WORKERS[engine]?.[platform], name = nameOf(key, platform);
        if (!build || this._lanes.has(name)) return undefined;
        const lane = new Lane(name, build, platform, key);
        this._lanes.set(lane.name, lane);
        return lane;
    }

    /** @param {Lane} lane */
    remove(lane) {
        if (this._lanes.get(lane.name) === lane) this._lanes.delete(lane.name);
    }
}

/** The name of a model's own worker; no build has such a name. @param {string} key @param {string} platform */
const nameOf = (key, platform) => `model ${key} on ${platform}`;
