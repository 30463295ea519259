/**
 * ./dev bench kernels: our kernels beside onnxruntime-web's graphs of the same, in the same browsers and on the same inputs,
 * by turns, as POST /v1/benchmark measures both; and the first answer of a fresh browser with and without what is compiled
 * beforehand. All figures go to build/bench/kernels.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import * as onnx from '../lib/onnx.mjs';
import { build } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { median, shown, spread, table } from './figures.mjs';
import { measureTuning, tuningTable } from './tuning.mjs';

const { quick, rounds = quick ? 2 : 5 } = commandLine('./dev bench kernels',
    'Our kernels against onnxruntime-web, by turns: tables, and build/bench/kernels.json.', {
        quick: flag('256 alone'),
        rounds: roundsOf(5, 2),
    });
/** What takes longer at its first run is left out, and said to be. */
const MOST_MS = 2000;
const RUNS = 5;

const square = (size) => [size, size];
const floats = (name, shape) => ({ name, datatype: 'FP32', shape,
    bytes: Buffer.from(Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => ((i * 31) % 101) / 101 - 0.5).buffer) });

/** A graph of one output y over inputs of this shape. */
const graphOf = (shapes, output, nodes, initializers = []) => onnx.model(onnx.graph('g', { nodes, initializers,
    inputs: Object.entries(shapes).map(([name, shape]) => onnx.value(name, onnx.FLOAT, shape)),
    outputs: [onnx.value('y', onnx.FLOAT, output)] }));

function matmul(size) {
    const shapes = { a: square(size), b: square(size) };
    return { name: `matmul ${size}`, kernel: 'matmul', shapes,
        model: graphOf(shapes, square(size), [onnx.node('MatMul', ['a', 'b'], ['y'])]) };
}

function attention(positions, depth) {
    const shapes = Object.fromEntries(['q', 'k', 'v'].map((name) => [name, [positions, depth]]));
    const scale = Buffer.from(Float32Array.of(1 / Math.sqrt(depth)).buffer);
    return { name: `attention ${positions} × ${depth}`, kernel: 'attention', shapes,
        model: graphOf(shapes, [positions, depth], [
            onnx.node('Transpose', ['k'], ['t']), onnx.node('MatMul', ['q', 't'], ['s']), onnx.node('Mul', ['s', 'scale'], ['m']),
            onnx.node('Softmax', ['m'], ['p']), onnx.node('MatMul', ['p', 'v'], ['y'])],
        [onnx.tensor('scale', onnx.FLOAT, [], scale)]) };
}

const subjects = quick ? [matmul(256)] : [matmul(256), matmul(512), attention(256, 64), attention(1024, 64)];
const places = ['chrome', 'firefox'].flatMap((browser) => ['wasm', 'webgpu'].map((platform) => ({ browser, platform })));

/** @param {Daemon} daemon @param {object} head @param {object[]} tensors */
async function measure(daemon, head, tensors) {
    const { headers, body } = kserve.encode({ ...head, parameters: { binary_data_output: true } }, tensors);
    const answer = await daemon.request('/v1/benchmark', { method: 'POST', headers, body });
    if (answer.status !== 200) throw new Error(`${JSON.stringify(head)}: ${answer.text}`);
    return kserve.decode(answer);
}

