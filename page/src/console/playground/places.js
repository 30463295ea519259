/** The places in which a request should run: kinds of browsers and platforms, in the form of the address (`at=chrome/wasm`). */
import { plain } from '../format.js';

/** @typedef {{browser: string, platform: string} | null} Place null: the service chooses */

export const MOST_PLACES = 4;
const AT = /^([a-z0-9_-]{1,31})\/([a-z0-9_-]{1,32})$/;

/** @param {string[]} given values of `at` @returns {Exclude<Place, null>[]} the first four that are places, each once */
export function placesOf(given) {
    const found = new Map();
    for (const one of given) {
        const [, browser, platform] = AT.exec(one) ?? [];
        if (browser && found.size < MOST_PLACES) found.set(one, { browser, platform });
    }
    return [...found.values()];
}

/** @param {Place} place */
export const atOf = (place) => (place ? `${place.browser}/${place.platform}` : '');

/** @param {Place} place @returns {string} for people */
export const placeName = (place) => (place ? `${plain(place.browser)} on ${plain(place.platform)}` : 'Chosen by the service');

/** @param {string} name of a model @param {{task?: string, at?: Place[]}} [more] @returns {string} the playground's address */
export function tryHref(name, { task, at = [] } = {}) {
    const query = [task && `task=${encodeURIComponent(task)}`, ...at.filter(Boolean).map((place) => `at=${atOf(place)}`)].filter(Boolean);
    return `#/try/${name.split('/').map(encodeURIComponent).join('/')}${query.length ? `?${query.join('&')}` : ''}`;
}

/** Standings of places that cannot run the model for any client. */
const CANNOT = new Set(['unavailable', 'barred']);

/** The choices: each kind of browser and platform once, those that can run the model first.
 * @param {any} hardware GET /v1/hardware of the model @returns {{browser: string, platform: string, can: boolean, why: string}[]} */
export function choicesOf(hardware) {
    const found = new Map();
    for (const one of hardware?.options ?? []) {
        const at = `${one.browser}/${one.platform}`, can = !CANNOT.has(one.standing);
        if (AT.test(at) && (!found.has(at) || (can && !found.get(at).can)))
            found.set(at, { browser: one.browser, platform: one.platform, can, why: String(one.why ?? '') });
    }
    return [...found.values()].sort((one, other) => Number(other.can) - Number(one.can));
}
