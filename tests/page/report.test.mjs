// tier: full
/** The report of a run, and what browsers can do, as documents, from a file and with the network off: what it says is what the client
 * computes, it is sorted by keys and clicks, and nothing from outside is more than text. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { cliPath } from '../lib/paths.mjs';
import { cellOf, drawn, runOf, timesOf } from '../lib/runs.mjs';
import { until } from '../lib/wait.mjs';
import { keepsOut } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';

const HOSTILE = '</script><img src=x onerror="document.title=1"><style>*{display:none}</style>&amp;\u202e';
/** As Chromium's offline: whatever is asked for ends at a port where nobody listens. */
const NOWHERE = { 'network.proxy.type': 1, 'network.proxy.http': '127.0.0.1', 'network.proxy.http_port': 9, 'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': 9 };

let folder, browser, json;
const at = (name) => path.join(folder, name);
/** Writes the report of a run. @returns its file */
function write(name, run) {
    fs.writeFileSync(at(`${name}.json`), JSON.stringify(run));
    execFileSync(cliPath, ['results', 'show', at(`${name}.json`), '--html', at(`${name}.html`)]);
    return at(`${name}.html`);
}
/** The same document with something else to show, as the client writes it where it has a daemon; what browsers can do has no answer. @param {(said: any) => object} change */
function rewrite(from, to, change) {
    const html = fs.readFileSync(at(`${from}.html`), 'utf8'), [all, said] = /id="run">(.*?)<\/script>/s.exec(html);
    const shown = change(JSON.parse(said)), text = JSON.stringify(shown).replaceAll('<', '\\u003c');
    const other = 'matrix' in shown ? html.replace(/<main>[^]*?<div id="report">/, '<main><div id="report">') : html;
    fs.writeFileSync(at(`${to}.html`), other.replace(all, () => `id="run">${text}</script>`));
}

/** What three earlier runs have of two cells; the last has none of them. */
const HISTORY = [{ id: 'run-0b', began_at: 1690000200000, commit: 'c-2', noisy: true, medians: { 1: 13.5 } },
    { id: 'run-0a', began_at: 1690000100000, commit: HOSTILE, noisy: false, medians: { 1: 12.5, 2: 4.25 } },
    { id: 'run-0', began_at: 1690000000000, commit: null, noisy: false, medians: {} }];
const MATRIX = { features: [{ name: 'webgpu', title: 'WebGPU' }, { name: 'webnn', title: HOSTILE }], browsers: [
    { browser: 'chrome', browser_version: '147', state: 'done', reason: null, found_at: 1700000000000,
        features: { webgpu: { state: 'software', detail: HOSTILE }, webnn: { state: 'yes', detail: '' } } },
    { browser: 'safari', browser_version: '26', state: 'done', reason: null, found_at: 1700000000000, where: HOSTILE,
        features: { webgpu: { state: 'no', detail: 'none', advice: HOSTILE } } },
    { browser: HOSTILE, browser_version: null, state: 'absent', reason: HOSTILE, found_at: null, features: null }] };
