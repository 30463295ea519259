/**
 * ./dev bench console: what consoles and watchers cost the daemon, and what a console costs the browser that shows it. The
 * daemon has simulated nodes alone; the console is in a real Chromium. Prints tables and writes build/bench/console.json.
 * Exits 1 where a figure is beyond its goal.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Agent, get, request } from 'node:http';
import { commandLine, flag, number, numbers, parts } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { cost, cpuSeconds } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { delay, until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { ConsoleService } from '../page/support/console_service.mjs';
import { median, table } from './figures.mjs';
import * as programs from './programs.mjs';
import { scaleDaemon } from './scale.mjs';

const LIVE = 'body[data-state=live] main[data-state=filled]';
const JOBS_PER_SECOND = 100, REQUESTS_PER_SECOND = 20;
const CONSOLES = 4, WATCHERS = 64, SILENT = 32;

const { quick, only, nodes: counts, seconds, rounds } = commandLine('./dev bench console',
    'What consoles cost the daemon and their browsers: tables, and build/bench/console.json.', {
        quick: flag('less of each'),
        only: parts(['daemon', 'echo', 'browser']),
        nodes: numbers([10, 10_000], 'simulated nodes beside which a console is open'),
        seconds: number(20, 'that each share is taken over', 3),
        rounds: number(5, 'of echoes, with and without, by turns'),
    });

/** So many requests a second until it is stopped; how many failed. */
function steady(daemon, perSecond, body) {
    const agent = new Agent({ keepAlive: true }), text = JSON.stringify(body), { port } = new URL(daemon.url);
    let sent = 0, failed = 0;
    const began = performance.now();
    const timer = setInterval(() => {
        for (; sent < (performance.now() - began) / 1000 * perSecond; sent++)
            request({ port, agent, method: 'POST', path: '/v1/infer', headers: { 'Content-Type': 'application/json', 'Content-Length': text.length } },
                (answer) => {
                    if (answer.statusCode !== 200) failed++;
                    answer.resume();
                }).on('error', () => failed++).end(text);
    }, 10);
    return () => {
        clearInterval(timer);
        agent.destroy();
        return { sent, failed };
    };
}

/** One who takes GET /v1/events, or never reads them. Resolves once its answer has begun. */
const watching = (daemon, isSilent) => new Promise((resolve, reject) => {
    get(`${daemon.url}/v1/events`, { agent: false }, (answer) => {
        if (isSilent) answer.pause();
        else answer.resume();
        answer.on('error', () => {}); // it is cut in the end
        resolve(answer);
    }).on('error', reject);
});

const echo = { model_name: 'builtin/echo', platform: 'simulated', inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] };

async function shareOf(pid, forSeconds) {
    const start = cpuSeconds(pid), began = performance.now();
    await delay(forSeconds * 1000);
    return (cpuSeconds(pid) - start) / ((performance.now() - began) / 1000);
}

/** Opens a console, and waits until it shows what there is. */
async function opened(browser, daemon, view = 'now') {
    const problems = [], { tab, close } = await browser.openTab(problems);
    await tab.goto(`${daemon.url}/#/${view}`);
    await tab.waitForSelector(LIVE);
    return { tab, close, problems };
}

/** The daemon's share of a core without a console and with one, by turns. */
async function shares(browser, count, jobsPerSecond) {
    const daemon = await scaleDaemon({ nodes: count, queue: 10_000 }).start({ ready: false });
    const found = { nodes: count, jobsPerSecond, without: [], with: [] };
    try {
        const simulation = await new Simulation(daemon, { nodes: count }).up(120_000);
        const stop = jobsPerSecond ? steady(daemon, jobsPerSecond, echo) : () => ({ failed: 0 });
        for (let round = 0; round < (quick ? 1 : 3); round++) {
            found.without.push(await shareOf(daemon.pid, seconds));
            const { close } = await opened(browser, daemon);
            await delay(1000);
            found.with.push(await shareOf(daemon.pid, seconds));
            await close();
        }
        found.failed = stop().failed;
        await simulation.stop();
    } finally {
        await daemon.stop();
    }
    return { ...found, added: median(found.with) - median(found.without) };
}

/** Echo's p50 with and without what `begin` begins, by turns. */
async function beside(daemon, client, file, begin) {
    const load = () => programs.load(client, { port: Number(new URL(daemon.url).port), file, clients: 4, ms: 1, requests: quick ? 2000 : 20_000 });
    const found = { without: [], with: [] };
    await load();
    for (let round = 0; round < rounds; round++) {
        found.without.push((await load()).p50_ms);
        const end = await begin();
        found.with.push((await load()).p50_ms);
        await end();
    }
    return { ...found, ratio: median(found.with) / median(found.without) };
}

