/** Compressed copies of the page's files, made once, which the service sends where a browser takes them. */
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
/** With 9 and the usual window the whole page takes 13 s of one core; with a window of 16 MiB 27 s, and is 1 % smaller. */
const QUALITY = 9;
/** @type {Record<string, (bytes: Buffer) => Promise<Buffer>>} By the suffix of a file's name. */
const CODINGS = {
    br: (bytes) => promisify(zlib.brotliCompress)(bytes, { params: {
        [BROTLI_PARAM_QUALITY]: QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    gz: (bytes) => promisify(zlib.gzip)(bytes, { level: 9 }),
};
/** Bytes. A smaller file fits into one packet, so compressing it saves no time. */
const LEAST = 1400;
/** A copy that has more of its file than this is not worth unpacking. */
const SHARE_MOST = 0.9;

export const ENDINGS = Object.keys(CODINGS);

/** Makes compressed copies of files. A copy that is already there is taken as valid, so the names contain hashes, or the
 * folder is new.
 * @param {string} out folder @param {Iterable<string>} names @returns {Promise<string[]>} the copies' names */
export async function compress(out, names) {
    const copies = await Promise.all([...names].flatMap((name) => {
        const bytes = fs.readFileSync(path.join(out, name));
        if (bytes.length < LEAST) return [];
        return ENDINGS.map(async (ending) => {
            const copy = `${name}.${ending}`;
            return await isPut(path.join(out, copy), bytes, CODINGS[ending]) ? [copy] : [];
        });
    }));
    return copies.flat();
}

/** @param {string} to @param {Buffer} bytes @param {(bytes: Buffer) => Promise<Buffer>} code
 * @returns {Promise<boolean>} whether there is a copy, because it is worth it */
async function isPut(to, bytes, code) {
    if (fs.existsSync(to)) return true;
    const coded = await code(bytes);
    if (coded.length > bytes.length * SHARE_MOST) return false;
    fs.writeFileSync(`${to}.half`, coded);
    fs.renameSync(`${to}.half`, to);
    return true;
}
