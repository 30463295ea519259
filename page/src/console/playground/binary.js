/** Requests and answers with tensors as bytes behind their JSON, as in KServe's binary tensor extension: 16-bit floats travel only so. */
import { joined } from '../../shared/joined.js';
import { halfOf } from './npy.js';

/** @typedef {{name: string, datatype: string, shape: number[], data: any[]}} Tensor */

/** Bytes of an element, how it is read and how it is written; always little-endian.
 * @type {Record<string, [number, (view: DataView, at: number) => number | bigint, (view: DataView, at: number, value: number) => void]>} */
const KINDS = {
    BOOL: [1, (view, at) => view.getUint8(at), (view, at, value) => view.setUint8(at, value)],
    UINT8: [1, (view, at) => view.getUint8(at), (view, at, value) => view.setUint8(at, value)],
    INT8: [1, (view, at) => view.getInt8(at), (view, at, value) => view.setInt8(at, value)],
    UINT16: [2, (view, at) => view.getUint16(at, true), (view, at, value) => view.setUint16(at, value, true)],
    INT16: [2, (view, at) => view.getInt16(at, true), (view, at, value) => view.setInt16(at, value, true)],
    UINT32: [4, (view, at) => view.getUint32(at, true), (view, at, value) => view.setUint32(at, value, true)],
    INT32: [4, (view, at) => view.getInt32(at, true), (view, at, value) => view.setInt32(at, value, true)],
    UINT64: [8, (view, at) => view.getBigUint64(at, true), (view, at, value) => view.setBigUint64(at, BigInt(value), true)],
    INT64: [8, (view, at) => view.getBigInt64(at, true), (view, at, value) => view.setBigInt64(at, BigInt(value), true)],
    FP16: [2, (view, at) => halfOf(view.getUint16(at, true)), (view, at, value) => view.setUint16(at, halfBits(value), true)],
    BF16: [2, (view, at) => floatOf(view.getUint16(at, true)), (view, at, value) => view.setUint16(at, brainBits(value), true)],
    FP32: [4, (view, at) => view.getFloat32(at, true), (view, at, value) => view.setFloat32(at, value, true)],
    FP64: [8, (view, at) => view.getFloat64(at, true), (view, at, value) => view.setFloat64(at, value, true)],
};
const ONLY = new Set(['FP16', 'BF16']);

/** @param {string | null} datatype */
export const isOnlyBinary = (datatype) => ONLY.has(datatype ?? '');

/** @param {Record<string, any>} body @returns {boolean} whether it has to be sent so, or its answer comes so */
export const isBinary = ({ inputs, parameters }) => parameters?.binary_data_output === true
    || (Array.isArray(inputs) && inputs.some((one) => isOnlyBinary(one?.datatype)));

const float = new DataView(new ArrayBuffer(4));

/** @param {number} bits of a BF16 */
function floatOf(bits) {
    float.setUint32(0, bits << 16 >>> 0);
    return float.getFloat32(0);
}

/** @param {number} value finite @returns {number} bits of the nearest BF16, the even one of two */
function brainBits(value) {
    float.setFloat32(0, value);
    const bits = float.getUint32(0);
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16 & 0xffff;
}

/** @param {number} value finite @returns {number} bits of the nearest FP16, the even one of two; infinity from 65520 on */
export function halfBits(value) {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0, size = Math.abs(value);
    if (size >= 65520) return sign | 0x7c00;
    let exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-9)));
    if (2 ** exponent > size) exponent = Math.max(-14, exponent - 1); // the logarithm was rounded up
    // The leading one, and what is rounded up to the next power of two, carry into the exponent by themselves.
    return sign | (exponent + 14 << 10) + even(size / 2 ** (exponent - 10));
}

/** @param {number} value @returns {number} the nearest whole number, the even one of two */
function even(value) {
    const low = Math.floor(value), rest = value - low;
    return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** @param {Tensor} tensor @returns {Uint8Array<ArrayBuffer>} */
export function packed({ datatype, data }) {
    const [size, , write] = KINDS[datatype], bytes = new Uint8Array(size * data.length), view = new DataView(bytes.buffer);
    data.forEach((value, i) => write(view, size * i, Number(value)));
    return bytes;
}

/** @param {Record<string, any>} body with tensors as JSON @returns {{head: number, bytes: Uint8Array<ArrayBuffer>}} how long the JSON is, and all */
export function framed(body) {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const behind = [];
    const inputs = body.inputs.map((/** @type {Tensor} */ tensor) => {
        if (!KINDS[tensor.datatype]) return tensor;
        const bytes = packed(tensor), { data, ...rest } = tensor;
        behind.push(bytes);
        return { ...rest, parameters: { binary_data_size: bytes.length } };
    });
    const json = new TextEncoder().encode(JSON.stringify({ ...body, inputs }));
    return { head: json.length, bytes: joined(Uint8Array, [json, ...behind]) };
}

/** @param {ArrayBuffer} body @param {string | null} head how long its JSON is, null: all of it @returns {any} the answer, with tensors as JSON has them */
export function unframed(body, head) {
    const length = head === null ? body.byteLength : Number(head);
    const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 0, length)));
    let at = length;
    for (const output of answer.outputs ?? []) {
        const bytes = output.parameters?.binary_data_size;
        if (bytes === undefined) continue;
        const [size, read] = KINDS[output.datatype], view = new DataView(body, at, bytes);
        output.data = Array.from({ length: bytes / size }, (_, i) => Number(read(view, i * size)));
        at += bytes;
    }
    return answer;
}
