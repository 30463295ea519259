/**
 * A browser's event loop turns between two messages of a port; that of Node does not while there is
 * another. So what shared/turn.js turns by is made of what turns Node's: to be imported before it.
 */
const Native = globalThis.MessageChannel;

globalThis.MessageChannel = /** @type {any} */ (class {
    constructor() {
        const port1 = { onmessage: () => {} };
        this.port1 = port1;
        this.port2 = { postMessage: () => setImmediate(() => port1.onmessage()) };
    }
});
await import('../../../page/src/shared/turn.js');
globalThis.MessageChannel = Native;
