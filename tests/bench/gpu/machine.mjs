/** What the machine is, whether its GPU computes, and what our kernels on it are worth. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { evaluated } from '../../lib/devtools.mjs';
import { findProgram } from '../../lib/paths.mjs';
import { median } from '../figures.mjs';
import { compareKernels } from '../kernels/graphs.mjs';
import { measureTuning } from '../tuning.mjs';
import { BROWSER } from './ground.mjs';
import { SUBJECTS } from './store.mjs';

const ROUNDS = 3;

/** Names and drivers of NVIDIA's GPUs, which their own program tells. */
function driversOf() {
    const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], { encoding: 'utf8', timeout: 10_000 });
    return status === 0 ? stdout.trim().split('\n') : null;
}

export const machineOf = () => ({ cpu: os.cpus()[0]?.model, cores: os.cpus().length, memory_gib: Math.round(os.totalmem() / 2 ** 30), gpus: driversOf() });

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
    Object.assign(figures, await evaluated(daemon.temporary, `(${limitsOf})()`));
} });

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const verifyRow = (ground) => ({ name: 'verify', most: 90, measure: async (figures) => {
    const daemon = await ground.timed();
    const { json, text } = await daemon.post('/v1/admin/verify', { browser: BROWSER, platforms: ['webgpu'] });
    if (!json?.nodes?.[0]) throw new Error(text);
    Object.assign(figures, json.nodes[0]);
} });

/** @returns {import('./rows.mjs').Row[]} one for each kernel */
export function kernelRows(ground) {
    const before = [];
    return SUBJECTS.map((subject) => ({ name: `kernel ${subject.name}`, most: 45, measure: async (figures) => {
        const row = await compareKernels(await ground.timed(), subject, { browser: BROWSER, platform: 'webgpu' }, before, ROUNDS);
        before.push(row);
        if (row.left_out) throw new Error(row.left_out);
        Object.assign(figures, { ours_ms: median(row.ours), ort_ms: median(row.ort), gpu_ms: row.gpu.length > 0 ? median(row.gpu) : null,
            times_as_fast: median(row.ort.map((ms, i) => ms / row.ours[i])) });
    } }));
}

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row} */
export const tuningRow = (ground) => ({ name: "tuning's gain", most: 120, measure: async (figures) => {
    if (!findProgram('python3')) throw new Error('there is no python3 here, which sets the choices that are compared');
    for (const { kernel, sizes, chosen, usual, tuned } of await measureTuning(2, [BROWSER], { env: ground.environment, config: ground.config }))
        figures[`${kernel} ${sizes}`] = { chosen, usual_ms: median(usual), tuned_ms: median(tuned), times_as_fast: median(usual.map((ms, i) => ms / tuned[i])) };
} });
