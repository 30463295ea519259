/**
 * Keys and values on a device with room after their tokens, for graphs that write into it (in_place.js): a step
 * makes no buffers for them and copies none. The tensors' sizes give the room, and the cache's count the number of
 * tokens; reducing the count shortens the cache. The buffers are made here, and released as soon as their tensor
 * is disposed of.
 */

/** @import { Cache } from './kv_cache.js' */
/** A cache of `count` tokens, with room for `capacity`. @typedef {Cache & {count: number, readonly capacity: number}} Roomy */
/** A key or value. @typedef {{name: string, type: 'float32' | 'float16', dims: readonly number[], ort_tensor: any}} Part */

/** GPUBufferUsage: storage, copySource and copyTarget. */
const USAGE = 128 | 4 | 8;
/** Bytes of a number. */
export const SIZES = Object.freeze({ float32: 4, float16: 2 });
/** Devices copy so many bytes at a time. */
const UNIT = 4;

export class Rooms {
    /** @param {any} library what transformers.js exports @param {any} device a GPUDevice: onnxruntime-web's */
    constructor({ DynamicCache, Tensor }, device) {
        this._Tensor = Tensor;
        this._Roomy = roomy(DynamicCache);
        this._device = device;
        /** Tensors of onnxruntime-web's that have room. @type {WeakSet<object>} */
        this._own = new WeakSet();
    }

    /** @param {Cache} cache @returns {cache is Roomy} */
    isRoomy(cache) {
        return cache instanceof this._Roomy;
    }

    /** Whether a cache may be copied here. @param {Cache} cache */
    takes(cache) {
        return partsOf(cache).every(({ type, dims, ort_tensor: { location } }) =>
            location === 'gpu-buffer' && dims.length === 4 && rowBytes(type, dims[3]) % UNIT === 0);
    }

    /** A copy of the first tokens; what is no key or value is the same in both.
     * @param {Cache} cache @param {number} count @param {number} capacity @returns {Roomy} */
    copy(cache, count, capacity) {
        const commands = this._device.createCommandEncoder();
        const copies = partsOf(cache).map((part) => [part.name, this._copyOf(part, count, capacity, commands)]);
        this._device.queue.submit([commands.finish()]);
        return new this._Roomy({ ...cache, ...Object.fromEntries(copies) }, count, capacity);
    }

    /** Lets go of what was copied. @param {Cache} cache */
    drop(cache) {
        for (const { ort_tensor: tensor } of partsOf(cache)) tensor.dispose();
    }

    /** @param {Part} part @param {number} count @param {number} capacity @param {any} commands */
    _copyOf({ type, dims, ort_tensor: from }, count, capacity, commands) {
        const [batch, heads, length, size] = dims;
        const row = rowBytes(type, size);
        const buffer = this._device.createBuffer({ size: batch * heads * capacity * row, usage: USAGE });
        for (let head = 0; head < batch * heads; head++) {
            commands.copyBufferToBuffer(from.gpuBuffer, head * length * row, buffer, head * capacity * row, count * row);
        }
        const tensor = from.constructor.fromGpuBuffer(buffer,
            { dataType: type, dims: dims.with(-2, capacity), dispose: () => buffer.destroy() });
        this._own.add(tensor);
        return new this._Tensor(tensor);
    }

    /** The tensors into which a run writes its results: for inputs with room, the inputs themselves.
     * @param {{outputNames: readonly string[]}} session @param {Record<string, any>} feeds
     * @returns {Record<string, any> | null} null: it is fed none */
    placesOf({ outputNames }, feeds) {
        const places = Object.fromEntries(outputNames.map((name) => {
            const fed = feeds[name.replace(/^present\./, 'past_key_values.')];
            return [name, this._own.has(fed) ? fed : null];
        }));
        return Object.values(places).some((place) => place !== null) ? places : null;
    }
}

/** Keys and values. @param {Cache} cache @returns {Part[]} */
const partsOf = (cache) => Object.entries(cache).filter(([name]) => name.startsWith('past_key_values.'))
    .map(([name, { type, dims, ort_tensor }]) => ({ name, type, dims, ort_tensor }));

/** Bytes that a token takes. @param {Cache} cache @returns {number} */
export const tokenBytes = (cache) => partsOf(cache)
    .reduce((sum, { type, dims: [batch, heads, , size] }) => sum + batch * heads * rowBytes(type, size), 0);

/** Bytes of a token in a head. @param {'float32' | 'float16'} type @param {number} size */
const rowBytes = (type, size) => (SIZES[type] ?? 1) * size;

/** @param {any} DynamicCache the library's */
const roomy = (DynamicCache) => class extends DynamicCache {
    // Private, since each property is a tensor.
    #count;
    #capacity;

    /** @param {Record<string, any>} tensors @param {number} count @param {number} capacity */
    constructor(tensors, count, capacity) {
        super(tensors);
        this.#count = count;
        this.#capacity = capacity;
    }

    get count() {
        return this.#count;
    }

    set count(count) {
        this.#count = count;
    }

    get capacity() {
        return this.#capacity;
    }

    get_seq_length() {
        return this.#count;
    }

    /** Ignores tensors that were written in place. @param {Record<string, any>} tensors */
    update(tensors) {
        super.update(Object.fromEntries(Object.entries(tensors)
            .filter(([name, { ort_tensor }]) => ort_tensor !== this[name]?.ort_tensor)));
    }
};
