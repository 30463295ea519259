/** Requests and answers with tensors as bytes after their JSON, as in KServe's binary tensor extension: 16-bit floats can only be sent this way. */
import { joined } from '../../shared/joined.js';
import { ELEMENTS } from './elements.js';

/** @typedef {{name: string, datatype: string, shape: number[], data: any[]}} Tensor */

const ONLY = new Set(['FP16', 'BF16']);

/** @param {string | null} datatype */
export const isOnlyBinary = (datatype) => ONLY.has(datatype ?? '');

/** @param {Record<string, any>} body @returns {boolean} whether it has to be sent so, or its answer comes so */
export const isBinary = ({ inputs, parameters }) => parameters?.binary_data_output === true
    || (Array.isArray(inputs) && inputs.some((one) => isOnlyBinary(one?.datatype)));

/** @param {Tensor} tensor @returns {Uint8Array<ArrayBuffer>} */
export function packed({ datatype, data }) {
    const { size, write } = ELEMENTS[datatype], bytes = new Uint8Array(size * data.length), view = new DataView(bytes.buffer);
    data.forEach((value, i) => write(view, size * i, Number(value)));
    return bytes;
}

/** @param {Record<string, any>} body with tensors as JSON @returns {{head: number, bytes: Uint8Array<ArrayBuffer>}} how long the JSON is, and all */
export function framed(body) {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const behind = [];
    const inputs = body.inputs.map((/** @type {Tensor} */ tensor) => {
        if (!ELEMENTS[tensor.datatype]) return tensor;
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
        const { size, read } = ELEMENTS[output.datatype], view = new DataView(body, at, bytes);
        output.data = Array.from({ length: bytes / size }, (_, i) => Number(read(view, i * size)));
        at += bytes;
    }
    return answer;
}
