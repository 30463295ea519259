/**
 * The model files that this browser keeps for a page that joined: a folder in the private file system of the page's origin
 * (OPFS). Workers of Chromium, Firefox and Safari write it as the bytes arrive and read it piece by piece; files in the Cache
 * API can only be read from the beginning. WebKitGTK 2.50 has no OPFS and keeps nothing. Each file is named by its SHA-256.
 * The note next to it says when the file was used last, how many bytes it has when complete, and whether it is whole: then all
 * of it was written, and its SHA-256 was right. Of a large file that is not whole the note says which leaves are there. The bytes
 * are reserved from the moment at which the file is begun.
 */

const FOLDER = 'models';
const NOTE = '.note';
const HASH = /^[0-9a-f]{64}$/;
const LOCK = 'webinfer.models';
/** The state of a file of which all is there and right. */
export const WHOLE = 'whole';

/** `bytes`: those that it takes, or will. @typedef {{hash: string, bytes: number, used: number, isWhole: boolean}} Entry */
/** `state`: WHOLE; or the leaves that are there, as a Bitmap prints them; or "". @typedef {{used: number, bytes: number, state: string}} Note */

/** @param {string | undefined} hash */
export const isHash = (hash) => HASH.test(hash ?? '');

/** The note's name. @param {string} hash */
export const noteOf = (hash) => hash + NOTE;

/** @param {Note} note @returns {string} */
export const noteText = ({ used, bytes, state }) => `${used} ${bytes} ${state}`;

/** @param {FileSystemDirectoryHandle} folder @param {string} hash @returns {Promise<Note>} zeros: there is none */
export async function readNote(folder, hash) {
    const file = await fileOf(folder, noteOf(hash)), text = await file?.text().catch(() => '') ?? '';
    const [used, bytes, state = ''] = text.split(' ');
    return { used: Number(used) || 0, bytes: Number(bytes) || 0, state };
}

/** Runs `work` while no other page or worker runs such work. So no two make room for the same bytes, and none reads a
 * half-written note, which would say that its file was never used and is not complete.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>} */
export const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

/** Handles that are being asked something. @type {Set<object>} */
const asked = new Set();

/** Asks a handle of the storage, and refers to it meanwhile. Without that, answers of Chromium 156 never came: probably it collects
 * a handle that nothing refers to.
 * @template {FileSystemHandle} H, T @param {H} handle @param {(handle: H) => Promise<T>} question @returns {Promise<T>} */
export async function askHandle(handle, question) {
    const held = { handle };
    asked.add(held);
    try {
        return await question(handle);
    } finally {
        asked.delete(held);
    }
}

/** @param {boolean} create @returns {Promise<FileSystemDirectoryHandle>} @throws where the browser has no such place */
export async function openFolder(create) {
    return askHandle(await navigator.storage.getDirectory(), (root) => root.getDirectoryHandle(FOLDER, { create }));
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @param {boolean} create @returns {Promise<FileSystemFileHandle>}
 * @throws where it is not there */
export const handleOf = (folder, name, create) => askHandle(folder, () => folder.getFileHandle(name, { create }));

/** @param {FileSystemFileHandle} handle */
export const fileBehind = (handle) => askHandle(handle, () => handle.getFile());

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
    const [file, { used, bytes, state }] = await Promise.all([fileOf(folder, hash), readNote(folder, hash)]);
    const size = file?.size ?? 0;
    return { hash, used, bytes: Math.max(size, bytes), isWhole: state === WHOLE && size === bytes };
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @returns {Promise<File | null>} null: there is none, or it is
 * being written in a browser that shows nothing of it then */
async function fileOf(folder, name) {
    try {
        return await fileBehind(await handleOf(folder, name, false));
    } catch {
        return null;
    }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} hash @returns {Promise<boolean>} false: it is being written */
export async function remove(folder, hash) {
    for (const name of [hash, noteOf(hash)]) {
        try {
            await askHandle(folder, () => folder.removeEntry(name));
        } catch (error) {
            if (/** @type {DOMException} */ (error).name !== 'NotFoundError') return false;
        }
    }
    return true;
}

/** A piece of a file that nobody writes. @param {string} hash @param {number} from @param {number} to
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is not there */
export async function readPiece(hash, from, to) {
    try {
        const file = await fileOf(await openFolder(false), hash), bytes = await file?.slice(from, to).arrayBuffer();
        return bytes?.byteLength === to - from ? new Uint8Array(bytes) : null;
    } catch {
        return null;
    }
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
