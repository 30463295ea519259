/**
 * DAGs as IPFS makes them, by packages that are none of ours, with the blocks in memory; and CARs of them.
 *
 *   const dag = await makeDag({ 'model.onnx': bytes, 'onnx/a.json': '{}' }, 'unixfs-v1-2025');
 *   … dag.cid, dag.blocks, dag.store
 *   fs.writeFileSync(file, await makeCar(dag));
 */
import crypto from 'node:crypto';
import { CarWriter } from '@ipld/car';
import { MemoryBlockstore } from 'blockstore-core';
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced, trickle } from 'ipfs-unixfs-importer/layout';
import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';

/** Chunks of 1, 1,001, 2,001 … bytes, and from 40,000 on again of 1. */
async function* uneven(source) {
    let size = 1;
    for await (const bytes of source)
        for (let at = 0; at < bytes.length; at += size, size = (size + 1000) % 40_000) yield bytes.subarray(at, at + size);
}

/** What the importer is asked for. Those with a name of a specification are that profile. */
const shapes = {
    'unixfs-v1-2025': () => ({ profile: 'unixfs-v1-2025' }),
    'unixfs-v0-2015': () => ({ profile: 'unixfs-v0-2015' }),
    trickle: () => ({ profile: 'unixfs-v0-2015', layout: trickle({ maxChildrenPerNode: 3, layerRepeat: 2 }), reduceSingleLeafToSelf: false,
        leafType: 'raw', chunker: fixedSize({ chunkSize: 30_000 }) }),
    narrow: () => ({ profile: 'unixfs-v1-2025', layout: balanced({ maxChildrenPerNode: 2 }), chunker: fixedSize({ chunkSize: 50_000 }) }),
    uneven: () => ({ profile: 'unixfs-v1-2025', layout: balanced({ maxChildrenPerNode: 7 }), chunker: uneven }),
};
export const shapeNames = Object.keys(shapes);

/** A memory blockstore that also has its blocks in the order in which they were put. */
class Store extends MemoryBlockstore {
    /** @type {Map<string, {cid: CID, bytes: Uint8Array}>} by the CID's text */
    blocks = new Map();

    put(cid, bytes, options) {
        this.blocks.set(String(cid), { cid, bytes });
        return super.put(cid, bytes, options);
    }
}

/**
 * @param {Record<string, Buffer | string> | Buffer} files by path, or the bytes of a single one
 * @param {string} shape one of `shapeNames`
 * @returns {Promise<{cid: CID, blocks: Map<string, {cid: CID, bytes: Uint8Array}>, store: MemoryBlockstore}>}
 */
export async function makeDag(files, shape) {
    const single = Buffer.isBuffer(files), store = new Store();
    const source = single ? [{ content: files }]
        : Object.entries(files).map(([path, content]) => ({ path, content: Buffer.from(content) }));
    let cid;
    for await (const entry of importer(source, store, { ...shapes[shape](), wrapWithDirectory: !single })) ({ cid } = entry);
    return { cid, blocks: store.blocks, store };
}

/**
 * @param {{cid: CID, blocks: Map<string, {cid: CID, bytes: Uint8Array}>}} dag
 * @param {{roots?: CID[], order?: (blocks: {cid: CID, bytes: Uint8Array}[]) => {cid: CID, bytes: Uint8Array}[]}} [options]
 *   `order` puts the blocks in another order, or leaves some out
 */
export async function makeCar(dag, { roots = [dag.cid], order = (blocks) => blocks } = {}) {
    const { writer, out } = CarWriter.create(roots), pieces = [];
    const read = (async () => { for await (const piece of out) pieces.push(piece); })();
    for (const block of order([...dag.blocks.values()])) await writer.put(block);
    await writer.close();
    await read;
    return Buffer.concat(pieces);
}

/* --- blocks by hand, also such as no importer makes --- */

const varint = (value) => {
    const bytes = [];
    for (let rest = BigInt(value); ; rest >>= 7n) {
        if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
        bytes.push(Number(rest & 127n) | 128);
    }
};
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const field = (number, ...parts) => {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
};

/** A block of `bytes`, raw or dag-pb. */
export function makeBlock(bytes, codec = 0x55) {
    return { cid: CID.createV1(codec, digest.create(0x12, crypto.createHash('sha256').update(bytes).digest())), bytes };
}

/**
 * A node of UnixFS with these links; `bytes` of a link is what is said of it.
 * @param {{type?: number, data?: Buffer | string, links?: {cid: CID, name?: string, bytes: number}[]}} [node]
 *   `type`: 1 a folder, 2 a file, 4 a symbolic link, 5 a HAMT
 */
export function makeNode({ type = 2, data = '', links = [] } = {}) {
    const total = links.reduce((sum, { bytes }) => sum + bytes, data.length);
    const sizes = type === 2 ? [number(3, total), ...links.map(({ bytes }) => number(4, bytes))] : [];
    const own = [number(1, type), ...(data.length ? [field(2, data)] : []), ...sizes];
    const link = ({ cid, name = '', bytes }) => field(2, field(1, cid.bytes), field(2, name), number(3, bytes));
    return { ...makeBlock(Buffer.concat([...links.map(link), field(1, ...own)]), 0x70), size: total };
}

/** A DAG of these blocks, the last of which is the root. */
export function dagOf(...blocks) {
    return { cid: blocks.at(-1).cid, blocks: new Map(blocks.map((block) => [String(block.cid), block])) };
}
