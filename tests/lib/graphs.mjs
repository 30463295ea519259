/**
 * Twenty kinds of small graphs, each as an ONNX model and as loops over an arithmetic (arithmetic.mjs), in 32 bits and in
 * 16. Honest machines answer the inputs of evil-inputs.mjs differently. None of this comes from the product.
 */
import { arithmetics, half, halfBits } from './arithmetic.mjs';
import * as kserve from './kserve.mjs';
import { FLOAT, FLOAT16, graph, INT64, integerAttribute, integersAttribute, model, node, numberAttribute, tensor, value } from './onnx.mjs';

const MILLION = 1000 * 1000;
const range = (n) => Array.from({ length: n }, (_, i) => i);
const count = (shape) => shape.reduce((product, size) => product * size, 1);
const whole = (name, shape, numbers) => tensor(name, INT64, shape, Buffer.from(new BigInt64Array(numbers.map(BigInt)).buffer));

/** An initializer in the type of the graph. */
function real(type, name, shape, numbers) {
    const content = type === FLOAT16 ? Uint16Array.from(numbers, (number) => halfBits(half(number))) : Float32Array.from(numbers);
    return tensor(name, type, shape, Buffer.from(content.buffer));
}

/** @param {import('./arithmetic.mjs').Arithmetic} by @returns {number[]} [m, n], of [m, k] and [k, n] */
const product = (by, a, b, m, k, n, finish) => range(m * n).map((at) => {
    const row = Math.floor(at / n), column = at % n;
    return by.dot(k, (i) => a[row * k + i], (i) => b[i * n + column], finish);
});
const each = (values, change) => values.map((_, i) => change(i));
/** The rows of a matrix with `n` columns. */
const rows = (values, n) => range(values.length / n).map((row) => values.slice(row * n, (row + 1) * n));

const SCALE = 1.5, BIAS = 0.25, EPSILON = 1e-5;

/** @param {import('./arithmetic.mjs').Arithmetic} by */
function normalised(by, row) {
    const n = row.length, mean = by.sum(n, (i) => row[i], (sum) => sum / n);
    const off = row.map((x) => by.subtract(x, mean));
    const variance = by.fused
        ? Math.max(0, by.subtract(by.sum(n, (i) => row[i] * row[i], (sum) => sum / n), by.multiply(mean, mean)))
        : by.dot(n, (i) => off[i], (i) => off[i], (sum) => sum / n);
    const deviation = by.root(by.add(variance, EPSILON));
    return off.map((x) => by.multiplyAdd(by.divide(x, deviation), SCALE, BIAS));
}

const softened = (by, row) => {
    const most = row.reduce((a, b) => Math.max(a, b)), weights = row.map((x) => by.exp(by.subtract(x, most)));
    const all = by.sum(weights.length, (i) => weights[i]);
    return weights.map((weight) => by.divide(weight, all));
};

/** By a series where it converges soon, else by the first terms of the asymptotic one. */
function erf(x) {
    const size = Math.abs(x);
    if (!(size >= 3)) {
        let term = x, total = x;
        for (let n = 1; n < 100; n++) {
            term *= -x * x / n;
            total += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * total;
    }
    const square = size * size, left = 1 - 1 / (2 * square) + 3 / (4 * square ** 2) - 15 / (8 * square ** 3);
    return Math.sign(x) * (1 - Math.exp(-square) / (size * Math.sqrt(Math.PI)) * left);
}

/** By a fraction, as GPUs have it: Abramowitz and Stegun, 7.1.26. */
function erfByFraction(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x)), factors = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
    return Math.sign(x) * (1 - factors.reduce((sum, factor) => (sum + factor) * t, 0) * Math.exp(-x * x));
}

const sigmoid = (by, x) => by.divide(1, by.add(1, by.exp(-x)));
const MEAN = [200, -8, 0.5, 2], VARIANCE = 2 ** -20;

/** One window of 3 × 3 in two channels of 8 × 8, for each of three filters. */
function convolved(by, x, w) {
    return range(3 * 6 * 6).map((at) => {
        const filter = Math.floor(at / 36), top = Math.floor(at % 36 / 6), left = at % 6;
        const place = (i) => [Math.floor(i / 9), Math.floor(i % 9 / 3), i % 3];
        return by.dot(18, (i) => {
            const [channel, row, column] = place(i);
            return x[channel * 64 + (top + row) * 8 + left + column];
        }, (i) => w[filter * 18 + i]);
    });
}

