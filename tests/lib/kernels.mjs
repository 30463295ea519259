/**
 * The kernels as plain loops over numbers of double precision, and shapes to try them with: what a browser makes
 * of them is held against this.
 */
import assert from 'node:assert/strict';

/** Of the largest value, beside which a sum in single precision is right. */
const TOLERANCE = 2e-5;

/** @typedef {{name: string, shape: number[], values: number[]}} Tensor */
/** @typedef {{kernel: string, shapes: Record<string, number[]>, options?: Record<string, unknown>}} Case */

const count = (shape) => shape.reduce((product, size) => product * size, 1);
const range = (n) => Array.from({ length: n }, (_, i) => i);
const sum = (values) => values.reduce((total, value) => total + value, 0);
/** The largest, of any number of them. */
export const largest = (values) => values.reduce((most, value) => Math.max(most, value), -Infinity);
/** The rows of a tensor over its last dimension. */
const rows = ({ shape, values }) => {
    const n = shape.at(-1);
    return range(count(shape.slice(0, -1))).map((row) => values.slice(row * n, (row + 1) * n));
};
/** Its matrices, over the last two. */
const matrices = (tensor) => {
    const all = rows(tensor), m = tensor.shape.at(-2);
    return range(count(tensor.shape.slice(0, -2))).map((one) => all.slice(one * m, (one + 1) * m));
};
const product = (a, b) => sum(a.map((value, i) => value * b[i]));
const softened = (scores) => {
    const most = largest(scores), weights = scores.map((score) => Math.exp(score - most));
    const all = sum(weights);
    return weights.map((weight) => weight / all);
};

