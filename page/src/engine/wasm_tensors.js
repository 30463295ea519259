/**
 * Tensors that stay in WASM memory when a run has made them, and are fed to the next run where they lie. What
 * build.mjs changes of onnxruntime-web's plain build asks here; without it, each run copies all keys and values
 * of a text into WASM memory, and those that it makes out of it.
 *
 * The data of such a tensor are a part of WASM memory until it is disposed of, which nobody else does: who makes
 * it has to.
 */

/** The location of such a tensor, one of those that onnxruntime-web knows. */
export const HELD = 'cpu-pinned';

/** Whether a tensor stays until it is disposed of: on the device, or in WASM memory. @param {any} tensor */
export const stays = (tensor) => tensor?.location === 'gpu-buffer' || tensor?.location === HELD;

/** What has made them. @typedef {{HEAPU8: Uint8Array, _OrtReleaseTensor: (tensor: number) => number}} Wasm */
/** `stay` says it of each output of the session, in their order. @typedef {{stay?: boolean[]}} Wishes */

/** In whose memory they lie. @type {WeakMap<object, Wasm>} */
const held = new WeakMap();

/** Keys, values and states that the next step goes on from, as exporters name them. */
const CACHE = /^present/;
/** What an encoder made of them, which no step changes. */
export const OF_ENCODER = /\.encoder\./;

/** What of a run's results stays: its cache, but for what its encoder's part is then: nothing that is used,
 * where it was given. @param {{outputNames?: readonly string[]}} session
 * @param {Record<string, {dims: readonly number[]}>} feeds @returns {Wishes} as an option of the run */
export function staying({ outputNames = [] }, feeds) {
    const isGiven = (/** @type {string} */ name) =>
        OF_ENCODER.test(name) && feeds[name.replace('present', 'past_key_values')]?.dims.every((size) => size > 0);
    const stay = outputNames.map((name) => CACHE.test(name) && !isGiven(name));
    return stay.includes(true) ? { stay } : {};
}

/** @param {any} Tensor onnxruntime-web's @param {string} type @param {readonly number[]} dims
 * @param {{wasm: Wasm, data: object, handle: number}} made `handle` is that of the tensor in WASM */
export function heldTensor(Tensor, type, dims, { wasm, data, handle }) {
    const tensor = new Tensor({ location: HELD, type, data, dims });
    held.set(data, wasm);
    tensor.dispose = () => {
        if (held.delete(data)) wasm._OrtReleaseTensor(handle);
        delete tensor.dispose;
        tensor.dispose();
    };
    return tensor;
}

/** Whether these data lie in that memory, and are still there. @param {object} data @param {Wasm} wasm */
export const isHeld = (data, wasm) => held.get(data) === wasm;
