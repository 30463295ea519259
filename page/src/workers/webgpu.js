/** The engine worker for `webgpu`: onnxruntime-web's build with the native WebGPU provider. */
import '../engine/memory.js';
import * as ort from 'onnxruntime-web/webgpu';
import { BuiltinEngine } from '../engine/builtin.js';
import { prefer, watchDevices, Webgpu } from '../engine/gpu.js';
import { onDevice } from '../engine/gpu_tensors.js';
import { OrtEngine } from '../engine/ort.js';
import { pipelineEngine } from '../pipeline/engine.js';
import { serve, Server } from '../engine/serve.js';
import { Turns } from '../engine/turns.js';
import { ORT_FILES } from './ort_files.js';

const turns = new Turns();
const gpu = new Webgpu();
const engine = new OrtEngine(/** @type {any} */ (onDevice(ort)), 'webgpu', ORT_FILES, turns);
const pipeline = pipelineEngine(engine, ort, turns, { hasHalf: () => gpu.hasHalf });
const server = new Server('webgpu', [engine, pipeline, new BuiltinEngine()], (options) => {
    prefer(options.power);
    return gpu.probe(options);
}, turns);

watchDevices(server);
serve(server);
