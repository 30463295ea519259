/**
 * Writes `.tflite` files: one graph of float tensors. Numbers of fields, operators and options:
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
 */
import { Builder } from 'flatbuffers';

const VERSION = 3, IDENTIFIER = 'TFL3';
/** What a buffer's bytes are aligned to. */
const ALIGNMENT = 16;
const TYPES = { float: 0, int: 2 };
export const ACTIVATIONS = { none: 0, relu: 1, relu6: 3 };

const byte = (builder, field, value) => builder.addFieldInt8(field, value, 0);
const int = (builder, field, value) => builder.addFieldInt32(field, value, 0);
const float = (builder, field, value) => builder.addFieldFloat32(field, value, 0);
const offset = (builder, field, value) => builder.addFieldOffset(field, value, 0);

/** Each operator: its number, that of its table of options, and which fields that has, in order, each with its type. */
const OPERATORS = {
    ADD: { code: 0, options: 11, fields: { activation: [0, byte] } },
    CONV_2D: { code: 3, options: 1, fields: { padding: [0, byte], stride_w: [1, int], stride_h: [2, int], activation: [3, byte] } },
    DEPTHWISE_CONV_2D: { code: 4, options: 2,
        fields: { padding: [0, byte], stride_w: [1, int], stride_h: [2, int], multiplier: [3, int], activation: [4, byte] } },
    FULLY_CONNECTED: { code: 9, options: 8, fields: { activation: [0, byte], keep_num_dims: [2, byte] } },
    MUL: { code: 18, options: 21, fields: { activation: [0, byte] } },
    RESHAPE: { code: 22, options: 17, fields: {} },
    SOFTMAX: { code: 25, options: 9, fields: { beta: [0, float] } },
    TRANSPOSE: { code: 39, options: 26, fields: {} },
    MEAN: { code: 40, options: 27, fields: { keep_dims: [0, byte] } },
    SUB: { code: 41, options: 28, fields: { activation: [0, byte] } },
    RSQRT: { code: 76, options: 0, fields: {} },
    SQUARED_DIFFERENCE: { code: 99, options: 76, fields: {} },
    BATCH_MATMUL: { code: 126, options: 101, fields: { adj_x: [0, byte], adj_y: [1, byte] } },
    GELU: { code: 150, options: 122, fields: { approximate: [0, byte] } },
};
/** A larger number stands in a field of its own; in the old one is this. */
const LAST_OF_A_BYTE = 127;

function table(builder, fields) {
    builder.startObject(1 + Math.max(-1, ...fields.map(([field]) => field)));
    for (const [field, write, value] of fields) write(builder, field, value);
    return builder.endObject();
}

function offsets(builder, list) {
    builder.startVector(4, list.length, 4);
    for (const one of [...list].reverse()) builder.addOffset(one);
    return builder.endVector();
}

function ints(builder, list) {
    builder.startVector(4, list.length, 4);
    for (const one of [...list].reverse()) builder.addInt32(one);
    return builder.endVector();
}

function bytes(builder, content) {
    builder.startVector(1, content.byteLength, ALIGNMENT);
    builder.space -= content.byteLength; // all at once: the builder has made room for them
    builder.bb.bytes().set(new Uint8Array(content.buffer, content.byteOffset, content.byteLength), builder.space);
    return builder.endVector();
}

export class TfliteGraph {
    constructor() {
        this.tensors = [];
        this.operators = [];
        /** The first is empty: that of tensors which are computed. */
        this.buffers = [null];
    }

    /** @param {number[]} shape @param {Float32Array | Int32Array} [constant] @returns {number} its index */
    tensor(shape, constant) {
        const type = constant instanceof Int32Array ? 'int' : 'float';
        return this.tensors.push({ shape, type, buffer: constant ? this.buffers.push(constant) - 1 : 0 }) - 1;
    }

    /** @param {string} name @param {number[]} inputs tensors @param {number[]} shape of its output @param {Record<string, number>} [options]
     * @returns {number} the tensor that it gives */
    add(name, inputs, shape, options = {}) {
        const output = this.tensor(shape);
        this.operators.push({ name, inputs, output, options });
        return output;
    }

    /** @param {number[]} inputs @param {number[]} outputs tensors @returns {Uint8Array} the file */
    file(inputs, outputs) {
        const builder = new Builder(this.buffers.reduce((sum, one) => sum + (one?.byteLength ?? 0), 1 << 16));
        const codes = [...new Set(this.operators.map(({ name }) => name))];
        const subgraph = table(builder, [
            [0, offset, offsets(builder, this.tensors.map((one, index) => this.#tensor(builder, one, index)))],
            [1, offset, ints(builder, inputs)],
            [2, offset, ints(builder, outputs)],
            [3, offset, offsets(builder, this.operators.map((one) => this.#operator(builder, one, codes)))]]);
        const model = table(builder, [
            [0, int, VERSION],
            [1, offset, offsets(builder, codes.map((name) => table(builder,
                [[0, byte, Math.min(OPERATORS[name].code, LAST_OF_A_BYTE)], [3, int, OPERATORS[name].code]])))],
            [2, offset, offsets(builder, [subgraph])],
            [4, offset, offsets(builder, this.buffers.map((one) => table(builder, one ? [[0, offset, bytes(builder, one)]] : [])))]]);
        builder.finish(model, IDENTIFIER);
        return builder.asUint8Array();
    }

    #tensor(builder, { shape, type, buffer }, index) {
        const name = builder.createString(`t${index}`);
        return table(builder, [[0, offset, ints(builder, shape)], [1, byte, TYPES[type]], [2, int, buffer], [3, offset, name]]);
    }

    #operator(builder, { name, inputs, output, options }, codes) {
        const { options: kind, fields } = OPERATORS[name];
        const rows = Object.entries(options).map(([key, value]) => [...fields[key], Number(value)]);
        return table(builder, [
            [0, int, codes.indexOf(name)],
            [1, offset, ints(builder, inputs)],
            [2, offset, ints(builder, [output])],
            [3, byte, kind],
            ...kind ? [[4, offset, table(builder, rows)]] : []]);
    }
}
