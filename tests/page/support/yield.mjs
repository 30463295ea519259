/**
 * A browser's event loop turns between two messages of a port; that of Node does not while there is
 * another. So what shared/yield.js waits for is made of what Node waits for: to be imported before it.
 */
const Native = globalThis.MessageChannel;

globalThis.MessageChannel = /** @type {any} */ (class {
    constructor() {
        const port1 = { onmessage: () => {} };
        this.port1 = port1;
        this.port2 = { postMessage: () => setImmediate(() => port1.onmessage()) };
    }
});
await import('../../../page/src/shared/yield.js');
globalThis.MessageChannel = Native;
