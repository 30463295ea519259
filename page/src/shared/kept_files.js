/**
 * The model files that this browser keeps for a page that joined: a folder in the private file system of the page's origin
 * (OPFS). Workers of Chromium, Firefox and Safari write it as the bytes arrive and read it piece by piece; files in the Cache
 * API can only be read from the beginning. WebKitGTK 2.50 has no OPFS and keeps nothing. Each file is named by its SHA-256.
 * The note next to it says when the file was used last and how many bytes it has when complete. These bytes are reserved from
 * the moment at which the file is begun.
 */

const FOLDER = 'models';
const NOTE = '.note';
const HASH = /^[0-9a-f]{64}$/;
const LOCK = 'webinfer.models';

/** `bytes`: those that it takes, or will. @typedef {{hash: string, bytes: number, used: number, isWhole: boolean}} Entry */

/** @param {string | undefined} hash */
export const isHash = (hash) => HASH.test(hash ?? '');

/** The note's name. @param {string} hash */
export const noteOf = (hash) => hash + NOTE;

/** Runs `work` while no other page or worker runs such work. So no two make room for the same bytes, and none reads a
 * half-written note, which would say that its file was never used and is not complete.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>} */
export const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

/** @param {boolean} create @returns {Promise<FileSystemDirectoryHandle>} @throws where the browser has no such place */
export async function openFolder(create) {
    return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
}

/** The kept files, the least recently used first. @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<Entry[]>} */
export async function list(folder) {
    /** @type {string[]} */
    const names = [];
    for await (const name of /** @type {any} */ (folder).keys()) names.push(name);
    const hashes = new Set(names.map((name) => name.slice(0, 64)).filter(isHash));
    const entries = await Promise.all(Array.from(hashes, (hash) => describe(folder, hash)));
    return entries.sort((a, b) => a.used - b.used);
}

/** @param {FileSystemDirectoryHandle} folder @param {string} hash @returns {Promise<Entry>} */
async function describe(folder, hash) {
    const [file, note] = await Promise.all([hash, noteOf(hash)].map((name) => fileOf(folder, name)));
    const [used = 0, bytes = 0] = (await note?.text().catch(() => ''))?.split(' ').map(Number) ?? [];
    const size = file?.size ?? 0;
    return { hash, used: used || 0, bytes: Math.max(size, bytes || 0), isWhole: file !== null && size === bytes };
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @returns {Promise<File | null>} null: there is none, or it is
 * being written in a browser that shows nothing of it then */
async function fileOf(folder, name) {
    try {
        return await (await folder.getFileHandle(name)).getFile();
    } catch {
        return null;
    }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} hash @returns {Promise<boolean>} false: it is being written */
export async function remove(folder, hash) {
    for (const name of [hash, noteOf(hash)]) {
        try {
            await folder.removeEntry(name);
        } catch (error) {
            if (/** @type {DOMException} */ (error).name !== 'NotFoundError') return false;
        }
    }
    return true;
}

/** How many files are kept, and their bytes: none where the browser keeps nothing.
 * @returns {Promise<{count: number, bytes: number}>} */
export async function counted() {
    try {
        const folder = await openFolder(false), entries = (await alone(() => list(folder))).filter(({ isWhole }) => isWhole);
        return { count: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
    } catch {
        return { count: 0, bytes: 0 };
    }
}

/** Removes all but what is being written. */
export const clear = () => trim(0);

/** Removes what was used least recently and is not being written, until the rest has at most so many bytes. @param {number} most */
export async function trim(most) {
    try {
        const folder = await openFolder(false);
        await alone(async () => {
            const entries = await list(folder);
            let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
            for (const { hash, bytes } of entries) {
                if (most > 0 && total <= most) break;
                if (await remove(folder, hash)) total -= bytes;
            }
        });
    } catch {
        // Nothing is kept, then.
    }
}
