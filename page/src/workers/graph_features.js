/** The worker in which features of onnxruntime-web are tried on one platform: an instance apart from the engine workers', which
 * keep what they have. */
import '../engine/memory.js';
import * as onnxruntime from 'onnxruntime-web/webgpu';
import { replaceFunction } from '../engine/callers.js';
import { watchDevices } from '../engine/gpu.js';
import { OrtEngine } from '../engine/ort.js';
import { Turns } from '../engine/turns.js';
import { Webnn } from '../engine/webnn.js';
import { WebnnGraphs } from '../engine/webnn_graphs.js';
import { serveFeatures } from '../features/serve.js';
import { ORT_FILES } from './ort_files.js';

/** @import { Adapter } from '../shared/messages.js' */

const platform = __GRAPHS_PLATFORM__, onWebnn = platform === 'webnn';
const webnn = new Webnn(() => {}), graphs = new WebnnGraphs();
/** @type {Adapter | null} */
let adapter = null;

if (onWebnn) replaceFunction();
watchDevices({ deviceLost() {}, deviceError() {}, deviceMade(made) { adapter = made; } });

const ort = /** @type {any} */ (onWebnn ? graphs.watching(onnxruntime) : onnxruntime);
const engine = new OrtEngine(ort, platform, ORT_FILES, new Turns(), onWebnn ? () => webnn.provider : undefined);

/** Brings it up, once. @returns {Promise<string>} why there is nothing to bring up, or '' */
async function begin() {
    const lacking = platform === 'webgpu' ? await adapterLacking() : onWebnn ? await contextLacking() : '';
    if (!lacking) await engine.start();
    return lacking;
}

async function adapterLacking() {
    const gpu = /** @type {any} */ (navigator).gpu;
    if (!gpu) return 'navigator.gpu is missing in a worker of this browser';
    return await gpu.requestAdapter() ? '' : 'requestAdapter() gave no adapter';
}

async function contextLacking() {
    if (webnn.provider) return '';
    const { available, reason } = await webnn.probe();
    return available ? '' : String(reason);
}

engine.configure({ credential: '', threads: 1, max_frame: Number.MAX_SAFE_INTEGER });
serveFeatures({
    canvas: () => new OffscreenCanvas(2, 1),
    graphs: {
        ort, platform, begin, adapter: () => adapter, provider: () => engine.provider,
        require: (sessions) => { if (onWebnn) graphs.require(sessions); },
    },
});