async function echoes(browser, client) {
    const daemon = await scaleDaemon({ nodes: 20, queue: 10_000 }).start({ ready: false });
    try {
        const simulation = await new Simulation(daemon, { nodes: 10 }).up();
        const { port } = new URL(daemon.url);
        const file = programs.requestFile('console-echo', `127.0.0.1:${port}`, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(echo)));
        const besideConsoles = (of) => beside(daemon, client, file, async () => {
            const open = [];
            for (let i = 0; i < CONSOLES; i++) open.push(await opened(of, daemon));
            return () => Promise.all(open.map(({ close }) => close()));
        });
        let bytes = 0;
        const besideWatchers = (count, silent) => beside(daemon, client, file, async () => {
            const before = cost(daemon.pid).resident;
            const all = await Promise.all(Array.from({ length: count }, (_, i) => watching(daemon, i < silent)));
            bytes = Math.max(bytes, (cost(daemon.pid).resident - before) / count);
            return async () => {
                for (const answer of all) answer.destroy();
                await delay(500);
            };
        });
        const consoles = await besideConsoles(browser), readers = await besideWatchers(CONSOLES, 0);
        bytes = 0;
        const watchers = await besideWatchers(WATCHERS, SILENT);
        const behind = await launch({ isBehind: true });
        const consolesBehind = await besideConsoles(behind).finally(() => behind.close());
        await simulation.stop();
        return { consoles, consolesBehind, readers, watchers, bytesPerWatcher: bytes };
    } finally {
        await daemon.stop();
    }
}

/** The heap of a tab after a collection, in bytes, and how long its scripts have run, in seconds. */
async function metricsOf(devtools) {
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (wanted) => metrics.find(({ name }) => name === wanted).value;
    return { heap: of('JSHeapUsedSize'), script: of('ScriptDuration') };
}

/** Milliseconds from a view's address to the view, filled, and its frame. */
const timeTo = (tab, hash, selector) => tab.evaluate(async ([to, wanted]) => {
    const began = performance.now();
    location.hash = to;
    while (document.querySelector('main').dataset.address !== to || !document.querySelector(wanted))
        await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - began;
}, [hash, selector]);

/** What a console costs its browser: against a stand-in that has an hour of figures and tells what it is told to. */
async function inBrowser(browser) {
    const service = await new ConsoleService(path.join(build, 'share/webinfer/console')).start();
    const { tab, close } = await opened(browser, service);
    const devtools = await tab.context().newCDPSession(tab);
    await devtools.send('Performance.enable');
    const views = {}, events = quick ? 4000 : 20_000;
    for (let round = 0; round < 3; round++)
        for (const [hash, wanted] of [['models', LIVE], ['models/org/chat', LIVE], ['nodes', LIVE], ['logs', LIVE], ['now', `${LIVE} .plot canvas`]])
            (views[hash] ??= []).push(await timeTo(tab, `#/${hash}`, wanted));
    const heaps = [];
    for (let told = 0; told < events; told += 1000) { // as often as it draws
        for (let i = 0; i < 1000; i++) {
            const id = `job/job-${(told + i) % 50}`;
            service.change({ [id]: i % 3 ? { ...service.objects['job/job-1'], id: id.slice(4) } : null, queue: { waiting: i, running: 2, limit: 1024 } });
        }
        const last = `told-${told}`;
        service.change({ status: { ...service.objects.status, warnings: [last] } });
        await tab.waitForFunction((text) => document.querySelector('main').textContent.toLowerCase().includes(text), last);
        if (told === 0 || told + 1000 >= events) heaps.push((await metricsOf(devtools)).heap);
    }
    await close();
    await service.stop();
    return { views: Object.fromEntries(Object.entries(views).map(([name, list]) => [name, median(list)])), heapGrowth: heaps.at(-1) - heaps[0] };
}

/** What has lists, with the last of each alone. */
const newest = (one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Array.isArray(value) && name !== 'series' ? value.slice(-1) : value]));

/** Milliseconds of CPU of the main thread, all of it, from the answer with an hour's figures, or with the newest alone, to the frame that
 * shows its plots. */
async function plotted(browser, service, isHour) {
    const { tab, close } = await opened(browser, service, 'logs');
    const devtools = await tab.context().newCDPSession(tab);
    let letGo;
    await tab.route('**/v1/history*', async (route) => {
        const answer = await route.fetch(), json = await answer.json();
        await new Promise((resolve) => { letGo = resolve; });
        await route.fulfill({ response: answer, json: isHour ? json : { ...newest(json), series: json.series.map(newest) } });
    });
    await tab.evaluate(() => { location.hash = '#/now'; });
    await until(() => letGo, { what: 'the question for the figures' });
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' }); // whatever else the machine does
    const busy = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
    const before = await busy();
    letGo();
    await tab.waitForSelector(`${LIVE} .plot canvas`);
    await tab.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const took = (await busy() - before) * 1000;
    await close();
    return took;
}

/** What the figures of an hour add to plots of the newest alone, in ms, each taken by turns. */
async function plotCost(browser) {
    const service = await new ConsoleService(path.join(build, 'share/webinfer/console')).start(), found = { having: [], without: [] };
    for (let round = 0; round < (quick ? 3 : 9); round++) {
        found.without.push(await plotted(browser, service, false));
        found.having.push(await plotted(browser, service, true));
    }
    await service.stop();
    return { ...found, added: median(found.having) - median(found.without), whole: median(found.having) };
}

