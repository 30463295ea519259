/** A model with a file of 64 MB that nothing makes smaller: rows of bytes, of which a request names some, and the answer has them. */
import { createCipheriv } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as onnx from '../../lib/onnx.mjs';

export const NAME = 'heavy';
const WIDTH = 1024;
export const ROWS = 62_500;

const BLOCK = 16;

/** Of the key stream of AES-128 in counter mode, whose key and first counter are zero: rows. @param {number} first @param {number} count */
function rowsOf(first, count) {
    const counter = Buffer.alloc(BLOCK);
    counter.writeUInt32BE((first * WIDTH) / BLOCK, BLOCK - 4);
    return createCipheriv('aes-128-ctr', Buffer.alloc(BLOCK), counter).update(Buffer.alloc(count * WIDTH));
}

/** @param {number} rows @returns {Buffer} the file */
export function heavy(rows) {
    return onnx.model(onnx.graph(NAME, {
        nodes: [onnx.node('Gather', ['rows', 'x'], ['y'])],
        inputs: [onnx.value('x', onnx.INT64, ['n'])], outputs: [onnx.value('y', onnx.UINT8, ['n', WIDTH])],
        initializers: [onnx.tensor('rows', onnx.UINT8, [rows, WIDTH], rowsOf(0, rows))],
    }));
}

/** Puts it into a store. @param {string} store @returns {number} the bytes of its file */
export function putHeavy(store) {
    const folder = path.join(store, NAME), file = heavy(ROWS);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'model.onnx'), file);
    return file.length;
}

/** Asks for the first row and the last one. */
export const request = { model_name: NAME, platform: 'wasm', inputs: [{ name: 'x', datatype: 'INT64', shape: [2], data: [0, ROWS - 1] }] };

/** @param {number[]} data of the answer to it */
export const isRight = (data) => Buffer.concat([rowsOf(0, 1), rowsOf(ROWS - 1, 1)]).equals(Buffer.from(data));

/** What an engine answers to it. @param {Buffer} file the model */
export function answerOf(file) {
    const begin = file.indexOf(rowsOf(0, 1)), row = (index) => file.subarray(begin + index * WIDTH, begin + (index + 1) * WIDTH);
    return { name: 'y', datatype: 'UINT8', shape: [2, WIDTH], bytes: Buffer.concat(request.inputs[0].data.map(row)) };
}
