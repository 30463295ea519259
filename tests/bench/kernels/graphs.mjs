/** Our kernels beside onnxruntime-web's graphs of the same, in the same browsers and on the same inputs, by turns. */
import fs from 'node:fs';
import path from 'node:path';
import * as kserve from '../../lib/kserve.mjs';
import * as onnx from '../../lib/onnx.mjs';
import { median } from '../figures.mjs';

/** What takes longer at its first run is left out, and said to be. */
export const MOST_MS = 2000;
export const RUNS = 5;
/** What takes longer is run once in each round. */
const SHORT_MS = 100;

export const square = (size) => [size, size];
export const floats = (name, shape) => ({ name, datatype: 'FP32', shape,
    bytes: Buffer.from(Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => ((i * 31) % 101) / 101 - 0.5).buffer) });

/** @param {Record<string, number[]>} shapes of the inputs, by their names */
export const tensorsOf = (shapes) => Object.entries(shapes).map(([name, shape]) => floats(name, shape));

/** A graph of one output y over inputs of this shape. */
const graphOf = (shapes, output, nodes, initializers = []) => onnx.model(onnx.graph('g', { nodes, initializers,
    inputs: Object.entries(shapes).map(([name, shape]) => onnx.value(name, onnx.FLOAT, shape)),
    outputs: [onnx.value('y', onnx.FLOAT, output)] }));

export function matmul(size) {
    const shapes = { a: square(size), b: square(size) };
    return { name: `matmul ${size}`, kernel: 'matmul', shapes, half: `matmul ${size / 2}`,
        model: graphOf(shapes, square(size), [onnx.node('MatMul', ['a', 'b'], ['y'])]) };
}

export function attention(positions, depth) {
    const shapes = Object.fromEntries(['q', 'k', 'v'].map((name) => [name, [positions, depth]]));
    const scale = Buffer.from(Float32Array.of(1 / Math.sqrt(depth)).buffer);
    return { name: `attention ${positions} × ${depth}`, kernel: 'attention', shapes,
        model: graphOf(shapes, [positions, depth], [
            onnx.node('Transpose', ['k'], ['t']), onnx.node('MatMul', ['q', 't'], ['s']), onnx.node('Mul', ['s', 'scale'], ['m']),
            onnx.node('Softmax', ['m'], ['p']), onnx.node('MatMul', ['p', 'v'], ['y'])],
        [onnx.tensor('scale', onnx.FLOAT, [], scale)]) };
}

/** Where the graph that a subject is compared with lies in a store. */
export const modelOf = ({ kernel, shapes }) => kernel + Object.values(shapes)[0].join('x');

/** Puts their graphs into a store. @param {string} store */
export function putSubjects(store, subjects) {
    for (const subject of subjects) {
        const folder = path.join(store, modelOf(subject));
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(path.join(folder, 'model.onnx'), subject.model);
    }
}

/** @param {import('../../lib/daemon.mjs').Daemon} daemon @param {object} head @param {object[]} tensors */
export const measure = (daemon, head, tensors) => ask(daemon, '/v1/benchmark', head, tensors);

/** @param {import('../../lib/daemon.mjs').Daemon} daemon @param {string} where @param {object} head @param {object[]} tensors */
export async function ask(daemon, where, head, tensors) {
    const { headers, body } = kserve.encode({ ...head, parameters: { binary_data_output: true } }, tensors);
    const answer = await daemon.request(where, { method: 'POST', headers, body });
    if (answer.status !== 200) throw new Error(`${JSON.stringify(head)}: ${answer.text}`);
    return kserve.decode(answer);
}

/** How long a run will take: of twice the size eight times as long as what was measured; 0: nobody knows. */
function foreseen(rows, { half }, { browser, platform }) {
    const row = rows.find((one) => one.name === half && one.browser === browser && one.platform === platform);
    return row?.left_out ? Infinity : 8 * Math.max(0, ...[row?.ours ?? [], row?.ort ?? []].filter(({ length }) => length > 0).map(median));
}

/** Whatever runs first meets code that the browser has not compiled yet: it says only whether there is time for more. */
export async function compareKernels(daemon, subject, where, rows, rounds) {
    const tensors = tensorsOf(subject.shapes);
    const threads = where.platform === 'wasm' ? { threads: 1 } : {};
    const who = {
        ours: { kernel: subject.kernel, ...threads }, ort: { model_name: modelOf(subject), ...threads },
    };
    const row = { name: subject.name, ...where, ours: [], ort: [], gpu: [] };
    let runs = RUNS;
    if (foreseen(rows, subject, where) > MOST_MS) return { ...row, left_out: `${subject.half} takes too long already` };
    for (const head of Object.values(who)) {
        const { result } = await measure(daemon, { ...head, ...where, runs: 1, warmup: 1 }, tensors);
        if (result.run_ms[0] > SHORT_MS) runs = 1;
        if (result.run_ms[0] > MOST_MS) return { ...row, left_out: `a run takes ${(result.run_ms[0] / 1000).toFixed(1)} s` };
    }
    for (let round = 0; round < rounds; round++)
        for (const [key, head] of Object.entries(who)) {
            const { result, executed_on: ran } = await measure(daemon, { ...head, ...where, runs }, tensors);
            row[key].push(median(result.run_ms));
            if (result.gpu_ms) row.gpu.push(median(result.gpu_ms));
            row.software = ran.adapter?.is_fallback ?? false;
        }
    process.stderr.write('.');
    return row;
}
