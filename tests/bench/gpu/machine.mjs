/** What the machine is, whether its GPU computes, and what our kernels on it are worth. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { evaluated } from '../../lib/devtools.mjs';
import { cliPath, findProgram } from '../../lib/paths.mjs';
import { median } from '../figures.mjs';
import { ask, compareKernels, matmul, measure, RUNS, tensorsOf } from '../kernels/graphs.mjs';
import { measureTuning, TUNED } from '../tuning.mjs';
import { SUBJECTS } from './store.mjs';

const ROUNDS = 3;
/** Sizes of a matrix on WebGL, of which each has eight times the work of the one before, and what a run may take for the next one. */
const WEBGL_SIZES = [256, 512, 1024], WEBGL_MOST_MS = 500;

/** The GPUs and their Vulkan drivers, as `webinfer doctor` finds them; null: it was not there. */
function gpusOf() {
    const { stdout } = spawnSync(cliPath, ['doctor', '--json', '--no-start'], { encoding: 'utf8', timeout: 20_000 });
    try {
        return JSON.parse(stdout).checks.filter(({ check }) => /GPU|Vulkan/.test(check)).map(({ check, detail }) => `${check}: ${detail}`);
    } catch {
        return null;
    }
}

/** Versions of NVIDIA's driver, and memory, which its own program alone tells. */
function nvidiaOf() {
    const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], { encoding: 'utf8', timeout: 10_000 });
    return status === 0 ? stdout.trim().split('\n') : null;
}

export const machineOf = () => ({ cpu: os.cpus()[0]?.model, cores: os.cpus().length, memory_gib: Math.round(os.totalmem() / 2 ** 30),
    gpus: gpusOf(), nvidia: nvidiaOf() });

/** In the page. It is serialised. */
async function limitsOf() {
    const adapter = await navigator.gpu.requestAdapter(), limits = {};
    for (const name in adapter.limits) limits[name] = adapter.limits[name];
    return JSON.stringify({ features: [...adapter.features].sort(), limits });
}

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const adapterRow = (ground) => ({ name: 'adapter', most: 90, measure: async (figures) => {
    const daemon = await ground.timed(), { nodes: [node] } = (await daemon.get('/v1/nodes')).json;
    Object.assign(figures, { browser: `${node.browser} ${node.browser_version}`, ...node.platforms.webgpu });
    if (!node.platforms.webgpu?.available) throw new Error(`WebGPU: ${node.platforms.webgpu?.reason ?? 'there is none'}`);
    if (ground.hasDebugger) Object.assign(figures, await evaluated(daemon.temporary, `(${limitsOf})()`));
} });

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const verifyRow = (ground) => ({ name: 'verify', most: 90, measure: async (figures) => {
    const daemon = await ground.timed();
    const { json, text } = await daemon.post('/v1/admin/verify', { browser: ground.browser, platforms: ['webgpu'] });
    if (!json?.nodes?.[0]) throw new Error(text);
    Object.assign(figures, json.nodes[0]);
} });

/** @returns {import('./rows.mjs').Row[]} one for each kernel */
export function kernelRows(ground) {
    const before = [];
    return SUBJECTS.map((subject) => ({ name: `kernel ${subject.name}`, most: 45, measure: async (figures) => {
        const row = await compareKernels(await ground.timed(), subject, { browser: ground.browser, platform: 'webgpu' }, before, ROUNDS);
        before.push(row);
        if (row.left_out) throw new Error(row.left_out);
        Object.assign(figures, { ours_ms: median(row.ours), ort_ms: median(row.ort), gpu_ms: row.gpu.length > 0 ? median(row.gpu) : null,
            times_as_fast: median(row.ort.map((ms, i) => ms / row.ours[i])) });
    } }));
}

/** The largest difference of two lists of numbers. */
const largestDifference = (some, others) => some.reduce((most, value, at) => Math.max(most, Math.abs(value - others[at])), 0);

/** The kernel as a fragment shader. @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const webglRow = (ground) => ({ name: 'matmul on WebGL', most: 45, measure: async (figures) => {
    const daemon = await ground.timed();
    for (const size of WEBGL_SIZES) {
        const { kernel, shapes } = matmul(size), tensors = tensorsOf(shapes), head = { kernel, browser: ground.browser };
        const { result: first } = await measure(daemon, { ...head, platform: 'webgl', runs: 1, warmup: 1 }, tensors);
        figures[size] = { run_ms: first.run_ms[0] };
        const answerOn = async (platform) => (await ask(daemon, '/v1/compute', { ...head, platform, fallback: false }, tensors)).outputs[0].values;
        figures[size].off_wasm = largestDifference(await answerOn('webgl'), await answerOn('wasm'));
        if (first.run_ms[0] > WEBGL_MOST_MS) return;
        const { result } = await measure(daemon, { ...head, platform: 'webgl', runs: RUNS }, tensors);
        figures[size].run_ms = median(result.run_ms);
    }
} });

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const tuningRow = (ground) => ({ name: "tuning's gain", most: 120, measure: async (figures) => {
    if (!TUNED.includes(ground.browser)) throw new Error(`tuning is compared in ${TUNED.join(' and ')}`);
    if (!findProgram('python3')) throw new Error('there is no python3 here, which sets the choices that are compared');
    for (const { kernel, sizes, chosen, usual, tuned } of await measureTuning(2, [ground.browser], { env: ground.environment, config: ground.config }))
        figures[`${kernel} ${sizes}`] = { chosen, usual_ms: median(usual), tuned_ms: median(tuned), times_as_fast: median(usual.map((ms, i) => ms / tuned[i])) };
} });
