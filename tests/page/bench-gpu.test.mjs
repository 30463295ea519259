// tier: quick
/** ./dev bench gpu without a GPU: its rows are filled against the clock, and one that fails costs the others nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compareAnswers } from '../bench/batches/clients.mjs';
import { figuresOf } from '../bench/gpu/capture.mjs';
import { tableOf } from '../bench/gpu/counts.mjs';
import { Ground } from '../bench/gpu/ground.mjs';
import { shareOut } from '../bench/gpu/models.mjs';
import { linesOf, resultIn } from '../bench/gpu/report.mjs';
import { fillRows } from '../bench/gpu/rows.mjs';
import { root } from '../lib/paths.mjs';

const MINUTES = 8;
const row = (name, measure, most = 30) => ({ name, most, measure });
const measured = (name) => row(name, async (figures) => { figures.ms = 1; });

/** @returns what was written after each row, and what was done to recover */
async function fill(rows, minutes = MINUTES) {
    const written = [], done = [];
    const told = await fillRows(rows, { minutes, write: (all) => written.push(structuredClone(all)), recover: async () => { done.push(written.length); } });
    return { told, written, done };
}

test('it is written after each row, and before the first; what has not run says why', async () => {
    const { told, written, done } = await fill([measured('one'), measured('two')]);
    assert.deepEqual(written.map((all) => all.map(({ state }) => state)),
        [['not run', 'not run'], ['measured', 'not run'], ['measured', 'measured']]);
    assert.deepEqual(written[0].map(({ why }) => why), ['the time was up', 'the time was up']);
    assert.deepEqual(told.map(({ name, figures }) => [name, figures]), [['one', { ms: 1 }], ['two', { ms: 1 }]]);
    assert.ok(told.every(({ seconds }) => seconds >= 0));
    assert.deepEqual(done, []);
});

test('a row that fails, and one that hangs, keep what they have, say why, and leave all others', async () => {
    const { told, done } = await fill([
        row('fails', async (figures) => { figures.load_ms = 5; throw new Error("the browser died\n--- daemon's log ---\nlines"); }),
        measured('beside'),
        row('hangs', async (figures) => { figures.load_ms = 7; await new Promise(() => {}); }, 0.05),
        measured('behind'),
    ]);
    assert.deepEqual(told.map(({ name, state, why, figures }) => [name, state, why, figures]), [
        ['fails', 'failed', 'the browser died', { load_ms: 5 }], ['beside', 'measured', undefined, { ms: 1 }],
        ['hangs', 'failed', 'it had not ended after 0 s', { load_ms: 7 }], ['behind', 'measured', undefined, { ms: 1 }],
    ]);
    assert.deepEqual(done, [2, 4]); // after each of the two
});

test('a row that goes on behind its time fills in nothing more', async () => {
    let goOn;
    const { told } = await fill([row('late', async (figures) => {
        await new Promise((resolve) => { goOn = resolve; });
        figures.ms = 9;
    }, 0.05)]);
    goOn();
    await Promise.resolve();
    assert.deepEqual(told[0].figures, {});
});

test('at 80 % of the minutes it ends, amid a row, and the others are not run', async () => {
    const { told } = await fill([measured('one'), row('long', () => new Promise(() => {})), measured('two')], 0.01);
    assert.deepEqual(told.map(({ state }) => state), ['measured', 'failed', 'not run']);
    assert.match(told[1].why, /^the time was up after \d s of it$/);
});

test('result.json is whole after each row, and people read the same', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-')), file = path.join(folder, 'result.json');
    try {
        const write = resultIn(folder, { command: './dev bench gpu', minutes: MINUTES }), read = [];
        const told = await fillRows([
            row('model', async (figures) => Object.assign(figures, { wasm: { run_ms: 1.23456, runs: 20 }, shares_ms: { gpu: null }, limits: { a: 1 } })),
            row('kernel', async () => { throw new Error('a run takes 4.5 s'); }),
        ], { minutes: MINUTES, recover: async () => {}, write: (rows) => {
            write(rows);
            read.push(JSON.parse(fs.readFileSync(file, 'utf8')));
        } });
        assert.equal(read.length, 3);
        const { seconds, rows, ...about } = read[2];
        assert.deepEqual(about, { command: './dev bench gpu', minutes: MINUTES });
        assert.ok(seconds >= read[0].seconds);
        assert.deepEqual(rows, JSON.parse(JSON.stringify(told)));
        assert.deepEqual(fs.readdirSync(folder), ['result.json']);
        assert.deepEqual(told.flatMap((one) => linesOf({ ...one, seconds: 2 })),
            ['model, 2.0 s', '    wasm (run_ms 1.235, runs 20), shares_ms (gpu null)', 'kernel, 2.0 s: failed, a run takes 4.5 s']);
        assert.deepEqual(linesOf({ name: 'echo', state: 'not run', why: 'the time was up' }), ['echo: not run, the time was up']);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});

