/**
 * libp2p ends a WebSocket of a connection that it aborts with a code that none may send, and so leaves it open: who was sent away
 * would hold it for ever. It uses no browser globals.
 */

/** @import { MultiaddrConnection } from '@libp2p/interface' */

/** Has the WebSocket below a connection, if there is one, end with it. @param {MultiaddrConnection} connection */
export function endWith(connection) {
    const { websocket } = /** @type {any} */ (connection);
    if (websocket) connection.addEventListener('close', () => (websocket.terminate ? websocket.terminate() : websocket.close()));
}
