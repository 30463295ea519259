// tier: full
/**
 * webinfer bench: outcomes, answers and errors are what a client of the test's own gets; what is wrong, falls back or dies is
 * found; what is killed goes on, each cell once. No test asserts how long anything takes.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { edge, safari } from '../../lib/browsers.mjs';
import { difference } from '../../lib/cases.mjs';
import { webinfer } from '../../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../../lib/daemon.mjs';
import { differences, withExports } from '../../lib/duckdb.mjs';
import { capabilities, FakeNode } from '../../lib/fake-node.mjs';
import { FakeDriver } from '../../lib/fake-session.mjs';
import { rightModel } from '../../lib/kernel-models.mjs';
import { decode, pack } from '../../lib/kserve.mjs';
import { exported } from '../../lib/lab-schema.mjs';
import { cliPath, ownModels, root } from '../../lib/paths.mjs';
import * as processes from '../../lib/processes.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../../lib/tokens.mjs';
import { until } from '../../lib/wait.mjs';
import { embedder, perToken } from '../../page/support/folders.mjs';

const people = { root: 'admin', bob: 'user' };
const tokens = tokensOf(people);

/** @type {Daemon} with real browsers */
let daemon;
/** @type {Promise<any>} what came of a run whose daemon went away */
let lost;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['digits', 'finch'], config: {
        pool: { max_connections: 4 }, 'browser.firefox': { max_connections: 1 }, 'browser.safari': safari(), 'browser.edge': edge(),
    } }).start();
    lost = loseDaemon().catch((error) => error); // it takes half a minute, beside the others
});
after(async () => {
    await lost;
    await daemon.stop();
});

/** The id of the run that a command speaks of. @param {string} text */
const runIn = (text) => /run-[0-9a-f]{16}/.exec(text)?.[0] ?? assert.fail(`no run in: ${text}`);
/** What `webinfer bench` prints and what is kept of it. */
async function bench(words, { from = daemon, ...options } = {}) {
    const { code, out, problems } = await webinfer(from, ['bench', ...words], { timeout: 400_000, ...options });
    const id = runIn(problems);
    return { code, out, problems, run: (await from.get(`/v1/results/${id}`, options.as)).json };
}
const nameOf = ({ model, browser, platform, threads, optimization, clock, yardstick, batch, concurrency }) =>
    [model, `${browser ?? '-'}/${platform}`, threads ?? '-', optimization ?? '-', clock, yardstick ?? '-', batch, concurrency].join(' ');
/** Whether each cell is there once, and the run has ended. */
function assertWhole(run, count) {
    assert.equal(new Set(run.cells.map(nameOf)).size, run.cells.length, 'a cell is there twice');
    assert.deepEqual(run.cells.map(({ index }) => index), run.cells.map((_, index) => index));
    if (count) assert.equal(run.cells.length, count);
    assert.ok(run.ended_at >= run.began_at);
}

/** In order, and equal where only rounding differs. @param {number[]} numbers */
const rounded = (numbers) => numbers.map((one) => one.toPrecision(9)).sort();

/** Whether no cell was run, but for the first, which may just have been begun in time. */
function assertNotRun({ cells }) {
    assert.deepEqual(cells.map(({ outcome, yardstick }) => (yardstick === 'before' ? 'not run' : outcome)), Array(4).fill('not run'));
}

/* --- real browsers ----------------------------------------------------------------------------- */

/** model → browser → platform → what comes of it there. */
const EXPECTED = {
    digits: {
        chrome: { wasm: 'ok', webgpu: 'ok', webnn: 'absent' },
        edge: { wasm: 'ok', webgpu: 'ok', webnn: 'unsupported' },
        firefox: { wasm: 'ok', webgpu: 'ok', webnn: 'absent' },
        safari: { wasm: 'ok', webgpu: 'absent', webnn: 'absent' },
    },
    'builtin/mlp': {
        chrome: { wasm: 'ok', webgpu: 'ok', webnn: 'unsupported', webgl: 'ok' },
        edge: { wasm: 'ok', webgpu: 'ok', webnn: 'unsupported', webgl: 'ok' },
        firefox: { wasm: 'ok', webgpu: 'ok', webnn: 'unsupported', webgl: 'absent' },
        safari: { wasm: 'ok', webgpu: 'absent', webnn: 'unsupported', webgl: 'ok' },
    },
};
const PLACES = Object.entries(EXPECTED).flatMap(([model, browsers]) => Object.entries(browsers).flatMap(([browser, platforms]) =>
    Object.entries(platforms).map(([platform, outcome]) => ({ model, browser, platform, outcome }))));
/** What the guard allows of FP32. */
const TOLERANCE = { rtol: 1e-3, atol: 1e-4 };

/** What a client of the test's own gets of a model at a place, and with the hash by its definition in webinfer-api(7). */
async function askAt({ model, browser, platform }, sample) {
    const answer = await daemon.infer({ ...sample, model_name: model, browser, platform, fallback: false, parameters: { binary_data_output: true } });
    if (answer.status !== 200) return { problem: answer.json };
    const { outputs, result } = decode(answer), hash = createHash('sha256');
    for (const { name, datatype, shape, values } of outputs) hash.update(`${name}\0${datatype}\0${shape}\0`).update(pack(datatype, values));
    if (result) hash.update(JSON.stringify(result));
    return { outputs, hash: hash.digest('hex') };
}

