/**
 * A task in few words, as it crosses from the link worker to an engine worker: each character of it takes longer
 * than it seems, and beside a tiny model that shows. What is as it mostly is stays out, and so does what the other
 * end was told of a model before. What is left out, and what that stands for, is written here alone.
 */
import { engineOf } from './messages.js';

/** @typedef {import('./messages.js').Model} Model */
/** @typedef {import('./messages.js').RunMessage} RunMessage */
/** @typedef {import('./messages.js').BriefRun} BriefRun */

/** What a task mostly says of these. @type {any} */
const USUAL = Object.freeze({
    load_only: false, precision: null, outputs: Object.freeze([]), input: null, section: 0, fallbacks: Object.freeze([]),
});
/** So many models the other end need not be told again. */
const TOLD_MAX = 256;

/** What one end of a channel has told the other of models. Both keep the same by doing the same in the same
 * order: what is said of it comes through the channel. */
export class ToldModels {
    constructor() {
        /** By key, in the order in which they were told. @type {Map<string, Model>} */
        this._models = new Map();
    }

    /** The sender's: the task as it is to be sent now. @param {RunMessage} run @returns {BriefRun} */
    shorten(run) {
        /** @type {any} */
        const brief = {}, /** @type {any} */ task = run;
        const told = this._models.get(run.key);
        for (const name in task) {
            if (!isSame(task[name], name === 'model' ? told : USUAL[name])) brief[name] = task[name];
        }
        if (brief.model) this._note(run.key, run.model);
        return brief;
    }

    /** The receiver's, in the order in which they came. @param {BriefRun} run filled in @returns {RunMessage} */
    complete(run) {
        /** @type {any} */
        const task = run;
        if (run.model) this._note(run.key, run.model);
        else task.model = this._models.get(run.key);
        for (const name in USUAL) task[name] ??= USUAL[name];
        return task;
    }

    /** The model is unloaded. @param {string} key */
    forget(key) {
        this._models.delete(key);
    }

    /** Nobody knows anything any more. */
    clear() {
        this._models.clear();
    }

    /** What every node has is told in few words each time. @param {string} key @param {Model} model */
    _note(key, model) {
        if (engineOf(model) === 'builtin') return;
        this._models.delete(key);
        this._models.set(key, model);
        if (this._models.size <= TOLD_MAX) return;
        const [oldest] = this._models.keys();
        this._models.delete(oldest);
    }
}

/** Whether two values of JSON say the same, in the same order. @param {any} a @param {any} b @returns {boolean} */
function isSame(a, b) {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    for (const name in a) if (!isSame(a[name], b[name])) return false;
    for (const name in b) if (!(name in a)) return false;
    return true;
}
