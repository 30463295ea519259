/**
 * The other webinfer-peers of the service: those that it lists as well. Connected with each other, they know each other's pages by the
 * DHT and pass on gossip. Another key of the service begins another network.
 */
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { peerOf } from '../page/src/peers/reach.js';

/** @import { Libp2p } from '@libp2p/interface' */
/** @import { Certificates } from '../page/src/peers/certificates.js' */
/** @import { Gossip } from '../page/src/peers/gossip.js' */

const LOOK_MS = 5000;
const DIAL_MS = 4000;

/** @param {Libp2p<any>} node @param {Certificates} certificates @param {Gossip} gossip @returns {() => void} ends it */
export function meetFellows(node, certificates, gossip) {
    let timer = setTimeout(look, 0);
    async function look() {
        await certificates.ask();
        if (node.status !== 'started') return;
        gossip.join();
        await Promise.all(certificates.addresses.map(meet));
        if (node.status === 'started') timer = setTimeout(look, LOOK_MS);
    }
    /** @param {string} address */
    async function meet(address) {
        const id = peerIdFromString(peerOf(address));
        if (id.equals(node.peerId) || node.getConnections(id).length > 0) return;
        await node.dial(multiaddr(address), { signal: AbortSignal.timeout(DIAL_MS) }).catch(() => {}); // it is not there
    }
    return () => clearTimeout(timer);
}
