/** The engine worker for language models: one build of llama.cpp, and one model at a time. */
import './memory.js';
import { chat } from './llama_chat.js';
import { LlamaEngine } from './llama.js';
import { LlamaModule } from './llama_module.js';
import { serve, Server } from './serve.js';

const build = {
    name: __LLAMA_BUILD__, wide: __LLAMA_BUILD__ === 'jspi64',
    script: new URL(__LLAMA_MJS__, self.location.href).href, wasm: new URL(__LLAMA_WASM__, self.location.href).href,
};
const engine = new LlamaEngine(__LLAMA_VERSION__, (files) => new LlamaModule(build, files), chat(new URL(__TEMPLATE_WORKER__, self.location.href).href));

serve(new Server('wasm', [engine], async () => ({ available: true, threads: 1 })));
