/** The description of a model in a task or a model_load. */
import { isObject } from './checks.js';
import { WITHOUT_FILES } from './messages.js';

/** @import { Model } from './messages.js' */

/** Files of one model, at most. */
const FILES_MAX = 1000;

/** Whether a message's `model` is valid; its sender is not trusted. @param {any} model */
export function isModel(model) {
    if (!isObject(model) || typeof model.name !== 'string') return false;
    return typeof model.hash === 'string' && typeof model.engine === 'string' && isFiles(model.files)
        && (model.files.length > 0 || WITHOUT_FILES.includes(model.engine));
}

/** @param {any} files */
const isFiles = (files) => Array.isArray(files) && files.length <= FILES_MAX
    && files.every((file) => isObject(file)
        && typeof file.path === 'string' && typeof file.url === 'string' && typeof file.hash === 'string'
        && Number.isSafeInteger(file.bytes) && file.bytes >= 0);

/** The bytes of all its files. @param {Model} model */
export const sizeOf = ({ files }) => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The ends of a graph's name and what they stand for, as exporters give them. */
const ENDS = Object.freeze({
    _fp16: 'fp16', _int8: 'int8', _uint8: 'uint8', _quantized_webgpu: 'q8', _quantized: 'q8', _q4f16: 'q4f16', _q4: 'q4',
    _q2f16: 'q2f16', _q2: 'q2',
    _q1f16: 'q1f16', _q1: 'q1', _bnb4: 'bnb4',
});

/** The datatype of a graph, by its name without ".onnx", and the name without the datatype's suffix.
 * @param {string} name */
export function dtypeOf(name) {
    const [end, dtype] = Object.entries(ENDS).find(([one]) => name.endsWith(one)) ?? ['', 'fp32'];
    return { stem: name.slice(0, name.length - end.length), dtype };
}

/** The graphs of a folder that read the input once, and are not needed while an answer is written. */
const READS = /^onnx\/(?:encoder_model|vision_encoder|audio_encoder)(?:_[a-z0-9]+){0,2}\.onnx(?:_data(?:_\d+)?)?$/;

/** @param {string} path of a graph, or of a file that belongs to it */
export const isReading = (path) => READS.test(path);

/** Bytes of its files that are in memory at a time in memory-sparing mode: those of the reading graphs, or all others. If it
 * has no such parts, those of all files. @param {Model} model */
export function sparedSizeOf(model) {
    const all = sizeOf(model);
    const reading = model.files.reduce((sum, { path, bytes }) => sum + (isReading(path) ? bytes : 0), 0);
    return model.engine === 'pipeline' ? Math.max(reading, all - reading) : all;
}