/** The highest of each row of eight: the place of the first, and the three highest with theirs. */
function ranked(scores) {
    const all = rows(scores, 8).map((row) => range(8).sort((a, b) => row[b] - row[a] || a - b).slice(0, 3).map((i) => [row[i], i]));
    return { best: all.map(([[, i]]) => i), high: all.flat().map(([score]) => score), places: all.flat().map(([, i]) => i) };
}

/** Makes a million numbers of a thousand. */
const widened = (then) => (type) => ({
    nodes: [node('Expand', ['x', 'square'], ['wide']), ...then],
    initializers: [whole('square', [2], [1000, 1000])],
});
const simple = (...nodes) => () => ({ nodes, initializers: [] });

/**
 * A row for each: `inputs` and `outputs` are shapes by name; those named in `whole` are INT64, all others of the graph's
 * type. `made` gives nodes and initializers for a type; `run` gives the outputs of an arithmetic for inputs as lists;
 * `centre` gives, by element, what the graph subtracts.
 * @type {Record<string, {inputs: Record<string, number[]>, outputs: Record<string, number[]>, whole?: string[], centre?: (i: number) => number,
 *   made: (type: number) => {nodes: Buffer[], initializers: Buffer[]}, run: (by: import('./arithmetic.mjs').Arithmetic, inputs: any) => Record<string, number[]>}>}
 */
