/**
 * ./dev bench kernels: our kernels beside onnxruntime-web's graphs of the same, in the same browsers and on the same inputs,
 * by turns, as POST /v1/benchmark measures both; WebGL beside the plainest kernel on WebGPU; WASM beside TensorFlow.js; the
 * first answer of a fresh browser with and without what is compiled beforehand; what verify costs, and an echo while a kernel
 * hangs elsewhere. All figures go to build/bench/kernels.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kernelsBinary } from '../../page/kernels.mjs';
import { callOf } from '../../page/src/engine/kernel_call.js';
import { WasmKernels } from '../../page/src/engine/kernels_wasm.js';
import { commandLine, flag, parts, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { ENDLESS } from '../lib/kernels.mjs';
import { build } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { median, quantile, shown, spread, table } from './figures.mjs';
import { ask, attention, compareKernels, floats, matmul, measure, MOST_MS, putSubjects, RUNS, square } from './kernels/graphs.mjs';
import { measureTuning, tuningTable } from './tuning.mjs';

/** In the order in which they are measured. */
const PARTS = ['graphs', 'webgl', 'verify', 'hang', 'tensorflow', 'first', 'tuning'];
const { quick, only, rounds = quick ? 2 : 5 } = commandLine('./dev bench kernels',
    'Our kernels against onnxruntime-web, by turns: tables, and build/bench/kernels.json.', {
        quick: flag('256 alone'),
        only: parts(PARTS),
        rounds: roundsOf(5, 2),
    });
const subjects = quick ? [matmul(256)] : [...[256, 512, 1024, 2048].map(matmul), attention(256, 64), attention(257, 63), attention(1024, 64)];
const places = ['chrome', 'firefox'].flatMap((browser) => ['wasm', 'webgpu'].map((platform) => ({ browser, platform })));

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

// --- WebGL ---------------------------------------------------------------------------------------------

/** An element of c for each invocation, all of it read from a and b again. @param {number} size */
const naive = (size) => `@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u) {
    var sum = 0.0;
    for (var p = 0u; p < ${size}u; p++) { sum += a[id.y * ${size}u + p] * b[p * ${size}u + id.x]; }
    c[id.y * ${size}u + id.x] = sum;
}`;

/** Our fragment shader against the plainest kernel, both from bytes to bytes: a client's own is compiled at each run, so that its
 * time is taken to be the GPU's, and besides what our own kernel on WebGPU takes for the same bytes beside the GPU's time. */
async function compareWebgl(daemon, size) {
    const tensors = ['a', 'b'].map((name) => floats(name, square(size))), row = { name: `matmul ${size}`, webgl: [], gpu: [], naive: [] };
    const head = { kernel: 'matmul', browser: 'chrome', runs: RUNS };
    const source = { source: naive(size), outputs: [{ name: 'c', datatype: 'FP32', shape: square(size) }],
        workgroups: [size / 8, size / 8, 1], browser: 'chrome' };
    for (let round = -1; round < rounds; round++) {
        const { result } = await measure(daemon, { ...head, platform: 'webgl' }, tensors);
        const gpuMs = await ask(daemon, '/v1/compute', source, tensors).then(({ performance: times }) => times.gpu_ms,
            (thrown) => (thrown.message.includes('deadline_exceeded') ? Infinity : Promise.reject(thrown)));
        const { result: usual } = await measure(daemon, { ...head, platform: 'webgpu' }, tensors);
        const longest = Math.max(gpuMs, median(result.run_ms));
        if (longest > MOST_MS) return { ...row, left_out: `a run takes ${longest < Infinity ? (longest / 1000).toFixed(1) : 'more than 5'} s` };
        if (round < 0) continue;
        row.webgl.push(median(result.run_ms));
        row.gpu.push(gpuMs);
        row.naive.push(gpuMs + median(usual.run_ms.map((ms, i) => ms - usual.gpu_ms[i])));
    }
    process.stderr.write('.');
    return row;
}

// --- others' WASM --------------------------------------------------------------------------------------

