/**
 * The model files that a page that joined keeps in its browser (shared/kept_files.js), for the workers that load them.
 * - A file is only returned after it was read completely, and its length and its SHA-256 were right; otherwise it is removed.
 * - A half-written file, whose worker has ended, does not have the length in its note; it only takes space. One worker writes
 *   a file at a time: the browser locks it, and a second worker keeps nothing.
 * - The total size is limited. The least recently used files are removed first.
 * - Nothing fails because a browser stores nothing: then nothing is kept. And nothing waits for long for a browser whose storage
 *   does not answer.
 */
import { alone, isHash, list, noteOf, openFolder, remove } from '../shared/kept_files.js';

/** @typedef {{hash?: string, bytes: number}} Named */
/** The destination of a file's bytes, in order; bytes at 0 start it again. `digest` returns the digest of all bytes.
 * @typedef {{take: (at: number, bytes: Uint8Array) => void, digest: () => Promise<string>}} Sink */

/** Read at a time. */
export const PIECE = 4 << 20;
/** The largest share of the browser's quota for the page's origin. */
const SHARE = 0.5;
/** The longest wait for an answer of the storage. A piece takes some milliseconds. */
export const PATIENCE_MS = 15000;

export class Store {
    /** @param {number} [most] bytes; 0: nothing is kept, and kept files are not read */
    constructor(most = 0) {
        this._most = most;
    }

    /** Reads a file into `sink`. @param {Named} file @param {Sink} sink what it throws leaves the file as it is
     * @returns {Promise<File | null>} null: it is not there, or was not right */
    async find({ hash, bytes }, sink) {
        if (!this._may(hash)) return null;
        try {
            const { folder, file } = await soon(open(hash));
            if (file.size === bytes && await isRight(file, hash, sink)) {
                await soon(alone(() => note(folder, hash, bytes)));
                return file;
            }
            await soon(remove(folder, hash));
        } catch {
            // It is not there, or cannot be read.
        }
        return null;
    }

    /** Begins to keep a file. @param {Named} file @returns {Promise<Writing | null>} null: it is not to be */
    async begin({ hash, bytes }) {
        if (!this._may(hash) || bytes > this._most) return null;
        const begun = this._begin(hash, bytes);
        return soon(begun).catch(() => {
            begun.then((late) => late?.end(false));
            return null;
        });
    }

    /** @param {string} hash @param {number} bytes @returns {Promise<Writing | null>} */
    async _begin(hash, bytes) {
        let writing = null, hasRoom = false;
        try {
            const folder = await openFolder(true);
            const handle = await folder.getFileHandle(hash, { create: true });
            writing = new Writing(folder, handle, await handle.createSyncAccessHandle(), hash, bytes);
            hasRoom = await alone(() => makeRoom(folder, hash, bytes, this._most));
        } catch {
            // Another worker writes it, or the browser stores nothing.
        }
        if (hasRoom) return writing;
        await writing?.end(false);
        return null;
    }

    /** @param {string | undefined} hash @returns {hash is string} */
    _may(hash) {
        return this._most > 0 && isHash(hash);
    }
}

/** A file that is being written, from its beginning on. */
class Writing {
    /** @param {FileSystemDirectoryHandle} folder @param {FileSystemFileHandle} handle
     * @param {FileSystemSyncAccessHandle} access @param {string} hash @param {number} size */
    constructor(folder, handle, access, hash, size) {
        this._folder = folder;
        this._handle = handle;
        this._access = access;
        this._hash = hash;
        this._size = size;
        this._end = 0;
        this._isWhole = size === 0; /* so far */
    }

    /** @param {number} at 0 starts it again @param {Uint8Array} bytes @returns {boolean} false: it cannot be kept */
    write(at, bytes) {
        try {
            if (at === 0) this._access.truncate(0);
            this._isWhole = (at === 0 || this._isWhole && at === this._end)
                && this._access.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes), { at }) === bytes.length;
            this._end = at + bytes.length;
        } catch {
            this._isWhole = false; // there is no more room
        }
        return this._isWhole;
    }

    /** @param {boolean} isRight whether what was written has its SHA-256
     * @returns {Promise<File | null>} null: it is not kept */
    async end(isRight) {
        try {
            await soon(this._access.close());
            if (isRight && this._isWhole && this._end === this._size) return await soon(this._handle.getFile());
            await soon(remove(this._folder, this._hash));
        } catch {
            // It cannot be kept.
        }
        return null;
    }
}

/** @template T @param {T | Promise<T>} answer of the storage @returns {Promise<T>} @throws {Error} there is none */
async function soon(answer) {
    let timer;
    const over = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('the storage gives no answer')), PATIENCE_MS);
    });
    try {
        return await Promise.race([answer, /** @type {Promise<never>} */ (over)]);
    } finally {
        clearTimeout(timer);
    }
}

/** @param {string} hash @throws where it is not there */
async function open(hash) {
    const folder = await openFolder(false);
    return { folder, file: await (await folder.getFileHandle(hash)).getFile() };
}

/** Reads the next piece while the last is taken. @param {File} file @param {string} hash @param {Sink} sink */
async function isRight(file, hash, { take, digest }) {
    const read = (/** @type {number} */ at) => file.slice(at, at + PIECE).arrayBuffer();
    let next = read(0);
    for (let at = 0; at < file.size; at += PIECE) {
        const bytes = new Uint8Array(await soon(next));
        next = at + PIECE < file.size ? read(at + PIECE) : next;
        take(at, bytes);
    }
    return await digest() === hash;
}

/** Removes what was used least recently, until there is room within the bound, and takes it.
 * @param {FileSystemDirectoryHandle} folder @param {string} hash @param {number} bytes @param {number} most */
async function makeRoom(folder, hash, bytes, most) {
    const { quota = Infinity } = await navigator.storage.estimate?.() ?? {};
    const room = Math.min(most, quota * SHARE) - bytes;
    if (room < 0) return false;
    const others = (await list(folder)).filter((entry) => entry.hash !== hash);
    let taken = others.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of others) {
        if (taken <= room) break;
        if (await remove(folder, entry.hash)) taken -= entry.bytes;
    }
    if (taken <= room) await note(folder, hash, bytes);
    return taken <= room;
}

/** Notes that a file is used now; to be called by `alone`. If another worker is writing the note, nothing is done.
 * @param {FileSystemDirectoryHandle} folder @param {string} hash @param {number} bytes */
async function note(folder, hash, bytes) {
    try {
        const access = await (await folder.getFileHandle(noteOf(hash), { create: true })).createSyncAccessHandle();
        try {
            access.truncate(0);
            access.write(new TextEncoder().encode(`${Date.now()} ${bytes}`), { at: 0 });
        } finally {
            await access.close();
        }
    } catch {
        // It counts as unused for longer than it is.
    }
}
