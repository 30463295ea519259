/**
 * ./dev bench lab: what the laboratory itself costs, beside its goals.
 *
 * `client`: medians of `webinfer bench` by the client's clock over those of a client in C that counts bytes, for the same
 * request to the same browser, in turn.
 * `run`: the default run over `digits`, all kinds and platforms: how long it takes, also as a multiple of what it foretold, and
 * which share of the time of warm cells is spent in measured runs. A proxy between the command and the daemon reads what each
 * request was worth: all time from the first to the last one counts, but for loads, for the runs behind them, and for what they
 * are begun with.
 * `report`: a run of 10,000 samples as each report. `statistics`: the intervals of 200 cells, and the U tests of 200 pairs.
 * Each of these two is one whole command.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { webinfer } from '../lib/cli.mjs';
import { commandLine, flag, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { withDaemon } from '../lib/daemon.mjs';
import { HttpProxy } from '../lib/http-proxy.mjs';
import { cellOf, drawn, runOf, timesOf } from '../lib/runs.mjs';
import { counted, median, shown, spread, table } from './figures.mjs';
import { withAll } from './pool/kinds.mjs';
import * as programs from './programs.mjs';

const MODEL = 'digits';
const place = { browser: 'chrome', platform: 'wasm' };

/** The command, which has to end well. @param {{folder: string, temporary: string, url: string}} where */
async function ended(where, ...words) {
    const { code, out, problems } = await webinfer(/** @type {any} */ (where), words, { timeout: 300_000 });
    if (code !== 0) throw new Error(`webinfer ${words.join(' ')} ended with ${code}: ${problems}`);
    return { out, problems };
}
const command = async (where, ...words) => (await ended(where, ...words)).out;

/* --- against a client in C ---------------------------------------------------------------------- */

/** The median of one request, by `webinfer bench`. */
async function byCommand(daemon, runs, concurrency) {
    const { cells } = JSON.parse(await command(daemon, 'bench', MODEL, '--browser', place.browser, '--platform', place.platform,
        '--test-type', 'client', '--runs', String(runs), '--concurrency', String(concurrency), '--json'));
    return cells.find(({ yardstick }) => !yardstick).summary.median;
}

/** The same by the client in C: as the command does it, a quarter of them at a time, the first three behind a fresh load. */
async function byProgram(daemon, client, request, runs, concurrency) {
    const { port, host } = new URL(daemon.url), medians = [];
    const file = programs.requestFile('lab', host, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(request)));
    for (let quarter = 0; quarter < 4; quarter++) {
        if (quarter < 3) await daemon.post(`/v1/models/${MODEL}/unload`, {});
        await daemon.infer(request);
        medians.push((await programs.load(client, { port, file, clients: concurrency, ms: 60_000, requests: runs / 4 })).p50_ms);
    }
    return median(medians);
}

/** Short rounds, so that what else the machine does falls upon both. */
async function compareClients(daemon, { client }, rounds, runs) {
    const { json: { inputs, options } } = await daemon.post(`/v1/models/${MODEL}/sample`, {});
    const request = { inputs, options, model_name: MODEL, ...place, fallback: false, timeout_ms: 300_000 };
    const rows = [];
    for (const concurrency of [1, 4]) {
        const ours = [], theirs = [];
        for (let round = 0; round < rounds; round++) {
            const before = await byProgram(daemon, client, request, runs, concurrency);
            ours.push(await byCommand(daemon, runs, concurrency));
            theirs.push((before + await byProgram(daemon, client, request, runs, concurrency)) / 2);
        }
        rows.push({ concurrency, ours: spread(ours), theirs: spread(theirs), ratio: spread(ours.map((ms, i) => ms / theirs[i])) });
    }
    return rows;
}

/* --- a whole run -------------------------------------------------------------------------------- */

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/** A run that takes this long is warm after the first: none is made before the samples. */
const SLOW_MS = 1000;

/** The seconds that the whole run takes by its own estimate, "1 min 5 s". @param {string} problems */
function foretold(problems) {
    const [, minutes = 0, seconds = NaN] = /and the whole run about (?:(\d+) min )?(\d+) s$/m.exec(problems) ?? [];
    return 60 * Number(minutes) + Number(seconds);
}

/** What of a request is no time of a warm cell, and what is a measured run: by the page's clock one that is in a sample, by
 * the client's the time from the request to the answer of a model that was loaded. */
function worthOf({ path: where, began, ended, asked, answered }) {
    const took = ended - began;
    if (where.endsWith('/unload')) return { cold: took, measured: 0 };
    const { result, performance: told } = JSON.parse(answered);
    if (where === '/v1/infer') return told?.warm ? { cold: 0, measured: took } : { cold: took, measured: 0 };
    if (!result) return { cold: took, measured: 0 }; // it was refused
    const { load_ms: load, first_ms: first, repeats, run_ms: times } = result, measured = sum(times) * repeats;
    const isFresh = load > 0 || (JSON.parse(asked).warmup === 0 && first < SLOW_MS);
    if (!isFresh) return { cold: 0, measured };
    return { cold: load + first, measured: times[0] === first ? measured - first * repeats : measured };
}

