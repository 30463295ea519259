/**
 * A browser's private file system in memory, as much of it as the page uses: https://fs.spec.whatwg.org. One writer has a file at a
 * time. What was written is there when the browser was killed, and those who had a file have it no more.
 */
export class PrivateFiles {
    /** @type {Map<string, Buffer>} */
    files = new Map();
    /** Bytes of all files. */
    most = Infinity;
    #open = new Map();

    /** This is the browser's from now on. */
    install() {
        let last = Promise.resolve();
        const request = (_, work) => (last = last.then(work, work));
        const folder = {
            keys: () => this.#names(),
            getFileHandle: async (name, { create = false } = {}) => this.#handle(name, create),
            removeEntry: async (name) => this.#remove(name),
        };
        const getDirectory = async () => ({ getDirectoryHandle: async () => folder });
        Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { storage: { getDirectory }, locks: { request } } });
        return this;
    }

    kill() {
        for (const access of this.#open.values()) access.isDead = true;
        this.#open.clear();
    }

    async *#names() {
        yield* [...this.files.keys()];
    }

    #remove(name) {
        if (this.#open.has(name)) throw new DOMException('it is open', 'NoModificationAllowedError');
        if (!this.files.delete(name)) throw new DOMException('it is not there', 'NotFoundError');
    }

    #handle(name, create) {
        if (create && !this.files.has(name)) this.files.set(name, Buffer.alloc(0));
        if (!this.files.has(name)) throw new DOMException('it is not there', 'NotFoundError');
        return {
            getFile: async () => new Blob([this.files.get(name) ?? Buffer.alloc(0)]),
            createSyncAccessHandle: async () => {
                if (this.#open.has(name)) throw new DOMException('it is open', 'NoModificationAllowedError');
                const access = this.#access(name);
                this.#open.set(name, access);
                return access;
            },
        };
    }

    #access(name) {
        const own = (work) => (...given) => {
            if (access.isDead) throw new DOMException('it is closed', 'InvalidStateError');
            return work(...given);
        };
        const get = () => this.files.get(name), set = (bytes) => this.files.set(name, bytes);
        const resized = (size) => Buffer.concat([get().subarray(0, size), Buffer.alloc(Math.max(0, size - get().length))]);
        const access = {
            isDead: false,
            truncate: own((size) => { set(resized(size)); }),
            read: own((into, { at }) => get().copy(into, 0, at)),
            write: own((bytes, { at }) => {
                const others = [...this.files].reduce((sum, [other, { length }]) => sum + (other === name ? 0 : length), 0);
                if (others + Math.max(get().length, at + bytes.length) > this.most) throw new DOMException('full', 'QuotaExceededError');
                if (at + bytes.length > get().length) set(resized(at + bytes.length));
                get().set(bytes, at);
                return bytes.length;
            }),
            close: own(() => {
                access.isDead = true;
                this.#open.delete(name);
            }),
        };
        return access;
    }
}
