/** What libp2p uses of Node.js 22, for tests that an older one runs. */
import { WebSocket } from 'ws';

globalThis.WebSocket ??= WebSocket;
Promise.withResolvers ??= function withResolvers() {
    const made = {};
    made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
};
