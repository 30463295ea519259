/** The engine worker for our own kernels on `webgpu`, with a device that no model shares. */
import '../engine/memory.js';
import { watchDevices, Webgpu } from '../engine/gpu.js';
import { KernelsEngine } from '../engine/kernels.js';
import { GpuKernels } from '../engine/kernels_gpu.js';
import { nudgeMaps, Nudger, workerClock } from '../engine/nudge.js';
import { runProgram } from '../engine/programs.js';
import { serve, Server } from '../engine/serve.js';

const engine = new KernelsEngine(new GpuKernels(__KERNEL_SHADERS__), runProgram);
const server = new Server('webgpu', [engine], ({ nudge }) => new Webgpu().probe(() => {
    if (nudge) nudgeMaps(new Nudger(workerClock()));
}));

watchDevices(
    (reason, message, madeAt) => server.deviceLost(reason, message, madeAt),
    (message) => server.deviceError(message),
    (adapter) => server.deviceMade(adapter));
serve(server);
