/**
 * Three graphs, each written twice with the same weights: as ONNX and as `.tflite`, each as its exporters write it. Pictures lie
 * channel by channel in the one (NCHW) and pixel by pixel in the other (NHWC), and so do the weights of convolutions.
 */
import * as onnx from '../../lib/onnx.mjs';
import { draw } from '../draw.mjs';
import { ACTIVATIONS, TfliteGraph } from './tflite.mjs';

const INPUT = 'x', OUTPUT = 'y';
const count = (shape) => shape.reduce((product, one) => product * one, 1);
const constant = (count, value) => new Float32Array(count).fill(value);
const raw = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Elements of `shape` with their axes in another order: axis i of what comes is axis order[i] of what goes in. */
function permuted(from, shape, order) {
    const strides = shape.map((_, axis) => count(shape.slice(axis + 1))), to = new Float32Array(from.length);
    const sizes = order.map((axis) => shape[axis]), steps = order.map((axis) => strides[axis]), at = sizes.map(() => 0);
    for (let i = 0, place = 0; i < to.length; i++) {
        to[i] = from[place];
        for (let axis = at.length - 1; axis >= 0; axis--) {
            place += steps[axis];
            if (++at[axis] < sizes[axis]) break;
            place -= steps[axis] * sizes[axis];
            at[axis] = 0;
        }
    }
    return to;
}

const TO_NCHW = [0, 3, 1, 2];
/** A shape as ONNX has it: what has four axes is a picture, unless it is said to lie as it is. */
const channelsFirst = (shape) => TO_NCHW.map((axis) => shape[axis]);

/** One value of both graphs. @typedef {{name: string, index: number, shape: number[]}} Value its name in ONNX, its number in the other, and
 * its shape there */

/** Both graphs while they are made. Each method adds one layer to both, and gives its output. */
class Twins {
    constructor(shape) {
        this.tflite = new TfliteGraph();
        this.nodes = [];
        this.initializers = [];
        this.seed = 1;
        /** @type {Value} */
        this.input = { name: INPUT, index: this.tflite.tensor(shape), shape };
    }

