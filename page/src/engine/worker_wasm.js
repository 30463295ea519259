/** The engine worker for `wasm`: onnxruntime-web's plain build, which has every CPU kernel, twice. */
import './memory.js';
import * as ort from 'onnxruntime-web/wasm';
import * as another from 'onnxruntime-web/wasm?another';
import { BuiltinEngine } from './builtin.js';
import { OrtEngine } from './ort.js';
import { PipelineEngine } from '../pipeline/engine.js';
import { library } from '../pipeline/library.js';
import { serve, Server } from './serve.js';
import { Turns } from './turns.js';
import { WasmEngine } from './wasm.js';
import { sharesMemory } from '../shared/memory.js';

const files = {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
};
const turns = new Turns();
const [all, one] = [ort, another].map((instance) => new OrtEngine(/** @type {any} */ (instance), 'wasm', files, turns));

async function probe() {
    return { available: true, threads: sharesMemory() ? navigator.hardwareConcurrency : 1 };
}

const pipeline = new PipelineEngine(all, library(ort, turns), __PIPELINE_VERSION__);

serve(new Server('wasm', [new WasmEngine(all, one), pipeline, new BuiltinEngine()], probe, turns));
