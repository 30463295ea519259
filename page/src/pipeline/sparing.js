/**
 * A folder's graphs when memory is short: a graph is released when its work is done. An encoder, or a tower for
 * pictures or sound, is in memory for its pass, and the graphs that write for the rest of the time. Each is
 * loaded again when it is run next. Only one task at a time runs such a model.
 */
import { isReading } from '../shared/model.js';

/** @import { Take } from '../engine/engine.js' */
/** Brings a file of the folder. @typedef {(path: string, signal: AbortSignal) => Promise<Uint8Array>} Bring */

/** A graph as transformers.js and the tasks see its session, whether it is in memory or not. */
export class Graph {
    /** @param {Sparing} sparing @param {string} path @param {any} options of its session, without files */
    constructor(sparing, path, options) {
        this.sparing = sparing;
        this.path = path;
        this.options = options;
        this.reads = isReading(path);
        /** Its further files, as the options name them. @type {string[]} */
        this.external = (options.externalData ?? []).map((/** @type {any} */ file) => file.path);
        /** @type {any} */
        this.session = null;
        /** @type {readonly string[]} */
        this.inputNames = this.outputNames = [];
        /** @type {readonly any[]} */
        this.inputMetadata = this.outputMetadata = [];
    }

    /** @param {any} session @param {any} options without its files, which are not kept */
    has(session, options) {
        const { inputNames, outputNames, inputMetadata, outputMetadata } = session;
        Object.assign(this, { session, inputNames, outputNames, inputMetadata, outputMetadata });
        this.options = { ...options, externalData: undefined };
    }

    /** For this run's turn, when the graph is in memory. @param {any[]} feeds */
    compute(...feeds) {
        return this.session.run(...feeds);
    }

    release() {
        return this.sparing.release(this);
    }
}

export class Sparing {
    /** @param {(bytes: Uint8Array, options: any) => Promise<any>} create makes a session of onnxruntime-web's
     * @param {Bring} bring @param {Take} take turns without an owner
     * @param {boolean} both whether graphs that write are also released while others read: their keys and values are kept outside */
    constructor(create, bring, take, both) {
        this._create = create;
        this._bring = bring;
        this._take = take;
        this._both = both;
        /** @type {Graph[]} */
        this._graphs = [];
        this._writes = false; /* whether the present run has begun to write */
    }

    /** Adds a graph whose bytes are available. @param {string} path @param {Uint8Array} bytes @param {any} options @param {Take} take
     * @returns {Promise<Graph>} */
    async add(path, bytes, options, take) {
        const graph = new Graph(this, path, options);
        this._graphs.push(graph);
        await take(() => this._make(graph, bytes, options));
        return graph;
    }

    /** A run begins. */
    begin() {
        this._writes = false;
    }

    /** To be called before the graph is run: brings it into memory, and releases graphs that are not needed at the same time.
     * @param {Graph} graph @param {Take} take @param {AbortSignal} signal */
    async ready(graph, take, signal) {
        this._writes ||= !graph.reads;
        if (graph.session) return this._idle(graph).length > 0 ? take(() => this._makeRoom(graph), signal) : undefined;
        const [bytes, ...external] = await Promise.all([graph.path, ...graph.external.map((name) => `onnx/${name}`)]
            .map((path) => this._bring(path, signal)));
        const files = external.map((data, at) => ({ path: graph.external[at], data }));
        await take(() => this._make(graph, bytes, { ...graph.options, ...(files.length > 0 ? { externalData: files } : {}) }), signal);
    }

    /** @param {Graph} graph */
    async release(graph) {
        const { session } = graph;
        graph.session = null;
        this._graphs = this._graphs.filter((one) => one !== graph);
        if (session) await this._take(() => session.release());
    }

    /** @param {Graph} graph @param {Uint8Array} bytes @param {any} options */
    async _make(graph, bytes, options) {
        await this._makeRoom(graph);
        graph.has(await this._create(bytes, options), options);
    }

    /** Those in memory that have nothing to do while this one is run. @param {Graph} graph */
    _idle({ reads }) {
        return this._graphs.filter((other) => other.session && other.reads !== reads && (other.reads || (this._both && !this._writes)));
    }

    /** @param {Graph} graph */
    async _makeRoom(graph) {
        for (const other of this._idle(graph)) {
            const { session } = other;
            other.session = null;
            await session.release();
        }
    }
}
