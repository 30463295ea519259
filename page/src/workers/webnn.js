/** The engine worker for `webnn`: the build that webgpu.js uses has this provider too. */
import '../engine/memory.js';
import { BuiltinEngine } from '../engine/builtin.js';
import { replaceFunction } from '../engine/callers.js';
import * as onnxruntime from 'onnxruntime-web/webgpu';
import { OrtEngine } from '../engine/ort.js';
import { pipelineEngine } from '../pipeline/engine.js';
import { serve, Server } from '../engine/serve.js';
import { Turns } from '../engine/turns.js';
import { Webnn } from '../engine/webnn.js';
import { WebnnGraphs } from '../engine/webnn_graphs.js';
import { ORT_FILES } from './ort_files.js';

replaceFunction();

const webnn = new Webnn((message) => server.deviceLost('unknown', message));
const turns = new Turns();
const graphs = new WebnnGraphs();
const ort = graphs.watching(onnxruntime);
const require = graphs.require.bind(graphs);
const engine = new OrtEngine(/** @type {any} */ (ort), 'webnn', ORT_FILES, turns, () => webnn.provider, require);
const pipeline = pipelineEngine(engine, ort, turns, { require });
const server = new Server('webnn', [engine, pipeline, new BuiltinEngine()], (options) => webnn.probe(options), turns);

serve(server);