export const kinds = {
    matmul: { inputs: { a: [4, 64], b: [64, 4] }, outputs: { y: [4, 4] },
        made: simple(node('MatMul', ['a', 'b'], ['y'])), run: (by, { a, b }) => ({ y: product(by, a, b, 4, 64, 4) }) },
    gemm: { inputs: { a: [4, 32], b: [32, 4], c: [4] }, outputs: { y: [4, 4] },
        made: simple(node('Gemm', ['a', 'b', 'c'], ['y'], { attributes: [numberAttribute('alpha', 0.5), numberAttribute('beta', 2)] })),
        run: (by, { a, b, c }) => ({ y: product(by, a, b, 4, 32, 4, (sum) => sum / 2).map((x, i) => by.add(x, by.multiply(2, c[i % 4]))) }) },
    conv: { inputs: { x: [1, 2, 8, 8], w: [3, 2, 3, 3] }, outputs: { y: [1, 3, 6, 6] },
        made: simple(node('Conv', ['x', 'w'], ['y'])), run: (by, { x, w }) => ({ y: convolved(by, x, w) }) },
    reduce_sum: { inputs: { x: [1000] }, outputs: { y: [1, 1] },
        made: widened([node('ReduceSum', ['wide'], ['y'])]), run: (by, { x }) => ({ y: [by.sum(MILLION, (i) => x[i % 1000])] }) },
    reduce_mean: { inputs: { x: [1000] }, outputs: { y: [1, 1] }, made: widened([node('ReduceMean', ['wide'], ['y'])]),
        run: (by, { x }) => ({ y: [by.sum(MILLION, (i) => x[i % 1000], (sum) => sum / MILLION)] }) },
    softmax: { inputs: { x: [4, 32] }, outputs: { y: [4, 32] },
        made: simple(node('Softmax', ['x'], ['y'])), run: (by, { x }) => ({ y: rows(x, 32).flatMap((row) => softened(by, row)) }) },
    ranking: { inputs: { x: [4, 64], w: [64, 8] }, outputs: { best: [4], high: [4, 3], places: [4, 3] }, whole: ['best', 'places'],
        made: () => ({ initializers: [whole('three', [1], [3])], nodes: [node('MatMul', ['x', 'w'], ['scores']),
            node('ArgMax', ['scores'], ['best'], { attributes: [integerAttribute('axis', -1), integerAttribute('keepdims', 0)] }),
            node('TopK', ['scores', 'three'], ['high', 'places'])] }),
        run: (by, { x, w }) => ranked(product(by, x, w, 4, 64, 8)) },
    layer_norm: { inputs: { x: [4, 64] }, outputs: { y: [4, 64] },
        made: (type) => ({ nodes: [node('LayerNormalization', ['x', 'scale', 'bias'], ['y'], { attributes: [numberAttribute('epsilon', EPSILON)] })],
            initializers: [real(type, 'scale', [64], Array(64).fill(SCALE)), real(type, 'bias', [64], Array(64).fill(BIAS))] }),
        run: (by, { x }) => ({ y: rows(x, 64).flatMap((row) => normalised(by, row)) }) },
    exp: { inputs: { x: [64] }, outputs: { y: [64] },
        made: simple(node('Exp', ['x'], ['y'])), run: (by, { x }) => ({ y: x.map((one) => by.exp(one)) }) },
    div: { inputs: { a: [64], b: [64] }, outputs: { y: [64] },
        made: simple(node('Div', ['a', 'b'], ['y'])), run: (by, { a, b }) => ({ y: each(a, (i) => by.divide(a[i], b[i])) }) },
    cumsum: { inputs: { x: [64] }, outputs: { y: [64] },
        made: () => ({ nodes: [node('CumSum', ['x', 'axis'], ['y'])], initializers: [whole('axis', [], [0])] }),
        run: (by, { x }) => ({ y: by.running(x) }) },
    cast: { inputs: { x: [64] }, outputs: { y: [64] },
        made: (type) => ({ nodes: [node('Cast', ['x'], ['small'], { attributes: [integerAttribute('to', FLOAT16)] }),
            node('Cast', ['small'], ['y'], { attributes: [integerAttribute('to', type)] })], initializers: [] }),
        run: (by, { x }) => ({ y: x.map((one) => by.round(half(one))) }) },
    chain: { inputs: { a: [64], b: [64], c: [64] }, outputs: { y: [64] },
        made: simple(node('Mul', ['a', 'b'], ['p']), node('Add', ['p', 'c'], ['t']), node('Mul', ['t', 'b'], ['q']), node('Sub', ['q', 'b'], ['y'])),
        run: (by, { a, b, c }) => ({ y: each(a, (i) => by.multiplyAdd(by.multiplyAdd(a[i], b[i], c[i]), b[i], -b[i])) }) },
    root_log: { inputs: { x: [64] }, outputs: { y: [64] },
        made: simple(node('Sqrt', ['x'], ['r']), node('Log', ['r'], ['y'])), run: (by, { x }) => ({ y: x.map((one) => by.log(by.root(one))) }) },
    gather: { inputs: { x: [64], index: [64] }, outputs: { y: [1] }, whole: ['index'],
        made: simple(node('Gather', ['x', 'index'], ['g']), node('ReduceSum', ['g'], ['y'])),
        run: (by, { x, index }) => ({ y: [by.sum(64, (i) => x[index[i]])] }) },
    transpose: { inputs: { x: [8, 32] }, outputs: { y: [8, 8] },
        made: simple(node('Transpose', ['x'], ['t'], { attributes: [integersAttribute('perm', [1, 0])] }), node('MatMul', ['x', 't'], ['y'])),
        run: (by, { x }) => ({ y: range(64).map((at) => by.dot(32, (i) => x[Math.floor(at / 8) * 32 + i], (i) => x[at % 8 * 32 + i])) }) },
    erf: { inputs: { x: [64] }, outputs: { y: [64] },
        made: simple(node('Erf', ['x'], ['y'])), run: (by, { x }) => ({ y: x.map((one) => by.round((by.fused ? erfByFraction : erf)(one))) }) },
    gates: { inputs: { x: [64] }, outputs: { y: [64] },
        made: simple(node('Sigmoid', ['x'], ['s']), node('Tanh', ['x'], ['t']), node('Mul', ['s', 't'], ['y'])),
        run: (by, { x }) => ({ y: x.map((one) => by.multiply(sigmoid(by, one), by.tanh(one))) }) },
    batch_norm: { inputs: { x: [1, 4, 4, 4] }, outputs: { y: [1, 4, 4, 4] }, centre: (i) => MEAN[i >> 4],
        made: (type) => ({ nodes: [node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'variance'], ['y'])],
            initializers: [['scale', SCALE], ['bias', BIAS], ['variance', VARIANCE]].map(([name, number]) => real(type, name, [4], Array(4).fill(number)))
                .concat([real(type, 'mean', [4], MEAN)]) }),
        run: (by, { x }) => ({ y: each(x, (i) => {
            const mean = MEAN[i >> 4], factor = by.divide(SCALE, by.root(by.add(VARIANCE, EPSILON)));
            return by.fused ? by.multiplyAdd(x[i], factor, by.subtract(BIAS, by.multiply(mean, factor)))
                : by.multiplyAdd(by.subtract(x[i], mean), factor, BIAS);
        }) }) },
    where: { inputs: { a: [4, 64], b: [64, 4], t: [4, 4] }, outputs: { y: [4, 4] },
        made: (type) => ({ nodes: [node('MatMul', ['a', 'b'], ['s']), node('Greater', ['s', 't'], ['more']), node('Where', ['more', 'one', 'other'], ['y'])],
            initializers: [real(type, 'one', [1], [1]), real(type, 'other', [1], [-1])] }),
        run: (by, { a, b, t }) => ({ y: product(by, a, b, 4, 64, 4).map((s, i) => (s > t[i] ? 1 : -1)) }) },
};

