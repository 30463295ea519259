/**
 * A task in few words, as it crosses from the link worker to an engine worker: each character of it takes longer
 * than it seems, and beside a tiny model that shows. What is as it mostly is stays out, and so does what the last
 * task of the model has told the other end. What is left out, and what that stands for, is written here alone.
 */

/** @typedef {import('./messages.js').RunMessage} RunMessage */
/** @typedef {import('./messages.js').BriefRun} BriefRun */

/** What a task mostly says of these. @type {any} */
const USUAL = Object.freeze({
    load_only: false, precision: null, outputs: Object.freeze([]), input: null, section: 0, fallbacks: Object.freeze([]),
});
/** What the next task of a model mostly says as the one before. */
const LASTING = Object.freeze(/** @type {const} */ (['model', 'from', 'section', 'tensors']));
/** So many models the other end need not be told again, nor so many tensors of a task. */
const TOLD_MAX = 256;
const TENSORS_MAX = 16;

/** What one end of a channel has told the other of models and their tasks. Both keep the same by doing the same in
 * the same order: what is said of it comes through the channel. */
export class ToldModels {
    constructor() {
        /** What the next task of a model is taken to say: by its key, in the order in which that has changed.
         * @type {Map<string, any>} */
        this._expected = new Map();
    }

    /** The sender's: the task as it is to be sent now. @param {RunMessage} run @returns {BriefRun} */
    shorten(run) {
        /** @type {any} */
        const brief = {}, /** @type {any} */ task = run;
        const expected = this._expected.get(run.key) ?? USUAL;
        for (const name in task) if (!isSame(task[name], expected[name])) brief[name] = task[name];
        if (tellsMore(brief)) this._note(run);
        return brief;
    }

    /** The receiver's, in the order in which they came. @param {BriefRun} run filled in @returns {RunMessage} */
    complete(run) {
        /** @type {any} */
        const task = run;
        const isMore = tellsMore(run);
        const expected = this._expected.get(run.key) ?? USUAL;
        for (const name in expected) task[name] ??= expected[name];
        if (isMore) this._note(task);
        return task;
    }

    /** The model is unloaded. @param {string} key */
    forget(key) {
        this._expected.delete(key);
    }

    /** Nobody knows anything any more. */
    clear() {
        this._expected.clear();
    }

    /** What it says need not be said next time. @param {RunMessage} run */
    _note({ key, model, from, section, tensors }) {
        this._expected.delete(key);
        this._expected.set(key, { ...USUAL, model, from, section, ...(tensors.length <= TENSORS_MAX ? { tensors } : {}) });
        if (this._expected.size <= TOLD_MAX) return;
        const [oldest] = this._expected.keys();
        this._expected.delete(oldest);
    }
}

/** @param {BriefRun} run */
const tellsMore = (run) => LASTING.some((name) => name in run);

/** Whether two values of JSON say the same, members in any order. @param {any} a @param {any} b @returns {boolean} */
function isSame(a, b) {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    const isList = Array.isArray(a);
    if (isList !== Array.isArray(b)) return false;
    return isList ? areSame(a, b) : haveSame(a, b);
}

/** @param {any[]} a @param {any[]} b */
function areSame(a, b) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
    return true;
}

/** @param {Record<string, any>} a @param {Record<string, any>} b */
function haveSame(a, b) {
    let more = 0; // members of a than of b
    for (const name in a) {
        if (!isSame(a[name], b[name])) return false;
        more++;
    }
    for (const _ in b) more--;
    return more === 0;
}
