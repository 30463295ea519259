/** What this tab remembers over a reload, and when a browser restores it: the fragment of its address, where the token
 * in that is good for more than once. A browser may refuse to store anything; then there is nothing. */

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
