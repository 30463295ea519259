/**
 * A thread of Node.js as the page's workers know theirs: `self` with its messages, its origin and its end. Imported before
 * any of them.
 */
import { parentPort, workerData } from 'node:worker_threads';

const { origin } = workerData;

Object.assign(globalThis, {
    self: globalThis,
    location: new URL(origin),
    crossOriginIsolated: true,
    postMessage: (/** @type {any} */ message, /** @type {any} */ transfer) => parentPort?.postMessage(message, transfer),
    close: () => process.exit(0), // of a thread it ends the thread
    addEventListener: (/** @type {string} */ type, /** @type {(event: any) => void} */ handle) => {
        if (type === 'unhandledrejection') process.on('unhandledRejection', (reason) => handle({ reason, preventDefault: () => {} }));
    },
});
// What has come waits until somebody listens.
Object.defineProperty(globalThis, 'onmessage', {
    set: (handle) => parentPort?.on('message', (data) => handle({ data })),
});
