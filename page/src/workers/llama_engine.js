/** Code shared by both engine workers for language models: one build of llama.cpp, and one model at a time. */
import { chat } from '../chat/for_engines.js';
import { LlamaEngine } from '../engine/llama.js';
import { LlamaModule } from '../engine/llama_module.js';
import { llamaInfo } from '../shared/messages.js';

/** @type {import('../engine/llama_module.js').Build} */
export const build = {
    name: __LLAMA_BUILD__, wide: __LLAMA_BUILD__ === 'jspi64',
    script: new URL(__LLAMA_MJS__, self.location.href).href, thread: new URL(__LLAMA_THREAD__, self.location.href).href,
    wasm: new URL(__LLAMA_WASM__.name, self.location.href).href, bytes: __LLAMA_WASM__.bytes,
};

/** @param {boolean} onGpu whether it computes on this worker's GPU */
export function llamaEngine(onGpu) {
    const engine = new LlamaEngine(__LLAMA_VERSION__, (files, threads) => new LlamaModule(build, files, threads),
        chat(__TEMPLATE_WORKER__), onGpu);
    engine.info = llamaInfo(build.wide);
    return engine;
}
