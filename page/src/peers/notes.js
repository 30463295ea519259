/**
 * What libp2p notes of other peers: the latest of it, so that no stranger fills the memory. That of connected peers goes last: of one
 * address there are only so many. The DHT leads to peers here and does nothing else; what it is asked to keep is refused, since
 * anybody could ask, for anything. It uses no browser globals.
 */
import { peerIdFromString } from '@libp2p/peer-id';
import { MemoryDatastore } from 'datastore-core';
import { Key } from 'interface-datastore';

/** @import { PeerId } from '@libp2p/interface' */

/** Bytes of a note: what a peer says of itself at once has at most 8 KiB, and libp2p notes its addresses twice. */
export const NOTE_MAX = 16 << 10;
/** What is held for a note beside its name and itself. */
const ENTRY_BYTES = 256;
const OF_PEER = '/peers/', OF_DHT = '/dht/';

export class Notes extends MemoryDatastore {
    /** @param {number} most peers that are connected at a time: there is room for the longest note of each
     * @param {(peer: PeerId) => boolean} isNear whether it is connected, or our own node */
    constructor(most, isNear) {
        super();
        this._room = most * NOTE_MAX;
        this._isNear = isNear;
        /** Of each, from the oldest to the latest. @type {Map<string, {bytes: number, peer: PeerId | null}>} */
        this._notes = new Map();
        this._bytes = 0;
    }

    /** @override @param {Key} key @param {Uint8Array} value @param {any} [options] @throws {Error} the DHT is asked to keep it */
    put(key, value, options) {
        const name = key.toString(), bytes = ENTRY_BYTES + name.length + value.length;
        if (name.startsWith(OF_DHT)) throw new Error('the DHT of this network keeps nothing but peers');
        if (bytes > NOTE_MAX) return key; // the earlier note stays; libp2p, which adds to notes now and then, does without this one
        this.delete(key);
        this._notes.set(name, { bytes, peer: peerOf(name) });
        this._bytes += bytes;
        super.put(key, value, options);
        while (this._bytes > this._room) this._forget();
        return key;
    }

    /** @override @param {Key} key @param {any} [options] */
    delete(key, options) {
        const name = key.toString();
        this._bytes -= this._notes.get(name)?.bytes ?? 0;
        this._notes.delete(name);
        return super.delete(key, options);
    }

    /** Deletes the oldest of a peer that is not near; if all are, the oldest. */
    _forget() {
        for (let left = this._notes.size; left > 0; left--) {
            const [[name, note]] = this._notes;
            if (note.peer ? !this._isNear(note.peer) : name.startsWith(OF_PEER)) break;
            this._notes.delete(name);
            this._notes.set(name, note); // as if it were late
        }
        this.delete(new Key(/** @type {string} */ (this._notes.keys().next().value)));
    }
}

/** The peer that a note is of; null: none that could connect. @param {string} name */
function peerOf(name) {
    try {
        return name.startsWith(OF_PEER) ? peerIdFromString(name.slice(OF_PEER.length)) : null;
    } catch {
        return null;
    }
}
