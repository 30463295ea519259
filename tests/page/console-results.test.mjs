// tier: full
/** The console's view of stored runs: they are listed, shown with their figures, compared, followed over time and removed, each by an address. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { consoles, shows } from './support/console_tab.mjs';

const withConsole = consoles('main');
const rows = (tab, caption) => tab.locator(`div[aria-label=${JSON.stringify(caption)}] tbody tr`);
/** The texts of a table's cells, row by row. */
const cellsOf = (tab, caption) => rows(tab, caption).evaluateAll((all) => all.map((row) => [...row.cells].map((one) => one.innerText.replaceAll(/\s+/g, ' ').trim())));

test('runs are listed page by page, and those of a model by its name', () => withConsole({}, async ({ tab, go, press, service, reads }) => {
    await go('results');
    const [first] = await cellsOf(tab, 'Runs of the laboratory');
    assert.deepEqual([first[0], first[1], first[3], first[4], first[5]], ['run-3', 'nightly 3', '0.1.0 c0ffee3', '4', 'noisy']);
    await tab.locator('a', { hasText: 'Older runs' }).click();
    await reads(/run-1/);
    assert.match((await cellsOf(tab, 'Runs of the laboratory'))[0][5], /not ended.*imported/);
    await tab.fill('#measured', 'org/m');
    await press('Show its runs');
    await tab.waitForSelector(shows('results?model=org%2Fm'));
    assert.ok(service.asked('GET', /^\/v1\/results\?model=org%2Fm&limit=50$/).length > 0);
    await tab.locator('a', { hasText: 'History of org/m' }).click();
    await tab.waitForSelector(shows('results?history=org%2Fm'));
    assert.ok(service.asked('GET', /^\/v1\/history\/results\?model=org%2Fm$/).length > 0);
}));

test('a run has its cells, the worst first, and is compared with another one', () => withConsole({}, async ({ tab, go, press, reads, text, service }) => {
    await go('results/run-3');
    const cells = await cellsOf(tab, 'Cells of the run');
    assert.deepEqual(cells.map(([index]) => index), ['2', '1', '0', '4']); // and no yardstick
    assert.deepEqual([cells[0][4], cells[0][6]], ['failed attempts_exhausted: it ended', '–']);
    assert.deepEqual(cells.slice(1).map((row) => row[4]), ['ok software adapter', 'ok bimodal', 'ok simulated']);
    assert.deepEqual(cells[1].slice(2), ['chrome/webgpu 156.0.1', 'fp32, threads 1, batch 1, 1 at a time, by the page’s clock', 'ok software adapter', '3', '4 ms 3.95 to 4.05', '4.1 ms', '0.5 of 0 0.48 to 0.52']);
    assert.deepEqual(await cellsOf(tab, 'Speeds of text'), [['4', 'writes', '1', '512.4', '21', '30', '20.7', '48.2', '96']]);
    assert.match(await text(), /nightly 3[^]*2 cores, 6\.1\.0\s+At a time\s+1\s+Notes\s+noisy/);
    await tab.selectOption('#before', 'run-2');
    await press('Compare');
    await tab.waitForSelector(shows('results/run-3?before=run-2'));
    await reads(/Regression: a cell is slower\. The yardstick takes 1\.01 times as long\./); // the cells may be there before it
    assert.ok(service.asked('GET', /^\/v1\/results\/run-3\/comparison\?before=run-2$/).length > 0);
    assert.deepEqual(await cellsOf(tab, 'Differences'), [['digits chrome/wasm fp32', 'slower', '2.02 ms', '2.62 ms', '1.31 1.28 to 1.34', '1.5e-11'],
        ['digits chrome/webnn', 'not ok it ended', 'failed', 'failed', '–', '–']]);
    await go('results/run-3?before=run-1');
    assert.equal(await tab.inputValue('#before'), 'run-1', 'also if it is none of the newest');
    await rows(tab, 'Cells of the run').first().locator('a').click();
    await tab.waitForSelector(shows('results?history=digits'));
}));

