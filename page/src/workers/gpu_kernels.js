/** The engine worker for our own kernels on `webgpu`, with a device that no model shares. */
import '../engine/memory.js';
import { watchDevices, Webgpu } from '../engine/gpu.js';
import { KernelsEngine } from '../engine/kernels.js';
import { GpuKernels } from '../engine/kernels_gpu.js';
import { runProgram } from '../engine/programs.js';
import { serve, Server } from '../engine/serve.js';

const engine = new KernelsEngine(new GpuKernels(__KERNEL_SHADERS__), runProgram);
const server = new Server('webgpu', [engine], (options) => new Webgpu().probe(options));

watchDevices(server);
serve(server);
