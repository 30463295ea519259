// tier: quick
/**
 * Runs of the laboratory: kept by the API, shown, compared, exported and imported by the client. Without a browser.
 * What DuckDB and a client of the test's own compute is what webinfer prints.
 */
import Ajv from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { differences, withExports } from '../lib/duckdb.mjs';
import { root } from '../lib/paths.mjs';
import { cellOf, runOf } from '../lib/runs.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', root: 'admin' };
const tokens = tokensOf(people);
const HOSTILE = '</script><img src=x onerror=alert(1)>|`@all`\n=1+1"\'&';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, store: { results_keep: 12 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const as = (who, more = {}) => ({ ...more, headers: { ...more.headers, Authorization: `Bearer ${tokens[who]}` } });
const send = (body, who = 'root') => daemon.post('/v1/results', body, as(who));
const get = (where, who = 'ada') => daemon.get(where, as(who));
const remove = (id) => daemon.request(`/v1/results/${id}`, as('root', { method: 'DELETE' }));
const cli = (...words) => webinfer(daemon, ['results', ...words], { env: { WEBINFER_TOKEN: tokens.root } });
const fileOf = (name) => path.join(daemon.folder, name);
const medianOf = (numbers) => {
    const all = numbers.toSorted((a, b) => a - b);
    return (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2;
};
const near = (a, b) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a} is not ${b}`);
const validate = new Ajv().compile(JSON.parse(fs.readFileSync(path.join(root, 'lab/lab.schema.json'), 'utf8')));

/** Sends a run in parts of 5 cells, then its end, as whoever measures does. */
async function keep(run) {
    const { cells, ended_at, ...head } = run;
    for (let i = 0; i < cells.length; i += 5) {
        const answer = await send({ ...head, cells: cells.slice(i, i + 5) });
        assert.equal(answer.status, i === 0 ? 201 : 200, answer.text);
    }
    assert.equal((await send({ id: run.id, ended_at })).status, 200);
}

function assertProblem(answer, status, code, more = {}) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.code, code, answer.text);
    for (const [name, value] of Object.entries(more)) assert.equal(answer.json[name], value, answer.text);
}

/* --- the API ----------------------------------------------------------------------------------- */

test('a run comes in parts, twice, and by twelve at a time, and each cell is there once', async () => {
    const run = runOf('run-parts');
    const { cells, ended_at, ...head } = run;
    const parts = cells.map((cell) => ({ ...head, cells: [cell] }));
    const answers = await Promise.all([...parts, ...parts].map((part) => send(part)));
    assert.ok(answers.every(({ status }) => status === 200 || status === 201), answers.map(({ text }) => text).join('\n'));
    assert.equal(answers.filter(({ json }) => json.created).length, 1);
    assert.equal(answers.reduce((sum, { json }) => sum + json.added, 0), cells.length);
    assert.deepEqual((await send({ id: run.id, ended_at })).json, { id: run.id, created: false, added: 0, cells: cells.length });
    const { json } = await get(`/v1/results/${run.id}`);
    assert.deepEqual(json.cells, cells);
    assert.deepEqual({ ...json, cells }, { ...run, noisy: false, simulated: false, imported: false });
    const alone = await get('/v1/results/run-parts');
    const many = await Promise.all(Array.from({ length: 12 }, () => get('/v1/results/run-parts')));
    assert.ok(many.every(({ text }) => text === alone.text));
});

test('a run without an id gets one, and lists have pages', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) {
        const { status, json } = await send({ name: `run ${i}`, began_at: i });
        assert.equal(status, 201);
        assert.match(json.id, /^run-[0-9a-f]{16}$/);
        ids.unshift(json.id);
    }
    const first = (await get('/v1/results?limit=2')).json;
    assert.deepEqual(first.results.map(({ id }) => id), ids.slice(0, 2));
    const second = (await get(`/v1/results?limit=1&after=${first.next}`)).json;
    assert.deepEqual(second.results.map(({ id, cell_count, noisy }) => [id, cell_count, noisy]), [[ids[2], 0, false]]);
    assertProblem(await get('/v1/results?after=x'), 400, 'invalid_field', { field: 'after', expected: 'the next of the page before' });
    for (const id of ids) assert.equal((await remove(id)).status, 200);
    assertProblem(await remove(ids[0]), 404, 'not_found', { field: 'id' });
    assertProblem(await get(`/v1/results/${'x'.repeat(300)}`), 404, 'not_found', { field: 'id' });
});

test('what is wrong is refused and named', async () => {
    const good = { id: 'run-wrong', name: 'a', began_at: 1 };
    const cell = (more) => ({ ...good, cells: [cellOf(more)] });
    for (const [body, status, code, field] of [
        [{ id: 'run-wrong', cells: [] }, 404, 'not_found', 'id'],
        [{ ...good, version: 2 }, 400, 'invalid_field', 'version'],
        [{ ...good, id: '../x' }, 400, 'invalid_field', 'id'],
        [{ ...good, id: 'x'.repeat(40) }, 400, 'invalid_field', 'id'],
        [{ ...good, machine: { host: 'h' } }, 400, 'unknown_field', 'machine.host'],
        [cell({ samples_ms: [1, -1] }), 400, 'invalid_field', 'cells[0].samples_ms[1]'],
        [cell({ samples_ms: ['NaN'] }), 400, 'invalid_field', 'cells[0].samples_ms[0]'],
        [cell({ samples_ms: Array(1001).fill(1) }), 400, 'invalid_field', 'cells[0].samples_ms'],
        [cell({ index: 10000 }), 400, 'invalid_field', 'cells[0].index'],
        [cell({ platform: 'cuda' }), 400, 'invalid_field', 'cells[0].platform'],
        [cell({ prompt: 'a secret' }), 400, 'unknown_field', 'cells[0].prompt'],
        ['{"name": "a", "began_at": 1, "cells": [{"model": "m", "platform": "wasm", "outcome": "ok", "samples_ms": [NaN]}]}', 400, 'bad_json', undefined],
    ]) {
        const answer = await daemon.request('/v1/results', as('root', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }));
        assertProblem(answer, status, code, field && { field });
        assert.ok(answer.json.expected || answer.json.allowed || status === 404 || code !== 'invalid_field', answer.text);
    }
    assertProblem(await send(good, 'ada'), 403, 'rank');
    assertProblem(await send({ ...good, name: 'x'.repeat(300_000) }), 413, 'body_too_large');
    assertProblem(await get('/v1/results/run-wrong'), 404, 'not_found');
});

test('what is there stays as it is', async () => {
    const run = runOf('run-stays');
    await keep(run);
    const other = (more) => send({ id: run.id, ...more });
    assertProblem(await other({ name: 'another' }), 409, 'conflict', { field: 'name' });
    assertProblem(await other({ cells: [{ ...run.cells[0], samples_ms: [1] }] }), 409, 'conflict', { field: 'cells' });
    assertProblem(await other({ cells: [cellOf({ index: 500 })] }), 409, 'conflict', { field: 'cells' });
    assertProblem(await other({ ended_at: 5 }), 409, 'conflict', { field: 'ended_at' });
    assert.deepEqual((await get(`/v1/results/${run.id}`)).json.cells, run.cells);
});

test('the oldest runs go', async () => {
    for (let i = 0; i < 14; i++) assert.equal((await send({ id: `run-old-${i}`, name: 'a', began_at: 1, cells: [cellOf()] })).status, 201);
    const { results } = (await get('/v1/results')).json;
    assert.equal(results.length, 12);
    assertProblem(await get('/v1/results/run-old-1'), 404, 'not_found');
    for (const { id } of results) await remove(id);
});

test('while the disk is full nothing is stored, and that is said', async () => {
    const limit = (size) => execFileSync('prlimit', ['--pid', String(daemon.pid), `--fsize=${size}:`]);
    assert.equal((await send({ id: 'run-full', name: 'a', began_at: 1, cells: [cellOf()] })).status, 201);
    limit('4096');
    try {
        assertProblem(await send({ id: 'run-full', cells: [cellOf({ index: 1 })] }), 507, 'storage_failed');
        assert.equal((await get('/v1/results/run-full')).json.cells.length, 1);
        fs.writeFileSync(fileOf('full.json'), JSON.stringify(runOf('run-full-import')));
        const { code, problems } = await cli('import', fileOf('full.json'));
        assert.equal(code, 1, problems);
        assert.match(problems, /507[^]*storage_failed/);
        assertProblem(await get('/v1/results/run-full-import'), 404, 'not_found');
    } finally {
        limit('unlimited');
    }
    await until(async () => (await send({ id: 'run-full', cells: [cellOf({ index: 1 })] })).status === 200,
        { what: 'the disk to have room', timeout: 30_000 * patience });
    assert.equal((await get('/v1/results/run-full')).json.cells.length, 2);
});

test('what was answered outlives a kill', async () => {
    const run = runOf('run-kill');
    const { cells, ended_at, ...head } = run;
    assert.equal((await send({ ...head, cells: cells.slice(0, 9) })).json.added, 9);
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    const kept = (await get(`/v1/results/${run.id}`)).json;
    assert.deepEqual(kept.cells, cells.slice(0, 9));
    assert.equal((await send({ ...head, ended_at, cells })).json.added, cells.length - 9);
    assert.deepEqual((await get(`/v1/results/${run.id}`)).json.cells, cells);
    await remove(run.id);
});

/* --- the client -------------------------------------------------------------------------------- */

test('list, show and rm', async () => {
    await keep(runOf('run-show', { head: { name: `a\u001b[31m run` } }));
    const list = await cli('list');
    assert.equal(list.code, 0, list.problems);
    assert.match(list.out, /^run-show +a\?\[31m run +2023-11-14T22:13:20Z +commit-1 +17 /m);
    const { code, out } = await cli('show', 'run-show');
    assert.equal(code, 0);
    assert.match(out, /digits chrome\/webgpu fp32 threads=1 batch=1 concurrency=4 page +ok +20 +1\d\.\d+ ms/);
    assert.match(out, /absent .*no such platform here/);
    assert.equal((await cli('rm', 'run-show')).code, 0);
});

test('what cannot be is said, with what to do', async () => {
    fs.writeFileSync(fileOf('good.json'), JSON.stringify(runOf('run-good')));
    for (const [words, exit, said, who = 'root'] of [
        [['show', 'run-show'], 1, /there is no run run-show/], [['export', 'run-show'], 1, /there is no run run-show/],
        [['rm', 'run-show'], 1, /there is no run run-show/], [['compare', fileOf('good.json'), 'run-show'], 1, /there is no run run-show/],
        [['show', '../x'], 2, /No such file/], [['show', 'a b'], 2, /is not the id of a run/], [['rm', 'a/b'], 2, /is not the id of a run/],
        [['list', '--limit', 'x'], 2, /--limit x is not a number/], [['export', fileOf('good.json'), '--format', 'xml'], 2, /allowed: ndjson, csv, json, bmf/],
        [['compare', 'run-a'], 2, /B/], [['compare', 'run-a', 'run-b', '--fail-on-regression', 'much'], 2, /expected: 0.1% to 1000%/],
        [['compare', 'run-a', 'run-b', '--fail-on-regression', '0'], 2, /expected: 0.1% to 1000%/],
        ...['html', 'markdown', 'junit'].map((kind) => [['show', fileOf('good.json'), `--${kind}`, '/nowhere/x'], 2, /\/nowhere\/x cannot be written: No such file/]),
        [['history'], 2, /MODEL/], [['history', 'x', '--threshold', 'much'], 2, /expected: 1% to 1000%/], [['history', 'x', '--limit', '0'], 1, /limit/],
        [['rm', 'run-x'], 4, /rank/, 'ada'], [['import', fileOf('good.json')], 4, /rank/, 'ada'], [['list'], 4, /token/, 'nobody'],
    ]) {
        const { code, problems } = await webinfer(daemon, ['results', ...words], { env: { WEBINFER_TOKEN: tokens[who] ?? 'wrong' } });
        assert.equal(code, exit, `${words}: ${problems}`);
        assert.match(problems, said, String(words));
    }
    assert.equal((await webinfer(daemon, ['results', 'list'], { env: { WEBINFER_URL: 'http://127.0.0.1:9' } })).code, 3);
});

test('exports have medians, ratios and what the schema says, and an import gives them back', async () => {
    // Browsers that tell little of their adapters leave texts empty.
    const hostile = cellOf({ model: HOSTILE, platform: 'webnn', outcome: 'crashed', reason: `=${HOSTILE}`, samples_ms: [], changed: HOSTILE,
        adapter: { vendor: '', architecture: '', description: '', is_fallback: false } });
    const run = runOf('run-export', { more: [hostile] });
    await keep(run);
    const { code, out, json } = await cli('export', run.id, '--format', 'json');
    assert.equal(code, 0);
    assert.ok(validate(json), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...json, version: 2 }));
    assert.deepEqual(json.answers.map(({ model, rows }) => [model, rows.length]), [['digits', 5], [HOSTILE, 1]]);
    assert.match(json.answers[0].sentence, /^digits runs in Firefox 147 and Chromium 147; fastest: firefox\/wasm, /);
    assert.deepEqual((await get(`/v1/results/${run.id}/figures`)).json, json, 'the service computes the same');
    assert.ok(!validate({ ...json, cells: [cellOf({ samples_ms: [-1] })] }));
    assert.equal((await cli('export', run.id, '--format', 'json')).out, out, 'the same data print the same bytes');
    for (const cell of json.cells) {
        if (cell.samples_ms.length === 0) continue;
        near(cell.summary.median, medianOf(cell.samples_ms));
        assert.ok(cell.summary.low <= cell.summary.median && cell.summary.median <= cell.summary.high);
        if (cell.platform !== 'webgpu') continue;
        const base = json.cells[cell.baseline];
        assert.deepEqual([base.platform, base.browser, base.concurrency], ['wasm', cell.browser, cell.concurrency]);
        near(cell.speedup.value, medianOf(base.samples_ms) / medianOf(cell.samples_ms));
    }
    fs.writeFileSync(fileOf('kept.json'), out);
    const conflict = await cli('import', fileOf('kept.json'));
    assert.equal(conflict.code, 1);
    assert.match(conflict.problems, /conflict/);
    await remove(run.id);
    for (const added of [18, 0]) {
        const imported = await cli('import', fileOf('kept.json'));
        assert.equal(imported.out, `run-export: ${added} of 18 cells are new\n`, imported.problems);
    }
    const again = (await cli('export', run.id, '--format', 'json')).json;
    assert.deepEqual(again, { ...json, imported: true });
    const metrics = (await cli('export', run.id, '--format', 'bmf')).json;
    near(metrics['digits firefox/wasm fp32 threads=1 batch=1 concurrency=2 page'].latency.value, json.cells[11].summary.median * 1e6);
    assert.equal(Object.keys(metrics).length, 12);
    const csv = (await cli('export', run.id, '--format', 'csv')).out;
    assert.match(csv, /^run,name,began_at,commit,index,model,/);
    assert.ok(csv.includes(`"'=${HOSTILE.replaceAll('"', '""')}"`));
});