/** The share of the time of warm cells that measured runs take. */
function shareOf(requests) {
    const asks = requests.filter(({ path: where, asked }) => /^\/v1\/(?:benchmark|infer)$/.test(where) && !asked.includes('"builtin/echo"'));
    const first = Math.min(...asks.map(({ began }) => began)), last = Math.max(...asks.map(({ ended }) => ended));
    const worths = requests.filter((one) => asks.includes(one) || (one.path.endsWith('/unload') && one.began > first)).map(worthOf);
    return sum(worths.map(({ measured }) => measured)) / (last - first - sum(worths.map(({ cold }) => cold)));
}

function measureRun() {
    return withAll({ models: [MODEL], pool: { numerics: 'off' } }, async (daemon, kinds) => {
        const requests = [];
        const proxy = await new HttpProxy({ answered: (one) => requests.push(one) }).listen(daemon.url);
        try {
            const began = performance.now();
            const { out, problems } = await ended({ folder: daemon.folder, temporary: daemon.temporary, url: proxy.url }, 'bench', MODEL, '--json');
            const seconds = (performance.now() - began) / 1000, { cells } = JSON.parse(out);
            return { kinds, seconds, times: seconds / foretold(problems), share: shareOf(requests), cells: counted(cells.map(({ outcome }) => outcome)) };
        } finally {
            proxy.close();
        }
    });
}

/* --- reports and statistics --------------------------------------------------------------------- */

/** A file with a run of so many cells, 20 samples each, half of them on WASM. */
function writeRun(folder, name, count, seed) {
    const next = drawn(seed), file = path.join(folder, `${name}.json`);
    const cells = Array.from({ length: count }, (_, i) => cellOf({ index: i, model: `model-${i >> 1}`, platform: i % 2 ? 'webgpu' : 'wasm',
        threads: i % 2 ? undefined : 1, samples_ms: timesOf(next, 5 + i % 7) }));
    const yardstick = cellOf({ index: count, model: 'builtin/mlp', yardstick: 'before', samples_ms: timesOf(next, 2) });
    fs.writeFileSync(file, JSON.stringify({ ...runOf(name), cells: [...cells, yardstick] }));
    return file;
}

/** Seconds of each command, the median of some. */
async function timeCommands(where, commands, rounds) {
    const took = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
        for (const [name, words] of Object.entries(commands)) {
            const began = performance.now();
            await command(where, ...words);
            took[name].push((performance.now() - began) / 1000);
        }
    return Object.fromEntries(Object.entries(took).map(([name, times]) => [name, spread(times)]));
}

/** What the commands take that read a file of 500 cells, or two of 200. */
async function timeFiles(only, rounds) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-lab-'));
    const where = { folder, temporary: folder, url: 'http://127.0.0.1:9' };
    try {
        const large = writeRun(folder, 'large', 500, 1), [before, now] = [2, 3].map((seed) => writeRun(folder, `run-${seed}`, 200, seed));
        const show = (kind) => ['results', 'show', large, `--${kind}`, path.join(folder, kind)];
        return {
            ...only.includes('report') && { report: await timeCommands(where, { HTML: show('html'), Markdown: show('markdown'), JUnit: show('junit') }, rounds) },
            ...only.includes('statistics') && { statistics: await timeCommands(where,
                { 'intervals of 200 cells': ['results', 'show', now, '--json'],
                    'intervals and U tests of 200 pairs': ['results', 'compare', before, now, '--fail-on-regression', '1000%'] }, rounds) },
        };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/* --- the whole ---------------------------------------------------------------------------------- */

function print({ client, run, report, statistics }) {
    if (client)
        console.log(table(`A request by ${place.browser}/${place.platform}, ms (goal: 0.95–1.05)`, ['at a time', 'webinfer bench', 'client in C', 'ratio'],
            client.map(({ concurrency, ...row }) => [concurrency, shown(row.ours), shown(row.theirs), shown(row.ratio)])));
    if (run)
        console.log(table(`A run over ${MODEL}: ${run.kinds.join(', ')}`, ['what', 'is', 'goal'], [
            ['seconds', run.seconds, 'at most 150, with three kinds'], ['of the time foretold', run.times, '0.67–1.5'],
            ['share of measured runs in the time of warm cells', run.share, 'at least 0.7'],
            ['cells', run.cells, '']]));
    const timed = [...Object.entries(report ?? {}).map((row) => [...row, 'at most 1']), ...Object.entries(statistics ?? {}).map((row) => [...row, 'at most 2'])];
    if (timed.length > 0)
        console.log(table('Commands, s', ['what', 'takes', 'goal'], timed.map(([name, took, goal]) =>
            [name in (report ?? {}) ? `10,000 samples as ${name}` : name, shown(took), goal])));
}

async function main() {
    const { quick, rounds: given, only } = commandLine('./dev bench lab', 'What the laboratory costs, beside its goals: tables, and a line of JSON.', {
        quick: flag('less of each'), rounds: roundsOf(5, 2), only: partsOf(['client', 'run', 'report', 'statistics']),
    });
    const rounds = given ?? (quick ? 2 : 5);
    const result = { cpus: os.cpus().length, load: os.loadavg()[0] };
    if (only.includes('client'))
        result.client = await withDaemon({ models: [MODEL], config: { pool: { numerics: 'off' } } },
            async (daemon) => compareClients(await daemon, programs.compile(), 2 * rounds, quick ? 100 : 200));
    if (only.includes('run')) result.run = await measureRun();
    if (only.includes('report') || only.includes('statistics')) Object.assign(result, await timeFiles(only, rounds));
    print(result);
    console.log(JSON.stringify(result));
}

await main();
