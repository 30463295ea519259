/** The page's link worker over the WebSocket of `ws`: that of Node.js itself came with 22. */
import './worker.mjs';
import WebSocket from 'ws';

/** Frames have the limit that the service says, and no other. */
class Socket extends WebSocket {
    /** @param {string} url @param {string} protocol */
    constructor(url, protocol) {
        super(url, protocol, { perMessageDeflate: false, maxPayload: 0 });
    }
}

Object.assign(globalThis, { WebSocket: Socket });
await import('../../page/src/link/worker.js');
