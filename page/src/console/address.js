/** Addresses: the daemon's, and those of views. A view's address contains the choices made in it, so it can be shared and survives a reload. */

/** The daemon's address as the browser reaches it; behind a proxy it can be below a path. */
export const serviceUrl = () => new URL('.', location.href).href.replace(/\/$/, '');

/** @param {string} view @param {Record<string, string>} chosen what is empty is left out */
export function choose(view, chosen) {
    const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ''));
    history.replaceState(null, '', `#/${view}${query.size ? `?${query}` : ''}`);
}
