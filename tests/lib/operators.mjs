/** Where browsers compute the operators of ONNX's own tests, and what `webinfer check` says of them. */
import fs from 'node:fs';
import path from 'node:path';
import { webinfer } from './cli.mjs';

/** Debian's libonnx-testdata. */
export const DATA = '/usr/share/libonnx-testdata/data/node';

/** The tests that are there. */
export const testNames = () => fs.readdirSync(DATA).filter((name) => fs.existsSync(path.join(DATA, name, 'model.onnx'))).sort();

/** Puts the tests' models where a daemon finds them, before it starts. @param {import('./daemon.mjs').Daemon} daemon @param {string[]} names */
export function addModels(daemon, names) {
    for (const name of names) {
        fs.mkdirSync(path.join(daemon.store, name));
        fs.copyFileSync(path.join(DATA, name, 'model.onnx'), path.join(daemon.store, name, 'model.onnx'));
    }
}

/** What the client says of a test's operator, if it has one alone. @param {import('./daemon.mjs').Daemon} daemon @param {string} name
 * @returns {Promise<{operator: string, domain: string, opset: number, wasm: string, webgpu: string, webnn: string} | null>} */
export async function predicted(daemon, name) {
    const { out, problems } = await webinfer(daemon, ['check', path.join(DATA, name, 'model.onnx'), '--json']);
    if (out === '') throw new Error(`${name}: ${problems}`);
    const { operators } = JSON.parse(out);
    return operators.length === 1 ? operators[0] : null;
}

/**
 * What really happens: "yes" if the operator is computed on the platform, "cpu" if it is left to the CPU, "no" if the model does not
 * load, null if a run with random inputs does not tell.
 * @param {import('./daemon.mjs').Daemon} daemon @param {string} name @param {string} operator @param {{browser: string, platform: string}} where
 */
export async function observed(daemon, name, operator, where) {
    const body = { model_name: name, profile: true, optimization: 'none', runs: 1, warmup: 0, ...where };
    const { status, json } = await daemon.post('/v1/benchmark', body);
    if (status !== 200) return json.code === 'operator_unsupported' ? 'no' : null;
    const node = json.result.profile.nodes.find((one) => one.operator === operator);
    // A node that has a kernel and is kept on the CPU computes a shape; one that is missing was replaced by what it consists of.
    if (!node) return null;
    return node.fell_back && /has no kernel/.test(node.reason) ? 'cpu' : 'yes';
}
