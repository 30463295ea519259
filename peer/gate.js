/** Who may connect at all: so many connections of one address. */
import { endWith } from '../page/src/peers/sockets.js';

/** @import { MultiaddrConnection } from '@libp2p/interface' */

/** @param {number} most of one address @returns {(connection: MultiaddrConnection) => boolean} whether it is refused */
export function gate(most) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    return (connection) => {
        endWith(connection); // also if it is refused
        const [, , address = ''] = String(connection.remoteAddr).split('/'), count = counts.get(address) ?? 0;
        if (count >= most) return true;
        counts.set(address, count + 1);
        connection.addEventListener('close', () => {
            const left = (counts.get(address) ?? 1) - 1;
            if (left > 0) counts.set(address, left);
            else counts.delete(address);
        });
        return false;
    };
}
