/**
 * Tensors that stay in WASM memory after a run has made them, and are fed to the next run from there. The changes
 * that build.mjs makes to onnxruntime-web's plain build call this module. Without them, each run would copy all keys
 * and values of a text into WASM memory, and its new ones out of it.
 *
 * The data of such a tensor are a part of WASM memory until it is disposed of. The code that makes a tensor has to
 * dispose of it.
 */

/** The location of such a tensor, one of those that onnxruntime-web knows. */
export const HELD = 'cpu-pinned';

/** Whether a tensor stays until it is disposed of: on the device, or in WASM memory. @param {any} tensor */
export const stays = (tensor) => tensor?.location === 'gpu-buffer' || tensor?.location === HELD;

/** The module that made the tensors. @typedef {{HEAPU8: Uint8Array, _OrtReleaseTensor: (tensor: number) => number}} Wasm */
/** `stay` says it of each output of the session, in their order. @typedef {{stay?: boolean[]}} Wishes */

/** The module whose memory has the tensor. @type {WeakMap<object, Wasm>} */
const held = new WeakMap();

/** Keys, values and states for the next step, by exporters' names. */
const CACHE = /^present/;
/** Those that an encoder made; no step changes them. */
export const OF_ENCODER = /\.encoder\./;

/** The results of a run that stay: its cache, without the encoder's part if that was an input; the run's output for it
 * is not used then. @param {{outputNames?: readonly string[]}} session
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
