/** The engine worker for `wasm`: onnxruntime-web's plain build, which has every CPU kernel, twice. */
import '../engine/memory.js';
import * as ort from 'onnxruntime-web/wasm';
import * as another from 'onnxruntime-web/wasm?another';
import { BuiltinEngine } from '../engine/builtin.js';
import { OrtEngine } from '../engine/ort.js';
import { pipelineEngine } from '../pipeline/engine.js';
import { serve, Server } from '../engine/serve.js';
import { Turns } from '../engine/turns.js';
import { WasmEngine } from '../engine/wasm.js';
import { sharesMemory } from '../shared/memory.js';
import { ORT_FILES } from './ort_files.js';

const turns = new Turns();
const [all, one] = [ort, another].map((instance) => new OrtEngine(/** @type {any} */ (instance), 'wasm', ORT_FILES, turns));

async function probe() {
    return { available: true, threads: sharesMemory() ? navigator.hardwareConcurrency : 1 };
}

serve(new Server('wasm', [new WasmEngine(all, one), pipelineEngine(all, ort, turns), new BuiltinEngine()], probe, turns));
