/** A worker that the document has begun, and those that it has begun for that one (shared/nested.js), which end with it. */

/** @import { BeginWorkerMessage, EndWorkerMessage, WorkerFailedMessage } from '../shared/messages.js' */

/** @template {{terminate(): void}} W */
export class Owner {
    /** @param {W} worker @param {(message: WorkerFailedMessage) => void} tell it */
    constructor(worker, tell) {
        this.worker = worker;
        this._tell = tell;
        /** @type {Map<number, Worker>} */
        this._nested = new Map();
        this._isEnded = false;
    }

    /** @param {BeginWorkerMessage | EndWorkerMessage} message of the worker */
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
        this._nested.set(id, worker);
    }

    /** @param {number} id */
    _end(id) {
        this._nested.get(id)?.terminate();
        this._nested.delete(id);
    }

    /** Ends it and all of them. */
    end() {
        this._isEnded = true;
        this.worker.terminate();
        for (const id of [...this._nested.keys()]) this._end(id);
    }
}
