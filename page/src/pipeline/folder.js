/**
 * A folder in the Hugging Face layout as the service has it: which files there are, what the weights'
 * are computed in, and the files themselves, fetched as transformers.js asks for them.
 */
import { fetchPart } from '../engine/fetch.js';
import { Failure } from '../engine/failure.js';
import { dtypeOf, sizeOf } from '../shared/model.js';

/** @import { Model, ModelFile } from '../shared/messages.js' */
/** @typedef {(file: ModelFile) => Promise<Uint8Array>} Fetch */

/** Weights of 16 bits need a device that computes with them. */
const HALF = /fp?16$/;

/** A part of the names of graphs for WebGPU only, and of their files: transformers.js does not know it, and asks for
 * names without it. */
const WEBGPU = /_webgpu(?=\.onnx)/;

/** The datatype of the weights: one for all graphs, or one for each graph; `name` for people.
 * @typedef {{dtype: string | Record<string, string>, name: string, external: Record<string, number>}} Weights */

export class Folder {
    /** @param {Model} model @param {Fetch} fetch brings a file's bytes */
    constructor(model, fetch) {
        this._files = new Map(model.files.map((file) => [file.path.replace(WEBGPU, ''), file]));
        this._fetch = fetch;
        /** Files that are asked for more than once: the small ones.
         * @type {Map<string, Promise<Uint8Array>>} */
        this._kept = new Map();
        /** The parsed files, by requested name: a tokenizer may have many MB. @type {Map<string, Promise<any>>} */
        this._parsed = new Map();
        /** Which file a buffer holds. @type {WeakMap<ArrayBufferLike, string>} */
        this._paths = new WeakMap();
    }

    /** @param {string} path */
    has(path) {
        return this._files.has(path);
    }

    /** A JSON file's content, the same object for all callers; undefined if there is none. @param {string} path
     * @returns {Promise<any>} @throws {Failure} */
    async json(path) {
        const file = this._files.get(path);
        if (!file) return undefined;
        const found = this._parsed.get(path) ?? this._bytes(file).then((bytes) => parse(bytes, path));
        this._parsed.set(path, found);
        return found;
    }

    /** A text file's content; undefined if there is none. @param {string} path
     * @returns {Promise<string | undefined>} */
    async text(path) {
        const file = this._files.get(path);
        return file && new TextDecoder().decode(await this._bytes(file));
    }

    /** Has a JSON file be another one from now on, until it is forgotten; one that is not there is then.
     * @param {string} path @param {any} content */
    show(path, content) {
        const file = this._files.get(path) ?? { path, url: '', bytes: 0, hash: '' };
        this._files.set(path, file);
        this._parsed.delete(path);
        this._kept.set(file.path, Promise.resolve(new TextEncoder().encode(JSON.stringify(content))));
    }

    /** The response to a request for a file, with the members that transformers.js uses: the bytes are not copied.
     * @param {string} path */
    async answer(path) {
        const file = this._files.get(path);
        if (!file) return { ok: false, status: 404, headers: new Headers() };
        const bytes = await this._bytes(file);
        if (path.endsWith('.json')) parse(bytes, path);
        this._paths.set(bytes.buffer, file.path);
        return { ok: true, status: 200, headers: new Headers(), arrayBuffer: async () => bytes.buffer };
    }

    /** @param {ModelFile} file */
    _bytes(file) {
        if (!file.path.endsWith('.json')) return this._fetch(file);
        const found = this._kept.get(file.path) ?? this._fetch(file);
        this._kept.set(file.path, found);
        return found;
    }

    /** The name by which a graph refers to one of its files. @param {string} name as transformers.js does */
    located(name) {
        return this._files.get(`onnx/${name}`)?.path.slice('onnx/'.length) ?? name;
    }

    /** Drops the kept files, because the model is loaded. */
    forget() {
        this._kept.clear();
        this._parsed.clear();
    }

    /** The file whose bytes these are. @param {Uint8Array} bytes */
    pathOf(bytes) {
        return this._paths.get(bytes.buffer) ?? 'a graph';
    }

    /** The datatype of the weights: the service sends one variant of a folder, so each graph exists once.
     * @param {boolean} hasHalf whether the device computes with 16 bits
     * @returns {Weights} @throws {Failure} if there are none, several, or none that can be used */
    weights(hasHalf) {
        const graphs = graphsOf([...this._files.keys()]);
        if (graphs.size === 0) {
            throw new Failure('model_invalid', 'the folder has no graph: there is no file onnx/*.onnx');
        }
        /** @type {Record<string, string>} */
        const chosen = {};
        for (const [stem, [dtype, ...more]] of graphs) {
            if (more.length > 0) {
                throw new Failure('model_invalid',
                    `the folder has onnx/${stem} as ${[dtype, ...more].join(', ')}`, { expected: 'one of them' });
            }
            if (!hasHalf && HALF.test(dtype)) {
                throw new Failure('platform_unsupported',
                    `this device does not compute with 16 bits, and onnx/${stem} is there as ${dtype}`);
            }
            chosen[stem] = dtype;
        }
        const names = [...new Set(Object.values(chosen))];
        const dtype = names.length === 1 ? names[0] : chosen;
        return { dtype, name: names.join('+'), external: this._external() };
    }

    /** The number of further files with a graph's tensors: onnx/NAME.onnx_data, …_1 and so on. */
    _external() {
        /** @type {Record<string, number>} */
        const counts = {};
        for (const path of this._files.keys()) {
            const [, graph] = /^onnx\/([^/]+\.onnx)_data(?:_\d+)?$/.exec(path) ?? [];
            if (graph) counts[graph] = (counts[graph] ?? 0) + 1;
        }
        return counts;
    }
}

/** The graphs by their names without an end, each with what it is there in.
 * @param {string[]} paths @returns {Map<string, Set<string>>} */
function graphsOf(paths) {
    /** @type {Map<string, Set<string>>} */
    const graphs = new Map();
    for (const path of paths) {
        const [, name] = /^onnx\/([^/]+)\.onnx$/.exec(path) ?? [];
        if (!name) continue;
        const { stem, dtype } = dtypeOf(name);
        graphs.set(stem, (graphs.get(stem) ?? new Set()).add(dtype));
    }
    return graphs;
}

/** @param {Uint8Array} bytes @param {string} path */
function parse(bytes, path) {
    try {
        return JSON.parse(new TextDecoder().decode(bytes));
    } catch (error) {
        const message = error instanceof Error ? error.message : error;
        throw new Failure('model_invalid', `the folder's ${path} is no JSON: ${message}`);
    }
}

/**
 * Fetches a model's files as they are asked for, and reports how far it is with all of them.
 * @param {Model} model @param {import('../engine/ort.js').OrtEngine} ort for which they are
 * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} signal @returns {Fetch}
 */
export function fetching(model, { credential, store }, onProgress, signal) {
    const progress = { loaded: 0, total: sizeOf(model), reported: performance.now(), onProgress };
    return (file) => fetchPart(file, credential, progress, signal, store);
}
