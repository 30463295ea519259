/** Addresses: the daemon's, and those of views. What is chosen in a view stands in its address, so that it can be shared and is there again after a reload. */

/** Where the daemon is, as whoever looks at its console reaches it: behind a proxy that may be below a path. */
export const serviceUrl = () => new URL('.', location.href).href.replace(/\/$/, '');

/** @param {string} view @param {Record<string, string>} chosen what is empty is left out */
export function choose(view, chosen) {
    const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ''));
    history.replaceState(null, '', `#/${view}${query.size ? `?${query}` : ''}`);
}