test('an import that is none is refused here', async () => {
    const good = runOf('run-bad');
    assert.ok(validate(good), JSON.stringify(validate.errors));
    const file = (name, value) => {
        fs.writeFileSync(fileOf(name), typeof value === 'string' ? value : JSON.stringify(value));
        return fileOf(name);
    };
    for (const [value, expected] of [
        ['{', /is not a run/], ['[]', /not a JSON object/], [{ ...good, version: 7 }, /version 7 of the schema/],
        [{ ...good, cells: [cellOf({ samples_ms: [-1] })] }, /cells\[0\]\.samples_ms\[0\]/],
        [JSON.stringify({ ...good, cells: [cellOf({ samples_ms: [0.5] })] }).replace('0.5', 'NaN'), /is not a run/],
        [{ ...good, cells: [cellOf({ samples_ms: Array(10_000).fill(1) })] }, /samples_ms/],
        [{ ...good, cells: Array.from({ length: 10_001 }, () => ({ model: 'm', platform: 'wasm', outcome: 'absent' })) }, /cells/],
        [{ ...good, cells: [cellOf({ index: 1 }), cellOf({ index: 1 })] }, /two cells have the index 1/],
    ]) {
        // That two cells have one index is more than a schema can forbid.
        if (typeof value === 'object') assert.equal(validate(value), /two cells/.test(String(expected)), String(expected));
        const answer = await cli('import', file('bad.json', value));
        assert.equal(answer.code, 2, answer.problems);
        assert.match(answer.problems, expected);
    }
    assert.equal((await cli('import', fileOf('nothing.json'))).code, 2);
    assertProblem(await get('/v1/results/run-bad'), 404, 'not_found');
});

