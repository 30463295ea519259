// tier: full
/**
 * webinfer bench where nothing runs: one command for an ONNX file, one for a GGUF file and one for a folder, in a network of its
 * own, so that no other program has the usual port. It answers in a sentence, and nothing stays but what it keeps, which
 * webinfer results reads; and webinfer matrix, which starts what it tests.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { clear, guard } from '../../lib/cleanup.mjs';
import { patience } from '../../lib/daemon.mjs';
import { cliPath, ownModels } from '../../lib/paths.mjs';
import * as processes from '../../lib/processes.mjs';
import { impossibility } from '../../lib/tutorial.mjs';
import { until } from '../../lib/wait.mjs';

const skip = impossibility(), timeout = 300_000 * patience;
const ALONE = [...(process.getuid() === 0 ? [] : ['--user', '--map-root-user']), '--net', 'sh', '-ec', 'ip link set lo up; exec "$@"', 'sh'];
/** As short as a run can be. */
const SHORT = ['--browser', 'chrome', '--platform', 'wasm', '--test-type', 'client', '--runs', '1'];

let home = '';
before(() => { home = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-alone-'))); });
after(() => clear(home));

/** Runs the client as somebody does who has set nothing. @param {...string} words */
function webinfer(...words) {
    return new Promise((resolve, reject) => {
        const child = spawn('unshare', [...ALONE, cliPath, ...words], { cwd: home, env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' } });
        let out = '', problems = '';
        child.stdout.on('data', (text) => (out += text));
        child.stderr.on('data', (text) => (problems += text));
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, out, problems }));
    });
}

/** Nothing of its daemon is left, and none of the files that it needs but what it keeps. */
async function assertGone() {
    await until(() => processes.mentioning(home).length === 0, { what: 'the end of its daemon and of the browser', timeout: 30_000 * patience });
    assert.deepEqual(fs.readdirSync(home), ['.local'], 'what it keeps is all that is left');
}

for (const [what, file] of [['an ONNX file', 'digits/model.onnx'], ['a GGUF file', 'finch/finch-Q8_0.gguf'], ['a folder', 'digits-vit']])
    test(`${what} is measured by one command, without a daemon`, { skip, timeout }, async () => {
        const { code, out, problems } = await webinfer('bench', path.join(ownModels, file), ...SHORT);
        assert.equal(code, 0, problems);
        assert.match(problems, /no daemon answers at http:\/\/127\.0\.0\.1:8470, so one is started for this run\n/);
        assert.match(problems, /\nwebinfer: the first look is done; the rest takes about (?:\d+ s|\d+ min \d+ s), and the whole run about (?:\d+ s|\d+ min \d+ s)\n/);
        assert.match(out, /^chrome\/wasm(?: \S+)? +ok /m);
        if (file.endsWith('.gguf')) assert.match(out, /^chrome\/wasm .* same text /m);
        assert.match(out.replaceAll(/\s+/g, ' '), new RegExp(` ${path.basename(file)} runs in Chromium \\d+; fastest: chrome/wasm, [\\d.]+ ms\\. $`));
        await assertGone();
    });

/** `webinfer results`, which has to say which runs it reads. */
async function results(...words) {
    const { code, out, problems } = await webinfer('results', ...words);
    assert.equal(code, 0, problems);
    assert.equal(problems, 'webinfer: no daemon answers at http://127.0.0.1:8470, so the runs that webinfer bench has kept are read\n');
    return out;
}

test('what was measured where nothing runs is read back there, and the next run is compared with it', { skip, timeout }, async () => {
    const again = await webinfer('bench', path.join(ownModels, 'digits/model.onnx'), ...SHORT, '--against', 'latest');
    assert.match(again.problems, /webinfer: the latest run of model\.onnx took .*\n(?:.*\n)*webinfer: compared with the run run-/);
    const ids = (await results('list', '--model', 'model.onnx')).match(/^run-\w+/gm);
    assert.equal(ids.length, 2);
    const history = await results('history', 'model.onnx');
    assert.match(history, new RegExp(`^${ids[1]} .*\\n${ids[0]} `, 'm'), 'the newest comes last');
    assert.match(await results('show', ids[0]), /^name +model\.onnx\n/m);
    assert.equal(JSON.parse(await results('export', ids[0], '--format', 'json')).id, ids[0]);
    const { code, out } = await webinfer('results', 'compare', ids[1], ids[0]);
    assert.equal(code, 5, 'a sample tells nothing');
    assert.match(out, /it cannot be told/);
    await results('rm', ids[0]);
    assert.doesNotMatch(await results('list'), new RegExp(ids[0]));
    await assertGone();
});

test('where no run was kept, and where runs are files, nothing is started', { skip, timeout }, async () => {
    const exported = path.join(home, 'run.json');
    fs.writeFileSync(exported, await results('export', (await results('list')).match(/^run-\w+/m)[0], '--format', 'json'));
    const shown = await webinfer('results', 'show', exported);
    assert.deepEqual([shown.code, shown.problems], [0, '']);
    fs.rmSync(exported);
    fs.renameSync(path.join(home, '.local'), path.join(home, '.kept'));
    const { code, problems } = await webinfer('results', 'list');
    assert.equal(code, 3);
    assert.match(problems, /^webinfer: no answer from http:\/\/127\.0\.0\.1:8470/);
    assert.deepEqual(fs.readdirSync(home), ['.kept']);
    fs.renameSync(path.join(home, '.kept'), path.join(home, '.local'));
});

test('what a browser can do is found by one command, without a daemon, and kept', { skip, timeout }, async () => {
    const found = await webinfer('matrix', '--browser', 'chrome');
    assert.equal(found.code, 0, found.problems);
    assert.match(found.problems, /^webinfer: no daemon answers; the browsers that are installed here are started\nwebinfer: chrome is started\nwebinfer: chrome [\d.]+ is tested\n/m);
    assert.match(found.out, /^FEATURE +chrome \d+\n/);
    assert.match(found.out, /\nWASM SIMD +yes\n/);
    assert.match(found.out, /\nchrome +[\d.]+ +here +20\d\d-\d\d-\d\dT/);
    await assertGone();
    const kept = await webinfer('matrix', '--browser', 'chrome', '--found');
    assert.deepEqual([kept.code, kept.out, kept.problems], [0, found.out, '']);
});

test('where nothing runs, a run that is to go on is not looked for in another database', { skip, timeout }, async () => {
    const { code, problems } = await webinfer('bench', 'digits', '--resume', 'run-of-nobody');
    assert.equal(code, 3, problems);
    assert.match(problems, /no answer from http:\/\/127\.0\.0\.1:8470/);
    assert.doesNotMatch(problems, /is started/);
});

/** Of "1 min 5 s". @param {string} text */
const seconds = (text) => 60 * Number(/(\d+) min/.exec(text)?.[1] ?? 0) + Number(/(\d+) s/.exec(text)?.[1]);

test('with its defaults, a file is measured in all browsers and on all platforms, in about the time that was foretold', { skip, timeout }, async () => {
    const began = performance.now(), { code, out, problems } = await webinfer('bench', path.join(ownModels, 'digits/model.onnx'));
    const took = (performance.now() - began) / 1000, foretold = seconds(/and the whole run about (.*)\n/.exec(problems)?.[1] ?? '');
    assert.equal(code, 0, problems);
    for (const place of ['chrome/wasm', 'firefox/wasm', 'chrome/webgpu', 'firefox/webgpu']) assert.match(out, new RegExp(`^${place}(?: \\S+)? +ok `, 'm'));
    assert.match(out.replaceAll(/\s+/g, ' '), / model\.onnx runs in (?:(?:Chromium|Edge|Firefox|WebKit) \d+(?:, | and )?){2,}; fastest: /);
    console.log(`foretold ${foretold} s, took ${took.toFixed(1)} s`);
    assert.ok(foretold < 3 * took && took < 3 * foretold, `foretold ${foretold} s, took ${took} s`);
    await assertGone();
});
