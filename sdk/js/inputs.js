/** Inputs of models: tensors and files travel as bytes behind the JSON, in the order in which the JSON names them. */
import { isTypedArray, Tensor, tensorToWire } from './tensors.js';

/** @import { Media } from './index.d.ts' */
/** The bytes behind the JSON. @typedef {Array<Uint8Array<ArrayBuffer> | Blob>} Binary */

/** Bytes of which a text is made at a time. */
const TEXT_PIECE = 0x8000;

/** @param {string} name @param {any} value */
const isFile = (name, value) => (name === 'image' || name === 'audio')
    && (value instanceof Blob || value instanceof Uint8Array || value instanceof ArrayBuffer);

/** Whether a member of the inputs becomes a tensor. @param {string} name @param {any} value */
const isTensor = (name, value) => value instanceof Tensor || isTypedArray(value?.data)
    || (!isFile(name, value) && (isTypedArray(value) || value instanceof ArrayBuffer));

/** @param {string} name @param {any} value */
function tensorOf(name, value) {
    if (value instanceof Tensor) return value;
    return isTypedArray(value?.data) ? new Tensor(name, value.data, value.datatype, value.shape) : new Tensor(name, value);
}

/**
 * Inputs as JSON; the bytes of tensors and files are added to `binary`. Throws TypeError for inputs that cannot be sent.
 * @param {any} inputs @param {Binary} binary @returns {Promise<unknown>}
 */
export async function encodeInputs(inputs, binary) {
    if (isTypedArray(inputs) || inputs instanceof ArrayBuffer || inputs instanceof Blob)
        throw new TypeError('an array or a file needs the name of its input: { NAME: value }');
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    if (Array.isArray(list)) return list[0] instanceof Tensor ? list.map((tensor) => tensorToWire(tensor, binary)) : list;
    if (typeof list !== 'object') return list;
    const members = Object.entries(list).filter(([, value]) => value !== undefined && value !== null);
    if (members.some(([name, value]) => isTensor(name, value)))
        return members.map(([name, value]) => tensorToWire(tensorOf(name, value), binary));
    const made = [];
    for (const [name, value] of members) made.push([name, await encodeMember(name, value, binary)]);
    return Object.fromEntries(made);
}

/** @param {string} name @param {any} value @param {Binary} binary */
async function encodeMember(name, value, binary) {
    if (name === 'messages') return Promise.all(value.map(encodeMessage));
    if (!isFile(name, value)) return value;
    const file = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
    binary.push(file);
    return { binary_data_size: file instanceof Blob ? file.size : file.byteLength };
}

/** A message whose pictures are data URIs, since no bytes can be between texts. @param {any} message */
async function encodeMessage(message) {
    if (!Array.isArray(message?.content)) return message;
    return { ...message, content: await Promise.all(message.content.map(encodePart)) };
}

/** @param {any} part { type: 'image', image }, or one that the API has */
async function encodePart(part) {
    return part?.image === undefined ? part : { type: 'image_url', image_url: { url: await dataUri(part.image) } };
}

/** A picture as a data URI; a string is one already. @param {Media} picture */
async function dataUri(picture) {
    if (typeof picture === 'string') return picture;
    const bytes = new Uint8Array(picture instanceof Blob ? await picture.arrayBuffer() : picture);
    const texts = [];
    for (let at = 0; at < bytes.byteLength; at += TEXT_PIECE)
        texts.push(String.fromCharCode(...bytes.subarray(at, at + TEXT_PIECE)));
    return `data:image/png;base64,${btoa(texts.join(''))}`; // the bytes say of which kind it is
}
