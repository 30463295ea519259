/** The service's objects by key (KIND or KIND/ID), and the subscribers to changes. */

/** @typedef {Record<string, any>} Thing */
/** @typedef {Set<string>} Kinds */

export class Store {
    /** @type {Map<string, Thing>} */
    #objects = new Map();
    /** @type {Set<(kinds: Kinds, keys: string[]) => void>} */
    #listeners = new Set();

    /** All that there is: what was before is gone. @param {Record<string, Thing | null>} objects */
    replace(objects) {
        const before = [...this.#objects.keys()];
        this.#objects.clear();
        this.#put(objects);
        this.#tell([...new Set([...before, ...Object.keys(objects)])]);
    }

    /** Applies changes; null removes an object. @param {Record<string, Thing | null>} objects */
    change(objects) {
        this.#put(objects);
        this.#tell(Object.keys(objects));
    }

    /** @param {string} key @returns {Thing | undefined} */
    get(key) {
        return this.#objects.get(key);
    }

    /** @param {string} kind @returns {[string, Thing][]} ids and objects, by id */
    all(kind) {
        const prefix = `${kind}/`;
        /** @type {[string, Thing][]} */
        const found = [];
        for (const [key, object] of this.#objects) if (key.startsWith(prefix)) found.push([key.slice(prefix.length), object]);
        return found.sort(([one], [other]) => (one < other ? -1 : 1));
    }

    /** @param {(kinds: Kinds, keys: string[]) => void} listener @returns {() => void} ends it */
    subscribe(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /** @param {Record<string, Thing | null>} objects */
    #put(objects) {
        for (const [key, object] of Object.entries(objects))
            if (object === null) this.#objects.delete(key);
            else this.#objects.set(key, object);
    }

    /** @param {string[]} keys */
    #tell(keys) {
        const kinds = new Set(keys.map((key) => key.split('/', 1)[0]));
        for (const listener of [...this.#listeners]) listener(kinds, keys);
    }
}