/** What its cells are to come to by what is right, by the table and by what a client got there. */
function checkPlace({ model, browser, platform, outcome }, cells, got, right) {
    const where = `${model} ${browser}/${platform}`;
    assert.deepEqual(cells.map((cell) => cell.outcome), Array(cells.length).fill(outcome), where);
    assert.ok(cells.length > 0, where);
    if (outcome !== 'ok') {
        const { code, detail } = got.problem;
        assert.equal(code, 'platform_unsupported', `${where}: ${detail}`);
        // Which engine does not compute there is told to clients by its name, and in a table of places without.
        for (const { reason } of cells) assert.ok(`${code}: ${detail}`.includes(reason) || (/the engine/.test(reason) && /the engine kernels/.test(detail)), `${where}: ${reason}: ${detail}`);
        return;
    }
    assert.deepEqual(cells.map(({ clock }) => clock), ['page', 'client'], where);
    assert.deepEqual(got.outputs.map((output, i) => difference(output, right[i], TOLERANCE)), right.map(() => null), where);
    for (const { samples_ms: samples, rss_bytes: resident, error_ratio: error, output_hash: hash = got.hash, flags } of cells) {
        assert.ok(samples.length >= 5 && samples.every((ms) => ms > 0), `${where}: ${samples}`);
        assert.ok(resident > 0 && error <= 1, where);
        assert.equal(flags.some((flag) => flag.startsWith('--headless')), browser !== 'safari', `${where}: ${flags}`); // safari has a display instead
        if (model === 'digits') assert.equal(hash, got.hash, where); // kernels of our own may be tuned meanwhile, which moves bits
    }
}

/** What is printed of the run: a row for each place, which fit 100 columns, and a sentence for each model. @param {string} out */
function checkAnswer(out) {
    for (const line of out.split('\n')) assert.ok([...line].length <= 100, line);
    for (const { model, browser, platform, outcome } of PLACES) {
        const table = out.split('\n\n').find((part) => part.startsWith(`${model} (`)) ?? '';
        assert.match(table, new RegExp(`^${browser}/${platform}(?: fp32)? +${outcome}(?: \\*)? `, 'm'), `${model} ${table}`);
    }
    const said = out.replaceAll(/\s+/g, ' ');
    assert.match(said, / digits runs in (?:(?:Chromium|Edge|Firefox|WebKit) [\d]+(?:, | and )?){4}; fastest: \w+\/\w+, [\d.]+ ms; WebGPU is [^;]+; [^.]*no WebNN/);
}

test('each place of each browser has its outcome, its answer or error is what a client gets there, and what the service chose is compared', { timeout: 400_000 }, async () => {
    const { code, out, problems, run } = await bench(['digits', 'builtin/mlp', '--runs', '5', '--threads', '1']);
    assert.equal(code, 0, out + problems);
    assertWhole(run);
    assert.match(run.webinfer.commit ?? 'not-built-by-git', /^(?:[0-9a-f]{12,}(?:-dirty)?|not-built-by-git)$/);
    await exported(daemon, run.id);
    checkAnswer(out);
    const measured = run.cells.filter(({ yardstick }) => !yardstick);
    for (const model of Object.keys(EXPECTED)) {
        const { json: { inputs } } = await daemon.post(`/v1/models/${model}/sample`, {});
        const places = PLACES.filter((place) => place.model === model);
        const got = await Promise.all(places.map((place) => askAt(place, { inputs })));
        const [{ shape, data }] = inputs, [first] = got[0].outputs;
        const { values } = model === 'digits' ? first : rightModel.mlp({ shape, values: data });
        const right = [{ ...first, bytes: pack(first.datatype, values) }];
        places.forEach((place, i) => checkPlace(place, measured.filter((cell) =>
            cell.model === model && cell.browser === place.browser && cell.platform === place.platform), got[i], right));
        // `auto` names no browser; it is compared with one of the cells by the client's clock.
        const chosen = measured.find((cell) => cell.model === model && cell.platform === 'auto');
        assert.match(chosen.reason, /^chose (chrome|edge|firefox|safari)\/(wasm|webgpu|webnn|webgl)/);
        const { clock, outcome, platform } = run.cells[chosen.baseline];
        assert.deepEqual([clock, outcome, platform === 'auto'], ['client', 'ok', false]);
    }
    // By both clocks where there is an answer; what cannot be is known before, but for what only a run shows.
    assert.equal(measured.length, PLACES.reduce((sum, { outcome }) => sum + (outcome === 'ok' ? 2 : 1), 0) + ['edge/webnn by the client', 'auto', 'auto'].length);
    for (const browser of Object.keys(EXPECTED.digits)) {
        const yardsticks = run.cells.filter((cell) => cell.yardstick && cell.browser === browser);
        assert.deepEqual(yardsticks.map(({ yardstick, outcome }) => [yardstick, outcome]), [['before', 'ok'], ['between', 'ok'], ['after', 'ok']]);
        // Samples beside which something else was computed are thrown away; those of the last round are not made up for.
        for (const { yardstick, disturbed, samples_ms: { length } } of yardsticks)
            assert.ok(length <= 20 && length >= 20 - disturbed, `${browser} ${yardstick}: ${length} samples, ${disturbed} disturbed`);
    }
});

/** Writes what `webinfer results export` prints of a run into a folder. @returns its cells with medians and speed-ups */
async function exportInto(folder, id) {
    fs.writeFileSync(path.join(folder, `${id}.ndjson`), (await webinfer(daemon, ['results', 'export', id])).out);
    return (await webinfer(daemon, ['results', 'export', id, '--format', 'json'])).json.cells.map((cell) => ({ ...cell, run: id }));
}

