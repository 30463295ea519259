/**
 * Models whose rows are independent, and clients of one row each, some of whose requests the daemon may join: how many
 * requests a second are answered, and whether an answer from a batch is what the client would have got alone.
 */
import fs from 'node:fs';
import path from 'node:path';
import * as cases from '../../lib/cases.mjs';
import * as kserve from '../../lib/kserve.mjs';
import * as onnx from '../../lib/onnx.mjs';
import { ownModels, sharedModels } from '../../lib/paths.mjs';

/** Of a model that is no case: as near as kernels on different adapters are to each other. */
const TOLERANCE = { rtol: 1e-3, atol: 1e-4 };
/** A batch comes about if requests wait: once in so many attempts. */
const ATTEMPTS = 5;

/** One row of each input of a case. */
const rowOfCase = (name) => cases.load(name).inputs.map((tensor) => ({ ...tensor, shape: [1, ...tensor.shape.slice(1)],
    bytes: tensor.bytes.subarray(0, tensor.bytes.length / tensor.shape[0]) }));
const ofCase = (name) => ({ file: () => path.join(sharedModels, name, 'model.onnx'), row: () => rowOfCase(name), tolerance: () => cases.load(name) });
const floats = (name, shape) => [{ name, datatype: 'FP32', shape,
    bytes: kserve.pack('FP32', Array.from({ length: kserve.count(shape) }, (_, index) => Math.sin(index))) }];

/** How each model comes, and one row of its inputs. `says`: only its model.json says that its rows are independent. */
export const MODELS = {
    rows: { bytes: onnx.rows, row: () => floats('x', [1, 4]) },
    digits: { file: () => path.join(ownModels, 'digits', 'model.onnx'), row: () => floats('image', [1, 1, 28, 28]), says: true },
    ...sharedModels ? {
        text_embed: ofCase('text_embed_generated_h64_l2'),
        magika: { ...ofCase('text_magika_v3_3_a'), says: true },
        superres: ofCase('vision_superres_test'),
    } : {},
};

/** Puts one of them into a store. @param {string} store @param {string} name @param {string} [as] its name there */
export function writeModel(store, name, as = name) {
    const { bytes, file, says } = MODELS[name], folder = path.join(store, as);
    fs.mkdirSync(folder, { recursive: true });
    if (bytes) fs.writeFileSync(path.join(folder, 'model.onnx'), bytes());
    else fs.copyFileSync(file(), path.join(folder, 'model.onnx'));
    if (says) fs.writeFileSync(path.join(folder, 'model.json'), '{"batch": true}');
}

/** The same row with other numbers: a batch of equal rows proves nothing. @param {any[]} row @param {number} turn */
function varied([first, ...others], turn) {
    const size = kserve.elementSize(first.datatype), at = (turn * size) % first.bytes.length;
    return [{ ...first, bytes: Buffer.concat([first.bytes.subarray(at), first.bytes.subarray(0, at)]) }, ...others];
}

/** What is asked: `model` is one of MODELS, `head` the rest of a request. @typedef {{model: string, head: object, clients: number}} Asked */

/** All clients ask for one row after the other for so long. @param {import('../../lib/daemon.mjs').Daemon} daemon @param {Asked} asked
 * @param {number} ms @returns {Promise<{perSecond: number, largest: number}>} `largest`: rows that ran together */
export async function load(daemon, { model, head, clients }, ms) {
    const row = MODELS[model].row(), began = performance.now(), end = began + ms;
    let done = 0, largest = 1;
    await Promise.all(Array.from({ length: clients }, async (_, client) => {
        for (let turn = client; performance.now() < end; turn += clients) {
            const { performance: took } = await daemon.answer(head, varied(row, turn));
            largest = Math.max(largest, took?.batch ?? 1);
            done++;
        }
    }));
    return { perSecond: done / (performance.now() - began) * 1000, largest };
}

/** The answer to each client's first row, of all at once. @param {import('../../lib/daemon.mjs').Daemon} daemon @param {Asked} asked */
export function answersOf(daemon, { model, head, clients }) {
    const row = MODELS[model].row();
    return Promise.all(Array.from({ length: clients }, (_, client) => daemon.answer(head, varied(row, client))));
}

/** Compares answers that may come from batches with those of the requests alone.
 * @param {any[]} alone of `answersOf` where no requests are joined @param {() => Promise<any[]>} ask the same where they are
 * @param {string} model @returns {Promise<{joined: number, difference: string | null}>} `joined`: answers that came from batches */
export async function compareAnswers(alone, ask, model) {
    const tolerance = MODELS[model].tolerance?.() ?? TOLERANCE;
    let joined = 0, difference = null;
    for (let attempt = 0; attempt < ATTEMPTS && joined === 0; attempt++) {
        const answers = await ask();
        joined = answers.filter(({ performance: took }) => took?.batch > 1).length;
        for (const [client, { outputs }] of answers.entries())
            for (const [at, output] of outputs.entries()) difference ??= cases.difference(output, alone[client].outputs[at], tolerance);
    }
    return { joined, difference };
}
