/** Tensors of a frame ↔ tensors of onnxruntime-web, without a copy on the way in. */
import { DATATYPES, datatypeOfOrt, elements, readStrings, viewElements, writeStrings } from '../shared/datatypes.js';
import { ofHalf } from '../shared/halves.js';
import { Failure } from './failure.js';

/** @import { TensorBytes, TensorEntry } from '../shared/messages.js' */

/** The bytes of one tensor in its frame.
 * @param {TensorEntry} entry @param {ArrayBuffer | null} frame @param {number} section */
export const bytesOf = (entry, frame, section) =>
    frame ? new Uint8Array(frame, section + entry.offset, entry.byte_length) : new Uint8Array(0);

/**
 * The elements as onnxruntime-web takes them.
 * @param {TensorEntry} entry @param {Uint8Array} bytes
 * @returns {{type: string, data: any, dims: number[]}}
 * @throws {Failure} for a type that the engine lacks, or bytes that do not fit the shape
 */
export function toOrt({ name, datatype, shape }, bytes) {
    const type = DATATYPES.get(datatype);
    if (!type?.ort) {
        throw new Failure('input_datatype', `input '${name}' is ${datatype}, which onnxruntime-web cannot take`,
            { field: name, expected: 'another datatype, e.g. FP32 or FP16' });
    }
    const count = elements(shape);
    if (type.ort === 'string') {
        const strings = count < 0 ? null : readStrings(bytes, count);
        if (strings?.some((one) => one.includes('\0'))) {
            throw new Failure('input_invalid', `input '${name}' has a text with U+0000, where onnxruntime would cut it`,
                { field: name, expected: 'texts without U+0000' });
        }
        if (strings) return { type: 'string', data: strings, dims: shape };
        throw new Failure('input_size', `input '${name}' does not hold ${count} length-prefixed UTF-8 strings`,
            { field: name, expected: `${count} strings` });
    }
    if (count * type.size !== bytes.byteLength) {
        throw new Failure('input_size', `input '${name}' has ${bytes.byteLength} bytes`,
            { field: name, expected: `${count * type.size} bytes for ${datatype} [${shape}]` });
    }
    return { type: type.ort, data: viewElements(type.ort, bytes), dims: shape };
}

/**
 * @param {string} name @param {{type: string, data: any, dims: readonly number[]}} tensor
 * @returns {TensorBytes}
 */
export function fromOrt(name, { type, data, dims }) {
    const datatype = datatypeOfOrt(type);
    if (!datatype) {
        throw new Failure('operator_unsupported', `output '${name}' has element type ${type}, which is not served`,
            { field: name });
    }
    const bytes = type === 'string' ? writeStrings(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, datatype, shape: [...dims], bytes };
}

/** An output as 32-bit floats. @param {{type: string, data: any}} tensor @returns {Float32Array} */
export function floats({ type, data }) {
    if (data instanceof Float32Array) return data;
    const valueOf = type === 'float16' && data instanceof Uint16Array ? ofHalf : Number;
    const values = new Float32Array(data.length);
    for (let i = 0; i < values.length; i++) values[i] = valueOf(data[i]);
    return values;
}

/** Float types by their usual names; a quantised or integer model goes by its element type. */
const PRECISIONS = new Map([['float32', 'fp32'], ['float16', 'fp16'], ['float64', 'fp64']]);

/**
 * The datatype in which a model computes, from its outputs, then its inputs: the first float type there,
 * or else the first type.
 * @param {readonly string[]} outputs onnxruntime's type names @param {readonly string[]} inputs
 */
export function precisionOf(outputs, inputs) {
    const types = [...outputs, ...inputs];
    const float = types.find((type) => PRECISIONS.has(type));
    return float ? PRECISIONS.get(float) ?? null : types[0] ?? null;
}
