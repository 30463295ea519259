/** The engine worker for language models on `wasm`. */
import '../engine/memory.js';
import { llamaEngine } from './llama_engine.js';
import { serve, Server } from '../engine/serve.js';

/* The build has a WebGPU backend, which takes parts of the work wherever it finds an adapter with
 * shader-f16, whatever layers it is given: the answer would say wasm all the same. */
Object.defineProperty(WorkerNavigator.prototype, 'gpu', { configurable: true, get: () => ({ requestAdapter: async () => null }) });

serve(new Server('wasm', [llamaEngine(false)], async () => ({ available: true, threads: 1 })));
