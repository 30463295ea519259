/**
 * ./dev bench switch --switch=SWITCH: what a switch is worth to a Chromium: the engines' own pages, on one thread, in two browsers of
 * which one has it, by turns. Prints tables and writes build/bench/switch.json. Whether all is right with it, the tests say.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumWithWebnn } from '../lib/browsers.mjs';
import * as cases from '../lib/cases.mjs';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, flag, names, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { makeFamilies } from '../lib/families.mjs';
import { build, sharedModels } from '../lib/paths.mjs';
import { browserPath } from './browsers.mjs';
import { BarePage as LlamaPage } from './chat/contestants.mjs';
import { makeShapes, textOf } from './chat/shapes.mjs';
import { median, shown, spread, table } from './figures.mjs';
import { serve } from './served.mjs';
import { wanted } from './suite.mjs';
import { BarePage as TasksPage } from './tasks/contestants.mjs';
import { SIZES } from './tasks/sizes.mjs';
import { works } from './tasks/work.mjs';

/** Cases that are more than one operator. */
const MODELS = sharedModels ? cases.names().filter((name) => !/^(op|neg|ptop|ptconv|simple)_|vgg19/.test(name)) : [];
const SHAPES = ['13M', '44M'];
const KINDS = {
    chrome: () => ({ executablePath: browserPath, args: ['--headless=new'] }),
    edge: () => ({ executablePath: path.join(path.dirname(chromiumWithWebnn()), 'chromium'), args: ['--headless=shell'] }),
};
const FLAGS = ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-dev-shm-usage',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
const text = (otherwise, about) => ({ value: 'TEXT', otherwise, shown: otherwise, about, read: (given) => given });
const { quick, rounds = quick ? 3 : 7, only: parts, kinds, models, switch: tried } = commandLine('./dev bench switch',
    'What a switch is worth to a Chromium, on one thread: tables, and build/bench/switch.json.', {
        switch: text('--js-flags=--wasm-revectorize', 'of the browser'),
        kinds: names(Object.keys(KINDS), 'of browser'),
        quick: flag('less of each'),
        rounds: roundsOf(7, 3),
        only: partsOf(['onnx', 'tasks', 'llama']),
        models: names(MODELS, 'of those in ONNX files'),
    });
const MS = quick ? 200 : 500;
/** V8 compiles what runs often once more. */
const WARM_MS = 3 * MS;

/** Each round's times without the switch over those with it. */
async function compare(name, { without, having }) {
    const times = { without: [], having: [] };
    for (const one of [without, having]) await one(WARM_MS);
    for (let round = 0; round < rounds; round++)
        for (const key of round % 2 ? ['having', 'without'] : ['without', 'having'])
            times[key].push(median(await (key === 'having' ? having : without)(MS)));
    process.stderr.write('.');
    return { name, without_ms: spread(times.without), having_ms: spread(times.having),
        faster: spread(times.without.map((time, round) => time / times.having[round])) };
}

/** Gives what runs a thing in each of two browsers. */
const inBoth = async (browsers, open) => ({ without: await open(browsers.without), having: await open(browsers.having) });

const measures = {
    async onnx(browsers, pages) {
        const rows = [];
        const tabs = await inBoth(browsers, async (browser) => {
            const tab = await browser.newPage();
            await tab.goto(`${pages.url}/ort.html`);
            await tab.waitForFunction(() => document.title === 'ready');
            return tab;
        });
        for (const what of wanted(models, 1))
            rows.push(await compare(what.name, await inBoth(tabs, async (tab) => {
                await tab.evaluate((model) => window.ask('load', model), what);
                return (ms) => tab.evaluate((model) => window.ask('run', model), { name: what.name, ms });
            })));
        return rows;
    },
    async tasks(browsers, pages) {
        const rows = [];
        const tabs = await inBoth(browsers, (browser) => new TasksPage().start(browser, pages, 1));
        for (const work of works) {
            rows.push(await compare(work.family, await inBoth(tabs, async (page) => {
                await page.load(work);
                return (ms) => page.run(work, ms);
            })));
            await inBoth(tabs, (page) => page.unload(work));
        }
        return rows;
    },
    async llama(browsers, pages) {
        const rows = [], tabs = await inBoth(browsers, (browser) => new LlamaPage().start(browser, pages));
        for (const shape of SHAPES) {
            await inBoth(tabs, (page) => page.load(shape));
            let seed = 0;
            const timed = (prompt, tokens, of) => inBoth(tabs, (page) => async (ms) => {
                const times = [], end = performance.now() + ms;
                do times.push(of((await page.complete([textOf(prompt, ++seed)], tokens))[0])); while (performance.now() < end);
                return times;
            });
            rows.push(await compare(`${shape}, reads a token`, await timed(256, 1, ({ first }) => first / 256)),
                await compare(`${shape}, writes a token`, await timed(8, 33, ({ first, last }) => (last - first) / 32)));
        }
        return rows;
    },
};

async function measureKind(kind, pages) {
    const { args, ...how } = KINDS[kind]();
    const open = (more) => chromium.launch({ ...how, args: [...FLAGS, ...args, ...more], headless: false,
        ignoreDefaultArgs: ['--disable-gpu', '--headless'] });
    const browsers = { without: await open([]), having: await open([tried]) };
    const result = { version: browsers.without.version() };
    try {
        for (const part of parts) result[part] = await measures[part](browsers, pages);
    } finally {
        for (const one of Object.values(browsers)) await one.close();
    }
    return result;
}

async function main() {
    const store = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
    const results = {};
    try {
        if (parts.includes('llama')) makeShapes(store, SHAPES);
        const families = parts.includes('tasks') ? [makeFamilies(SIZES, works.map(({ model }) => model))] : [];
        const pages = await serve([store, ...families, ...(sharedModels ? [sharedModels] : [])]);
        for (const kind of kinds) results[kind] = await measureKind(kind, pages);
        pages.close();
    } finally {
        clear(store);
    }
    process.stderr.write('\n');
    const file = path.join(build, 'bench/switch.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ when: new Date().toISOString(), rounds, switch: tried, results }, null, 2));
    for (const [kind, { version, ...measured }] of Object.entries(results))
        process.stdout.write(table(`${kind} ${version} with ${tried}, one thread: ms, median of the rounds (spread)`,
            ['what', 'without', 'with', 'times as fast'], Object.values(measured).flat().map((row) =>
                [row.name, shown(row.without_ms), shown(row.having_ms), shown(row.faster)])));
    console.log(`\nAll figures: ${file}`);
    return 0;
}

process.exit(await main());