    #initializer(shape, array, type = onnx.FLOAT) {
        const name = `w${this.initializers.length}`;
        this.initializers.push(onnx.tensor(name, type, shape, raw(array)));
        return name;
    }

    #integers(list) {
        return this.#initializer([list.length], BigInt64Array.from(list, BigInt), onnx.INT64);
    }

    /** Adds a node to the ONNX graph. @returns {string} its output */
    #node(type, inputs, attributes = []) {
        const name = `n${this.nodes.length}`;
        this.nodes.push((output) => onnx.node(type, inputs, [output ?? name], { attributes }));
        return name;
    }

    #activated(name, activation) {
        if (activation === 'none') return name;
        if (activation === 'relu') return this.#node('Relu', [name]);
        return this.#node('Clip', [name, ...[0, 6].map((bound) => this.#initializer([], Float32Array.of(bound)))]);
    }

    /** Weights that keep the size of what they get. */
    #weights(size, inputs, gain = 2) {
        return draw(size, Math.sqrt(gain / inputs), ++this.seed);
    }

    /** @param {Value} x @param {{channels?: number, size: number, stride?: number, activation?: string, depthwise?: boolean}} options
     * @returns {Value} */
    conv(x, { channels, size, stride = 1, activation = 'none', depthwise = false }) {
        const [, height, width, depth] = x.shape, outputs = depthwise ? depth : channels;
        const shape = [1, Math.ceil(height / stride), Math.ceil(width / stride), outputs];
        const form = depthwise ? [1, size, size, depth] : [outputs, size, size, depth];
        const weights = this.#weights(count(form), size * size * (depthwise ? 1 : depth), activation === 'none' ? 1 : 2);
        const bias = draw(outputs, 0.1, ++this.seed);
        const order = depthwise ? [3, 0, 1, 2] : TO_NCHW; // as ONNX has both: output, input of the group, height, width
        // What has no middle is padded behind, as SAME does.
        const pads = [height, width].map((extent) => Math.max(0, (Math.ceil(extent / stride) - 1) * stride + size - extent));
        const name = this.#activated(this.#node('Conv', [x.name, this.#initializer(order.map((axis) => form[axis]),
            permuted(weights, form, order)), this.#initializer([outputs], bias)], [
            onnx.integersAttribute('kernel_shape', [size, size]), onnx.integersAttribute('strides', [stride, stride]),
            onnx.integersAttribute('pads', [...pads.map((one) => one >> 1), ...pads.map((one) => one - (one >> 1))]),
            onnx.integerAttribute('group', depthwise ? depth : 1)]), activation);
        const index = this.tflite.add(depthwise ? 'DEPTHWISE_CONV_2D' : 'CONV_2D',
            [x.index, this.tflite.tensor(form, weights), this.tflite.tensor([outputs], bias)], shape,
            { stride_w: stride, stride_h: stride, activation: ACTIVATIONS[activation], ...depthwise && { multiplier: 1 } });
        return { name, index, shape };
    }

    /** Each channel's mean. @param {Value} x @returns {Value} */
    pool(x) {
        const shape = [1, x.shape[3]];
        return { name: this.#node('Flatten', [this.#node('GlobalAveragePool', [x.name])]), shape,
            index: this.tflite.add('MEAN', [x.index, this.tflite.tensor([2], Int32Array.of(1, 2))], shape, { keep_dims: 0 }) };
    }

    /** Over the last axis. @param {Value} x @param {number} outputs @returns {Value} */
    dense(x, outputs) {
        const inputs = x.shape.at(-1), shape = [...x.shape.slice(0, -1), outputs];
        const weights = this.#weights(inputs * outputs, inputs, 1), bias = draw(outputs, 0.1, ++this.seed);
        const turned = this.#initializer([inputs, outputs], permuted(weights, [outputs, inputs], [1, 0]));
        const name = this.#node('Add', [this.#node('MatMul', [x.name, turned]), this.#initializer([outputs], bias)]);
        return { name, shape, index: this.tflite.add('FULLY_CONNECTED',
            [x.index, this.tflite.tensor([outputs, inputs], weights), this.tflite.tensor([outputs], bias)], shape, { keep_num_dims: 1 }) };
    }

    /** @param {Value} a @param {Value} b of the same shape @returns {Value} */
    add(a, b) {
        return { name: this.#node('Add', [a.name, b.name]), index: this.tflite.add('ADD', [a.index, b.index], a.shape), shape: a.shape };
    }

    /** @param {Value} a @param {Value} b of the same shape @returns {Value} */
    subtract(a, b) {
        return { name: this.#node('Sub', [a.name, b.name]), index: this.tflite.add('SUB', [a.index, b.index], a.shape), shape: a.shape };
    }

    /** @param {Value} x @param {number[]} shape @returns {Value} which lies in both as it is said */
    reshape(x, shape) {
        return { name: this.#node('Reshape', [x.name, this.#integers(shape)]), shape,
            index: this.tflite.add('RESHAPE', [x.index, this.tflite.tensor([shape.length], Int32Array.from(shape))], shape) };
    }

    /** @param {Value} x @param {number[]} order @returns {Value} */
    transpose(x, order) {
        const shape = order.map((axis) => x.shape[axis]);
        return { name: this.#node('Transpose', [x.name], [onnx.integersAttribute('perm', order)]), shape,
            index: this.tflite.add('TRANSPOSE', [x.index, this.tflite.tensor([order.length], Int32Array.from(order))], shape) };
    }

    /** @param {Value} a @param {Value} b @returns {Value} */
    multiply(a, b) {
        const shape = [...a.shape.slice(0, -1), b.shape.at(-1)];
        return { name: this.#node('MatMul', [a.name, b.name]), shape,
            index: this.tflite.add('BATCH_MATMUL', [a.index, b.index], shape, { adj_x: 0, adj_y: 0 }) };
    }

    /** @param {Value} x @param {number} factor @returns {Value} */
    scale(x, factor) {
        const one = Float32Array.of(factor);
        return { name: this.#node('Mul', [x.name, this.#initializer([], one)]), shape: x.shape,
            index: this.tflite.add('MUL', [x.index, this.tflite.tensor([1], one)], x.shape) };
    }

    /** @param {Value} x @returns {Value} */
    softmax(x) {
        return { name: this.#node('Softmax', [x.name], [onnx.integerAttribute('axis', -1)]), shape: x.shape,
            index: this.tflite.add('SOFTMAX', [x.index], x.shape, { beta: 1 }) };
    }

    /** x Φ(x). @param {Value} x @returns {Value} */
    gelu(x) {
        const number = (value) => this.#initializer([], Float32Array.of(value));
        const erf = this.#node('Erf', [this.#node('Div', [x.name, number(Math.SQRT2)])]);
        const name = this.#node('Mul', [this.#node('Mul', [x.name, this.#node('Add', [erf, number(1)])]), number(0.5)]);
        return { name, shape: x.shape, index: this.tflite.add('GELU', [x.index], x.shape, { approximate: 0 }) };
    }

    /** Over the last axis: an operator in ONNX, several in the other. @param {Value} x @returns {Value} */
    normalize(x) {
        const width = x.shape.at(-1), row = [...x.shape.slice(0, -1), 1], { tflite } = this;
        const scales = constant(width, 1).map((one, i) => one + 0.1 * Math.sin(i)), bias = draw(width, 0.1, ++this.seed);
        const name = this.#node('LayerNormalization', [x.name, this.#initializer([width], scales), this.#initializer([width], bias)],
            [onnx.numberAttribute('epsilon', 1e-5)]);
        const mean = (of) => tflite.add('MEAN', [of, tflite.tensor([1], Int32Array.of(x.shape.length - 1))], row, { keep_dims: 1 });
        const middle = mean(x.index), variance = mean(tflite.add('SQUARED_DIFFERENCE', [x.index, middle], x.shape));
        const divisor = tflite.add('RSQRT', [tflite.add('ADD', [variance, tflite.tensor([1], Float32Array.of(1e-5))], row)], row);
        const even = tflite.add('MUL', [tflite.add('SUB', [x.index, middle], x.shape), divisor], x.shape);
        const scaled = tflite.add('MUL', [even, tflite.tensor([width], scales)], x.shape);
        return { name, shape: x.shape, index: tflite.add('ADD', [scaled, tflite.tensor([width], bias)], x.shape) };
    }

    /** Both files, and an input for each. @param {Value} output */
    files(output) {
        const { shape } = this.input, x = draw(count(shape), 1), isPicture = shape.length === 4;
        const last = this.nodes.length - 1, inOnnx = isPicture ? channelsFirst(shape) : shape;
        const shapeOf = (value) => (value.shape.length === 4 ? channelsFirst(value.shape) : value.shape);
        return {
            onnx: onnx.model(onnx.graph('g', { nodes: this.nodes.map((make, i) => make(i === last ? OUTPUT : undefined)),
                initializers: this.initializers, inputs: [onnx.value(INPUT, onnx.FLOAT, inOnnx)],
                outputs: [onnx.value(OUTPUT, onnx.FLOAT, shapeOf(output))] })),
            tflite: this.tflite.file([this.input.index], [output.index]),
            inputs: { onnx: { shape: inOnnx, bytes: raw(isPicture ? permuted(x, shape, TO_NCHW) : x) }, tflite: { shape, bytes: raw(x) } },
        };
    }
}