before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-report-'));
    const bad = cellOf({ model: HOSTILE, platform: 'webnn', outcome: 'inexact', reason: HOSTILE, error_ratio: 3 });
    const written = [1, 2].map((concurrency) => cellOf({ model: 'writes', concurrency, text: { prompt_per_s: 500, generated_per_s: 60 / concurrency, first_p50_ms: 20,
        first_p90_ms: 30, token_ms: 1000 / 60 * concurrency, all_per_s: 40 + concurrency } }));
    write('text', runOf('run-2', { more: written }));
    const made = cellOf({ model: 'made-up', platform: 'simulated', samples_ms: [40, 40, 41] });
    write('run', runOf('run-1', { more: [bad, made], head: { name: HOSTILE } }));
    rewrite('run', 'run', ({ run }) => ({ run, history: HISTORY }));
    rewrite('run', 'matrix', () => ({ matrix: MATRIX }));
    fs.writeFileSync(at('forbidden.html'), fs.readFileSync(at('run.html'), 'utf8').replace('</head>', () => '<script>document.title = 1</script></head>'));
    json = JSON.parse(execFileSync(cliPath, ['results', 'export', at('run.json'), '--format', 'json'], { encoding: 'utf8' }));
    browser = await launch();
});
after(async () => {
    await browser?.close();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** A tab without a network that shows a report; @returns what went wrong too, CSP violations among it */
async function withReport(name, options, body) {
    const problems = [], asked = [];
    const { tab, close } = await browser.openTab(problems, { offline: true, ...options });
    tab.on('request', (request) => asked.push(request.url()));
    try {
        const url = pathToFileURL(at(`${name}.html`)).href;
        await tab.goto(url);
        await tab.waitForSelector('tbody tr');
        await body(tab);
        assert.deepEqual([problems, asked.filter((one) => one !== url && !one.startsWith('data:'))], [[], []]);
    } finally {
        await close();
    }
}

/** The texts of the rows of the table of cells, by their columns' titles. An expression, for browsers of either driver. */
const ROWS = `(() => {
    const { tHead, tBodies } = document.querySelector('#report table');
    const titles = [...tHead.rows[0].cells].map((one) => one.textContent);
    return JSON.stringify([...tBodies[0].rows].map((row) => Object.fromEntries([...row.cells].map((one, i) => [titles[i], one.textContent]))));
})()`;
const rowsOf = async (tab) => JSON.parse(await tab.evaluate(ROWS));
const figure = (value) => String(Number(value.toPrecision(4)));

/** Holds the rows against what the client computes; which are there in which order is the caller's. */
function checkRows(rows) {
    assert.equal(rows.length, json.cells.filter(({ yardstick }) => !yardstick).length);
    for (const row of rows) {
        const { summary, speedup, baseline } = json.cells[Number(row['#'])];
        assert.equal(row['Median ms'], summary ? figure(summary.median) : '');
        assert.equal(row['95 % of it'], summary ? `${figure(summary.low)} to ${figure(summary.high)}` : '');
        assert.equal(row['p90 ms'], summary ? figure(summary.p90) : '');
        assert.equal(row['Speed-up'], speedup ? `${figure(speedup.value)} (${figure(speedup.low)} to ${figure(speedup.high)}) of ${baseline}` : '');
    }
}

/** Whether what a column has is in order. */
async function checkOrder(tab, title, isUp) {
    const rows = await rowsOf(tab), found = rows.map((row) => row[title]).filter((text) => text !== '').map(Number);
    assert.deepEqual(found, found.toSorted((a, b) => (isUp ? a - b : b - a)));
    checkRows(rows);
}

test('the numbers are those of the export, the worst cell is the first, and what is hostile is text', () => withReport('run', {}, async (tab) => {
    const rows = await rowsOf(tab);
    checkRows(rows);
    const shown = HOSTILE.replace('\u202e', '⟨U+202E⟩');
    assert.equal(rows[0].Model, shown);
    assert.equal(rows[0].Reason, shown);
    assert.match(rows[0].Outcome, /^inexact/);
    assert.equal(await tab.title(), HOSTILE);
    assert.equal(await tab.evaluate(() => document.querySelectorAll('img, iframe, main script, main style').length), 0);
    assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll('tr.made-up')].map((row) => row.textContent.includes('simulated'))), [true]);
}));

test('the heads of columns sort, by key and by click', () => withReport('run', {}, async (tab) => {
    const head = (title) => tab.locator('#report table').first().locator('thead button', { hasText: title });
    const sort = (title) => tab.evaluate((name) => [...document.querySelector('#report table').tHead.rows[0].cells]
        .find((one) => one.textContent === name).getAttribute('aria-sort'), title);
    await head('Median ms').focus();
    await tab.keyboard.press('Enter');
    await checkOrder(tab, 'Median ms', true);
    assert.equal(await sort('Median ms'), 'ascending');
    await tab.keyboard.press('Space');
    await checkOrder(tab, 'Median ms', false);
    assert.equal(await sort('Median ms'), 'descending');
    assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Median ms', 'the focus stays');
    await head('Concurrency').click();
    await checkOrder(tab, 'Concurrency', true);
    assert.equal(await sort('Median ms'), null);
}));

