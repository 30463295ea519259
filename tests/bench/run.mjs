/**
 * ./dev bench: round trips, models, session start and the daemon's own cost, everything
 * interleaved in one run; prints tables and writes build/bench/result.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, names, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { browserPath, driverPath, flagsOf, PlainDriver, playwright } from './browsers.mjs';
import { echoRequest, Floor, OverHttp, Playwright, WebDriver } from './contestants.mjs';
import { measureCopies, printCopies } from './copies.mjs';
import { shown, spread, table } from './figures.mjs';
import * as models from './models.mjs';
import * as programs from './programs.mjs';
import { serve } from './served.mjs';
import { names as suite, wanted as modelsWanted } from './suite.mjs';
import { measureThreads, names as threadedNames, printThreads } from './threads.mjs';
import { measureWakes, printWakes } from './wakes.mjs';

const { quick, rounds = quick ? 2 : 5, only: parts, models: wanted } = commandLine('./dev bench',
    'Round trips, models, the start of a session and what the daemon costs: tables, and build/bench/result.json.\n' +
    'More parts, of their own names: see ./dev --help.', {
        quick: flag('less of each, and three models'),
        rounds: roundsOf(5, 2),
        only: partsOf(['echo', 'models', 'threads', 'start', 'cost', 'wakes']),
        models: names(suite, 'of those', []),
    });

/** Baselines stop where they would take minutes per round. */
const sizes = [
    { key: '100 B', bytes: 100, datatype: 'UINT8', shape: [100], ms: 700, baselines: [1, 8, 64] },
    { key: '602,112 B', bytes: 602_112, datatype: 'FP32', shape: [1, 3, 224, 224], ms: 1000,
        baselines: [1, 8] },
    { key: '4 MB', bytes: 4_194_304, datatype: 'FP32', shape: [1, 1_048_576], ms: 1500,
        baselines: [1] },
];
const clientCounts = [1, 8, 64];

function payload({ bytes }) {
    const content = Buffer.alloc(bytes);
    for (let index = 0; index < bytes; index++) content[index] = (index * 31) & 0x3f;
    return content;
}

/** p50 and rate of everybody for every size and client count, one after another, round by round. */
async function measureEcho({ floor, webinfer, baselines }) {
    const rows = [];
    for (const size of sizes) {
        const content = payload(size);
        const asked = echoRequest(
            { name: 'x', datatype: size.datatype, shape: size.shape, bytes: content });
        await floor.prepare(size.key.replace(/\W/g, ''), asked, content);
        await webinfer.prepare(size.key.replace(/\W/g, ''), asked, content);
        const text = size.bytes <= 100 ? 'x'.repeat(size.bytes) : content.toString('base64');
        for (const clients of clientCounts)
            rows.push({ size, clients, text, floor: [], webinfer: [], playwright: [],
                webdriver: [] });
    }
    // What runs first meets code that the browser has not compiled yet: a round before those that count.
    for (let round = -1; round < rounds; round++)
        for (const row of rows) {
            const ms = quick ? row.size.ms / 2 : row.size.ms;
            const key = row.size.key.replace(/\W/g, '');
            for (const one of round % 2 ? [webinfer, floor] : [floor, webinfer]) {
                const figures = await one.measure(key, row.clients, ms);
                if (round >= 0) row[one.name].push(figures);
            }
            for (const one of round >= 0 ? baselines : [])
                if (row.size.baselines.includes(row.clients))
                    row[one.name].push(await one.measure(row.text, row.clients, ms / 2));
            process.stderr.write('.');
        }
    return rows;
}