test('DuckDB finds the medians, speed-ups and regressions of real runs that webinfer finds', async () => {
    const folder = fs.mkdtempSync(path.join(daemon.folder, 'duck-'));
    const ids = [];
    for (const runs of ['5', '6']) ids.push((await bench(['builtin/mlp', '--runs', runs, '--browser', 'chrome', '--platform', 'wasm,webgl'])).run.id);
    const cells = (await Promise.all(ids.map((id) => exportInto(folder, id)))).flat();
    const compared = (await webinfer(daemon, ['results', 'compare', ...ids, '--json'])).json.cells.map(({ ratio }) => ratio.value);
    await withExports(folder, async (ask) => {
        assert.deepEqual(await differences(ask, cells), []);
        const ratios = (await ask('SELECT ratio FROM history WHERE ratio IS NOT NULL')).map(({ ratio }) => ratio);
        assert.deepEqual(rounded(ratios), rounded(compared));
        assert.deepEqual(rounded((await ask('SELECT ratio FROM regressions')).map(({ ratio }) => ratio)), rounded(compared.filter((ratio) => ratio > 1.1)));
        assert.equal(ratios.length, 5); // WASM on one thread, on all, and WebGL by the page's clock, and both by the client's
    });
});

test('batches, several at a time, a graph as it is and a file of inputs', async () => {
    const inputs = path.join(daemon.folder, 'inputs.json');
    fs.writeFileSync(inputs, JSON.stringify([{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], data: Array(784).fill(0.5) }]));
    const { code, out, problems, run } = await bench(['digits', '--runs', '4', '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--batch', '1,3',
        '--concurrency', '1,4', '--optimization', 'none,all', '--input', inputs, '--name', 'a run', '--seed', '7', '--verbose']);
    assert.equal(code, 0, out);
    assert.match(problems, /digits chrome\/wasm threads=1 optimization=none page: POST \/v1\/benchmark: 200, load [\d.]+ ms, first [\d.]+, \d+ disturbed, runs:( [\d.e+]+){2,}/);
    assert.match(problems, /digits chrome\/wasm concurrency=4 client: POST \/v1\/infer: 200, [\d.e+]+ ms/);
    assert.deepEqual([run.name, run.seed], ['a run', 7]);
    const cells = run.cells.filter(({ yardstick }) => !yardstick);
    assert.deepEqual(cells.map(({ clock, optimization, batch, concurrency, outcome }) => [clock, optimization, batch, concurrency, outcome]),
        [1, 3].flatMap((batch) => [['page', 'none', batch, 1, 'ok'], ['page', 'all', batch, 1, 'ok'], ['client', undefined, batch, 1, 'ok'],
            ['client', undefined, batch, 4, 'ok']]));
    // What fusion brings is said of the graph as it is.
    const plain = cells.filter(({ optimization }) => optimization === 'none');
    for (const { baseline } of plain) assert.equal(cells.find(({ index }) => index === baseline).optimization, 'all');
    for (const { load_ms: load, first_ms: first } of cells) assert.ok(load > 0 && first > 0, JSON.stringify(cells));
});

test('a model that writes has its tokens told, for each number of requests at a time', async () => {
    const { code, out, run } = await bench(['finch', '--runs', '2', '--browser', 'chrome', '--platform', 'wasm', '--concurrency', '1,2', '--test-type', 'client']);
    assert.equal(code, 0, out);
    const cells = run.cells.filter(({ yardstick }) => !yardstick);
    assert.deepEqual(cells.map(({ clock, concurrency, outcome }) => [clock, concurrency, outcome]), [['client', 1, 'ok'], ['client', 2, 'ok']]);
    for (const { text, samples_ms: samples } of cells) {
        assert.deepEqual(Object.keys(text).sort(), ['all_per_s', 'first_p50_ms', 'first_p90_ms', 'generated_per_s', 'prompt_per_s', 'prompt_tokens', 'token_ms', 'tokens']);
        assert.ok(text.prompt_tokens > 10 && text.tokens > 1 && text.tokens <= 16, JSON.stringify(text));
        assert.ok(text.first_p50_ms <= text.first_p90_ms && text.first_p90_ms <= Math.max(...samples) + 1, JSON.stringify({ text, samples }));
        assert.ok(Math.abs(text.token_ms * text.generated_per_s - 1000) < 1e-6);
    }
    await exported(daemon, run.id);
    assert.match(out, /PROMPT\/S +FIRST +P90 +MS\/TOKEN +TOKENS\/S +OF ALL/);
});

test('a variant in which one weight was changed is shown as inexact, beside the whole one', async () => {
    // Its output is the mean of the rows of its tokens; of one row, the last number has another sign.
    const changed = perToken('last_hidden_state', { '[CLS]': [1, 0, 0], '[SEP]': [0, 1, 0], good: [3, 0, -4] });
    for (const [name, content] of Object.entries(embedder({ 'onnx/model_quantized.onnx': new Uint8Array(changed) }))) {
        fs.mkdirSync(path.dirname(path.join(daemon.store, 'planted', name)), { recursive: true });
        fs.writeFileSync(path.join(daemon.store, 'planted', name), content);
    }
    const input = path.join(daemon.folder, 'good.json');
    fs.writeFileSync(input, JSON.stringify({ inputs: ['good'] }));
    const { code, out, run } = await bench(['planted', '--browser', 'chrome', '--platform', 'wasm', '--precision', 'fp32,int8', '--test-type', 'client', '--runs', '5', '--input', input]);
    assert.equal(code, 1, out);
    const cells = run.cells.filter(({ yardstick }) => !yardstick);
    assert.deepEqual(cells.map(({ precision, outcome }) => [precision, outcome]), [['fp32', 'ok'], ['q8', 'inexact']]);
    assert.ok(cells[0].error_ratio < 0.01 && cells[1].error_ratio > 10, JSON.stringify(cells));
    assert.match(out, /^chrome\/wasm fp32 +ok .*\nchrome\/wasm q8 +inexact /m);
    assert.match(out.replaceAll(/\s+/g, ' '), / planted runs in Chromium \d+; fastest: chrome\/wasm fp32, [\d.]+ ms; chrome\/wasm q8 answers wrongly by [\d.e+]+ times the allowed error/);
});

