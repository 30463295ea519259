/** A node that joins, and computes kernels in plain loops: what the service asks to see what it is. It lies on order. */
import { capabilities, FakeNode } from './fake-node.mjs';
import { right } from './kernels.mjs';

/** As the protocol's manual has it. */
const hash = (x) => {
    x = Math.imul(x ^ x >>> 16, 0x7feb352d);
    x = Math.imul(x ^ x >>> 15, 0x846ca68b);
    return x ^ x >>> 16;
};
const matrix = (n, half) => Float64Array.from({ length: n * n }, (_, at) => (hash(hash(at) ^ half) >>> 0) % 129 - 64);

/** @param {{n: number, seed: string}} options @returns {Float32Array} */
export function productOf({ n, seed }) {
    const a = matrix(n, parseInt(seed.slice(8), 16)), b = matrix(n, parseInt(seed.slice(0, 8), 16)), c = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
        for (let p = 0; p < n; p++)
            for (let j = 0, left = a[i * n + p]; j < n; j++) c[i * n + j] += left * b[p * n + j];
    return Float32Array.from(c);
}

/** Bytes that go in one message. */
const PIECE = 128 << 10;

/** With eleven bits of the number left. */
export const halved = (value) => {
    const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1))) - 10);
    return Math.round(value / step) * step;
};

const known = ({ message, tensors }) => right[message.data.kernel](tensors.map(({ name, shape, bytes }) =>
    ({ name, shape, values: [...new Float32Array(new Uint8Array(bytes).buffer)] })), message.options ?? {});

export class ProvingNode extends FakeNode {
    /** Kernels that it was asked for, in order. @type {string[]} */
    asked = [];
    /** What it says that a product takes: so long that no larger one follows. */
    ms = 2000;
    /** Those that it says it lacks. @type {string[]} */
    lacks = [];
    #leaving = new Map();
    /** What it says instead of what it has computed. @type {(values: Float32Array, kernel: string) => Float32Array | null} null: nothing */
    lie = (values) => values;

    /** @param {string} pageUrl @param {{adapter?: object, native?: boolean}} [more] of a GPU that it claims to have; whether it is no browser */
    constructor(pageUrl, { adapter, native } = {}) {
        super(pageUrl);
        this.capabilities = { ...capabilities, engines: { ...capabilities.engines, kernels: '1' }, task_types: ['inference', 'compute'],
            platforms: native ? { native: { available: true } }
                : { ...capabilities.platforms, ...adapter && { webgpu: { available: true, adapter } } } };
        this.adapter = adapter ?? null;
        this.onTask = (task) => this.compute(task);
        this.onOther = ({ message: { type, data } }) => type === 'task_credit' && this.#go(data);
    }

    compute(task) {
        const { data: { kernel, platforms: [platform] }, options } = task.message;
        this.asked.push(kernel);
        if (this.lacks.includes(kernel)) {
            this.fail(task, { code: 'operator_unsupported', message: `there is no ${kernel} here` });
            return;
        }
        const n = options.n, made = kernel === 'challenge' ? { shape: [n, n], values: productOf(options) } : known(task);
        const values = this.lie(Float32Array.from(made.values), kernel);
        if (!values) return;
        const name = { challenge: 'c', som_distance: 'distances', som_update: 'updated', add: 'c', multiply: 'c', matmul: 'c',
            multiply_add: 'd' }[kernel] ?? 'y';
        this.answer(task, { name, datatype: 'FP32', shape: made.shape, bytes: Buffer.from(values.buffer) }, {
            executed_on: { platform, engine: 'kernels', precision: 'fp32', fallbacks: [], simulated: false,
                adapter: platform === 'webgpu' ? this.adapter : null },
            performance: { load_ms: 0, inference_ms: this.ms, warm: true } });
    }

    /** In pieces, where it is larger than a message. */
    answer(task, output, data) {
        const { name, datatype, shape, bytes } = output, { attempt_id } = task.message.data;
        if (bytes.length <= PIECE) {
            this.respond(task, { outputs: [output], data });
            return;
        }
        this.#leaving.set(attempt_id, { bytes, gone: 0, end: () => this.respond(task, { outputs: [], data: { ...data, in_pieces: true } }) });
        this.send('task_outline', { attempt_id, outline: [{ name, datatype, shape, byte_length: bytes.length }] });
    }

    #go({ attempt_id, data_bytes: granted }) {
        const one = this.#leaving.get(attempt_id);
        if (!one || granted === undefined) return;
        while (one.gone < Math.min(granted, one.bytes.length)) {
            const piece = one.bytes.subarray(one.gone, Math.min(one.gone + PIECE, granted));
            this.send('task_data', { attempt_id, tensor: 0, position: one.gone },
                [{ name: 'piece', datatype: 'UINT8', shape: [piece.length], bytes: piece }]);
            one.gone += piece.length;
        }
        if (one.gone < one.bytes.length) return;
        this.#leaving.delete(attempt_id);
        one.end();
    }
}
