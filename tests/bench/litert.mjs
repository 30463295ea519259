/**
 * ./dev bench litert: what another engine would be worth on the CPU. LiteRT (XNNPACK, relaxed SIMD) and onnxruntime-web run three graphs
 * of the same weights in bare pages, with one and with all threads, in Chromium and Firefox, by turns. Each run has the input's bytes
 * brought in and the output's brought out; a round counts by its fastest run, as all that disturbs it makes it slower, and by the CPU
 * that its runs took, whatever else ran beside them. Prints a table and writes build/bench/litert.json.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, flag, names, roundsOf } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { cost, descendants } from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';
import { shown, spread, table } from './figures.mjs';
import { graphs } from './litert/graphs.mjs';
import { serve } from './served.mjs';

const KINDS = { chrome: () => launch(), firefox: () => launchFirefox(findFirefox()) };
const ENGINES = { ort: 'onnx', litert: 'tflite' };
const { quick, rounds = quick ? 2 : 12, kinds, models } = commandLine('./dev bench litert',
    'LiteRT against onnxruntime-web, on the CPU: a table, and build/bench/litert.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(12, 2),
        kinds: names(Object.keys(KINDS), 'of browser'),
        models: names(Object.keys(graphs), 'of the graphs'),
    });
const MS = quick ? 200 : 400;
/** Browsers compile what runs often once more. */
const WARM_MS = 3 * MS;
/** What the guard lets one number of another platform be off (src/owners/check/compare.c, `exact`). */
const GUARD = { relative: 1e-3, ofLargest: 1e-4, smallest: 1e-6 };
const threadCounts = [...new Set([1, os.cpus().length])];

/** Writes a graph in both forms, with its input. */
function put(store, name) {
    const { inputs, ...files } = graphs[name](), folder = path.join(store, name);
    fs.mkdirSync(folder);
    for (const [form, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, `model.${form}`), content);
    for (const [form, { bytes }] of Object.entries(inputs)) fs.writeFileSync(path.join(folder, `input.${form}`), bytes);
    return Object.fromEntries(Object.entries(inputs).map(([form, { shape }]) =>
        [form, [{ name: 'x', dtype: 'float32', shape, file: `input.${form}` }]]));
}

/** A bare page with one engine, on so many threads. */
async function open(browser, url, engine, threads) {
    const problems = [], { tab } = await browser.openTab(problems);
    const evaluate = async (expression) => JSON.parse(await tab.evaluate(`Promise.resolve(${expression}).then(JSON.stringify)`));
    await tab.goto(`${url}/${engine}.html`);
    await until(() => evaluate('document.title === "ready"'), { what: `a page with ${engine}` });
    const ask = (verb, argument = null) => evaluate(`window.ask(${JSON.stringify(verb)}, ${JSON.stringify(argument)}).then((value) => value ?? null)`);
    return { engine, threads, ask };
}

/** The largest error, in what the guard allows. */
function errorOf(reference, got) {
    assert.equal(got.length, reference.length);
    const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return reference.reduce((worst, value, i) => Math.max(worst, Math.abs(got[i] - value) /
        Math.max(GUARD.smallest, GUARD.relative * Math.abs(value) + GUARD.ofLargest * largest)), 0);
}

/** Loads the graph everywhere; all have to give the same, or the bench ends. */
async function prepare(pages, name, inputs) {
    let reference, worst = 0;
    for (const { engine, threads, ask } of pages) {
        await ask('load', { name, threads, inputs: inputs[ENGINES[engine]] });
        const [output] = await ask('answer', { name });
        reference ??= output;
        const error = errorOf(reference, output);
        assert.ok(error <= 1, `${name} by ${engine} on ${threads} threads is ${error} times as far off as the guard allows`);
        worst = Math.max(worst, error);
        await ask('run', { name, ms: WARM_MS });
    }
    return worst;
}

/** Seconds of CPU that the browser has taken: all that this process started. */
const browserSeconds = () => descendants(process.pid).reduce((sum, { pid }) => sum + cost(pid).cpuSeconds, 0);

/** One round of a page: its fastest run in ms, how many there were, and the CPU of all, in ms. */
async function roundOf({ ask }, name) {
    const before = browserSeconds(), times = await ask('run', { name, ms: MS });
    return { ms: Math.min(...times), runs: times.length, cpu: (browserSeconds() - before) * 1000 };
}

/** All pages by turns, in an order that turns round, and each round's ratios. */
async function measure(kind, pages, name, inputs) {
    const error = await prepare(pages, name, inputs), load = os.loadavg()[0];
    const found = new Map(pages.map((page) => [page, []]));
    for (let round = 0; round < rounds; round++)
        for (const page of round % 2 ? [...pages].reverse() : pages) found.get(page).push(await roundOf(page, name));
    process.stderr.write('.');
    return threadCounts.map((threads) => {
        const [ort, litert] = Object.keys(ENGINES).map((engine) => found.get(pages.find((page) => page.engine === engine && page.threads === threads)));
        const fastest = (list) => spread(list.map(({ ms }) => ms));
        const sum = (list, key) => list.reduce((all, one) => all + one[key], 0), cpu = (list) => sum(list, 'cpu') / sum(list, 'runs');
        return { kind, name, threads, error, load, ort_ms: fastest(ort), litert_ms: fastest(litert),
            faster: spread(ort.map(({ ms }, round) => ms / litert[round].ms)), ort_cpu_ms: cpu(ort), litert_cpu_ms: cpu(litert) };
    });
}

async function measureKind(kind, url, inputsOf) {
    const browser = await KINDS[kind](), pages = [], rows = [];
    try {
        for (const threads of threadCounts) for (const engine of Object.keys(ENGINES)) pages.push(await open(browser, url, engine, threads));
        for (const [name, inputs] of Object.entries(inputsOf)) rows.push(...await measure(kind, pages, name, inputs));
        const builds = await Promise.all(pages.map(async ({ ask }) => (await ask('files')).find((file) => file.endsWith('.wasm'))?.split('/').at(-1)));
        return { rows, builds };
    } finally {
        await browser.close();
    }
}

const store = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-'))), results = {};
const server = await serve([store]);
try {
    const inputsOf = Object.fromEntries(models.map((name) => [name, put(store, name)]));
    for (const kind of kinds) results[kind] = await measureKind(kind, server.url, inputsOf);
} finally {
    server.close();
    clear(store);
}
process.stderr.write('\n');
const rows = Object.values(results).flatMap((one) => one.rows);
process.stdout.write(table('LiteRT against onnxruntime-web: ms of a run, median of the rounds (spread)',
    ['browser', 'graph', 'threads', 'onnxruntime-web', 'LiteRT', 'times as fast', 'best over best', 'CPU of a run', 'its', 'CPU over CPU', 'error by the guard', 'load'],
    rows.map((row) => [row.kind, row.name, String(row.threads), shown(row.ort_ms), shown(row.litert_ms), shown(row.faster),
        row.ort_ms.min / row.litert_ms.min, row.ort_cpu_ms, row.litert_cpu_ms, row.ort_cpu_ms / row.litert_cpu_ms, row.error, row.load.toFixed(1)])));
for (const [kind, { builds }] of Object.entries(results)) process.stdout.write(`${kind}: ${builds.join(', ')}\n`);
const file = path.join(build, 'bench/litert.json');
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, JSON.stringify({ when: new Date().toISOString(), cpus: os.cpus().length, cpu: os.cpus()[0]?.model, rounds, results }, null, 1));
process.stdout.write(`All figures: ${file}\n`);
process.exit(0);