function echoResult({ size, clients, ...row }) {
    const result = { size: size.key, bytes: size.bytes, clients };
    for (const name of ['floor', 'webinfer', 'playwright', 'webdriver'])
        if (row[name].length)
            result[name] = {
                p50_ms: spread(row[name].map(({ p50 }) => p50)),
                per_second: spread(row[name].map(({ perSecond }) => perSecond)),
                bytes_per_second: spread(row[name].map(({ perSecond }) => perSecond * size.bytes)),
            };
    // Each round's ratio, so that what slowed a whole round down does not count.
    const ratio = (other, what) => row[other].length &&
        spread(row[other].map((one, round) => what(row.webinfer[round], one)));
    result.p50_over_floor = ratio('floor', (ours, theirs) => ours.p50 / theirs.p50);
    result.bytes_share_of_floor =
        ratio('floor', (ours, theirs) => ours.perSecond / theirs.perSecond);
    result.faster_than_playwright = ratio('playwright', (ours, theirs) => theirs.p50 / ours.p50);
    result.faster_than_webdriver = ratio('webdriver', (ours, theirs) => theirs.p50 / ours.p50);
    return result;
}

/** From spawning to a node that can work, against chromedriver opening the same page. */
async function measureStart(flags, config) {
    const ours = [], alone = [];
    for (let round = 0; round < rounds; round++) {
        const daemon = await new Daemon({ config, logToFile: true }).start();
        ours.push((await daemon.status()).sessions[0].ready_ms);
        const began = performance.now();
        const driver = await new PlainDriver().start(flags);
        await driver.navigate(`${daemon.bridgeUrl}/`);
        alone.push(performance.now() - began);
        await driver.stop();
        await daemon.stop();
        process.stderr.write('.');
    }
    return { webinfer_ms: spread(ours), chromedriver_ms: spread(alone),
        ratio: spread(ours.map((time, round) => time / alone[round])) };
}

/** What `many` echoes at 100 B with eight clients cost the process that answers them. */
async function costOf(contestant, pid, many) {
    await contestant.measure('100B', 8, 0, many / 10);
    const before = processes.cost(pid);
    await contestant.measure('100B', 8, 0, many);
    const after = processes.cost(pid);
    return { before, after, us: ((after.cpuSeconds - before.cpuSeconds) / many) * 1e6 };
}

/** CPU time per request, the floor's beside ours where it runs, and memory after many. */
async function measureCost(webinfer, daemon, floor) {
    const many = quick ? 10_000 : 100_000;
    const floors = floor && (await costOf(floor.contestant, floor.pid, many)).us;
    const { before, after, us } = await costOf(webinfer, daemon.pid, many);
    return {
        requests: many, cpu_us_per_request: us, floor_cpu_us_per_request: floors,
        rss_before: before.resident, rss_after: after.resident,
        rss_growth: after.resident - before.resident,
    };
}

function goals({ echo, models: modelResults, threadRows, start, cost }) {
    const list = [];
    const goal = (name, value, limit, atLeast = false) => list.push({ name, value, limit,
        met: atLeast ? value >= limit : value <= limit });
    const at = (bytes, clients) =>
        echo.find((row) => row.bytes === bytes && row.clients === clients);
    if (echo) {
        for (const { bytes, key } of sizes)
            goal(`p50 over the floor's, ${key}, 1 client`, at(bytes, 1).p50_over_floor.median, 1.3);
        goal('faster than Playwright, 100 B', at(100, 1).faster_than_playwright.median, 2.5, true);
        goal('faster than WebDriver, 100 B', at(100, 1).faster_than_webdriver.median, 10, true);
        for (const clients of clientCounts.slice(1))
            goal(`share of the floor's requests/s, 100 B, ${clients} clients`,
                at(100, clients).bytes_share_of_floor.median, 0.6, true);
        for (const { bytes, key } of sizes.slice(1))
            for (const clients of clientCounts)
                goal(`share of the floor's bytes/s, ${key}, ${clients} clients`,
                    at(bytes, clients).bytes_share_of_floor.median, 0.8, true);
    }
    if (start) goal('session start over chromedriver alone', start.ratio.median, 1.15);
    for (const { name, over_floor: overFloor } of modelResults ?? [])
        goal(`${name} over the floor that runs it`, overFloor.median, 1.15);
    // What takes less is dominated by what a tight loop has in its caches and a server has not.
    const long = (threadRows ?? []).filter((row) => Math.min(row.one_ms.median, row.all_ms.median) >= 5);
    for (const { name, load, over_better: overBetter } of long)
        goal(`${name}, ${load}: its threads over the better of one and all`, overBetter.median, 1.1);
    if (cost) goal('CPU µs of the daemon per echo', cost.cpu_us_per_request, 45);
    if (cost) goal('RSS growth over the echoes, share', cost.rss_growth / cost.rss_before, 0.05);
    return list;
}

