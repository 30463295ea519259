/** What a person has chosen in the view of vectors, which this browser keeps: the map's size and seed, and from where the cloud is seen. */
import { cameraOf } from './camera.js';
import { SIDES } from './som.js';

/** @typedef {{side: number, seed: number, view: 'map' | 'cloud', camera: import('./camera.js').Camera}} Chosen */

const NAME = 'webinfer.vectors';
const MOST_SEED = 2 ** 32 - 1;
const OTHERWISE = Object.freeze({ side: 16, seed: 1 });

/** @param {any} given @returns {Chosen} with what is usual in the place of all that is not right */
export const chosenOf = (given) => ({
    side: SIDES.includes(given?.side) ? given.side : OTHERWISE.side,
    seed: Number.isInteger(given?.seed) && given.seed >= 0 && given.seed <= MOST_SEED ? given.seed : OTHERWISE.seed,
    view: given?.view === 'cloud' ? 'cloud' : 'map',
    camera: cameraOf(given?.camera),
});

/** @param {Pick<Storage, 'getItem'> | null} storage a browser may give none @returns {Chosen} */
export function remembered(storage) {
    try {
        return chosenOf(JSON.parse(storage?.getItem(NAME) ?? '{}'));
    } catch {
        return chosenOf({});
    }
}

/** @param {Pick<Storage, 'setItem'> | null} storage @param {Chosen} chosen */
export function remember(storage, chosen) {
    try {
        storage?.setItem(NAME, JSON.stringify(chosen));
    } catch {
        // It holds while the view is open, then.
    }
}

/** @returns {Storage | null} null: the browser gives none to this page */
export function storageHere() {
    try {
        return localStorage;
    } catch {
        return null;
    }
}
