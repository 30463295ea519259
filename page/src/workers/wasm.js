/** The engine worker for `wasm`: onnxruntime-web's plain build, which has every CPU kernel. */
import '../engine/memory.js';
import * as ort from 'onnxruntime-web/wasm';
import { BuiltinEngine } from '../engine/builtin.js';
import { OrtEngine } from '../engine/ort.js';
import { pipelineEngine } from '../pipeline/engine.js';
import { serve, Server } from '../engine/serve.js';
import { Turns } from '../engine/turns.js';
import { sharesMemory } from '../shared/memory.js';

const turns = new Turns();
const engine = new OrtEngine(/** @type {any} */ (ort), 'wasm', {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
}, turns);

async function probe() {
    return { available: true, threads: sharesMemory() ? navigator.hardwareConcurrency : 1 };
}

serve(new Server('wasm', [engine, pipelineEngine(engine, ort, turns), new BuiltinEngine()], probe, turns));
