/**
 * Chat templates, rendered in a worker of their own, one after the other. A template that takes too
 * long costs its own request and the worker, which is replaced for the next.
 *
 *   none → starting → ready ⇄ rendering → none, when it took too long or broke
 */
import { Failure } from '../engine/failure.js';

/** @import { RenderAnswer } from './template_worker.js' */
/** The members of a browser's worker that are used. @typedef {{postMessage(message: unknown): void, terminate(): void,
 *   onmessage: ((event: any) => void) | null, onerror: ((event: any) => void) | null}} WorkerLike */
/** @typedef {{source: string, variables: Record<string, unknown>,
 *   resolve: (text: string) => void, reject: (error: Failure) => void}} Job */

/** For one template, in ms. */
const RENDER_MS = 2000;
/** For the worker's script to arrive and start, in ms. */
const START_MS = 60000;
const FIELD = 'inputs.messages';

export class Templates {
    /**
     * @param {() => WorkerLike} start makes the worker: of template_worker.js
     * @param {{renderMs?: number, startMs?: number}} [limits]
     */
    constructor(start, { renderMs = RENDER_MS, startMs = START_MS } = {}) {
        this._start = start;
        this._renderMs = renderMs;
        this._startMs = startMs;
        /** @type {WorkerLike | null} */
        this._worker = null;
        this._isReady = false;
        /** Those to be rendered; the first one is, once the worker is ready. @type {Job[]} */
        this._jobs = [];
        this._sent = 0;
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this._timer = undefined;
    }

    /**
     * @param {string} source the template
     * @param {Record<string, unknown>} variables plain data
     * @returns {Promise<string>}
     * @throws {Failure} input_invalid if the template refuses the messages, or fails with them, takes too
     * long
     *     or makes too much; model_invalid if it is none; model_fetch_failed if its worker does not start;
     *     inference_failed if that breaks
     */
    render(source, variables) {
        return new Promise((resolve, reject) => {
            this._jobs.push({ source, variables, resolve, reject });
            if (this._jobs.length === 1) this._next();
        });
    }

    /** Ends the worker. Running jobs fail. */
    close() {
        for (const job of this._jobs.splice(0)) {
            job.reject(new Failure('cancelled', 'the renderer of chat templates was closed'));
        }
        this._drop();
    }

    _next() {
        const [job] = this._jobs;
        if (!job) return;
        if (!this._worker) this._begin();
        if (!this._isReady || !this._worker) return;
        const endless = () => this._lose(new Failure('input_invalid',
            `the model's chat template did not come to an end within ${this._renderMs} ms with these `
                + 'messages',
            { field: FIELD }));
        this._timer = setTimeout(endless, this._renderMs);
        this._worker.postMessage({ id: ++this._sent, source: job.source, variables: job.variables });
    }

    _begin() {
        // A script that does not arrive says nothing of the messages.
        const failed = () => this._lose(this._isReady
            ? new Failure('inference_failed', 'the worker that renders chat templates failed')
            : new Failure('model_fetch_failed', "the page's script for chat templates could not be loaded"));
        this._timer = setTimeout(failed, this._startMs);
        try {
            this._worker = this._start();
        } catch {
            failed();
            return;
        }
        this._worker.onmessage = ({ data }) => this._answered(data);
        this._worker.onerror = failed;
    }

    /** @param {RenderAnswer} answer */
    _answered(answer) {
        clearTimeout(this._timer);
        if ('ready' in answer) {
            this._isReady = true;
            this._next();
            return;
        }
        const job = this._jobs.shift();
        if ('text' in answer) job?.resolve(answer.text);
        else job?.reject(failureOf(answer));
        this._next();
    }

    /** The first job fails, and the worker with it. @param {Failure} failure */
    _lose(failure) {
        this._drop();
        this._jobs.shift()?.reject(failure);
        this._next();
    }

    _drop() {
        clearTimeout(this._timer);
        if (this._worker) {
            this._worker.onmessage = this._worker.onerror = null;
            this._worker.terminate();
        }
        this._worker = null;
        this._isReady = false;
    }
}

/** @param {{kind: import('./jinja/errors.js').Kind, message: string}} answer */
function failureOf({ kind, message }) {
    if (kind === 'template') {
        return new Failure('model_invalid', `the model's chat template cannot be used: ${message}`);
    }
    const text = kind === 'raised' ? `the model's chat template refuses these messages: ${message}`
        : `the model's chat template fails with these messages: ${message}`;
    return new Failure('input_invalid', text, { field: FIELD });
}
