/**
 * ./dev bench capture: which models' graphs onnxruntime-web can capture on WebGPU, on a software adapter; the table also
 * goes to build/bench/capture.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as cases from '../lib/cases.mjs';
import { commandLine, names } from '../lib/command-line.mjs';
import { build, sharedModels } from '../lib/paths.mjs';
import { launch } from '../page/support/browser.mjs';
import { counted, table } from './figures.mjs';
import { wanted } from './gpu/capture.mjs';
import { attention, matmul, modelOf, putSubjects } from './kernels/graphs.mjs';
import { serve } from './served.mjs';

/** Graphs of kernels; larger ones are the same graphs. */
const SUBJECTS = [matmul(256), attention(1024, 64)];
const all = cases.names().filter((name) => !cases.load(name).mustFail);
const { models } = commandLine('./dev bench capture',
    "Which models' graphs onnxruntime-web can capture on WebGPU: a table, and build/bench/capture.json.", {
        models: names([...all, ...SUBJECTS.map(modelOf)], 'of those'),
    });

/** @param {any} row as the page gives it */
function outcomeOf({ plain, free, fixed }) {
    if (plain) return 'not on WebGPU';
    if (free.stage === 'done') return `captured, ${free.answers}`;
    if (fixed?.stage === 'done') return `captured with fixed sizes, ${fixed.answers}`;
    return `not captured (${(fixed ?? free).stage})`;
}

const result = path.join(build, 'bench/capture.json');
fs.mkdirSync(path.dirname(result), { recursive: true });

/** A page of its own after anything has failed there. The result is written after each model. */
async function measure(url, browser) {
    const rows = [];
    let page = null;
    for (const name of models) {
        page ??= await open(url, browser);
        const row = await page.tab.evaluate((what) => window.capture(what), wanted(name, SUBJECTS))
            .catch((error) => ({ name, plain: String(error).slice(0, 300) }));
        rows.push({ ...row, outcome: outcomeOf(row) });
        fs.writeFileSync(result, JSON.stringify(rows, null, 2));
        process.stderr.write('.');
        if (!row.plain && row.free.stage === 'done') continue;
        await page.close();
        page = null;
    }
    await page?.close();
    return rows;
}

async function open(url, browser) {
    const opened = await browser.openTab([], {});
    await opened.tab.goto(`${url}/capture.html`);
    await opened.tab.waitForFunction(() => document.title === 'ready');
    return opened;
}

const store = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-capture-'));
putSubjects(store, SUBJECTS);
const pages = await serve([sharedModels, store].filter(Boolean));
const browser = await launch();
try {
    const rows = await measure(pages.url, browser);
    process.stdout.write(table('Graph capture on WebGPU', ['model', 'outcome', 'bind groups in three runs', 'not on the GPU, or the reason'],
        rows.map(({ name, outcome, plain, free, fixed, elsewhere = [] }) => [name, outcome,
            (free?.stage === 'done' ? free : fixed)?.bind_groups?.join(', ') ?? '',
            elsewhere.join('; ') || plain || (free?.stage === 'done' ? '' : (fixed ?? free)?.reason)])));
    process.stdout.write(`\n${counted(rows.map(({ outcome }) => outcome))}\n`);
} finally {
    await browser.close();
    pages.close();
    fs.rmSync(store, { recursive: true });
}
process.exit(0);
