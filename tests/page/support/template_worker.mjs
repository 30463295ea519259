/** The template worker's script in a thread of Node, with a browser worker's interface. */
import { Worker } from 'node:worker_threads';

const SCRIPT = new URL('../../../page/src/chat/template_worker.js', import.meta.url).href;
/** Packages are found in the build tree; in a thread that has to be said once more. */
const PACKAGES = new URL('../../../scripts/node/modules.mjs', import.meta.url).href;
const BOOT = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
self.postMessage = (message) => parentPort.postMessage(message);
import(${JSON.stringify(PACKAGES)}).then(() => import(${JSON.stringify(SCRIPT)}))
    .then(() => parentPort.on('message', (data) => self.onmessage({ data })));
`;

/** Workers that were started, with what became of them. */
export function startTemplateWorkers() {
    const started = [];
    const start = () => {
        const thread = new Worker(BOOT, { eval: true });
        const worker = {
            onmessage: null, onerror: null, terminated: false,
            postMessage: (message) => thread.postMessage(message),
            terminate: () => { worker.terminated = true; thread.terminate(); },
        };
        thread.on('message', (data) => worker.onmessage?.({ data }));
        thread.on('error', (error) => worker.onerror?.(error));
        started.push(worker);
        return worker;
    };
    return { start, started };
}
