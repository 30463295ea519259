/** What a task or a model_load says of a model. */
import { isObject } from './checks.js';
import { WITHOUT_FILES } from './messages.js';

/** @typedef {import('./messages.js').Model} Model */

/** Files of one model, at most. */
const FILES_MAX = 1000;

/** Whether a message's `model` can be used, whoever sent it. @param {any} model */
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

/** The graphs of a folder that read the input once, and are not needed while an answer is written. */
const READS = /^onnx\/(?:encoder_model|vision_encoder|audio_encoder)(?:_[a-z0-9]+)?\.onnx(?:_data(?:_\d+)?)?$/;

/** @param {string} path of a graph, or of a file beside it */
export const isReading = (path) => READS.test(path);

/** Bytes of its files that are in memory at a time where it spares memory: those of what reads, or all others. Those
 * of all where it has no such parts. @param {Model} model */
export function sparedSizeOf(model) {
    const all = sizeOf(model);
    const reading = model.files.reduce((sum, { path, bytes }) => sum + (isReading(path) ? bytes : 0), 0);
    return model.engine === 'pipeline' ? Math.max(reading, all - reading) : all;
}
