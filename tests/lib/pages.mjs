/** Lists that come in pages. */

/** Where the next page begins, or null. A list that names none has no pages, and reading on would never end.
 * @param {{next?: string | null}} page @returns {string | null} */
export function nextOf({ next }) {
    if (next === undefined) throw new Error('the page does not say what is next');
    return next;
}

/**
 * All rows of a list.
 * @param {(path: string) => Promise<any>} get gives the JSON of an answer
 * @param {string} path of the first page
 * @param {string} member that has the rows
 */
export async function joined(get, path, member) {
    const rows = [];
    for (let next = null, first = true; first || next !== null; first = false) {
        const after = first ? '' : `${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(next)}`;
        const page = await get(`${path}${after}`);
        rows.push(...page[member]);
        next = nextOf(page);
    }
    return rows;
}
