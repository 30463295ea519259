/**
 * Which peers a page may dial: by WebSocket those that the service lists, all others by WebRTC or through a peer only, which a
 * page's policy does not govern. Pure.
 */

/** The id of the peer at an address, which the address ends with. @param {string} address */
export const peerOf = (address) => /\/p2p\/(\w+)$/.exec(address)?.[1] ?? '';

/** The part of it that leads to the first peer. @param {string} address */
export const firstOf = (address) => address.split('/p2p-circuit')[0];

/** Whether it leads there by a WebSocket alone. @param {string} address */
export const isSocket = (address) => /\/wss?(?:\/|$)/.test(address) && !address.includes('/p2p-circuit');

/** Whether it is one of TCP without a WebSocket, which no page can use. @param {string} address */
export const isBareTcp = (address) => /^\/.*\/tcp\//.test(address) && !/\/wss?(?:\/|$)/.test(address);

/** Whether connections there are between both ends, with nobody in between. @param {string} address */
export const isDirect = (address) => /\/webrtc(?:-direct)?(?:\/|$)/.test(address) || !address.includes('/p2p-circuit');

/** Whether it begins at a place for which nobody but its author vouches: pages would send datagrams to whom that names. It is dialled
 * only if a person names it. @param {string} address @param {(peer: string) => boolean} isCertified */
export const isUnvouched = (address, isCertified) => firstOf(address).includes('/webrtc-direct/') && !isCertified(peerOf(firstOf(address)));

const FORM = /^(?:\/[\w.:=-]+)+$/;
const MOST = 512;

/** Why this address is not dialled, in a sentence; "": it may be. @param {string} address @param {string[]} listed by the service
 * @param {boolean} hasWebRTC whether this browser has it */
export function refusalOf(address, listed, hasWebRTC) {
    const first = firstOf(address), isRelayed = first !== address;
    if (!FORM.test(address) || address.length > MOST) return 'This is no multiaddr. One looks like /dns4/HOST/tcp/PORT/wss/p2p/ID.';
    if (!peerOf(address)) return 'This multiaddr does not end with /p2p/ and the id of a peer, so nobody could prove that it is that peer.';
    if (/\/webrtc-direct\//.test(first)) return hasWebRTC ? '' : 'This browser has no WebRTC.';
    if (isBareTcp(first)) return 'A browser cannot use /tcp/ without /ws.';
    if (/\/udp\/|\/quic|\/webtransport/.test(first)) return 'Of /udp/, this page can use /webrtc-direct only.';
    if (/^\/p2p\//.test(first)) return isRelayed ? '' : 'This multiaddr does not say where the peer is.';
    if (!listed.includes(first)) return 'The operator of this service does not list that WebSocket, and a page connects to listed ones only.';
    return /\/webrtc\//.test(address) && !hasWebRTC ? 'This browser has no WebRTC.' : '';
}
