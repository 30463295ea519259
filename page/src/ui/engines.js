/** The document's engine workers: one for each build, replaced on demand, joined to the link worker. */

import { letterboxes } from '../shared/letterbox.js';

/** @typedef {import('../shared/messages.js').Build} Build */
/** @typedef {import('../shared/messages.js').ToLink} ToLink */

export class Engines {
    /** @param {Record<string, string>} scripts by build @param {import('../shared/messages.js').PageOptions} options
     * @param {(message: ToLink, transfer?: Transferable[]) => void} tellLink */
    constructor(scripts, options, tellLink) {
        this._scripts = scripts;
        this._options = options;
        this._tellLink = tellLink;
        /** @type {Map<Build, {worker: Worker, generation: number}>} */
        this._workers = new Map();
    }

    /** Ends the build's worker, if there is one, and starts another. @param {Build} build */
    replace(build) {
        const old = this._workers.get(build);
        old?.worker.terminate();
        const generation = (old?.generation ?? 0) + 1;
        const worker = new Worker(this._scripts[build], { type: 'module', name: `engine-${build}` });
        this._workers.set(build, { worker, generation });
        const died = (/** @type {string} */ reason) =>
            this._tellLink({ type: 'engine_died', build, generation, reason });
        worker.onerror = (event) => {
            event.preventDefault();
            died(event.message || 'its script could not be loaded');
        };
        worker.onmessageerror = () => died('a message could not be read');
        const { port1, port2 } = new MessageChannel();
        const memory = letterboxes();
        this._tellLink({ type: 'engine', build, generation, port: port1, memory }, [port1]);
        worker.postMessage({ type: 'start', port: port2, memory, options: this._options }, [port2]);
    }
}
