/** Lists that the service gives in pages. */
import { BadAnswer } from './errors.js';
import { jsonOf, query } from './wire.js';

/** @import { Transport } from './http.js' */

/** Rows that are requested at a time. */
const PAGE = 100;
/** Other lists of GET /v1/models that are in pages as well. */
const PAGED_TOO = ['data', 'published'];

/**
 * A list over as many pages as it has, or its first `most` rows. A row that comes or goes meanwhile is in it or not.
 * @param {Transport} transport @param {string} target @param {string} member the list's name in the answer
 * @param {{ most?: number, asked?: Record<string, string | undefined>, signal?: AbortSignal }} [settings] `asked`: its query
 */
export async function gatherPages(transport, target, member, { most = Infinity, asked = {}, signal } = {}) {
    /** @type {any} */
    let whole = null;
    const seen = new Set();
    for (let after; ;) {
        const limit = Math.min(PAGE, most - (whole?.[member].length ?? 0));
        const { body } = await transport.send({ method: 'GET', target: target + query({ ...asked, limit, after }) }, signal);
        const page = jsonOf(body), rows = page[member];
        if (!Array.isArray(rows))
            throw new BadAnswer(`the program that answered is not webinferd: its list has no ${member}. Check the address`);
        whole = whole ? joinPages(whole, page, member) : page;
        after = page.next;
        if (typeof after !== 'string' || whole[member].length >= most) return whole;
        if (seen.has(after) || rows.length === 0)
            throw new BadAnswer(`${target} has no end: the service names the same next page again`);
        seen.add(after);
    }
}

/** @param {any} whole @param {any} page @param {string} member */
function joinPages(whole, page, member) {
    whole[member].push(...page[member]);
    whole.next = page.next;
    for (const name of PAGED_TOO) {
        const had = whole[name], more = page[name]; // a service that tells them whole tells the same on each page
        if (Array.isArray(had) && Array.isArray(more) && JSON.stringify(had) !== JSON.stringify(more)) had.push(...more);
    }
    return whole;
}
