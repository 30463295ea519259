/**
 * A model on WASM and on WebGPU: what loading, the first run and the others take; and of a run on WebGPU, what it asks of the
 * GPU, and whose its time is.
 */
import * as kserve from '../../lib/kserve.mjs';
import { median } from '../figures.mjs';
import { measure } from '../kernels/graphs.mjs';
import { tensors } from '../suite.mjs';
import { moveBytes, takeCounts } from './counting.mjs';
import { CASES } from './store.mjs';

const MOST_RUNS = 20;
/** What the runs of one place may take together. */
const RUNS_MS = 2000;
/** A run takes so long at the most: a software adapter may need it. */
const PATIENCE_MS = 60_000;

const runsFor = (ms) => Math.max(1, Math.min(MOST_RUNS, Math.floor(RUNS_MS / ms)));

const headOf = (browser, name, platform) => ({ model_name: name, browser, platform, fallback: false, timeout_ms: PATIENCE_MS });

/** By the page's clock, from a fresh load. Where the first run takes too long it is the only one, and says nothing of others. */
async function timeInPage(daemon, asked) {
    const { fallback, ...head } = asked, inputs = tensors(asked.model_name);
    await daemon.post(`/v1/models/${asked.model_name}/unload`, {});
    const { result: first } = await measure(daemon, { ...head, runs: 1, warmup: 0 }, inputs);
    if (first.run_ms[0] > RUNS_MS) return { load_ms: first.load_ms, first_ms: first.first_ms, run_ms: null, runs: 0 };
    const { result } = await measure(daemon, { ...head, runs: runsFor(first.run_ms[0]), warmup: 1 }, inputs);
    return { load_ms: first.load_ms, first_ms: first.first_ms, run_ms: median(result.run_ms), runs: result.run_ms.length };
}

/** By the client's clock: all of a request. */
async function timeAtClient(daemon, asked, ms) {
    const times = [], inputs = tensors(asked.model_name);
    for (let left = runsFor(ms); left > 0; left--) {
        const began = performance.now();
        await daemon.answer(asked, inputs);
        times.push(performance.now() - began);
    }
    return median(times);
}

/** Of one run, after one that loads and compiles, and one that makes the buffers that later runs use. */
export async function countRun(daemon, asked) {
    const inputs = tensors(asked.model_name);
    for (let before = 0; before < 2; before++) await daemon.answer(asked, inputs);
    await takeCounts(daemon);
    await daemon.answer(asked, inputs);
    return takeCounts(daemon);
}

/** The same, and what moving its bytes takes. */
async function countAndMove(daemon, asked) {
    const counts = await countRun(daemon, asked);
    return { ...counts, ...counts && await moveBytes(daemon, counts.bytes_written, counts.bytes_read) };
}

/** Whose a request's time is, in ms. `gpu`: by its own clock; `moving`: as many bytes there and back, measured alone; `browser`:
 * what is left of the page's time, its processes and what prepares commands; `ours`: what the client waits beside that.
 * What was not measured is null, and so is what would follow from it.
 * @param {{request_ms: number, run_ms: number | null}} timed @param {{gpu_ms?: number | null, untimed_passes?: number,
 * moving_ms?: number | null}} counted */
export function shareOut({ request_ms: request, run_ms: run }, { gpu_ms: timed = null, untimed_passes: untimed = 0, moving_ms: moving = null }) {
    const gpu = untimed > 0 ? null : timed; // else it is the time of some passes
    return { gpu, moving, browser: run === null || gpu === null || moving === null ? null : Math.max(0, run - gpu - moving),
        ours: run === null ? null : Math.max(0, request - run) };
}

/** @param {import('./ground.mjs').Ground} ground @param {string} name of a case @returns {import('./rows.mjs').Row} */
export const modelRow = (ground, name) => ({ name: `model ${name}`, most: 60, measure: async (figures) => {
    if (!CASES.includes(name)) throw new Error('the model cases are not here; WEBINFER_CASES names their folder');
    const daemon = await ground.timed();
    for (const platform of ['wasm', 'webgpu']) {
        const asked = headOf(ground.browser, name, platform), timed = await timeInPage(daemon, asked);
        figures[platform] = { ...timed, request_ms: await timeAtClient(daemon, asked, timed.run_ms ?? timed.first_ms) };
    }
    figures.speed_up = figures.wasm.request_ms / figures.webgpu.request_ms;
    const counted = ground.hasDebugger ? await countAndMove(await ground.counted(), headOf(ground.browser, name, 'webgpu')) : null;
    figures.webgpu.asked = counted;
    figures.webgpu.shares_ms = shareOut(figures.webgpu, counted ?? {});
} });

/** An echo of 100 bytes: the way there and back. @returns {import('./rows.mjs').Row} */
export const echoRow = (ground) => ({ name: 'echo of 100 B', most: 20, measure: async (figures) => {
    const daemon = await ground.timed(), times = [];
    const inputs = [{ name: 'x', datatype: 'UINT8', shape: [100], bytes: Buffer.alloc(100, 7) }];
    const { headers, body } = kserve.encode({ model_name: 'builtin/echo', parameters: { binary_data_output: true } }, inputs);
    for (let i = 0; i < 300; i++) {
        const began = performance.now(), { status, text } = await daemon.request('/v1/infer', { method: 'POST', headers, body });
        if (status !== 200) throw new Error(text);
        if (i >= 100) times.push(performance.now() - began); // V8 compiles what runs often once more
    }
    figures.request_ms = median(times);
} });
