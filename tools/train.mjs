// Runs a training script of PyTorch, and gives back what it learned.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('../tests/lib/gguf-tensors.mjs').Tensor} Tensor */

/** @typedef {Record<string, string | NodeJS.TypedArray>} Files that a script reads */

/**
 * @template T
 * @param {string} script below this folder
 * @param {Files} files
 * @param {string[]} more of its arguments, behind the folder that the files are in
 * @param {(folder: string) => T} use what it left there
 * @returns {T}
 */
function run(script, files, more, use) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-train-'));
    try {
        for (const [name, content] of Object.entries(files))
            fs.writeFileSync(path.join(folder, name), content);
        const { status } = spawnSync('/usr/bin/python3',
            ['-B', fileURLToPath(new URL(script, import.meta.url)), folder, ...more],
            { stdio: 'inherit', env: { ...process.env, OPENBLAS_NUM_THREADS: '1' } });
        if (status !== 0)
            throw new Error(`${script} failed`);
        return use(folder);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/**
 * @param {string} script @param {Files} files
 * @returns {Float32Array} all weights, in the order of shape.json's list of tensors
 */
export function train(script, files) {
    return run(script, files, [], (folder) => {
        const bytes = fs.readFileSync(path.join(folder, 'weights'));
        return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    });
}

/**
 * Of a script that writes the model itself.
 * @param {string} script @param {Files} files @param {string} target the model's folder
 */
export const runTrainer = (script, files, target) => run(script, files, [target], () => undefined);

/**
 * The tensors with these weights in them, one after the other; matrices of this type.
 * @param {Tensor[]} tensors
 * @param {Float32Array} weights
 * @param {Tensor['type']} type
 * @returns {Tensor[]}
 */
export function withWeights(tensors, weights, type) {
    let next = 0;
    return tensors.map((tensor) => {
        const from = next;
        next += tensor.shape.reduce((product, size) => product * size, 1);
        const values = weights.subarray(from, next);
        return { ...tensor, type: tensor.shape.length === 2 ? type : 'f32', values: () => values };
    });
}
