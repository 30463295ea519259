/**
 * What one and what all WASM threads take, beside webinfer and what native onnxruntime
 * takes with as many: on an idle machine, and beside a process that keeps one core busy. Only what
 * runs is timed, in the page's own worker, not the way there and back.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import * as native from 'onnxruntime-node';
import { sharedModels } from '../lib/paths.mjs';
import { playwright } from './browsers.mjs';
import { median, shown, spread, table } from './figures.mjs';
import { tensors, wanted } from './suite.mjs';

export const names = ['vision_mnist_ms_digit7', 'text_embed_generated_h64_l2',
    'cnn_squeezenet_randw', 'light_resnet50'];

/** A process that does nothing, all the time. */
function busyProcess() {
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    return { stop: () => child.kill('SIGKILL') };
}

/** The bare page with so many threads, all models loaded. */
async function barePage(browser, url, chosen, threads) {
    const page = await browser.newPage();
    await page.goto(`${url}/ort.html`);
    await page.waitForFunction(() => document.title === 'ready');
    for (const what of wanted(chosen, threads))
        await page.evaluate((model) => window.ask('load', model), what);
    return (name, ms) => page.evaluate((what) => window.ask('run', what), { name, ms });
}

/** Native onnxruntime with so many threads. */
async function nativeRuns(chosen, threads) {
    const sessions = new Map();
    for (const name of chosen) {
        const file = path.join(sharedModels, name, 'model.onnx');
        const feeds = Object.fromEntries(tensors(name).map(({ name: input, datatype, shape, bytes }) =>
            [input, nativeTensor(datatype, shape, bytes)]));
        sessions.set(name, { feeds, session: await native.InferenceSession.create(file,
            { intraOpNumThreads: threads, interOpNumThreads: 1 }) });
    }
    return async (name, ms) => {
        const { session, feeds } = sessions.get(name);
        return timesOf(ms, async () => {
            const began = performance.now();
            await session.run(feeds);
            return performance.now() - began;
        });
    };
}

function nativeTensor(datatype, shape, bytes) {
    const Kind = { FP32: Float32Array, INT64: BigInt64Array, INT32: Int32Array, UINT8: Uint8Array }[datatype];
    const type = { FP32: 'float32', INT64: 'int64', INT32: 'int32', UINT8: 'uint8' }[datatype];
    return new native.Tensor(type, new Kind(new Uint8Array(bytes).buffer), shape);
}

/** Runs for about `ms`, at least three times. */
async function timesOf(ms, once) {
    const times = [];
    const end = performance.now() + ms;
    while (performance.now() < end || times.length < 3) times.push(await once());
    return times;
}

/** What webinfer's page says that a run took, and with how many threads. */
function webinferRuns(daemon) {
    let threads;
    const ask = async (name, inputs) => {
        const answer = await daemon.answer({ model_name: name, platform: 'wasm',
            parameters: { binary_data_output: true } }, inputs);
        threads = answer.executed_on.threads;
        return answer.performance.inference_ms;
    };
    return {
        run: (name, ms) => timesOf(ms, () => ask(name, tensors(name))),
        /** On how many the last one ran. */
        get threads() { return threads; },
    };
}

/** @returns {Promise<object[]>} a row for every model and load */
export async function measureThreads({ flags, url, daemon, chosen, threads, rounds, ms }) {
    const browser = await playwright(flags);
    try {
        const one = await barePage(browser, url, chosen, 1);
        const all = await barePage(browser, url, chosen, threads);
        const [nativeOne, nativeAll] = [await nativeRuns(chosen, 1), await nativeRuns(chosen, threads)];
        const webinfer = webinferRuns(daemon);
        const rows = [];
        for (const load of ['idle', 'busy']) {
            const busy = load === 'busy' && busyProcess();
            try {
                for (const name of chosen) {
                    const times = { one: [], all: [], webinfer: [], nativeOne: [], nativeAll: [] };
                    const who = { one, all, webinfer: webinfer.run, nativeOne, nativeAll };
                    for (let round = 0; round < rounds; round++)
                        for (const [key, run] of Object.entries(who))
                            times[key].push(median(await run(name, ms)));
                    rows.push(rowOf({ name, load, threads: webinfer.threads, times }));
                    process.stderr.write('.');
                }
            } finally {
                if (busy) busy.stop();
            }
        }
        return rows;
    } finally {
        await browser.close();
    }
}

function rowOf({ name, load, threads, times }) {
    const figures = Object.fromEntries(
        Object.entries(times).map(([key, list]) => [`${key}_ms`, spread(list)]));
    const over = times.webinfer.map((time, round) => time / Math.min(times.one[round], times.all[round]));
    return { name, load, threads, ...figures, over_better: spread(over) };
}

export const printThreads = (rows, threads) =>
    table(`WASM threads: ms of a run with one and with ${threads}, on an idle machine and beside a busy process`,
        ['model', 'machine', 'page, 1', `page, ${threads}`, 'webinfer', 'on', 'over the better',
            'native, 1', `native, ${threads}`],
        rows.map((row) => [row.name, row.load, shown(row.one_ms), shown(row.all_ms),
            shown(row.webinfer_ms), String(row.threads), row.over_better.median,
            shown(row.nativeOne_ms), shown(row.nativeAll_ms)]));
