/** THE table of features: a row for each, with the place of its trial, the time limit, and the function that tries it. The service
 * has their names and titles (src/nodes/bridge/features.c). */
import { findWebgpu, findWebgpuF16, findWebgpuLimits, findWebgpuSubgroups, findWebgpuTimestamps } from './gpu.js';
import { findIntegers } from './graphs.js';
import { findJspi, findMemory64, findRelaxedSimd, findSimd, findThreads } from './wasm.js';
import { findWebgl, findWebglFloats } from './webgl.js';
import { findWebnn } from './webnn.js';

/** @import { Finding, Place } from './finding.js' */
/** `ort` and what goes with it are there in a worker that has onnxruntime-web, `thread` in that without.
 * @typedef {{canvas: () => any, thread?: string, graphs?: import('./graphs.js').Graphs}} Tools */
/** @typedef {{name: string, place: Place, find: (tools: Tools) => Finding | Promise<Finding>}} Feature */

/** @type {readonly Feature[]} */
export const FEATURES = Object.freeze([
    { name: 'webgpu', place: 'worker', find: findWebgpu },
    { name: 'webgpu_limits', place: 'worker', find: findWebgpuLimits },
    { name: 'webgpu_f16', place: 'worker', find: findWebgpuF16 },
    { name: 'webgpu_subgroups', place: 'worker', find: findWebgpuSubgroups },
    { name: 'webgpu_timestamps', place: 'worker', find: findWebgpuTimestamps },
    { name: 'webgl2_worker', place: 'worker', find: findWebgl },
    { name: 'webgl2_document', place: 'document', find: findWebgl },
    { name: 'webgl2_floats', place: 'document', find: findWebglFloats },
    { name: 'webnn', place: 'worker', find: findWebnn },
    { name: 'wasm_simd', place: 'worker', find: findSimd },
    { name: 'wasm_relaxed_simd', place: 'worker', find: findRelaxedSimd },
    { name: 'wasm_threads', place: 'worker', find: findThreads },
    { name: 'wasm_memory64', place: 'worker', find: findMemory64 },
    { name: 'wasm_jspi', place: 'worker', find: findJspi },
    { name: 'int8_wasm', place: 'wasm', find: (tools) => findIntegers(tools, 'integers') },
    { name: 'int4_wasm', place: 'wasm', find: (tools) => findIntegers(tools, 'blocks4') },
    { name: 'int8_webgpu', place: 'webgpu', find: (tools) => findIntegers(tools, 'blocks8') },
    { name: 'int4_webgpu', place: 'webgpu', find: (tools) => findIntegers(tools, 'blocks4') },
    { name: 'int8_webnn', place: 'webnn', find: (tools) => findIntegers(tools, 'integers') },
    { name: 'int4_webnn', place: 'webnn', find: (tools) => findIntegers(tools, 'blocks4') },
]);

/** @param {string} name */
export const featureOf = (name) => FEATURES.find((feature) => feature.name === name);
