/**
 * The built-in models over kernels as plain loops over numbers of double precision, with weights by the formula of
 * src/terms/kernel/kernel_model.h: what a browser makes of them is held against this.
 */
import { right } from './kernels.mjs';

const range = (n) => Array.from({ length: n }, (_, i) => i);
const count = (shape) => shape.reduce((product, size) => product * size, 1);

function mix(x) {
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
}

/** Element k of a weight. */
export const element = ({ seed, middle, spread }, k) =>
    Math.fround(middle + spread * ((mix((mix(k) ^ seed) >>> 0) >>> 8) / 2 ** 23 - 1));

const weight = (seed, shape, spread, middle = 0) =>
    ({ shape, values: range(count(shape)).map((k) => element({ seed, middle, spread }, k)) });

const w1 = weight(1, [784, 128], 1 / 16), b1 = weight(2, [128], 1 / 16);
const w2 = weight(3, [128, 10], 1 / 8), b2 = weight(4, [10], 1 / 16);
const query = weight(13, [64, 64], 1 / 4), key = weight(14, [64, 64], 1 / 4), value = weight(15, [64, 64], 1 / 4);
const joined = weight(16, [64, 64], 1 / 4), wide = weight(19, [64, 256], 1 / 4), narrow = weight(20, [256, 64], 1 / 8);
const norms = [[11, 12], [17, 18]].map(([scale, bias]) => [weight(scale, [64], 1 / 8, 1), weight(bias, [64], 1 / 8)]);

/** Rows of numbers times a weight, with a bias or none. */
const times = (rows, { shape: [, columns], values }, bias) => rows.map((row) => range(columns).map((j) =>
    row.reduce((sum, one, k) => sum + one * values[k * columns + j], bias ? bias.values[j] : 0)));
const normed = (rows, [scale, bias]) => rows.map((row) =>
    right.layer_norm([{ shape: [64], values: row }, scale, bias], {}).values);
const sum = (a, b) => a.map((row, i) => row.map((one, j) => one + b[i][j]));

/** Position by position, each of the 4 heads over those up to itself. */
function attended(x) {
    const [q, k, v] = [query, key, value].map((one) => times(x, one));
    return q.map((row, i) => range(4).flatMap((head) => {
        const at = range(16).map((j) => head * 16 + j);
        const scores = range(i + 1).map((other) => at.reduce((all, j) => all + row[j] * k[other][j], 0) / 4);
        const most = Math.max(...scores), weights = scores.map((score) => Math.exp(score - most));
        const all = weights.reduce((total, one) => total + one, 0);
        return at.map((j) => weights.reduce((total, one, other) => total + one * v[other][j], 0) / all);
    }));
}

function block(x) {
    const z = sum(x, times(attended(normed(x, norms[0])), joined));
    const inner = times(normed(z, norms[1]), wide).map((row) => right.gelu([{ shape: [256], values: row }]).values);
    return sum(z, times(inner, narrow));
}

const rowsOf = (values, n) => range(values.length / n).map((row) => values.slice(row * n, (row + 1) * n));

/** @type {Record<string, (x: {shape: number[], values: number[]}) => {shape: number[], values: number[]}>} */
export const rightModel = {
    vector: ({ shape, values }) => ({ shape, values: values.map((x) => Math.max(2 * x + 1, 0)) }),
    mlp: ({ shape: [batch], values }) => ({ shape: [batch, 10],
        values: times(times(rowsOf(values, 784), w1, b1).map((row) => row.map((one) => Math.max(one, 0))), w2, b2).flat() }),
    transformer: ({ shape, values }) => ({ shape,
        values: rowsOf(values, shape[1] * 64).flatMap((one) => block(rowsOf(one, 64)).flat()) }),
};
