/**
 * A task in few words, as it crosses from the link worker to an engine worker: each character of it takes longer
 * than it seems, and beside a tiny model that shows. What is as it mostly is stays out, and so does what the other
 * end was told of a model before. What is left out, and what that stands for, is written here alone.
 */
import { engineOf } from './messages.js';

/** @typedef {import('./messages.js').Model} Model */
/** @typedef {import('./messages.js').RunMessage} RunMessage */
/** @typedef {import('./messages.js').BriefRun} BriefRun */

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
        const { type, attempt, message_id, reply_to, from, key, tensors, frame } = run;
        /** @type {BriefRun} */
        const brief = { type, attempt, message_id, reply_to, from, key, tensors, frame };
        if (run.section) brief.section = run.section;
        if (!isSame(this._models.get(key), run.model)) this._note(key, brief.model = run.model);
        if (run.outputs.length > 0) brief.outputs = run.outputs;
        if (run.fallbacks.length > 0) brief.fallbacks = run.fallbacks;
        if (run.precision) brief.precision = run.precision;
        if (run.input) brief.input = run.input;
        if (run.load_only) brief.load_only = true;
        if (run.options) brief.options = run.options;
        if (run.stream) brief.stream = run.stream;
        if (run.task) brief.task = run.task;
        if (run.owner) brief.owner = run.owner;
        if (run.alone) brief.alone = true;
        if (run.waits) brief.waits = true;
        if (run.prompt_ms) brief.prompt_ms = run.prompt_ms;
        return brief;
    }

    /** The receiver's, in the order in which they came. @param {BriefRun} run filled in @returns {RunMessage} */
    complete(run) {
        if (run.model) this._note(run.key, run.model);
        else run.model = this._models.get(run.key);
        run.section ??= 0;
        run.outputs ??= [];
        run.fallbacks ??= [];
        run.precision ??= null;
        run.input ??= null;
        run.load_only ??= false;
        return /** @type {RunMessage} */ (run);
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