/** Ends the name of a kind in 16 bits. */
const HALF = '-half';
export const names = Object.keys(kinds);
export const halfNames = names.map((name) => `${name}${HALF}`);
export const isHalf = (name) => name.endsWith(HALF);
export const kindOf = (name) => kinds[isHalf(name) ? name.slice(0, -HALF.length) : name];

/** A model of that name. @param {string} name */
export function modelOf(name) {
    const type = isHalf(name) ? FLOAT16 : FLOAT, { inputs, outputs, whole: integers = [], made } = kindOf(name);
    const values = (shapes) => Object.entries(shapes).map(([one, shape]) => value(one, integers.includes(one) ? INT64 : type, shape));
    return model(graph(name.replaceAll('-', '_'), { ...made(type), inputs: values(inputs), outputs: values(outputs) }));
}

/** Lists of numbers as tensors of the model. @param {string} name @param {Record<string, number[]>} lists */
export function tensorsOf(name, lists) {
    const { inputs, outputs, whole: integers = [] } = kindOf(name), shapes = { ...inputs, ...outputs };
    return Object.entries(lists).map(([one, list]) => {
        const datatype = integers.includes(one) ? 'INT64' : isHalf(name) ? 'FP16' : 'FP32';
        const numbers = datatype === 'FP16' ? list.map((number) => halfBits(half(number))) : list;
        return { name: one, datatype, shape: shapes[one], bytes: kserve.pack(datatype, numbers) };
    });
}

/** Tensors as lists of numbers. @param {{name: string, datatype: string, bytes: Buffer}[]} tensors @returns {Record<string, number[]>} */
export const listsOf = (tensors) => Object.fromEntries(tensors.map(({ name, datatype, bytes }) =>
    [name, kserve.values(datatype, bytes).map(Number)]));

/** The answer of a machine of that arithmetic. @param {string} name @param {{name: string, datatype: string, bytes: Buffer}[]} inputs */
export function answerOf(name, inputs, by = arithmetics.wasm) {
    const { inputs: shapes, whole: integers = [], run } = kindOf(name), lists = listsOf(inputs);
    const loaded = Object.fromEntries(Object.keys(shapes).map((one) =>
        [one, integers.includes(one) ? lists[one] : lists[one].map((number) => by.round(number))]));
    return tensorsOf(name, run(by, loaded));
}

/** Of the guard (webinferd(8), Numbers), for 32 bits and for 16: of the value, of the largest of its tensor, and the least. */
const MARGINS = { FP32: [1e-3, 1e-4, 1e-6], FP16: [1e-2, 1e-3, 1e-5] };

/** How far an answer is off another, in tolerances: at most 1 where both are alike. */
export function offOf(wanted, got) {
    return Math.max(...wanted.map(({ datatype, bytes }, at) => {
        const list = kserve.values(datatype, bytes), own = kserve.values(datatype, got[at].bytes);
        if (datatype === 'INT64') return list.every((one, i) => one === own[i]) ? 0 : Infinity;
        const [relative, ofLargest, least] = MARGINS[datatype];
        const largest = list.reduce((most, one) => (Number.isFinite(one) ? Math.max(most, Math.abs(one)) : most), 0);
        return list.reduce((worst, one, i) => {
            if (own[i] === one || (Number.isNaN(own[i]) && Number.isNaN(one))) return worst;
            if (!Number.isFinite(own[i]) || !Number.isFinite(one)) return Infinity;
            return Math.max(worst, Math.abs(own[i] - one) / Math.max(least, relative * Math.abs(one) + ofLargest * largest));
        }, 0);
    }));
}
