/**
 * Computes on a device with what another program has there, and reads the results. The buffers are kept for the next
 * call.
 */
import { GpuBuffers, MAP_READ } from './gpu_buffers.js';
import { bindGroup, compilePipelines } from './gpu_pipelines.js';

/** @import { Use } from './gpu_buffers.js' */
/** @import { Compiled, Resource } from './gpu_pipelines.js' */

/** A buffer of uniforms has at least so many bytes, and a storage buffer may be bound from a multiple of `binding` on. Buffers are
 * copied and written word by word. */
export const ALIGNMENT = Object.freeze({ uniforms: 32, binding: 256, word: 4 });

export class GpuReader {
    /** @param {any} device */
    constructor(device) {
        this._device = device;
        this._buffers = new GpuBuffers(device);
    }

    destroy() {
        this._buffers.destroy();
    }

    /** @param {string} code @param {readonly string[]} types of its bindings @param {readonly string[]} entries its functions
     * @returns {Promise<Compiled>} */
    compile(code, types, entries) {
        return compilePipelines(this._device, this._device.createShaderModule({ code }), types.map((type) => ({ type })), entries);
    }

    /** Takes a buffer, which has what another call has left. @param {number} bytes */
    take(bytes) {
        return this._buffers.take('tensor', bytes);
    }

    /** Takes one that begins with these words. @param {Use} use @param {Uint32Array} words */
    taken(use, words) {
        const buffer = this._buffers.take(use, Math.max(ALIGNMENT.uniforms, words.byteLength));
        if (words.length > 0) this._device.queue.writeBuffer(buffer, 0, words);
        return buffer;
    }

    /** @param {readonly any[]} buffers that were taken */
    give(buffers) {
        for (const buffer of buffers) this._buffers.give(buffer);
    }

    /** @param {any} commands @param {Compiled} compiled @param {readonly Resource[]} resources in the order of the bindings
     * @param {readonly (readonly number[])[]} groups of each entry, in each dimension; without any, it is left out */
    dispatch(commands, { layout, pipelines }, resources, groups) {
        const pass = commands.beginComputePass();
        pass.setBindGroup(0, bindGroup(this._device, layout, resources));
        for (const [at, pipeline] of Object.values(pipelines).entries()) {
            if (groups[at].includes(0)) continue;
            pass.setPipeline(pipeline);
            pass.dispatchWorkgroups(...groups[at]);
        }
        pass.end();
    }

    /** What commands have copied into a buffer. @param {number} bytes @param {(commands: any, answer: any) => void} encode
     * @returns {Promise<ArrayBuffer>} */
    async read(bytes, encode) {
        const answer = this._buffers.take('answer', bytes);
        try {
            const commands = this._device.createCommandEncoder();
            encode(commands, answer);
            this._device.queue.submit([commands.finish()]);
            await answer.mapAsync(MAP_READ, 0, bytes).catch((/** @type {Error} */ { message }) => {
                throw new Error(`the device is lost: ${message}`); // there is no other reason
            });
            return answer.getMappedRange(0, bytes).slice(0);
        } finally {
            answer.unmap();
            this._buffers.give(answer);
        }
    }
}
