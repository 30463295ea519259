/**
 * What libp2p notes of other peers, and what they ask a server of the DHT to keep: the latest of it. Without an end, strangers could
 * fill the memory. It uses no browser globals.
 */
import { MemoryDatastore } from 'datastore-core';
import { Key } from 'interface-datastore';

/** Entries, of some hundred bytes each. */
export const NOTES_MAX = 16384;

export class Notes extends MemoryDatastore {
    constructor() {
        super();
        /** Those of the other, from the oldest to the latest. @type {Set<string>} */
        this._names = new Set();
    }

    /** @override @param {Key} key @param {Uint8Array} value @param {any} [options] */
    put(key, value, options) {
        const name = key.toString();
        this._names.delete(name);
        this._names.add(name);
        if (this._names.size > NOTES_MAX) this.delete(new Key(/** @type {string} */ (this._names.keys().next().value)));
        return super.put(key, value, options);
    }

    /** @override @param {Key} key @param {any} [options] */
    delete(key, options) {
        this._names.delete(key.toString());
        return super.delete(key, options);
    }
}
