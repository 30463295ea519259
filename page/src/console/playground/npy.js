/** Arrays of NumPy's .npy files, versions 1 to 3 (numpy.lib.format). */

/** @typedef {{datatype: string, shape: number[], values: (number | bigint | boolean)[]}} Array_ */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** @type {Record<string, [string, number, (view: DataView, at: number, little: boolean) => number | bigint | boolean]>} */
const TYPES = {
    b1: ['BOOL', 1, (view, at) => view.getUint8(at) !== 0],
    i1: ['INT8', 1, (view, at) => view.getInt8(at)],
    u1: ['UINT8', 1, (view, at) => view.getUint8(at)],
    i2: ['INT16', 2, (view, at, little) => view.getInt16(at, little)],
    u2: ['UINT16', 2, (view, at, little) => view.getUint16(at, little)],
    i4: ['INT32', 4, (view, at, little) => view.getInt32(at, little)],
    u4: ['UINT32', 4, (view, at, little) => view.getUint32(at, little)],
    i8: ['INT64', 8, (view, at, little) => view.getBigInt64(at, little)],
    u8: ['UINT64', 8, (view, at, little) => view.getBigUint64(at, little)],
    f2: ['FP16', 2, (view, at, little) => halfOf(view.getUint16(at, little))],
    f4: ['FP32', 4, (view, at, little) => view.getFloat32(at, little)],
    f8: ['FP64', 8, (view, at, little) => view.getFloat64(at, little)],
};

/** @param {number} bits of a 16-bit float @returns {number} */
export function halfOf(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @param {Uint8Array} bytes of a file @returns {Array_} @throws {Error} with a sentence that says what is wrong with it */
export function readNpy(bytes) {
    if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw new Error('This is no .npy file: it does not begin as one.');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isShort = bytes[6] === 1, begin = isShort ? 10 : 12;
    if (bytes.length < begin) throw new Error('This .npy file ends in its head.');
    const end = begin + (isShort ? view.getUint16(8, true) : view.getUint32(8, true));
    if (bytes.length < end) throw new Error('This .npy file ends in its head.');
    const { descr, isFortran, shape } = readHead(new TextDecoder().decode(bytes.subarray(begin, end)));
    const [datatype, size, read] = TYPES[descr.slice(1)] ?? [];
    if (!datatype || !size || !read) throw new Error(`This .npy file holds “${descr}”, which no tensor can: save it as numbers or booleans.`);
    const count = shape.reduce((product, one) => product * one, 1);
    if (bytes.length - end !== count * size)
        throw new Error(`This .npy file has ${bytes.length - end} bytes of numbers, and [${shape.join(', ')}] of ${datatype} takes ${count * size}.`);
    const values = Array.from({ length: count }, (_, i) => read(view, end + i * size, descr[0] !== '>'));
    return { datatype, shape, values: isFortran ? byRows(values, shape) : values };
}

/** @param {string} head a dictionary of Python */
function readHead(head) {
    const descr = /'descr':\s*'([<>|=][a-zA-Z]\d+)'/.exec(head)?.[1];
    const order = /'fortran_order':\s*(True|False)/.exec(head)?.[1];
    const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(head)?.[1];
    if (!descr || !order || dims === undefined)
        throw new Error('This .npy file holds no plain array: its head names no type, order and shape that are known.');
    return { descr, isFortran: order === 'True', shape: dims.split(',').map((one) => one.trim()).filter(Boolean).map(Number) };
}

/** What stands column by column, row by row. @template T @param {T[]} values @param {number[]} shape @returns {T[]} */
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
