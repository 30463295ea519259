/** KServe's tensor terms: datatypes, JSON tensors, and the binary tensor extension's framing. */

/** name → bytes per element and how DataView reads it. */
const kinds = {
    BOOL: [1, 'getUint8'], UINT8: [1, 'getUint8'], INT8: [1, 'getInt8'],
    UINT16: [2, 'getUint16'], INT16: [2, 'getInt16'], FP16: [2, 'getUint16'],
    BF16: [2, 'getUint16'], UINT32: [4, 'getUint32'], INT32: [4, 'getInt32'],
    UINT64: [8, 'getBigUint64'], INT64: [8, 'getBigInt64'],
    FP32: [4, 'getFloat32'], FP64: [8, 'getFloat64'],
};

/** numpy's name (as in case.json) → KServe's. */
export const fromNumpy = {
    float32: 'FP32', float64: 'FP64', float16: 'FP16', bool: 'BOOL',
    int8: 'INT8', int16: 'INT16', int32: 'INT32', int64: 'INT64',
    uint8: 'UINT8', uint16: 'UINT16', uint32: 'UINT32', uint64: 'UINT64',
};

export const elementSize = (datatype) => kinds[datatype][0];
export const count = (shape) => shape.reduce((product, dim) => product * dim, 1);

function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** Raw little-endian bytes → JavaScript numbers (BigInt for 64-bit integers). */
export function values(datatype, bytes) {
    const [size, getter] = kinds[datatype];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const list = [];
    for (let at = 0; at < bytes.byteLength; at += size) {
        const value = view[getter](at, true);
        list.push(datatype === 'FP16' ? half(value) : value);
    }
    return list;
}

/** The bytes of a list of numbers in a datatype. */
export function pack(datatype, list) {
    const [size, getter] = kinds[datatype];
    const bytes = Buffer.alloc(size * list.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const setter = getter.replace('get', 'set');
    const big = getter.includes('Big');
    list.forEach((value, index) =>
        view[setter](index * size, big ? BigInt(value) : Number(value), true));
    return bytes;
}

/** JSON data as numbers, with our strings for what JSON has no number for. */
export function fromJson(datatype, data) {
    const words = { NaN, Infinity, '-Infinity': -Infinity };
    return data.flat(Infinity).map((value) => {
        if (typeof value === 'string') return words[value];
        if (typeof value === 'boolean') return value ? 1 : 0;
        return kinds[datatype][1].includes('Big') ? BigInt(value) : value;
    });
}

/**
 * A request with its tensors in binary.
 * @param {object} head the JSON without `inputs`
 * @param {{name: string, datatype: string, shape: number[], bytes: Buffer}[]} tensors
 * @returns {{headers: Record<string, string>, body: Buffer}}
 */
export function encode(head, tensors) {
    const json = Buffer.from(JSON.stringify({
        ...head,
        inputs: tensors.map(({ name, datatype, shape, bytes }) => ({
            name, datatype, shape, parameters: { binary_data_size: bytes.length },
        })),
    }));
    return {
        headers: {
            'Content-Type': 'application/octet-stream',
            'Inference-Header-Content-Length': String(json.length),
        },
        body: Buffer.concat([json, ...tensors.map(({ bytes }) => bytes)]),
    };
}

/** An answer, JSON or binary: the JSON, with `values` (numbers) on each output. */
export function decode(answer) {
    const headSize = answer.headers['inference-header-content-length'];
    const json = JSON.parse(
        headSize ? answer.body.subarray(0, Number(headSize)).toString() : answer.body.toString());
    let at = Number(headSize ?? 0);
    for (const output of json.outputs ?? []) {
        const size = output.parameters?.binary_data_size;
        if (size !== undefined) {
            output.bytes = answer.body.subarray(at, at + size);
            at += size;
            output.values = values(output.datatype, output.bytes);
        } else {
            output.values = fromJson(output.datatype, output.data);
        }
    }
    if (headSize && at !== answer.body.length)
        throw new Error(`answer has ${answer.body.length - at} bytes that no tensor claims`);
    return json;
}
