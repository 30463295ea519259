/**
 * Maps onnxruntime-web's messages to the protocol's codes. The texts are those of 1.30. The first row that
 * matches decides; a message without a row gets the code of the phase in which it occurred.
 */
import { AnswerTooLarge } from '../shared/frame.js';
import { Failure } from './failure.js';

/** @import { ErrorBody } from '../shared/messages.js' */
/** @typedef {'load' | 'run'} Phase */

/** Group 1 of a pattern, if there is one, names the faulty input or output. A third member says that a graph was refused
 * while it was read, before anything was made from it.
 * @type {ReadonlyArray<readonly [RegExp, string, true?]>} */
const TABLE = [
    [/device (?:is|was) lost|device_lost|A valid external Instance reference no longer exists|before mapping was resolved/i, 'device_lost'],
    [/bad_alloc|out of memory|Aborted\(OOM|cannot enlarge memory|failed to allocate|Array buffer allocation failed|ERROR_CODE: 6,.*alloc/i, 'out_of_memory'],
    [/Could not find an implementation for/, 'operator_unsupported', true],
    [/is not a registered function\/op|No Op registered for|No opset import for domain|Unrecognized (?:attribute|operator)|unsupported data type|not supported.*operator/i, 'operator_unsupported', true],
    [/Provider type for .* node with name '.*' is not set/, 'operator_unsupported', true], // no provider of the build has it
    [/requires f16 but the device does not support it/, 'operator_unsupported'],
    [/Failed to execute '\w+' on 'ML(?:GraphBuilder|Context)'/, 'operator_unsupported'], // WebNN cannot build it
    [/Batchwise recurrent operations .* not supported/, 'operator_unsupported'], // ORT's RNN, GRU and LSTM on the CPU
    [/ERROR_CODE: 9,/, 'operator_unsupported', true], // ORT's NOT_IMPLEMENTED
    [/Protobuf parsing failed|INVALID_PROTOBUF|ERROR_CODE: 7,|no graph was found|ModelProto does not have a graph/i, 'model_invalid', true],
    [/no available backend found|Web(?:GPU|NN) is not (?:available|supported)|Failed to get (?:a )?GPU adapter|requestAdapter returned null|Failed to request (?:a WebGPU )?device/i, 'platform_unsupported'],
    [/input '([^']*)' is missing in 'feeds'/, 'input_missing'],
    [/invalid input '([^']*)'/, 'input_unknown'],
    [/invalid output '([^']*)'|'fetches' contains invalid output name: ([^.]*)/i, 'output_unknown'],
    [/Unexpected input data type|Unsupported tensor type/, 'input_datatype'],
    [/Got invalid dimensions for input: (\S+)|Invalid rank for input: (\S+)|Invalid input shape/, 'input_shape'],
    [/indices element out of data bounds|invalid index found, index = |Index value out of bounds|Out of range value in index tensor|input index out of range/, 'input_invalid'],
    [/Tensor's size\(\d+\) does not match data length/, 'input_size'],
];

/** Codes that say that the request, and not the engine, is at fault. */
const REQUEST_CODES = new Set([
    'input_missing', 'input_unknown', 'output_unknown', 'input_datatype', 'input_shape', 'input_size', 'input_invalid',
    'picture_invalid', 'picture_too_large', 'precision_unsupported', 'model_fetch_failed', 'cancelled',
    'answer_too_large',
]);

/** Codes by which our own engines say that their GPU is at fault. */
const GPU_CODES = new Set(['device_lost', 'engine_hung']);

/** A graph's own complaint about shapes, made before anything was computed of the node. */
const SHAPES = /while running \w+ node[^]*(?:broadcast|dimensions? mismatch|dimensions must match|dimensions of A and B must match|Input channels C is not equal|ReshapeHelper)|BroadcastIterator::Init|ReshapeHelper::ReshapeHelper/i;

/** After these a WASM instance cannot be trusted any more. */
const FATAL = /Aborted|RuntimeError|unreachable|memory access out of bounds|table index is out of bounds|bad_alloc|out of memory/i;

/**
 * @param {unknown} thrown @param {Phase} phase
 * @returns {ErrorBody}
 */
export function classify(thrown, phase) {
    if (thrown instanceof AnswerTooLarge) return { code: thrown.code, message: thrown.message, expected: thrown.expected };
    if (thrown instanceof Failure) {
        const { code, message, field, expected, errors } = thrown;
        return { code, message, ...(field ? { field } : {}), ...(expected ? { expected } : {}), ...(errors ? { errors } : {}) };
    }
    const message = messageOf(thrown);
    for (const [pattern, code] of TABLE) {
        const match = pattern.exec(message);
        if (!match) continue;
        const field = match.slice(1).find((group) => group !== undefined);
        return { code, message, ...(field ? { field } : {}) };
    }
    // A WASM exception that was not translated arrives as a bare number, a pointer.
    if (/^\d+$/.test(message)) {
        return { code: 'out_of_memory', message: `the engine threw ${message}, most likely for lack of memory` };
    }
    return { code: phase === 'load' ? 'model_invalid' : 'inference_failed', message };
}

/**
 * Whether the engine worker must be replaced. The accelerated providers are not to be trusted
 * after any failure of their own: later runs may fail or be wrong. Exceptions are a graph that was refused as it was read, and
 * shapes that a graph does not take, by which one request would cost all others their models.
 * @param {string} platform @param {ErrorBody} error @param {unknown} thrown @param {Phase} phase
 */
export function isPoisoned(platform, error, thrown, phase) {
    if (error.code === 'engine_crashed') return true;
    if (REQUEST_CODES.has(error.code) || thrown instanceof Failure && !GPU_CODES.has(error.code)) return false;
    const isTrap = typeof WebAssembly !== 'undefined' && thrown instanceof WebAssembly.RuntimeError;
    if (isTrap || FATAL.test(error.message) || error.code === 'out_of_memory') return true;
    return platform !== 'wasm' && !(phase === 'load' ? isRefusal(error.message) : error.code === 'inference_failed' && SHAPES.test(error.message));
}

/** Whether a graph was refused as it was read. @param {string} message */
const isRefusal = (message) => TABLE.find(([pattern]) => pattern.test(message))?.[2] === true;

/** @param {unknown} thrown */
function messageOf(thrown) {
    if (thrown instanceof Error) return thrown.message || thrown.name;
    return String(thrown);
}
