/**
 * Which services a link lets a page go to: `?node_endpoints=A,B` chooses and orders among the page's own and those that
 * its operator lists ([bridge] endpoints and peers of webinferd.conf(5)). Any other origin or peer is named and left out, so
 * that no link leads a page or its token elsewhere. It uses no browser globals.
 */

import { isPeer } from '../link/port_socket.js';
import { isBareTcp, isSocket, peerOf } from '../peers/reach.js';

/** Characters of a list: more than that of as many origins as an operator may list. */
const LIST_MAX = 4096;
/** Characters of a stranger's word that are shown. */
const SHOWN = 80;

/** @typedef {{origins: string[], foreign: string[]}} Chosen `foreign`: what is not followed, as it is shown */

/** @param {string} asked the link's list @param {string} own the page's origin @param {string[]} known its siblings and peers
 * @returns {Chosen} at least one origin */
export function choose(asked, own, known) {
    if (asked.length > LIST_MAX) return { origins: [own], foreign: [`a list of ${asked.length} characters`] };
    const allowed = [own, ...known], words = asked.split(',').map((word) => word.trim()).filter(Boolean);
    const isAllowed = (/** @type {string} */ word) => allowed.includes(word) || isOtherWay(word, known);
    const origins = [...new Set(words.filter(isAllowed))];
    const foreign = [...new Set(words.filter((word) => !isAllowed(word)))].map(shown);
    return { origins: origins.length ? origins : [own], foreign };
}

/** Whether this is a service's peer, at an address of WebRTC: it proves its id wherever it is. @param {string} word @param {string[]} known */
const isOtherWay = (word, known) => word.includes('/webrtc-direct/') && !isSocket(word) && known.some((one) => isPeer(one) && peerOf(one) === peerOf(word));

/** The text of the service's list, one origin on a line. @param {string} text */
export const read = (text) => text.split('\n').filter(Boolean);

/** The addresses of its peers. @param {any} said */
export const readPeers = (said) => (Array.isArray(said?.peers) ? said.peers.map((/** @type {any} */ one) => String(one?.address)) : []);

/** How a service is shown: its host. @param {string} service */
export const hostOf = (service) => (isPeer(service) ? service.split('/')[2] : new URL(service).host);

/** What is told of the rest; empty if there is none. @param {Chosen} chosen */
export function sentenceOf({ origins, foreign }) {
    if (foreign.length === 0) return '';
    const named = foreign.slice(0, 3).join(', ') + (foreign.length > 3 ? ` and ${foreign.length - 3} more` : '');
    return `This link names ${named}, which the operator of this service does not list. `
        + `Nothing was sent there. ${foreign.some(isBareTcp) ? 'A browser cannot use /tcp/ without /ws. ' : ''}`
        + `This page connects to ${origins.join(', then ')} only.`;
}

/** Control characters, and those that change the direction of text, are shown by their numbers. @param {string} word */
function shown(word) {
    const start = word.length > SHOWN ? `${word.slice(0, SHOWN)}…` : word;
    return start.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
