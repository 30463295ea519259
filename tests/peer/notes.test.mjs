// tier: quick
/** What libp2p notes of other peers has an end: the oldest goes first. */
import assert from 'node:assert/strict';
import { Key } from 'interface-datastore';
import { Notes, NOTES_MAX } from '../../page/src/peers/notes.js';
import { test } from '../lib/tier.mjs';

test('the latest entries stay', async () => {
    const notes = new Notes(), key = (i) => new Key(`/dht/provider/${i}`);
    for (let i = 0; i < NOTES_MAX; i++) await notes.put(key(i), Uint8Array.of(1));
    await notes.put(key(0), Uint8Array.of(2)); // again, so that it is a late one
    for (let i = 0; i < 10; i++) await notes.put(key(NOTES_MAX + i), Uint8Array.of(1));
    assert.deepEqual(await notes.get(key(0)), Uint8Array.of(2));
    assert.deepEqual([await notes.has(key(1)), await notes.has(key(10)), await notes.has(key(11)), await notes.has(key(NOTES_MAX + 9))], [false, false, true, true]);
    await notes.delete(key(11));
    assert.equal(await notes.has(key(11)), false);
});
