/**
 * What onnxruntime-web prints. Its binary has no file system: the events of a profile go to the console, a line each, and so
 * do its notes. The script of a build takes the console's functions when the build is brought up, and this file replaces them
 * when it is loaded, which is earlier.
 */

/** @typedef {(line: string) => boolean} Reader whether it takes the line, which is then not printed */

const FUNCTIONS = ['log', 'info', 'debug', 'warn', 'error'];

export class Printing {
    /** @param {Record<string, any>} target the console */
    constructor(target) {
        /** @type {Set<Reader>} */
        this._readers = new Set();
        for (const name of FUNCTIONS) {
            const print = target[name];
            target[name] = (/** @type {any[]} */ ...words) => {
                if (!this._isTaken(words[0])) print.apply(target, words);
            };
        }
    }

    /** Of several readers, the one that began last is asked first: it knows of what is printed while its work has the thread.
     * @param {unknown} line */
    _isTaken(line) {
        return typeof line === 'string' && [...this._readers].reverse().some((reader) => reader(line));
    }

    /** Has the reader see what is printed until the work has ended. @template T
     * @param {Reader} reader @param {() => Promise<T>} work @returns {Promise<T>} */
    async during(reader, work) {
        this._readers.add(reader);
        try {
            return await work();
        } finally {
            this._readers.delete(reader);
        }
    }
}

export const printing = new Printing(console);
