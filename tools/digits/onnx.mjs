// Writes the network as an ONNX file: the few protobuf messages that it needs, by field number from
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

import { CLASSES, parameterShapes } from './network.mjs';
import { SIZE } from './render.mjs';

const FLOAT = 1; // TensorProto.DataType
const ATTRIBUTE_INT = 2; // AttributeProto.AttributeType
const ATTRIBUTE_INTS = 7;

/** @param {number} value */
function varint(value) {
    const bytes = [];
    for (; value > 127; value = Math.floor(value / 128))
        bytes.push((value % 128) | 128);
    return Buffer.from([...bytes, value]);
}

/**
 * One field: a number becomes a varint, a string, a buffer or a list of parts (a message) gets a length.
 * @param {number} number @param {number | string | Buffer | Buffer[]} value
 */
function field(number, value) {
    if (typeof value === 'number')
        return Buffer.concat([varint(number * 8), varint(value)]);
    const body = Array.isArray(value) ? Buffer.concat(value) : Buffer.from(value);
    return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

/** @param {string} name @param {number | number[]} value */
function attribute(name, value) {
    return typeof value === 'number'
        ? [field(1, name), field(3, value), field(20, ATTRIBUTE_INT)]
        : [field(1, name), ...value.map((v) => field(8, v)), field(20, ATTRIBUTE_INTS)];
}

/**
 * @param {string} operator @param {string[]} inputs @param {string} output
 * @param {Record<string, number | number[]>} [attributes]
 */
function node(operator, inputs, output, attributes = {}) {
    return field(1, [
        ...inputs.map((input) => field(1, input)),
        field(2, output),
        field(3, output),
        field(4, operator),
        ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
    ]);
}

/** A graph input or output; a string is a free dimension's name. @param {(string | number)[]} shape */
function valueInfo(/** @type {string} */ name, shape) {
    const dims = shape.map((dim) => field(1, [field(typeof dim === 'string' ? 2 : 1, dim)]));
    return [field(1, name), field(2, [field(1, [field(1, FLOAT), field(2, dims)])])];
}

/** @param {string} name @param {number[]} shape @param {Float64Array} values */
function initializer(name, shape, values) {
    const raw = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => raw.writeFloatLE(value, 4 * i));
    return field(5, [...shape.map((dim) => field(1, dim)), field(2, FLOAT), field(8, name), field(9, raw)]);
}

/** @param {import('./network.mjs').Parameters} parameters @returns {Buffer} */
export function toOnnx(parameters) {
    const poolShape = { kernel_shape: [2, 2], strides: [2, 2] };
    const graph = [
        node('Conv', ['image', 'conv1.weight', 'conv1.bias'], 'conv1',
            { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        node('Relu', ['conv1'], 'relu1'),
        node('MaxPool', ['relu1'], 'pool1', poolShape),
        node('Conv', ['pool1', 'conv2.weight', 'conv2.bias'], 'conv2',
            { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        node('Relu', ['conv2'], 'relu2'),
        node('MaxPool', ['relu2'], 'pool2', poolShape),
        node('Conv', ['pool2', 'conv3.weight', 'conv3.bias'], 'conv3',
            { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        node('Relu', ['conv3'], 'relu3'),
        node('Flatten', ['relu3'], 'features', { axis: 1 }),
        node('Gemm', ['features', 'dense.weight', 'dense.bias'], 'logits', { transB: 1 }),
        field(2, 'digits'),
        ...Object.entries(parameterShapes).map(([name, shape]) =>
            initializer(name, shape, parameters[name])),
        field(11, valueInfo('image', ['N', 1, SIZE, SIZE])),
        field(12, valueInfo('logits', ['N', CLASSES])),
    ];
    const opset = [field(1, ''), field(2, 13)];
    return Buffer.concat([field(1, 7), field(2, 'webinfer'), field(7, graph), field(8, opset)]);
}
