/** The engine worker for `webnn`: the build that worker_webgpu.js uses has this provider too. */
import './memory.js';
import { BuiltinEngine } from './builtin.js';
import { replaceFunction } from './callers.js';
import * as onnxruntime from 'onnxruntime-web/webgpu';
import { OrtEngine } from './ort.js';
import { PipelineEngine } from '../pipeline/engine.js';
import { library } from '../pipeline/library.js';
import { serve, Server } from './serve.js';
import { Turns } from './turns.js';
import { Webnn } from './webnn.js';
import { WebnnGraphs } from './webnn_graphs.js';

replaceFunction();

const webnn = new Webnn((message) => server.deviceLost('unknown', message));
const turns = new Turns();
const graphs = new WebnnGraphs();
const ort = graphs.watching(onnxruntime);
const require = graphs.require.bind(graphs);
const engine = new OrtEngine(/** @type {any} */ (ort), 'webnn', {
    mjs: new URL(__ORT_MJS__, self.location.href).href,
    wasm: new URL(__ORT_WASM__.name, self.location.href).href, bytes: __ORT_WASM__.bytes,
}, turns, () => webnn.provider, require);
const pipeline = new PipelineEngine(engine, library(ort, turns, require), __PIPELINE_VERSION__);
const server = new Server('webnn', [engine, pipeline, new BuiltinEngine()], () => webnn.probe(), turns);

serve(server);
