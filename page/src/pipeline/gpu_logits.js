/**
 * Logits in a buffer of the GPU, of which only those come here that may decide: the highest, and those of given tokens
 * (likeliest.wgsl), or whole rows. All calls are made in a turn of the worker (turns.js), one at a time.
 */
import { ALIGNMENT, GpuReader } from '../engine/gpu_reader.js';
import { aligned } from '../shared/aligned.js';
import { ofHalf } from '../shared/halves.js';
import { BEST_MAX, NOTHING } from './sampling.js';

/** An output of onnxruntime-web's on the device. @typedef {{type: string, dims: readonly number[], gpuBuffer: any}} OnDevice */
/** How many of the highest logits are needed, and of which tokens besides, whatever they are.
 * @typedef {{readonly best: number, readonly ids: readonly number[]}} Needed */
/** A row of an output: `start` and `bytes` in its buffer.
 * @typedef {{buffer: any, halves: boolean, count: number, start: number, bytes: number}} Row */

/** Invocations of a workgroup, and workgroups. */
const LANES = 256;
const GROUPS = 16;
/** The most of given tokens. */
const TAKEN_MAX = 4096;
/** Places in the results: see likeliest.wgsl. */
const LEAST = 1, TOP = 2, SUMS = 4, FOUND = SUMS + GROUPS;
/** Rows of so few bytes are read whole, and those of which the results would be more than this part. */
const SMALL_BYTES = 4096;
const PART = 1 / 4;
const WORD = ALIGNMENT.word;
const BINDINGS = Object.freeze(['read-only-storage', 'read-only-storage', 'uniform', 'storage', 'storage', 'storage']);
const STAGES = Object.freeze(['take', 'measure', 'settle', 'collect']);
const SIGN = 0x80000000;
/** The key of -Infinity, for numbers of 32 bits and of 16. */
const LOWEST = 0x007fffff, LOWEST_HALF = 0x03ffffff;

export class GpuLogits {
    /** @param {any} device onnxruntime-web's @param {string} shader likeliest.wgsl */
    constructor(device, shader) {
        this._reader = new GpuReader(device);
        const constants = Object.entries({ LANES, GROUPS, LEAST, TOP, SUMS, FOUND }).map(([name, value]) => `const ${name} = ${value}u;\n`);
        this._code = `${constants.join('')}const NOTHING = ${NOTHING}.0;\n${shader}`;
        /** @type {Promise<import('../engine/gpu_pipelines.js').Compiled> | undefined} */
        this._compiled = undefined;
    }

    destroy() {
        this._reader.destroy();
    }

    /** The last row. @param {OnDevice} tensor [1, tokens, vocabulary] @returns {Promise<Float32Array>} */
    async last(tensor) {
        const [row] = await this.rows(tensor, [lastOf(tensor)]);
        return row;
    }

    /** @param {OnDevice} tensor @param {readonly number[]} indices of rows @returns {Promise<Float32Array[]>} */
    async rows(tensor, indices) {
        let all = 0;
        const copies = indices.map((index) => {
            const { start, bytes, ...row } = rowOf(tensor, index), from = start - start % WORD, size = aligned(start + bytes, WORD) - from;
            all += size;
            return { ...row, from, size, to: all - size, at: all - size + start - from };
        });
        const made = await this._reader.read(all, (commands, answer) =>
            copies.forEach(({ buffer, from, size, to }) => commands.copyBufferToBuffer(buffer, from, answer, to, size)));
        return copies.map(({ halves, count, at }) => (halves
            ? Float32Array.from(new Uint16Array(made, at, count), ofHalf) : new Float32Array(made, at, count)));
    }