/** A product by TensorFlow.js's WASM, with SIMD. @param {number} size */
async function productOf(size) {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend('wasm');
    const [a, b] = ['a', 'b'].map((name) => new Float32Array(floats(name, square(size)).bytes.buffer));
    const page = async () => tf.tidy(() => tf.matMul(tf.tensor(a, square(size)), tf.tensor(b, square(size))).dataSync());
    const given = [a, b].map(({ buffer }) => ({ bytes: new Uint8Array(buffer), shape: square(size) })), { call } = callOf('matmul', given, {});
    return { name: `matmul ${size}`, call: () => call, page };
}

/** The kernels' WASM beside what does the same otherwise, on one thread of Node's V8, which is Chromium's. `off`: the largest difference
 * of what they make. @param {WasmKernels} backend
 * @param {ReadonlyArray<{name: string, call: () => any, page: () => Promise<Float32Array>}>} all */
async function compareInNode(backend, all) {
    const rows = [];
    for (const { name, call, page } of all) {
        const row = { name, ours: [], page: [], off: 0 };
        const timed = async (list, work) => {
            const began = performance.now(), made = await work();
            list.push(performance.now() - began);
            return made;
        };
        for (let round = 0; round < 2 * rounds; round++) {
            const { bytes } = await timed(row.ours, () => backend.run([call()]));
            const ours = new Float32Array(bytes.slice().buffer), theirs = await timed(row.page, page);
            row.off = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
        }
        for (const key of ['ours', 'page']) row[key] = row[key].slice(rounds); // V8 has compiled it by then
        rows.push(row);
    }
    return rows;
}

// --- what proving and hanging cost ---------------------------------------------------------------------

async function measureVerify(daemon) {
    const rows = [];
    for (const { browser, platform } of places) {
        const row = { browser, platform, ms: [] };
        for (let round = 0; round < 3; round++) {
            const began = performance.now(), { json, text } = await daemon.post('/v1/admin/verify', { browser, platforms: [platform] });
            if (!json.nodes?.[0]) throw new Error(text);
            row.ms.push(performance.now() - began);
            Object.assign(row, { verdict: json.nodes[0].verdict, largest: json.nodes[0].evidence.challenges.at(-1)?.n });
        }
        rows.push(row);
    }
    return rows;
}

/** Echoes of Firefox, ms each, for as long as `going` says. */
async function echoes(daemon, going) {
    const body = { model_name: 'builtin/echo', browser: 'firefox', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }, list = [];
    while (going(list.length)) {
        const began = performance.now(), { status, text } = await daemon.infer(body);
        if (status !== 200) throw new Error(text);
        list.push(performance.now() - began);
    }
    return list;
}

/** Before a kernel hangs in Chromium, and until it is ended. */
async function measureHang(daemon) {
    await echoes(daemon, (count) => count < 50);
    const before = await echoes(daemon, (count) => count < 500);
    let isOver = false;
    const hung = daemon.post('/v1/compute', { source: ENDLESS, browser: 'chrome', inputs: [], workgroups: [1, 1, 1],
        outputs: [{ name: 'y', datatype: 'UINT32', shape: [64] }] }).finally(() => { isOver = true; });
    const beside = await echoes(daemon, () => !isOver), { status } = await hung;
    return { before, beside, status };
}

// --- what others have published --------------------------------------------------------------------------

/** On GPUs of their own; printed so that ours can be read beside them, and no contestants. */
const PUBLISHED = [
    ['1,024 additions', '2–5 ms'], ['matmul 512', '10–50 ms'], ['gain by the size of workgroups', '20–35 %'],
    ['gain by compiling beforehand', '30–45 %'],
];

/** What runs on the daemon of all browsers. */
async function measureThere() {
    const daemon = new Daemon({ config: { pool: { max_connections: 2 }, 'browser.firefox': { max_connections: 1 } } });
    putSubjects(daemon.store, subjects);
    const made = { rows: [], webgl: [] };
    await daemon.start();
    try {
        if (only.includes('graphs'))
            for (const subject of subjects) for (const where of places) made.rows.push(await compareKernels(daemon, subject, where, made.rows, rounds));
        if (only.includes('webgl')) for (const size of quick ? [256] : [256, 512]) made.webgl.push(await compareWebgl(daemon, size));
        if (only.includes('verify')) made.verified = await measureVerify(daemon);
        if (only.includes('hang')) made.hung = await measureHang(daemon); // the last: Chromium has lost a GPU process by then
    } finally {
        await daemon.stop();
    }
    return made;
}

