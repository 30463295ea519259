/**
 * ./dev bench page: how soon a page that joins over a line gives its first answer, with the compressed copies of its files,
 * with those alone that browsers take over http from other machines too (gzip), and without any, by turns, each time in a
 * browser that has nothing of the page. Prints a table and writes build/bench/page.json. Without a limit the line is as
 * fast as this machine: what unpacking costs where nothing is won.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, flag, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { Line } from '../lib/line.mjs';
import { build, builtPage } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { playwright } from './browsers.mjs';
import { shown, spread, table } from './figures.mjs';

const { quick, rounds = quick ? 1 : 5 } = commandLine('./dev bench page',
    'How soon a page that joins over a line answers, with and without compression: a table, and build/bench/page.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(5, 1),
    });
const MBIT = 20;
/** The least that it has to be sooner over that line. */
const GOAL = 2;
const FLAGS = ['--headless=new', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
const WORK = {
    'ONNX': { model_name: 'twice', platform: 'wasm', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] },
    'a language model': { model_name: 'finch:Q8_0', inputs: 'The finch', options: { max_tokens: 1 } },
};

/** A daemon at the other end of a line, which has no browsers of its own and serves the page of that folder. */
async function serving(page, bitsPerSecond) {
    const line = await new Line(bitsPerSecond).listen();
    const daemon = new Daemon({ models: ['twice', 'finch'], logToFile: true, config: {
        bridge: { page, public_url: line.url }, pool: { min_connections: 0, numerics: 'off', strangers: 'text' }, 'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
    line.to(daemon.bridgeUrl);
    return { daemon, line, stop: async () => {
        line.close();
        await daemon.stop();
    } };
}

/** Seconds from opening the page to the first answer, and the bytes that came for it. */
async function visit(browser, { daemon, line }, work) {
    const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes.length;
    const { url } = (await daemon.post('/v1/admin/join', { nodes: 1, start: true })).json;
    const context = await browser.newContext(), tab = await context.newPage();
    const before = line.bytes, began = performance.now();
    await tab.goto(url, { timeout: 120_000 });
    await until(nodes, { what: 'the page has joined', timeout: 120_000, every: 10 });
    const { status, text } = await daemon.infer({ ...work, timeout_ms: 120_000 });
    const took = (performance.now() - began) / 1000;
    if (status !== 200) throw new Error(`${status} ${text}`);
    const bytes = line.bytes - before;
    await context.close();
    await until(async () => await nodes() === 0, { what: 'the page has left', timeout: 30_000 });
    return { took, bytes };
}

/** @param {Record<string, string>} pages folders by what is in them */
async function measure(pages) {
    const browser = await playwright(FLAGS), names = Object.keys(pages), ends = [], rows = [];
    try {
        for (const mbit of [MBIT, 0]) {
            const end = {};
            for (const name of names) ends.push(end[name] = await serving(pages[name], mbit * 1e6));
            for (const [what, work] of Object.entries(WORK)) {
                const visits = Object.fromEntries(names.map((name) => [name, []]));
                for (let round = 0; round < rounds; round++) {
                    for (const name of round % 2 ? [...names].reverse() : names) visits[name].push(await visit(browser, end[name], work));
                    process.stderr.write('.');
                }
                rows.push({ mbit, what, ...Object.fromEntries(names.map((name) => [name, figuresOf(visits[name], visits.plain)])) });
            }
        }
    } finally {
        await browser.close();
        for (const end of ends) await end.stop();
    }
    return rows;
}

/** `sooner`: each round's time without copies over this one's. */
const figuresOf = (visits, plain) => ({ seconds: spread(visits.map(({ took }) => took)), bytes: visits[0].bytes,
    sooner: spread(visits.map(({ took }, round) => plain[round].took / took)) });

/** A copy of the built page without what is named so. */
function without(pattern) {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
    fs.cpSync(builtPage, folder, { recursive: true, filter: (name) => !pattern.test(name) });
    return folder;
}

async function main() {
    const [plain, gzip] = [without(/\.(br|gz)$/), without(/\.br$/)];
    let rows;
    try {
        rows = await measure({ plain, gzip, all: builtPage });
    } finally {
        for (const folder of [plain, gzip]) clear(folder);
    }
    process.stderr.write('\n');
    const file = path.join(build, 'bench/page.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ when: new Date().toISOString(), rounds, goal: GOAL, rows }, null, 2));
    process.stdout.write(table('From opening the page to its first answer, s: median of the rounds (spread)',
        ['line', 'first answer of', 'MB', 's', 'MB, gzip', 's', 'times sooner', 'MB, brotli', 's', 'times sooner', 'met'],
        rows.map(({ mbit, what, plain: { bytes, seconds }, gzip, all }) => [mbit ? `${mbit} Mbit/s` : 'this machine', what,
            bytes / 1e6, shown(seconds), gzip.bytes / 1e6, shown(gzip.seconds), shown(gzip.sooner),
            all.bytes / 1e6, shown(all.seconds), shown(all.sooner),
            mbit ? (Math.min(gzip.sooner.median, all.sooner.median) >= GOAL ? 'yes' : 'NO') : ''])));
    console.log(`\nAll figures: ${file}`);
    return 0;
}

process.exit(await main());
