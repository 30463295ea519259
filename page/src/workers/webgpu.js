/** The engine worker for `webgpu`: onnxruntime-web's build with the native WebGPU provider. */
import '../engine/memory.js';
import * as ort from 'onnxruntime-web/webgpu';
import { BuiltinEngine } from '../engine/builtin.js';
import { watchDevices, Webgpu } from '../engine/gpu.js';
import { nudgeMaps, Nudger, workerClock } from '../engine/nudge.js';
import { OrtEngine } from '../engine/ort.js';
import { pipelineEngine } from '../pipeline/engine.js';
import { serve, Server } from '../engine/serve.js';
import { Turns } from '../engine/turns.js';

const turns = new Turns();
const gpu = new Webgpu();
const engine = new OrtEngine(/** @type {any} */ (ort), 'webgpu', {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
}, turns);
const pipeline = pipelineEngine(engine, ort, turns, { hasHalf: () => gpu.hasHalf });
const server = new Server('webgpu', [engine, pipeline, new BuiltinEngine()], ({ nudge }) => gpu.probe(() => {
    if (nudge) nudgeMaps(new Nudger(workerClock()));
}), turns);

watchDevices(
    (reason, message, madeAt) => server.deviceLost(reason, message, madeAt),
    (message) => server.deviceError(message),
    (adapter) => server.deviceMade(adapter));
serve(server);