test('what all users of a model that writes get is drawn over what each of them gets', () => withReport('text', {}, async (tab) => {
    const [{ name, rows }] = await tab.evaluate(() => [...document.querySelectorAll('figure')].filter((one) => /tokens a second/.test(one.textContent))
        .map((one) => ({ name: one.querySelector('figcaption').textContent, rows: [...one.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)) })));
    assert.equal(name, 'writes tokens a second of all users over those of each');
    assert.deepEqual(rows, [['30, 2', '42'], ['60, 1', '41']]);
    assert.deepEqual((await rowsOf(tab)).filter(({ Model }) => Model === 'writes').map((row) => row['Tokens/s of all']).sort(), ['41', '42']);
}));

test('samples and curves have a table each, with the same figures', () => withReport('run', {}, async (tab) => {
    await tab.waitForSelector('.plot canvas');
    const digits = json.cells.filter(({ model, yardstick }) => model === 'digits' && !yardstick);
    const [rows, ...over] = await tab.evaluate(() => [...document.querySelectorAll('figure')].map((figure) =>
        [...figure.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((one) => one.textContent))));
    const lines = [...new Set(digits.filter(({ summary }) => summary).map(({ browser: kind, platform }) => `${kind}/${platform}`))];
    assert.deepEqual(rows, [1, 2, 4].map((concurrency) => [String(concurrency), ...lines.map((line) => {
        const cell = digits.find((one) => one.concurrency === concurrency && `${one.browser}/${one.platform}` === line);
        return figure(concurrency * 1000 / cell.summary.median);
    })]));
    const [first, second] = [1, 2].map((index) => figure(json.cells[index].summary.median));
    assert.deepEqual(over.flat().map(([name, ...figures]) => [name.replace(/^(\d): [^a-z⟨<]*/, '$1 '), ...figures]),
        [[`1 ${HOSTILE.replace('\u202e', '⟨U+202E⟩').slice(0, 12)}`, '12.5', '4.25'], ['2 c-2 noisy', '13.5', ''], ['3 commit-1', first, second]]);
    const strip = tab.locator('tbody tr[data-index="1"]');
    assert.equal(await strip.locator('svg.samples .dots').count(), 1);
    assert.equal((await strip.locator('svg.samples .dots').getAttribute('d')).split('M').length, json.cells[1].samples_ms.length + 1);
    await strip.locator('summary').focus();
    await tab.keyboard.press('Enter');
    await strip.locator('details table').waitFor();
    const shown = await strip.locator('details td.figure').allTextContents();
    assert.deepEqual(shown.map(Number), json.cells[1].samples_ms);
}));

for (const [width, colorScheme] of [[1280, 'light'], [400, 'dark']])
    test(`it fits ${width} px, in ${colorScheme} colours`, () => withReport('run', { viewport: { width, height: 800 }, colorScheme }, async (tab) => {
        assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no wider than the window');
        const [back, text] = await tab.evaluate(() => ['backgroundColor', 'color'].map((name) => {
            const [, ...parts] = /rgb\((\d+), (\d+), (\d+)\)/.exec(getComputedStyle(document.documentElement)[name]);
            return parts.reduce((sum, part) => sum + Number(part), 0);
        }));
        assert.equal(back > text, colorScheme === 'light');
    }));

for (const width of [1280, 360])
    for (const colorScheme of ['light', 'dark'])
        for (const name of ['run', 'text', 'matrix'])
            test(`nobody is kept out of it: ${name}, ${width} px, ${colorScheme}`, () => withReport(name, { viewport: { width, height: 800 }, colorScheme }, async (tab) => {
                await tab.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
                await tab.waitForFunction(() => [...document.querySelectorAll('details')].every((one) => one.querySelector('table')));
                assert.deepEqual(await keepsOut(tab), []);
                assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no wider than the window');
            }));

