/** The engine worker for `webgpu`: onnxruntime-web's build with the native WebGPU provider. */
import './memory.js';
import * as ort from 'onnxruntime-web/webgpu';
import { BuiltinEngine } from './builtin.js';
import { watchDevices, Webgpu } from './gpu.js';
import { nudgeMaps, Nudger, workerClock } from './nudge.js';
import { OrtEngine } from './ort.js';
import { PipelineEngine } from '../pipeline/engine.js';
import { library } from '../pipeline/library.js';
import { serve, Server } from './serve.js';
import { Turns } from './turns.js';

const turns = new Turns();
const gpu = new Webgpu();
const engine = new OrtEngine(/** @type {any} */ (ort), 'webgpu', {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
}, turns);
const pipeline = new PipelineEngine(engine, library(ort, turns), __PIPELINE_VERSION__, () => gpu.hasHalf);
const server = new Server('webgpu', [engine, pipeline, new BuiltinEngine()], ({ nudge }) => gpu.probe(() => {
    if (nudge) nudgeMaps(new Nudger(workerClock()));
}), turns);

watchDevices(
    (reason, message) => server.deviceLost(reason, message),
    (message) => server.deviceError(message),
    (adapter) => server.deviceMade(adapter));
serve(server);
