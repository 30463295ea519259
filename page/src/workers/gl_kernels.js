/** The engine for our own kernels on `webgl`: a worker of its own, or, where the document alone has WebGL, a part of that. */
import { KernelsEngine } from '../engine/kernels.js';
import { GlKernels } from '../engine/kernels_gl.js';
import { serve, Server } from '../engine/serve.js';

/** @param {() => any} makeCanvas @returns {{server: Server, end: () => void}} */
export function begin(makeCanvas) {
    const kernels = new GlKernels(makeCanvas, __KERNEL_FRAGMENTS__, {
        made: (adapter) => server.deviceMade(adapter),
        lost: (reason, message) => server.deviceLost(reason, message),
    });
    const server = new Server('webgl', [new KernelsEngine(kernels)], async ({ power }) => {
        kernels.power = power;
        return { available: true };
    });
    return { server, end: () => kernels.unload() };
}

if (!('document' in self)) serve(begin(() => new OffscreenCanvas(1, 1)).server);
