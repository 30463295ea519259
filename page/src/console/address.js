/** What is chosen in a view stands in its address, so that it can be shared and is there again after a reload. */

/** @param {string} view @param {Record<string, string>} chosen what is empty is left out */
export function choose(view, chosen) {
    const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ''));
    history.replaceState(null, '', `#/${view}${query.size ? `?${query}` : ''}`);
}
