/** The files of a worker's own build of onnxruntime-web: its module, and its binary with its length. */
export const ORT_FILES = Object.freeze({
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
});
