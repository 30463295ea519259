/** Constants from build.mjs: names of files next to the scripts, and the page's version. */
declare const __ORT_MJS__: string;
declare const __ORT_WASM__: { name: string, bytes: number };
declare const __PIPELINE__: string;
declare const __PIPELINE_VERSION__: string;
declare const __LINK_WORKER__: string;
declare const __PEOPLE__: string;
declare const __PEERS__: string;
declare const __MANIFEST__: string;
declare const __ICON__: string;
declare const __ENGINE_WORKERS__: Record<'wasm' | 'webgpu' | 'webnn', string>;
declare const __SUSPENDING_WORKERS__: Partial<Record<'wasm' | 'webgpu' | 'webnn', string>>;
declare const __LLAMA_WORKERS__: Record<'jspi64' | 'compat32', Record<'llama' | 'gpu_llama', string>>;
declare const __TEMPLATE_WORKER__: string;
declare const __LIKELIEST__: string;
declare const __POOLED__: string;
declare const __LLAMA_BUILD__: 'jspi64' | 'compat32';
declare const __LLAMA_VERSION__: string;
declare const __LLAMA_MJS__: string;
declare const __LLAMA_WASM__: { name: string, bytes: number };
declare const __LLAMA_THREAD__: string;
declare const __KERNELS_WORKERS__: Record<'kernels' | 'gpu_kernels' | 'gl_kernels', string>;
declare const __KERNELS_WASM__: { name: string, bytes: number };
declare const __KERNEL_SHADERS__: Record<string, import('../engine/kernels_gpu.js').Shader>;
declare const __KERNEL_FRAGMENTS__: Record<string, import('../engine/kernels_gl.js').Fragments>;
declare const __FEATURE_WORKERS__: Record<'worker' | 'wasm' | 'webgpu' | 'webnn', string>;
declare const __FEATURE_THREAD__: string;
declare const __NESTED_WORKER__: string;
declare const __GRAPHS_PLATFORM__: 'wasm' | 'webgpu' | 'webnn';
declare const __PAGE_VERSION__: string;

/** A second instance of the same module, with settings of its own. */
declare module 'onnxruntime-web/wasm?another' {
    export * from 'onnxruntime-web/wasm';
}