function print(result) {
    let out = '';
    if (result.echo)
        out += table('Echo: p50 in ms, median of the rounds (spread)',
            ['size', 'clients', 'floor', 'webinfer', 'playwright', 'webdriver', 'over floor',
                'share of bytes/s'],
            result.echo.map((row) => [row.size, row.clients, shown(row.floor.p50_ms),
                shown(row.webinfer.p50_ms), row.playwright ? shown(row.playwright.p50_ms) : '-',
                row.webdriver ? shown(row.webdriver.p50_ms) : '-', row.p50_over_floor.median,
                row.bytes_share_of_floor.median])) +
            table('Echo: requests per second and MB/s each way',
                ['size', 'clients', 'floor /s', 'webinfer /s', 'floor MB/s', 'webinfer MB/s'],
                result.echo.map((row) => [row.size, row.clients, row.floor.per_second.median,
                    row.webinfer.per_second.median, row.floor.bytes_per_second.median / 1e6,
                    row.webinfer.bytes_per_second.median / 1e6]));
    if (result.models)
        out += table('Models on WASM: p50 in ms, median of the rounds (spread)',
            ['model', 'bare page', 'echo', 'webinfer', 'threads', 'floor'], result.models.map((row) =>
                [row.name, shown(row.bare_ms), shown(row.echo_ms), shown(row.webinfer_ms),
                    String(row.threads), shown(row.floor_ms)])) +
            table('Models: ratios', ['model', 'webinfer over bare + echo',
                'floor over bare + its echo', 'webinfer over floor'], result.models.map((row) =>
                [row.name, shown(row.over_bare_plus_echo), shown(row.floor_over_bare_plus_echo),
                    shown(row.over_floor)]));
    if (result.threadRows) out += printThreads(result.threadRows, result.threads);
    if (result.wakes) out += printWakes(result.wakes) + printCopies(result.copies);
    if (result.start)
        out += table('Session start, ms', ['webinfer', 'chromedriver alone', 'ratio'],
            [[shown(result.start.webinfer_ms), shown(result.start.chromedriver_ms),
                result.start.ratio.median]]);
    if (result.cost)
        out += table("The daemon's own cost",
            ['echoes', 'CPU µs each', "the floor's", 'RSS before, MB', 'RSS after, MB'],
            [[result.cost.requests, result.cost.cpu_us_per_request,
                result.cost.floor_cpu_us_per_request ?? '-', result.cost.rss_before / 1e6, result.cost.rss_after / 1e6]]);
    out += table('Goals', ['goal', 'value', 'limit', 'met'],
        result.goals.map((one) => [one.name, one.value, one.limit, one.met ? 'yes' : 'NO']));
    process.stdout.write(out);
}

