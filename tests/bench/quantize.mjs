/**
 * ./dev bench quantize: what a model takes and how fast it is in fewer bits, beside its fp32 graph in one file and with its
 * weights in a file beside it, at each place: a platform of a kind of browser. The model is eight layers of 1,024 numbers, 33 MB.
 *
 * Memory is what the page's WASM memory has grown by, in a browser that has loaded nothing else, at least the files' bytes; its
 * first 16 MiB, which all share, are not in it. Times are the medians of runs on 1 row and on 32.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, names } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import * as onnx from '../lib/onnx.mjs';
import { build } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { median, table } from './figures.mjs';

const WIDTH = 1024, LAYERS = 8;
const FP32 = 'fp32, one file', APART = 'fp32, weights apart';
/** As it is called here, in the store, and in `precision`. */
const MODELS = [[FP32, 'mlp', 'fp32'], [APART, 'apart', 'fp32'], ['8 bits', 'mlp', 'int8'], ['4 bits', 'mlp', 'int4']];
const KINDS = ['chrome', 'firefox', 'edge'];
const PLACES = { 'chrome wasm': ['chrome', 'wasm'], 'chrome webgpu': ['chrome', 'webgpu'], 'firefox wasm': ['firefox', 'wasm'] };
const ROWS = [1, 32];

/** Numbers of a normal distribution, as weights of trained layers nearly are; the same each time. */
function draw(count, scale) {
    const numbers = new Float32Array(count);
    let state = 1;
    const uniform = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state + 1) / (2 ** 32 + 1);
    };
    for (let i = 0; i < count; i++) numbers[i] = scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return numbers;
}

/** Writes the model, with its weights in the graph's file or beside it. */
function put(folder, isApart) {
    const weights = Buffer.from(draw(LAYERS * WIDTH * WIDTH, Math.sqrt(2 / WIDTH)).buffer), bytes = WIDTH * WIDTH * 4;
    const layers = Array.from({ length: LAYERS }, (_, i) => i), shape = [WIDTH, WIDTH];
    const nodes = layers.flatMap((i) => [
        onnx.node('MatMul', [i ? `r${i - 1}` : 'x', `w${i}`], [`m${i}`]),
        onnx.node('Relu', [`m${i}`], [i === LAYERS - 1 ? 'y' : `r${i}`])]);
    const initializers = layers.map((i) => isApart
        ? onnx.externalTensor(`w${i}`, onnx.FLOAT, shape, { location: 'model.onnx_data', offset: i * bytes, length: bytes })
        : onnx.tensor(`w${i}`, onnx.FLOAT, shape, weights.subarray(i * bytes, (i + 1) * bytes)));
    fs.mkdirSync(folder);
    if (isApart) fs.writeFileSync(path.join(folder, 'model.onnx_data'), weights);
    fs.writeFileSync(path.join(folder, 'model.onnx'), onnx.model(onnx.graph('mlp', { nodes, initializers,
        inputs: [onnx.value('x', onnx.FLOAT, ['rows', WIDTH])], outputs: [onnx.value('y', onnx.FLOAT, ['rows', WIDTH])] })));
}

/** Has both variants made, in Chrome, once: by force, since so many layers that nobody trained lose much. */
async function makeVariants(store) {
    const daemon = await new Daemon({ logToFile: true, models: [] }).start();
    const figures = {};
    try {
        for (const name of ['mlp', 'apart']) put(path.join(daemon.store, name), name === 'apart');
        for (const [bits, variant] of [[8, 'q8'], [4, 'q4']]) {
            const { status, text } = await daemon.post('/v1/models/mlp/quantize', { bits, force: true });
            if (status !== 202) throw new Error(text);
            const end = await until(async () => (await daemon.get('/v1/models')).json.pulls
                .find(({ name, state }) => name === `mlp:${variant}` && ['done', 'failed'].includes(state)), { what: variant, timeout: 600_000 });
            if (end.state === 'failed') throw new Error(end.problem.detail);
            figures[bits] = { cosine: end.made.measured.cosine.median, cosine_webgpu: end.made.measured_webgpu?.cosine.median,
                seconds: end.seconds };
        }
        for (const one of ['mlp', 'apart', '.made']) fs.cpSync(path.join(daemon.store, one), path.join(store, one), { recursive: true });
    } finally {
        await daemon.stop();
    }
    return figures;
}