    /** The numbers of the last row that are needed; null: it is to be read whole, because it is small, or too many of its
     * numbers are near each other. @param {OnDevice} tensor @param {Needed} needed
     * @returns {Promise<import('./sampling.js').Best | null>} */
    async best(tensor, { best, ids }) {
        const row = rowOf(tensor, lastOf(tensor)), taken = [...new Set(ids)].filter((id) => id >= 0 && id < row.count);
        const room = 2 * best + 64, bytes = WORD * (FOUND + 2 * room + taken.length);
        if (row.bytes <= SMALL_BYTES || bytes > row.bytes * PART || best > BEST_MAX || taken.length > TAKEN_MAX) return null;
        const compiled = await (this._compiled ??= this._reader.compile(this._code, BINDINGS, STAGES));
        const { binding, first } = bound(row);
        const given = [this._reader.taken('tensor', Uint32Array.from(taken)),
            this._reader.taken('call', Uint32Array.of(first, row.count, best, room, taken.length, row.halves ? 1 : 0))];
        const [masks, tops, found] = [WORD * Math.ceil(row.count / 32), WORD * LANES * GROUPS, bytes].map((size) => this._reader.take(size));
        const own = [...given, masks, tops, found];
        try {
            const made = await this._reader.read(bytes, (commands, answer) => {
                commands.clearBuffer(masks);
                commands.clearBuffer(found, 0, WORD * FOUND);
                this._reader.dispatch(commands, compiled, [binding, ...own.map((buffer) => ({ buffer }))],
                    [[Math.ceil(taken.length / LANES)], [GROUPS], [1], [GROUPS]]);
                commands.copyBufferToBuffer(found, 0, answer, 0, bytes);
            });
            return bestOf(new Uint32Array(made), row, room, taken);
        } finally {
            this._reader.give(own);
        }
    }
}

/** @param {OnDevice} tensor */
const lastOf = ({ dims }) => dims.slice(0, -1).reduce((product, one) => product * one, 1) - 1;

/** @param {OnDevice} tensor @param {number} index @returns {Row} */
function rowOf({ type, dims, gpuBuffer: buffer }, index) {
    const halves = type === 'float16', count = dims[dims.length - 1], bytes = count * (halves ? 2 : 4);
    return { buffer, halves, count, start: index * bytes, bytes };
}

/** The binding of a row, which begins before it, and the place of its first number there. @param {Row} row */
function bound({ buffer, halves, start, bytes }) {
    const offset = start - start % ALIGNMENT.binding;
    return { binding: { buffer, offset, size: aligned(start + bytes, WORD) - offset }, first: (start - offset) / (halves ? 2 : 4) };
}

/** @param {Uint32Array} words @param {Row} row @param {number} room @param {readonly number[]} taken
 * @returns {import('./sampling.js').Best | null} */
function bestOf(words, { halves, count }, room, taken) {
    const found = words[0], values = FOUND + 2 * room;
    const below = valueOf(words[LEAST], halves), top = valueOf(words[TOP], halves);
    if (found > room || words[LEAST] <= (halves ? LOWEST_HALF : LOWEST) || !Number.isFinite(top)) return null;
    /** @type {[number, number][]} */
    const known = taken.map((id, at) => [id, numberOf(words[values + at], halves)]);
    for (let at = FOUND; at < FOUND + 2 * found; at += 2) known.push([words[at], valueOf(words[at + 1], halves)]);
    known.sort(([a], [b]) => a - b);
    const sum = new Float32Array(words.buffer, SUMS * WORD, GROUPS).reduce((all, one) => all + one, 0);
    return { ids: Int32Array.from(known, ([id]) => id), values: Float32Array.from(known, ([, value]) => value), count, others: { below, top, sum } };
}

/** @param {number} key as likeliest.wgsl makes it of a number @param {boolean} halves */
const valueOf = (key, halves) => numberOf(key >= SIGN ? key - SIGN : ~key >>> 0, halves);

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** @param {number} bits @param {boolean} halves whether the upper half is a number of 16 bits */
function numberOf(bits, halves) {
    if (halves) return ofHalf(bits >>> 16);
    word[0] = bits;
    return float[0];
}
