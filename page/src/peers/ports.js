/** Joins a connection through a peer to a port of the link worker (link/port_socket.js). It uses no browser globals. */
import { sizeOf } from '../link/port_socket.js';

/** @import { FromPeer, ToPeer } from '../link/port_socket.js' */
/** @import { PeerSocket } from './peer_socket.js' */

/** @param {PeerSocket} socket @param {MessagePort} port @returns {Promise<void>} settles when it is closed */
export function joinPort(socket, port) {
    let taken = 0;
    const say = (/** @type {FromPeer} */ said, /** @type {Transferable[]} */ ...moved) => port.postMessage(said, moved);
    const tell = () => say({ taken, waiting: socket.bufferedAmount });
    socket.onopen = () => say({ open: true });
    socket.onidle = tell;
    socket.onmessage = ({ data }) => say(data, ...(typeof data === 'string' ? [] : [data]));
    const over = new Promise((/** @type {(nothing: void) => void} */ resolve) => {
        socket.onclose = ({ code, reason }) => {
            say({ code, reason });
            port.close();
            resolve();
        };
    });
    port.onmessage = (/** @type {MessageEvent<ToPeer>} */ { data }) => {
        if (typeof data !== 'string' && !(data instanceof ArrayBuffer)) return socket.close(data.code, data.reason);
        taken += sizeOf(data);
        socket.send(data);
        tell();
    };
    return over;
}
