/**
 * A page that computes for a sibling of the service that it came from. Its scripts come from its own origin: while nothing
 * answers there, or an upgrade has brought others, what needs a script that was not loaded is reported as unavailable. The
 * page opens itself at the sibling once that costs nothing: nothing runs, and either something was missing, or no model is
 * loaded that would be lost. A page that is there as a device stays: its key is for its own origin. It uses no browser globals.
 */
import { ANY_PEER } from './port_socket.js';
import { OWN_WORKERS } from '../shared/messages.js';

/** How often the page looks whether its own origin answers, and whether it may open itself at the sibling. */
export const LOOK_MS = 5000;
/** Engines of the shared workers, for which files come with the first model: those whose models show that the files are there. Tasks
 * compute with onnxruntime-web as well. @type {Readonly<Record<string, readonly string[]>>} */
const WITH_A_MODEL = { ort: ['ort', 'pipeline'], pipeline: ['pipeline'] };

/** Whether it answers; 'other': with the page of another version, which has other scripts. @typedef {boolean | 'other'} Answer */

/**
 * @typedef {object} Around
 * @property {() => Promise<Answer>} answers what the page's own origin does
 * @property {() => boolean} isIdle nothing runs or waits
 * @property {() => boolean} isBare no model is loaded
 * @property {() => boolean} isDevice the sibling knows the page by its key
 * @property {() => void} changed what the page can do
 * @property {(origin: string) => void} reopen opens the page there
 * @property {(run: () => void, ms: number) => any} setTimer @property {(timer: any) => void} clearTimer
 */

export class Elsewhere {
    /** @param {string} own the page's origin @param {Around} around */
    constructor(own, around) {
        this._own = own;
        this._around = around;
        this._service = own;
        this._lacks = false; /* something was needed that is not there */
        /** What the page's own origin answers; null: that is not known yet. @type {Answer | null} */
        this._answers = true;
        /** @type {any} */
        this._timer = undefined;
    }

    /** Its scripts are not at the page's own origin. */
    get isCutOff() {
        return this._answers === false || this._answers === 'other';
    }

    /** The page could be loaded again from its own origin. */
    get isHome() {
        return this._answers === true || this._answers === 'other';
    }

    /** The page is welcome there. @param {string} service its origin; or ANY_PEER: it is its own, which perhaps gives no files */
    at(service) {
        this._service = service;
        this._around.clearTimer(this._timer);
        if (service === this._own) return this._set(true);
        if (this._answers) this._set(null);
        this._look();
    }

    /** An engine has failed, perhaps because its script is not there. */
    failed() {
        if (this.isCutOff) this._lacks = true;
    }

    async _look() {
        const { _service: service } = this, answers = await this._around.answers();
        if (service !== this._service) return;
        this._set(answers);
        if (this._mayReopen()) return this._around.reopen(service);
        this._around.clearTimer(this._timer);
        this._timer = this._around.setTimer(() => this._look(), LOOK_MS);
    }

    _mayReopen() {
        const { isIdle, isBare, isDevice } = this._around;
        return this.isCutOff && this._service !== ANY_PEER && isIdle() && !isDevice() && (this._lacks || isBare());
    }

    /** @param {Answer | null} answers */
    _set(answers) {
        if (answers === this._answers) return;
        this._answers = answers;
        if (!this.isCutOff) this._lacks = false;
        this._around.changed();
    }

    /** Leaves out the engines of which no script was loaded. @param {Record<string, any>} capabilities of the page
     * @param {ReadonlySet<string>} loaded the builds whose workers have run, and the engines of shared ones that have loaded a model
     * @returns {Record<string, any>} */
    within(capabilities, loaded) {
        if (!this.isCutOff) return capabilities;
        const engines = { ...capabilities.engines }, info = { ...capabilities.engine_info };
        const leaveOut = (/** @type {string} */ name) => {
            delete engines[name];
            delete info[name];
        };
        for (const [name, shown] of Object.entries(WITH_A_MODEL)) if (!shown.some((one) => loaded.has(one))) leaveOut(name);
        for (const [name, builds] of Object.entries(OWN_WORKERS)) {
            const has = (/** @type {string} */ platform) => loaded.has(builds[platform]);
            if (!Object.keys(builds).some(has)) leaveOut(name);
            else if (info[name] && !has('webgpu')) {
                info[name] = { ...info[name], can: info[name].can.filter((/** @type {string} */ ability) => ability !== 'webgpu') };
            }
        }
        return { ...capabilities, engines, engine_info: info };
    }
}
