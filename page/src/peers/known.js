/** What other nodes have told of themselves: which of them are worth a connection, and what a person sees of them. Pure. */
import { shuffled } from '../shared/shuffled.js';

/** @import { Told } from './gossip.js' */
/** `carries`: it leads others to the service; `heard`: when; `tried`: when it was dialled last.
 * @typedef {{id: string, addresses: string[], computes: string[], carries: boolean, models: string[], running: number, waiting: number, heard: number, tried: number}} Known */

/** A node that has said nothing for so long is gone. */
export const GONE_MS = 180_000;
/** Who could not be reached is tried again after this time. */
const AGAIN_MS = 60_000;
const ADDRESSES_MAX = 8;
const WORDS_MAX = 32;
const WORD_MAX = 128;
const MOST = 1024;

/** @param {unknown} list @param {number} most @returns {string[]} */
const words = (list, most) => (Array.isArray(list) ? list.filter((word) => typeof word === 'string' && word.length <= 4 * WORD_MAX).slice(0, most) : []);

/** @param {unknown} value */
const count = (value) => (Number.isSafeInteger(value) && /** @type {number} */ (value) > 0 ? /** @type {number} */ (value) : 0);

export class KnownNodes {
    /** @param {() => number} now in ms */
    constructor(now) {
        this._now = now;
        /** @type {Map<string, Known>} */
        this._of = new Map();
    }

    /** @param {Told} told @returns {boolean} whether it is new here */
    hear({ type, from, data }) {
        const before = this._of.get(from);
        if (!before && type === 'heartbeat') return false;
        const known = before ?? { id: from, addresses: [], computes: [], carries: false, models: [], running: 0, waiting: 0, heard: 0, tried: -Infinity };
        known.heard = this._now();
        if (type === 'announcement') {
            known.addresses = words(data.addresses, ADDRESSES_MAX);
            known.computes = words(data.computes, WORDS_MAX);
            known.carries = data.carries === true;
        } else {
            known.models = words(data.models, WORDS_MAX);
            known.running = count(data.running);
            known.waiting = count(data.waiting);
        }
        this._of.delete(from);
        this._of.set(from, known);
        if (this._of.size > MOST) this._of.delete(/** @type {string} */ (this._of.keys().next().value));
        return !before;
    }

    forget() {
        this._of.clear();
    }

    /** Those that are not gone. */
    list() {
        const since = this._now() - GONE_MS;
        for (const [id, { heard }] of this._of) if (heard < since) this._of.delete(id);
        return [...this._of.values()];
    }

    /** Some to dial now, at random, that are not connected. @param {number} most below 0: there are too many already @param {(id: string) => boolean} isConnected */
    choose(most, isConnected) {
        const now = this._now(), found = this.list().filter(({ id, tried }) => !isConnected(id) && now - tried >= AGAIN_MS);
        const chosen = shuffled(found).slice(0, Math.max(most, 0));
        for (const known of chosen) known.tried = now;
        return chosen;
    }
}
