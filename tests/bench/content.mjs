/**
 * ./dev bench content: models by content. What pulls from several sources are worth, what serving blocks and their CIDs cost,
 * and what users notice of it. Prints tables and writes build/bench/content.json. Each figure is a ratio of two things that
 * were measured by turns in this run, each at its best of the rounds, as all that disturbs them makes them slower; the CPU of
 * the daemon is told where others share the machine with it. A goal that is not met is said, and is no failure.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, parts, roundsOf } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { measureEcho } from './content/echo.mjs';
import { measureHashing } from './content/hashing.mjs';
import { besideCurl, besideHub } from './content/neighbours.mjs';
import { badOnes, threeAlike, twoRates } from './content/rates.mjs';
import { measureServing } from './content/serving.mjs';
import { measureStart } from './content/start.mjs';
import { shown, table } from './figures.mjs';

/** How each is measured, and in how many rounds: usually, with --quick. */
const measures = {
    neighbour: { measure: besideCurl, rounds: [8, 2], mib: [256, 64] },
    rates: { measure: twoRates, rounds: [2, 1], mib: [192, 96] },
    three: { measure: threeAlike, rounds: [2, 1], mib: [128, 64] },
    hub: { measure: besideHub, rounds: [2, 1], mib: [128, 64] },
    bad: { measure: badOnes, rounds: [2, 1], mib: [128, 64] },
    serving: { measure: measureServing, rounds: [10, 2], mib: [256, 64] },
    hashing: { measure: measureHashing, rounds: [5, 2], mib: [256, 64] },
    start: { measure: measureStart, rounds: [3, 1] },
    echo: { measure: measureEcho, rounds: [4, 1], mib: [512, 512], requests: [20_000, 4000] },
};

const { quick, only, rounds } = commandLine('./dev bench content',
    'What models by content are worth and cost: tables, and build/bench/content.json.', {
        quick: flag('less of each'),
        only: parts(Object.keys(measures)),
        rounds: roundsOf('2 to 10', '1 or 2'),
    });

const ms = (perMib) => `${perMib.toFixed(2)} ms/MiB`;
const MORE = 'at least', LESS = 'at most';

/** What each part says: the goal's label, its figure, the bound, and what else there is to it. */
const rows = {
    neighbour: (found) => [['a pull from a neighbour, over curl of its CAR and then SHA-256', found.ratio, MORE, 1,
        `${found.mibPerSecond.toFixed(0)} MiB/s; over curl alone ${found.fetched.toFixed(2)}, and with fdatasync ${found.synced.toFixed(2)}; ` +
        `CPU ${ms(found.cpuPerMib)} and ${ms(found.serverPerMib)} of the neighbour, ${ms(found.serverOfCurlPerMib)} for curl`]],
    rates: (found) => [['sources of 40 and 10 MB/s, over the sum of both limits', found.ratio, MORE, 0.85, `${found.mbPerSecond.toFixed(1)} MB/s`]],
    three: (found) => [['three sources of 20 MB/s, over one of them', found.ratio, MORE, 2.5, `${found.mbPerSecond.toFixed(1)} MB/s`]],
    hub: (found) => [['a hub of 20 MB/s and a neighbour, over the hub alone', found.ratio, MORE, 5, `${found.mibPerSecond.toFixed(0)} MiB/s`]],
    bad: (found) => [['a good source of 20 MB/s beside a liar and a slug, over it alone', found.ratio, MORE, 0.8, `wrong blocks: ${found.lies.join(', ')}`]],
    serving: (found) => [
        [`leaves from the gateway, over Ranges of a model file, 1 MiB each, ${found.connections} connections`, found.ofBlocks, MORE, 0.8,
            `${found.blocksMibPerSecond.toFixed(0)} MiB/s; by the daemon's CPU ${found.ofBlocksCpu.toFixed(2)}`],
        ['a CAR of a file, over the file in one Range', found.ofCar, MORE, 0.8,
            `${found.carMibPerSecond.toFixed(0)} MiB/s; by the daemon's CPU ${found.ofCarCpu.toFixed(2)}`]],
    hashing: (found) => [['CPU for CID and SHA-256 of a file, over SHA-256 alone', found.ratio, LESS, 2.2,
        `${ms(found.cpuPerMib.together)}; by time ${found.ratioOfSeconds.toFixed(2)}`]],
    echo: (found) => [[`echo's p50 while a neighbour pulls at ${found.rate} MB/s, over that without`, found.ratio, '', null,
        `${found.p50.beside.toFixed(3)} ms${found.lasted ? '' : '; a pull ended before the load did'}`]],
};

const printStart = ({ mb, rate, rows: found }) => table(
    `From run to the first token, s: a model of ${mb.toFixed(0)} MB, sources of ${rate} MB/s, a Chromium that is ready`,
    ['sources', 'first token', 'after the last byte', 'times sooner than from one'],
    found.map(({ sources, seconds, after }) => [String(sources), shown(seconds), shown(after), found[0].seconds.median / seconds.median]));

const result = { when: new Date().toISOString(), cpus: os.cpus().length, cpu: os.cpus()[0]?.model, quick: Boolean(quick) }, lines = [];
const began = performance.now();
for (const name of only) {
    const { measure, ...options } = measures[name], load = os.loadavg()[0];
    process.stderr.write(name);
    const given = Object.fromEntries(Object.entries(options).map(([key, pair]) => [key, pair[quick ? 1 : 0]]));
    result[name] = { ...await measure({ ...given, ...rounds && { rounds } }), load };
    process.stderr.write('\n');
    for (const [what, figure, bound, goal, more] of rows[name]?.(result[name]) ?? [])
        lines.push({ what, figure, bound, goal, met: bound === '' ? null : bound === MORE ? figure >= goal : figure <= goal, load, more });
}
result.goals = lines;
result.seconds = (performance.now() - began) / 1000;
const file = path.join(build, 'bench/content.json');
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, JSON.stringify(result, null, 1));
if (lines.length)
    process.stdout.write(table(`Models by content, in ${result.seconds.toFixed(0)} s`, ['', 'times', 'goal', 'met', 'load'],
        lines.map(({ what, figure, bound, goal, met, load }) =>
            [what, figure, bound && `${bound} ${goal}`, met === null ? '' : met ? 'yes' : 'no', load.toFixed(1)])));
for (const { what, more } of lines) process.stdout.write(`${what}: ${more}\n`);
if (result.start) process.stdout.write(printStart(result.start));