test('a run has the answer of each model, and is saved', () => withConsole({}, async ({ tab, go, text, press, service }) => {
    await go('results/run-3');
    assert.match(await text(), /digits runs in Chromium 156; fastest: chrome\/wasm, 2 ms\./);
    assert.deepEqual(await cellsOf(tab, 'Where digits runs'), [['chrome/wasm 156.0.1, fp32', 'ok', '2 ms 1.95 to 2.05', '–', '0', '–', '412 MB', '31.25 ms', '9.5 ms'],
        ['chrome/webgpu 156.0.1, fp32', 'ok software adapter', '4 ms 3.95 to 4.05', '2 × slower', '0.43', 'y at 3: 5 where WASM gives 4', '–', '–', '–'],
        ['chrome/webnn 156.0.1', 'failed attempts_exhausted: it ended start Chromium again', '–', '–', '–', '–', '–', '–', '–']]);
    const coming = tab.waitForEvent('download');
    await press('Save as JSON');
    const file = await coming, saved = JSON.parse(fs.readFileSync(await file.path(), 'utf8'));
    assert.deepEqual([file.suggestedFilename(), saved.id, saved.cells.length, saved.answers.length], ['run-3.json', 'run-3', 5, 1]);
    assert.deepEqual(await tab.locator('.shell code').allTextContents(), ['show run-3 --html run-3.html', 'show run-3 --markdown run-3.md', 'show run-3 --junit run-3.xml',
        'export run-3 --format csv >run-3.csv'].map((rest) => `webinfer --url ${service.url} results ${rest}`));
}));

test('a history names the runs that changed something, and draws and tells the same', () => withConsole({}, async ({ tab, go, press, text, service }) => {
    await go('results?history=digits');
    const told = await text();
    assert.match(told, /digits chrome\/wasm fp32 slower with run-3: 1\.31 \(1\.28 to 1\.34\) times the time in run-1; since the run before: commit c0ffee2000 to c0ffee3000, flags\./);
    assert.match(told, /firefox itself became slower with run-3: the yardstick in firefox takes 1\.2 times as long as in run-1\./);
    assert.match(told, /There are older runs/);
    const points = await cellsOf(tab, 'digits chrome/wasm fp32 over runs');
    assert.deepEqual(points.map((one) => [one[0], one[5], one[6], one[7]]), [['run-3', '2.62 ms 2.57 to 2.67', 'slower noisy', 'commit c0ffee2000 to c0ffee3000, flags'],
        ['run-2', '2.02 ms 1.97 to 2.07', 'alike', '–'], ['run-1', '2 ms 1.95 to 2.05', 'new', '–']]);
    await tab.waitForSelector('.plot canvas');
    await tab.fill('#browser', 'chrome');
    await press('Show');
    await tab.waitForSelector(shows('results?history=digits&browser=chrome'));
    assert.ok(service.asked('GET', /^\/v1\/history\/results\?model=digits&browser=chrome$/).length > 0);
    await tab.selectOption('#platform', 'wasm');
    await tab.fill('#limit', '201');
    assert.equal(await tab.evaluate(() => document.getElementById('limit').checkValidity()), false);
    await tab.fill('#limit', '7');
    await tab.fill('#percent', '25');
    await tab.fill('#browser', '');
    await press('Show');
    await tab.waitForSelector(shows('results?history=digits&platform=wasm&limit=7&percent=25'));
    assert.ok(service.asked('GET', /^\/v1\/history\/results\?model=digits&platform=wasm&limit=7&percent=25$/).length > 0);
    assert.deepEqual(await tab.evaluate(() => ['browser', 'platform', 'limit', 'percent'].map((id) => document.getElementById(id).value)), ['', 'wasm', '7', '25'], 'by its address');
    await go('results?history=nothing');
    assert.match(await text(), /No run that was made here has measured this model\./);
}));

test('a run is removed by an admin alone, once that was asked', async () => {
    await withConsole({}, async ({ tab, go, agree, said, service }) => {
        await go('results');
        const question = await agree('Remove run-3', 'Remove');
        assert.match(question, /Remove run-3\?[^]*The run “nightly 3” and its cells are deleted\./);
        await said(/^run-3 is removed\.$/);
        assert.equal(service.asked('DELETE', /^\/v1\/results\/run-3$/).length, 1);
        await tab.waitForFunction(() => !/run-3/.test(document.querySelector('main').innerText));
    });
    await withConsole({ rank: 'user' }, async ({ tab, go }) => {
        await go('results');
        assert.equal(await tab.locator('main button', { hasText: 'Remove' }).count(), 0);
    });
});

test('a run that is gone is told as an error', () => withConsole({}, async ({ tab, service, problems }) => {
    await tab.goto(`${service.url}/#/results/run-9`);
    await tab.waitForSelector('main[data-state=failed]');
    assert.match(await tab.evaluate(() => document.querySelector('.problem').textContent), /there is nothing at that path/);
    problems.splice(0); // the browser notes the 404
}));
