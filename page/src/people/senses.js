/** What this browser tells a page about its device: each of these things is known to some browsers only. */

/** @import { Senses } from './power.js' */

/** The last is not told, but done. @typedef {keyof Senses | 'wake'} Sense */

/** What of it a rule needs, which browsers tell it, and what is said where it is not told.
 * @type {Readonly<Record<Sense, {tells: () => boolean, browsers: string, missing: string}>>} */
export const SENSES = {
    battery: {
        tells: () => 'getBattery' in navigator,
        browsers: 'Chrome, Edge, Opera and other browsers made from Chromium tell a page, if it is opened by https, whether the device runs on its battery.',
        missing: 'This browser does not tell pages whether the device runs on its battery, so this has no effect here.',
    },
    hidden: { tells: () => 'hidden' in document, browsers: 'All browsers tell a page whether it is hidden.', missing: 'This browser does not tell pages whether they are hidden.' },
    wake: {
        tells: () => 'wakeLock' in navigator,
        browsers: 'Most browsers let a page that is opened by https keep the screen on.',
        missing: 'This browser does not let this page keep the screen on, so this has no effect here.',
    },
    saves: {
        // A feature that a browser does not know is neither so nor not so.
        tells: () => connection()?.saveData !== undefined || matchMedia('(prefers-reduced-data) or (not (prefers-reduced-data))').matches,
        browsers: 'Chrome, Edge, Opera and other browsers made from Chromium tell a page whether data is to be saved.',
        missing: 'This browser does not tell pages whether data is to be saved.',
    },
    memory: {
        tells: () => 'deviceMemory' in navigator,
        browsers: 'Chrome, Edge, Opera and other browsers made from Chromium tell a page, if it is opened by https, about how much memory the device has.',
        missing: 'This browser does not tell pages how much memory the device has.',
    },
};

/** @returns {any} */
const connection = () => /** @type {any} */ (navigator).connection;

const reduced = () => matchMedia('(prefers-reduced-data: reduce)');

export class Watch {
    /** @param {() => void} changed */
    constructor(changed) {
        this._changed = changed;
        /** @type {{charging: boolean} | null} */
        this._battery = null;
        document.addEventListener('visibilitychange', changed);
        connection()?.addEventListener?.('change', changed);
        reduced().addEventListener?.('change', changed);
        this._meetBattery();
    }

    async _meetBattery() {
        try {
            const battery = await /** @type {any} */ (navigator).getBattery?.();
            if (!battery) return;
            this._battery = battery;
            battery.addEventListener('chargingchange', this._changed);
            this._changed();
        } catch {
            // It is not told, then.
        }
    }

    /** @returns {Senses} */
    get senses() {
        return {
            battery: this._battery ? !this._battery.charging : null, hidden: document.hidden,
            saves: connection()?.saveData === true || reduced().matches, memory: Number(/** @type {any} */ (navigator).deviceMemory ?? 0),
        };
    }
}