/** Frames a second while a long answer comes, a token each millisecond. */
async function frameRate(browser) {
    const service = await new ConsoleService(path.join(build, 'share/webinfer/console')).start(), tokens = quick ? 2000 : 10_000;
    service.infer = async ({ part, done }) => {
        const words = ['The ', 'finch ', '**sings** ', 'of ', '`17 + 25`', ', ', 'and ', 'rests.\n\n'], began = performance.now();
        for (let told = 0; told < tokens; told++) {
            part(words[told % words.length]);
            if (performance.now() - began < told) await delay(1);
        }
        done();
    };
    const { tab, close } = await opened(browser, service, 'try/org/chat');
    await tab.fill('textarea[name=message], form textarea', 'Tell me all.');
    const rate = tab.evaluate(() => new Promise((resolve) => {
        const place = document.querySelector('main');
        let frames = 0, began = 0;
        const frame = (now) => {
            if (place.querySelector('[data-state=running]')) {
                began ||= now;
                frames++;
            } else if (began) return resolve(frames / (now - began) * 1000);
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    }));
    await tab.keyboard.press('Enter');
    const found = await rate;
    await close();
    await service.stop();
    return found;
}

/** The share of a core that a console's scripts take beside so many requests a second. */
async function scriptShare(browser) {
    const daemon = await scaleDaemon({ nodes: 20, queue: 1000 }).start({ ready: false });
    try {
        const simulation = await new Simulation(daemon, { nodes: 10 }).up();
        const { tab, close } = await opened(browser, daemon);
        const devtools = await tab.context().newCDPSession(tab);
        await devtools.send('Performance.enable');
        const stop = steady(daemon, REQUESTS_PER_SECOND, echo);
        await delay(2000);
        const before = await metricsOf(devtools), began = performance.now();
        await delay(seconds * 1000);
        const share = ((await metricsOf(devtools)).script - before.script) / ((performance.now() - began) / 1000);
        stop();
        await close();
        await simulation.stop();
        return share;
    } finally {
        await daemon.stop();
    }
}

async function main() {
    const { client } = programs.compile(), result = {}, goals = [];
    const goal = (what, figure, most, unit = '') => goals.push({ what, figure, most, unit });
    const browser = await launch();
    try {
        if (only.includes('daemon'))
            for (const count of counts) {
                const isMany = count >= 1000, found = await shares(browser, count, isMany ? JOBS_PER_SECOND : 0);
                (result.daemon ??= []).push(found);
                goal(`a console's share of the daemon, ${count} nodes${isMany ? `, ${JOBS_PER_SECOND} jobs/s` : ''}`, found.added * 100, isMany ? 5 : 1, '% of a core');
            }
        if (only.includes('echo')) {
            result.echo = await echoes(browser, client);
            goal(`echo p50 beside ${CONSOLES} consoles, their browser on the same cores`, result.echo.consoles.ratio, 1.1, '×');
            goal('the same, their browser at nice 19, more as on another machine', result.echo.consolesBehind.ratio, 1.1, '×');
            goal(`echo p50 beside ${CONSOLES} watchers that read all, as consoles on another machine do`, result.echo.readers.ratio, 1.1, '×');
            goal(`echo p50 beside ${WATCHERS} watchers, of which ${SILENT} never read`, result.echo.watchers.ratio, 1.15, '×');
            goal('memory of a watcher', result.echo.bytesPerWatcher / 1024, 64, 'KiB');
        }
        if (only.includes('browser')) {
            result.browser = { ...await inBrowser(browser), plots: await plotCost(browser), scriptShare: await scriptShare(browser), framesPerSecond: await frameRate(browser) };
            for (const [view, ms] of Object.entries(result.browser.views)) goal(`the view ${view}, filled`, ms, 500, 'ms');
            goal("an hour's figures in plots, over the newest alone", result.browser.plots.added, 30, 'ms of CPU');
            goal('the heap after all events, above that after the first 1,000', result.browser.heapGrowth / 1e6, 3, 'MB');
            goal('milliseconds of a frame while 10,000 tokens come', 1000 / result.browser.framesPerSecond, 33.4, 'ms');
            goal(`scripts beside ${REQUESTS_PER_SECOND} requests/s`, result.browser.scriptShare * 100, 3, '% of a core');
        }
    } finally {
        await browser.close();
    }
    console.log(table('A console', ['', 'measured', 'at most', ''], goals.map(({ what, figure, most, unit }) => [what, figure, String(most), unit])));
    if (result.browser) console.log(`The view with plots of an hour takes ${result.browser.plots.whole.toFixed(1)} ms of CPU when it is filled first.`);
    fs.writeFileSync(path.join(build, 'bench/console.json'), JSON.stringify({ ...result, goals }, null, 1));
    if (goals.some(({ figure, most }) => !(figure <= most))) process.exitCode = 1;
}

await main();
