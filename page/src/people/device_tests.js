/** What "Test this device" computes: small inputs by a formula, and the right answers. Pure. */
import { operator, perceptron, transformer } from './device_graphs.js';
import { KNOWN } from './known_answers.js';
import { numbers } from './numbers.js';

/** @typedef {{name: string, shape: number[], values: Float32Array}} Input */
/** `model`, `kernel`: a built-in one of ours, and which kernel, null for the model; `graph`: makes the same as an ONNX file, for a
 * platform without our kernels; `answer`: makes what is right.
 * @typedef {{name: string, says: string, model: string, kernel: string | null, inputs: Input[],
 *   graph: () => Uint8Array<ArrayBuffer>, answer: () => ArrayLike<number>}} DeviceTest */

/** How far an element may be from what is right: all compute with 32 bits, and in orders of their own. */
const TOLERANCE = 1e-3;
const LENGTH = 4096;
const SIDE = 64;
const KERNELS = 'builtin/kernels';

/** @param {string} name @param {number[]} shape @param {number} [shift] @returns {Input} */
const input = (name, shape, shift = 0) => ({ name, shape, values: numbers(shape.reduce((all, one) => all * one, 1), shift) });

/** The product of two square matrices. @param {Float32Array} a @param {Float32Array} b @param {number} n */
function product(a, b, n) {
    const c = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
    return c;
}

/** @param {number} side @param {string} says @returns {DeviceTest} */
function matmul(side, says) {
    const inputs = [input('a', [side, side]), input('b', [side, side], 7)];
    return { name: 'matmul', says, model: KERNELS, kernel: 'matmul', inputs, graph: () => operator('MatMul', inputs, [side, side]),
        answer: () => product(inputs[0].values, inputs[1].values, side) };
}

const VECTORS = [input('a', [LENGTH]), input('b', [LENGTH], 7)];
const LINE = input('x', [LENGTH]);

/** @type {readonly DeviceTest[]} */
export const TESTS = [
    { name: 'add', says: 'Sum of vectors', model: KERNELS, kernel: 'add', inputs: VECTORS, graph: () => operator('Add', VECTORS, [LENGTH]),
        answer: () => VECTORS[0].values.map((one, i) => one + VECTORS[1].values[i]) },
    matmul(SIDE, 'Product of matrices'),
    { name: 'relu', says: 'ReLU', model: KERNELS, kernel: 'relu', inputs: [LINE], graph: () => operator('Relu', [LINE], [LENGTH]),
        answer: () => LINE.values.map((one) => Math.max(one, 0)) },
    { name: 'mlp', says: 'Small perceptron', model: 'builtin/mlp', kernel: null, inputs: [input('x', [1, 784])], graph: perceptron,
        answer: () => KNOWN.mlp },
    { name: 'transformer', says: 'Small transformer', model: 'builtin/transformer', kernel: null, inputs: [input('x', [1, 2, 64])], graph: transformer,
        answer: () => KNOWN.transformer },
];

/** The side of the matrices whose product is measured, and the name of that test. */
const MEASURED_SIDE = 256;
export const MEASURED = `matmul ${MEASURED_SIDE}`;
export const measured = () => matmul(MEASURED_SIDE, '');

/** @param {ArrayLike<number>} got @param {ArrayLike<number>} right */
export function isRight(got, right) {
    return got.length === right.length
        && Array.from(right).every((one, i) => Math.abs(got[i] - one) <= TOLERANCE * (1 + Math.abs(one)));
}
