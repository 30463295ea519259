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
    if (status !== 200 && json.code === 'operator_unsupported') {
        // Some operators, such as Dropout, load only because the graph's optimization removes them.
        const { json: usual } = await daemon.post('/v1/benchmark', { ...body, optimization: 'all' });
        return usual.code === json.code ? 'no' : null;
    }
    if (status !== 200) return null;
    const node = json.result.profile.nodes.find((one) => one.operator === operator);
    // A node that has a kernel and is kept on the CPU computes a shape; one that is missing was replaced by what it consists of.
    if (!node) return null;
    return node.fell_back && /has no kernel/.test(node.reason) ? 'cpu' : 'yes';
}

/** Types that say nothing of an operator on a platform: onnxruntime has few kernels of BF16; WGSL has neither doubles nor texts, and
 * software adapters have no 16-bit floats. */
const FOREIGN = { wasm: ['BF16'], webgpu: ['FP64', 'FP16', 'BF16', 'BYTES'] };
/** What may happen, the best first. */
const SUPPORTS = ['yes', 'cpu', 'no'];

async function tells(daemon, name, platform) {
    const { inputs = [], outputs = [] } = (await daemon.get(`/v1/models/${name}`)).json;
    return ![...inputs, ...outputs].some(({ datatype }) => FOREIGN[platform].includes(datatype));
}

/** @typedef {{domain: string, operator: string, opset: number, platform: string, said: string, support: string, others: string[]}} Row an
 * operator of a version: what the client says, what happens, and the tests with which something else happens */

/**
 * What is said of each operator, and what happens, for the tests that tell. Tests of one operator may differ, because its kernel takes only
 * some types or attributes: the best that happens counts.
 * @param {import('./daemon.mjs').Daemon} daemon @param {string[]} names @param {{browser: string, platform: string}} where
 * @returns {Promise<{rows: Row[], tests: number}>}
 */
export async function compared(daemon, names, where) {
    /** @type {Map<string, Omit<Row, 'support' | 'others'> & {seen: {name: string, support: string}[]}>} */
    const rows = new Map();
    let tests = 0;
    for (const name of names) {
        const told = await predicted(daemon, name);
        if (!told || told[where.platform] === 'unknown' || !await tells(daemon, name, where.platform)) continue;
        const support = await observed(daemon, name, told.operator, where);
        if (!support) continue;
        const { domain, operator, opset } = told, key = [domain, operator, opset].join(' ');
        const row = rows.get(key) ?? { domain, operator, opset, platform: where.platform, said: told[where.platform], seen: [] };
        row.seen.push({ name, support });
        rows.set(key, row);
        tests++;
    }
    return { tests, rows: [...rows.values()].map(({ seen, ...row }) => {
        const support = SUPPORTS.find((one) => seen.some((test) => test.support === one));
        return { ...row, support, others: seen.filter((test) => test.support !== support).map(({ name }) => name) };
    }) };
}