/** MobileNetV2's layers at 224 × 224: expansion, channels, repetitions and the first one's stride. */
const BLOCKS = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]];

function mobilenet() {
    const twins = new Twins([1, 224, 224, 3]), activation = 'relu6';
    let x = twins.conv(twins.input, { channels: 32, size: 3, stride: 2, activation });
    for (const [expansion, channels, repetitions, first] of BLOCKS)
        for (let i = 0; i < repetitions; i++) {
            const before = x, stride = i === 0 ? first : 1;
            if (expansion > 1) x = twins.conv(x, { channels: expansion * before.shape[3], size: 1, activation });
            x = twins.conv(x, { size: 3, stride, activation, depthwise: true });
            x = twins.conv(x, { channels, size: 1 });
            if (stride === 1 && before.shape[3] === channels) x = twins.add(before, x);
        }
    return twins.files(twins.dense(twins.pool(twins.conv(x, { channels: 1280, size: 1, activation })), 1000));
}

const TOKENS = 64, WIDTH = 256, HEADS = 4, LAYERS = 4;

/** A transformer's encoder over embeddings, as BERT's: 3 million weights. */
function encoder() {
    const twins = new Twins([1, TOKENS, WIDTH]), depth = WIDTH / HEADS;
    const heads = (x, order) => twins.transpose(twins.reshape(x, [1, TOKENS, HEADS, depth]), order);
    let x = twins.normalize(twins.input);
    for (let i = 0; i < LAYERS; i++) {
        const [q, k, v] = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]].map((order) => heads(twins.dense(x, WIDTH), order));
        const seen = twins.multiply(twins.softmax(twins.scale(twins.multiply(q, k), 1 / Math.sqrt(depth))), v);
        const joined = twins.reshape(twins.transpose(seen, [0, 2, 1, 3]), [1, TOKENS, WIDTH]);
        x = twins.normalize(twins.add(x, twins.dense(joined, WIDTH)));
        x = twins.normalize(twins.add(x, twins.dense(twins.gelu(twins.dense(x, 4 * WIDTH)), WIDTH)));
    }
    return twins.files(x);
}

/** A picture of 64 × 64 without its noise, as DnCNN finds it: 3 × 3 convolutions in a row. */
function denoiser() {
    const twins = new Twins([1, 64, 64, 1]), activation = 'relu', size = 3;
    let x = twins.input;
    for (let i = 0; i < 7; i++) x = twins.conv(x, { channels: 48, size, activation });
    return twins.files(twins.subtract(twins.input, twins.conv(x, { channels: 1, size })));
}

export const graphs = { 'MobileNetV2': mobilenet, 'encoder': encoder, 'denoiser': denoiser };
