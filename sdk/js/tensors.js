/** Tensors: from typed arrays and numbers, and as the bytes that travel. */

/** @import { Numbers, TypedArray } from './index.d.ts' */

/** How the elements of a datatype are held; FP16 and BF16 by their bits. @type {Record<string, any>} */
const DATATYPES = {
    BOOL: Uint8Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array,
    INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array,
    FP16: Uint16Array, BF16: Uint16Array, FP32: Float32Array, FP64: Float64Array,
};
/** The datatype of an array that is given without one, by its tag. @type {Record<string, string>} */
const OF_ARRAY = {
    Uint8Array: 'UINT8', Uint8ClampedArray: 'UINT8', Uint16Array: 'UINT16', Uint32Array: 'UINT32',
    BigUint64Array: 'UINT64', Int8Array: 'INT8', Int16Array: 'INT16', Int32Array: 'INT32', BigInt64Array: 'INT64',
    Float16Array: 'FP16', Float32Array: 'FP32', Float64Array: 'FP64',
};
/** Floats that no array of every engine holds. */
const OF_BITS = new Set(['FP16', 'BF16']);
const RANK_MAX = 64;
if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error('webinfer needs a little-endian machine');

/** @param {unknown} value @returns {value is TypedArray} */
export const isTypedArray = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);

/** @param {readonly number[]} shape how many elements it has */
const countOf = (shape) => shape.reduce((product, size) => product * size, 1);

/** Whether a service may send this as a shape. @param {unknown} shape @returns {shape is number[]} */
const isShape = (shape) => Array.isArray(shape) && shape.length <= RANK_MAX
    && shape.every((size) => Number.isSafeInteger(size) && size >= 0);

/**
 * A named array of numbers; index.d.ts describes the members.
 * Throws RangeError where data, datatype and shape disagree, and TypeError for data that is no tensor.
 */
export class Tensor {
    /**
     * @param {string} name @param {TypedArray | ArrayBuffer | Numbers} data
     * @param {string} [datatype] @param {readonly number[]} [shape]
     */
    constructor(name, data, datatype, shape) {
        this.name = name;
        if (datatype !== undefined && !Object.hasOwn(DATATYPES, datatype))
            throw new RangeError(`tensor "${name}": no datatype "${datatype}"; allowed are ${Object.keys(DATATYPES)}`);
        const of = isTypedArray(data) || data instanceof ArrayBuffer ? ofArray : ofNumbers;
        const held = of(name, data, datatype, shape);
        this.datatype = held.datatype;
        this.shape = Object.freeze([...held.shape]);
        this.data = held.data;
        if (!isShape(held.shape) || countOf(held.shape) !== this.data.length)
            throw new RangeError(`tensor "${name}": ${this.datatype} of shape [${held.shape}] has ` +
                `${countOf(held.shape)} elements, and the data has ${this.data.length}`);
    }

    /** Its bytes as they travel: little-endian, row by row; without a copy. */
    get bytes() {
        return new Uint8Array(this.data.buffer, this.data.byteOffset, this.data.byteLength);
    }

    /** Its elements as FP32: FP16 and BF16 are decoded, wider numbers rounded. FP32 is not copied. */
    toFloat32() {
        if (this.data instanceof Float32Array) return this.data;
        if (this.datatype === 'BF16') return new Float32Array(Uint32Array.from(this.data, (bits) => bits << 16).buffer);
        return Float32Array.from(this.data, this.datatype === 'FP16' ? numberOfHalf : Number);
    }
}

