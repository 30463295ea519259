/**
 * ./dev bench quantize: what a model takes and how fast it is in fewer bits, beside its fp32 graph in one file and with its
 * weights in a file beside it, at each place: a platform of a kind of browser. The model is eight layers of 1,024 numbers, 33 MB;
 * for WebNN, which takes no free size, there is one for each number of rows. And how near digits-vit in fewer bits is to itself.
 *
 * Memory is what the page's WASM memory has grown by, in a browser that has loaded nothing else, at least the files' bytes; its
 * first 16 MiB, which all share, are not in it. Times are the medians of runs on 1 row and on 32.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodePng } from '../../tools/digits/png.mjs';
import { makeRandom } from '../../tools/digits/random.mjs';
import { SIZE } from '../../tools/digits/render.mjs';
import { edge } from '../lib/browsers.mjs';
import { commandLine, flag, names } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import * as onnx from '../lib/onnx.mjs';
import { build, ownModels } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { draw } from './draw.mjs';
import { median, quantile, table } from './figures.mjs';

const WIDTH = 1024, LAYERS = 8;
const FP32 = 'fp32, one file', APART = 'fp32, weights apart';
/** As it is called here, in the store, and in `precision`. */
const MODELS = [[FP32, 'mlp', 'fp32'], [APART, 'apart', 'fp32'], ['8 bits', 'mlp', 'int8'], ['4 bits', 'mlp', 'int4']];
const KINDS = ['chrome', 'firefox', 'edge'];
const PLACES = { 'chrome wasm': ['chrome', 'wasm'], 'chrome webgpu': ['chrome', 'webgpu'], 'firefox wasm': ['firefox', 'wasm'],
    'edge webnn': ['edge', 'webnn'] };
const ROWS = [1, 32];
const VIT = 'digits-vit', PICTURES = 200;
/** Its graphs: as they are called here, the variant and the file that each is, and of which copy. All run on WASM, the one for WebGPU too. */
const VIT_GRAPHS = [['8 bits', 'q8', 'model_quantized'], ['8 bits, for WebGPU', 'q8', 'model_quantized_webgpu'], ['4 bits', 'q4', 'model_q4'],
    ['4 bits, mixed', 'q4', 'model_q4', `${VIT}-mixed`]];

/** What a model is called that has all its sizes: WebNN takes no other. */
const fixed = (model, rows) => `${model}-${rows}`;
const nameAt = (platform, model, rows) => (platform === 'webnn' ? fixed(model, rows) : model);

/** Writes the model, with its weights in the graph's file or beside it, for so many rows or any number. */
function put(folder, isApart, rows) {
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
        inputs: [onnx.value('x', onnx.FLOAT, [rows, WIDTH])], outputs: [onnx.value('y', onnx.FLOAT, [rows, WIDTH])] })));
}

/** Has a model in the daemon's store made in fewer bits. @returns {Promise<object>} what is said of the variant, and how long it took */
async function quantized(daemon, model, bits, variant, mixed = false) {
    const { status, text } = await daemon.post(`/v1/models/${model}/quantize`, { bits, mixed, force: true });
    if (status !== 202) throw new Error(text);
    const end = await until(async () => (await daemon.get('/v1/models')).json.pulls
        .find(({ name, state }) => name === `${model}:${variant}` && ['done', 'failed'].includes(state)), { what: variant, timeout: 600_000 });
    if (end.state === 'failed') throw new Error(end.problem.detail);
    return end;
}

/** Puts the models that the places want into `store`, with both variants, which are made in Chrome, once: by force, since so many
 * layers that nobody trained lose much. */
async function makeVariants(store, places) {
    const daemon = await new Daemon({ logToFile: true, models: [] }).start();
    const figures = {}, isFixed = places.map((place) => PLACES[place][1] === 'webnn');
    const rows = [...isFixed.includes(false) ? ['rows'] : [], ...isFixed.includes(true) ? ROWS : []];
    const nameOf = (model, count) => (count === 'rows' ? model : fixed(model, count));
    try {
        for (const count of rows) for (const model of ['mlp', 'apart']) put(path.join(daemon.store, nameOf(model, count)), model === 'apart', count);
        for (const count of rows)
            for (const [bits, variant] of [[8, 'q8'], [4, 'q4']]) {
                const { made, seconds } = await quantized(daemon, nameOf('mlp', count), bits, variant);
                figures[`${nameOf('mlp', count)}, ${bits} bits`] = { cosine: made.measured.cosine.median,
                    cosine_webgpu: made.measured_webgpu?.cosine.median, seconds };
            }
        fs.cpSync(daemon.store, store, { recursive: true });
    } finally {
        await daemon.stop();
    }
    return figures;
}