/** By Abramowitz and Stegun's series, 7.1.5, which is right to ten digits as far as the inputs here go. */
function erf(x) {
    let term = x, total = x;
    for (let n = 1; n < 100; n++) {
        term *= -x * x / n;
        total += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * total;
}

const alike = (each) => (inputs) => ({ shape: inputs[0].shape,
    values: inputs[0].values.map((_, i) => each(...inputs.map(({ values }) => values[i]))) });

/** @type {Record<string, (inputs: Tensor[], options: any) => {shape: number[], values: number[]}>} */
export const right = {
    add: alike((a, b) => a + b),
    multiply: alike((a, b) => a * b),
    multiply_add: alike((a, b, c) => a * b + c),
    relu: alike((x) => Math.max(x, 0)),
    gelu: alike((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
    silu: alike((x) => x / (1 + Math.exp(-x))),
    matmul([a, b]) {
        const n = b.shape.at(-1), others = matrices(b);
        return { shape: [...a.shape.slice(0, -1), n], values: matrices(a).flatMap((matrix, at) => matrix.flatMap((row) =>
            range(n).map((j) => sum(row.map((value, p) => value * others[at][p][j]))))) };
    },
    transpose: ([x]) => ({ shape: [...x.shape.slice(0, -2), x.shape.at(-1), x.shape.at(-2)],
        values: matrices(x).flatMap((matrix) => range(x.shape.at(-1)).flatMap((j) => matrix.map((row) => row[j]))) }),
    reduce: ([x], { operation = 'sum' }) => ({ shape: x.shape.slice(0, -1), values: rows(x).map((row) => ({
        sum: sum(row), mean: sum(row) / row.length, max: largest(row), min: -largest(row.map((value) => -value)) })[operation]) }),
    softmax: ([x]) => ({ shape: x.shape, values: rows(x).flatMap(softened) }),
    layer_norm: ([x, scale, bias], { epsilon = 1e-5 }) => ({ shape: x.shape, values: rows(x).flatMap((row) => {
        const mean = sum(row) / row.length;
        const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
        return row.map((value, i) => (value - mean) / Math.sqrt(variance + epsilon) * scale.values[i] + bias.values[i]);
    }) }),
    attention([q, k, v], { causal = false, scale = 0 }) {
        const [m, d] = q.shape.slice(-2), [n, e] = v.shape.slice(-2), keys = matrices(k), texts = matrices(v);
        return { shape: [...q.shape.slice(0, -1), e], values: matrices(q).flatMap((queries, at) => queries.flatMap((query, i) => {
            const seen = keys[at].slice(0, causal ? Math.max(0, i + 1 + n - m) : n);
            const weights = softened(seen.map((key) => product(query, key) * (scale || 1 / Math.sqrt(d))));
            return range(e).map((j) => sum(weights.map((weight, key) => weight * texts[at][key][j])));
        })) };
    },
    som_distance: ([data, weights]) => ({ shape: [data.shape[0], weights.shape[0]], values: rows(data).flatMap((point) =>
        rows(weights).map((unit) => sum(point.map((value, i) => (value - unit[i]) ** 2)))) }),
    som_update([weights, data, influence], { rate = 1 }) {
        const points = rows(data), shares = rows(influence);
        return { shape: weights.shape, values: rows(weights).flatMap((unit, at) => unit.map((value, i) =>
            value + rate * sum(points.map((point, p) => shares[p][at] * (point[i] - value))))) };
    },
};

/** Odd shapes, scalars, and dimensions of 0. @type {Case[]} */
export const shapes = [
    ...['add', 'multiply'].flatMap((kernel) => [[], [1], [17], [3, 0], [1000, 7]]
        .map((shape) => ({ kernel, shapes: { a: shape, b: shape } }))),
    ...[[257], [2, 3, 5]].map((shape) => ({ kernel: 'multiply_add', shapes: { a: shape, b: shape, c: shape } })),
    ...['relu', 'gelu', 'silu'].flatMap((kernel) => [[1], [257], [1000, 7]].map((shape) => ({ kernel, shapes: { x: shape } }))),
    ...[[[1, 1], [1, 1]], [[17, 257], [257, 5]], [[1000, 7], [7, 3]], [[2, 3, 17, 9], [2, 3, 9, 4]], [[0, 4], [4, 3]],
        [[4, 0], [0, 3]], [[4, 0], [0, 4]], [[65, 4], [4, 36]], [[2, 3, 17, 12], [2, 3, 12, 4]]].map(([a, b]) => ({ kernel: 'matmul', shapes: { a, b } })),
    ...[[1, 1], [17, 257], [2, 1000, 7], [3, 0]].map((x) => ({ kernel: 'transpose', shapes: { x } })),
    ...['sum', 'mean', 'max', 'min'].map((operation) => ({ kernel: 'reduce', shapes: { x: [7, 257] }, options: { operation } })),
    { kernel: 'reduce', shapes: { x: [17] } }, { kernel: 'reduce', shapes: { x: [3, 0] } },
    ...[[17], [1000, 7], [2, 3, 257]].map((x) => ({ kernel: 'softmax', shapes: { x } })),
    { kernel: 'layer_norm', shapes: { x: [5, 17], scale: [17], bias: [17] } },
    { kernel: 'layer_norm', shapes: { x: [257], scale: [257], bias: [257] }, options: { epsilon: 0.5 } },
    { kernel: 'attention', shapes: { q: [2, 17, 8], k: [2, 29, 8], v: [2, 29, 12] }, options: { causal: true } },
    { kernel: 'attention', shapes: { q: [2, 5, 7], k: [2, 257, 7], v: [2, 257, 3] } },
    { kernel: 'attention', shapes: { q: [257, 1], k: [257, 1], v: [257, 17] }, options: { causal: true } },
    { kernel: 'attention', shapes: { q: [1, 1], k: [1, 1], v: [1, 1] } },
    { kernel: 'attention', shapes: { q: [1, 4], k: [9, 4], v: [9, 4] }, options: { scale: 0.25 } },
    { kernel: 'attention', shapes: { q: [9, 4], k: [3, 4], v: [3, 4] }, options: { causal: true } },
    { kernel: 'som_distance', shapes: { data: [257, 7], weights: [9, 7] } },
    { kernel: 'som_update', shapes: { weights: [9, 7], data: [17, 7], influence: [17, 9] }, options: { rate: 0.125 } },
];

/** More rounds or workgroups than one dispatch on a GPU may have. @type {Case[]} */
export const long = [
    ...[3, 4].map((n) => ({ kernel: 'matmul', shapes: { a: [2, 70_000], b: [70_000, n] } })),
    { kernel: 'matmul', shapes: { a: [70_000, 1, 1], b: [70_000, 1, 2] } },
    ...['mean', 'min'].map((operation) => ({ kernel: 'reduce', shapes: { x: [2, 70_000] }, options: { operation } })),
    { kernel: 'softmax', shapes: { x: [2, 70_000] } },
    { kernel: 'layer_norm', shapes: { x: [2, 70_000], scale: [70_000], bias: [70_000] } },
    ...[1, 4].map((d) => ({ kernel: 'attention', shapes: { q: [1, d], k: [170_000, d], v: [170_000, d] } })),
    { kernel: 'attention', shapes: { q: [3, 4097], k: [9, 4097], v: [9, 5] }, options: { causal: true } },
    { kernel: 'attention', shapes: { q: [5, 24_000], k: [12, 24_000], v: [12, 4] }, options: { causal: true } },
    { kernel: 'som_distance', shapes: { data: [2, 70_000], weights: [3, 70_000] } },
    { kernel: 'som_update', shapes: { weights: [3, 2], data: [70_000, 2], influence: [70_000, 3] }, options: { rate: 0.001 } },
    { kernel: 'reduce', shapes: { x: [70_000, 2] } },
    { kernel: 'softmax', shapes: { x: [70_000, 2] } },
    { kernel: 'layer_norm', shapes: { x: [70_000, 2], scale: [2], bias: [2] }, options: { epsilon: 0.5 } },
];

/** Inputs of those shapes, of numbers that FP32 holds exactly, the same for the same case.
 * @param {Case} one @returns {Tensor[]} */
export function inputsOf({ shapes: wanted }) {
    let state = 7;
    const next = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 20) / 1024 - 2;
    return Object.entries(wanted).map(([name, shape]) => ({ name, shape, values: range(count(shape)).map(next) }));
}

/** Inputs, and what the loops make of them, which takes them longer than a browser. @type {Map<Case, {inputs: any[], wanted: any}>} */
const knownCases = new Map();
function known(one) {
    const found = knownCases.get(one);
    if (found) return found;
    const inputs = inputsOf(one), made = { inputs, wanted: right[one.kernel](inputs, one.options ?? {}) };
    knownCases.set(one, made);
    return made;
}

/** What a daemon's browsers answer, held against the loops.
 * @param {import('./daemon.mjs').Daemon} daemon @param {Case} one @param {any} [more] of the request */
export async function checkKernel(daemon, one, more = {}) {
    const { inputs, wanted } = known(one);
    const answer = await daemon.post('/v1/compute', { kernel: one.kernel, platform: 'wasm', fallback: false, options: one.options ?? {},
        inputs: inputs.map(({ name, shape, values }) => ({ name, datatype: 'FP32', shape, data: values })), ...more });
    const what = `${one.kernel} ${JSON.stringify(one.shapes)} on ${more.browser ?? 'any'} ${more.platform ?? ''}`;
    assert.equal(answer.status, 200, `${what}: ${answer.text}`);
    const { outputs: [output, ...others], executed_on: ran } = answer.json;
    assert.equal(others.length, 0);
    assert.deepEqual(output.shape, wanted.shape, what);
    assert.deepEqual([ran.platform, ran.engine, ran.fallbacks, ran.simulated], [more.platform ?? 'wasm', 'kernels', [], false]);
    if (more.platform === 'webgpu') assert.equal(ran.adapter.is_fallback, true);
    if (more.platform === 'webgl') assert.ok(ran.adapter.description, what);
    if (more.browser) assert.equal(ran.browser, more.browser);
    const { gpu_ms: gpuMs } = answer.json.performance; // both adapters have a clock, and nothing else has one
    assert.ok(more.platform === 'webgpu' && wanted.values.length > 0 ? gpuMs >= 0 && gpuMs !== null : gpuMs === null, `${what}: ${gpuMs} ms`);
    const most = Math.max(1, largest(wanted.values.filter(Number.isFinite).map(Math.abs)));
    for (const [i, value] of wanted.values.entries())
        assert.ok(Math.abs(Number(output.data[i]) - value) <= TOLERANCE * most,
            `${what}: element ${i} is ${output.data[i]}, not ${value}`);
    assert.equal(output.data.length, wanted.values.length);
    return answer.json;
}

/** Its rounds end for no number: SwiftShader goes on for ever. Lavapipe ends an invocation after 65,535 rounds. */
export const ENDLESS = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    var i = id.x;
    loop { i = i * 1664525u + 1013904223u; if (i == 0u && y[0] == 7u) { break; } }
    y[id.x % 64u] = i;
}`;
