/** The engine worker for `wasm`: onnxruntime-web's plain build, which has every CPU kernel. */
import './memory.js';
import * as ort from 'onnxruntime-web/wasm';
import { OrtEngine } from './ort.js';
import { serve, Server } from './serve.js';
import { sharesMemory } from '../shared/memory.js';

const engine = new OrtEngine(/** @type {any} */ (ort), 'wasm', {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__, self.location.href).href,
});

async function probe() {
    return { available: true, threads: sharesMemory() ? navigator.hardwareConcurrency : 1 };
}

serve(new Server(engine, probe));
