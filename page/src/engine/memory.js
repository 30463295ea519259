/**
 * How much WASM memory this worker holds. onnxruntime-web does not tell, so each memory that is
 * created here is remembered. To be imported before the engine makes its own.
 */

/** Those that nothing uses any more go. @type {Set<WeakRef<WebAssembly.Memory>>} */
const memories = new Set();

const Native = WebAssembly.Memory;
/** @type {any} */ (WebAssembly).Memory = class Memory extends Native {
    /** @param {WebAssembly.MemoryDescriptor} descriptor */
    constructor(descriptor) {
        super(descriptor);
        memories.add(new WeakRef(this));
    }
};

/** Bytes. */
export function wasmMemory() {
    let total = 0;
    for (const memory of memories) {
        const bytes = memory.deref()?.buffer.byteLength;
        if (bytes === undefined) memories.delete(memory);
        else total += bytes;
    }
    return total;
}
