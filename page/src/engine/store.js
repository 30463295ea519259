/**
 * The model files that a page that joined keeps in its browser (shared/kept_files.js), for the workers that load them.
 * - A file is only returned after it was read completely, and its length and its SHA-256 were right; otherwise it is removed.
 * - A file that came in part is whole only once its note says so, whatever its length: its last bytes may have come first. A
 *   large one stays, so that only the rest of it is fetched; the leaves that its note lists are checked one by one when they are
 *   read. One worker writes a file at a time: the browser locks it, and a second worker keeps nothing.
 * - The total size is limited. The least recently used files are removed first.
 * - Nothing fails because a browser stores nothing: then nothing is kept. And nothing waits for long for a browser whose storage
 *   does not answer.
 */
import { WHOLE, alone, askHandle, fileBehind, handleOf, isHash, list, noteOf, noteText, openFolder, readNote, remove } from '../shared/kept_files.js';
import { Bitmap, LEAF_BYTES, LISTED_BYTES, leafCount, leafSize } from '../shared/leaves.js';

/** @typedef {{hash?: string, bytes: number}} Named */
/** The destination of a file's bytes, in order; bytes at 0 start it again. `digest` returns the digest of all bytes.
 * @typedef {{take: (at: number, bytes: Uint8Array) => void, digest: () => Promise<string>}} Sink */

/** Read at a time. */
export const PIECE = 4 << 20;
/** The largest share of the browser's quota for the page's origin. */
const SHARE = 0.5;
/** The leaves of a file that is being written are noted at most so often: what came since the last note is fetched again after a kill. */
const NOTE_EVERY_MS = 250;
/** The longest wait for an answer of the storage. A piece takes some milliseconds. */
export const PATIENCE_MS = 15000;

export class Store {
    /** @param {number} [most] bytes; 0: nothing is kept, and kept files are not read
     * @param {import('./other_pages.js').Others} [others] pages that may have what is to be kept */
    constructor(most = 0, others = undefined) {
        this._most = most;
        this.others = others;
    }

    /** Reads a file into `sink`. @param {Named} file @param {Sink} sink what it throws leaves the file as it is
     * @returns {Promise<File | null>} null: it is not there, or was not right */
    async find({ hash, bytes }, sink) {
        if (!this._may(hash)) return null;
        try {
            const { folder, file, state } = await soon(open(hash));
            if (state !== WHOLE) return null; // begin() goes on with it
            if (file.size === bytes && await isRight(file, hash, sink)) {
                await soon(alone(() => note(folder, hash, bytes, WHOLE)));
                return file;
            }
            await soon(remove(folder, hash));
        } catch {
            // It is not there, or cannot be read.
        }
        return null;
    }

    /** Begins to keep a file, or goes on with it. @param {Named} file @returns {Promise<Writing | null>} null: it is not to be */
    async begin({ hash, bytes }) {
        if (!this._may(hash) || bytes > this._most) return null;
        const begun = this._begin(hash, bytes);
        return soon(begun).catch(() => {
            begun.then((late) => late?.end('cut'));
            return null;
        });
    }

    /** @param {string} hash @param {number} bytes @returns {Promise<Writing | null>} */
    async _begin(hash, bytes) {
        let writing = null, hasRoom = false;
        try {
            const folder = await openFolder(true);
            const handle = await handleOf(folder, hash, true);
            const begun = writing = new Writing(folder, handle, await accessTo(handle), hash, bytes);
            hasRoom = await alone(() => begun.reserve(this._most));
        } catch {
            // Another worker writes it, or the browser stores nothing.
        }
        if (hasRoom) return writing;
        await writing?.end('wrong');
        return null;
    }

    /** @param {string | undefined} hash @returns {hash is string} */
    _may(hash) {
        return this._most > 0 && isHash(hash);
    }
}

/** A file that is being written, in any order; what an earlier page has written of it is there. */
export class Writing {
    /** @param {FileSystemDirectoryHandle} folder @param {FileSystemFileHandle} handle
     * @param {FileSystemSyncAccessHandle} access @param {string} hash @param {number} size */
    constructor(folder, handle, access, hash, size) {
        this._folder = folder;
        this._handle = handle;
        this._access = access;
        this._hash = hash;
        this._size = size;
        this._have = new Bitmap(leafCount(size));
        /** Told of each leaf that is there from now on. @type {(index: number) => void} */
        this.gained = () => {};
        /** Where the bytes began and ended that came last without a gap. */
        this._from = 0;
        this._end = 0;
        this._hasFailed = false;
        this._notedAt = -Infinity;
        /** Settles once the note is written that is being written. */
        this._noting = Promise.resolve();
        this._isNoting = false;
    }

    /** Whether leaves of it are there from before. */
    get isBegun() {
        return !this._have.isEmpty;
    }

    /** How many leaves are not there. */
    get missing() {
        return this._have.left;
    }

    /** Makes room for it; to be called by `alone`. @param {number} most @returns {Promise<boolean>} false: there is none */
    async reserve(most) {
        const { bytes, state } = await readNote(this._folder, this._hash);
        if (bytes === this._size && this._isResumed) this._have = new Bitmap(leafCount(bytes), state);
        return makeRoom(this._folder, this._hash, this._size, most, this._state);
    }

