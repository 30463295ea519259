/**
 * Vectors of texts from those of their tokens, in a buffer of the GPU: one for each text comes here (pooled.wgsl). All
 * calls are made in a turn of the worker (turns.js), one at a time.
 */
import { ALIGNMENT, GpuReader } from '../engine/gpu_reader.js';
import { aligned } from '../shared/aligned.js';

/** @import { OnDevice } from './gpu_logits.js' */
/** The tokens whose mean is a text's vector. @typedef {{from: number, to: number}} Span */

/** Invocations of a workgroup. */
const LANES = 64;
/** Tensors of so few bytes are read whole, and those of which the vectors are more than this part. */
const SMALL_BYTES = 4096;
const PART = 1 / 2;
const BINDINGS = Object.freeze(['read-only-storage', 'read-only-storage', 'uniform', 'storage']);

export class GpuPooling {
    /** @param {any} device onnxruntime-web's @param {string} shader pooled.wgsl */
    constructor(device, shader) {
        this._reader = new GpuReader(device);
        this._code = `const LANES = ${LANES}u;\n${shader}`;
        /** @type {Promise<import('../engine/gpu_pipelines.js').Compiled> | undefined} */
        this._compiled = undefined;
    }

    destroy() {
        this._reader.destroy();
    }

    /** The vector of each text; null: reading the whole tensor costs little more.
     * @param {OnDevice} tensor [texts, tokens, width] @param {readonly Span[]} spans of each text @returns {Promise<Float32Array[] | null>} */
    async means({ type, dims: [texts, tokens, width], gpuBuffer: buffer }, spans) {
        const halves = type === 'float16', bytes = ALIGNMENT.word * texts * width, all = bytes * tokens / (halves ? 2 : 1);
        if (all <= SMALL_BYTES || bytes > all * PART) return null;
        const compiled = await (this._compiled ??= this._reader.compile(this._code, BINDINGS, ['pool']));
        const own = [this._reader.taken('tensor', Uint32Array.from(spans.flatMap(({ from, to }) => [from, Math.max(from, to)]))),
            this._reader.taken('call', Uint32Array.of(texts, tokens, width, halves ? 1 : 0)), this._reader.take(bytes)];
        const size = aligned(all, ALIGNMENT.word);
        try {
            const made = await this._reader.read(bytes, (commands, answer) => {
                this._reader.dispatch(commands, compiled, [{ buffer, offset: 0, size }, ...own.map((one) => ({ buffer: one }))], [[Math.ceil(width / LANES), texts]]);
                commands.copyBufferToBuffer(own[2], 0, answer, 0, bytes);
            });
            return spans.map((_, text) => new Float32Array(made, text * ALIGNMENT.word * width, width));
        } finally {
            this._reader.give(own);
        }
    }
}
