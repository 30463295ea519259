/** What a task or a model_load says of a model. */
import { engineOf } from './messages.js';

/** @typedef {import('./messages.js').Model} Model */

/** Files of one model, at most. */
const FILES_MAX = 1000;

/** Whether a message's `model` can be used, whoever sent it. @param {any} model */
export function isModel(model) {
    if (typeof model !== 'object' || model === null || typeof model.name !== 'string') return false;
    if (model.engine !== undefined && typeof model.engine !== 'string') return false;
    if (engineOf(model) === 'builtin') return true;
    if (typeof model.hash !== 'string') return false;
    // What is no ONNX graph is told by its files alone.
    if (engineOf(model) !== 'ort') return isFiles(model.files);
    return typeof model.url === 'string' && Number.isSafeInteger(model.bytes) && model.bytes >= 0
        && (model.files === undefined || isFiles(model.files));
}

/** @param {any} files */
const isFiles = (files) => Array.isArray(files) && files.length > 0 && files.length <= FILES_MAX
    && files.every((file) => typeof file === 'object' && file !== null
        && typeof file.path === 'string' && typeof file.url === 'string' && typeof file.hash === 'string'
        && Number.isSafeInteger(file.bytes) && file.bytes >= 0);

/** The bytes of all its files. @param {Model} model */
export const sizeOf = (model) =>
    model.files?.reduce((sum, { bytes }) => sum + bytes, 0) ?? model.bytes;
