/** GGUF files that are wrong in one way each, made from good ones. Bytes in, bytes out. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { list, string, u32, writeGguf } from './gguf.mjs';

const VERSION = 4, TENSORS = 8, ENTRIES = 16; // where the header has them

/** What Git leaves where a large file was not fetched. */
export const lfsPointer = () => Buffer.from('version https://git-lfs.github.com/spec/v1\n' +
    `oid sha256:${'0123456789abcdef'.repeat(4)}\nsize 144811456\n`);

/** @param {Buffer} bytes @param {(copy: Buffer) => void} change */
function changed(bytes, change) {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy;
}

/** @param {Buffer} bytes @param {number} keep how many bytes, or from where to cut if negative */
export const truncated = (bytes, keep) => Buffer.from(bytes.subarray(0, keep));
/** @param {Buffer} bytes @param {number} version */
export const withVersion = (bytes, version) =>
    changed(bytes, (copy) => copy.writeUInt32LE(version, VERSION));
/** @param {Buffer} bytes @param {bigint} count */
export const withTensorCount = (bytes, count) =>
    changed(bytes, (copy) => copy.writeBigUInt64LE(count, TENSORS));
/** @param {Buffer} bytes @param {bigint} count */
export const withEntryCount = (bytes, count) =>
    changed(bytes, (copy) => copy.writeBigUInt64LE(count, ENTRIES));

/**
 * Where the string `name` lies that has its length before it.
 * @param {Buffer} bytes
 * @param {string} name
 */
function placeOf(bytes, name) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(name)));
    const place = bytes.indexOf(Buffer.concat([length, Buffer.from(name)]));
    if (place < 0)
        throw new Error(`no ${name} in the file`);
    return { start: place, end: place + 8 + Buffer.byteLength(name) };
}

/** The kind of an entry. @param {Buffer} bytes @param {string} key @param {number} kind */
export const withKind = (bytes, key, kind) =>
    changed(bytes, (copy) => copy.writeUInt32LE(kind, placeOf(copy, key).end));
/** The length that an entry's string or list claims. @param {Buffer} bytes @param {string} key @param {bigint} length */
export const withLength = (bytes, key, length) => changed(bytes, (copy) => {
    const kind = placeOf(copy, key).end;
    copy.writeBigUInt64LE(length, kind + (copy.readUInt32LE(kind) === 9 ? 8 : 4));
});
/** The length that a key or a tensor's name claims. @param {Buffer} bytes @param {string} name @param {bigint} length */
export const withNameLength = (bytes, name, length) =>
    changed(bytes, (copy) => copy.writeBigUInt64LE(length, placeOf(copy, name).start));

/**
 * What a file says about one of its tensors.
 * @param {Buffer} bytes
 * @param {string} name
 * @param {{dimensions?: number, shape?: bigint[], type?: number, offset?: bigint}} change
 */
export const withTensor = (bytes, name, { dimensions, shape, type, offset }) =>
    changed(bytes, (copy) => {
        const start = placeOf(copy, name).end, sizes = start + 4;
        const after = sizes + copy.readUInt32LE(start) * 8;
        shape?.forEach((size, i) => copy.writeBigUInt64LE(size, sizes + i * 8));
        if (type !== undefined)
            copy.writeUInt32LE(type, after);
        if (offset !== undefined)
            copy.writeBigUInt64LE(offset, after + 4);
        if (dimensions !== undefined)
            copy.writeUInt32LE(dimensions, start);
    });

/**
 * A small model's bytes.
 * @param {import('./gguf.mjs').Options} [options]
 */
export function ggufBytes(options = {}) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-gguf-'));
    try {
        const file = path.join(folder, 'model.gguf');
        writeGguf(file, { embd: 32, heads: 2, kv: 1, ffn: 32, layers: 1, ...options });
        return fs.readFileSync(file);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/**
 * A file for each way to be wrong, by what is wrong.
 * @returns {Record<string, Buffer>}
 */
export function hostileFiles() {
    const good = ggufBytes(), huge = 0xffffffffffffffffn;
    const norm = 'output_norm.weight', embedding = 'token_embd.weight';
    return {
        'empty': Buffer.alloc(0),
        'a Git LFS pointer': lfsPointer(),
        'another magic': changed(good, (copy) => copy.write('GGML')),
        'version 1': withVersion(good, 1),
        'version 99': withVersion(good, 99),
        'big-endian': withVersion(good, 0x03000000),
        'cut in the header': truncated(good, 20),
        'cut in the metadata': truncated(good, 2000),
        'cut in the list of tensors': truncated(good, placeOf(good, norm).end + 5),
        'cut in the weights': truncated(good, -100),
        'no tensors': withTensorCount(good, 0n),
        'one tensor too many': withTensorCount(good, good.readBigUInt64LE(TENSORS) + 1n),
        'endless tensors': withTensorCount(good, huge),
        'one entry too many': withEntryCount(good, good.readBigUInt64LE(ENTRIES) + 1n),
        'endless entries': withEntryCount(good, huge),
        'an endless string': withLength(good, 'general.architecture', huge),
        'a string past the end': withLength(good, 'general.architecture', BigInt(good.length)),
        'an endless list': withLength(good, 'tokenizer.ggml.tokens', huge),
        'a list past the end': withLength(good, 'tokenizer.ggml.scores', BigInt(good.length)),
        'an endless key': withNameLength(good, 'general.architecture', huge),
        'an unknown kind': withKind(good, 'general.architecture', 13),
        'a number for a name': withKind(good, 'general.architecture', 4),
        'no dimensions': withTensor(good, norm, { dimensions: 0 }),
        'too many dimensions': withTensor(good, norm, { dimensions: 0xffffffff }),
        'a dimension of nothing': withTensor(good, norm, { shape: [0n] }),
        'a size that overflows': withTensor(good, embedding, {
            shape: [1n << 33n, 1n << 33n],
        }),
        'an unknown type of tensor': withTensor(good, norm, { type: 999 }),
        'a tensor past the end': withTensor(good, norm, { offset: BigInt(good.length) }),
        'a tensor at an endless offset': withTensor(good, norm, { offset: huge & ~31n }),
        'a tensor out of alignment': withTensor(good, norm, { offset: 1n }),
        'an unknown architecture': ggufBytes({
            metadata: { 'general.architecture': string('abacus') },
        }),
        'no heads': ggufBytes({ metadata: { 'llama.attention.head_count': u32(0) } }),
        'no width': ggufBytes({ metadata: { 'llama.embedding_length': u32(0) } }),
        'four thousand million layers': ggufBytes({
            metadata: { 'llama.block_count': u32(0xffffffff) },
        }),
        'an alignment of nothing': ggufBytes({ metadata: { 'general.alignment': u32(0) } }),
        'an alignment that is no power of two': ggufBytes({
            metadata: { 'general.alignment': u32(33) },
        }),
        'an end token that is none': ggufBytes({
            metadata: { 'tokenizer.ggml.eos_token_id': u32(0xfffffff0) },
        }),
        'fewer scores than tokens': ggufBytes({
            metadata: { 'tokenizer.ggml.scores': list('f32', [0]) },
        }),
        'a template of a megabyte': ggufBytes({ template: 'x'.repeat(1 << 20) }),
        'a template that never ends': ggufBytes({
            template: '{% for a in range(100000) %}'.repeat(2) + '{% endfor %}'.repeat(2),
        }),
    };
}
