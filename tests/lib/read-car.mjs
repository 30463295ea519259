/** What a CAR has in it, by packages that are none of ours. */
import assert from 'node:assert/strict';
import { CarReader } from '@ipld/car';
import { MemoryBlockstore } from 'blockstore-core';
import { exporter, recursive } from 'ipfs-unixfs-exporter';
import { sha256 } from 'multiformats/hashes/sha2';

async function together(pieces) {
    const parts = [];
    for await (const piece of pieces) parts.push(piece);
    return Buffer.concat(parts);
}

/**
 * The root of a CAR, the files of the folder that it has, by their paths, and how many blocks: each is the one
 * that its CID names, none comes twice, and none is there that the folder does not need.
 * @param {Buffer} bytes
 */
export async function readCar(bytes) {
    const reader = await CarReader.fromBytes(bytes), store = new MemoryBlockstore();
    const roots = await reader.getRoots();
    assert.equal(roots.length, 1);
    const unread = new Set();
    for await (const { cid, bytes: block } of reader.blocks()) {
        assert.deepEqual(Buffer.from((await sha256.digest(block)).digest), Buffer.from(cid.multihash.digest), `${cid}`);
        assert.ok(!unread.has(cid.toString()), `${cid} is there twice`);
        unread.add(cid.toString());
        await store.put(cid, block);
    }
    const count = unread.size;
    /** @type {Record<string, Buffer>} */
    const files = {};
    const counted = { get(cid, options) { unread.delete(cid.toString()); return store.get(cid, options); } };
    for await (const { cid, path } of recursive(roots[0], counted)) {
        const node = await exporter(cid, counted);
        if (node.type !== 'directory') files[path.slice(path.indexOf('/') + 1)] = await together(node.content());
    }
    assert.deepEqual([...unread], [], 'blocks that nobody needs');
    return { root: roots[0].toString(), files, count };
}