/** @param {string} name @param {any} data @param {string} [datatype] @param {readonly number[]} [shape] */
function ofArray(name, data, datatype, shape) {
    const own = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    const tag = own[Symbol.toStringTag], found = datatype ?? OF_ARRAY[tag];
    if (!found) throw new TypeError(`tensor "${name}": ${tag} is no array of numbers`);
    const type = DATATYPES[found], size = type.BYTES_PER_ELEMENT;
    if (own.BYTES_PER_ELEMENT !== size && (own.BYTES_PER_ELEMENT !== 1 || !shape))
        throw new RangeError(`tensor "${name}": ${tag} is not ${found}; bytes need a shape to become ${found}`);
    if (own.byteLength % size) throw new RangeError(`tensor "${name}": ${own.byteLength} bytes end within a ${found}`);
    const of = own.byteOffset % size ? new Uint8Array(own) : own; // a copy of bytes, which may begin anywhere
    const read = own.constructor === type ? own : new type(of.buffer, of.byteOffset, of.byteLength / size);
    return { datatype: found, shape: shape ?? [read.length], data: read };
}

/** @param {string} name @param {any} data @param {string} [datatype] @param {readonly number[]} [shape] */
function ofNumbers(name, data, datatype, shape) {
    if (!Array.isArray(data) && typeof data !== 'number' && typeof data !== 'bigint')
        throw new TypeError(`tensor "${name}": ${typeof data} is neither a typed array nor numbers`);
    if (!datatype || OF_BITS.has(datatype))
        throw new RangeError(`tensor "${name}": numbers need a datatype, and FP16 and BF16 their bits in a Uint16Array`);
    const nested = nestingOf(data), flat = [data].flat(Infinity);
    if (countOf(nested) !== flat.length) throw new RangeError(`tensor "${name}": its lists differ in length`);
    const encode = encoders[datatype] ?? ((/** @type {unknown} */ value) => value);
    try {
        const made = DATATYPES[datatype].from(flat, encode);
        const wrong = flat.findIndex((value, i) => !isHeld(datatype, value, made[i]));
        if (wrong >= 0) throw new RangeError(`${flat[wrong]} is none`);
        return { datatype, shape: shape ?? nested, data: made };
    } catch (error) {
        throw new RangeError(`tensor "${name}": not all of it is ${datatype}: ${/** @type {Error} */ (error).message}`);
    }
}

/** The shape of lists in lists, by their first members. @param {any} data */
function nestingOf(data) {
    const shape = [];
    for (let at = data; Array.isArray(at); at = at[0]) shape.push(at.length);
    return shape;
}

/** How numbers are converted for an array. @type {Record<string, (value: any) => any>} */
const encoders = { BOOL: (value) => Number(value), INT64: (value) => BigInt(value), UINT64: (value) => BigInt(value) };

/** Whether an array holds the number that it was given: floats are rounded, and nothing else is changed. */
function isHeld(/** @type {string} */ datatype, /** @type {any} */ value, /** @type {any} */ held) {
    if (datatype === 'BOOL') return held === 0 || held === 1;
    if (datatype.startsWith('FP')) return typeof value === 'number' && Number.isFinite(held) === Number.isFinite(value);
    return typeof held === 'bigint' ? BigInt(value) === held : value === held;
}

/** @param {number} bits of FP16 */
function numberOfHalf(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

/** Numbers that JSON has no form for. @type {Record<string, number>} */
const WORDS = { NaN, Infinity, '-Infinity': -Infinity };

/**
 * An output of an answer. Throws TypeError or RangeError for one that breaks the protocol.
 * @param {any} output as in JSON @param {Uint8Array | null} bytes where they came in binary
 */
export function tensorOfWire(output, bytes) {
    const { name, datatype, shape } = output;
    if (typeof name !== 'string' || !Object.hasOwn(DATATYPES, datatype) || !isShape(shape))
        throw new TypeError('an output has a name, a datatype and a shape');
    const data = bytes ?? output.data.map((/** @type {any} */ value) => WORDS[value] ?? value);
    return new Tensor(name, data, datatype, shape);
}

/** A tensor as JSON; its bytes are added to `binary`. @param {Tensor} tensor @param {(Uint8Array | Blob)[]} binary */
export function tensorToWire({ name, datatype, shape, bytes }, binary) {
    binary.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } };
}
