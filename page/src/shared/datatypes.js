/**
 * Tensor element types under KServe's names, with what onnxruntime-web calls them. Strings (BYTES)
 * travel as a u32 little-endian length and UTF-8 bytes each; the others as little-endian elements.
 */

/** @typedef {{ort: string | null, size: number}} Datatype */

/** `ort: null` marks a type that travels but that onnxruntime-web has no tensor for.
 * @type {ReadonlyMap<string, Datatype>} */
export const DATATYPES = new Map(Object.entries({
    BOOL: { ort: 'bool', size: 1 },
    UINT8: { ort: 'uint8', size: 1 },
    UINT16: { ort: 'uint16', size: 2 },
    UINT32: { ort: 'uint32', size: 4 },
    UINT64: { ort: 'uint64', size: 8 },
    INT8: { ort: 'int8', size: 1 },
    INT16: { ort: 'int16', size: 2 },
    INT32: { ort: 'int32', size: 4 },
    INT64: { ort: 'int64', size: 8 },
    FP16: { ort: 'float16', size: 2 },
    BF16: { ort: null, size: 2 },
    FP32: { ort: 'float32', size: 4 },
    FP64: { ort: 'float64', size: 8 },
    BYTES: { ort: 'string', size: 0 },
}));

const NAME_OF_ORT = new Map([...DATATYPES].filter(([, t]) => t.ort).map(([name, t]) => [t.ort, name]));

/** KServe's name for an onnxruntime type, or undefined for one that we do not serve (int4 …).
 * @param {string} type */
export const datatypeOfOrt = (type) => NAME_OF_ORT.get(type);

/** The number of elements, or -1 for a shape that overflows. @param {readonly number[]} shape */
export function elements(shape) {
    let count = 1;
    for (const dim of shape) count *= dim;
    return Number.isSafeInteger(count) ? count : -1;
}

/** The typed array that onnxruntime-web wants for one of its types.
 * @param {string} ort @returns {any} */
function arrayType(ort) {
    switch (ort) {
    case 'bool': case 'uint8': return Uint8Array;
    case 'uint16': return Uint16Array;
    case 'uint32': return Uint32Array;
    case 'uint64': return BigUint64Array;
    case 'int8': return Int8Array;
    case 'int16': return Int16Array;
    case 'int32': return Int32Array;
    case 'int64': return BigInt64Array;
    // onnxruntime-common takes Float16Array where the browser has it, else the bits.
    case 'float16': return /** @type {any} */ (globalThis).Float16Array ?? Uint16Array;
    case 'float64': return Float64Array;
    default: return Float32Array;
    }
}

/**
 * A view of the elements, without a copy where the alignment allows.
 * @param {string} ort @param {Uint8Array} bytes
 */
export function viewElements(ort, bytes) {
    const Type = arrayType(ort);
    const aligned = bytes.byteOffset % Type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
    return new Type(aligned.buffer, aligned.byteOffset, aligned.byteLength / Type.BYTES_PER_ELEMENT);
}

/**
 * @param {Uint8Array} bytes @param {number} count
 * @returns {string[] | null} null if the bytes are not exactly `count` well-formed strings
 */
export function readStrings(bytes, count) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const strings = [];
    let at = 0;
    try {
        while (at < bytes.length) {
            if (strings.length === count || bytes.length - at < 4) return null;
            const length = view.getUint32(at, true);
            at += 4;
            if (length > bytes.length - at) return null;
            strings.push(decoder.decode(bytes.subarray(at, at + length)));
            at += length;
        }
    } catch {
        return null;
    }
    return strings.length === count ? strings : null;
}

/** @param {readonly string[]} strings */
export function writeStrings(strings) {
    const encoder = new TextEncoder();
    const parts = strings.map((s) => encoder.encode(s));
    const bytes = new Uint8Array(parts.reduce((sum, p) => sum + 4 + p.length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const part of parts) {
        view.setUint32(at, part.length, true);
        bytes.set(part, at + 4);
        at += 4 + part.length;
    }
    return bytes;
}
