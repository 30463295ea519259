// tier: full
/**
 * docs/tutorials/lab-in-ci.md, as it is printed, and its workflow, examples/lab-in-ci.yml: GitHub's own parser accepts
 * it, and its `run` steps do what the tutorial says, in their order and in the shell that GitHub's runner uses. What
 * would fetch packages and build (apt-get, ./dev install) is replaced with a program that only notes its arguments.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { patience } from '../../lib/daemon.mjs';
import { ownModels, root } from '../../lib/paths.mjs';
import { impossibility, tutorialTests } from '../../lib/tutorial.mjs';
import { problemsOf } from '../../lib/workflow.mjs';
import { WorkflowJob } from '../../lib/workflow-steps.mjs';

tutorialTests('lab-in-ci');

const file = path.join(root, 'examples/lab-in-ci.yml'), content = fs.readFileSync(file, 'utf8');
const { defaults, jobs: { lab: job } } = parse(content);
const skip = impossibility(), timeout = 300_000 * patience;
/** @type {WorkflowJob} */
let running;

before(() => {
    if (skip) return;
    running = new WorkflowJob(content, 'lab');
    fs.cpSync(path.join(ownModels, 'digits'), path.join(running.workspace, 'models/digits'), { recursive: true });
    running.standIn('work/webinfer/dev');
    running.standIn('bin/apt-get');
});
after(() => running?.session.abandon());

const at = (name) => path.join(running.workspace, name);
const readJson = (name) => JSON.parse(fs.readFileSync(at(name), 'utf8'));
function writeJson(name, value) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), JSON.stringify(value));
}

test("GitHub's parser accepts the workflow, and no run step has an expression", async () => {
    assert.deepEqual(await problemsOf(content), []);
    const mistakes = [['run: |', 'runs: |'], ['hashFiles(', 'hashFile('], ['vars.', 'vas.'], ['uses: ', 'use: ']];
    for (const [right, wrong] of mistakes)
        assert.notDeepEqual(await problemsOf(content.replace(right, wrong)), [], wrong);
    assert.equal(defaults.run.shell, 'bash');
    for (const { name, run } of job.steps) assert.doesNotMatch(run ?? '', /\$\{\{/, name);
});

test('in a repository that is no clone of webinfer, the job says which variable it needs', { skip, timeout }, async () => {
    const { status, seen } = await running.stepWithoutSource('Install webinfer', timeout);
    assert.equal(status, 1);
    assert.match(seen, /^::error::This is no clone of webinfer\. Set the variable WEBINFER_REPOSITORY /m);
});

test('the steps run in their order, and leave the report that is kept', { skip, timeout }, async () => {
    const compare = job.steps.find(({ name }) => name === 'Compare with the baseline');
    assert.equal(compare.if, "${{ hashFiles(env.BASELINE) != '' }}"); // and there is none yet
    for (const { name } of job.steps.filter(({ run }) => run).filter((one) => one !== compare)) {
        const { status, seen, summary: told } = await running.step(name, timeout);
        assert.equal(status, 0, `${name}: ${seen}`);
        if (name === 'Measure') assert.match(told, /digits chrome\/wasm/);
    }
    assert.match(running.notes(), /^apt-get update .*\napt-get install .* chromium .*\ndev install\n$/);
    const { with: kept } = job.steps.at(-1);
    assert.deepEqual(fs.readdirSync(at(kept.path)).sort(), ['lab.html', 'lab.json', 'lab.xml', 'webinferd.log']);
});

/** The run that was measured, changed. @param {(cell: any) => any} change */
const changed = (change) => {
    const run = readJson('report/measured.json');
    return { ...run, cells: run.cells.map((cell) => ({ ...cell, ...change(cell) })) };
};
const times = (factor) => (cell) => ({ samples_ms: cell.samples_ms.map((sample) => sample * factor) });

test('a slower or inexact model fails the job, and another machine only warns', { skip, timeout }, async () => {
    fs.copyFileSync(at('report/lab.json'), at('report/measured.json'));
    const ofModels = (change) => (cell) => (cell.yardstick ? {} : change(cell));
    const cases = [
        ['the same', () => ({}), 0, /^## No regression/m],
        ['40 % slower', ofModels(times(1.4)), 0, /^## No regression/m],
        ['three times as slow', ofModels(times(3)), 1, /^## Regression: a cell is slower/m],
        ['inexact', ofModels(() => ({ outcome: 'inexact', reason: 'the answer differs' })), 1, /^## Regression: a cell that was ok/m],
        ['another machine', times(2), 0, /yardstick takes 2 times/],
    ];
    writeJson('lab/baseline.json', readJson('report/measured.json'));
    for (const [what, change, wanted, told] of cases) {
        writeJson('report/lab.json', changed(change));
        const { status, seen, summary: text } = await running.step('Compare with the baseline', timeout);
        assert.equal(status, wanted, `${what}: ${seen}`);
        assert.match(text, told, what);
        assert.equal(/^::warning::/m.test(seen), what === 'another machine', `${what}: ${seen}`);
    }
});

test('the workflow leaves nothing running', { skip }, () => running.session.end());
