/** Programs on WebGPU, as each engine makes them: one group of buffers, which have the bindings 0, 1, 2 and so on. */

const COMPUTE = 4; // GPUShaderStage.COMPUTE

/** Pipelines that bind the same, by their functions. @typedef {{layout: any, pipelines: Record<string, any>}} Compiled */
/** A part of a buffer. @typedef {{buffer: any, offset?: number, size?: number}} Resource */

/** @param {any} device @param {any} module @param {readonly {type: string, hasDynamicOffset?: boolean}[]} buffers of the bindings
 * @param {readonly string[]} entries its functions @param {Readonly<Record<string, number>>} [constants] that the module can be given
 * @returns {Promise<Compiled>} */
export async function compilePipelines(device, module, buffers, entries, constants) {
    const layout = device.createBindGroupLayout({
        entries: buffers.map((buffer, binding) => ({ binding, visibility: COMPUTE, buffer })),
    });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    const pipelines = await Promise.all(entries.map(async (entryPoint) => [entryPoint, await device.createComputePipelineAsync(
        { layout: pipelineLayout, compute: { module, entryPoint, constants } })]));
    return { layout, pipelines: Object.fromEntries(pipelines) };
}

/** @param {any} device @param {any} layout @param {readonly Resource[]} resources in the order of the bindings */
export const bindGroup = (device, layout, resources) => device.createBindGroup({
    layout, entries: resources.map((resource, binding) => ({ binding, resource })),
});