test('a file is sent, measured and removed, and what there is no time for is there as not run', async () => {
    const words = [path.join(ownModels, 'digits/model.onnx'), '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--test-type', 'page'];
    const { code, out, run } = await bench([...words, '--runs', '1']);
    assert.equal(code, 0, out);
    assert.deepEqual([run.name, run.cells[0].model], ['model.onnx', 'model.onnx']);
    assert.match(out, /^model\.onnx \(times in ms[^]*^model\.onnx runs in Chromium \d+; fastest: chrome\/wasm/m);
    assert.doesNotMatch(out, /bench\//);
    assert.deepEqual((await daemon.get('/v1/models')).json.models.filter(({ name }) => name.startsWith('bench/')), []);
    const page = path.join(daemon.folder, 'file.html'), history = await webinfer(daemon, ['results', 'history', 'model.onnx']);
    assert.equal((await webinfer(daemon, ['results', 'show', run.id, '--html', page])).code, 0);
    assert.match(fs.readFileSync(page, 'utf8'), /<h2>model\.onnx<\/h2><p>model\.onnx runs in Chromium/);
    assert.match((await webinfer(daemon, ['results', 'show', run.id, '--markdown', '-'])).out, /model\.onnx chrome\/wasm/);
    assert.match(history.out, /chrome\/wasm/, history.problems);
    const none = await bench([...words, '--time', '1ms']);
    assert.equal(none.code, 1, none.problems);
    assert.match(none.out, /^chrome\/wasm: not run: the time of --time was up; webinfer bench --resume/m);
    assert.match(none.out, /^model\.onnx runs nowhere here; Chromium: not tried on WASM\.\n$/m);
    assertNotRun(none.run);
});

test('compared with an earlier run, the document is that of the run, and all other reports are those of the comparison', async () => {
    const words = ['builtin/mlp', '--runs', '4', '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--test-type', 'page'];
    const html = path.join(daemon.folder, 'gate.html');
    await bench(words);
    const { out } = await bench([...words, '--against', 'latest', '--html', html, '--markdown', '-']);
    assert.match(fs.readFileSync(html, 'utf8'), /<h2>builtin\/mlp<\/h2><p>builtin\/mlp runs in Chromium /);
    assert.equal(out.match(/^## .*/gm).length, 1, out);
    assert.match(out, /^## (?:No regression|Regression|It cannot be told)/);
});

test('a daemon of its own measures a file and ends also when the command is killed; its run outlives it, so that what is left is measured by the next; one that ends by itself is told of', async () => {
    const home = fs.mkdtempSync(path.join(daemon.folder, 'own-'));
    const options = { env: { WEBINFER_URL: 'http://127.0.0.1:9', HOME: home }, timeout: 400_000 };
    const words = [path.join(ownModels, 'digits/model.onnx'), '--start', '--runs', '1', '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--test-type', 'page', '--json'];
    const first = spawn(cliPath, ['bench', ...words], { env: { PATH: process.env.PATH, TMPDIR: home, ...options.env } });
    let said = '';
    first.stderr.on('data', (text) => (said += text));
    await until(() => said.includes('yardstick=before: ok'), { what: 'the first cell', timeout: 60_000 * patience });
    first.kill('SIGKILL');
    await until(() => processes.mentioning(home).length === 0, { what: 'the end of its daemon and of the browser', timeout: 30_000 * patience });
    assert.deepEqual(fs.readdirSync(home), ['.local'], 'what it keeps is all that is left');
    const { code, json, problems } = await webinfer(daemon, ['bench', ...words, '--resume', runIn(said)], options);
    assert.equal(code, 0, problems);
    assert.deepEqual([json.id, ...json.cells.map(({ outcome }) => outcome)], [runIn(said), ...Array(4).fill('ok')]);
    assert.match(json.answers[0].sentence, /^model\.onnx runs in Chromium \d+; fastest: chrome\/wasm, [\d.]+ ms\.$/);
    assert.deepEqual(json.answers[0].rows.map(({ browser, platform, outcome }) => [browser, platform, outcome]), [['chrome', 'wasm', 'ok']]);
    assertWhole(json, 4);
    // It is not waited for.
    const dying = webinfer(daemon, ['bench', ...words], { ...options, env: { ...options.env, TMPDIR: home } });
    const driver = await until(() => processes.mentioning(home).find((one) => processes.role(one) === 'driver'), { what: 'a browser of its daemon', timeout: 60_000 * patience });
    process.kill(processes.mentioning(home).find(({ command }) => command.includes('--private')).pid, 'SIGKILL');
    const died = await dying;
    assert.equal(died.code, 3, died.problems);
    // Whatever was under way: its model may have been on its way to it.
    assert.match(died.problems, /webinferd has ended by itself, by signal 9; the last that it said:\n./);
    await until(() => !processes.alive(driver.pid), { what: 'the end of the browser' });
});

test('the end of a daemon of its own is told of also where its last connection closes before it has ended', async () => {
    const folder = fs.mkdtempSync(path.join(daemon.folder, 'closing-'));
    const program = path.join(folder, 'webinfer');
    // webinfer starts webinfer-bench from its own folder, and that starts webinferd from there.
    fs.copyFileSync(cliPath, program);
    fs.copyFileSync(path.join(path.dirname(cliPath), 'webinfer-bench'), path.join(folder, 'webinfer-bench'));
    fs.writeFileSync(path.join(folder, 'webinferd'), `#!/usr/bin/env node
        const server = require('node:http').createServer(({ socket }) => {
            console.error('the connection is closed');
            socket.destroy();
            setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
        }).listen(0, '127.0.0.1', () => console.log(JSON.stringify({ api: 'http://127.0.0.1:' + server.address().port })));
    `, { mode: 0o755 });
    const { code, problems } = await webinfer(daemon, ['bench', 'any/model', '--start'], { program });
    assert.equal(code, 3, problems);
    assert.match(problems, /Empty reply from server[^]*webinferd has ended by itself, by signal 9; the last that it said:\nthe connection is closed\n/);
});

test('^C ends it after what is under way, and what is left is measured later, each cell once', { timeout: 400_000 }, async () => {
    const words = ['builtin/mlp', '--runs', '4', '--browser', 'chrome', '--platform', 'both', '--threads', '1'];
    const first = spawn(cliPath, ['bench', ...words], { env: { PATH: process.env.PATH, WEBINFER_URL: daemon.url, HOME: daemon.folder } });
    let said = '';
    first.stderr.on('data', (text) => (said += text));
    await until(() => said.includes('yardstick=before: ok'), { what: 'the first cell' });
    first.kill('SIGINT');
    assert.equal(await new Promise((resolve) => first.on('close', resolve)), 1, said);
    const id = runIn(said);
    assert.match(said, new RegExp(`webinfer bench --resume ${id} --runs 4 --browser chrome --platform both --threads 1 builtin/mlp`));
    const left = (await daemon.get(`/v1/results/${id}`)).json;
    assert.equal(left.ended_at, undefined);
    assert.equal(left.cells.length, 7);
    assert.ok(left.cells.filter(({ outcome, samples_ms: samples, reason }) => outcome === 'not run' && samples.length === 0 && reason).length > 2, JSON.stringify(left.cells));
    const { code, run } = await bench([...words, '--resume', id]);
    assert.deepEqual([code, run.id], [0, id]);
    assertWhole(run, 7);
    assert.ok(run.cells.every(({ outcome }) => outcome === 'ok'), JSON.stringify(run.cells));
});

test('ten million samples are no run', async () => {
    const file = path.join(daemon.folder, 'many.json');
    fs.writeFileSync(file, `{"version":1,"id":"run-many","name":"many","began_at":1,"cells":[{"model":"m","platform":"wasm","outcome":"ok","samples_ms":[${'1,'.repeat(9_999_999)}1]}]}`);
    const { code, problems } = await webinfer(daemon, ['results', 'import', file]);
    fs.rmSync(file);
    assert.equal(code, 2, problems);
    assert.match(problems, /cells\[0\]\.samples_ms has 10000000 elements[^]*expected: 0 to 1000 elements/);
});

test('bad input is refused before anything is measured', async () => {
    const file = path.join(daemon.folder, 'no-model');
    fs.writeFileSync(file, 'nothing');
    const before = (await daemon.get('/v1/results?limit=1')).json.results[0]?.id;
    for (const [words, exit, said] of [
        [['nosuch'], 1, /model_not_found[^]*allowed: .*digits/],
        [['digits', '--browser', 'lynx'], 1, /"lynx"[^]*allowed: chrome, edge, firefox, safari/],
        [['digits', '--platform', 'cuda'], 2, /--platform is all, both .*webgl, native and simulated, not "cuda"/],
        [[file], 2, /no-model/],
        [[`${file}-either`], 2, /No such file/],
        [['digits', '--browser', 'safari', '--platform', 'webgpu,webnn'], 2,
            /no cell is left[^]*safari\/webgpu page: absent: navigator.gpu is missing[^]*safari\/webnn page: absent: navigator.ml/],
        [['digits', '--runs', '0'], 2, /--runs takes numbers from 1 to 1000, not "0"/],
        [['digits', '--runs', '1001'], 2, /--runs/],
        [['digits', '--batch', '1,x'], 2, /--batch takes numbers from 1 to 1024, not "x"/],
        [['digits', '--concurrency', '65'], 2, /--concurrency takes numbers from 1 to 64/],
        [['digits', '--cell-time', '0s'], 2, /--cell-time is a duration/],
        [['digits', '--threads', '2'], 2, /--threads is 1, all/],
        [['digits', '--optimization', 'some'], 2, /--optimization is none, all/],
        [['digits', '--test-type', 'gpu'], 2, /--test-type is page, client/],
        [['digits', '--resume', 'run-of-nobody'], 1, /there is no run run-of-nobody/],
        [['digits', '--input', file], 2, /--input is the file of a JSON document/],
        [['digits', '--against', 'http://127.0.0.1:1'], 3, /no answer from http:\/\/127.0.0.1:1/],
        [['digits', '--against', daemon.url, '--resume', 'run-a'], 2, /cannot be resumed/],
        [['digits', '--against', 'latest', '--fail-on-regression', 'much'], 2, /--fail-on-regression much is not a percentage/],
        [['digits', '--fail-on-regression', '10%'], 2, /--fail-on-regression compares nothing without --against/],
    ]) {
        const { code, problems } = await webinfer(daemon, ['bench', ...words]);
        assert.equal(code, exit, `${words}: ${problems}`);
        assert.match(problems, said);
    }
    assert.equal((await daemon.get('/v1/results?limit=1')).json.results[0]?.id, before);
    // What a daemon of its own would keep runs in.
    const kept = path.join(daemon.folder, 'damaged/.local/state/webinfer/bench');
    fs.mkdirSync(kept, { recursive: true });
    fs.writeFileSync(path.join(kept, 'webinfer.db'), 'not a database, but long enough to be one'.repeat(99));
    const { code, problems } = await webinfer(daemon, ['bench', 'digits', '--start'], { env: { HOME: path.join(daemon.folder, 'damaged') } });
    assert.equal(code, 3, problems);
    assert.match(problems, /webinferd did not start: .*bench\/webinfer\.db: it is damaged: .*move it away/);
});

/* --- nodes that are scripted ------------------------------------------------------------------- */

/** A browser of ours that doubles what it is given: right on wasm, by 1 % wrong on webgpu. On webnn a chrome dies, and an edge
 * falls back in secret. If two run at a time, the first that is measured on wasm with one thread waits until another is, too. */
class Scripted extends FakeNode {
    /** @param {Scripted[]} nodes all that there are; @param {boolean} dies whatever it is given to compute; @param {number} slots how
     * many run at a time */
    constructor(url, kind, nodes, dies, slots) {
        super(url);
        this.kind = kind;
        this.nodes = nodes;
        this.dies = dies;
        this.capabilities = { ...capabilities, cores: 4, browser: { name: kind, version: '1.0' }, task_types: ['inference', 'benchmark'], platforms: {
            ...capabilities.platforms, webnn: { available: true },
            webgpu: { available: true, adapter: { vendor: 'acme', architecture: '', description: '', is_fallback: false } } } };
        this.onTask = async (task) => {
            this.isTimed = task.message.data.benchmark?.threads === 1;
            this.hasTimed ||= this.isTimed;
            if (this.isTimed && !this.dies && slots > 1) await until(() => this.nodes.filter(({ hasTimed }) => hasTimed).length > 1, { what: 'another that is measured' });
            this.#run(task);
        };
    }

    #run(task) {
        const { message: { data, model }, tensors } = task;
        const [platform] = data.platforms, runs = data.benchmark?.runs;
        if (this.dies ? tensors.length > 0 : platform === 'webnn' && this.kind === 'chrome') return void this.socket.terminate();
        const outputs = tensors.map(({ name, datatype, shape, bytes }) => ({ name: name === 'x' ? 'y' : name, datatype, shape, bytes: Buffer.from(bytes) }));
        for (const { name, bytes } of outputs)
            for (let at = 0; name === 'y' && at < bytes.length; at += 4) bytes.writeFloatLE(bytes.readFloatLE(at) * (platform === 'webgpu' ? 2.02 : 2), at);
        return void this.respond(task, { outputs, data: {
            executed_on: { platform: platform === 'webnn' ? 'wasm' : platform, engine: 'ort', precision: 'fp32', adapter: null, fallbacks: [],
                simulated: false },
            ...runs && { result: { first_ms: 5, run_ms: Array(runs).fill(5), gpu_ms: null, load_ms: 0, threads: null, repeats: 1, clock_ms: 0.1,
                disturbed: [], output_hash: 'ab'.repeat(32), model } } } });
    }
}

/** A daemon whose browsers are scripted nodes, for as long as `use` takes. */
async function withScripted(use, { dies = false, slots = 2 } = {}) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-'));
    const drivers = ['chrome', 'edge'].map((kind) => /** @type {const} */ ([kind, new FakeDriver(path.join(folder, kind))]));
    const own = new Daemon({ models: ['twice'], config: { bridge: { resume_grace: '0s' }, pool: { max_connections: slots, min_connections: slots > 1 ? slots : 0, numerics: 'off' },
        ...Object.fromEntries(drivers.map(([kind, driver]) => [`browser.${kind}`, { ...driver.config, max_connections: 1 }])) } });
    own.writeConfig({ api: { tokens_file: writeTokens(own, people, tokens) } });
    /** @type {Scripted[]} */
    const nodes = [];
    let ends = false;
    /** Whatever page is opened, a node comes to. */
    const follow = async ([kind, driver]) => {
        for (let seen = 0; !ends; await new Promise((resolve) => setTimeout(resolve, 20)))
            for (const urls = driver.pageUrls; seen < urls.length; seen++) {
                const node = new Scripted(urls[seen], kind, nodes, dies, slots);
                nodes.push(node);
                await node.join().catch(() => {}); // its session has ended
            }
    };
    await own.start({ ready: false });
    const following = drivers.map(follow);
    try {
        await use(own);
    } finally {
        ends = true;
        await Promise.all(following);
        for (const node of nodes) await node.close();
        await own.stop();
        fs.rmSync(folder, { recursive: true });
    }
}

test('a wrong answer is inexact, one from elsewhere an error, a browser that dies crashed, and one that is gone when a run goes on absent; who may not write is told so', async () => {
    await withScripted(async (own) => {
        const as = (who) => ({ from: own, env: { WEBINFER_TOKEN: tokens[who] }, as: { headers: { Authorization: `Bearer ${tokens[who]}` } } });
        const refused = await webinfer(own, ['bench', 'twice'], as('bob'));
        assert.equal(refused.code, 4, refused.problems);
        assert.match(refused.problems, /403[^]*rank/);
        const { code, out, problems, run } = await bench(['twice', '--browser', 'chrome,edge', '--platform', 'wasm,webgpu,webnn', '--runs', '5'], as('root'));
        assert.equal(code, 1, problems);
        assert.match(problems, /21 cells to measure, up to 2 at a time/);
        assert.equal(run.together, 2);
        const found = Object.fromEntries(run.cells.filter(({ yardstick, platform }) => !yardstick && platform !== 'auto')
            .map(({ browser, platform, threads, clock, outcome }) => [`${browser}/${platform} ${clock} ${threads ?? ''}`.trim(), outcome]));
        assert.deepEqual(found, {
            'chrome/wasm page 1': 'ok', 'chrome/wasm page all': 'ok', 'chrome/wasm client': 'ok',
            'edge/wasm page 1': 'ok', 'edge/wasm page all': 'ok', 'edge/wasm client': 'ok',
            'chrome/webgpu page': 'inexact', 'chrome/webgpu client': 'inexact', 'edge/webgpu page': 'inexact', 'edge/webgpu client': 'inexact',
            'chrome/webnn page': 'crashed', 'chrome/webnn client': 'crashed', 'edge/webnn page': 'failed', 'edge/webnn client': 'failed',
        }, out);
        for (const cell of run.cells.filter(({ outcome }) => outcome === 'inexact')) assert.ok(cell.error_ratio > 9 && cell.error_ratio < 11 && cell.reason, JSON.stringify(cell));
        // As of a weight that is 1 % too large on one platform, or of a kernel that is wrong there.
        assert.match(out, /^chrome\/webgpu fp32 +inexact /m);
        assert.match(out.replaceAll(/\s+/g, ' '), /chrome\/webgpu fp32 answers wrongly by (?:9\.\d|10|11) times the allowed error/);
        for (const { reason } of run.cells.filter(({ outcome }) => outcome === 'failed')) assert.match(reason, /data.executed_on.platform is "wasm"/);
        // Begun with two browsers, and gone on with when one of them is gone.
        const words = ['twice', '--browser', 'chrome,edge', '--platform', 'wasm', '--runs', '5'];
        const begun = await bench([...words, '--time', '1ms'], as('root'));
        await own.reload({ 'browser.edge': { max_connections: 0 } });
        const resumed = await bench([...words, '--resume', begun.run.id], as('root'));
        assert.deepEqual([begun.code, resumed.code, resumed.run.id], [1, 0, begun.run.id], resumed.problems);
        assertWhole(resumed.run, begun.run.cells.length);
        for (const { browser, yardstick, outcome, reason } of resumed.run.cells)
            if (browser === 'edge' && yardstick !== 'before') // which may just have been begun in time
                assert.deepEqual([outcome, reason], ['absent', 'max_connections is 0, so no edge is started, and no page has joined']);
            else if (!yardstick) assert.equal(outcome, 'ok', reason);
        const without = await bench(['twice', '--browser', 'chrome,edge', '--platform', 'both', '--test-type', 'page', '--runs', '5'], as('root'));
        assert.match(without.out, /^edge: absent: max_connections is 0, so no edge is started/m);
        assert.doesNotMatch(without.out, /^edge\/(?:wasm|webgpu): /m);
    });
});

test('where one browser runs at a time each is started once, and its cells are measured one after the other', async () => {
    await withScripted(async (own) => {
        const as = { from: own, env: { WEBINFER_TOKEN: tokens.root }, as: { headers: { Authorization: `Bearer ${tokens.root}` } } };
        const { code, problems, run } = await bench(['twice', '--browser', 'chrome,edge', '--platform', 'wasm', '--threads', '1', '--runs', '5'], as);
        assert.equal(code, 0, problems);
        const measured = run.cells.filter(({ yardstick, platform }) => !yardstick && platform !== 'auto');
        assert.deepEqual(measured.map(({ browser, clock, outcome }) => `${browser} ${clock} ${outcome}`).sort(),
            ['chrome client ok', 'chrome page ok', 'edge client ok', 'edge page ok']);
        const { sessions } = (await own.get('/v1/status', as.as)).json.counters;
        assert.equal(sessions.started, 2, JSON.stringify(sessions));
        assert.match(problems, /; the rest takes about \d+ (?:s|min \d+ s), and the whole run about \d+ (?:s|min \d+ s)\n/);
    }, { slots: 1 });
});

test('a browser that dies in every cell leaves cells that say so', async () => {
    await withScripted(async (own) => {
        const as = { from: own, env: { WEBINFER_TOKEN: tokens.root }, as: { headers: { Authorization: `Bearer ${tokens.root}` } } };
        const { code, out, run } = await bench(['twice', '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--test-type', 'page', '--runs', '1'], as);
        assert.equal(code, 1, out);
        assertWhole(run, 4);
        const [{ outcome, reason }, ...yardsticks] = run.cells;
        assert.equal(outcome, 'crashed', reason);
        assert.match(reason, /^attempts_exhausted: /);
        // The node has no kernels, which the yardstick is of, or is not there just then.
        for (const cell of yardsticks) assert.ok(['unsupported', 'absent'].includes(cell.outcome) && cell.reason, JSON.stringify(cell));
    }, { dies: true });
});

/* --- simulated nodes --------------------------------------------------------------------------- */

/** A daemon without browsers, with one simulated node, for as long as `use` takes. */
async function withSimulated(latencyMs, use) {
    const own = await new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    const inputs = path.join(own.folder, 'echo.json');
    fs.writeFileSync(inputs, JSON.stringify([{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }]));
    try {
        const simulation = await new Simulation(own, { nodes: 1, latencyMs, models: daemon.store }).up();
        try {
            return await use(own, ['builtin/echo', '--platform', 'simulated', '--test-type', 'page', '--input', inputs], simulation);
        } finally {
            simulation.child.kill('SIGKILL');
        }
    } finally {
        await (own.ended ? own.abandon() : own.stop());
    }
}

/** What a run comes to whose daemon goes away and does not come back. */
async function loseDaemon() {
    return withSimulated(40, async (own, words) => {
        const ending = webinfer(own, ['bench', ...words, '--runs', '1000'], { timeout: 120_000 });
        await until(async () => (await own.get('/v1/results')).json.results.length === 1, { what: 'the run' });
        own.signal('SIGKILL');
        await own.waitEnd();
        return ending;
    });
}

test('a daemon that goes away is waited for, and then it is said how to go on', { timeout: 200_000 }, async () => {
    const came = await lost;
    if (came instanceof Error) throw came;
    const { code, problems } = came;
    assert.equal(code, 3, problems);
    assert.match(problems, /the daemon has not answered for 30 s/);
    assert.match(problems, /webinfer bench --resume run-[0-9a-f]{16} .*--runs 1000 builtin\/echo\n/);
});

test('what is too slow says so; what the daemon has no room for goes into a file that is named, and can be shown', async () => {
    await withSimulated(40, async (own, words) => {
        const { code: slowly, run } = await bench([...words, '--cell-time', '1ms'], { from: own });
        assert.deepEqual([slowly, ...run.cells.map(({ outcome, reason }) => `${outcome}: ${reason}`)], [0, 'too slow: the time of a cell was up before it ran five times']);
        const limit = (size) => execFileSync('prlimit', ['--pid', String(own.pid), `--fsize=${size}:`]);
        limit('4096');
        const { code, out, problems } = await webinfer(own, ['bench', ...words, '--runs', '2', '--wide'], { cwd: own.folder });
        limit('unlimited');
        assert.equal(code, 0, problems);
        const file = path.join(own.folder, `${runIn(problems)}.json`);
        assert.match(problems, new RegExp(`the daemon does not keep it [^]* go to ${path.basename(file)}, which webinfer results show`));
        assert.match(out, /builtin\/echo simulated .* ok /);
        assert.equal((await webinfer(own, ['results', 'show', file])).out, out);
        fs.rmSync(file);
    });
});

test('simulated nodes of 40 and 52 ms are told apart, and those of 40 and 40 are not', async () => {
    /** @type {string[]} */
    const runs = [];
    for (const latencyMs of [40, 40, 52]) {
        const simulation = await new Simulation(daemon, { nodes: 1, latencyMs, models: daemon.store }).up();
        try {
            const { code, out, run } = await bench(['digits', '--platform', 'simulated', '--test-type', 'page']);
            assert.equal(code, 0, out);
            assert.match(out, /^simulated .* ok /m);
            assert.match(out, /digits runs in other nodes; simulated times are made up\.\n$/);
            assert.ok((await exported(daemon, run.id)).simulated);
            assert.deepEqual(run.cells.map(({ platform, outcome, samples_ms: { length } }) => [platform, outcome, length]), [['simulated', 'ok', 20]]);
            runs.push(run.id);
        } finally {
            await simulation.stop();
        }
    }
    const compare = async (...ids) => {
        const { code, out } = await webinfer(daemon, ['results', 'compare', ...ids]);
        return [code, /CHANGE[^]*?\n.*(slower|alike|faster)/.exec(out)?.[1]];
    };
    assert.deepEqual(await compare(runs[0], runs[1]), [0, 'alike']);
    assert.deepEqual(await compare(runs[0], runs[2]), [1, 'slower']);
    assert.deepEqual(await compare(runs[2], runs[0]), [0, 'faster']);
});

test('two daemons are measured in turn, and the slower one is told of', async () => {
    const other = await new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    const start = (one, latencyMs) => new Simulation(one, { nodes: 1, latencyMs, models: daemon.store }).up();
    const simulations = [await start(daemon, 52), await start(other, 40)];
    try {
        const words = ['bench', 'builtin/echo', '--platform', 'simulated', '--test-type', 'page', '--input', path.join(daemon.folder, 'echo.json')];
        fs.writeFileSync(path.join(daemon.folder, 'echo.json'), JSON.stringify([{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }]));
        const page = path.join(daemon.folder, 'pair.html'), slower = await webinfer(daemon, [...words, '--against', other.url, '--html', page]);
        assert.deepEqual([slower.code, /\n.*(slower|alike|faster) /.exec(slower.out)?.[1]], [1, 'slower'], slower.out + slower.problems);
        assert.match(fs.readFileSync(page, 'utf8'), /<h2>builtin\/echo<\/h2>/, 'the document of the run');
        const faster = await webinfer(other, [...words, '--against', daemon.url]);
        assert.deepEqual([faster.code, /\n.*(slower|alike|faster) /.exec(faster.out)?.[1]], [0, 'faster'], faster.out + faster.problems);
        for (const one of [daemon, other]) {
            const [{ id, cell_count: count, ended_at: ended }] = (await one.get('/v1/results?limit=1')).json.results;
            assert.ok(count === 1 && ended, id);
            assert.equal((await one.get(`/v1/results/${id}`)).json.together, 1);
        }
    } finally {
        for (const one of simulations) await one.stop();
        await other.stop();
    }
});
