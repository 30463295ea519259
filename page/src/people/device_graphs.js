/**
 * The tasks of "Test this device" as ONNX graphs, for WebNN: our kernels do not run on it. The weights are those of the
 * built-in models (engine/kernel_model.js), so the right answers are the same as for the kernels. Pure.
 */
import { modelOf } from '../engine/kernel_model.js';
import { onnx } from './onnx.js';

/** @import { Constant, Node, Value } from './onnx.js' */

/** Of the transformer: positions, width, heads and elements of a head. */
const [POSITIONS, WIDTH, HEADS, EACH] = [2, 64, 4, 16];
/** Added to what a position does not see. */
const UNSEEN = -1e9;

/** @param {string} type @param {string[]} inputs @param {string} output @param {Record<string, number[]>} [attributes] @returns {Node} */
const node = (type, inputs, output, attributes) => ({ type, inputs, output, attributes });
/** @param {string} name @param {number[]} shape @param {number[]} values @returns {Constant} */
const floats = (name, shape, values) => ({ name, shape, values: Float32Array.from(values) });
/** @param {string} name @param {number[]} sizes @returns {Constant} */
const sizesOf = (name, sizes) => ({ name, shape: [sizes.length], values: BigInt64Array.from(sizes, BigInt) });
/** @param {string} name of a built-in model @returns {Constant[]} */
const weightsOf = (name) => (modelOf(name)?.constants ?? []).map((one) => ({ ...one, values: new Float32Array(one.bytes.buffer) }));

/** One operator. @param {string} type @param {Value[]} inputs @param {number[]} shape of the output */
export const operator = (type, inputs, shape) =>
    onnx({ nodes: [node(type, inputs.map(({ name }) => name), 'y')], inputs, output: { name: 'y', shape } });

/** builtin/mlp for one input. */
export const perceptron = () => onnx({
    inputs: [{ name: 'x', shape: [1, 784] }], output: { name: 'y', shape: [1, 10] }, constants: weightsOf('builtin/mlp'),
    nodes: [
        node('MatMul', ['x', 'hidden_weight'], 'hidden_product'), node('Add', ['hidden_product', 'hidden_bias'], 'hidden'),
        node('Relu', ['hidden'], 'active'),
        node('MatMul', ['active', 'out_weight'], 'out_product'), node('Add', ['out_product', 'out_bias'], 'y'),
    ],
});

/** builtin/transformer for one text of two positions. */
export const transformer = () => onnx({
    inputs: [{ name: 'x', shape: [1, POSITIONS, WIDTH] }], output: { name: 'y', shape: [1, POSITIONS, WIDTH] },
    constants: [...weightsOf('builtin/transformer'), sizesOf('apart', [1, POSITIONS, HEADS, EACH]), sizesOf('together', [1, POSITIONS, WIDTH]),
        floats('seen', [POSITIONS, POSITIONS], [0, UNSEEN, 0, 0]), floats('fraction', [1], [1 / Math.sqrt(EACH)]),
        floats('half', [1], [0.5]), floats('one', [1], [1]), floats('root', [1], [Math.SQRT1_2])],
    nodes: [
        node('LayerNormalization', ['x', 'attention_scale', 'attention_bias'], 'normed'),
        ...heads('query', [0, 2, 1, 3]), ...heads('key', [0, 2, 3, 1]), ...heads('value', [0, 2, 1, 3]),
        node('MatMul', ['query_heads', 'key_heads'], 'products'), node('Mul', ['products', 'fraction'], 'scaled'),
        node('Add', ['scaled', 'seen'], 'scores'), node('Softmax', ['scores'], 'shares'),
        node('MatMul', ['shares', 'value_heads'], 'heads'), node('Transpose', ['heads'], 'beside', { perm: [0, 2, 1, 3] }),
        node('Reshape', ['beside', 'together'], 'joined'), node('MatMul', ['joined', 'joined_weight'], 'attended'),
        node('Add', ['x', 'attended'], 'z'),
        node('LayerNormalization', ['z', 'feed_scale', 'feed_bias'], 'renormed'), node('MatMul', ['renormed', 'wide_weight'], 'wide'),
        ...gelu('wide', 'active'),
        node('MatMul', ['active', 'narrow_weight'], 'narrow'), node('Add', ['z', 'narrow'], 'y'),
    ],
});

/** What attention takes of a position, a head each. @param {string} name @param {number[]} perm */
const heads = (name, perm) => [
    node('MatMul', ['normed', `${name}_weight`], `${name}_product`), node('Reshape', [`${name}_product`, 'apart'], `${name}_apart`),
    node('Transpose', [`${name}_apart`], `${name}_heads`, { perm }),
];

/** x / 2 · (1 + erf(x / √2)). @param {string} x @param {string} y */
const gelu = (x, y) => [
    node('Mul', [x, 'root'], `${x}_small`), node('Erf', [`${x}_small`], `${x}_erf`), node('Add', [`${x}_erf`, 'one'], `${x}_share`),
    node('Mul', [x, 'half'], `${x}_half`), node('Mul', [`${x}_half`, `${x}_share`], y),
];
