/** The workers that the document has begun for another worker (shared/nested.js). They end with it. */

/** @import { BeginWorkerMessage, EndWorkerMessage, WorkerFailedMessage } from '../shared/messages.js' */

export class Nested {
    /** @param {(message: WorkerFailedMessage) => void} tell the other worker */
    constructor(tell) {
        this._tell = tell;
        /** @type {Map<number, Worker>} */
        this._workers = new Map();
        this._isEnded = false;
    }

    /** @param {BeginWorkerMessage | EndWorkerMessage} message */
    hear(message) {
        if (message.type === 'begin_worker') this._begin(message);
        else if (message.type === 'end_worker') this._end(message.id);
    }

    /** @param {BeginWorkerMessage} message */
    _begin({ id, script, name, port }) {
        if (this._isEnded) return;
        const worker = new Worker(__NESTED_WORKER__, { type: 'module', name });
        worker.onerror = (event) => {
            event.preventDefault();
            this._tell({ type: 'worker_failed', id, message: event.message || 'its script could not be loaded' });
        };
        worker.postMessage({ script, port }, [port]);
        this._workers.set(id, worker);
    }

    /** @param {number} id */
    _end(id) {
        this._workers.get(id)?.terminate();
        this._workers.delete(id);
    }

    endAll() {
        this._isEnded = true;
        for (const id of [...this._workers.keys()]) this._end(id);
    }
}
