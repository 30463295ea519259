/**
 * Writes small ONNX models. Pure. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { joined } from '../shared/joined.js';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{name: string, shape: number[]}} Value of 32-bit floats */
/** `attributes`: lists of whole numbers.
 * @typedef {{type: string, inputs: string[], output: string, attributes?: Record<string, number[]>}} Node */
/** @typedef {{name: string, shape: number[], values: Float32Array | BigInt64Array}} Constant */

const FLOAT = 1;
const INT64 = 7;
/** The type of an attribute that is a list of whole numbers. */
const INTS = 7;
const IR_VERSION = 8;
/** The first with LayerNormalization. */
const OPSET = 17;

const encoder = new TextEncoder();

/** @param {Bytes[]} parts */
const join = (parts) => joined(Uint8Array, parts);

/** @param {number} value of at most 53 bits, not negative @returns {Bytes} */
function varint(value) {
    const bytes = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
    return Uint8Array.of(...bytes, rest);
}

/** @param {number} number of the field @param {number} value */
const integer = (number, value) => join([varint(number << 3), varint(value)]);

/** @param {number} number @param {string | Bytes} content */
function field(number, content) {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    return join([varint(number << 3 | 2), varint(bytes.length), bytes]);
}

/** @param {Value} value */
function valueInfo({ name, shape }) {
    const dims = join(shape.map((size) => field(1, integer(1, size))));
    return join([field(1, name), field(2, field(1, join([integer(1, FLOAT), field(2, dims)])))]);
}

/** @param {Constant} constant */
function tensor({ name, shape, values }) {
    const type = values instanceof Float32Array ? FLOAT : INT64;
    const raw = new Uint8Array(/** @type {ArrayBuffer} */ (values.buffer), values.byteOffset, values.byteLength);
    return join([...shape.map((size) => integer(1, size)), integer(2, type), field(8, name), field(9, raw)]);
}

/** @param {Node} node */
function nodeOf({ type, inputs, output, attributes = {} }) {
    const lists = Object.entries(attributes).map(([name, list]) =>
        field(5, join([field(1, name), ...list.map((one) => integer(8, one)), integer(20, INTS)])));
    return join([...inputs.map((name) => field(1, name)), field(2, output), field(4, type), ...lists]);
}

/** @param {{nodes: Node[], inputs: Value[], output: Value, constants?: Constant[]}} graph whose nodes are in their order
 * @returns {Bytes} a file */
export function onnx({ nodes, inputs, output, constants = [] }) {
    const graph = join([
        ...nodes.map((one) => field(1, nodeOf(one))), field(2, 'test'), ...constants.map((one) => field(5, tensor(one))),
        ...inputs.map((one) => field(11, valueInfo(one))), field(12, valueInfo(output)),
    ]);
    return join([integer(1, IR_VERSION), field(2, 'webinfer'), field(7, graph), field(8, join([field(1, ''), integer(2, OPSET)]))]);
}
