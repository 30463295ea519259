/**
 * The platforms that are not used for a while, because the GPU may still be busy with a run that was ended.
 */

/** @import { PlatformReport } from '../shared/messages.js' */

export class Bars {
    constructor() {
        /** By platform: until when, and what it can do then; null: its next worker says that.
         * @type {Map<string, {until: number, report: PlatformReport | null}>} */
        this._bars = new Map();
    }

    /** @param {string} platform */
    has(platform) {
        return this._bars.has(platform);
    }

    /** Bars it, or for longer. What it could do before it was barred stays known unless its worker goes.
     * @param {string} platform @param {number} until @param {PlatformReport | null} report null: its worker goes */
    set(platform, until, report) {
        const before = this._bars.get(platform);
        this._bars.set(platform, { until, report: before && report ? before.report : report });
    }

    /** Its worker has said what it can do. @param {string} platform that is barred @param {PlatformReport} report */
    keep(platform, report) {
        const { until } = /** @type {{until: number}} */ (this._bars.get(platform));
        this._bars.set(platform, { until, report });
    }

    /** @param {string} platform @returns {PlatformReport | null} what it can do now; null: unknown, or it was not barred */
    lift(platform) {
        const report = this._bars.get(platform)?.report ?? null;
        this._bars.delete(platform);
        return report;
    }

    /** Those to be lifted. @param {number} now @returns {string[]} */
    over(now) {
        return [...this._bars].filter(([, { until }]) => until <= now).map(([platform]) => platform);
    }

    /** When the next one is over; Infinity: there is none. */
    get due() {
        return Math.min(...[...this._bars.values()].map(({ until }) => until));
    }
}
