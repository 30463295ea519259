/** What a tab (`sessionStorage`) or a browser (`localStorage`) keeps of this page, by name. A browser may refuse to store anything,
 * or to be asked; then nothing is kept. */

/** @typedef {'localStorage' | 'sessionStorage'} Place */

/** @param {Place} place @param {string} name @returns {string} "": nothing is kept */
export function recall(place, name) {
    try {
        return globalThis[place].getItem(name) ?? '';
    } catch {
        return '';
    }
}

/** @param {Place} place @param {string} name @param {string} text "": nothing is kept from now on @returns {boolean} whether it is as asked */
export function keep(place, name, text) {
    try {
        const storage = globalThis[place];
        if (text === (storage.getItem(name) ?? '')) return true;
        if (text) storage.setItem(name, text);
        else storage.removeItem(name);
        return true;
    } catch {
        return false;
    }
}
