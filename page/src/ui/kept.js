/** The fragment of the tab's address, which is kept across a reload and when a browser restores the tab, if its token can be
 * used more than once. A browser may refuse to store anything; then nothing is kept. */

const NAME = 'webinfer.fragment';

export function get() {
    try {
        return sessionStorage.getItem(NAME) ?? '';
    } catch {
        return '';
    }
}

/** @param {string} fragment empty: nothing is kept */
export function set(fragment) {
    try {
        if (fragment === get()) return;
        if (fragment) sessionStorage.setItem(NAME, fragment);
        else sessionStorage.removeItem(NAME);
    } catch {
        // It is not kept, then.
    }
}

/** What the person has chosen in this browser, for all tabs; no token is ever in it. */
const SETTINGS = 'webinfer.settings';

export function getSettings() {
    try {
        return localStorage.getItem(SETTINGS) ?? '';
    } catch {
        return '';
    }
}

/** @param {string} settings empty: nothing is kept @returns {boolean} whether they are kept; otherwise they hold while the page is open */
export function setSettings(settings) {
    try {
        if (settings) localStorage.setItem(SETTINGS, settings);
        else localStorage.removeItem(SETTINGS);
        return true;
    } catch {
        return false;
    }
}
