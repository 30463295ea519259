/** Messages of Protocol Buffers, field by field, as they lie in memory. */

/** Bytes of a field by its wire type, where that says it. @type {Readonly<Record<number, number>>} */
const WIDTHS = Object.freeze({ 1: 8, 5: 4 });

/** A field: `whole` with its key, `content` without that and without its length, if it is of a length (`type` 2) or a width;
 * else `value`. @typedef {{number: number, type: number, whole: Uint8Array, content: Uint8Array, value: number}} Field */

/** Nothing is copied. @param {Uint8Array} bytes @returns {Generator<Field>} @throws {RangeError} if this is no message */
export function* fieldsIn(bytes) {
    let at = 0;
    const number = () => {
        let value = 0;
        for (let factor = 1; ; factor *= 128) {
            if (at >= bytes.length) throw new RangeError('a number has no end');
            const byte = bytes[at++];
            value += (byte & 127) * factor;
            if (byte < 128) return value;
        }
    };
    while (at < bytes.length) {
        const start = at, key = number(), type = key % 8;
        const value = type === 0 || type === 2 ? number() : 0;
        const length = type === 0 ? 0 : type === 2 ? value : WIDTHS[type] ?? Infinity;
        if (at + length > bytes.length) throw new RangeError('a field has no end');
        const content = bytes.subarray(at, at += length);
        yield { number: Math.floor(key / 8), type, whole: bytes.subarray(start, at), content, value };
    }
}

/** @param {number} value a whole one @returns {number[]} */
export function varint(value) {
    const bytes = [];
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
    return [...bytes, value];
}
