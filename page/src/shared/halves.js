/** 16-bit floats, which not every browser has an array for, and 32-bit floats. */

/** @param {number} bits of a 16-bit float */
export function ofHalf(bits) {
    const exponent = bits >> 10 & 31, fraction = bits & 1023;
    const value = exponent === 31 ? (fraction ? NaN : Infinity)
        : exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return bits & 0x8000 ? -value : value;
}

const single = new DataView(new ArrayBuffer(4));

/** The bits of the nearest half, ties to even; infinity from 65520 on. @param {number} value @returns {number} */
export function halfBits(value) {
    single.setFloat32(0, value);
    const bits = single.getUint32(0), rounded = single.getFloat32(0);
    if (rounded === value || Number.isNaN(value)) return halfOfFloat(bits);
    // An odd last bit represents the part that 32 bits cannot hold, so that nothing is rounded twice.
    return halfOfFloat((Math.abs(rounded) > Math.abs(value) ? bits - 1 : bits) | 1);
}

/** The nearest half of a float by its bits, ties to even. @param {number} bits @returns {number} */
function halfOfFloat(bits) {
    const sign = bits >>> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000) return sign | 0x7e00;
    if (size >= 0x477ff000) return sign | 0x7c00; // 65,520 or more
    if (size < 0x33000001) return sign; // at most half of the smallest
    // Below 2^-14, a half counts steps of 2^-24.
    const shift = size < 0x38800000 ? 126 - (size >>> 23) : 13;
    const whole = size < 0x38800000 ? size & 0x7fffff | 0x800000 : size - 0x38000000;
    const rest = whole & 2 ** shift - 1, half = 2 ** (shift - 1), kept = whole >>> shift;
    return sign | kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
}

/** @param {Uint8Array} bytes of halves @returns {Uint8Array<ArrayBuffer>} of floats */
export function floatsOfHalves(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Uint8Array(Float32Array.from({ length: bytes.length / 2 }, (_, i) => ofHalf(view.getUint16(2 * i, true))).buffer);
}

/** @param {Uint8Array} bytes of floats, in whole words @returns {Uint8Array<ArrayBuffer>} of halves */
export function halvesOfFloats(bytes) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return new Uint8Array(Uint16Array.from(words, halfOfFloat).buffer);
}
