/**
 * What a person sees and sets who lends this browser: the script of its own that only such pages load. It decides when the page
 * rests and when it is slow; the document (ui/person.js) does what follows.
 */
import { Controls } from './controls.js';
import { DeviceView } from './device_view.js';
import { element } from './elements.js';
import { Figures } from './figures.js';
import { Log, Noter } from './log.js';
import { LogView } from './log_view.js';
import { rulingOf, Usage } from './power.js';
import { Watch } from './senses.js';
import { PeersView } from './peers_view.js';
import { MINUTES } from './settings.js';
import { Remember } from './remember.js';
import { linkField, Share } from './share.js';
import { Wake } from './wake.js';
import { isOver } from '../shared/lent.js';
import { keep, recall } from '../ui/kept.js';

/** @import { Build, DeviceResult, StateMessage } from '../shared/messages.js' */
/** @import { Ruling } from './power.js' */
/** @import { Settings, Values } from './settings.js' */
/** @import { Peering } from '../ui/peering.js' */
/** @import { Remembered } from '../ui/remembered.js' */

/** How often rules are looked at that no event tells. */
const LOOK_MS = 1000;
/** Why the device is not tested now, and why nothing else runs while it is. */
const BUSY = 'Something runs here now. Pause the page, wait until nothing runs any more, and test the device then.';
const TESTED = 'this device is being tested';
/** The name under which the tab keeps for how long it has computed in this hour. */
const USED = 'webinfer.used';
/** It is kept after so many ms of computing, since a page that the system ends says no goodbye. */
const KEEP_MS = 10_000;

/** @typedef {object} Page
 * @property {Settings} settings
 * @property {Element} place after which the sections are put
 * @property {Record<Build, string>} scripts of engine workers @property {(bytes: number) => void} fetched is told what they fetch
 * @property {() => string} token of its link, or "" @property {Remembered} remembered whether services remember this browser
 * @property {Peering} peering its connections to other browsers
 * @property {(address: string) => void} open the page at that address of its origin
 * @property {(result: DeviceResult) => void} send to the service what was measured here
 * @property {(ruling: Ruling) => void} rule is told the first ruling, and each other one
 */

export class People {
    /** @param {Page} page */
    constructor({ settings, place, scripts, fetched, token, remembered, peering, open, send, rule }) {
        this._settings = settings;
        this._values = settings.values;
        this._rule = rule;
        this._ruled = '';
        this._running = false;
        this._works = false;
        this._tested = false;
        this._busy = '';
        this._usage = new Usage(recall('sessionStorage', USED));
        this._kept = 0; /* of it, in ms */
        const log = new Log();
        this._noter = new Noter(log, () => new Date());
        this._log = new LogView(log);
        this._figures = new Figures();
        this._remember = new Remember(remembered, token() !== '');
        this._controls = new Controls(settings, this._remember.field);
        this._share = new Share(token);
        this._peers = new PeersView(peering);
        this._wake = new Wake();
        this._device = new DeviceView({
            scripts, fetched, send, device: () => settings.values.preferredDevice, busy: () => this._busy,
            rest: (isTested) => {
                this._tested = isTested;
                this._look();
            },
        });
        const sections = [this._figures, this._controls, this._peers, this._device, this._share, this._log].map((one) => one.section);
        place.after(...(token() ? [] : [linkField(open)]), ...sections);
        // Browsers can install a page that has these.
        for (const [rel, name] of [['icon', __ICON__], ['manifest', __MANIFEST__]])
            document.head.append(element('link', { rel, href: new URL(name, import.meta.url).href }));
        this._watch = new Watch(() => this._look());
        settings.onChange(() => this._onSetting());
        setInterval(() => this._look(), LOOK_MS);
        addEventListener('pagehide', () => this._keepUsage());
        this._look();
    }

    /** @param {StateMessage} message */
    show(message) {
        const over = isOver(message);
        this._running = message.running > 0 && !over;
        this._works = message.state === 'connected' && !message.paused;
        this._busy = message.running + message.queued > 0 && !over ? BUSY : '';
        this._noter.state(message);
        this._figures.show(message, Date.now());
        this._share.show(message);
        this._remember.show(message);
        this._device.show(message);
        this._look();
    }

    /** @param {boolean} isDeferred another device is wanted, but the page cannot be loaded again now */
    defer(isDeferred) {
        this._controls.defer(isDeferred);
    }

    _onSetting() {
        const now = this._settings.values;
        for (const name of /** @type {(keyof Values)[]} */ (Object.keys(now)))
            if (now[name] !== this._values[name]) this._noter.note('info', `${name} is ${now[name]} from now on.`);
        this._values = now;
        this._look();
    }

    _keepUsage() {
        if (this._settings.values.minutesPerHour < MINUTES) keep('sessionStorage', USED, String(this._usage));
    }

    _look() {
        const used = this._usage.note(Date.now(), this._running), found = rulingOf(this._settings.values, this._watch.senses, used);
        if (Math.abs(used - this._kept) >= KEEP_MS) {
            this._kept = used;
            this._keepUsage();
        }
        const ruling = this._tested ? { ...found, paused: TESTED } : found;
        const ruled = JSON.stringify(ruling);
        if (ruled !== this._ruled) {
            this._ruled = ruled;
            this._noter.ruling(ruling);
            this._controls.show(ruling);
            this._rule(ruling);
        }
        this._wake.want(this._settings.values.wakeLock && this._works);
        this._log.show();
        this._peers.show();
    }
}