    /** Drops what there is of it. */
    restart() {
        this._have.clear();
        this._hasFailed = false;
        this._from = this._end = 0;
        try {
            this._access.truncate(0);
        } catch {
            this._hasFailed = true;
        }
    }

    /** Whether the note says that a leaf is there. @param {number} index */
    has(index) {
        return this._have.has(index);
    }

    /** A leaf that is there. @param {number} index @returns {Uint8Array<ArrayBuffer> | null} null: it cannot be read */
    read(index) {
        const bytes = new Uint8Array(leafSize(index, this._size));
        try {
            return this._access.read(bytes, { at: index * LEAF_BYTES }) === bytes.length ? bytes : null;
        } catch {
            return null;
        }
    }

    /** A leaf that is there is not right. @param {number} index */
    drop(index) {
        this._have.remove(index);
    }

    /** @param {number} at @param {Uint8Array} bytes @returns {boolean} false: it cannot be kept */
    write(at, bytes) {
        if (at !== this._end) this._from = at;
        this._end = at + bytes.length;
        try {
            this._hasFailed ||= this._access.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes), { at }) !== bytes.length;
        } catch {
            this._hasFailed = true; // there is no more room
        }
        if (!this._hasFailed) this._take(at);
        return !this._hasFailed;
    }

    /** @param {'right' | 'wrong' | 'cut'} how whether what is there has the file's SHA-256, or did not come to its end
     * @returns {Promise<File | null>} null: it is not kept as a whole */
    async end(how) {
        const isPart = how === 'cut' && this._isResumed && !this._have.isEmpty;
        try {
            await soon(this._access.close());
            await soon(this._noting);
            if (!this._hasFailed && (isPart || how === 'right' && this._have.isFull)) {
                await soon(alone(() => note(this._folder, this._hash, this._size, isPart ? this._state : WHOLE)));
                return isPart ? null : await soon(fileBehind(this._handle));
            }
            await soon(remove(this._folder, this._hash));
        } catch {
            // It cannot be kept.
        }
        return null;
    }

    /** Whether the part of it that is there is of use. */
    get _isResumed() {
        return this._size >= LISTED_BYTES;
    }

    get _state() {
        return this._isResumed ? this._have.text : '';
    }

    /** Notes the leaves that are complete with the bytes from `at` on. @param {number} at */
    _take(at) {
        const { _have: have, _size: size } = this, first = Math.max(Math.ceil(this._from / LEAF_BYTES), Math.floor(at / LEAF_BYTES));
        let next = first;
        while (next < have.count && next * LEAF_BYTES + leafSize(next, size) <= this._end) this._gain(next++);
        if (next > first && this._isResumed) this._tell();
    }

    /** @param {number} index */
    _gain(index) {
        if (this._have.has(index)) return;
        this._have.add(index);
        this.gained(index);
    }

    _tell() {
        const now = performance.now();
        if (this._isNoting || now - this._notedAt < NOTE_EVERY_MS) return;
        this._notedAt = now;
        this._isNoting = true;
        this._noting = alone(() => note(this._folder, this._hash, this._size, this._state)).catch(() => {}).finally(() => {
            this._isNoting = false;
        });
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

/** @param {FileSystemFileHandle} handle */
const accessTo = (handle) => askHandle(handle, () => handle.createSyncAccessHandle());

/** @param {string} hash @throws where it is not there */
async function open(hash) {
    const folder = await openFolder(false), file = await fileBehind(await handleOf(folder, hash, false));
    const { state } = await alone(() => readNote(folder, hash));
    return { folder, file, state };
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
 * @param {FileSystemDirectoryHandle} folder @param {string} hash @param {number} bytes @param {number} most @param {string} state */
async function makeRoom(folder, hash, bytes, most, state) {
    const { quota = Infinity } = await navigator.storage.estimate?.() ?? {};
    const room = Math.min(most, quota * SHARE) - bytes;
    if (room < 0) return false;
    const others = (await list(folder)).filter((entry) => entry.hash !== hash);
    let taken = others.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of others) {
        if (taken <= room) break;
        if (await remove(folder, entry.hash)) taken -= entry.bytes;
    }
    if (taken <= room) await note(folder, hash, bytes, state);
    return taken <= room;
}

/** Notes that a file is used now; to be called by `alone`. If another worker is writing the note, nothing is done.
 * @param {FileSystemDirectoryHandle} folder @param {string} hash @param {number} bytes @param {string} state */
async function note(folder, hash, bytes, state) {
    try {
        const access = await accessTo(await handleOf(folder, noteOf(hash), true));
        try {
            const text = new TextEncoder().encode(noteText({ used: Date.now(), bytes, state }));
            access.write(text, { at: 0 });
            access.truncate(text.length); // last, so that a kill in between leaves one note or the other
        } finally {
            await access.close();
        }
    } catch {
        // It counts as unused for longer than it is.
    }
}
