/**
 * What is asked of the other end of a new connection is asked again until it has been answered: the first stream of a WebRTC connection
 * may be lost, where the other end is busy when it is opened. Pages and webinfer-peer use this file. It uses no browser globals.
 */
import { identify } from '@libp2p/identify';

/** @import { Connection } from '@libp2p/interface' */

/** The first try has so long, and each one twice as long as the one before it. */
const FIRST_MS = 1250;
const TRIES = 3;

/** @template T @param {Connection} connection @param {(signal: AbortSignal) => Promise<T>} ask rejects where there is no answer
 * @returns {Promise<T | undefined>} undefined: there was none to any try */
export async function insist(connection, ask) {
    for (let tries = 0; tries < TRIES && connection.status === 'open'; tries++) {
        const ms = FIRST_MS << tries, end = performance.now() + ms;
        try {
            return await ask(AbortSignal.timeout(ms));
        } catch {
            const left = end - performance.now();
            if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
        }
    }
    return undefined;
}

/** The service of libp2p that asks which protocols the other end speaks. Gossip, the DHT and the exchange of blocks begin with the
 * answer; libp2p alone asks once. */
export const identified = () => (/** @type {any} */ components) => {
    const service = identify({ runOnConnectionOpen: false })(components);
    components.events.addEventListener('connection:open', (/** @type {{detail: Connection}} */ { detail }) =>
        insist(detail, (signal) => service.identify(detail, { signal })));
    return service;
};
