// tier: full
/**
 * webinfer bench where nothing runs: one command for an ONNX file, one for a GGUF file and one for a folder, in a network of its
 * own, so that no other program has the usual port. It answers in a sentence, and nothing stays but what it keeps.
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

for (const [what, file] of [['an ONNX file', 'digits/model.onnx'], ['a GGUF file', 'finch/finch-Q8_0.gguf'], ['a folder', 'digits-vit']])
    test(`${what} is measured by one command, without a daemon`, { skip, timeout }, async () => {
        const { code, out, problems } = await webinfer('bench', path.join(ownModels, file), ...SHORT);
        assert.equal(code, 0, problems);
        assert.match(problems, /no daemon answers at http:\/\/127\.0\.0\.1:8470, so one is started for this run\n/);
        assert.match(problems, /\nwebinfer: the first look is done; the rest takes about (?:\d+ s|\d+ min \d+ s), and the whole run about (?:\d+ s|\d+ min \d+ s)\n/);
        assert.match(out, /^chrome\/wasm(?: \S+)? +ok /m);
        assert.match(out.replaceAll(/\s+/g, ' '), new RegExp(` ${path.basename(file)} runs in Chromium \\d+; fastest: chrome/wasm, [\\d.]+ ms\\. $`));
        await until(() => processes.mentioning(home).length === 0, { what: 'the end of its daemon and of the browser', timeout: 30_000 * patience });
        assert.deepEqual(fs.readdirSync(home), ['.local'], 'what it keeps is all that is left');
    });

test('where nothing runs, a run that is to go on is not looked for in another database', { skip, timeout }, async () => {
    const { code, problems } = await webinfer('bench', 'digits', '--resume', 'run-of-nobody');
    assert.equal(code, 3, problems);
    assert.match(problems, /no answer from http:\/\/127\.0\.0\.1:8470/);
    assert.doesNotMatch(problems, /is started/);
});