/** Starts a bare page and a floor that run the models as well, and measures all three. */
async function compareModels({ built, closers, flags, pages, webinfer, daemon, chosen, threads }) {
    const browser = await playwright(flags);
    closers.push(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${pages.url}/ort.html`);
    await page.waitForFunction(() => document.title === 'ready');
    const floorEnd = await new Floor().start(
        built.floor, flags, pages.url, modelsWanted(chosen, threads));
    closers.push(() => floorEnd.stop());
    const floor = new OverHttp('floor', built.client, floorEnd.port);
    return models.measureModels({ page, floor, webinfer, daemon, threads, rounds,
        ms: quick ? 200 : 500, chosen });
}

/** With the request of the smallest echo. */
async function prepareSmall(contestant) {
    const content = payload(sizes[0]);
    await contestant.prepare('100B', echoRequest({ name: 'x', datatype: 'UINT8', shape: [100], bytes: content }), content);
    return contestant;
}

async function measure(built, closers) {
    const named = wanted.length > 0 ? wanted : suite.slice(0, quick ? 3 : undefined);
    const chosen = sharedModels ? named : [];
    // One session, so that it has as many WASM threads as the bare page: all of them. It lasts, as
    // the bare page does: a fresh browser's code is slow at first.
    const config = { pool: { max_connections: 1, recycle_after: 0 } };
    const daemon = new Daemon({ models: chosen, config, logToFile: true });
    closers.push(() => daemon.ended ? undefined : daemon.stop());
    await daemon.start();
    const flags = flagsOf(daemon);
    const pages = await serve(sharedModels ? [sharedModels] : []);
    closers.push(pages.close);
    const webinfer = new OverHttp('webinfer', built.client, Number(new URL(daemon.url).port));
    const result = { when: new Date().toISOString(), rounds, cpus: os.cpus().length,
        cpu: os.cpus()[0]?.model, browser: (await daemon.status()).nodes?.[0]?.browser_version };

    let measuredFloor, floorEnd;
    if (parts.includes('echo') || parts.includes('wakes')) {
        floorEnd = await new Floor().start(built.floor, flags, pages.url);
        closers.push(() => floorEnd.stop());
    }
    if (parts.includes('echo')) {
        const floor = new OverHttp('floor', built.client, floorEnd.port);
        const baselines = [];
        for (const one of [new Playwright(), new WebDriver()]) {
            baselines.push(await one.start(flags, `${pages.url}/floor.html?port=1`));
            closers.push(() => one.stop());
        }
        result.echo = (await measureEcho({ floor, webinfer, baselines })).map(echoResult);
        measuredFloor = { contestant: floor, pid: floorEnd.process.pid };
    } else {
        await prepareSmall(webinfer);
    }
    if (parts.includes('wakes')) {
        const floor = measuredFloor?.contestant ?? await prepareSmall(new OverHttp('floor', built.client, floorEnd.port));
        result.wakes = await measureWakes({ url: daemon.url, rounds, many: quick ? 500 : 2000,
            webinfer: { contestant: webinfer, server: daemon.pid, parent: daemon.pid },
            floor: { contestant: floor, server: floorEnd.process.pid, parent: floorEnd.driver.child.pid } });
        result.copies = await measureCopies({ built, many: quick ? 500 : 2000, echoAt: (name, port) => prepareSmall(new OverHttp(`${name}-counted`, built.client, port)),
            startFloor: (env) => new Floor().start(built.floor, flags, pages.url, [], env) });
    }
    if (parts.includes('models') && chosen.length) {
        result.threads = os.cpus().length;
        result.models = await compareModels(
            { built, closers, flags, pages, webinfer, daemon, chosen, threads: result.threads });
    }
    if (parts.includes('threads') && chosen.length) {
        result.threads = os.cpus().length;
        result.threadRows = await measureThreads({ flags, url: pages.url, daemon, rounds,
            chosen: threadedNames.filter((name) => chosen.includes(name)),
            threads: result.threads, ms: quick ? 200 : 500 });
    }
    if (parts.includes('cost')) result.cost = await measureCost(webinfer, daemon, measuredFloor);
    await daemon.stop();
    if (parts.includes('start')) result.start = await measureStart(flags, config);
    return result;
}

async function main() {
    if (!browserPath || !driverPath) {
        console.error('the bench needs chromium and chromedriver: ./dev setup installs them');
        return 1;
    }
    const built = programs.compile();
    const closers = [];
    let result;
    try {
        result = await measure(built, closers);
    } finally {
        for (const close of closers.reverse()) await Promise.resolve(close()).catch(console.error);
    }
    process.stderr.write('\n');
    result.goals = goals(result);
    fs.writeFileSync(path.join(built.folder, 'result.json'), JSON.stringify(result, null, 2));
    print(result);
    console.log(`\nAll figures: ${path.join(built.folder, 'result.json')}`);
    return 0;
}

process.exit(await main());
