/** The service's list of a file's leaves, made by Node's own hashes as webinfer-protocol(7) says. */
import { createHash } from 'node:crypto';

export const LEAF = 1 << 20;

const digest = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

export const sha256 = (bytes) => digest(bytes).toString('hex');

/** @param {Buffer} file @param {{hash?: string, bytes?: number, magic?: string, version?: bigint, leaves?: Buffer}} [lie] what it says otherwise */
export function leafList(file, { hash = sha256(file), bytes = file.length, magic = 'wileaves', version = 1n, leaves } = {}) {
    const lead = Buffer.alloc(24);
    lead.write(magic);
    lead.writeBigUInt64LE(version, 8);
    lead.writeBigUInt64LE(BigInt(bytes), 16);
    leaves ??= Buffer.concat(Array.from({ length: Math.ceil(file.length / LEAF) }, (_, i) => digest(file.subarray(i * LEAF, (i + 1) * LEAF))));
    return Buffer.concat([lead, digest(lead, hash, leaves), leaves]);
}

/** A file of so many bytes, each leaf of which is another. */
export function leafyFile(bytes) {
    const file = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; at += LEAF) file.fill(`leaf ${at / LEAF} `, at, Math.min(bytes, at + LEAF));
    return file;
}