test("a request's time is the GPU's, the bytes', the browser's and ours, and no share is guessed", () => {
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: 8 }, { gpu_ms: 3, moving_ms: 1 }), { gpu: 3, moving: 1, browser: 4, ours: 2 });
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: 8 }, { gpu_ms: 9, moving_ms: 1 }), { gpu: 9, moving: 1, browser: 0, ours: 2 });
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: 8 }, { gpu_ms: null, moving_ms: 1 }), { gpu: null, moving: 1, browser: null, ours: 2 });
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: 8 }, { gpu_ms: 3, untimed_passes: 1, moving_ms: 1 }), { gpu: null, moving: 1, browser: null, ours: 2 });
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: 8 }, {}), { gpu: null, moving: null, browser: null, ours: 2 });
    assert.deepEqual(shareOut({ request_ms: 10, run_ms: null }, { gpu_ms: 3, moving_ms: 1 }), { gpu: 3, moving: 1, browser: null, ours: null });
});

test('answers from batches are held to those of the requests alone', async () => {
    const answer = (value, batch) => ({ performance: { batch }, outputs: [{ name: 'y', datatype: 'FP32', shape: [1],
        bytes: Buffer.from(Float32Array.of(value).buffer), values: [value] }] });
    const alone = [answer(1), answer(2)];
    const compared = (...attempts) => compareAnswers(alone, async () => attempts.shift(), 'rows');
    assert.deepEqual(await compared([answer(1), answer(2)], [answer(1, 2), answer(2.00001, 2)]), { joined: 2, difference: null });
    const { joined, difference } = await compared([answer(1, 2), answer(2.1, 2)]);
    assert.deepEqual([joined, /^y: off by/.test(difference)], [2, true]);
    const never = Array.from({ length: 5 }, () => [answer(1), answer(2)]);
    assert.deepEqual(await compared(...never), { joined: 0, difference: null }, 'it is not tried for ever');
});

test('what a graph capture is worth is told, and why there is none', () => {
    const times = { answers: 'equal', bind_groups: [4, 4, 0], plain_ms: 6, captured_ms: 2 };
    const told = { answers: 'equal', bind_groups: '4, 4, 0', plain_ms: 6, captured_ms: 2, times_as_fast: 3 };
    assert.deepEqual(figuresOf({ free: { stage: 'done', ...times }, fixed: null }), { captured: 'yes', ...told });
    assert.deepEqual(figuresOf({ free: { stage: 'create', reason: 'x' }, fixed: { stage: 'done', ...times } }), { captured: 'with fixed sizes', ...told });
    assert.deepEqual(figuresOf({ free: { stage: 'create', reason: 'x' }, fixed: null, elsewhere: ["If 'a'"] }), { captured: 'no', reason: "If 'a'" });
    assert.deepEqual(figuresOf({ free: { stage: 'create', reason: 'x' }, fixed: null }), { captured: 'no', reason: 'x' });
    assert.throws(() => figuresOf({ plain: 'a run takes 2.0 s' }), /^Error: a run takes 2\.0 s$/);
});

test('the browser that is measured is the only one, and is on the adapter that was said', () => {
    const of = (browser) => new Ground({ gpu: 'hardware', store: '/nowhere', browser });
    for (const browser of ['chrome', 'edge', 'firefox', 'safari']) {
        const { config, hasDebugger } = of(browser);
        for (const kind of ['chrome', 'edge', 'firefox', 'safari'])
            assert.deepEqual(config[`browser.${kind}`], kind === browser ? { gpu: 'hardware' } : { max_connections: 0 }, `${kind} beside ${browser}`);
        assert.equal(hasDebugger, ['chrome', 'edge'].includes(browser));
    }
});

test('tables of counts are those of the page on GPUs', () => {
    assert.equal(tableOf(['a', 'b'], [['x', 201056], ['y', '3, 0']]), '| a | b |\n|---|---|\n| x | 201,056 |\n| y | 3, 0 |');
});

test('the command says what it understands, and refuses what it does not', () => {
    const said = (...words) => spawnSync(process.execPath, [path.join(root, 'tests/bench/gpu.mjs'), ...words], { encoding: 'utf8', timeout: 300_000 });
    const { status, stdout } = said('--help');
    assert.equal(status, 0);
    assert.match(stdout, /^usage: \.\/dev bench gpu \[OPTION\.\.\.\]\n[^]*--minutes=N[^]*--browser=NAME[^]*--pack=DIR[^]*--counts/);
    const { status: refused, stderr } = said('--gpu=fast');
    assert.deepEqual([refused, stderr], [2, './dev bench gpu: --gpu=fast; allowed: auto, hardware, software; see ./dev bench gpu --help\n']);
    const other = said('--browser=lynx');
    assert.deepEqual([other.status, other.stderr], [2, './dev bench gpu: --browser=lynx; allowed: chrome, edge, firefox, safari; see ./dev bench gpu --help\n']);
});