async function ask(daemon, model, precision, platform, rows) {
    const data = Array.from(draw(rows * WIDTH, 1));
    const { status, json, text } = await daemon.infer({ model_name: model, precision: precision === 'fp32' ? undefined : precision, platform,
        fallback: false, timeout_ms: 300_000, inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, WIDTH], data }] });
    if (status !== 200) throw new Error(`${model} ${precision}: ${text.slice(0, 300)}`);
    return json.performance.inference_ms;
}

/** Each model alone in a browser of its own. */
async function measure(place, store, runs) {
    const [kind, platform] = PLACES[place], rows = [];
    for (const [title, model, precision] of MODELS) {
        const others = Object.fromEntries(KINDS.map((one) => [`browser.${one}`, { max_connections: 0 }]));
        const daemon = new Daemon({ logToFile: true, config: { pool: { numerics: 'off' }, ...others, [`browser.${kind}`]: { max_connections: 1 } } });
        for (const one of ['mlp', 'apart', '.made']) fs.cpSync(path.join(store, one), path.join(daemon.store, one), { recursive: true });
        await daemon.start();
        try {
            const row = { place, model: title };
            for (const count of ROWS) {
                await ask(daemon, model, precision, platform, count);
                const times = [];
                for (let i = 0; i < runs; i++) times.push(await ask(daemon, model, precision, platform, count));
                row[`ms_${count}`] = median(times);
            }
            const [node] = (await daemon.get('/v1/nodes')).json.nodes;
            row.memory_bytes = node.models.find((one) => one.name.split(':')[0] === model)?.bytes;
            rows.push(row);
        } catch (error) {
            rows.push({ place, model: title, problem: error.message });
        } finally {
            await daemon.stop();
        }
        process.stderr.write('.');
    }
    return rows;
}

const less = (value, than) => (value && than ? `${Math.round(100 * (value / than - 1))} %` : '');

function print(rows) {
    const base = (row, title) => rows.find(({ place, model }) => place === row.place && model === title);
    console.log(table('An MLP of 33 MB', ['place', 'as', 'MB in the page', 'to one file', 'to weights apart', '1 row, ms', 'to fp32', '32 rows, ms', 'to fp32'],
        rows.map((row) => (row.problem ? [row.place, row.model, 'failed', '', '', '', '', '', ''] : [row.place, row.model, row.memory_bytes / 1e6,
            less(row.memory_bytes, base(row, FP32)?.memory_bytes), less(row.memory_bytes, base(row, APART)?.memory_bytes),
            row.ms_1, `${(row.ms_1 / base(row, FP32)?.ms_1).toFixed(2)}`, row.ms_32, `${(row.ms_32 / base(row, FP32)?.ms_32).toFixed(2)}`]))));
}

async function main() {
    const { quick, only } = commandLine('./dev bench quantize',
        'Memory and times of a model in fewer bits: a table, and build/bench/quantize.json.', {
            quick: flag('fewer runs'),
            only: names(Object.keys(PLACES), 'of the places'),
        });
    const store = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-bench-'));
    try {
        const made = await makeVariants(store), rows = [];
        for (const place of only) rows.push(...await measure(place, store, quick ? 3 : 20));
        print(rows);
        for (const { place, model, problem } of rows) if (problem) console.log(`${place}, ${model}: ${problem}`);
        console.log(JSON.stringify(made));
        fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
        fs.writeFileSync(path.join(build, 'bench/quantize.json'), JSON.stringify({ cpus: os.cpus().length, made, rows }, null, 1));
    } finally {
        fs.rmSync(store, { recursive: true });
    }
}

await main();