test('200 cells with 20 samples each make a document of at most 500 kB', async () => {
    const next = drawn(5);
    const cells = Array.from({ length: 200 }, (_, i) => cellOf({ index: i, model: `organisation/a-model-of-some-name-${i >> 2}`,
        hash: 'a1b2c3d4'.repeat(8), browser_version: '147.0.7727.0', engine: 'onnxruntime-web', engine_version: '1.30.0',
        platform: ['wasm', 'webgpu', 'webnn', 'wasm'][i % 4], threads: i % 4 === 3 ? 4 : 1, samples_ms: timesOf(next, 5 + i), repeats: 4, disturbed: 0,
        load_ms: 31.25, first_ms: 9.5, page_bytes: 123456789, rss_bytes: 987654321, error_ratio: 0.125, output_hash: 'e5f60718'.repeat(8),
        adapter: { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader Device (Subzero)', is_fallback: true } }));
    const { size } = fs.statSync(write('large', { ...runOf('run-2'), cells }));
    assert.ok(size <= 500_000, `${size} bytes`);
    await withReport('large', {}, async (tab) => assert.equal((await rowsOf(tab)).length, 200));
});

test('the answer is there also without a script, and what is hostile in it is text', () => {
    const [, answer] = /<main>([^]*?)<div id="report">/.exec(fs.readFileSync(at('run.html'), 'utf8'));
    assert.match(answer, /<h2>digits<\/h2><p>digits runs in Firefox 147 and Chromium 147; fastest: firefox\/wasm, [\d.]+ ms; WebGPU is /);
    assert.match(answer, /<span class="badge bad">inexact<\/span>/);
    const tags = new Set([...answer.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag));
    assert.deepEqual([...tags].sort(), ['div', 'h1', 'h2', 'p', 'section', 'span', 'table', 'tbody', 'td', 'th', 'thead', 'tr']);
    assert.ok(!answer.includes('\u202e') && answer.includes('⟨U+202E⟩'));
});

/** What the document of what browsers can do says. An expression, for browsers of either driver. */
const CELLS = `JSON.stringify([...document.querySelectorAll('table tr')].map((row) => [...row.cells].map((one) => one.textContent)))`;
const NOTES = `JSON.stringify([...document.querySelectorAll('p.note')].map((one) => one.textContent))`;
async function checkMatrix(tab) {
    const shown = HOSTILE.replace('\u202e', '⟨U+202E⟩'), [head, ...rows] = JSON.parse(await tab.evaluate(CELLS));
    assert.match(head[1], /^chrome 147here, .*2023/);
    assert.ok(head[0] === 'Feature' && head[2].startsWith(`safari 26${shown}, `) && head.length === 3, String(head));
    assert.deepEqual(rows, [['WebGPU', `software ${shown}`, `no none${shown}`], [shown, 'yes ', '–']]);
    assert.equal(JSON.parse(await tab.evaluate(NOTES))[1], `Not there: ${shown} (${shown}).`);
}

test('what browsers can do is read back, and fits a narrow window', () => withReport('matrix', { viewport: { width: 400, height: 800 } }, async (tab) => {
    await checkMatrix(tab);
    assert.equal(await tab.evaluate(() => document.querySelectorAll('img, iframe, main script, main style').length), 0);
    assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no wider than the window');
}));

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');

test('so it is in Firefox', { skip: !firefox && 'there is no Firefox' }, async () => {
    const other = await launchFirefox(firefox, NOWHERE), problems = [];
    try {
        await other.noteViolations(problems);
        const { tab } = await other.openTab();
        await tab.goto(pathToFileURL(at('run.html')).href);
        await tab.waitForSelector('.plot canvas');
        checkRows(await rowsOf(tab));
        assert.equal(await tab.evaluate('document.querySelectorAll("img, iframe, main script, main style").length'), 0);
        assert.equal(await tab.evaluate('getComputedStyle(document.querySelector("table")).borderCollapse'), 'collapse', 'the style sheet holds');
        await tab.evaluate('[...document.querySelectorAll("thead button")].find((one) => one.textContent === "Median ms").click()');
        await checkOrder(tab, 'Median ms', true);
        await tab.evaluate('[...document.querySelectorAll("thead button")].find((one) => one.textContent === "Median ms").focus()');
        await tab.keyboard.press('Enter');
        await checkOrder(tab, 'Median ms', false);
        await tab.resize(400, 800);
        await tab.waitFor('document.documentElement.scrollWidth <= innerWidth && innerWidth === 400');
        await tab.goto(pathToFileURL(at('matrix.html')).href);
        await tab.waitForSelector('tbody tr');
        await checkMatrix(tab);
        assert.equal(await tab.evaluate('document.querySelectorAll("img, iframe, main script, main style").length'), 0);
        assert.deepEqual(problems, []);
        // What is forbidden is told: the same document with a script that it has no hash of.
        await tab.goto(pathToFileURL(at('forbidden.html')).href);
        await until(() => problems.length > 0, { what: 'the violation' });
        assert.deepEqual(problems, ['violation of script-src-elem']);
    } finally {
        await other.close();
    }
});
