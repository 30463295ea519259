/**
 * The workers that a worker has, for threads and for templates. In Firefox the document begins them: there
 * `new Worker` in a worker now and then never comes back, on a busy machine once in twenty times (seen in 153), and
 * whatever the worker has to do waits for it for ever. To begin them in the document takes a fifth of the time,
 * too. Others cannot send compiled WASM through a port, or need not.
 */

const NEVER_COMES_BACK = /\bFirefox\//;

let count = 0;
/** Those that are not ended. @type {Map<number, BegunElsewhere>} */
const begun = new Map();

/** Has the interface of a Worker for the code that begins it: a module. */
class BegunElsewhere {
    /** @param {string | URL} script absolute @param {WorkerOptions} [options] */
    constructor(script, { name = '' } = {}) {
        const { port1, port2 } = new MessageChannel();
        /** @type {((event: MessageEvent) => void) | null} */
        this.onmessage = null;
        /** @type {((event: ErrorEvent) => void) | null} */
        this.onerror = null;
        this._id = ++count;
        this._port = port1;
        this._port.onmessage = (event) => this.onmessage?.(event);
        begun.set(this._id, this);
        self.postMessage({ type: 'begin_worker', id: this._id, script: String(script), name, port: port2 }, { transfer: [port2] });
    }

    /** @param {unknown} message @param {Transferable[]} [transferred] */
    postMessage(message, transferred = []) {
        this._port.postMessage(message, transferred);
    }

    terminate() {
        begun.delete(this._id);
        this._port.close();
        self.postMessage({ type: 'end_worker', id: this._id });
    }
}

/** From now on the document begins what is begun here, where that is better: not in Node, which may have no navigator. */
export function beginElsewhere() {
    if (NEVER_COMES_BACK.test(globalThis.navigator?.userAgent ?? '')) Object.assign(self, { Worker: BegunElsewhere });
}

/** An error without a listener is this worker's own error, as if this worker had begun the other one itself.
 * @param {import('./messages.js').WorkerFailedMessage} message */
export function failedElsewhere({ id, message }) {
    const worker = begun.get(id);
    if (worker?.onerror) worker.onerror(new ErrorEvent('error', { message }));
    else if (worker) throw new Error(message);
}
