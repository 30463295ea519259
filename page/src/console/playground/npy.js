/** Arrays of NumPy's .npy files, versions 1 to 3 (numpy.lib.format). */
import { ELEMENTS } from './elements.js';

/** @typedef {{datatype: string, shape: number[], values: (number | bigint | boolean)[]}} Array_ */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's types and ours. @type {Record<string, string>} */
const TYPES = {
    b1: 'BOOL', i1: 'INT8', u1: 'UINT8', i2: 'INT16', u2: 'UINT16', i4: 'INT32', u4: 'UINT32', i8: 'INT64', u8: 'UINT64',
    f2: 'FP16', f4: 'FP32', f8: 'FP64',
};

/** @param {Uint8Array} bytes of a file @returns {Array_} @throws {Error} with a sentence that says what is wrong with it */
export function readNpy(bytes) {
    if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw new Error('This is not a .npy file: its first bytes are wrong.');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isShort = bytes[6] === 1, begin = isShort ? 10 : 12;
    if (bytes.length < begin) throw new Error('This .npy file ends in its head.');
    const end = begin + (isShort ? view.getUint16(8, true) : view.getUint32(8, true));
    if (bytes.length < end) throw new Error('This .npy file ends in its head.');
    const { descr, isFortran, shape } = readHead(new TextDecoder().decode(bytes.subarray(begin, end)));
    const datatype = TYPES[descr.slice(1)];
    if (!datatype) throw new Error(`This .npy file contains “${descr}”, which a tensor cannot hold: save it as numbers or booleans.`);
    const { size, read } = ELEMENTS[datatype];
    const count = shape.reduce((product, one) => product * one, 1);
    if (bytes.length - end !== count * size)
        throw new Error(`This .npy file has ${bytes.length - end} bytes of numbers, and [${shape.join(', ')}] of ${datatype} takes ${count * size}.`);
    /** @type {(number | bigint | boolean)[]} */
    const numbers = Array.from({ length: count }, (_, i) => read(view, end + i * size, descr[0] !== '>'));
    const values = datatype === 'BOOL' ? numbers.map(Boolean) : numbers;
    return { datatype, shape, values: isFortran ? byRows(values, shape) : values };
}

/** @param {string} head a dictionary of Python */
function readHead(head) {
    const descr = /'descr':\s*'([<>|=][a-zA-Z]\d+)'/.exec(head)?.[1];
    const order = /'fortran_order':\s*(True|False)/.exec(head)?.[1];
    const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(head)?.[1];
    if (!descr || !order || dims === undefined)
        throw new Error('This .npy file contains no plain array: its header has no known type, order and shape.');
    return { descr, isFortran: order === 'True', shape: dims.split(',').map((one) => one.trim()).filter(Boolean).map(Number) };
}

/** Reorders values from column order to row order. @template T @param {T[]} values @param {number[]} shape @returns {T[]} */
function byRows(values, shape) {
    /** @type {T[]} */
    const sorted = new Array(values.length);
    const place = shape.map(() => 0);
    for (const value of values) {
        let at = 0;
        for (let axis = 0; axis < shape.length; axis++) at = at * shape[axis] + place[axis];
        sorted[at] = value;
        for (let axis = 0; axis < shape.length && ++place[axis] === shape[axis]; axis++) place[axis] = 0;
    }
    return sorted;
}
