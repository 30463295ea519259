/** The engine worker for our own kernels on `webgpu`, with a device that no model shares. */
import '../engine/memory.js';
import { watchDevices, Webgpu } from '../engine/gpu.js';
import { KernelsEngine } from '../engine/kernels.js';
import { GpuKernels } from '../engine/kernels_gpu.js';
import { runProgram } from '../engine/programs.js';
import { serve, Server } from '../engine/serve.js';

const kernels = new GpuKernels(__KERNEL_SHADERS__);
const server = new Server('webgpu', [new KernelsEngine(kernels, runProgram)], (options) => {
    kernels.power = options.power ?? kernels.power;
    return new Webgpu().probe(options);
});

watchDevices(server);
serve(server);
