/** Elements of tensors in bytes: how each type is read and written. */
import { DATATYPES } from '../../shared/datatypes.js';
import { halfBits, ofHalf } from '../../shared/halves.js';

/**
 * @typedef {object} Element
 * @property {number} size bytes
 * @property {(view: DataView, at: number, isLittle?: boolean) => number | bigint} read little-endian unless said otherwise
 * @property {(view: DataView, at: number, value: number) => void} write little-endian
 */

const float = new DataView(new ArrayBuffer(4));

/** The getter and setter of DataView, by datatype. */
const ACCESS = Object.entries({
    BOOL: 'Uint8', UINT8: 'Uint8', INT8: 'Int8', UINT16: 'Uint16', INT16: 'Int16', UINT32: 'Uint32', INT32: 'Int32',
    UINT64: 'BigUint64', INT64: 'BigInt64', FP32: 'Float32', FP64: 'Float64',
});

/** Types that DataView has no access to, as bits. @type {[string, (bits: number) => number, (value: number) => number][]} */
const AS_BITS = [['FP16', ofHalf, halfBits], ['BF16', brainFloat, brainBits]];

/** @type {Record<string, Element>} */
export const ELEMENTS = Object.fromEntries([
    ...ACCESS.map(([name, access]) => [name, elementOf(name, access, (value) => value,
        access.startsWith('Big') ? BigInt : (/** @type {any} */ value) => value)]),
    ...AS_BITS.map(([name, ofBits, bits]) => [name, elementOf(name, 'Uint16', ofBits, bits)]),
]);

/** @param {string} name @param {string} access @param {(stored: any) => any} read @param {(value: any) => any} write @returns {Element} */
function elementOf(name, access, read, write) {
    return {
        size: DATATYPES.get(name)?.size ?? 0,
        read: (/** @type {any} */ view, at, isLittle = true) => read(view[`get${access}`](at, isLittle)),
        write: (/** @type {any} */ view, at, value) => view[`set${access}`](at, write(value), true),
    };
}

/** @param {number} bits of a BF16 */
function brainFloat(bits) {
    float.setUint32(0, bits << 16);
    return float.getFloat32(0);
}

/** @param {number} value finite @returns {number} bits of the nearest BF16, ties to even */
function brainBits(value) {
    float.setFloat32(0, value);
    const bits = float.getUint32(0);
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16 & 0xffff;
}
