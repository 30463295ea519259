/** The engine worker for language models on `webgpu`. */
import '../engine/memory.js';
import { prefer, watchDevices, Webgpu } from '../engine/gpu.js';
import { build, llamaEngine } from './llama_engine.js';
import { serve, Server } from '../engine/serve.js';

const gpu = new Webgpu();
const server = new Server('webgpu', [llamaEngine(true)], async (options) => {
    prefer(options.power);
    return fitting(await gpu.probe(options));
});

/** llama.cpp leaves a GPU alone that does not compute in 16-bit floats, and says nothing of it; and it waits for one
 * only where WASM can be suspended.
 * @param {import('../shared/messages.js').PlatformReport} report @returns {import('../shared/messages.js').PlatformReport} */
function fitting(report) {
    const lacks = !build.wide ? 'this browser cannot suspend WebAssembly (JSPI), which llama.cpp needs to wait for a GPU'
        : !gpu.hasHalf ? 'the adapter has no shader-f16, which llama.cpp needs' : '';
    return report.available && lacks ? { ...report, available: false, reason: lacks } : report;
}

watchDevices(server);
serve(server);
