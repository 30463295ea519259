/** A join link that a person pastes. Pure. */
import { LONGEST } from './settings.js';

/** What is shown of an origin. */
const SHOWN = 100;

/** @param {string} text @param {string} here the page's own origin
 * @returns {{address: string, problem: string}} within this origin, or why the link is not for this page */
export function readLink(text, here) {
    const no = (/** @type {string} */ problem) => ({ address: '', problem });
    const trimmed = text.trim(), url = trimmed.length <= LONGEST && URL.canParse(trimmed) ? new URL(trimmed) : null;
    if (trimmed.length > LONGEST) return no(`A link has at most ${LONGEST} characters, and this has ${trimmed.length}.`);
    if (!url || !/^https?:$/.test(url.protocol)) return no(`This is not a join link. One of this service begins with ${here}/#token=.`);
    if (url.origin !== here) return no(`This link is for ${url.origin.slice(0, SHOWN)}, and this page belongs to ${here}. Nothing was sent there. If you trust that service, open the link in a new tab.`);
    if (!new URLSearchParams(url.hash.slice(1)).get('token')) return no(`The link has no token. A join link begins with ${here}/#token=. Ask the person who gave it to you for the whole link.`);
    return { address: `/${url.search}${url.hash}`, problem: '' };
}