test('a comparison exits by what it finds', async () => {
    await keep(runOf('run-a', { seed: 1 }));
    await keep(runOf('run-b', { seed: 2 }));
    await keep(runOf('run-slow', { seed: 3, times: 1.3 }));
    await keep(runOf('run-made', { seed: 4, head: { simulated: true } }));
    await keep({ ...runOf('run-other'), cells: [cellOf({ model: 'other' })] });
    fs.writeFileSync(fileOf('a.json'), (await cli('export', 'run-a', '--format', 'json')).out);
    const compare = async (a, b, code, judgement, ...more) => {
        const answer = await cli('compare', a, b, ...more);
        assert.equal(answer.code, code, answer.out + answer.problems);
        assert.match(answer.out, judgement);
        return answer;
    };
    await compare('run-a', 'run-b', 0, /^no regression: no cell is slower, and none broke$/m);
    await compare('run-a', 'run-a', 0, /^yardstick: 1 times/m);
    await compare('run-a', 'run-slow', 1, /^digits chrome\/webgpu .* slower +ok +ok +1\.3/m);
    await compare(fileOf('a.json'), 'run-slow', 1, /^regression: a cell is slower$/m);
    await compare('run-slow', 'run-a', 0, /faster/);
    await compare('run-a', 'run-slow', 0, /alike/, '--fail-on-regression', '60%');
    await compare('run-a', 'run-made', 5, /one run is simulated and the other is not/);
    await compare('run-a', 'run-other', 5, /no cell in common/);
    const json = JSON.parse((await compare('run-a', 'run-slow', 1, /^\{/, '--json')).out);
    assert.deepEqual([json.judgement, json.cells[0].change], ['regression', 'slower']);
    await compare('run-a', 'run-slow', 1, /^## Regression: a cell is slower/, '--markdown', '-');
    const junit = (await compare('run-a', 'run-slow', 1, /^<\?xml/, '--junit', '-')).out;
    assert.match(junit, /tests="13" failures="6" errors="0" skipped="1"/);
});

test('of three runs the planted slow one is named with what had changed, and then the slow machine', async () => {
    const planted = (id, seed, change = (cell) => cell, options = {}) => {
        const run = runOf(id, { seed, ...options });
        return { ...run, cells: run.cells.map((cell) => change(cell.yardstick ? cell : { ...cell, model: 'org/planted' })) };
    };
    const updated = (cell) => (cell.browser === 'chrome' ? { ...cell, browser_version: '148' } : cell);
    const slowed = (cell) => ({ ...cell, samples_ms: cell.samples_ms.map((sample) => sample * 1.3) });
    await keep(planted('run-h1', 21));
    await keep(planted('run-h2', 22));
    await keep(planted('run-h3', 23, updated, { times: 1.3 }));
    const history = async (...more) => {
        const { code, out, problems } = await cli('history', 'org/planted', ...more);
        assert.equal(code, 0, problems);
        return out;
    };
    const count = (out, what) => out.match(what)?.length ?? 0;
    const webgpu = await history('--browser', 'chrome', '--platform', 'webgpu');
    assert.equal(count(webgpu, /^slower with run-h3, begun 2023-11-14T22:13Z: 1\.[23]\d* \(1\.\d+ to 1\.\d+\) times the time in run-h1; since the run before: browser 147 to 148, commit commit-22 to commit-23$/gm), 3, webgpu);
    assert.equal(count(webgpu, /^run-h3 +2023-11-14T22:13Z +148 +- +0\.1\.0 +commit-23 +\d+\.?\d* ms +.* +o?-*o?-* +slower 1\./gm), 3, webgpu);
    assert.doesNotMatch(webgpu, /firefox|itself/);
    assert.equal(count(await history('--browser', 'chrome', '--platform', 'wasm'), /^no run made it slower or faster by more than 10 %$/gm), 3);
    assert.equal(count(await history('--platform', 'webgpu', '--threshold', '60%'), /^no run made it slower or faster by more than 60 %$/gm), 7);
    const { series, runs } = (await get('/v1/history/results?model=org/planted&browser=firefox&platform=wasm')).json;
    assert.deepEqual(runs.map(({ id }) => id), ['run-h1', 'run-h2', 'run-h3']);
    for (const { points } of series)
        for (const { run, index, median_ms: median } of points)
            near(median, medianOf((await get(`/v1/results/${run}`)).json.cells[index].samples_ms));
    await keep(planted('run-h4', 24, slowed));
    const all = await history();
    for (const browser of ['chrome', 'firefox'])
        assert.match(all, new RegExp(`^the machine itself became slower with run-h4: the yardstick in ${browser} takes 1\\.[23]\\d* times as long as in run-h1$`, 'm'));
    assert.match(all, /^run-h4 .*unclear: the yardstick takes 1\.[23]\d* times as long/m);
    assert.doesNotMatch(all, /^slower with run-h4/m);
    const list = await cli('list', '--model', 'org/planted', '--limit', '3');
    assert.deepEqual([...list.out.matchAll(/^run-\S+/gm)].map(String), ['run-h4', 'run-h3', 'run-h2']);
    assert.match(list.out, /There are older ones/);
    assert.match((await cli('list', '--model', 'nothing')).out, /^There are no runs with this model/);
    assert.match((await cli('history', 'nothing')).out, /^No run that was made here has measured nothing/);
    for (const id of ['run-h1', 'run-h2', 'run-h3', 'run-h4']) await remove(id);
});

test('reports are written where they are asked for, and the document has what earlier runs have of the cells', async () => {
    await keep(runOf('run-before', { seed: 50 }));
    await keep(runOf('run-made-before', { seed: 51, head: { simulated: true } }));
    await keep(runOf('run-report', { seed: 52, more: [cellOf({ model: HOSTILE, outcome: 'inexact' })] }));
    await keep(runOf('run-after', { seed: 53 }));
    const files = ['html', 'markdown', 'junit'].map((kind) => [`--${kind}`, fileOf(`report.${kind}`)]);
    const { code, out, problems } = await cli('show', 'run-report', ...files.flat());
    assert.deepEqual([code, out], [0, ''], problems);
    const [html, markdown, junit] = files.map(([, file]) => fs.readFileSync(file, 'utf8'));
    assert.equal(html.split('</script').length, 3, 'nothing from outside ends a script');
    const { run, history } = JSON.parse(/id="run">(.*?)<\/script>/s.exec(html)[1]);
    assert.equal(run.id, 'run-report');
    const stored = (await get('/v1/results/run-report')).json.cells;
    assert.deepEqual(run.cells.map(({ samples_ms }) => samples_ms), stored.map(({ samples_ms }) => samples_ms));
    for (const { index, summary } of run.cells.filter((cell) => cell.summary)) near(summary.median, medianOf(stored[index].samples_ms));
    assert.ok(history.every(({ id }) => !/^run-(?:made|report|after)/.test(id)), JSON.stringify(history));
    const { cells } = (await get('/v1/results/run-before')).json, { commit, medians } = history.find(({ id }) => id === 'run-before');
    const timed = cells.filter(({ yardstick, outcome }) => !yardstick && outcome === 'ok');
    assert.deepEqual([commit, Object.keys(medians).map(Number)], ['commit-50', timed.map(({ index }) => index)]);
    for (const { index, samples_ms } of timed) assert.ok(Math.abs(medians[index] / medianOf(samples_ms) - 1) < 1e-5);
    assert.ok(markdown.indexOf('**inexact**') < markdown.indexOf('| ok'));
    assert.match(junit, /tests="14" failures="1" errors="0" skipped="1"/);
});

/* --- DuckDB ------------------------------------------------------------------------------------ */

test('DuckDB reads the exports, and its medians and ratios are ours', async () => {
    const folder = fileOf('duck');
    fs.mkdirSync(folder);
    const runs = [runOf('run-d1', { seed: 11 }), runOf('run-d2', { seed: 12, times: 1.4 })];
    const ours = [];
    for (const run of runs) {
        await keep(run);
        fs.writeFileSync(path.join(folder, `${run.id}.ndjson`), (await cli('export', run.id)).out);
        ours.push(...(await cli('export', run.id, '--format', 'json')).json.cells.map((cell) => ({ ...cell, run: run.id })));
    }
    await withExports(folder, async (ask) => {
        assert.deepEqual(await differences(ask, ours), []);
        assert.deepEqual(await ask("SELECT DISTINCT platform FROM best_places WHERE model = 'digits'"), [{ platform: 'webgpu' }]);
        const slower = await ask('SELECT * FROM regressions');
        assert.deepEqual(slower.map(({ run, run_before, platform }) => [run, run_before, platform]), Array(6).fill(['run-d2', 'run-d1', 'webgpu']));
        assert.equal((await ask(`SELECT count(*) AS n FROM '${folder}/samples.parquet'`))[0].n,
            String(ours.filter(({ summary }) => summary).reduce((sum, { samples_ms }) => sum + samples_ms.length, 0)));
    });
});
