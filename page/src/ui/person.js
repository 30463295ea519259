/**
 * The person who lends this browser: their pause, the rules by which the page rests, and the limits that they have set. All of it
 * goes to the link worker. What is shown of it is in a script of its own, which only a page with a person loads.
 */
import { Remembered } from './remembered.js';
import { trim } from '../shared/kept_files.js';
import { isOver } from '../shared/lent.js';

/** @import { DeviceKey } from '../shared/device_key.js' */
/** @import { Build, DeviceResult, Limits, StateMessage, ToLink } from '../shared/messages.js' */
/** @import { People } from '../people/people.js' */
/** @import { Ruling } from '../people/power.js' */
/** @import { Device, Settings } from '../people/settings.js' */
/** @import { Peering } from './peering.js' */

/** Why it rests before it loads itself again. */
const RESTARTS = 'it is about to compute with another device';

/** What the document does for it.
 * @typedef {object} Around
 * @property {Record<Build, string>} scripts of engine workers
 * @property {Peering} peering its connections to other browsers
 * @property {(bytes: number) => void} fetched is told what workers fetch of which the link worker knows nothing
 * @property {() => void} changed a setting has changed
 * @property {(origin: string) => void} restart loads the page again, from there
 * @property {(address: string) => void} open loads the page at that address of its origin
 * @property {(problem: string) => void} failed the script of its own cannot be loaded */

export class Person {
    /** @param {Settings} settings @param {URLSearchParams} asked the options of the address @param {Around} around */
    constructor(settings, asked, around) {
        this.settings = settings;
        this.remembered = new Remembered();
        this._asked = asked;
        this._around = around;
        /** @type {Promise<People | null> | null} */
        this._people = null;
        /** @type {StateMessage | null} */
        this._shown = null;
        /** @type {Ruling} */
        this._ruling = { paused: '', slow: [] };
        /** @type {((message: ToLink) => void) | null} */
        this._tell = null;
        this._draw = () => {};
        /** The one that the page computes with. @type {Device | null} */
        this._device = null;
        this._opens = ''; /* the origin from which it is to be loaded again; then it leaves */
        this._told = '';
        this._wasPaused = false;
        settings.onChange(() => this._onSetting());
    }

    /** Whether its person has paused it. */
    get hasPaused() {
        return this._asked.has('paused');
    }

    /** Why it rests, if its person has not paused it; or "". */
    get rests() {
        return this.hasPaused ? '' : this._restarts ? RESTARTS : this._ruling.paused;
    }

    /** It is to be loaded again, and can be. */
    get _restarts() {
        return this._wantsDevice && Boolean(this._shown?.opens);
    }

    get _wantsDevice() {
        return this._device !== null && this._device !== this.settings.values.preferredDevice;
    }

    /** What the link worker is to begin with. @param {(message: ToLink) => void} tell it what changes from now on
     * @param {() => void} draw what is shown of pauses, which may have changed 
     * @returns {{limits: Limits, paused: boolean, key: DeviceKey | null, isKnown: boolean}} */
    begin(tell, draw) {
        this._device = this.settings.values.preferredDevice;
        this._tell = tell;
        this._draw = draw;
        const limits = this._limits(), paused = this._isPaused();
        this._told = JSON.stringify(limits);
        this._wasPaused = paused;
        return { limits, paused, ...this.remembered.begin(tell) };
    }

    /** The page computes no more: the link worker is not to hear of anything. */
    end() {
        this._tell = null;
        this._device = null;
        this.remembered.end();
    }

    /** Loads the script of its own, once. */
    async open() {
        this._people ??= this._load();
        const people = await this._people;
        if (this._shown) people?.show(this._shown);
    }

    /** @returns {Promise<People | null>} */
    async _load() {
        const { scripts, fetched, peering, open, failed } = this._around;
        try {
            const { People: Made } = await import(new URL(__PEOPLE__, import.meta.url).href);
            return new Made({
                settings: this.settings, place: /** @type {Element} */ (document.getElementById('lent')), scripts, fetched, peering, open,
                token: () => this._asked.get('token') ?? '', remembered: this.remembered, rule: (/** @type {Ruling} */ ruling) => this._onRuling(ruling),
                send: (/** @type {DeviceResult} */ result) => this._tell?.({ type: 'result', result }),
            });
        } catch (error) {
            failed(String(error));
            return null;
        }
    }

    /** @param {StateMessage} message */
    show(message) {
        const { opens } = this._shown ?? message;
        this._shown = message;
        if (message.opens !== opens) this._apply();
        this.remembered.show(message);
        if (message.joined && !this._people) this.open();
        // What has come since then is shown at once.
        else this._people?.then((people) => people?.show(this._shown ?? message));
        this._restart(message);
    }

    /** Another device needs other workers: once nothing runs, the page leaves, so that its place is free, and is loaded again.
     * @param {StateMessage} message */
    _restart(message) {
        if (this._opens) {
            if (message.state === 'stopped') this._around.restart(this._opens);
        } else if (this._restarts && message.paused && message.running === 0 && !isOver(message)) {
            this._opens = message.opens;
            this._tell?.({ type: 'leave', reason: RESTARTS });
        }
    }

    /** The button. @param {boolean} paused */
    pause(paused) {
        if (paused) this._asked.set('paused', '');
        else this._asked.delete('paused');
        this._apply();
    }

    /** @param {Ruling} ruling */
    _onRuling(ruling) {
        this._ruling = ruling;
        this._apply();
    }

    _onSetting() {
        this._around.changed();
        trim(this.settings.values.storageLimit).then(() => this._around.changed());
        this._apply();
    }

    _isPaused() {
        return this.hasPaused || this.rests !== '';
    }

    /** @returns {Limits} */
    _limits() {
        const { memoryLimit: memory, storageLimit: storage } = this.settings.values;
        return { memory, storage, slow: this._ruling.slow.length > 0 };
    }

    _apply() {
        const limits = this._limits(), told = JSON.stringify(limits), paused = this._isPaused();
        if (told !== this._told) this._tell?.({ type: 'limits', limits });
        if (paused !== this._wasPaused) this._tell?.({ type: 'pause', paused });
        this._told = told;
        this._wasPaused = paused;
        this._people?.then((people) => people?.defer(this._wantsDevice && !this._restarts));
        this._draw();
    }
}
