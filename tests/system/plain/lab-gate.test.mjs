// tier: full
/**
 * examples/lab-gate.yml, a gate for CI in one command: GitHub's own parser accepts it, and its steps pass, fail or say that they
 * cannot tell as they should. What would fetch packages and build is replaced with a program that only notes its arguments.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { patience } from '../../lib/daemon.mjs';
import { ownModels, root } from '../../lib/paths.mjs';
import { impossibility } from '../../lib/tutorial.mjs';
import { problemsOf } from '../../lib/workflow.mjs';
import { WorkflowJob } from '../../lib/workflow-steps.mjs';

const content = fs.readFileSync(path.join(root, 'examples/lab-gate.yml'), 'utf8');
const skip = impossibility(), timeout = 300_000 * patience;
/** @type {WorkflowJob} */
let running;

before(() => {
    if (skip) return;
    running = new WorkflowJob(content, 'gate');
    fs.cpSync(path.join(ownModels, 'digits'), path.join(running.workspace, 'models/digits'), { recursive: true });
    running.standIn('work/webinfer/dev');
    running.standIn('bin/apt-get');
});
after(() => running?.session.abandon());

const gate = () => running.step('Measure and compare', timeout);
const cached = () => path.join(running.workspace, running.steps.find(({ uses }) => uses?.startsWith('actions/cache')).with.path);

/** Makes all samples of the runs that were made so far other ones: those of the models, or those of the yardstick. */
function planted(factor, which) {
    execFileSync('/usr/bin/python3', ['-c', `
import sqlite3, struct, sys
database = sqlite3.connect(sys.argv[1])
for row, samples in database.execute("SELECT rowid, samples FROM lab_cells WHERE yardstick_of IS ${which}").fetchall():
    count = len(samples) // 8
    times = [sample * float(sys.argv[2]) for sample in struct.unpack(f"<{count}d", samples)]
    database.execute("UPDATE lab_cells SET samples = ? WHERE rowid = ?", (struct.pack(f"<{count}d", *times), row))
database.commit()`, path.join(cached(), 'webinfer.db'), String(factor)]);
}

test("GitHub's parser accepts the workflow, and no run step has an expression", async () => {
    assert.deepEqual(await problemsOf(content), []);
    for (const [right, wrong] of [['run: |', 'runs: |'], ['github.run_id', 'github.run-id }'], ['uses: ', 'use: ']])
        assert.notDeepEqual(await problemsOf(content.replace(right, wrong)), [], wrong);
    for (const [, run] of content.matchAll(/run: \|\n((?: {10}.*\n|\n)+)/g)) assert.doesNotMatch(run, /\$\{\{/);
});

test('in a repository that is no clone of webinfer, the job says which variable it needs', { skip, timeout }, async () => {
    const { status, seen } = await running.stepWithoutSource('Install webinfer', timeout);
    assert.equal(status, 1);
    assert.match(seen, /^::error::This is no clone of webinfer\. Set the variable WEBINFER_REPOSITORY /m);
});

test('the first run passes, and so does one like it', { skip, timeout: 2 * timeout }, async () => {
    assert.equal((await running.step('Install webinfer', timeout)).status, 0);
    assert.match(running.notes(), /^apt-get update .*\napt-get install .* chromium .*\ndev install\n$/);
    const first = await gate();
    assert.equal(first.status, 0, first.seen);
    assert.match(first.seen, /there is no earlier run of \S+ to compare with/);
    assert.match(first.summary, /chrome\/wasm/);
    const second = await gate();
    assert.equal(second.status, 0, second.seen);
    assert.match(second.seen, /compared with the run run-[0-9a-f]{16} of /);
    assert.match(second.summary, /^## (?:No regression|It cannot be told)/m);
});

/** The step, after which the earlier runs are as they were: of a job that has failed nothing is kept. */
async function gateWith(factor, which) {
    const kept = `${cached()}-kept`;
    fs.cpSync(cached(), kept, { recursive: true });
    planted(factor, which);
    const came = await gate();
    fs.rmSync(cached(), { recursive: true });
    fs.renameSync(kept, cached());
    return came;
}

const YARDSTICK = /yardstick takes \d[\d.]* times/;

test('a slower model fails the job, and a slower machine does not', { skip, timeout: 4 * timeout }, async () => {
    let slower = await gateWith(1 / 3, 'NULL');
    for (let more = 2; more > 0 && YARDSTICK.test(slower.summary); more--) slower = await gateWith(1 / 3, 'NULL'); // it did other work
    assert.equal(slower.status, 1, slower.seen);
    assert.match(slower.summary, /^## Regression: a cell is slower/m);
    const other = await gateWith(1 / 2, 'NOT NULL');
    assert.equal(other.status, 0, other.seen);
    assert.match(other.summary, YARDSTICK);
});

test('the workflow leaves nothing running', { skip }, () => running.session.end());
