/**
 * Presents a graph with weights in its own file as one with weights in a separate file. onnxruntime-web then reads each weight
 * in place, and does not copy the file into WASM memory and the weights out of it once more. Only the bytes around the weights
 * are copied here. The numbers of fields are those of onnx.proto (onnx 1.12).
 */
import { joined } from '../shared/joined.js';
import { fieldsIn, varint } from './protobuf.js';

const MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5;
const TENSOR = Object.freeze({ rawData: 9, externalData: 13, dataLocation: 14 });
const ENTRY = Object.freeze({ key: 1, value: 2 });
const EXTERNAL = 1;
/** Smaller ones stay: shapes and constants are looked at while a session is made. */
const LEAST = 64 << 10;
/** The name of the file that the weights are read from; no file of a folder has it. */
const PLACE = '.weights';

/** @param {Uint8Array} bytes of a model
 * @returns {{graph: Uint8Array, file: {path: string, data: Uint8Array}} | null} null: it has no such weights, or is no model */
export function weightsApart(bytes) {
    /** Where raw data begins. @param {Uint8Array} data */
    const offsetOf = (data) => data.byteOffset - bytes.byteOffset;
    try {
        const graph = rewritten(bytes, MODEL_GRAPH, (content) =>
            rewritten(content, GRAPH_INITIALIZER, (tensor) => tensorApart(tensor, offsetOf)));
        return graph && { graph, file: { path: PLACE, data: bytes } };
    } catch {
        return null; // onnxruntime says it better
    }
}

/** The message with those fields as `change` makes them, null where it leaves one as it is.
 * @param {Uint8Array} bytes @param {number} which @param {(content: Uint8Array) => Uint8Array | null} change
 * @returns {Uint8Array | null} null: all are as they were */
function rewritten(bytes, which, change) {
    let hasChanged = false;
    const parts = [...fieldsIn(bytes)].flatMap(({ number, type, whole, content }) => {
        const changed = number === which && type === 2 ? change(content) : null;
        hasChanged ||= changed !== null;
        return changed ? ofLength(which, changed) : [whole];
    });
    return hasChanged ? joined(Uint8Array, parts) : null;
}

/** @param {Uint8Array} tensor @param {(data: Uint8Array) => number} offsetOf @returns {Uint8Array | null} */
function tensorApart(tensor, offsetOf) {
    const fields = [...fieldsIn(tensor)];
    const raw = fields.filter(({ number }) => number === TENSOR.rawData);
    const isApart = fields.some(({ number }) => number === TENSOR.externalData || number === TENSOR.dataLocation);
    if (raw.length !== 1 || raw[0].content.length < LEAST || isApart) return null;
    const { content: data } = raw[0];
    const entries = Object.entries({ location: PLACE, offset: offsetOf(data), length: data.length });
    return joined(Uint8Array, [
        ...fields.filter((field) => field !== raw[0]).map(({ whole }) => whole),
        ...entries.flatMap(([key, value]) => ofLength(TENSOR.externalData, joined(Uint8Array, [
            ...ofLength(ENTRY.key, text(key)), ...ofLength(ENTRY.value, text(String(value)))]))),
        Uint8Array.from([...varint(TENSOR.dataLocation * 8), EXTERNAL]),
    ]);
}

/** @param {string} value */
const text = (value) => new TextEncoder().encode(value);

/** @param {number} number @param {Uint8Array} content */
const ofLength = (number, content) => [Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content];
