/** The workers that the document has begun for one engine worker (engine/nested.js). They end with it. */

export class Nested {
    /** @param {(message: import('../shared/messages.js').WorkerFailedMessage) => void} tell the engine worker */
    constructor(tell) {
        this._tell = tell;
        /** @type {Map<number, Worker>} */
        this._workers = new Map();
        this._isEnded = false;
    }

    /** @param {import('../shared/messages.js').BeginWorkerMessage} message */
    begin({ id, script, name, port }) {
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
    end(id) {
        this._workers.get(id)?.terminate();
        this._workers.delete(id);
    }

    endAll() {
        this._isEnded = true;
        for (const id of [...this._workers.keys()]) this.end(id);
    }
}