/** Whatever runs first meets code that the browser has not compiled yet: it says only whether there is time for more. */
async function compare(daemon, subject, where) {
    const tensors = Object.entries(subject.shapes).map(([name, shape]) => floats(name, shape));
    const threads = where.platform === 'wasm' ? { threads: 1 } : {};
    const who = {
        ours: { kernel: subject.kernel, ...threads }, ort: { model_name: subject.kernel + subject.shapes[Object.keys(subject.shapes)[0]].join('x'), ...threads },
    };
    const row = { name: subject.name, ...where, ours: [], ort: [], gpu: [] };
    for (const head of Object.values(who)) {
        const { result } = await measure(daemon, { ...head, ...where, runs: 1, warmup: 1 }, tensors);
        if (result.run_ms[0] > MOST_MS) return { ...row, left_out: `a run takes ${(result.run_ms[0] / 1000).toFixed(1)} s` };
    }
    for (let round = 0; round < rounds; round++)
        for (const [key, head] of Object.entries(who)) {
            const { result, executed_on: ran } = await measure(daemon, { ...head, ...where, runs: RUNS }, tensors);
            row[key].push(median(result.run_ms));
            if (result.gpu_ms) row.gpu.push(median(result.gpu_ms));
            row.software = ran.adapter?.is_fallback ?? false;
        }
    process.stderr.write('.');
    return row;
}

/** The first answer of a browser that has run no kernel, in ms from request to answer. `prepared`: it was told what others
 * have used, and has compiled it. */
async function firstAnswer(folder, browser, prepared) {
    const daemon = await new Daemon({ folder, keep: true, config: { [`browser.${browser}`]: { max_connections: 1 },
        ...(browser === 'chrome' ? {} : { 'browser.chrome': { max_connections: 0 } }) } }).start();
    try {
        await until(async () => (await daemon.get('/v1/nodes')).json.nodes.find(({ models, platforms }) => (prepared
            ? models?.some(({ name, state }) => name === 'builtin/kernels' && state === 'loaded') : platforms?.webgpu?.available)), { what: 'a page is ready' });
        const x = Array(4096).fill(1);
        const { json } = await daemon.post('/v1/compute', { kernel: 'matmul', browser, platform: 'webgpu', fallback: false,
            inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [64, 64], data: x })) });
        return json.performance.total_ms;
    } finally {
        await daemon.stop();
    }
}

async function measureFirst() {
    const rows = [];
    for (const browser of ['chrome', 'firefox']) {
        const row = { browser, without: [], with: [] };
        for (let round = 0; round < (quick ? 1 : 3); round++) {
            const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-'));
            try {
                row.without.push(await firstAnswer(folder, browser, false));
                row.with.push(await firstAnswer(folder, browser, true));
            } finally {
                fs.rmSync(folder, { recursive: true, force: true });
            }
        }
        rows.push(row);
        process.stderr.write('.');
    }
    return rows;
}

const daemon = new Daemon({ config: { pool: { max_connections: 2 }, 'browser.firefox': { max_connections: 1 } } });
for (const { kernel, shapes, model } of subjects) {
    const folder = path.join(daemon.store, kernel + Object.values(shapes)[0].join('x'));
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'model.onnx'), model);
}
await daemon.start();
const rows = [];
try {
    for (const subject of subjects) for (const where of places) rows.push(await compare(daemon, subject, where));
} finally {
    await daemon.stop();
}
const first = await measureFirst();
const tuning = await measureTuning(measure, quick ? 1 : 3);
process.stderr.write('\n');

const ratio = ({ ours, ort }) => spread(ort.map((ms, round) => ms / ours[round]));
console.log(table('ms of a run, from the inputs\' bytes to the outputs\'; WASM on one thread',
    ['kernel', 'browser', 'platform', 'ours', 'by the GPU\'s clock', 'onnxruntime-web', 'how many times as fast'],
    rows.map((row) => (row.left_out ? [row.name, row.browser, row.platform, row.left_out, '', '', '']
        : [row.name, row.browser, `${row.platform}${row.software ? ', software' : ''}`, shown(spread(row.ours)),
            row.gpu.length > 0 ? shown(spread(row.gpu)) : '', shown(spread(row.ort)), shown(ratio(row))]))));
console.log(table('the first kernel of a fresh browser on webgpu: ms from request to answer',
    ['browser', 'nothing compiled', 'compiled beforehand'],
    first.map((row) => [row.browser, shown(spread(row.without)), shown(spread(row.with))])));
console.log(tuningTable(tuning));
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/kernels.json'), JSON.stringify({ rows, first, tuning }, null, 1));
