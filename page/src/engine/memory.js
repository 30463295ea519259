/**
 * How much WASM memory this worker holds. onnxruntime-web does not tell, so each memory that is
 * created here is remembered. To be imported before the engine makes its own.
 */

/** @type {WebAssembly.Memory[]} */
const memories = [];

const Native = WebAssembly.Memory;
/** @type {any} */ (WebAssembly).Memory = class Memory extends Native {
    /** @param {WebAssembly.MemoryDescriptor} descriptor */
    constructor(descriptor) {
        super(descriptor);
        memories.push(this);
    }
};

/** Bytes. */
export const wasmMemory = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