/** The samples of digits, each moved by at most one pixel and with noise, as its model takes them. */
function pictures() {
    const random = makeRandom(1), normalised = (grey) => (Math.min(255, Math.max(0, grey)) / 255 - 0.5) / 0.5;
    return Array.from({ length: PICTURES }, (_, i) => {
        const grey = decodePng(fs.readFileSync(path.join(ownModels, `digits/samples/${i % 10}.png`)));
        const [right, down] = [0, 0].map(() => Math.floor(random.uniform() * 3) - 1);
        const one = Float32Array.from({ length: SIZE * SIZE }, (__, at) => {
            const x = at % SIZE - right, y = Math.floor(at / SIZE) - down, isInside = x >= 0 && y >= 0 && x < SIZE && y < SIZE;
            return normalised((isInside ? grey[y * SIZE + x] : 0) + (random.uniform() - 0.5) * 32);
        });
        return Float32Array.from({ length: 3 * one.length }, (__, at) => one[at % one.length]);
    });
}

function cosine(one, other) {
    const product = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    return product(one, other) / Math.sqrt(product(one, one) * product(other, other));
}
const best = (logits) => logits.indexOf(Math.max(...logits));

/** digits-vit's logits in fewer bits against its own, on so many pictures, each asked alone. */
async function nearness() {
    const daemon = await new Daemon({ logToFile: true, models: [], config: { pool: { numerics: 'off' } } }).start();
    const nameOf = (title) => `vit-${title.replace(/\W+/g, '-')}`;
    const publish = (name, file) => {
        fs.mkdirSync(path.join(daemon.store, name));
        fs.copyFileSync(file, path.join(daemon.store, name, 'model.onnx'));
    };
    try {
        for (const model of [VIT, `${VIT}-mixed`]) fs.cpSync(path.join(ownModels, VIT), path.join(daemon.store, model), { recursive: true });
        for (const [bits, variant] of [[8, 'q8'], [4, 'q4']]) await quantized(daemon, VIT, bits, variant);
        await quantized(daemon, `${VIT}-mixed`, 4, 'q4', true);
        publish('vit', path.join(ownModels, VIT, 'onnx/model.onnx'));
        for (const [title, variant, file, model = VIT] of VIT_GRAPHS)
            publish(nameOf(title), path.join(daemon.store, '.made/_', model, variant, 'onnx', `${file}.onnx`));
        const given = pictures();
        const logits = async (model) => {
            const all = [];
            for (const picture of given) {
                const { status, json, text } = await daemon.infer({ model_name: model, browser: 'chrome', platform: 'wasm', fallback: false,
                    timeout_ms: 300_000, inputs: [{ name: 'pixel_values', datatype: 'FP32', shape: [1, 3, SIZE, SIZE], data: Array.from(picture) }] });
                if (status !== 200) throw new Error(`${model}: ${text.slice(0, 300)}`);
                all.push(json.outputs[0].data);
            }
            return all;
        };
        const wanted = await logits('vit'), found = [];
        for (const [title] of VIT_GRAPHS) {
            const got = await logits(nameOf(title)), cosines = got.map((one, i) => cosine(one, wanted[i]));
            found.push({ title, least: Math.min(...cosines), p5: quantile(cosines, 0.05), median: median(cosines),
                same: got.filter((one, i) => best(one) === best(wanted[i])).length });
        }
        return found;
    } finally {
        await daemon.stop();
    }
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
        const daemon = new Daemon({ logToFile: true, config: { pool: { numerics: 'off' }, ...others,
            [`browser.${kind}`]: kind === 'edge' ? edge() : { max_connections: 1 } } });
        fs.cpSync(store, daemon.store, { recursive: true });
        await daemon.start();
        try {
            const row = { place, model: title };
            for (const count of ROWS) {
                const name = nameAt(platform, model, count), times = [];
                await ask(daemon, name, precision, platform, count);
                for (let i = 0; i < runs; i++) times.push(await ask(daemon, name, precision, platform, count));
                row[`ms_${count}`] = median(times);
            }
            const [node] = (await daemon.get('/v1/nodes')).json.nodes;
            row.memory_bytes = node.models.find((one) => one.name.split(':')[0] === nameAt(platform, model, ROWS.at(-1)))?.bytes;
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
        'Memory and times of a model in fewer bits, and how near digits-vit stays: tables, and build/bench/quantize.json.', {
            quick: flag('fewer runs'),
            only: names([...Object.keys(PLACES), VIT], 'what to measure'),
        });
    const store = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-bench-')), places = only.filter((one) => one !== VIT);
    const result = { cpus: os.cpus().length, load: os.loadavg()[0], rows: [] };
    try {
        if (places.length > 0) result.made = await makeVariants(store, places);
        for (const place of places) result.rows.push(...await measure(place, store, quick ? 3 : 20));
        if (only.includes(VIT)) result.nearness = await nearness();
    } finally {
        fs.rmSync(store, { recursive: true });
    }
    if (places.length > 0) print(result.rows);
    for (const { place, model, problem } of result.rows) if (problem) console.log(`${place}, ${model}: ${problem}`);
    if (result.made) console.log(JSON.stringify(result.made));
    if (result.nearness)
        console.log(table(`${VIT}'s logits against those of 32 bits, on ${PICTURES} pictures`, ['as', 'least cosine', '5th percentile', 'median', 'the same label'],
            result.nearness.map(({ title, least, p5, median: middle, same }) => [title, ...[least, p5, middle].map((one) => one.toFixed(5)), `${same}`])));
    fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
    fs.writeFileSync(path.join(build, 'bench/quantize.json'), JSON.stringify(result, null, 1));
}

await main();
