/**
 * The files of a GGUF model, read piece by piece as llama.cpp asks for them, so that no file is held twice: each piece goes
 * straight to its place in the engine's memory, from what this browser keeps, else by a Range from the service.
 */
import { bringKept } from './bring.js';
import { Failure, throwIfCancelled } from './failure.js';
import { get } from './get.js';
import { PIECE, Store } from './store.js';
import { NARROW_FILE_MAX } from '../shared/messages.js';

/** @import { Model, ModelFile } from '../shared/messages.js' */

/** At most four reports a second, as the protocol says. */
const PROGRESS_EVERY_MS = 250;
/** A piece is asked for so often again where it broke off, if bytes came in between. */
const RETRIES = 3;
const SPLIT = /-(\d{5})-of-(\d{5})\.gguf$/;

/** A file's name without its folders. @param {ModelFile} file */
const nameOf = ({ path }) => /** @type {string} */ (path.split('/').pop());

/**
 * The files that make up the model, the first part first.
 * @param {Model} model @returns {ModelFile[]} @throws {Failure} `model_invalid`
 */
export function weightsOf(model) {
    const all = model.files.filter(({ path }) => path.endsWith('.gguf'))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    const count = Number(SPLIT.exec(all[0]?.path ?? '')?.[2] ?? 1);
    const isWhole = all.length === count && (count === 1
        || all.every(({ path }, index) => Number(SPLIT.exec(path)?.[1]) === index + 1));
    if (isWhole) return all;
    throw new Failure('model_invalid',
        `the model has ${all.length} GGUF files, which are not the parts of one model`,
        { expected: 'one file, or NAME-00001-of-0000N.gguf to NAME-0000N-of-0000N.gguf' });
}

/**
 * Whether a build with 32-bit addresses can read files.
 * @param {{name: string, bytes: number}[]} files @throws {Failure} `model_too_large`
 */
export function checkNarrow(files) {
    const large = files.find(({ bytes }) => bytes > NARROW_FILE_MAX);
    if (!large) return;
    const mib = (/** @type {number} */ bytes) => Math.ceil(bytes / 1048576);
    throw new Failure('model_too_large',
        `${large.name} has ${mib(large.bytes)} MiB; in this browser, whose WebAssembly has addresses of 32 bits, `
        + `a file may have less than ${mib(NARROW_FILE_MAX)} MiB; split it into several files, or use Chromium or Firefox`,
        { expected: `files of at most ${NARROW_FILE_MAX} bytes` });
}

export class LlamaFiles {
    /** @param {ModelFile[]} files @param {import('../shared/messages.js').Credential} credential
     * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} signal
     * @param {() => void} [lives] told of each piece that comes @param {Store} [store] */
    constructor(files, credential, onProgress, signal, lives = () => {}, store = new Store()) {
        this._files = new Map(files.map((file) => [nameOf(file), file]));
        this._credential = credential;
        this._onProgress = onProgress;
        this._signal = signal;
        this._lives = lives;
        this._store = store;
        /** As this browser keeps them. @type {Map<string, File>} */
        this._kept = new Map();
        this.total = files.reduce((sum, { bytes }) => sum + bytes, 0);
        /** How far each file was read. @type {Map<string, number>} */
        this._reached = new Map();
        this._reported = performance.now();
    }

    /** In the order of their parts. @returns {{name: string, bytes: number}[]} */
    list() {
        return [...this._files].map(([name, { bytes }]) => ({ name, bytes }));
    }

    /** Has the files kept, before they are read, where this browser keeps any. @throws {Failure} */
    async bring() {
        for (const [name, file] of this._files) {
            const kept = await bringKept(file, {
                credential: this._credential, store: this._store, signal: this._signal, others: this._store.others,
                told: (at) => {
                    this._lives();
                    this._report(name, at);
                },
            });
            if (kept) this._kept.set(name, kept);
        }
    }

    /** The first bytes of the first file. @param {number} size @returns {Promise<Uint8Array>} */
    async beginning(size) {
        const [{ name, bytes }] = this.list();
        const into = new Uint8Array(Math.min(size, bytes));
        await this.read(name, 0, into.length, (at) => into.subarray(at));
        return into;
    }

    /**
     * Reads a piece, as much of it as the file has.
     * @param {string} name @param {number} offset @param {number} size
     * @param {(at: number) => Uint8Array} place where the piece goes from its byte `at` on; asked for each
     *   time, since memory that grows moves
     * @returns {Promise<number>} how many bytes it has
     */
    async read(name, offset, size, place) {
        const file = this._files.get(name);
        if (!file) throw new Failure('model_invalid', `the model asks for a file that it does not have: ${name}`);
        const length = Math.max(0, Math.min(size, file.bytes - offset));
        let at = await this._copy(name, offset, length, place);
        for (let retries = RETRIES; at < length; retries--) {
            const before = at;
            at = await this._fetch(file, offset, length, at, place);
            if (at === length) break;
            throwIfCancelled(this._signal);
            if (retries === 0 || at === before) {
                throw new Failure('model_fetch_failed',
                    `${file.url} broke off at byte ${offset + at} of ${file.bytes}`);
            }
        }
        this._report(name, offset + length);
        return length;
    }

    /** Takes a piece from what is kept. @param {string} name @param {number} offset @param {number} length
     * @param {(at: number) => Uint8Array} place @returns {Promise<number>} how far it came: what was removed meanwhile
     *   is fetched */
    async _copy(name, offset, length, place) {
        const kept = this._kept.get(name);
        for (let at = 0; kept && at < length; at += PIECE) {
            throwIfCancelled(this._signal);
            const size = Math.min(PIECE, length - at);
            const bytes = await kept.slice(offset + at, offset + at + size).arrayBuffer().catch(() => null);
            if (bytes?.byteLength !== size) {
                this._kept.delete(name);
                return at;
            }
            place(at).set(new Uint8Array(bytes));
            this._lives();
        }
        return kept ? length : 0;
    }

    /** @param {ModelFile} file @param {number} offset @param {number} length @param {number} at
     * @param {(at: number) => Uint8Array} place @returns {Promise<number>} how far it came */
    async _fetch({ url, hash, bytes }, offset, length, at, place) {
        const response = await get(url, this._credential, this._signal, {
            Range: `bytes=${offset + at}-${offset + length - 1}`, 'If-Range': `"${hash}"`,
        }).catch((error) => {
            throwIfCancelled(this._signal);
            throw error;
        });
        const isAll = offset + at === 0 && length === bytes;
        if (response.status !== 206 && !isAll) {
            await response.body?.cancel();
            throw new Failure('model_fetch_failed',
                `${url} was answered whole, and not the piece that was asked for`);
        }
        const reader = response.body?.getReader();
        while (reader) {
            const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
            if (done || !value) break;
            if (at + value.length > length) {
                await reader.cancel();
                throw new Failure('model_fetch_failed', `${url} has more bytes than announced`);
            }
            place(at).set(value);
            at += value.length;
            this._lives();
        }
        return at;
    }

    /** @param {string} name @param {number} reached */
    _report(name, reached) {
        this._reached.set(name, Math.max(this._reached.get(name) ?? 0, reached));
        if (performance.now() - this._reported < PROGRESS_EVERY_MS) return;
        this._reported = performance.now();
        this._onProgress([...this._reached.values()].reduce((sum, bytes) => sum + bytes, 0), this.total);
    }
}
