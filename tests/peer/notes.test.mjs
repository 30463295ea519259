// tier: quick
/** What libp2p notes of other peers has an end: the oldest goes first, that of connected peers last, and what the DHT is asked to keep is not kept. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { peerIdFromMultihash } from '@libp2p/peer-id';
import { Key } from 'interface-datastore';
import * as Digest from 'multiformats/hashes/digest';
import { Notes, NOTE_MAX } from '../../page/src/peers/notes.js';
import { test } from '../lib/tier.mjs';

const id = (i) => peerIdFromMultihash(Digest.create(0x12, createHash('sha256').update(String(i)).digest()));
const key = (i) => new Key(`/peers/${id(i).toCID()}`);
/** The longest that is kept, but for its name. */
const LONG = new Uint8Array(NOTE_MAX - 400), MOST = 64;
/** @param {Notes} notes @param {number[]} which */
const has = (notes, which) => which.map((i) => notes.has(key(i)));

test('the latest notes stay, up to so many bytes of all', () => {
    const notes = new Notes(MOST, () => false);
    for (let i = 0; i < MOST; i++) notes.put(key(i), LONG);
    notes.put(key(0), Uint8Array.of(2)); // again, so that it is a late one
    for (let i = 0; i < 40; i++) notes.put(key(MOST + i), LONG);
    assert.deepEqual(notes.get(key(0)), Uint8Array.of(2));
    assert.deepEqual(has(notes, [1, 39, MOST - 1, MOST + 39]), [false, false, true, true]);
    notes.delete(key(MOST + 39));
    assert.deepEqual(has(notes, [MOST + 39]), [false]);
    let left = 0;
    for (const { value } of notes.query({})) left += value.length;
    assert.ok(left > 0.9 * MOST * NOTE_MAX && left <= MOST * NOTE_MAX, `${left} bytes are left`);
});

test('so does a number of short ones', () => {
    const notes = new Notes(MOST, () => false), most = MOST * NOTE_MAX / 256;
    for (let i = 0; i < most; i++) notes.put(new Key(`/peers/${i}`), Uint8Array.of(1)); // what is no id is a stranger's
    assert.deepEqual([notes.has(new Key('/peers/0')), notes.has(new Key(`/peers/${most - 1}`))], [false, true]);
});

test('strangers do not drive out the notes of connected peers, nor our own certificate', () => {
    const near = [1, 2, 3].map(id), notes = new Notes(MOST, (peer) => near.some((one) => peer.equals(one)));
    for (let i = 0; i < 4; i++) notes.put(key(i), LONG);
    notes.put(new Key('/libp2p/webrtc-direct/certificate'), Uint8Array.of(1));
    for (let i = 4; i < 3 * MOST; i++) notes.put(key(i), LONG);
    assert.deepEqual(has(notes, [0, 1, 2, 3, 4, 3 * MOST - 1]), [false, true, true, true, false, true]);
    assert.equal(notes.has(new Key('/libp2p/webrtc-direct/certificate')), true);
});

test('where all are connected, the oldest goes', () => {
    const notes = new Notes(MOST, () => true);
    for (let i = 0; i < 2 * MOST; i++) notes.put(key(i), LONG);
    assert.deepEqual(has(notes, [0, 2 * MOST - 1]), [false, true]);
});

test('what the DHT is asked to keep is refused; a note that is too long is not kept', () => {
    const notes = new Notes(MOST, () => true);
    for (const name of ['/dht/record/MFRGG', '/dht/provider/MFRGG/12D3'])
        assert.throws(() => notes.put(new Key(name), Uint8Array.of(1)), new Error('the DHT of this network keeps nothing but peers'));
    notes.put(key(0), LONG);
    for (const i of [0, 1]) notes.put(key(i), new Uint8Array(NOTE_MAX));
    assert.deepEqual(has(notes, [0, 1]), [true, false]);
    assert.equal(notes.get(key(0)).length, LONG.length);
});
