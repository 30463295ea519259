/** The document's engine workers, by their names: begun and ended on demand, joined to the link worker. */

import { rings } from '../shared/ring.js';
import { isInWorkers } from '../shared/webgl.js';
import { Owner } from './owner.js';
import { decodeSound } from './sound.js';

/** @import { Build, FileRequest, ToLink } from '../shared/messages.js' */

/** An engine that runs in the document instead of a worker: WebKitGTK has WebGL only there. */
class Resident {
    /** @param {string} script */
    constructor(script) {
        /** @type {((event: ErrorEvent) => void) | null} */
        this.onerror = null;
        /** @type {unknown} */
        this.onmessage = null;
        /** @type {unknown} */
        this.onmessageerror = null;
        this._isEnded = false;
        this._end = () => {};
        this._begun = import(new URL(script, import.meta.url).href).then(({ begin }) => begin(() => document.createElement('canvas')));
    }

    /** @param {import('../shared/messages.js').EngineStartMessage} message @param {Transferable[]} transferred */
    postMessage({ port, memory, options }, transferred) {
        this._begun.then(({ server, end }) => {
            if (this._isEnded) return;
            this._end = end;
            server.start(port, memory, options);
        }).catch((error) => this.onerror?.(new ErrorEvent('error', { message: String(error), cancelable: true })));
    }

    terminate() {
        this._isEnded = true;
        this._end();
    }
}

export class Engines {
    /** @param {Record<Build, string>} scripts @param {() => import('../shared/messages.js').PageOptions} options
     * @param {(message: ToLink, transfer?: Transferable[]) => void} tellLink
     * @param {(bytes: number) => void} fetched is told what they fetch
     * @param {(port: MessagePort) => () => void} [share] joins a worker with other pages, which may have its files, until it ends
     * @param {(request: FileRequest, port: MessagePort) => void} [get] brings them a file over peers, if they are ever told to ask for one */
    constructor(scripts, options, tellLink, fetched, share = () => () => {}, get = () => {}) {
        this._scripts = scripts;
        this._fetched = fetched;
        this._share = share;
        this._get = get;
        this._options = options;
        this._tellLink = tellLink;
        /** @type {Map<string, Owner<Worker | Resident>>} */
        this._owners = new Map();
        /** What ends with each. @type {Map<string, () => void>} */
        this._ends = new Map();
        this._generation = 0;
    }

    /** Ends the worker of that name, if there is one, and starts another. @param {string} name @param {Build} build */
    begin(name, build) {
        this.close(name);
        const generation = ++this._generation;
        const worker = build === 'gl_kernels' && !isInWorkers() ? new Resident(this._scripts[build])
            : new Worker(this._scripts[build], { type: 'module', name: `engine-${build}` });
        const owner = new Owner(worker, (message) => /** @type {Worker} */ (worker).postMessage(message));
        this._owners.set(name, owner);
        const died = (/** @type {string} */ reason) =>
            this._tellLink({ type: 'engine_died', worker: name, generation, reason });
        worker.onerror = (/** @type {ErrorEvent} */ event) => {
            event.preventDefault();
            died(event.message || 'its script could not be loaded');
        };
        worker.onmessage = (/** @type {MessageEvent<import('../shared/messages.js').FromWorker>} */ { data }) => {
            if (data.type === 'decode_sound') decodeSound(data);
            else if (data.type === 'fetched') this._fetched(data.bytes);
            else if (data.type === 'get') this._get(data.request, data.port);
            else owner.hear(data);
        };
        worker.onmessageerror = () => died('a message could not be read');
        const { port1, port2 } = new MessageChannel(), others = new MessageChannel();
        const memory = rings();
        this._tellLink({ type: 'engine', worker: name, generation, port: port1, memory }, [port1]);
        worker.postMessage({ type: 'start', port: port2, memory, options: this._options(), others: others.port2 }, [port2, others.port2]);
        this._ends.set(name, this._share(others.port1));
    }

    closeAll() {
        for (const name of [...this._owners.keys()]) this.close(name);
    }

    /** @param {string} name */
    close(name) {
        this._owners.get(name)?.end();
        this._owners.delete(name);
        this._ends.get(name)?.();
        this._ends.delete(name);
    }
}