const made = PARTS.slice(0, 4).some((part) => only.includes(part)) ? await measureThere() : {};
const backend = new WasmKernels(async () => kernelsBinary());
await backend.load();
if (only.includes('tensorflow')) made.peers = await compareInNode(backend, [await productOf(256), await productOf(512)]);
if (only.includes('first')) made.first = await measureFirst();
if (only.includes('tuning')) made.tuning = await measureTuning(quick ? 1 : 3);
process.stderr.write('\n');

const times = (others, ours) => shown(spread(others.map((ms, round) => ms / ours[round])));
/** A line of each row, of its names and of its figures or why it was left out; nothing where nothing was measured.
 * @param {string} title @param {string[]} head @param {any[]} rows @param {(row: any) => string[]} named @param {(row: any) => any[]} figures */
function print(title, head, rows = [], named, figures) {
    if (rows.length === 0) return;
    const lines = rows.map((row) => [...named(row), ...row.left_out ? [row.left_out] : figures(row)]);
    console.log(table(title, head, lines.map((line) => head.map((_, i) => line[i] ?? ''))));
}

print('ms of a run, from the inputs\' bytes to the outputs\'; WASM on one thread',
    ['kernel', 'browser', 'platform', 'ours', 'by the GPU\'s clock', 'onnxruntime-web', 'how many times as fast'],
    made.rows, (row) => [row.name, row.browser, `${row.platform}${row.software ? ', software' : ''}`],
    ({ ours, ort, gpu }) => [shown(spread(ours)), gpu.length > 0 ? shown(spread(gpu)) : '', shown(spread(ort)), times(ort, ours)]);
print('Chrome, in software: WebGL beside the plainest WebGPU kernel, both from bytes to bytes; of the latter that is the GPU\'s time and what '
    + 'WebGPU takes beside it for our own kernel; ms',
    ['kernel', 'webgl', 'naive webgpu', 'how many times as fast', 'naive by the GPU\'s clock', 'beside that alone'],
    made.webgl, ({ name }) => [name],
    ({ webgl, naive: plainest, gpu }) => [shown(spread(webgl)), shown(spread(plainest)), times(plainest, webgl), shown(spread(gpu)), times(gpu, webgl)]);
const besides = (title, other, rows) => print(title, ['what', 'kernel', other, 'how many times as fast', 'largest difference'], rows,
    ({ name }) => [name], ({ ours, page, off }) => [shown(spread(ours)), shown(spread(page)), times(page, ours), off]);
besides('WASM on one thread beside TensorFlow.js, in Node; ms', 'TensorFlow.js', made.peers);
print('the first kernel of a fresh browser on webgpu: ms from request to answer', ['browser', 'nothing compiled', 'compiled beforehand'],
    made.first, ({ browser }) => [browser], (row) => [shown(spread(row.without)), shown(spread(row.with))]);
if (made.tuning) console.log(tuningTable(made.tuning));
print('webinfer verify: ms from request to answer', ['browser', 'platform', 'verdict', 'largest product', 'ms'],
    made.verified, ({ browser, platform }) => [browser, platform], ({ verdict, largest, ms }) => [verdict, largest, shown(spread(ms))]);
if (made.hung) {
    print(`echoes of Firefox while a kernel hangs in Chromium (answered ${made.hung.status}); ms`, ['', 'echoes', 'p50', 'p99'],
        ['before', 'beside'], (when) => [when], (when) => [made.hung[when].length, quantile(made.hung[when], 0.5), quantile(made.hung[when], 0.99)]);
}
print('what others have published, of GPUs', ['what', 'figure'], PUBLISHED, ([what]) => [what], ([, figure]) => [figure]);
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/kernels.json'), JSON.stringify(made, null, 1));
