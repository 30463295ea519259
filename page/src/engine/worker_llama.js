/** The engine worker for language models: one build of llama.cpp, and one model at a time. */
import './memory.js';
import { chat } from './llama_chat.js';
import { LlamaEngine } from './llama.js';
import { LlamaModule } from './llama_module.js';
import { serve, Server } from './serve.js';
import { llamaInfo } from '../shared/messages.js';

const build = {
    name: __LLAMA_BUILD__, wide: __LLAMA_BUILD__ === 'jspi64',
    script: new URL(__LLAMA_MJS__, self.location.href).href, thread: new URL(__LLAMA_THREAD__, self.location.href).href,
    wasm: new URL(__LLAMA_WASM__.name, self.location.href).href, bytes: __LLAMA_WASM__.bytes,
};
/* The build has a WebGPU backend, which takes parts of the work wherever it finds an adapter with
 * shader-f16, whatever layers it is given: on Firefox's software adapter a token then takes 700 ms
 * instead of one, and the answer would say wasm all the same. */
Object.defineProperty(WorkerNavigator.prototype, 'gpu', { configurable: true, get: () => ({ requestAdapter: async () => null }) });

const engine = new LlamaEngine(__LLAMA_VERSION__, (files, threads) => new LlamaModule(build, files, threads), chat(__TEMPLATE_WORKER__));
engine.info = llamaInfo(build.wide);

serve(new Server('wasm', [engine], async () => ({ available: true, threads: 1 })));
