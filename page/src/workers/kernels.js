/** The engine worker for our own kernels on `wasm`. */
import '../engine/memory.js';
import { KernelsEngine } from '../engine/kernels.js';
import { WasmKernels } from '../engine/kernels_wasm.js';
import { serve, Server } from '../engine/serve.js';

const binary = new URL(__KERNELS_WASM__.name, self.location.href).href;

serve(new Server('wasm', [new KernelsEngine(new WasmKernels(async () => (await fetch(binary)).arrayBuffer()))],
    async () => ({ available: true, threads: 1 })));
