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
