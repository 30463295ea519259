/**
 * When a lent page rests, and when it is slow: what its person has set, held against what the browser tells of the device. Pure:
 * the clock and the senses are passed in.
 */
import { many } from '../shared/count.js';
import { MINUTES } from './settings.js';

/** @import { Values } from './settings.js' */
/** What the browser tells. `battery`: whether the device runs on its battery, null: it does not tell; `saves`: whether data is to be
 * saved; `memory`: of the device in GiB, 0: it does not tell.
 * @typedef {{battery: boolean | null, hidden: boolean, saves: boolean, memory: number}} Senses */
/** `paused`: why nothing runs, in words, or "". `slow`: why it is slow, in words: it uses one thread, and the service gives it only
 * work for which no other node has room. @typedef {{paused: string, slow: string[]}} Ruling */

/** A device with at most this has little memory. */
export const LITTLE_GIB = 2;
const HOUR_MS = 3600_000;
const MINUTE_MS = 60_000;
/** The most that counts between two looks: a device that slept has not computed. */
const GAP_MS = 2 * MINUTE_MS;

/** @param {Values} values @param {Senses} senses @param {number} used ms for which it has computed within the present hour
 * @returns {Ruling} */
export function rulingOf(values, senses, used) {
    const minutes = values.minutesPerHour;
    const paused = values.pauseOnBattery && senses.battery === true ? 'this device runs on its battery'
        : values.pauseWhileHidden && senses.hidden ? 'this page is hidden'
            : minutes < MINUTES && used >= minutes * MINUTE_MS ? `it has computed for ${many(minutes, 'minute')} of this hour` : '';
    const slow = [
        values.preferredDevice === 'low-power' && senses.battery === true && 'this device saves its battery',
        senses.saves && 'this browser is to save data',
        senses.memory > 0 && senses.memory <= LITTLE_GIB && `this device has at most ${LITTLE_GIB} GiB of memory`,
    ];
    return { paused, slow: slow.filter((why) => why !== false) };
}

/** For how long it has computed within the present hour, which began when it first did after the one before was over. */
export class Usage {
    /** @param {string} kept what `toString` gave before the page was loaded again, or "" */
    constructor(kept = '') {
        const [since, ms] = /^\d{1,15} \d{1,8}$/.test(kept) ? kept.split(' ').map(Number) : [0, 0];
        this._since = since;
        this._ms = ms;
        this._at = 0;
        this._running = false;
    }

    /** @param {number} now Unix milliseconds @param {boolean} running whether anything runs from now on
     * @returns {number} milliseconds of the present hour */
    note(now, running) {
        if (this._running) this._ms += Math.min(Math.max(now - this._at, 0), GAP_MS);
        if (now - this._since >= HOUR_MS || now < this._since) {
            this._ms = 0;
            this._since = now;
        }
        this._at = now;
        this._running = running;
        return this._ms;
    }

    toString() {
        return `${this._since} ${Math.round(this._ms)}`;
    }
}
